//! What a daemon knows, for people: one module for each command that reads.

pub(crate) mod describe;
pub(crate) mod explain;
pub(crate) mod get;
pub(crate) mod history;
pub(super) mod page;
pub(crate) mod plan;
pub(crate) mod status;
