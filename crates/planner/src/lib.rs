//! From what is wanted and what was seen to what one pass will do, and why not more.
//!
//! ```text
//!  Snapshot ──project──► Observation ─┐
//!  (one tick, everything)             │
//!  spec, settings, status, verdict ───┼──plan──► Plan {actions, status, report, events}
//!  dependencies, grant ───────────────┘            │
//!        ▲                                         ▼
//!        └──────────── Grant ◄──admit──── proposals of all migrations
//! ```
//!
//! A pass asks [`RULES`] in order, and for the next step [`GATES`] in order. Each is one small
//! file with one function of what was seen. Nothing here can fail, wait or ask: a pass that can
//! do nothing says why, in the same typed words that status, events, metrics and the command
//! line use.
//!
//! [`outlook`](mod@outlook) asks the same rules ahead of time, in a world without trouble, for the
//! calendar of what follows.
//!
//! Deliberately absent: clocks, randomness, I/O, the judging of minutes (`analysis`), the calls
//! that carry a plan out (`controller`), and a second opinion on it (`audit`).

mod admit;
mod calendar;
mod conditions;
mod draft;
mod events;
mod facts;
mod gate;
mod need;
mod next;
pub mod outlook;
mod plan;
mod rule;
mod snapshot;

pub use admit::{Api, History, Proposal, admit, is_stepping};
pub use facts::{CAPACITY_AGE_MAX, LOAD_AGE_MAX, SPLIT_AGE_MAX};
pub use gate::{GATES, Gate};
pub use next::CRASH_CHECK_BELOW;
pub use plan::{Dependencies, Grant, Input, plan};
pub use rule::{RULES, RuleEntry};
pub use snapshot::{Parts, Snapshot, project};
