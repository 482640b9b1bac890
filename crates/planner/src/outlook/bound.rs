//! What a step waits for last, in words.

use std::fmt;

use model::spec::TimeZone;
use model::{Span, Time};

/// What something waits for last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bound {
    /// Clients that follow the weights.
    Settling(Span),
    /// The least time on a step.
    Dwell(Span),
    /// Minutes of high load that a proof must have seen.
    HighLoad(u32),
    /// A recurring surge that a proof must have seen.
    Surge(Time),
    /// The proof at its present rate.
    Proof(Span),
    /// A window of the calendar, in whose zone it is told.
    Window(Time, TimeZone),
    /// The end of a freeze, in whose zone it is told.
    Freeze(Time, TimeZone),
    /// An operator's word.
    Operator,
    /// Time at the last step.
    Bake(Span),
    /// Time without requests on EC2.
    Quiet(Span),
}

impl Bound {
    /// The bound's name for programs.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Settling(_) => "settling",
            Self::Dwell(_) => "dwell",
            Self::HighLoad(_) => "highLoad",
            Self::Surge(_) => "surge",
            Self::Proof(_) => "proof",
            Self::Window(..) => "window",
            Self::Freeze(..) => "freeze",
            Self::Operator => "operator",
            Self::Bake(_) => "bake",
            Self::Quiet(_) => "quiet",
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Settling(span) => write!(f, "clients take {span} to follow the weights"),
            Self::Dwell(span) => write!(f, "a step stands for `dwellMin`, {span}"),
            Self::HighLoad(minutes) => {
                write!(f, "the proof needs {minutes} minutes of high load")
            }
            Self::Surge(at) => {
                let at = at.to_jiff().strftime("%H:%M");
                write!(f, "the proof needs a surge, and the next is due at {at} UTC")
            }
            Self::Proof(span) => {
                write!(f, "the proof takes another {span} at the present rate")
            }
            Self::Window(at, zone) => write!(f, "the window opens {}", local(*at, zone)),
            Self::Freeze(at, zone) => write!(f, "the freeze ends {}", local(*at, zone)),
            Self::Operator => f.write_str("`advance: manual` waits for `ferry advance`"),
            Self::Bake(span) => write!(f, "the bake takes {span}"),
            Self::Quiet(span) => write!(f, "EC2 must be quiet for {span}"),
        }
    }
}

fn local(at: Time, zone: &TimeZone) -> String {
    let local = at.to_jiff().to_zoned(zone.to_jiff().clone());
    format!("{} {}", local.strftime("%a %H:%M"), zone.name())
}
