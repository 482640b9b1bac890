//! What the daemon shows and takes over HTTP.
//!
//! ```text
//! Prometheus --> /metrics          Fleet, counters --> text
//! ECS        --> /livez, /readyz   is the loop alive; can it act
//! people     --> /api/v1/...       Fleet --> JSON; a word --> Desk
//! ```
//!
//! The calendar of what follows is the one thing that is worked out when it is asked for, from
//! what the fleet shows: it takes far longer than a pass, and hardly anybody asks.
//!
//! Everything that is read comes from a [`Fleet`], which the daemon replaces after each tick: a
//! reader never waits for a tick, and a slow reader never holds one up. Everything that is said
//! goes through a [`Desk`] and is in the store before the answer is sent.
//!
//! Deliberately absent: TLS (a load balancer or a sidecar ends it), sessions, CORS, and any GET
//! that changes something.

pub mod api;
mod desk;
mod guard;
mod metrics;
mod openapi;
mod outlook;
mod routes;
mod serve;
mod tokens;

pub use desk::{Counts, Desk, Fleet, Page, Refused};
pub use metrics::{ApiCall, Metrics, series_max};
pub use openapi::document;
pub use routes::{Access, router};
pub use serve::{CONNECTIONS_MAX, serve};
pub use tokens::{Role, Tokens};
