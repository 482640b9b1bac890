//! The adapters keep every claim of the `cloud` traits, against a region behind the AWS wire
//! protocols, and take few calls.

mod calls;
mod harness;

use harness::{InProcess, block_on, instance, policy, record, rule};

/// Pairs of records, as A and AAAA are.
mod weighted_records {
    use super::*;

    cloud::conformance_tests!(block_on, InProcess::new(vec![record("A"), record("AAAA")]));
}

/// Two instances of two policies.
mod policy_instances {
    use super::*;

    cloud::conformance_tests!(
        block_on,
        InProcess::with_policies(
            vec![instance("v4"), instance("v6")],
            vec![policy("p-a", "A", &["v4"]), policy("p-aaaa", "AAAA", &["v6"])],
        )
    );
}

/// Two names that follow one policy.
mod instances_of_one_policy {
    use super::*;

    cloud::conformance_tests!(
        block_on,
        InProcess::with_policies(
            vec![instance("one"), instance("two")],
            vec![policy("p", "A", &["one", "two"])],
        )
    );
}

mod listener_rules {
    use super::*;

    cloud::conformance_tests!(block_on, InProcess::new(vec![rule()]));
}
