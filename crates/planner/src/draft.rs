//! The plan while the rules work on it.

use model::action::{Action, Direction};
use model::event::Event;
use model::plan::{Line, Plan, Reason, Refusal, Report, Rule, Said};
use model::route::{Sticky, Weights};
use model::status::{Intended, Status, Step};
use model::{PerSide, Share, Side, Time};

use crate::conditions;
use crate::facts::Facts;

/// The plan while the rules work on it.
pub(crate) struct Draft {
    pub(crate) status: Status,
    pub(crate) actions: Vec<Action>,
    pub(crate) events: Vec<Event>,
    pub(crate) report: Report,
    /// A rule has ended all thought of a step forward in this pass.
    pub(crate) held: bool,
    /// Traffic is on its way back, or has to go back.
    pub(crate) returning: bool,
    /// A write of this share was intended and did not land; it may be sent again.
    pub(crate) unlanded: Option<Share>,
    /// The capacity of the next step is there.
    pub(crate) capacity_ready: bool,
    /// What the capacity rule would do once all gates are open.
    pub(crate) preparation: Vec<Action>,
    /// The floors that the next step promises.
    pub(crate) promised: PerSide<Option<u32>>,
}

impl Draft {
    pub(crate) fn begin(facts: &Facts<'_>) -> Self {
        Self {
            status: facts.input.status.clone(),
            actions: Vec::new(),
            events: Vec::new(),
            report: Report { lines: Vec::with_capacity(28), next: None },
            held: false,
            returning: false,
            unlanded: None,
            capacity_ready: false,
            preparation: Vec::new(),
            promised: PerSide::default(),
        }
    }

    pub(crate) fn open(&mut self, rule: Rule) {
        self.report.lines.push(Line { rule, said: Said::Open });
    }

    pub(crate) fn done(&mut self, rule: Rule, why: String) {
        self.report.lines.push(Line { rule, said: Said::Done(why) });
    }

    /// Refuses the next step, without ending the pass.
    pub(crate) fn refuse(&mut self, rule: Rule, reason: Reason, opens_at: Option<Time>) {
        self.report.lines.push(Line { rule, said: Said::Refused(Refusal { reason, opens_at }) });
    }

    /// Refuses the next step and ends all thought of it in this pass.
    pub(crate) fn hold(&mut self, rule: Rule, reason: Reason) {
        self.held = true;
        self.refuse(rule, reason, None);
    }

    /// Promises `side` a floor. Until it is seen in place, nobody can have lowered it.
    pub(crate) fn promise(&mut self, side: Side, floor: u32) {
        let promised = self.status.floors.get_mut(side);
        if *promised != Some(floor) {
            *promised = Some(floor);
            *self.status.floors_seen.get_mut(side) = false;
        }
    }

    /// Means to change something other than weights. Bounds are remembered as they were before
    /// Ferry first changed them.
    pub(crate) fn act(&mut self, action: Action) {
        if let Action::SetBounds { side, expected, .. } = &action {
            self.status.saved.get_mut(*side).get_or_insert(*expected);
            // Autoscaling is given time to follow its new bounds.
            *self.status.undercut_since.get_mut(*side) = None;
        }
        self.actions.push(action);
    }

    /// Means to write `weights`: the intent is remembered before the write is made.
    pub(crate) fn shift(
        &mut self,
        facts: &Facts<'_>,
        live: &Weights,
        weights: Weights,
        share: Share,
        direction: Direction,
    ) {
        if *live == weights {
            return;
        }
        let now = facts.now;
        let again = self.status.intended.as_ref().is_some_and(|intended| {
            intended.after == weights && intended.share == share && intended.before == *live
        });
        // A write that is sent again keeps the time of its first intent, and not that of its step:
        // what was read before it was sent says nothing of it.
        if again {
            self.sends_again(now);
        } else {
            self.status.landed_at = None;
            self.status.intended =
                Some(Intended { at: now, share, before: live.clone(), after: weights.clone() });
            self.status.step =
                Some(Step { share, decided_at: now, verified_at: None, settled_at: None });
        }
        let sticky = self.held_again(facts, direction);
        let expected = live.clone();
        self.actions.push(Action::SetWeights { share, expected, weights, direction, sticky });
    }

    /// Routes that held clients before a rollback let them go, where traffic goes forward again.
    pub(crate) fn held_again(&self, facts: &Facts<'_>, direction: Direction) -> Sticky {
        let live = facts.split.map(|(split, _)| &split.sticky);
        match direction {
            Direction::RollBack => Sticky::new(),
            Direction::Advance | Direction::Finish => {
                let is_let_go = |key: &String| live.is_none_or(|live| !live.contains_key(key));
                let known = self.status.sticky.iter().filter(|(key, _)| is_let_go(key));
                known.map(|(key, span)| (key.clone(), *span)).collect()
            }
        }
    }

    /// The weights of the step that is on record leave once more.
    pub(crate) const fn sends_again(&mut self, now: Time) {
        if let Some(step) = &mut self.status.step {
            step.decided_at = now;
        }
    }

    pub(crate) fn finish(mut self, facts: &Facts<'_>) -> Plan {
        conditions::set(facts, &mut self);
        Plan {
            actions: self.actions,
            status: self.status,
            report: self.report,
            events: self.events,
        }
    }
}
