//! Tests of the built binary: what is typed, what is printed, what is written, how it exits.
#![expect(clippy::unwrap_used, reason = "a test that cannot read or write its files must fail")]

mod account;
mod acting;
mod adopt;
mod alerting;
mod bad_input;
mod break_glass;
mod daemon;
mod dashboard;
mod documents;
mod ferry;
mod fit;
mod iac;
mod iam_policy;
mod image;
mod judge;
mod metrics;
mod observing;
mod office;
mod prometheus;
mod promql;
mod region;
mod rehearse;
mod replay;
mod rules;
mod running;
mod scheduled;
mod stage;
mod stopping;
mod tokens;
mod traces;
