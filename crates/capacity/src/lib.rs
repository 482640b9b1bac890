//! Capacity of a task, and the semantics of Application Auto Scaling, alarms and task starts.
//!
//! ```text
//!  load per task ──► task ──► CPU percent ──► datapoints ──► alarm (M of N, missing data)
//!                     │                                        │ invokes, again each minute
//!                     └► latency, slow fraction                ▼
//!  scheduled actions ───────────────────────────────────► scaling (steps, target tracking,
//!                                                              │    cooldowns, bounds)
//!                     start (launch rate, delays, billing) ◄───┘ new desired count
//!
//!  minutes measured ──► fit: what a task carries ──► required: the tasks a side needs
//! ```
//!
//! Everything is a deterministic state machine: the time is an argument, so is each uniform
//! number, and the same calls give the same bytes. The simulated region drives these machines
//! and a replay of recorded load does too, so there is one implementation of what AWS does.
//!
//! Deliberately absent: clocks, randomness but from a seeded argument, I/O, the calls to AWS that
//! put policies and alarms in place; metric math and anomaly-detection alarms; predictive scaling;
//! the search for policies, which stands on this.

pub mod alarm;
pub mod fit;
pub mod required;
pub mod scaling;
pub mod start;
pub mod steps;
pub mod task;

mod error;
mod normal;

pub use error::Error;
