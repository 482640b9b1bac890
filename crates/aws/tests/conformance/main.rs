//! The adapters keep every claim of the `cloud` traits, against a region behind the AWS wire
//! protocols, without a network.

mod harness;

use harness::{InProcess, block_on, rule};

mod listener_rules {
    use super::*;

    cloud::conformance_tests!(block_on, InProcess::new(vec![rule()]));
}
