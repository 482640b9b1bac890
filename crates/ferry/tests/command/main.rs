//! Tests of the built binary: what is typed, what is printed, what is written, how it exits.
#![expect(clippy::unwrap_used, reason = "a test that cannot read or write its files must fail")]

mod bad_input;
mod daemon;
mod documents;
mod ferry;
mod judge;
mod office;
mod rehearse;
mod traces;
