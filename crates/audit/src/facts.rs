//! What all checks share: the plan's actions in the light of what was seen.

use std::collections::BTreeMap;

use model::action::{Action, Direction};
use model::observation::{Load, Scaling, Seen, Targets};
use model::plan::Plan;
use model::route::{Route, Split, WeightPair, Weights};
use model::spec::{Rollout, Router, Spec, Target};
use model::{Share, Side, Span};

use crate::Input;

/// Services and target health decide about capacity, which changes within a minute: two looks of
/// the usual cadence of 60 s may be missed by none.
pub(crate) const HEALTH_AGE_MAX: Span = Span::from_secs(120);

/// Weights and scalable targets are read every five minutes, and anew when something moves.
pub(crate) const LIVE_AGE_MAX: Span = Span::from_mins(6);

/// Minutes settle within a few minutes; what is older than the time by which corrections may
/// still come says nothing of the present.
pub(crate) const MINUTE_AGE_MAX: Span = Span::from_mins(15);

/// Route 53 weights cannot say every part per thousand; the nearest they can say is within three.
pub(crate) const ROUNDING: u16 = 3;

/// Below this share a step is judged by its dwell and the guard alone: there is too little
/// traffic to prove anything by.
const PROVABLE: Share = Share::percent(5);

pub(crate) struct Facts<'a> {
    pub(crate) input: Input<'a>,
    pub(crate) plan: &'a Plan,
    /// The migration's own routes, and the largest weight each takes.
    pub(crate) routes: BTreeMap<String, u32>,
    /// Every write of weights in the plan.
    pub(crate) moves: Vec<Move<'a>>,
}

/// A write of weights, told by what it does and not by its label.
pub(crate) struct Move<'a> {
    /// Its place in the plan.
    pub(crate) index: usize,
    pub(crate) share: Share,
    pub(crate) expected: &'a Weights,
    pub(crate) weights: &'a Weights,
    pub(crate) direction: Direction,
    pub(crate) effect: Effect,
}

/// What a write of weights does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Some route sends more to Fargate than before, by a new decision.
    Advance,
    /// Some route sends more to Fargate than before, as was decided in an earlier pass that
    /// recorded exactly these weights; `moved`: some route holds them already.
    Repeat { moved: bool },
    /// No route sends more to Fargate; `lowers`: at least one sends less.
    Fall { lowers: bool },
}

impl Effect {
    pub(crate) const fn rises(self) -> bool {
        match self {
            Self::Advance | Self::Repeat { .. } => true,
            Self::Fall { .. } => false,
        }
    }
}

impl<'a> Facts<'a> {
    pub(crate) fn new(input: &Input<'a>, plan: &'a Plan) -> Self {
        let live = input.observation.split.value();
        let moves = plan.actions.iter().enumerate().filter_map(|(index, action)| match action {
            Action::SetWeights { share, expected, weights, direction, .. } => Some(Move {
                index,
                share: *share,
                expected,
                weights,
                direction: *direction,
                effect: effect(input, live, expected, weights),
            }),
            Action::SetBounds { .. }
            | Action::SetDesired { .. }
            | Action::PutScheduled { .. }
            | Action::DeleteScheduled { .. } => None,
        });
        Self { input: *input, plan, routes: own_routes(input.spec), moves: moves.collect() }
    }

    /// Writes that send more to Fargate on some route.
    pub(crate) fn rises(&self) -> impl Iterator<Item = &Move<'a>> {
        self.moves.iter().filter(|shift| shift.effect.rises())
    }

    /// Rises that are decided in this pass.
    pub(crate) fn advances(&self) -> impl Iterator<Item = &Move<'a>> {
        self.moves.iter().filter(|shift| shift.effect == Effect::Advance)
    }

    /// The live weights, if they were read lately.
    pub(crate) fn live(&self) -> Option<&'a Split> {
        self.input.observation.split.fresh(self.input.now, LIVE_AGE_MAX)
    }

    /// The live share where all routes agree on it.
    ///
    /// Where weights can only say about what the present step asks for, that step is the share.
    pub(crate) fn live_share(&self) -> Option<Share> {
        let live = self.live()?.share()?;
        let step = self.input.status.step.as_ref().map(|step| step.share);
        Some(step.filter(|step| about(*step, live)).unwrap_or(live))
    }

    /// Health of a side's targets, if it was read lately.
    pub(crate) fn targets(&self, side: Side) -> Option<&'a Targets> {
        self.input.observation.targets.get(side).fresh(self.input.now, HEALTH_AGE_MAX)
    }

    /// A side's scalable target, if it was read lately; `None` inside where it has none.
    pub(crate) fn scaling(&self, side: Side) -> Option<&'a Option<Scaling>> {
        self.input.observation.scaling.get(side).fresh(self.input.now, LIVE_AGE_MAX)
    }

    /// The load, if it rests on minutes of late.
    pub(crate) fn load(&self) -> Option<&'a Load> {
        let Input { now, observation, .. } = self.input;
        let load = observation.load.fresh(now, MINUTE_AGE_MAX)?;
        self.recent(load.minute).then_some(load)
    }

    /// Whether a minute is over and not long ago.
    pub(crate) fn recent(&self, minute: i64) -> bool {
        let age = self.input.now.minute().saturating_sub(minute);
        u64::try_from(age).is_ok_and(|minutes| minutes <= MINUTE_AGE_MAX.as_mins())
    }

    /// Requests per minute to be ready for until the next look.
    pub(crate) fn demand_rpm(&self) -> Option<f64> {
        let load = self.load()?;
        let growth = finite(load.growth).filter(|growth| *growth >= 1.0)?;
        finite(load.now_rpm * growth)
    }

    /// Healthy tasks that `side` needs for `rpm` requests per minute; `None`: not known.
    pub(crate) fn tasks_for(&self, side: Side, rpm: f64) -> Option<u32> {
        if rpm <= 0.0 {
            return (rpm == 0.0).then_some(0);
        }
        // Tasks that carry nothing make an infinity of it, which is no whole number.
        let safe = finite((*self.load()?.safe_per_task_rpm.get(side))?)?;
        whole(libm::ceil(rpm / safe))
    }

    /// Healthy tasks that `side` needs at `share` until the next look; at least one where it gets
    /// any traffic.
    pub(crate) fn tasks_at(&self, side: Side, share: Share) -> Option<u32> {
        let part = match side {
            Side::Ec2 => share.rest(),
            Side::Fargate => share,
        };
        if part == Share::ZERO {
            return Some(0);
        }
        Some(self.tasks_for(side, self.demand_rpm()? * part.ratio())?.max(1))
    }

    /// What the spec says about steps; a plain share climbs by the same rules as a rollout.
    pub(crate) fn rollout(&self) -> Rollout {
        match &self.input.spec.traffic.target {
            Target::Share(_) => Rollout::default(),
            Target::Rollout(rollout) => rollout.clone(),
        }
    }

    /// The largest share that operators ask for at present.
    pub(crate) fn share_max(&self) -> Share {
        let asked = match &self.input.spec.traffic.target {
            Target::Share(share) => *share,
            Target::Rollout(rollout) => {
                let last = rollout.steps.iter().max().copied().unwrap_or(Share::ZERO);
                let kept = rollout.holdback.filter(|_| self.input.status.baked_at.is_none());
                last.min(kept.unwrap_or(Share::ZERO).rest())
            }
        };
        let pinned = self.input.status.verbs.pin.as_ref().map(|pin| pin.share);
        pinned.map_or(asked, |pinned| asked.min(pinned))
    }
}

/// Whether two shares are the same as far as weights can say.
pub(crate) const fn about(one: Share, other: Share) -> bool {
    one.per_mille().abs_diff(other.per_mille()) <= ROUNDING
        && (one.per_mille() == 0) == (other.per_mille() == 0)
        && (one.per_mille() == 1000) == (other.per_mille() == 1000)
}

/// Whether a step at `share` may be ended without proof: nothing is there to prove it by.
pub(crate) fn is_crash_check(share: Share) -> bool {
    share < PROVABLE
}

/// A number that is one: neither NaN nor infinite nor negative.
pub(crate) fn finite(value: f64) -> Option<f64> {
    (value.is_finite() && value >= 0.0).then_some(value)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the value was checked to be whole and within range"
)]
fn whole(value: f64) -> Option<u32> {
    (0.0..=f64::from(u32::MAX)).contains(&value).then_some(value as u32)
}

/// Whether `one` sends a larger part to Fargate than `other`, exactly; `None` where one of them
/// has no weight at all.
pub(crate) fn is_above(one: WeightPair, other: WeightPair) -> Option<bool> {
    let total = |pair: WeightPair| u128::from(pair.ec2) + u128::from(pair.fargate);
    if total(one) == 0 || total(other) == 0 {
        return None;
    }
    Some(u128::from(one.fargate) * total(other) > u128::from(other.fargate) * total(one))
}

fn effect(
    input: &Input<'_>,
    live: Option<&Split>,
    expected: &Weights,
    weights: &Weights,
) -> Effect {
    // Both what was seen and what the write expects count, so that neither can hide a rise. What
    // is known of no route is taken for nothing on Fargate.
    let befores = |key: &String| {
        let seen = live.and_then(|split| split.weights.get(key)).copied();
        let expected = expected.get(key).copied();
        let none = WeightPair { ec2: 1, fargate: 0 };
        let unknown = (seen.is_none() && expected.is_none()).then_some(none);
        [seen, expected, unknown].into_iter().flatten()
    };
    let any = |found: fn(WeightPair, WeightPair) -> bool| {
        weights.iter().any(|(key, pair)| befores(key).any(|before| found(*pair, before)))
    };
    // A pair without any weight is split equally by Route 53: a rise like any other.
    if !any(|after, before| is_above(after, before).unwrap_or(true)) {
        return Effect::Fall { lowers: any(|after, before| is_above(before, after) == Some(true)) };
    }
    let Some(intended) = &input.status.intended else { return Effect::Advance };
    let known = |key: &String, pair: &WeightPair| {
        intended.before.get(key) == Some(pair) || intended.after.get(key) == Some(pair)
    };
    match live {
        Some(split)
            if intended.after == *weights
                && split.weights.len() == weights.len()
                && split.weights.iter().all(|(key, pair)| known(key, pair)) =>
        {
            let moved = split.weights.iter().any(|(key, pair)| {
                intended.after.get(key) == Some(pair) && intended.before.get(key) != Some(pair)
            });
            Effect::Repeat { moved }
        }
        Some(_) | None => Effect::Advance,
    }
}

/// The routes of a spec's router, read from the spec itself, with their largest weight.
fn own_routes(spec: &Spec) -> BTreeMap<String, u32> {
    let routes: Vec<Route> = match &spec.traffic.router {
        None => Vec::new(),
        Some(Router::Route53TrafficPolicy(router)) => {
            let instances = router.instances.iter().map(|instance| Route::TrafficPolicyInstance {
                id: instance.id.clone(),
                ec2_endpoint: router.ec2_endpoint.clone(),
                fargate_endpoint: router.fargate_endpoint.clone(),
            });
            instances.collect()
        }
        Some(Router::Route53Weighted(router)) => {
            let records = router.records.iter().map(|record| Route::Route53Record {
                zone: router.hosted_zone_id.clone(),
                name: record.name.trim_end_matches('.').to_owned(),
                record_type: record.record_type.to_string(),
                ec2_set: router.ec2_set_identifier.clone(),
                fargate_set: router.fargate_set_identifier.clone(),
            });
            records.collect()
        }
        Some(Router::AlbWeighted(router)) => {
            let rules = router.rule_arns.iter().map(|rule| Route::AlbRule {
                rule: rule.clone(),
                ec2_group: router.ec2_target_group_arn.clone(),
                fargate_group: router.fargate_target_group_arn.clone(),
            });
            rules.collect()
        }
    };
    routes.iter().map(|route| (route.key(), route.limits().weight_max)).collect()
}

/// What is missing of something that was to be read lately, for a message.
pub(crate) fn why_unknown<T>(seen: &Seen<T>) -> &'static str {
    match seen {
        Seen::Known { .. } => "was not read lately",
        Seen::Unknown { .. } => "could not be read",
    }
}
