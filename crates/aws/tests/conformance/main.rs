//! The adapters keep every claim of the `cloud` traits, against a region behind the AWS wire
//! protocols, and take few calls.

mod calls;
mod harness;
mod troubles;

use harness::{Behind, block_on, instance, listener, policy, record, rule};

/// All suites.
macro_rules! every_suite {
    ($harness:expr) => {
        cloud::conformance_tests!(block_on, $harness);
        cloud::conformance_tests!(marks, block_on, $harness);
    };
}

/// The suites with each kind of router, over a way to reach the region.
macro_rules! every_router {
    ($way:path) => {
        /// Pairs of records, as A and AAAA are.
        mod weighted_records {
            use super::*;

            every_suite!($way(vec![record("A"), record("AAAA")], vec![]));
        }

        /// Two instances of two policies.
        mod policy_instances {
            use super::*;

            every_suite!($way(
                vec![instance("v4"), instance("v6")],
                vec![policy("p-a", "A", &["v4"]), policy("p-aaaa", "AAAA", &["v6"])],
            ));
        }

        /// Two names that follow one policy.
        mod instances_of_one_policy {
            use super::*;

            every_suite!($way(
                vec![instance("one"), instance("two")],
                vec![policy("p", "A", &["one", "two"])],
            ));
        }

        mod default_actions {
            use super::*;

            every_suite!($way(vec![listener()], vec![]));
        }

        mod listener_rules {
            use super::*;

            every_suite!($way(vec![rule()], vec![]));
        }
    };
}

/// Without a network.
mod in_process {
    use super::*;

    every_router!(Behind::connector);
}

/// Over a port.
mod over_tcp {
    use super::*;

    every_router!(Behind::port);
}
