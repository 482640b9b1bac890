//! A whole planned migration, run against a simulated region.
//!
//! ```text
//! Plan (migration, load, faults, seed) --> Region <--> Controller
//!                                            |             |
//!                                 invariants | truth       | passes
//!                                            v             v
//!                                        violations      Record
//! ```
//!
//! [`run`] is what `ferry rehearse` shows, what the safety seeds check and what the benchmarks
//! time. The controller is the real one; only the world is simulated, and the clock is the
//! world's. After every pass the promises of [`invariants`] are checked against what is true in
//! the region, not against what the controller believes.
//!
//! Deliberately absent: files and terminals (the command reads and shows), wall-clock time.

pub mod fork;
pub mod invariants;
pub mod record;
mod recorder;
mod run;
pub mod simulation;
pub mod witness;
pub mod world;

pub use run::{Error, Options, Progress, Run, run};
