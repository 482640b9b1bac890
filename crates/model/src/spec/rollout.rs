//! How much goes to Fargate, how fast, and what happens before, during and after.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Share, Span};

use super::{Cron, Freeze, Name, Percent, Router, TimeZone, Window, percent};

/// How much goes to Fargate, when, and through what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traffic {
    /// What turns the share into weights; `None` exactly for workloads without a balancer.
    pub router: Option<Router>,
    /// How far to go.
    pub target: Target,
    /// The most that one step may add; by default 25 %.
    pub step_max: Share,
    /// How the difference between the sides' clients is known, with DNS routers.
    pub calibration: Calibration,
    /// Hours in which steps forward may be taken; none: always.
    pub windows: Vec<Window>,
    /// Days without a step forward.
    pub freezes: Vec<Freeze>,
    /// The zone of windows, freezes and events; by default UTC.
    pub time_zone: TimeZone,
    /// From the first step on; past it: hold and alert. By default 21 days.
    pub deadline: Span,
}

/// How far to go: exactly one of `share` and `rollout` stands in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Climb to this share and hold it; lowering it is a rollback.
    Share(Share),
    /// Go through the steps, bake and drain.
    Rollout(Rollout),
}

/// The way to 100 %.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Rollout {
    /// Shares to stop at, strictly rising; below 5 % only crashes are looked for. By default 1 %,
    /// 5 %, 10 %, 25 %, 50 %, 75 %, 100 %.
    #[serde(with = "percent::list")]
    #[schemars(with = "Vec<Share>")]
    pub steps: Vec<Share>,
    /// What ends a step.
    pub advance: Advance,
    /// The least time on each step; by default 1 hour.
    pub dwell_min: Span,
    /// Time at the last step, still able to go back; by default 48 hours.
    pub bake: Span,
    /// Kept on EC2 as a baseline until the bake ends; absent: nothing.
    #[serde(with = "percent::opt", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Share>")]
    pub holdback: Option<Share>,
}

impl Default for Rollout {
    fn default() -> Self {
        Self {
            steps: [1, 5, 10, 25, 50, 75, 100].map(Share::percent).to_vec(),
            advance: Advance::Evidence,
            dwell_min: Span::from_hours(1),
            bake: Span::from_hours(48),
            holdback: None,
        }
    }
}

/// What ends a step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Advance {
    /// Proof that Fargate is no worse than the margin.
    #[default]
    Evidence,
    /// `dwellMin` without a verdict against it.
    Dwell,
    /// An operator's word.
    Manual,
}

/// How the difference between the sides' clients is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Calibration {
    /// How.
    pub mode: CalibrationMode,
}

/// How the difference between the sides' clients is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum CalibrationMode {
    /// It is not: an uncertainty of 5 % is carried.
    #[default]
    None,
    /// EC2 tasks stand behind both balancers first, and offsets are learnt for at least 48 h.
    #[serde(rename = "routerAA")]
    RouterAa,
}

/// When and how traffic goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Rollback {
    /// What counts as a reason.
    pub when: RollbackWhen,
    /// What to do when both sides burn alike.
    pub on_common_mode: OnCommonMode,
    /// How long the SLO may be unknown before alerting; by default 30 minutes.
    pub unknown_after: Span,
    /// The time in which EC2 must be able to take everything; by default 5 minutes.
    pub within: Span,
    /// What EC2 keeps so that traffic can come back.
    pub reserve: Reserve,
}

impl Default for Rollback {
    fn default() -> Self {
        Self {
            when: RollbackWhen::Slo,
            on_common_mode: OnCommonMode::Hold,
            unknown_after: Span::from_mins(30),
            within: Span::from_mins(5),
            reserve: Reserve::Peak,
        }
    }
}

/// What counts as a reason to go back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum RollbackWhen {
    /// Fargate burns its error budget and EC2 does not.
    #[default]
    Slo,
    /// Fargate is proven worse than EC2, whatever the budget.
    Relative,
    /// Either of both.
    Either,
}

/// What to do when both sides burn their budgets alike.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum OnCommonMode {
    /// Stay and alert: going back would not help.
    #[default]
    Hold,
    /// Go back all the same.
    RollBack,
}

/// What EC2 keeps so that traffic can come back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Reserve {
    /// Enough for the forecast peak.
    #[default]
    Peak,
}

/// What Ferry may do to scaling policies.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Scaling {
    /// How much of it; by default it only observes.
    pub mode: ScalingMode,
    /// What a policy may be set to; absent: nothing is applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bounds: Option<ScalingBounds>,
    /// Surges that recur and are announced.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<ScaledEvent>,
}

/// How far Ferry goes with scaling policies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ScalingMode {
    /// Read them.
    #[default]
    Observe,
    /// Show better ones with their proof.
    Propose,
    /// Set them, within bounds.
    Apply,
}

/// What a policy may be set to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ScalingBounds {
    /// The least minimum in tasks.
    pub min: u32,
    /// The greatest maximum in tasks.
    pub max: u32,
    /// The most that one application may change a number by.
    pub change_max: Percent,
}

/// A surge that recurs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ScaledEvent {
    /// Its name, such as `push`.
    pub name: Name,
    /// When it comes, in the migration's time zone.
    pub cron: Cron,
}

/// When EC2 counts as empty after the bake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Drain {
    /// Quiet for this long; by default 72 hours.
    pub quiet_for: Span,
    /// At most this many requests a minute are quiet; by default 1.
    pub requests_per_minute_max: u32,
    /// After this long the residual is reported and no longer waited for; by default 21 days.
    pub give_up_after: Span,
    /// Whether the residual is served from Fargate through the old balancer; by default not.
    pub serve_residual: bool,
}

impl Default for Drain {
    fn default() -> Self {
        Self {
            quiet_for: Span::from_hours(72),
            requests_per_minute_max: 1,
            give_up_after: Span::from_days(21),
            serve_residual: false,
        }
    }
}

/// What happens to the EC2 side at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Decommission {
    /// Who does it.
    pub mode: DecommissionMode,
    /// How long after the drain; by default 7 days.
    pub after: Span,
}

impl Default for Decommission {
    fn default() -> Self {
        Self { mode: DecommissionMode::Manual, after: Span::from_days(7) }
    }
}

/// Who takes the EC2 side down.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum DecommissionMode {
    /// An operator.
    #[default]
    Manual,
    /// Ferry.
    Automatic,
}

/// The most that Fargate may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Cost {
    /// Over EC2, of the projection after decommission, not of the double running.
    pub increase_max: Percent,
}

/// [`Traffic`] as it stands in files.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Traffic", description = "How much goes to Fargate, when, and through what.", extend("oneOf" = [{"required": ["share"]}, {"required": ["rollout"]}]))]
struct TrafficFields {
    /// What turns the share into weights; absent exactly for workloads without a balancer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    router: Option<Router>,
    /// Climb to this share and hold it; lowering it is a rollback. Not beside `rollout`.
    #[serde(default, with = "percent::opt", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Share>")]
    share: Option<Share>,
    /// Go through steps to 100 %, bake and drain. Not beside `share`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rollout: Option<Rollout>,
    /// The most that one step may add; by default 25 %.
    #[serde(default = "step_max", with = "crate::units::percent")]
    #[schemars(with = "Share")]
    step_max: Share,
    /// How the difference between the sides' clients is known, with DNS routers.
    #[serde(default)]
    calibration: Calibration,
    /// Hours in which steps forward may be taken; none: always.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    windows: Vec<Window>,
    /// Days without a step forward.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    freezes: Vec<Freeze>,
    /// The zone of windows, freezes and events; by default UTC.
    #[serde(default)]
    time_zone: TimeZone,
    /// From the first step on; past it: hold and alert. By default 21 days.
    #[serde(default = "deadline")]
    deadline: Span,
}

const fn step_max() -> Share {
    Share::percent(25)
}

const fn deadline() -> Span {
    Span::from_days(21)
}

impl<'de> Deserialize<'de> for Traffic {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fields = TrafficFields::deserialize(deserializer)?;
        let target = match (fields.share, fields.rollout) {
            (Some(share), None) => Target::Share(share),
            (None, Some(rollout)) => Target::Rollout(rollout),
            (Some(_), Some(_)) => {
                return Err(D::Error::custom("`share` and `rollout` exclude each other: keep one"));
            }
            (None, None) => {
                return Err(D::Error::custom(
                    "neither `share` nor `rollout` is there: write `share` to hold a share, `rollout` to go to 100%",
                ));
            }
        };
        Ok(Self {
            router: fields.router,
            target,
            step_max: fields.step_max,
            calibration: fields.calibration,
            windows: fields.windows,
            freezes: fields.freezes,
            time_zone: fields.time_zone,
            deadline: fields.deadline,
        })
    }
}

impl Serialize for Traffic {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (share, rollout) = match &self.target {
            Target::Share(share) => (Some(*share), None),
            Target::Rollout(rollout) => (None, Some(rollout.clone())),
        };
        TrafficFields {
            router: self.router.clone(),
            share,
            rollout,
            step_max: self.step_max,
            calibration: self.calibration,
            windows: self.windows.clone(),
            freezes: self.freezes.clone(),
            time_zone: self.time_zone.clone(),
            deadline: self.deadline,
        }
        .serialize(serializer)
    }
}

impl JsonSchema for Traffic {
    fn schema_name() -> Cow<'static, str> {
        TrafficFields::schema_name()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        TrafficFields::json_schema(generator)
    }
}
