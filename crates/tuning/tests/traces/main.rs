//! Replays and proposals on recorded and made weeks, which are not part of the repository: they
//! lie in `../shared/data/traces` or where FERRY_TRACES says. Without them these tests say so and
//! pass.

#![expect(clippy::unwrap_used, reason = "what a test builds must be sound")]

mod proposals;
mod rows;
mod table;
mod weeks;
