//! `GetMetricStatistics`: several statistics of one metric.

use std::collections::BTreeMap;

use model::Time;
use region::metric::MetricAsk;
use region::request::Request;

use super::data::{Window, measured, period};
use super::metric::Metric;
use super::statistic::Statistic;
use crate::input::Input;
use crate::refusal::Refusal;
use crate::value::{Fields, Value, members};
use crate::world::World;

/// Data points of one answer (CloudWatch API reference, `GetMetricStatistics`).
const POINTS_MAX: i64 = 1_440;
const STATISTICS: [&str; 5] = ["SampleCount", "Average", "Sum", "Minimum", "Maximum"];

/// The values of a minute: of plain statistics by their names, then of extended ones.
type Point = (Fields, Vec<(String, Value)>);

pub(super) fn get(world: &mut World<'_>, input: &Input<'_>) -> Result<Fields, Refusal> {
    let metric = Metric::read(input)?;
    let window = Window::read(input, world.now)?;
    let plain = input.texts("Statistics")?.unwrap_or_default();
    let extended = input.texts("ExtendedStatistics")?.unwrap_or_default();
    if plain.is_empty() && extended.is_empty() {
        let message = "Must specify either Statistics or ExtendedStatistics";
        return Err(Refusal::missing(message));
    }
    if let Some(other) = plain.iter().find(|text| !STATISTICS.contains(text)) {
        return Err(Refusal::invalid(format!("{other} is no statistic: an extended one?")));
    }
    let period = period(input)?;
    let count = period.map_or(0, |period| (window.until - window.from) / period);
    if count > POINTS_MAX {
        let message = format!(
            "You have requested up to {count} datapoints, which exceeds the limit of \
             {POINTS_MAX}. You may reduce the datapoints requested by increasing Period, or \
             decreasing the time range."
        );
        return Err(Refusal::exactly("InvalidParameterCombination", 400, message));
    }
    let found = metric.find(world.inventory);
    let unit = found.as_ref().map(|(kind, _)| kind.unit());
    let mut asks = Vec::new();
    if let (Some((kind, of)), Some(period)) = (found, period) {
        for text in plain.iter().chain(&extended) {
            let statistic = Statistic::parse(text)
                .ok_or_else(|| Refusal::invalid(format!("This region has no statistic {text}")))?;
            let measured = measured(kind, statistic, &metric, text)?;
            let Window { from, until } = window;
            let (of, measure) = (of.clone(), measured.measure());
            asks.push((*text, MetricAsk { of, measure, period, from, until }, measured));
        }
    }
    let requests: Vec<Request<'_>> =
        asks.iter().map(|(_, ask, _)| Request::GetMetric { ask }).collect();
    let answers = world.call("cloudwatch:GetMetricStatistics", false, &requests)?;
    let mut points: BTreeMap<i64, Point> = BTreeMap::new();
    for ((text, _, measured), answer) in asks.iter().zip(answers) {
        for (minute, value) in answer.datapoints()? {
            let (fields, others) = points.entry(minute).or_default();
            let value = Value::Number(measured.value(value));
            match STATISTICS.into_iter().find(|name| name == text) {
                Some(name) => fields.0.push((name, value)),
                None => others.push(((*text).to_owned(), value)),
            }
        }
    }
    let point = |(minute, (fields, others)): (i64, Point)| {
        let others = (!others.is_empty()).then_some(Value::Map(others));
        let mut point = Fields::new().with("Timestamp", Time::from_minute(minute));
        point.0.extend(fields.0);
        point.with_some("Unit", unit).with_some("ExtendedStatistics", others)
    };
    let points = members(points.into_iter().map(point));
    Ok(Fields::new().with("Label", &metric.name).with("Datapoints", points))
}
