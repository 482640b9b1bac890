//! S2, S4, S6 and O5: how weights may move.

use model::action::{Action, Direction};
use model::condition::ConditionType;
use model::plan::{Rule, Said};
use model::route::WeightPair;
use model::spec::Target;
use model::status::RollbackReason;
use model::verdict::VerdictKind;
use model::{Share, Side, Span, Time};
use region::journal::{Change, Entry};

use super::capacity::says_short;
use super::past::{LAST_HEALTH_AGE_MAX, READ_AGE_MAX};
use super::{Scene, Shift, Verdicts, plans};

/// Weights are read this often when nothing is expected to change, and a look may be missed:
/// drift is said after that (O5).
const DRIFT_SAID_AFTER: Span = Span::from_mins(12);
/// Weights cannot say every share: this far apart, in thousandths, they mean the same.
const ROUNDING: u16 = 3;

/// How the weights of one migration came to be what they are.
#[derive(Debug, Clone, Default)]
pub(super) struct History {
    /// The share Ferry last wrote, or first found.
    written: Option<Share>,
    /// When Ferry last raised the share.
    raised_at: Option<Time>,
    /// The attempt that fell back by itself.
    fallen: Option<u32>,
    /// Somebody else moved the weights, in this attempt, and how.
    moved: Option<Moved>,
    /// Since when live weights differ from what Ferry last wrote without Ferry saying so.
    drift_since: Option<Time>,
    /// Since when EC2's minimum is below the promise without anybody trying to raise it.
    pub(super) reserve_low_since: Option<Time>,
    /// What a task of EC2 carried by Ferry's last word, and when that last fell.
    pub(super) safe: Option<f64>,
    pub(super) safe_fell_at: Option<Time>,
}

#[derive(Debug, Clone, Copy)]
struct Moved {
    at: Time,
    to: Share,
    /// Whether it was towards EC2 from what Ferry had written: an operator's abort.
    is_abort: bool,
}

impl History {
    /// S4, S6, O5: a rise is no larger than `stepMax` and not before the dwell is over; an
    /// attempt that fell stays down; what somebody else moved is not moved on.
    pub(super) fn may_rise(&self, scene: &Scene<'_>, shift: Shift, verdicts: &mut Verdicts<'_>) {
        let Shift { at, from, to } = shift;
        let spec = &scene.managed.migration.spec;
        let step_max = spec.traffic.step_max;
        if to.per_mille() > from.plus(step_max).per_mille().saturating_add(ROUNDING) {
            verdicts.broken("S4", at, format!("from {from} to {to} is more than {step_max}"));
        }
        let dwell = match &spec.traffic.target {
            Target::Rollout(rollout) => rollout.dwell_min,
            Target::Share(_) => Span::ZERO,
        };
        let stood = self.raised_at.map(|raised| at.since(raised));
        if let Some(stood) = stood.filter(|stood| *stood < dwell && self.written == Some(from)) {
            verdicts.broken("S4", at, format!("the step at {from} stood {stood} and not {dwell}"));
        }
        if self.fallen == Some(spec.attempt) {
            let message = format!("to {to} after attempt {} was rolled back", spec.attempt);
            verdicts.broken("S6", at, message);
        }
        if let Some(moved) = self.moved {
            let message = format!("to {to} after somebody moved it to {}", moved.to);
            verdicts.broken("O5", at, message);
        }
    }

    /// S4: the share falls for a reason, and says so.
    #[expect(clippy::unused_self, reason = "stands beside `may_rise`")]
    pub(super) fn may_fall(&self, scene: &Scene<'_>, shift: Shift, verdicts: &mut Verdicts<'_>) {
        let Shift { at, from, to } = shift;
        let lines = &scene.pass.plan.report.lines;
        let is_told = lines
            .iter()
            .any(|line| line.rule == Rule::Rollback && matches!(line.said, Said::Done(_)));
        let is_rollback = plans(scene.pass, Action::is_rollback);
        if !is_told || !is_rollback {
            let message = format!("from {from} to {to} without a reason");
            return verdicts.broken("S4", at, message);
        }
        let latch = scene.pass.plan.status.latch.as_ref();
        let is_founded = match latch.map(|latch| &latch.reason) {
            Some(RollbackReason::Verdict { verdict }) => {
                let now = &scene.pass.verdict;
                let is_first = latch.is_some_and(|latch| latch.at == scene.pass.observation.at);
                !is_first || (now.kind == VerdictKind::RollBack && now.reason == *verdict)
            }
            Some(RollbackReason::CapacityLost { healthy, needed }) => healthy < needed,
            Some(RollbackReason::MovedByHand) => false,
            Some(RollbackReason::ShareLowered | RollbackReason::Operator { .. }) => true,
            None => {
                let pin = scene.pass.plan.status.verbs.pin.as_ref().map(|pin| pin.share);
                let wanted = match &scene.managed.migration.spec.traffic.target {
                    Target::Share(share) => Some(*share),
                    Target::Rollout(_) => None,
                };
                pin.or(wanted).is_some_and(|wanted| wanted < from)
            }
        };
        if !is_founded {
            let message = format!("from {from} to {to} for {:?}", latch.map(|l| &l.reason));
            verdicts.broken("S4", at, message);
        }
    }

    pub(super) fn note_written(&mut self, scene: &Scene<'_>, shift: Shift) {
        let Shift { at, from, to } = shift;
        if to > from {
            self.raised_at = Some(at);
        } else if to < from && scene.pass.plan.status.latch.is_some() {
            self.fallen = Some(scene.managed.migration.spec.attempt);
        }
        self.written = Some(to);
        self.drift_since = None;
    }

    /// Somebody else wrote weights.
    pub(super) fn note_outsider(&mut self, entry: &Entry) {
        let Change::Weights { after, .. } = &entry.change else { return };
        let (Some(to), Some(written)) = (after.share(), self.written) else { return };
        if is_near(to, written) {
            // Put back as Ferry had it; an abort that was seen meanwhile stays one.
            self.moved = self.moved.filter(|moved| moved.is_abort && self.fallen.is_some());
        } else {
            self.moved = Some(Moved { at: entry.at, to, is_abort: to < written });
        }
    }

    /// O5: weights that somebody else wrote are known and said within a few minutes.
    pub(super) fn drift(&mut self, scene: &Scene<'_>, verdicts: &mut Verdicts<'_>) {
        let at = scene.truth.at;
        let Some(moved) = self.moved else {
            self.drift_since = None;
            return;
        };
        let conditions = &scene.pass.plan.status.conditions;
        let is_said = conditions.is_true(ConditionType::Drifted)
            || conditions.is_true(ConditionType::RolledBack)
            || scene.pass.plan.status.latch.is_some();
        let read_at = scene.pass.observation.split.at();
        let is_blind =
            read_at.is_none_or(|read| at.since(read) > DRIFT_SAID_AFTER) || scene.is_store_down;
        if is_said || is_blind {
            // The time to say it begins once it can be seen and decided.
            self.drift_since = Some(at);
            return;
        }
        let since = (*self.drift_since.get_or_insert(moved.at)).max(moved.at);
        if at.since(since) > DRIFT_SAID_AFTER + scene.past.stale() {
            let message = format!("somebody moved the weights to {}, unsaid", moved.to);
            verdicts.broken("O5", at, message);
            self.drift_since = Some(at);
        }
    }

    /// Takes note of what stays after the tick.
    pub(super) fn close(&mut self, scene: &Scene<'_>) {
        let status = &scene.pass.plan.status;
        if self.written.is_none() && status.intended.is_some() {
            // What was live at first sight is where Ferry starts from.
            self.written = status.share.set;
        }
    }

    /// An operator re-arms: what was moved by hand is where it starts from.
    pub(super) fn rearm(&mut self) {
        *self = Self::default();
    }
}

/// S2: no write leaves traffic without a target, or all of it on a side known to have none.
pub(super) fn never_dark(
    scene: &Scene<'_>,
    at: Time,
    after: WeightPair,
    verdicts: &mut Verdicts<'_>,
) {
    let is_back = after.fargate == 0;
    let age = if is_back { LAST_HEALTH_AGE_MAX } else { READ_AGE_MAX };
    let most = scene.past.healthy_most(at, age);
    let is_dark = match (after.ec2, after.fargate) {
        (0, 0) => true,
        (0, _) => most.fargate == 0,
        (_, 0) => most.ec2 == 0,
        _ => false,
    };
    if is_dark {
        let (ec2, fargate) = (most.ec2, most.fargate);
        let message = format!("weights {after:?} with {ec2} and {fargate} healthy targets");
        verdicts.broken("S2", at, message);
    }
}

/// S5: a verdict to roll back is followed in the same pass, unless EC2 cannot carry more and the
/// pass says so, or the store fails: without an intent on record nothing is written (C2). Nothing
/// else may hold it up.
pub(super) fn way_back(scene: &Scene<'_>, verdicts: &mut Verdicts<'_>) {
    let status = &scene.pass.plan.status;
    let is_live = status.share.set.is_some_and(|share| share > Share::ZERO);
    let must = scene.pass.verdict.kind == VerdictKind::RollBack && status.drained_at.is_none();
    if !is_live || !must || scene.is_store_down {
        return;
    }
    let goes = plans(scene.pass, |action| match action {
        Action::SetWeights { direction, .. } => *direction == Direction::RollBack,
        Action::SetBounds { .. }
        | Action::SetDesired { .. }
        | Action::PutScheduled { .. }
        | Action::DeleteScheduled { .. } => false,
    });
    if !goes && !says_short(scene, Side::Ec2) {
        let reason = scene.pass.verdict.reason.name();
        let message = format!("{reason} asks for a rollback and none is made");
        verdicts.broken("S5", scene.truth.at, message);
    }
}

fn is_near(a: Share, b: Share) -> bool {
    a.per_mille().abs_diff(b.per_mille()) <= ROUNDING
}
