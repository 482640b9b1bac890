//! How fast each side spends its error budget.

use model::verdict::{Evidence, SignalEvidence};

use crate::story::Story;

use super::axis::Axis;
use super::chart::draw;
use super::frame::Frame;
use super::ink::Ink;
use super::series::extent;
use super::{Figure, Key, Shape, marks};

/// Burns above this are drawn at the plot's edge: beyond 14.4 an hour decides.
const BURN_SHOWN_MAX: f64 = 20.0;

pub(crate) fn figure(story: &Story<'_>) -> Figure {
    let of = |burn: fn(&SignalEvidence) -> f64| {
        story.segments(move |entry| entry.evidence.as_ref().and_then(|it| greatest(it, burn)))
    };
    let ec2 = of(|signal| signal.burn_ec2);
    let fargate = of(|signal| signal.burn_fargate);
    let highest = extent(&ec2).into_iter().chain(extent(&fargate)).map(|(_, high)| high);
    let high = highest.fold(1.3, f64::max).min(BURN_SHOWN_MAX);
    let exact = vec![vec![(0.0, 1.0), (story.time.hours, 1.0)]];
    let drawn = |frame| {
        let name = "Burn of the error budget over time, both sides";
        draw(&story.time, frame, Axis::linear(0.0, high, "times"), name, |chart| {
            marks::uprights(chart, story)?;
            chart.lines(Ink::Ec2, &ec2)?;
            chart.lines(Ink::Fargate, &fargate)?;
            chart.lines(Ink::Threshold, &exact)?;
            chart.note_if_empty(&[&ec2, &fargate])
        })
    };
    Figure {
        id: "burn",
        title: "Burn of the error budget",
        caption: "Over the last hour, of the objective that is worse off. At 1 the budget lasts \
                  exactly as long as it should; 14.4 on Fargate and not on EC2 goes back."
            .to_owned(),
        legend: vec![
            Key::new(Ink::Ec2, Shape::Line, "EC2"),
            Key::new(Ink::Fargate, Shape::Line, "Fargate"),
            Key::new(Ink::Threshold, Shape::Line, "spends it exactly"),
        ],
        wide: drawn(Frame::wide(140, 30)),
        narrow: drawn(Frame::narrow(140, 30)),
    }
}

/// The greatest burn of all signals; `None` without signals or where one is not a number.
fn greatest(evidence: &Evidence, burn: fn(&SignalEvidence) -> f64) -> Option<f64> {
    let burns = || evidence.signals.values().map(burn);
    if burns().all(f64::is_finite) { burns().reduce(f64::max) } else { None }
}
