//! A simulated AWS region: the world that rehearsals and tests run against.
//!
//! ```text
//!            load, faults, noise (seeded)
//!                    │
//!  advance_to ──► tick of 10 s ──► fleets, backlogs, CPU ──► minutes ──► alarms, autoscaling
//!                    ▲                                          │
//!  weights ──► routes: DNS propagation, resolvers, failover     │  published late, or never
//!     ▲                                                         ▼
//!  handle(request) ◄──────────────── the border: throttles, lost replies, stale reads ──► response
//!     ▲
//!  SimulatedCloud: the `cloud` traits in this process; `wire`: the AWS protocols
//! ```
//!
//! A region is a synchronous state machine with a virtual clock. The same spec, seed and calls
//! give the same bytes: every purpose draws from its own stream, numbers that a minute needs are
//! drawn when it ends whether anybody asks or not, and floating-point functions come from `libm`.
//!
//! Deliberately absent: tasks as individuals, memory, connections that outlive a weight change,
//! and the wire protocols, which are `wire`'s.

mod application;
mod autoscaling;
pub mod call;
mod count;
mod disturbance;
mod error;
mod events;
pub mod fault;
mod fleet;
mod handle;
pub mod inventory;
pub mod journal;
mod latency;
pub mod load;
pub mod metric;
mod minute;
pub mod onlooker;
mod policies;
mod records;
mod region;
pub mod request;
mod route;
mod service;
mod simulated;
pub mod spec;
pub mod truth;
mod weather;

pub use error::Error;
pub use region::Region;
pub use simulated::SimulatedCloud;
pub use spec::{RegionSpec, TASKS_MAX};
