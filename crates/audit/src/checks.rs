//! The checks, as a list.

use crate::Finding;
use crate::facts::Facts;

/// One promise and how it is looked after.
pub(crate) struct Check {
    pub(crate) find: fn(&Facts<'_>) -> Vec<Finding>,
}

pub(crate) const ALL: &[Check] = &[];
