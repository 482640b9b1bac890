//! One module for each command: read, run, show.

pub(crate) mod completions;
pub(crate) mod judge;
mod migration;
pub(crate) mod rehearse;
pub(crate) mod run;
pub(crate) mod schema;
pub(crate) mod validate;
