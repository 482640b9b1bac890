//! A replayed week: load, tasks and slow requests, before and after.

use crate::story::{Segment, TimeAxis};
use crate::week::Week;

use super::axis::Axis;
use super::chart::draw;
use super::frame::Frame;
use super::ink::Ink;
use super::series::extent;
use super::{Figure, Key, Shape};

/// All figures, in the order of the page.
pub(crate) fn figures(week: &Week<'_>) -> Vec<Figure> {
    let legend = |before: &str, after: &str| {
        let old = week.before.is_some().then(|| Key::new(Ink::Ec2, Shape::Line, before));
        old.into_iter().chain([Key::new(Ink::Fargate, Shape::Line, after)]).collect()
    };
    let load = [Track { ink: Ink::Measured, values: week.rates }];
    let tasks = week.before.iter().map(|it| Track { ink: Ink::Ec2, values: it.tasks });
    let tasks: Vec<_> =
        tasks.chain([Track { ink: Ink::Fargate, values: week.after.tasks }]).collect();
    let slow = week.before.iter().map(|it| Track { ink: Ink::Ec2, values: it.slow_percent });
    let slow: Vec<_> =
        slow.chain([Track { ink: Ink::Fargate, values: week.after.slow_percent }]).collect();
    let drawn = |unit, name, tracks: &[Track<'_>]| {
        [Frame::wide(170, 30), Frame::narrow(150, 30)]
            .map(|frame| plot(week, frame, unit, name, tracks))
    };
    let [load_wide, load_narrow] = drawn("requests/s", "Requests per second over time", &load);
    let [tasks_wide, tasks_narrow] = drawn("tasks", "Tasks before and after over time", &tasks);
    let [slow_wide, slow_narrow] = drawn("% slow", "Slow requests before and after", &slow);
    vec![
        Figure {
            id: "load",
            title: "Load",
            caption: "Requests per second of the week that the search has not seen.".to_owned(),
            legend: vec![Key::new(Ink::Measured, Shape::Line, "requests per second")],
            wide: load_wide,
            narrow: load_narrow,
        },
        Figure {
            id: "tasks",
            title: "Tasks that serve",
            caption: "Replayed with the same chances for both policies.".to_owned(),
            legend: legend("live policy", "proposal"),
            wide: tasks_wide,
            narrow: tasks_narrow,
        },
        Figure {
            id: "slow",
            title: "Slow requests",
            caption: "Percent of each minute's requests that are slower than the objective asks."
                .to_owned(),
            legend: legend("live policy", "proposal"),
            wide: slow_wide,
            narrow: slow_narrow,
        },
    ]
}

struct Track<'a> {
    ink: Ink,
    /// One value for each minute.
    values: &'a [f64],
}

fn plot(
    week: &Week<'_>,
    frame: Frame,
    unit: &'static str,
    name: &str,
    tracks: &[Track<'_>],
) -> String {
    let segments: Vec<(Ink, Vec<Segment>)> =
        tracks.iter().map(|track| (track.ink, vec![points(track.values)])).collect();
    let high = extent(segments.iter().flat_map(|(_, s)| s)).map_or(1.0, |(_, high)| high);
    #[expect(clippy::cast_precision_loss, reason = "minutes of a week")]
    let hours = (week.rates.len() as f64 / 60.0).max(1.0);
    let time = TimeAxis { start: week.start, hours };
    draw(&time, frame, Axis::from_zero(high, unit), name, |chart| {
        segments.iter().try_for_each(|(ink, segments)| chart.lines(*ink, segments))
    })
}

/// Minutes as points at their middles, in hours.
fn points(values: &[f64]) -> Segment {
    #[expect(clippy::cast_precision_loss, reason = "minutes of a week")]
    let hour = |minute: usize| (minute as f64 + 0.5) / 60.0;
    values.iter().enumerate().map(|(minute, value)| (hour(minute), *value)).collect()
}
