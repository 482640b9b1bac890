//! The traits through which the world is seen and changed.
//!
//! ```text
//! controller --> Services   ECS services and the health of their targets
//!            --> Scaling    scalable targets: bounds and scheduled actions
//!            --> Router     weighted pairs: records, policy instances, rules
//!            --> Signals    settled minutes and quantiles of a side
//!            --> Objectives good and bad events of an SLO that is kept elsewhere
//!            --> Marks      whose a thing is
//!            --> Clock      the only time there is
//! ```
//!
//! Each trait is small and object-safe, so that a test, the simulated region and AWS can each
//! stand behind it. Calls take many ids at once, because AWS is asked in batches; answers come
//! in the order asked, each with its own error, so that one missing service spoils nothing else.
//!
//! Traffic Flow moves weights in several calls: [`traffic_flow`] is the router over the calls
//! themselves, for whoever can make them, and [`traffic_policy`] the pure part of it.
//!
//! Writes carry what they expect to find and answer what was verified, not what was asked.
//! [`conformance`] holds what any implementation must do; every implementation runs it.
//!
//! [`inventory`] is what `ferry preflight` and `ferry init` read beside that, and [`survey`] reads
//! all of it around migrations.
//!
//! Deliberately absent: policy, retries of writes, and any type of an SDK.

pub mod clock;
pub mod conformance;
pub mod error;
pub mod inventory;
pub mod marks;
pub mod objectives;
pub mod router;
pub mod scaling;
pub mod services;
pub mod signals;
pub mod survey;
pub mod traffic_flow;
pub mod traffic_policy;

use std::sync::Arc;

pub use clock::Clock;
pub use error::{Error, ErrorKind, Result};
pub use inventory::{EventRuleId, Inventory, Resource};
pub use marks::{Marks, Thing};
pub use objectives::{EventAsk, EventMinute, NoObjectives, Objectives};
pub use router::{Applied, Asked, Router, Shift};
pub use scaling::Scaling;
pub use services::{Services, TargetGroup};
pub use signals::{MinuteAsk, Quantiles, SideMinute, Signals};
pub use traffic_flow::TrafficFlow;

/// One world: an AWS account and region, or a simulated one.
#[derive(Clone)]
pub struct Cloud {
    /// ECS services and target health.
    pub services: Arc<dyn Services>,
    /// Scalable targets.
    pub scaling: Arc<dyn Scaling>,
    /// Weighted pairs.
    pub router: Arc<dyn Router>,
    /// Minutes and quantiles.
    pub signals: Arc<dyn Signals>,
    /// Events of objectives that are kept elsewhere.
    pub objectives: Arc<dyn Objectives>,
    /// Marks of ownership; `None` in a world in which nobody else is, such as a simulated one in
    /// this process: everything there is its own.
    pub marks: Option<Arc<dyn Marks>>,
    /// Time.
    pub clock: Arc<dyn Clock>,
}
