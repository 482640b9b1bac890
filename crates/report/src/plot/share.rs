//! The share of traffic on Fargate: wanted, set and measured, with the events around it.

use model::Share;
use rehearsal::record::EntryKind;

use crate::story::Story;

use super::axis::Axis;
use super::chart::draw;
use super::frame::Frame;
use super::ink::Ink;
use super::{Figure, Key, Shape, marks};

pub(crate) fn figure(story: &Story<'_>) -> Figure {
    let percent = |share: Option<Share>| share.map(|share| share.ratio() * 100.0);
    let wanted = story.segments(|entry| percent(entry.share_wanted));
    let set = story.segments(|entry| percent(entry.share_set));
    let measured = story.segments(|entry| percent(entry.share_measured));
    let drawn = |frame| {
        let name = "Share of traffic on Fargate over time, in percent";
        draw(&story.time, frame, Axis::linear(0.0, 100.0, "%"), name, |chart| {
            chart.tinted_stairs(Ink::FargateTint, &set)?;
            marks::uprights(chart, story)?;
            chart.lines(Ink::Measured, &measured)?;
            chart.stairs(Ink::Fargate, &set)?;
            chart.stairs(Ink::Wanted, &wanted)?;
            chart.note_if_empty(&[&wanted, &set, &measured])?;
            marks::verdicts(chart, story)?;
            marks::markers(chart, story)
        })
    };
    let has = |kind| story.events().any(|entry| entry.kind == kind);
    let mut legend = vec![
        Key::new(Ink::Wanted, Shape::Line, "wanted"),
        Key::new(Ink::Fargate, Shape::Line, "set in the weights"),
        Key::new(Ink::Measured, Shape::Line, "measured from requests"),
    ];
    for (kind, ink, shape, label) in [
        (EntryKind::Step, Ink::Step, Shape::Up, "step"),
        (EntryKind::RollBack, Ink::RollBack, Shape::Down, "rollback"),
        (EntryKind::Fault, Ink::Fault, Shape::Diamond, "fault"),
    ] {
        if has(kind) {
            legend.push(Key::new(ink, shape, label));
        }
    }
    for (ink, label) in [
        (Ink::VerdictHold, "verdict hold"),
        (Ink::VerdictAdvance, "advance"),
        (Ink::VerdictRollBack, "roll back"),
    ] {
        legend.push(Key::new(ink, Shape::Area, label));
    }
    Figure {
        id: "share",
        title: "Traffic on Fargate",
        caption: format!(
            "Share of requests. {}The strip below the plot is the verdict. Days are UTC, weekends \
             are shaded.",
            if has(EntryKind::Fault) {
                "Diamonds stand where a fault begins or ends. "
            } else {
                ""
            }
        ),
        legend,
        wide: drawn(Frame::wide(280, 60)),
        narrow: drawn(Frame::narrow(210, 58)),
    }
}
