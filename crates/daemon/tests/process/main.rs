//! The whole process but its sockets, on a clock that the tests move.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

mod carrying;
mod files;
mod house;
mod leases;
mod troubles;
mod words;
