//! Requests and healthy tasks of both sides.

use model::Side;
use rehearsal::record::Entry;

use crate::story::Story;

use super::axis::Axis;
use super::chart::draw;
use super::frame::Frame;
use super::ink::Ink;
use super::series::{between, down_to, extent};
use super::{Figure, Key, Shape, marks};

/// Requests per minute, EC2's on top of Fargate's.
pub(crate) fn requests(story: &Story<'_>) -> Figure {
    let fargate = story.segments(|entry| entry.requests_per_minute.fargate);
    // Where one side is not known the sum is not known either, and the stack has a gap.
    let both = story.segments(total);
    let below = story.segments(|entry| total(entry).and(entry.requests_per_minute.fargate));
    let high = extent(both.iter().chain(&fargate)).map_or(1.0, |(_, high)| high);
    let drawn = |frame: Frame| {
        let name = "Requests per minute of both sides over time, stacked";
        draw(&story.time, frame, Axis::from_zero(high, "requests/min"), name, |chart| {
            for (upper, lower) in both.iter().zip(&below) {
                chart.area(Ink::Ec2Tint, &between(&chart.thin(upper), &chart.thin(lower)))?;
            }
            for segment in &fargate {
                chart.area(Ink::FargateTint, &down_to(&chart.thin(segment), 0.0))?;
            }
            marks::uprights(chart, story)?;
            chart.lines(Ink::Ec2, &both)?;
            chart.lines(Ink::Fargate, &fargate)?;
            chart.note_if_empty(&[&both, &fargate])
        })
    };
    Figure {
        id: "requests",
        title: "Requests per minute",
        caption: "Stacked: Fargate's below, EC2's on top, so that the upper line is all traffic."
            .to_owned(),
        legend: vec![
            Key::new(Ink::Ec2, Shape::Line, "EC2, on top of Fargate's"),
            Key::new(Ink::Fargate, Shape::Line, "Fargate"),
        ],
        wide: drawn(Frame::wide(150, 30)),
        narrow: drawn(Frame::narrow(150, 30)),
    }
}

/// Healthy tasks, a line for each side.
pub(crate) fn tasks(story: &Story<'_>) -> Figure {
    let of = |side: Side| story.segments(|entry| entry.tasks.get(side).map(f64::from));
    let (ec2, fargate) = (of(Side::Ec2), of(Side::Fargate));
    let high = extent(ec2.iter().chain(&fargate)).map_or(1.0, |(_, high)| high);
    let drawn = |frame| {
        let name = "Healthy tasks of both sides over time";
        draw(&story.time, frame, Axis::from_zero(high, "tasks"), name, |chart| {
            chart.tinted_stairs(Ink::Ec2Tint, &ec2)?;
            chart.tinted_stairs(Ink::FargateTint, &fargate)?;
            marks::uprights(chart, story)?;
            chart.stairs(Ink::Ec2, &ec2)?;
            chart.stairs(Ink::Fargate, &fargate)?;
            chart.note_if_empty(&[&ec2, &fargate])
        })
    };
    Figure {
        id: "tasks",
        title: "Healthy tasks",
        caption: "Tasks that pass their health checks. EC2 keeps a reserve so that traffic can \
                  come back."
            .to_owned(),
        legend: vec![
            Key::new(Ink::Ec2, Shape::Line, "EC2"),
            Key::new(Ink::Fargate, Shape::Line, "Fargate"),
        ],
        wide: drawn(Frame::wide(150, 30)),
        narrow: drawn(Frame::narrow(150, 30)),
    }
}

fn total(entry: &Entry) -> Option<f64> {
    let requests = &entry.requests_per_minute;
    Some(requests.ec2? + requests.fargate?)
}
