//! Replays of recorded load against scaling policies, lints of them, and the search for a better
//! one.
//!
//! ```text
//! World ─> physics ─┐
//! CSV ────> load ───┼─> replay ─> score
//! seed ───> noise ──┤     ▲
//! policy (AWS requests) ──┴── capacity: alarms, scaling, starts, tasks
//!
//! load ─> surges ─> floors ─┐
//! chance ─> candidates ─────┴─> tune: perturbed weeks, then a week held back ─> proposal
//! record ─────────────────────> verdict: is the replay faithful, may a proposal be applied
//! policy ─────────────────────> lint: what is wrong with it, and what leaving it costs
//! ```
//!
//! What AWS does is in [`capacity`] alone: a replay drives the same machines as the simulated
//! region. Seeds are arguments, and the same inputs give the same bytes.
//!
//! Deliberately absent: files, clocks, threads and calls; fitting a world from minutes, which is
//! [`capacity`]'s; memory and other metrics than CPU and requests per target.

pub mod bound;
pub mod events;
pub mod floors;
pub mod lint;
pub mod load;
pub mod noise;
pub mod physics;
pub mod replay;
pub mod score;
pub mod shape;
pub mod surges;
pub mod tune;
pub mod verdict;

mod error;

pub use error::Error;
