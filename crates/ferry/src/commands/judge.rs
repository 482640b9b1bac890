//! `ferry judge`

use crate::cli::Judge;
use crate::output::{Answer, Failure};

pub(crate) fn run(_arguments: &Judge) -> Result<Answer, Failure> {
    Err(Failure::bad_input("not yet"))
}
