//! Fault scripts: what goes wrong, when, and for how long.
//!
//! ```yaml
//! apiVersion: ferry/v1
//! kind: FaultScript
//! faults:
//!   - {at: 2d3h, for: 40m, type: latency, side: fargate, factor: 1.5}
//!   - {whenShare: 25%, for: 6h, type: errors, side: fargate, rate: 5%}
//! ```
//!
//! A script is read as flat rows and then checked row by row, so that a field that does not
//! belong to a type is named together with those that do.

mod random;
mod row;
mod words;

pub use random::random;
pub use row::{FaultRow, FaultScript, Fraction};

use model::{Share, Side, Span};

/// One fault, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// What starts it.
    pub trigger: Trigger,
    /// How long it lasts; `None` is for ever, or an instant for what happens once.
    pub lasts: Option<Span>,
    /// What it does.
    pub effect: Effect,
}

/// What starts a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// This long after the region's start.
    At(Span),
    /// The first time the live weights send at least this share to Fargate.
    WhenShare(Share),
}

/// One side, or both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sides {
    /// One.
    One(Side),
    /// Both.
    Both,
}

impl Sides {
    /// Whether `side` is meant.
    #[must_use]
    pub fn has(self, side: Side) -> bool {
        match self {
            Self::One(one) => one == side,
            Self::Both => true,
        }
    }
}

/// Why tasks die.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeathReason {
    /// Task storage is full: running tasks exit with an error.
    DiskFull,
    /// The container is killed for its memory.
    OutOfMemory,
    /// The image cannot be pulled: tasks die before they run, and go on doing so.
    ImagePull,
    /// Running tasks lose the network: the balancer finds them unhealthy before they are replaced.
    Network,
}

impl DeathReason {
    /// The reason as the script writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::DiskFull => "diskFull",
            Self::OutOfMemory => "outOfMemory",
            Self::ImagePull => "imagePull",
            Self::Network => "network",
        }
    }
}

/// What an outside actor writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edit {
    /// The weights of all routes, as a share.
    Weights(Share),
    /// A service's desired count.
    Desired(Side, u32),
    /// The least of a scalable target.
    Min(Side, u32),
    /// The most of a scalable target.
    Max(Side, u32),
}

/// What a fault does.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Latency of a side times `factor`, rising over `ramp`.
    Latency {
        /// Where.
        sides: Sides,
        /// How much.
        factor: f64,
        /// Until it is reached.
        ramp: Span,
    },
    /// A part of a side's requests fail.
    Errors {
        /// Where.
        sides: Sides,
        /// Which part.
        rate: f64,
    },
    /// Minutes of a side are never published.
    MetricGap {
        /// Where.
        sides: Sides,
    },
    /// Minutes are published later.
    MetricDelay {
        /// By how much.
        delay: Span,
    },
    /// Minutes of a side are published without values.
    MetricNull {
        /// Where.
        side: Side,
    },
    /// Tasks die at once, and as many every ten minutes while the fault lasts.
    TaskDeath {
        /// Where.
        side: Side,
        /// How many at a time.
        count: u32,
        /// Of what.
        reason: DeathReason,
    },
    /// New tasks find no place and stay pending.
    Placement {
        /// Where.
        side: Side,
    },
    /// A part of calls is throttled.
    Throttle {
        /// Which calls.
        api: ApiName,
        /// Which part.
        fraction: f64,
    },
    /// One call is carried out, and its reply is lost.
    LostReply {
        /// Which calls.
        api: ApiName,
        /// Which of them since the fault began, from 1.
        nth: u64,
    },
    /// Reads answer what was true a while ago.
    StaleRead {
        /// Which calls.
        api: ApiName,
        /// How long ago.
        age: Span,
    },
    /// Calls are denied, as after a role was changed.
    Denied {
        /// Which calls.
        api: ApiName,
    },
    /// Somebody else changes something by hand.
    Edit(Edit),
    /// A part of clients ask their resolver only this often.
    SlowResolver {
        /// Which part.
        fraction: f64,
        /// How long it keeps an answer.
        ttl: Span,
    },
    /// The load is multiplied.
    Surge {
        /// By this.
        factor: f64,
    },
    /// The application team releases; the new release is slower or faster by `factor`.
    Release {
        /// Where.
        sides: Sides,
        /// Its latency compared with the release before.
        factor: f64,
    },
}

impl Effect {
    /// The type as the script writes it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Latency { .. } => "latency",
            Self::Errors { .. } => "errors",
            Self::MetricGap { .. } => "metricGap",
            Self::MetricDelay { .. } => "metricDelay",
            Self::MetricNull { .. } => "metricNull",
            Self::TaskDeath { .. } => "taskDeath",
            Self::Placement { .. } => "placement",
            Self::Throttle { .. } => "throttle",
            Self::LostReply { .. } => "lostReply",
            Self::StaleRead { .. } => "staleRead",
            Self::Denied { .. } => "denied",
            Self::Edit(_) => "edit",
            Self::SlowResolver { .. } => "slowResolver",
            Self::Surge { .. } => "surge",
            Self::Release { .. } => "release",
        }
    }
}

/// Which calls a fault at the border meets: all, those of a service, or one operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiName(String);

/// The services whose calls the region answers, as IAM names them.
pub const API_SERVICES: [&str; 5] =
    ["ecs", "elasticloadbalancing", "application-autoscaling", "route53", "cloudwatch"];

/// What is answered over the wire alone: a script may name it, and no random fault is drawn of it,
/// since a rehearsal never asks for it.
const WIRE_APIS: [&str; 4] =
    ["events", "events:DescribeRule", "events:ListRules", "events:ListTargetsByRule"];

impl ApiName {
    /// `*`, a service such as `ecs`, or an operation such as `ecs:UpdateService`; `None` for
    /// anything else.
    #[must_use]
    pub fn new(name: &str) -> Option<Self> {
        let known = name == "*"
            || API_SERVICES.contains(&name)
            || WIRE_APIS.contains(&name)
            || crate::request::OPERATIONS.contains(&name);
        known.then(|| Self(name.to_owned()))
    }

    /// Whether `operation`, such as `ecs:UpdateService`, is meant.
    #[must_use]
    pub fn meets(&self, operation: &str) -> bool {
        self.0 == "*"
            || self.0 == operation
            || operation.split_once(':').is_some_and(|(service, _)| service == self.0)
    }

    /// As the script writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
