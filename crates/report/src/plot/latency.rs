//! The 99th percentile of latency on both sides, against the SLO.

use model::Side;

use crate::story::Story;

use super::axis::Axis;
use super::chart::draw;
use super::frame::Frame;
use super::ink::Ink;
use super::series::extent;
use super::{Figure, Key, Shape, marks};

pub(crate) fn figure(story: &Story<'_>) -> Figure {
    let of = |side: Side| story.segments(|entry| *entry.p99_ms.get(side));
    let (ec2, fargate) = (of(Side::Ec2), of(Side::Fargate));
    let slo = story.record.latency_slo_ms.filter(|slo| slo.is_finite() && *slo > 0.0);
    let (low, high) = extent(ec2.iter().chain(&fargate)).unwrap_or((0.0, 1.0));
    let (low, high) = slo.map_or((low, high), |slo| (low.min(slo), high.max(slo * 1.2)));
    let axis = Axis::fitting(low, high, "ms");
    let drawn = |frame| {
        let name = "99th percentile of latency of both sides over time, in milliseconds";
        draw(&story.time, frame, axis.clone(), name, |chart| {
            marks::uprights(chart, story)?;
            chart.bands(Ink::Ec2, Ink::Ec2Band, &ec2)?;
            chart.bands(Ink::Fargate, Ink::FargateBand, &fargate)?;
            chart.note_if_empty(&[&ec2, &fargate])?;
            match slo {
                Some(slo) => chart.threshold(Ink::Slo, slo, &format!("SLO {slo} ms")),
                None => Ok(()),
            }
        })
    };
    let mut legend = vec![
        Key::new(Ink::Ec2, Shape::Line, "EC2"),
        Key::new(Ink::Fargate, Shape::Line, "Fargate"),
    ];
    if slo.is_some() {
        legend.push(Key::new(Ink::Slo, Shape::Line, "latency SLO"));
    }
    let scale = if axis.is_logarithmic() { ", on a logarithmic scale" } else { "" };
    Figure {
        id: "latency",
        title: "Latency, 99th percentile",
        caption: format!(
            "Milliseconds{scale}. Lines are medians of neighbouring samples, bands reach from the \
             lowest to the highest. What was not measured is a gap."
        ),
        legend,
        wide: drawn(Frame::wide(210, 30)),
        narrow: drawn(Frame::narrow(190, 30)),
    }
}
