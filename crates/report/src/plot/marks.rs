//! Events on plots: upright lines everywhere, markers with labels on the share's plot, and
//! the verdict as a strip under it.

use plotters::style::text_anchor::{HPos, VPos};
use rehearsal::record::{Entry, EntryKind};

use model::verdict::VerdictKind;

use crate::story::Story;

use super::chart::{Chart, Drawn};
use super::ink::Ink;

/// The pixels a marker stands above the plot.
const MARKER_ABOVE: i32 = 6;
/// The verdict's strip, in pixels below the plot.
const STRIP: (i32, i32) = (3, 9);

/// What of an event is drawn.
struct Mark {
    hour: f64,
    kind: MarkKind,
    label: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MarkKind {
    RollBack,
    End,
    Step,
    Fault,
}

/// The name of a fault's line in the timeline and of its marker: `F1`, `F2`, ... in order.
pub(crate) fn fault_name(number: usize) -> String {
    format!("F{number}")
}

/// An upright line at each step, rollback and fault, so that plots can be read together.
pub(crate) fn uprights(chart: &Chart<'_>, story: &Story<'_>) -> Drawn {
    for mark in marks(story) {
        match mark.kind {
            MarkKind::Step => chart.upright(Ink::StepLine, mark.hour)?,
            MarkKind::RollBack => chart.upright(Ink::RollBackLine, mark.hour)?,
            MarkKind::Fault => chart.upright(Ink::FaultLine, mark.hour)?,
            MarkKind::End => {}
        }
    }
    Ok(())
}

/// A marker and, where there is room, a label above the plot for each step, rollback, fault
/// and the end.
pub(crate) fn markers(chart: &Chart<'_>, story: &Story<'_>) -> Drawn {
    let mut marks = marks(story);
    // What matters most gets its label first.
    marks.sort_by_key(|mark| mark.kind.rank());
    let mut taken: Vec<(f64, f64)> = Vec::new();
    for mark in marks {
        let y = i32::try_from(chart.frame.top).unwrap_or(0) - MARKER_ABOVE;
        let (x, _) = chart.pixel((mark.hour, chart.axis.high()));
        let (ink, corners) = mark.kind.shape(x, y);
        chart.shape(ink, &corners)?;
        let half = chart.text_width(&mark.label) / 2.0 + 2.0;
        let low = half;
        let high = (f64::from(chart.frame.width) - half).max(low);
        let middle = f64::from(x).clamp(low, high);
        let place = (middle - half, middle + half);
        if taken.iter().any(|other| place.0 < other.1 && other.0 < place.1) {
            continue;
        }
        taken.push(place);
        #[expect(clippy::cast_possible_truncation, reason = "a pixel of the drawing")]
        let middle = middle as i32;
        chart.text(
            mark.kind.label_ink(),
            (middle, y - 6),
            HPos::Center,
            VPos::Bottom,
            &mark.label,
        )?;
    }
    Ok(())
}

/// The verdict over time as a strip below the plot; a gap where there are no samples.
pub(crate) fn verdicts(chart: &Chart<'_>, story: &Story<'_>) -> Drawn {
    let (top, bottom) = (chart.bottom() + STRIP.0, chart.bottom() + STRIP.1);
    let joined = |one: &&Entry, next: &&Entry| {
        one.verdict == next.verdict
            && story.hour(next.at) - story.hour(one.at) <= story.pause_hours_max
    };
    let mut runs = story.samples.chunk_by(joined).peekable();
    while let Some(run) = runs.next() {
        let ([first, ..], [.., last]) = (run, run) else { continue };
        // A verdict holds until the next sample says otherwise.
        let until = runs.peek().and_then(|next| next.first()).unwrap_or(last);
        let gap = story.hour(until.at) - story.hour(last.at) > story.pause_hours_max;
        let until = if gap { last } else { until };
        let ink = match first.verdict {
            VerdictKind::Advance => Ink::VerdictAdvance,
            VerdictKind::Hold => Ink::VerdictHold,
            VerdictKind::RollBack => Ink::VerdictRollBack,
        };
        chart.block(ink, (story.hour(first.at), story.hour(until.at)), top, bottom)?;
    }
    Ok(())
}

fn marks(story: &Story<'_>) -> Vec<Mark> {
    let mut faults = 0;
    let mut marks = Vec::new();
    for entry in story.events() {
        let (kind, label) = match entry.kind {
            EntryKind::Step => {
                let share = entry.share_wanted.or(entry.share_set);
                (MarkKind::Step, share.map_or(String::new(), |share| share.to_string()))
            }
            EntryKind::RollBack => (MarkKind::RollBack, "rolled back".to_owned()),
            EntryKind::Fault => {
                faults += 1;
                (MarkKind::Fault, fault_name(faults))
            }
            EntryKind::End => (MarkKind::End, "end".to_owned()),
            EntryKind::Sample | EntryKind::Scaling | EntryKind::Verdict | EntryKind::Event => {
                continue;
            }
        };
        marks.push(Mark { hour: story.hour(entry.at), kind, label });
    }
    marks
}

impl MarkKind {
    const fn rank(self) -> u8 {
        match self {
            Self::RollBack => 0,
            Self::End => 1,
            Self::Step => 2,
            Self::Fault => 3,
        }
    }

    const fn label_ink(self) -> Ink {
        match self {
            Self::RollBack => Ink::RollBack,
            Self::Fault => Ink::Fault,
            Self::Step | Self::End => Ink::Strong,
        }
    }

    /// Shapes differ as well as colours: up, down, diamond, square.
    fn shape(self, x: i32, y: i32) -> (Ink, Vec<(i32, i32)>) {
        match self {
            Self::Step => (Ink::Step, vec![(x - 4, y + 4), (x, y - 4), (x + 4, y + 4)]),
            Self::RollBack => (Ink::RollBack, vec![(x - 5, y - 4), (x, y + 5), (x + 5, y - 4)]),
            Self::Fault => (Ink::Fault, vec![(x, y - 5), (x + 4, y), (x, y + 5), (x - 4, y)]),
            Self::End => {
                (Ink::End, vec![(x - 4, y - 4), (x + 4, y - 4), (x + 4, y + 4), (x - 4, y + 4)])
            }
        }
    }
}
