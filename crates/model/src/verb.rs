//! Verbs: what an operator can say to a migration, and what becomes of it.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Share;
use crate::status::{Pin, Said, Status, Verbs};

/// What an operator can say to a migration. Each stands, stronger than the file, until `resume`;
/// only `advance` is used up, by the step that it allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "verb")]
pub enum Verb {
    /// No step forward; judging and going back go on.
    Pause,
    /// Takes back everything that was said, and re-arms after an automatic rollback.
    Resume,
    /// Take the next step without waiting for evidence or dwell.
    Advance,
    /// Send all traffic back to EC2 and keep it there.
    Rollback,
    /// Hold this share.
    Pin {
        /// Which.
        share: Share,
    },
    /// Write nothing at all, rollbacks included.
    Freeze,
}

/// What was said contradicts what already stands: nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{wanted}: {standing}; `resume` first")]
pub struct Contradiction {
    /// The verb that was refused.
    pub wanted: &'static str,
    /// What stands against it.
    pub standing: String,
}

impl Verb {
    /// The word that is typed and posted.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Advance => "advance",
            Self::Rollback => "rollback",
            Self::Pin { .. } => "pin",
            Self::Freeze => "freeze",
        }
    }
}

/// What will happen now, in a sentence.
impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pause => f.write_str(
                "No step forward is taken until `resume`; judging and going back go on.",
            ),
            Self::Resume => f.write_str("It goes on from the live share, by its file."),
            Self::Advance => {
                f.write_str("The next step waits for neither evidence nor dwell; one step only.")
            }
            Self::Rollback => f.write_str("All traffic goes back to EC2 and stays until `resume`."),
            Self::Pin { share } => write!(f, "The share is held at {share} until `resume`."),
            Self::Freeze => f.write_str("Nothing is written until `resume`, rollbacks included."),
        }
    }
}

impl Status {
    /// Takes what an operator said.
    ///
    /// Whatever stops traffic is always taken; going forward is refused against a word that
    /// stands, so that of two operators who speak at once the careful one wins (F29).
    ///
    /// # Errors
    /// [`Contradiction`]; nothing was changed.
    pub fn hear(&mut self, verb: Verb, said: Said) -> Result<(), Contradiction> {
        match verb {
            Verb::Pause => self.verbs.pause = Some(said),
            Verb::Freeze => self.verbs.freeze = Some(said),
            Verb::Resume => self.resume(),
            Verb::Rollback => {
                self.verbs.rollback = Some(said);
                self.verbs.advance = None;
                self.verbs.pin = None;
            }
            Verb::Pin { share } => {
                self.unless_going_back("pin")?;
                self.verbs.pin = Some(Pin { share, said });
                self.verbs.advance = None;
            }
            Verb::Advance => {
                self.unless_going_back("advance")?;
                self.unless_held("advance")?;
                self.verbs.advance = Some(said);
            }
        }
        Ok(())
    }

    fn unless_going_back(&self, wanted: &'static str) -> Result<(), Contradiction> {
        let standing = match (&self.verbs.rollback, &self.latch) {
            (Some(said), _) => format!("{} asked for a rollback", said.who),
            (None, Some(latch)) => format!("it was rolled back because {}", latch.reason),
            (None, None) => return Ok(()),
        };
        Err(Contradiction { wanted, standing })
    }

    fn unless_held(&self, wanted: &'static str) -> Result<(), Contradiction> {
        let Verbs { pause, pin, rollback: _, advance: _, freeze } = &self.verbs;
        let standing = match (freeze, pause, pin) {
            (Some(said), _, _) => format!("{} froze it", said.who),
            (None, Some(said), _) => format!("{} paused it", said.who),
            (None, None, Some(pin)) => format!("{} pinned it at {}", pin.said.who, pin.share),
            (None, None, None) => return Ok(()),
        };
        Err(Contradiction { wanted, standing })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Time;

    fn said(who: &str) -> Said {
        Said { who: who.to_owned(), at: Time::from_secs(0) }
    }

    fn heard(verbs: &[Verb]) -> Result<Status, Contradiction> {
        let mut status = Status::default();
        for verb in verbs {
            status.hear(*verb, said("alice"))?;
        }
        Ok(status)
    }

    #[test]
    fn going_forward_is_refused_against_a_word_that_stands() {
        for (standing, sentence) in [
            (Verb::Rollback, "advance: alice asked for a rollback; `resume` first"),
            (Verb::Pause, "advance: alice paused it; `resume` first"),
            (Verb::Freeze, "advance: alice froze it; `resume` first"),
            (
                Verb::Pin { share: Share::percent(10) },
                "advance: alice pinned it at 10%; `resume` first",
            ),
        ] {
            let refused = heard(&[standing, Verb::Advance]).unwrap_err();
            assert_eq!(refused.to_string(), sentence);
            heard(&[standing, Verb::Resume, Verb::Advance]).unwrap();
        }
        heard(&[Verb::Rollback, Verb::Pin { share: Share::percent(10) }]).unwrap_err();
    }

    #[test]
    fn whatever_stops_traffic_is_always_taken() {
        let all = [Verb::Pause, Verb::Freeze, Verb::Rollback];
        for first in all {
            for second in all {
                heard(&[first, second]).unwrap();
            }
        }
        let status = heard(&[Verb::Advance, Verb::Rollback]).unwrap();
        assert!(status.verbs.advance.is_none(), "the rollback wins");
    }

    #[test]
    fn resume_takes_everything_back() {
        let status = heard(&[Verb::Pause, Verb::Freeze, Verb::Rollback, Verb::Resume]).unwrap();
        assert_eq!(status, Status::default());
    }

    #[test]
    fn verbs_are_posted_by_their_names() {
        for verb in [
            Verb::Pause,
            Verb::Resume,
            Verb::Advance,
            Verb::Rollback,
            Verb::Pin { share: Share::percent(5) },
            Verb::Freeze,
        ] {
            let json = serde_json::to_value(verb).unwrap();
            assert_eq!(json["verb"], verb.name());
            assert_eq!(serde_json::from_value::<Verb>(json).unwrap(), verb);
        }
    }
}
