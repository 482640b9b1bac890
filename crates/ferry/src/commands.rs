//! One module for each command: read, run, show.

pub(crate) mod account;
pub(crate) mod adopt;
mod client;
pub(crate) mod completions;
pub(crate) mod fit;
pub(crate) mod iac;
pub(crate) mod iam_policy;
pub(crate) mod init;
pub(crate) mod judge;
mod migration;
pub(crate) mod preflight;
pub(crate) mod region;
pub(crate) mod rehearse;
pub(crate) mod replay;
pub(crate) mod rollback;
pub(crate) mod run;
pub(crate) mod say;
pub(crate) mod schema;
pub(crate) mod show;
pub(crate) mod tune;
pub(crate) mod validate;
mod yaml;
