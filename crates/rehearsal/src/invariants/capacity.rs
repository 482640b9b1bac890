//! S1 and S5: capacity before traffic, and enough of it to go back.

use model::action::Action;
use model::plan::{Reason, Said};
use model::route::ServiceId;
use model::{Share, Side, Span, Time};

use super::past::READ_AGE_MAX;
use super::weights::History;
use super::{Scene, Shift, Verdicts, plans};

/// A floor that somebody lowered is raised within this, when it can be seen and written.
const RAISED_WITHIN: Span = Span::from_mins(10);

/// S1: Fargate's healthy tasks, and its floor, carry what the new share sends them: by the true
/// number of tasks, by the least load there truly was lately, and by Ferry's own number of what
/// a task carries.
pub(super) fn before_traffic(scene: &Scene<'_>, shift: Shift, verdicts: &mut Verdicts<'_>) {
    let Shift { at, to, .. } = shift;
    let Some(load) = scene.pass.observation.load.value() else {
        return verdicts.broken("S1", at, format!("to {to} with the load unknown"));
    };
    let Some(safe) = load.safe_per_task_rpm.fargate.filter(|safe| *safe > 0.0) else {
        return verdicts.broken("S1", at, format!("to {to} with a task's load unknown"));
    };
    let load_least = scene.past.demand_least(at);
    let wanted = load.now_rpm.max(load_least) * to.ratio();
    let healthy = scene.past.healthy_most(at, READ_AGE_MAX).fargate;
    if f64::from(healthy) * safe < wanted {
        let message =
            format!("{healthy} tasks of {safe:.0} requests a minute for {wanted:.0} at {to}");
        verdicts.broken("S1", at, message);
    }
    let floor = scene.past.floor_most(at).fargate;
    if f64::from(floor) * safe < wanted {
        let message =
            format!("a floor of {floor} tasks of {safe:.0} a minute for {wanted:.0} at {to}");
        verdicts.broken("S1", at, message);
    }
}

/// S1, S5: Ferry lowers no floor of a side that traffic rests on, or may have to come back to.
pub(super) fn kept(
    scene: &Scene<'_>,
    at: Time,
    service: &ServiceId,
    before: u32,
    after: u32,
    verdicts: &mut Verdicts<'_>,
) {
    if after >= before || scene.truth.share_max == Share::ZERO {
        return;
    }
    let drained = scene.pass.plan.status.drained_at.is_some();
    if *scene.managed.services.get(Side::Fargate) == *service {
        verdicts.broken("S1", at, format!("Fargate's floor from {before} to {after} under load"));
    } else if !drained {
        verdicts.broken("S5", at, format!("EC2's floor from {before} to {after} before the drain"));
    }
}

/// S5: while traffic is on Fargate and EC2 is not drained, EC2's floor carries the whole load,
/// and is raised again soon when somebody lowered it.
pub(super) fn reserve(scene: &Scene<'_>, history: &mut History, verdicts: &mut Verdicts<'_>) {
    let status = &scene.pass.plan.status;
    let at = scene.truth.at;
    let is_live = status.share.set.is_some_and(|share| share > Share::ZERO);
    if !is_live || status.drained_at.is_some() {
        history.reserve_low_since = None;
        return;
    }
    let observation = &scene.pass.observation;
    let load = observation.load.value();
    let Some(safe) = load.and_then(|load| load.safe_per_task_rpm.ec2) else { return };
    let bounds = scene.truth.sides.ec2.bounds;
    let max = bounds.map_or(u32::MAX, |bounds| bounds.max);
    let wanted = scene.past.demand_least(at);
    let enough = |floor: u32| f64::from(floor) * safe >= wanted || floor >= max;
    // A new fit may say that tasks carry less than they were counted with: what was promised
    // grows as soon as that can be put on record.
    if history.safe.replace(safe).is_some_and(|before| safe < before) {
        history.safe_fell_at = Some(at);
    }
    let is_news = history.safe_fell_at.is_some_and(|fell| at.since(fell) <= RAISED_WITHIN);
    match status.floors.ec2 {
        Some(floor) if enough(floor) || is_news => {}
        floor => {
            let message = format!("a promise of {floor:?} tasks of {safe:.0} for {wanted:.0}");
            verdicts.broken("S5", at, message);
        }
    }
    let floor = bounds.map_or(scene.truth.sides.ec2.desired, |bounds| bounds.min);
    let promised = status.floors.ec2.unwrap_or(0).min(max);
    let is_asked = plans(scene.pass, |action| match action {
        Action::SetBounds { side, .. } | Action::SetDesired { side, .. } => *side == Side::Ec2,
        Action::SetWeights { .. }
        | Action::PutScheduled { .. }
        | Action::DeleteScheduled { .. } => false,
    });
    let seen = observation.scaling.ec2.at();
    let is_blind = seen.is_none_or(|seen| at.since(seen) > READ_AGE_MAX)
        || observation.services.ec2.value().is_none();
    if floor >= promised || is_asked || is_blind {
        history.reserve_low_since = None;
        return;
    }
    let since = *history.reserve_low_since.get_or_insert(at);
    if at.since(since) > RAISED_WITHIN + scene.past.stale() {
        let message = format!("EC2's minimum is {floor} and {promised} were promised");
        verdicts.broken("S5", at, message);
        history.reserve_low_since = Some(at);
    }
}

/// Whether the pass says that a side has too few tasks.
pub(super) fn says_short(scene: &Scene<'_>, wanted: Side) -> bool {
    scene.pass.plan.report.lines.iter().any(|line| match &line.said {
        Said::Refused(refusal) => {
            matches!(refusal.reason, Reason::CapacityShort { side, .. } if side == wanted)
        }
        Said::Open | Said::Done(_) => false,
    })
}
