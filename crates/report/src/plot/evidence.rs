//! The evidence behind the verdicts, against its thresholds, in natural logarithms.

use model::verdict::Evidence;

use crate::story::Story;

use super::axis::Axis;
use super::chart::draw;
use super::frame::Frame;
use super::ink::Ink;
use super::series::{down_to, extent};
use super::{Figure, Key, Shape, marks};

/// Evidence beyond this many times its threshold is drawn at the plot's edge: it decides
/// nothing more and would flatten what does.
const THRESHOLDS_SHOWN: f64 = 2.0;

/// What the caption adds where something was drawn at the edge.
const CLIPPED: &str = " What lies beyond the plot is drawn at its edge.";

/// What tells the two plots of evidence apart.
struct Kind {
    id: &'static str,
    title: &'static str,
    name: &'static str,
    caption: &'static str,
    line: Ink,
    tint: Ink,
    label: &'static str,
    decides: &'static str,
    value: fn(&Evidence) -> Option<f64>,
    threshold: fn(&Evidence) -> f64,
}

/// Evidence that Fargate is worse.
pub(crate) fn harm(story: &Story<'_>) -> Figure {
    figure(
        story,
        &Kind {
            id: "harm",
            title: "Evidence of harm",
            name: "Evidence of harm over time against its threshold, in natural logarithms",
            caption: "ln M over all signals: how strongly the paired minutes say that Fargate is \
                  worse. Above its threshold it is proven, and traffic goes back if the policy \
                  asks for no more; `when: slo` asks that the budget burns as well.",
            line: Ink::Harm,
            tint: Ink::HarmTint,
            label: "harm, ln M",
            decides: "proven",
            value: |evidence| Some(evidence.harm),
            threshold: |evidence| evidence.harm_threshold,
        },
    )
}

/// Evidence that Fargate is no worse, of the signal that proves it least.
pub(crate) fn safe(story: &Story<'_>) -> Figure {
    figure(
        story,
        &Kind {
            id: "safe",
            title: "Evidence of safety",
            name: "Least evidence of safety over time against its threshold, in natural logarithms",
            caption: "ln E of the signal that proves least that Fargate is no worse; it starts anew \
                  at each step. Above its threshold the step may end, as it may when Fargate alone \
                  is proven to meet the SLO with most of its budget unspent.",
            line: Ink::Safe,
            tint: Ink::SafeTint,
            label: "safe, the weakest signal",
            decides: "may advance",
            value: |evidence| {
                // One signal that is not a number leaves the weakest unknown.
                let safe = || evidence.signals.values().map(|signal| signal.safe);
                if safe().all(f64::is_finite) { safe().reduce(f64::min) } else { None }
            },
            threshold: |evidence| evidence.safe_threshold,
        },
    )
}

fn figure(story: &Story<'_>, kind: &Kind) -> Figure {
    let values = story.segments(|entry| entry.evidence.as_ref().and_then(kind.value));
    let thresholds = story.segments(|entry| {
        entry.evidence.as_ref().map(kind.threshold).filter(|threshold| *threshold > 0.0)
    });
    // Thresholds can follow the deadline: the last one is named, all are drawn.
    let threshold = extent(&thresholds).map_or(1.0, |(_, high)| high);
    let (low, high) = extent(&values).unwrap_or((0.0, 0.0));
    let clipped = low < -threshold || high > threshold * THRESHOLDS_SHOWN;
    let low = low.clamp(-threshold, 0.0);
    let high = high.clamp(threshold * 1.3, threshold * THRESHOLDS_SHOWN);
    let last = thresholds.last().and_then(|segment| segment.last()).map(|(_, value)| *value);
    let drawn = |frame| {
        draw(&story.time, frame, Axis::linear(low, high, "nats"), kind.name, |chart| {
            for segment in &values {
                chart.area(kind.tint, &down_to(&chart.thin(segment), 0.0))?;
            }
            marks::uprights(chart, story)?;
            chart.lines(kind.line, &values)?;
            chart.lines(Ink::Threshold, &thresholds)?;
            chart.note_if_empty(&[&values])
        })
    };
    Figure {
        id: kind.id,
        title: kind.title,
        caption: format!("{}{}", kind.caption, if clipped { CLIPPED } else { "" }),
        legend: vec![
            Key::new(kind.line, Shape::Line, kind.label),
            Key::new(
                Ink::Threshold,
                Shape::Line,
                last.map_or("threshold".to_owned(), |last| {
                    format!("{} at {last:.1}", kind.decides)
                }),
            ),
        ],
        wide: drawn(Frame::wide(140, 30)),
        narrow: drawn(Frame::narrow(140, 30)),
    }
}
