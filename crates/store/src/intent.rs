//! Intents: what Ferry is about to do, on record before it does it.

use std::fmt;

use model::Time;
use model::action::Action;
use model::observation::Observation;
use serde::{Deserialize, Serialize};

use crate::{Contents, Entry, Happening};

/// What Ferry set out to do.
///
/// It is saved before the first call. Without an outcome nobody knows which calls were made: the
/// process may have died anywhere among them. All actions are absolute and conditional, so the
/// way on is always the same: observe, close the intent, plan again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Intent {
    /// From 1, rising by one, never used twice for a migration.
    pub number: u64,
    /// When it was recorded.
    pub at: Time,
    /// The actions in the order in which they are done.
    pub actions: Vec<Action>,
    /// How the calls ended; `None` while that is not known.
    pub outcome: Option<Outcome>,
}

/// How the calls of an intent ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// When the last call was answered, or given up.
    pub at: Time,
    /// One answer for each action, in their order.
    pub answers: Vec<Answer>,
    /// When an observation made after `at` first showed every action done; only then it is.
    pub shown_at: Option<Time>,
}

/// What the world said to one action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "type")]
pub enum Answer {
    /// It was done by this call.
    Written,
    /// It was so already: nothing was written.
    AlreadySo,
    /// Nothing was changed.
    Refused {
        /// What was said.
        message: String,
    },
    /// It may or may not have been done.
    Unknown {
        /// What was said, if anything.
        message: String,
    },
    /// The call was never made.
    NotSent {
        /// Why.
        why: String,
    },
}

/// An intent that was begun or closed out of turn: a defect of the caller.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IntentError {
    /// The last intent has no outcome yet: close it first.
    #[error("begin an intent: intent {0} has no outcome yet")]
    StillOpen(u64),
    /// There is no open intent.
    #[error("close an intent: none is open")]
    NoneOpen,
    /// Answers and actions do not pair up.
    #[error("close intent {number}: {answers} answers for {actions} actions")]
    AnswersMissing {
        /// The intent.
        number: u64,
        /// How many answers there are.
        answers: usize,
        /// How many actions there are.
        actions: usize,
    },
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Written => f.write_str("written"),
            Self::AlreadySo => f.write_str("it was so already"),
            Self::Refused { message } => write!(f, "not done: {message}"),
            Self::Unknown { message } => write!(f, "outcome unknown: {message}"),
            Self::NotSent { why } => write!(f, "not sent: {why}"),
        }
    }
}

impl Intent {
    /// Whether it is not known how the calls ended.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.outcome.is_none()
    }
}

impl Contents {
    /// Records an intent: to be saved, with the entries returned, before the first call.
    ///
    /// # Errors
    /// `StillOpen` while the last intent has no outcome.
    pub fn begin_intent(
        &mut self,
        at: Time,
        actions: Vec<Action>,
        why: &str,
    ) -> Result<Vec<Entry>, IntentError> {
        let last = match &self.intent {
            Some(intent) if intent.is_open() => return Err(IntentError::StillOpen(intent.number)),
            Some(intent) => intent.number,
            None => 0,
        };
        let number = last.saturating_add(1);
        let entries = actions.iter().enumerate().map(|(position, action)| Entry {
            at,
            happening: Happening::Intended {
                intent: number,
                position,
                action: action.clone(),
                why: why.to_owned(),
            },
        });
        let entries = entries.collect();
        self.intent = Some(Intent { number, at, actions, outcome: None });
        Ok(entries)
    }

    /// Records how the calls ended: to be saved with the entries returned.
    ///
    /// After a crash, when nobody knows, each answer is `Unknown`.
    ///
    /// # Errors
    /// `NoneOpen`; `AnswersMissing` unless there is one answer for each action.
    pub fn close_intent(
        &mut self,
        at: Time,
        answers: Vec<Answer>,
    ) -> Result<Vec<Entry>, IntentError> {
        let intent =
            self.intent.as_mut().filter(|intent| intent.is_open()).ok_or(IntentError::NoneOpen)?;
        let number = intent.number;
        if answers.len() != intent.actions.len() {
            return Err(IntentError::AnswersMissing {
                number,
                answers: answers.len(),
                actions: intent.actions.len(),
            });
        }
        let entries = answers.iter().enumerate().map(|(position, answer)| Entry {
            at,
            happening: Happening::Answered { intent: number, position, answer: answer.clone() },
        });
        let entries = entries.collect();
        intent.outcome = Some(Outcome { at, answers, shown_at: None });
        Ok(entries)
    }

    /// Closes an intent that a crash, or a save that failed, left open: nobody will ever know how
    /// its calls ended. What is live says what became of them, and the next plan rests on that.
    ///
    /// # Errors
    /// None while intents are only begun and closed here.
    pub fn close_lost(&mut self, at: Time) -> Result<Vec<Entry>, IntentError> {
        let Some(open) = self.intent.as_ref().filter(|intent| intent.is_open()) else {
            return Ok(Vec::new());
        };
        let lost = || Answer::Unknown { message: "the process ended before the answer".to_owned() };
        let answers = open.actions.iter().map(|_| lost()).collect();
        self.close_intent(at, answers)
    }

    /// Notes the first observation, made after the calls ended, that shows every action of the
    /// intent done. Returns whether there was something to note.
    pub fn note_shown(&mut self, observation: &Observation) -> bool {
        let Some(Intent { actions, outcome: Some(outcome), .. }) = &mut self.intent else {
            return false;
        };
        if outcome.shown_at.is_some() {
            return false;
        }
        let shown = actions.iter().all(|action| shows(observation, outcome.at, action));
        if shown {
            outcome.shown_at = Some(observation.at);
        }
        shown
    }
}

/// Whether what was read after `since` holds what `action` set.
fn shows(observation: &Observation, since: Time, action: &Action) -> bool {
    let scaling = |side| {
        let seen = observation.scaling.get(side);
        seen.at().filter(|at| *at >= since).and(seen.value()).and_then(Option::as_ref)
    };
    match action {
        Action::SetWeights { weights, .. } => {
            let seen = &observation.split;
            let split = seen.at().filter(|at| *at >= since).and(seen.value());
            split.is_some_and(|split| {
                weights.iter().all(|(key, pair)| split.weights.get(key) == Some(pair))
            })
        }
        Action::SetBounds { side, bounds, .. } => {
            scaling(*side).is_some_and(|target| target.bounds == *bounds)
        }
        Action::SetDesired { side, desired, .. } => {
            let seen = observation.services.get(*side);
            let service = seen.at().filter(|at| *at >= since).and(seen.value());
            service.is_some_and(|service| service.desired == *desired)
        }
        // One that has fired since is gone from the list: `at` says that it had its time.
        Action::PutScheduled { side, scheduled } => scaling(*side).is_some_and(|target| {
            target.scheduled.contains(scheduled) || scheduled.at <= observation.at
        }),
        Action::DeleteScheduled { side, name } => scaling(*side)
            .is_some_and(|target| target.scheduled.iter().all(|pending| pending.name != *name)),
    }
}
