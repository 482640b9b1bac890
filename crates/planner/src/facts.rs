//! What a pass knows: readings young enough to rest on, worked out once.

use model::observation::{Deployment, Load, Scaling, Seen, Service};
use model::ownership::{Foreign, Ownership};
use model::plan::{Reason, What};
use model::route::{RouteLimits, Split, Weights};
use model::spec::{Mode, Rollout, Router, Spec, Target, Workload};
use model::{PerSide, Share, Side, Span, Time};

use crate::need;
use crate::plan::Input;

/// Weights older than this say nothing. Drift is looked for every five minutes; one look may be
/// missed. A write names what it expects to find, so that an old reading can do no harm.
pub const SPLIT_AGE_MAX: Span = Span::from_mins(11);

/// Health, services and scalable targets older than this say nothing (S1): the slow cadence is
/// 60 s, and half as much again forgives a slow call but not a missed one.
pub const CAPACITY_AGE_MAX: Span = Span::from_secs(90);

/// Load that rests on minutes older than this says nothing: metrics of a balancer are complete
/// after about three minutes, and growth is allowed for over the same span.
pub const LOAD_AGE_MAX: Span = Span::from_mins(15);

/// For going back only, health this old is still better than none (S5).
pub(crate) const LAST_HEALTH_AGE_MAX: Span = Span::from_mins(10);

/// What a pass knows.
pub(crate) struct Facts<'a> {
    pub(crate) input: &'a Input<'a>,
    pub(crate) now: Time,
    pub(crate) spec: &'a Spec,
    /// The live weights and when they were read.
    pub(crate) split: Option<(&'a Split, Time)>,
    /// The share all routes ask for, where they agree.
    pub(crate) live: Option<Share>,
    /// The largest share any route asks for.
    pub(crate) live_max: Option<Share>,
    /// Healthy targets.
    pub(crate) healthy: PerSide<Option<u32>>,
    pub(crate) services: PerSide<Option<&'a Service>>,
    /// Scalable targets; `Some(None)` where the service is known to have none.
    pub(crate) scaling: PerSide<Option<Option<&'a Scaling>>>,
    pub(crate) load: Option<&'a Load>,
    pub(crate) limits: Option<RouteLimits>,
}

impl<'a> Facts<'a> {
    pub(crate) fn of(input: &'a Input<'a>) -> Self {
        let now = input.now;
        let seen = input.observation;
        let spec = &input.spec.spec;
        let split = match &seen.split {
            Seen::Known { value, at } if *at <= now && now.since(*at) <= SPLIT_AGE_MAX => {
                (!value.weights.is_empty()).then_some((value, *at))
            }
            Seen::Known { .. } | Seen::Unknown { .. } => None,
        };
        let load = seen.load.value().filter(|load| {
            let minute = load.minute.saturating_mul(60_000);
            let age = now.as_millis().saturating_sub(minute);
            (0..=i64::try_from(LOAD_AGE_MAX.as_millis()).unwrap_or(i64::MAX)).contains(&age)
        });
        Self {
            input,
            now,
            spec,
            split,
            live: split.and_then(|(split, _)| split.share()),
            live_max: split.and_then(|(split, _)| split.share_max()),
            healthy: PerSide::from_fn(|side| {
                seen.targets.get(side).fresh(now, CAPACITY_AGE_MAX).map(|targets| targets.healthy)
            }),
            services: PerSide::from_fn(|side| seen.services.get(side).fresh(now, CAPACITY_AGE_MAX)),
            scaling: PerSide::from_fn(|side| {
                seen.scaling.get(side).fresh(now, CAPACITY_AGE_MAX).map(Option::as_ref)
            }),
            load,
            limits: limits(spec),
        }
    }

    /// Whether traffic goes, or may go, to Fargate: weights that are not known may be anything.
    pub(crate) fn has_traffic(&self) -> bool {
        self.live_max.is_none_or(|share| share > Share::ZERO)
    }

    /// Whether Ferry may write at all.
    pub(crate) fn may_write(&self) -> bool {
        self.barred().is_none()
    }

    /// Why nothing may be written at all, rollbacks included.
    pub(crate) fn barred(&self) -> Option<Reason> {
        if let Some(reason) = self.frozen() {
            return Some(reason);
        }
        match self.spec.mode {
            Mode::Observe => Some(Reason::ObserveMode),
            Mode::Act => self.disowned(),
        }
    }

    /// Why what would be changed is not known to be this migration's (O1). Marks that were there
    /// once and are gone, or cannot be read, do not keep traffic from going back: somebody who
    /// takes over says so by a mark of their own.
    fn disowned(&self) -> Option<Reason> {
        let was_ours = self.input.status.owned_since.is_some();
        match &self.input.observation.ownership {
            Seen::Known { value, .. } => match value.others.first() {
                Some(Foreign { thing, owner }) => {
                    Some(Reason::OwnedByOther { thing: thing.clone(), owner: owner.clone() })
                }
                None if was_ours => None,
                None => not_adopted(value),
            },
            Seen::Unknown { .. } if was_ours => None,
            Seen::Unknown { gap } => {
                Some(Reason::NotKnown { what: What::Marks, side: None, gap: Some(*gap) })
            }
        }
    }

    /// Why nothing may go towards Fargate: marks that are gone, or have not been seen of late.
    pub(crate) fn unmarked(&self) -> Option<Reason> {
        let seen = &self.input.observation.ownership;
        let Some(marks) = seen.fresh(self.now, SPLIT_AGE_MAX) else {
            let gap = match seen {
                Seen::Known { .. } => None,
                Seen::Unknown { gap } => Some(*gap),
            };
            return Some(Reason::NotKnown { what: What::Marks, side: None, gap });
        };
        not_adopted(marks)
    }

    /// The freeze of all writes, rollbacks included, where one stands.
    pub(crate) fn frozen(&self) -> Option<Reason> {
        if self.input.settings.freeze {
            return Some(Reason::WritesFrozen);
        }
        let said = self.input.status.verbs.freeze.as_ref()?;
        Some(Reason::FrozenByOperator { who: said.who.clone() })
    }

    /// The weights of all live routes.
    pub(crate) fn weights(&self) -> Option<&'a Weights> {
        self.split.map(|(split, _)| &split.weights)
    }

    /// Rules of the rollout; those of a plain `share` are the defaults.
    pub(crate) fn rollout(&self) -> Option<&'a Rollout> {
        match &self.spec.traffic.target {
            Target::Share(_) => None,
            Target::Rollout(rollout) => Some(rollout),
        }
    }

    /// The least time on a step.
    pub(crate) fn dwell_min(&self) -> Span {
        self.rollout().map_or(Span::from_hours(1), |rollout| rollout.dwell_min)
    }

    /// Whether a side's service is known to stand still.
    pub(crate) fn is_steady(&self, side: Side) -> bool {
        self.services.get(side).is_some_and(|service| service.deployment == Deployment::Steady)
    }

    /// Requests per minute that reached a side, where they are known.
    pub(crate) fn side_rpm(&self, side: Side) -> Option<f64> {
        need::number((*self.load?.side_rpm.get(side))?)
    }
}

/// That things carry no mark, where it is so.
fn not_adopted(marks: &Ownership) -> Option<Reason> {
    let thing = marks.unmarked.first()?.clone();
    Some(Reason::NotAdopted { thing, things: marks.unmarked.len() })
}

/// What the router can express; `None` where this version has nothing to move.
pub(crate) fn limits(spec: &Spec) -> Option<RouteLimits> {
    match &spec.workload {
        Workload::QueueWorker(_) | Workload::Scheduled(_) => return None,
        Workload::LoadBalanced => {}
    }
    Some(match spec.traffic.router.as_ref()? {
        Router::Route53TrafficPolicy(_) => RouteLimits::TRAFFIC_FLOW,
        Router::Route53Weighted(_) => RouteLimits::ROUTE53,
        Router::AlbWeighted(_) => RouteLimits::ALB,
    })
}
