//! The promises, checked against what is true in the region after every pass.
//!
//! They are numbered as in `docs/architecture.md`. The checker shares no code with the planner
//! or the audit: it reads the region's journal of changes and its true state, and the pass only
//! for what Ferry says of itself.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use controller::{Managed, Pass};
use model::action::{Action, Direction};
use model::condition::ConditionType;
use model::plan::Said;
use model::route::WeightPair;
use model::spec::{Advance, Target};
use model::verdict::VerdictKind;
use model::{Share, Span, Time};
use region::SimulatedCloud;
use region::journal::{Author, Change, Entry};
use region::truth::Truth;

/// Reads that a step rests on are at most this old (S1): tasks that died since cannot be known.
const READ_AGE_MAX: Span = Span::from_secs(90);
/// Weights are read this often when nothing is expected to change, and a look may be missed:
/// drift is known after that (O5).
const DRIFT_KNOWN_AFTER: Span = Span::from_mins(12);
/// Below this share only crashes are looked for.
const CRASH_CHECK_BELOW: Share = Share::percent(5);

/// A promise that was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Its number.
    pub invariant: &'static str,
    /// When.
    pub at: Time,
    /// What happened.
    pub message: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} was broken at {}: {}", self.invariant, self.at, self.message)
    }
}

/// Checks the promises of one migration.
pub struct Checker {
    pub(crate) violations: Vec<Violation>,
    managed: Managed,
    /// Changes of the journal that were looked at.
    seen: usize,
    /// Fargate's healthy tasks as they truly were, over the age of a read.
    healthy: VecDeque<(Time, u32)>,
    /// When Ferry last raised the share, and from which attempt.
    raised_at: Option<Time>,
    /// Since when live weights differ from what Ferry last wrote without Ferry saying so.
    drift_since: Option<Time>,
    /// The share Ferry last wrote.
    written: Option<Share>,
    latched: Option<u32>,
}

impl Checker {
    /// A checker that has seen nothing yet.
    #[must_use]
    pub fn new(managed: &Managed) -> Self {
        Self {
            violations: Vec::new(),
            managed: managed.clone(),
            seen: 0,
            healthy: VecDeque::new(),
            raised_at: None,
            drift_since: None,
            written: None,
            latched: None,
        }
    }

    /// Looks at a pass and at everything that changed in the region since the last one.
    pub fn check(&mut self, world: &SimulatedCloud, pass: &Pass) {
        let (truth, changes) = world.with(|region| {
            let entries = region.journal().entries();
            let changes = entries.get(self.seen..).unwrap_or_default().to_vec();
            self.seen = entries.len();
            (region.truth(0), changes)
        });
        let Some(truth) = truth else { return };
        self.note_healthy(&truth);
        for entry in changes.iter().filter(|entry| entry.author == Author::Caller) {
            self.intent_first(pass, entry);
            if entry.outcome.made() {
                self.write(&truth, pass, entry);
            }
        }
        self.finite(pass);
        self.reserve(&truth, pass);
        self.drift(&truth, pass);
        self.latched = pass.plan.status.latch.as_ref().map(|latch| latch.attempt);
    }

    fn broken(&mut self, invariant: &'static str, at: Time, message: String) {
        self.violations.push(Violation { invariant, at, message });
    }

    fn note_healthy(&mut self, truth: &Truth) {
        self.healthy.push_back((truth.at, truth.sides.fargate.healthy));
        while self.healthy.front().is_some_and(|(at, _)| truth.at.since(*at) > READ_AGE_MAX) {
            self.healthy.pop_front();
        }
    }

    /// C2: nothing reaches the world that is not an action of the pass.
    fn intent_first(&mut self, pass: &Pass, entry: &Entry) {
        let planned = pass.plan.actions.iter().any(|action| match (&entry.change, action) {
            (Change::Weights { route, after, .. }, Action::SetWeights { weights, .. }) => {
                weights.get(route) == Some(after)
            }
            (Change::Bounds { after, .. }, Action::SetBounds { bounds, .. }) => after == bounds,
            (Change::Desired { after, .. }, Action::SetDesired { desired, .. }) => after == desired,
            (
                Change::Scheduled { .. },
                Action::PutScheduled { .. } | Action::DeleteScheduled { .. },
            )
            | (Change::Nothing, _) => true,
            (
                Change::Weights { .. }
                | Change::Bounds { .. }
                | Change::Desired { .. }
                | Change::Scheduled { .. },
                _,
            ) => false,
        });
        if !planned {
            let message = format!("{} was sent without being planned", entry.operation);
            self.broken("C2", entry.at, message);
        }
    }

    fn write(&mut self, truth: &Truth, pass: &Pass, entry: &Entry) {
        let Change::Weights { before, after, .. } = &entry.change else { return };
        self.never_dark(truth, entry.at, *after);
        let (Some(from), Some(to)) = (before.share(), after.share()) else { return };
        if to > from {
            self.advance(truth, pass, entry.at, from, to);
            self.raised_at = Some(entry.at);
        } else if to < from {
            self.fall(pass, entry.at, from, to);
        }
        self.written = Some(to);
        self.drift_since = None;
    }

    /// S2: no write leaves traffic without a target, or all of it on a side that has none while
    /// the other has.
    fn never_dark(&mut self, truth: &Truth, at: Time, after: WeightPair) {
        let (ec2, fargate) = (truth.sides.ec2.healthy, truth.sides.fargate.healthy);
        let dark = match (after.ec2, after.fargate) {
            (0, 0) => true,
            (0, _) => fargate == 0 && ec2 > 0,
            (_, 0) => ec2 == 0 && fargate > 0,
            _ => false,
        };
        if dark {
            let message = format!("weights {after:?} with {ec2} and {fargate} healthy targets");
            self.broken("S2", at, message);
        }
    }

    fn advance(&mut self, truth: &Truth, pass: &Pass, at: Time, from: Share, to: Share) {
        self.capacity_first(truth, pass, at, to);
        self.no_advance_on_doubt(pass, at, from);
        let migration = Arc::clone(&self.managed.migration);
        let spec = &migration.spec;
        let step_max = spec.traffic.step_max;
        if to > from.plus(step_max) {
            self.broken("S4", at, format!("from {from} to {to} is more than {step_max}"));
        }
        let dwell = match &spec.traffic.target {
            Target::Rollout(rollout) => rollout.dwell_min,
            Target::Share(_) => Span::ZERO,
        };
        let stood = self.raised_at.map(|raised| at.since(raised));
        if let Some(stood) = stood.filter(|stood| *stood < dwell && self.written == Some(from)) {
            let message = format!("the step at {from} stood {stood} and not {dwell}");
            self.broken("S4", at, message);
        }
        if self.latched == Some(spec.attempt) {
            self.broken("S6", at, format!("attempt {} was rolled back", spec.attempt));
        }
    }

    /// S1: Fargate's healthy tasks carry what the new share sends them, by Ferry's own numbers
    /// of load and of what a task carries, and by the true number of tasks.
    fn capacity_first(&mut self, truth: &Truth, pass: &Pass, at: Time, to: Share) {
        let Some(load) = pass.observation.load.value() else {
            self.broken("S1", at, "the load was not known".to_owned());
            return;
        };
        let Some(safe) = load.safe_per_task_rpm.fargate else {
            self.broken("S1", at, "what a task carries was not known".to_owned());
            return;
        };
        let healthy = self.healthy.iter().map(|(_, healthy)| *healthy).max().unwrap_or(0);
        let healthy = healthy.max(truth.sides.fargate.healthy);
        let wanted = load.now_rpm * to.ratio();
        if f64::from(healthy) * safe < wanted {
            let message =
                format!("{healthy} tasks of {safe:.0} requests a minute for {wanted:.0} at {to}");
            self.broken("S1", at, message);
        }
    }

    /// S3: a step rests on a verdict that allows it, on minutes that are not old, and on
    /// readings that exist.
    fn no_advance_on_doubt(&mut self, pass: &Pass, at: Time, from: Share) {
        let advance = match &self.managed.migration.spec.traffic.target {
            Target::Rollout(rollout) => rollout.advance,
            Target::Share(_) => Advance::Evidence,
        };
        let proven = match pass.verdict.kind {
            VerdictKind::Advance => true,
            VerdictKind::Hold => from < CRASH_CHECK_BELOW || advance != Advance::Evidence,
            VerdictKind::RollBack => false,
        } || pass.plan.status.verbs.advance.is_some();
        if !proven {
            let message = format!("from {from} on the verdict {}", pass.verdict.reason.name());
            self.broken("S3", at, message);
        }
        let known = pass.observation.targets.fargate.value().is_some()
            && pass.observation.targets.ec2.value().is_some()
            && pass.observation.split.value().is_some();
        if !known {
            self.broken("S3", at, format!("from {from} with health or weights unknown"));
        }
    }

    /// S4: the share falls for a reason, and says so.
    fn fall(&mut self, pass: &Pass, at: Time, from: Share, to: Share) {
        let back = pass.plan.actions.iter().any(|action| match action {
            Action::SetWeights { direction, .. } => *direction != Direction::Advance,
            Action::SetBounds { .. }
            | Action::SetDesired { .. }
            | Action::PutScheduled { .. }
            | Action::DeleteScheduled { .. } => false,
        });
        let told = pass.plan.report.lines.iter().any(|line| matches!(line.said, Said::Done(_)));
        if !back || !told {
            self.broken("S4", at, format!("from {from} to {to} without a reason"));
        }
    }

    /// No number that reaches people or decisions is NaN or infinite.
    fn finite(&mut self, pass: &Pass) {
        let evidence = &pass.verdict.evidence;
        let of_signals = evidence.signals.values().flat_map(|signal| [signal.harm, signal.safe]);
        if !of_signals.chain([evidence.harm]).all(f64::is_finite) {
            self.broken("C3", pass.observation.at, "evidence is not a number".to_owned());
        }
    }

    /// S5: until EC2 is drained its minimum covers the floor that was promised, however its own
    /// policy would scale it in; someone else's edit is given until it can be known.
    fn reserve(&mut self, truth: &Truth, pass: &Pass) {
        let status = &pass.plan.status;
        let live = status.share.set.is_some_and(|share| share > Share::ZERO);
        let (Some(floor), Some(bounds)) = (status.floors.ec2, truth.sides.ec2.bounds) else {
            return;
        };
        let edited = !pass.findings.is_empty() || !pass.plan.actions.is_empty();
        if live && status.drained_at.is_none() && bounds.min < floor && !edited {
            let known = pass.observation.scaling.ec2.at();
            let unseen = known.is_none_or(|at| truth.at.since(at) <= READ_AGE_MAX);
            let seen_low = pass.observation.scaling.ec2.value().and_then(Option::as_ref);
            let knew = seen_low.is_some_and(|scaling| scaling.bounds.min < floor);
            if knew || !unseen {
                let message = format!("EC2's minimum is {} and its floor {floor}", bounds.min);
                self.broken("S5", truth.at, message);
            }
        }
    }

    /// O5: weights that somebody else wrote are known and said within a few minutes, and are not
    /// written over towards Fargate.
    fn drift(&mut self, truth: &Truth, pass: &Pass) {
        let Some(written) = self.written else { return };
        let drifted = truth.share_max.per_mille().abs_diff(written.per_mille()) > 3;
        let conditions = &pass.plan.status.conditions;
        let said = conditions.is_true(ConditionType::Drifted)
            || conditions.is_true(ConditionType::RolledBack);
        if !drifted || said {
            self.drift_since = None;
            return;
        }
        let since = *self.drift_since.get_or_insert(truth.at);
        if truth.at.since(since) > DRIFT_KNOWN_AFTER {
            let message =
                format!("weights say {} and Ferry wrote {written}, unsaid", truth.share_max);
            self.broken("O5", truth.at, message);
            self.drift_since = Some(truth.at);
        }
    }
}
