//! From paired minutes to evidence to a verdict.
//!
//! ```text
//! Minute rows ─ Fold: order, duplicates, corrections, gaps
//!                 │ each minute once, both sides paired
//!                 ▼
//!  pairing ─ calibration ─ fair ─ dispersion      what was expected of a fair split
//!      ├─> detector      evidence of harm, restarts, over the whole migration
//!      ├─> proof         evidence of safety, per step
//!      ├─> guard         disasters
//!      ├─> window, burn  budgets
//!      ├─> absolute      Fargate against the SLO alone
//!      └─> load, coverage, sample_ratio, transient, gaps
//!                 │
//!                 ▼
//!  rules: a list in order, the first that answers is the Verdict
//! ```
//!
//! The method, its sources and its limits are in `docs/decision-method.md`. Deliberately absent:
//! clocks, randomness, I/O, async; deciding what to do about a verdict (the planner's).

mod absolute;
mod burn;
pub mod calibration;
pub mod coverage;
pub mod csv;
mod detector;
mod dispersion;
mod eta;
pub mod events;
mod fair;
mod fold;
mod gaps;
mod guard;
pub mod judge;
mod lanes;
mod load;
pub mod pairing;
mod prepared;
mod proof;
mod rows;
mod rules;
mod sample_ratio;
pub mod settings;
pub mod signal;
mod state;
mod transient;
mod window;

pub use fold::{Arrivals, Fold, LateRow, METHOD_VERSION};
pub use settings::Settings;
