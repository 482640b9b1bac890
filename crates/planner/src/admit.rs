//! Shared budgets over the proposals of all migrations.

use std::collections::BTreeMap;

use model::action::Action;
use model::plan::{Plan, Reason};
use model::settings::Settings;
use model::spec::{Aws, Router, Spec};
use model::status::{RollbackReason, Status};
use model::{Share, Time};

use crate::Grant;

/// An AWS API whose calls are budgeted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Api {
    /// Route 53: five calls a second for the whole account.
    Route53,
    /// Elastic Load Balancing.
    Elb,
    /// Application Auto Scaling.
    Scaling,
    /// ECS.
    Ecs,
}

impl Api {
    /// The name in settings and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Route53 => "route53",
            Self::Elb => "elasticloadbalancing",
            Self::Scaling => "application-autoscaling",
            Self::Ecs => "ecs",
        }
    }

    fn of(action: &Action, spec: &Spec) -> Self {
        match action {
            Action::SetWeights { .. } => match &spec.traffic.router {
                Some(Router::AlbWeighted(_)) => Self::Elb,
                Some(Router::Route53TrafficPolicy(_) | Router::Route53Weighted(_)) | None => {
                    Self::Route53
                }
            },
            Action::SetBounds { .. }
            | Action::PutScheduled { .. }
            | Action::DeleteScheduled { .. } => Self::Scaling,
            Action::SetDesired { .. } => Self::Ecs,
        }
    }
}

/// One migration's proposal: what it would do under [`Grant::Open`].
#[derive(Debug, Clone, Copy)]
pub struct Proposal<'a> {
    /// The migration's name.
    pub name: &'a str,
    /// What is wanted of it.
    pub spec: &'a Spec,
    /// What was remembered of it before this pass.
    pub status: &'a Status,
    /// What it would do.
    pub plan: &'a Plan,
}

/// What happened lately to all migrations.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    /// When an attempt was rolled back, and of which migration; the brake counts the automatic
    /// ones, [`History::note`] keeps them.
    pub rollbacks: Vec<(Time, String)>,
}

impl History {
    /// Takes note of the latch of one migration, if it is an automatic rollback not yet noted.
    pub fn note(&mut self, name: &str, status: &Status) {
        let Some(latch) = &status.latch else { return };
        let is_automatic = match &latch.reason {
            RollbackReason::Verdict { .. } | RollbackReason::CapacityLost { .. } => true,
            RollbackReason::ShareLowered
            | RollbackReason::Operator { .. }
            | RollbackReason::MovedByHand => false,
        };
        let entry = (latch.at, name.to_owned());
        if is_automatic && !self.rollbacks.contains(&entry) {
            self.rollbacks.push(entry);
        }
    }

    /// Forgets what no longer counts at `now`.
    pub fn forget(&mut self, now: Time, settings: &Settings) {
        let window = settings.limits.brake_window;
        self.rollbacks.retain(|(at, _)| now.since(*at) < window);
    }

    fn failures(&self, now: Time, settings: &Settings) -> u32 {
        let window = settings.limits.brake_window;
        let count = self.rollbacks.iter().filter(|(at, _)| now.since(*at) < window).count();
        u32::try_from(count).unwrap_or(u32::MAX)
    }
}

/// Whether a migration is between its first step and its bake, and so counts against the
/// concurrent steps (S7).
#[must_use]
pub fn is_stepping(status: &Status) -> bool {
    let standing = status.step.as_ref().map_or(Share::ZERO, |step| step.share);
    let live = status.share.set.unwrap_or(Share::ZERO).max(standing);
    let arrived = status.full_since.is_some()
        || status
            .share
            .wanted
            .is_some_and(|wanted| live >= wanted && status.share.set == Some(live));
    live > Share::ZERO && !arrived && status.latch.is_none()
}

/// Divides the shared budgets among the proposals, by the names of their migrations.
///
/// Rollbacks, floors and unfinished moves are never refused; what they use is taken off first.
/// Then come the migrations that are already on their way, then new ones, each by name. A refused
/// migration is to be planned again with its grant, so that its report says why.
#[must_use]
pub fn admit(
    now: Time,
    proposals: &[Proposal<'_>],
    settings: &Settings,
    history: &History,
) -> BTreeMap<String, Grant> {
    let mut ledger = Ledger::open(proposals, settings, history.failures(now, settings));
    let mut advances: Vec<&Proposal<'_>> =
        proposals.iter().filter(|proposal| advances(proposal.plan)).collect();
    advances.sort_by_key(|proposal| (!is_stepping(proposal.status), proposal.name));
    let mut grants: BTreeMap<String, Grant> =
        proposals.iter().map(|proposal| (proposal.name.to_owned(), Grant::Open)).collect();
    for proposal in advances {
        let grant = ledger.ask(proposal);
        grants.insert(proposal.name.to_owned(), grant);
    }
    grants
}

/// Whether a plan takes a step, or prepares one.
fn advances(plan: &Plan) -> bool {
    let steps = |line: &model::plan::Line| {
        line.rule == model::plan::Rule::Step && matches!(line.said, model::plan::Said::Done(_))
    };
    plan.actions.iter().any(Action::is_advance) || plan.report.lines.iter().any(steps)
}

/// What is left of each budget.
struct Ledger<'a> {
    settings: &'a Settings,
    failures: u32,
    stepping: u32,
    by_cluster: BTreeMap<Cluster<'a>, u32>,
    calls: BTreeMap<Api, u32>,
}

impl<'a> Ledger<'a> {
    fn open(proposals: &[Proposal<'a>], settings: &'a Settings, failures: u32) -> Self {
        let mut ledger = Self {
            settings,
            failures,
            stepping: 0,
            by_cluster: BTreeMap::new(),
            calls: BTreeMap::new(),
        };
        for proposal in proposals {
            if is_stepping(proposal.status) {
                ledger.take_place(proposal);
            }
            if !advances(proposal.plan) {
                ledger.take_calls(proposal);
            }
        }
        ledger
    }

    fn take_place(&mut self, proposal: &Proposal<'a>) {
        self.stepping += 1;
        for cluster in clusters(proposal.spec) {
            *self.by_cluster.entry(cluster).or_default() += 1;
        }
    }

    fn take_calls(&mut self, proposal: &Proposal<'a>) {
        for action in &proposal.plan.actions {
            *self.calls.entry(Api::of(action, proposal.spec)).or_default() +=
                calls(action, proposal.spec);
        }
    }

    fn ask(&mut self, proposal: &Proposal<'a>) -> Grant {
        let limits = &self.settings.limits;
        if self.failures >= limits.failures_before_brake {
            return Grant::NoAdvance(Reason::Brake { failures: self.failures });
        }
        let is_new = !is_stepping(proposal.status);
        if is_new {
            let crowded = clusters(proposal.spec)
                .find_map(|cluster| {
                    self.by_cluster.get(&cluster).filter(|count| **count >= limits.per_cluster)
                })
                .copied()
                .or_else(|| (self.stepping >= limits.stepping_at_once).then_some(self.stepping));
            if let Some(stepping) = crowded {
                return Grant::NoAdvance(Reason::StepBudget { stepping });
            }
        }
        if let Some(api) = self.exhausted(proposal) {
            return Grant::NoAdvance(Reason::ApiBudget { api: api.name().to_owned() });
        }
        self.take_calls(proposal);
        if is_new {
            self.take_place(proposal);
        }
        Grant::Open
    }

    /// The API whose calls of this tick are used up, if any. A migration whose calls alone are
    /// more than a tick's budget may make them when nobody else has made any, or it never could.
    fn exhausted(&self, proposal: &Proposal<'a>) -> Option<Api> {
        let mut wanted: BTreeMap<Api, u32> = BTreeMap::new();
        for action in &proposal.plan.actions {
            *wanted.entry(Api::of(action, proposal.spec)).or_default() +=
                calls(action, proposal.spec);
        }
        wanted.into_iter().find_map(|(api, calls)| {
            let used = self.calls.get(&api).copied().unwrap_or(0);
            (used > 0 && used.saturating_add(calls) > self.calls_max(api)).then_some(api)
        })
    }

    /// Calls of one tick that steps forward may make: the burst that the settings allow.
    fn calls_max(&self, api: Api) -> u32 {
        let set = self.settings.api_budgets.iter().find(|(name, _)| name.as_str() == api.name());
        set.map_or(CALLS_MAX, |(_, budget)| budget.burst)
    }
}

/// Calls that write what an action asks for.
///
/// Of a policy instance a step makes a version and, the first time, the one of the way back, and
/// updates the instance. Records of a zone share one batch; rules are one call each.
fn calls(action: &Action, spec: &Spec) -> u32 {
    let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
    match (action, &spec.traffic.router) {
        (Action::SetWeights { .. }, Some(Router::Route53TrafficPolicy(router))) => {
            count(router.instances.len()).saturating_mul(3)
        }
        (Action::SetWeights { .. }, Some(Router::AlbWeighted(router))) => {
            count(router.rule_arns.len())
        }
        (Action::SetWeights { .. }, Some(Router::Route53Weighted(_)) | None)
        | (
            Action::SetBounds { .. }
            | Action::SetDesired { .. }
            | Action::PutScheduled { .. }
            | Action::DeleteScheduled { .. },
            _,
        ) => 1,
    }
}

/// Without a setting: what all steps of one tick may write through one API. Rollbacks are not
/// counted against it, so they never wait for it.
const CALLS_MAX: u32 = 250;

/// A cluster's name is its own within an account and region only.
type Cluster<'a> = (&'a Aws, &'a str);

/// The clusters of a migration, each once.
fn clusters(spec: &Spec) -> impl Iterator<Item = Cluster<'_>> {
    let (ec2, fargate) = (spec.ec2.cluster.as_str(), spec.fargate.cluster.as_str());
    let both = std::iter::once(ec2).chain((fargate != ec2).then_some(fargate));
    both.map(|cluster| (&spec.aws, cluster))
}
