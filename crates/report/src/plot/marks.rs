//! Events on plots: upright lines everywhere, markers with labels on the share's plot, and
//! the verdict as a strip under it.

use plotters::style::text_anchor::{HPos, VPos};
use rehearsal::record::{Entry, EntryKind};

use model::verdict::VerdictKind;

use crate::story::Story;

use super::chart::{Chart, Drawn};
use super::ink::Ink;

/// Half a marker's width with the room around it, in pixels.
const MARKER_HALF: i32 = 6;
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

/// The least width of a rollback's verdict, in pixels.
const ROLLBACK_WIDTH_MIN: f64 = 3.0;

/// Where above the plot a marker stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lane {
    Steps,
    Rollbacks,
    Faults,
}

impl Lane {
    /// The pixels from the plot to the marker's middle.
    const fn above(self) -> i32 {
        match self {
            Self::Steps => 6,
            Self::Rollbacks => 34,
            Self::Faults => 51,
        }
    }
}

/// A stretch of a lane, in pixels.
#[derive(Debug, Clone, Copy)]
struct Place {
    lane: Lane,
    from: i32,
    to: i32,
}

impl Place {
    fn is_free(self, chart: &Chart<'_>, taken: &[Self]) -> bool {
        let width = i32::try_from(chart.frame.width).unwrap_or(i32::MAX);
        let inside = self.from >= 0 && self.to <= width;
        let meets =
            |other: &Self| other.lane == self.lane && self.from < other.to && other.from < self.to;
        inside && !taken.iter().any(meets)
    }
}

impl Mark {
    fn x(&self, chart: &Chart<'_>) -> i32 {
        chart.pixel((self.hour, chart.axis.high())).0
    }

    /// Where its label may stand, the best place first.
    fn label_places(&self, chart: &Chart<'_>) -> impl Iterator<Item = Place> {
        let (lane, x) = (self.kind.lane(), self.x(chart));
        #[expect(clippy::cast_possible_truncation, reason = "pixels of a label")]
        let width = chart.text_width(&self.label) as i32 + 4;
        let starts = match lane {
            Lane::Steps => [x - width / 2, x - width],
            Lane::Rollbacks | Lane::Faults => [x + MARKER_HALF, x - MARKER_HALF - width],
        };
        starts.into_iter().map(move |from| Place { lane, from, to: from + width })
    }
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

/// Markers with labels above the plot in three lanes: steps and the end, rollbacks, faults.
/// A label without room is left out; its marker stays.
pub(crate) fn markers(chart: &Chart<'_>, story: &Story<'_>) -> Drawn {
    let marks = marks(story);
    let top = i32::try_from(chart.frame.top).unwrap_or(0);
    let mut taken: Vec<Place> = Vec::new();
    for mark in &marks {
        let lane = mark.kind.lane();
        let x = mark.x(chart);
        let (ink, corners) = mark.kind.shape(x, top - lane.above());
        chart.shape(ink, &corners)?;
        // Labels of steps stand above their markers, those of the other lanes beside them.
        if lane != Lane::Steps {
            taken.push(Place { lane, from: x - MARKER_HALF, to: x + MARKER_HALF });
        }
    }
    for mark in &marks {
        let lane = mark.kind.lane();
        let y = top - lane.above();
        let Some(place) = mark.label_places(chart).find(|place| place.is_free(chart, &taken))
        else {
            continue;
        };
        match lane {
            Lane::Steps => {
                let middle = i32::midpoint(place.from, place.to);
                let ink = mark.kind.label_ink();
                chart.text(ink, (middle, y - 6), HPos::Center, VPos::Bottom, &mark.label)?;
            }
            Lane::Rollbacks | Lane::Faults => {
                let ink = mark.kind.label_ink();
                chart.text(ink, (place.from + 2, y), HPos::Left, VPos::Center, &mark.label)?;
            }
        }
        taken.push(place);
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
    // A rollback's verdict is short and must not hide: it is drawn last and never too narrow.
    let width_min = chart.hours * ROLLBACK_WIDTH_MIN / f64::from(chart.frame.plot_width());
    let mut rollbacks = Vec::new();
    let mut runs = story.samples.chunk_by(joined).peekable();
    while let Some(run) = runs.next() {
        let ([first, ..], [.., last]) = (run, run) else { continue };
        // A verdict holds until the next sample says otherwise.
        let until = runs.peek().and_then(|next| next.first()).unwrap_or(last);
        let gap = story.hour(until.at) - story.hour(last.at) > story.pause_hours_max;
        let (from, to) = (story.hour(first.at), story.hour(if gap { last.at } else { until.at }));
        match first.verdict {
            VerdictKind::Advance => chart.block(Ink::VerdictAdvance, (from, to), top, bottom)?,
            VerdictKind::Hold => chart.block(Ink::VerdictHold, (from, to), top, bottom)?,
            VerdictKind::RollBack => rollbacks.push((from, to.max(from + width_min))),
        }
    }
    for hours in rollbacks {
        chart.block(Ink::VerdictRollBack, hours, top, bottom)?;
    }
    Ok(())
}

fn marks(story: &Story<'_>) -> Vec<Mark> {
    let mut faults = 0;
    let mut marks = Vec::new();
    for entry in story.events() {
        let (kind, label) = match entry.kind {
            EntryKind::Step => {
                (MarkKind::Step, entry.share_set.map_or(String::new(), |share| share.to_string()))
            }
            EntryKind::RollBack => (MarkKind::RollBack, rollback_label(story, entry)),
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

fn rollback_label(story: &Story<'_>, entry: &Entry) -> String {
    let rollbacks = &story.record.totals.rollbacks;
    rollbacks
        .iter()
        .find(|rollback| rollback.at == entry.at)
        .map_or("rolled back".to_owned(), |rollback| format!("rolled back from {}", rollback.from))
}

impl MarkKind {
    const fn lane(self) -> Lane {
        match self {
            Self::Step | Self::End => Lane::Steps,
            Self::RollBack => Lane::Rollbacks,
            Self::Fault => Lane::Faults,
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
