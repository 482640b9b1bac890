//! `GetMetricData`.

use std::collections::BTreeSet;

use model::Time;
use region::metric::MetricAsk;
use region::request::Request;

use super::invalid_token;
use super::metric::{Kind, Measured, Metric};
use super::statistic::Statistic;
use crate::input::Input;
use crate::inventory::digest;
use crate::refusal::Refusal;
use crate::value::{Fields, Value, members};
use crate::world::World;

/// Queries of one call (CloudWatch API reference, `GetMetricData`).
const QUERIES_MAX: usize = 500;
/// Data points of one answer at most, and where the request does not say (same place).
const POINTS_MAX: u32 = 100_800;
/// Minutes for which data points of a minute are kept (same place, "Retention").
const KEPT: i64 = 15 * 1_440;

/// One query.
#[derive(Debug, Clone)]
struct Query {
    id: String,
    label: String,
    is_returned: bool,
    /// `None` where nothing publishes the metric: no data, and complete.
    ask: Option<(MetricAsk, Measured)>,
}

/// The span and order that a request asks for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    /// The first minute, and the first that is not asked for.
    pub(super) from: i64,
    pub(super) until: i64,
}

impl Window {
    /// From the minute in which the span begins to the last that begins before its end.
    pub(super) fn read(input: &Input<'_>, now: Time) -> Result<Self, Refusal> {
        let (start, end) = (input.needed_time("StartTime")?, input.needed_time("EndTime")?);
        if start >= end {
            let message = "The parameter StartTime must be less than the parameter EndTime.";
            return Err(Refusal::exactly("ValidationError", 400, message));
        }
        let last = Time::from_millis(end.as_millis().saturating_sub(1));
        // What is older is gone, and what is to come is not there yet.
        let (oldest, newest) = (now.minute() - KEPT, now.minute() + 1);
        let from = start.minute().clamp(oldest, newest);
        Ok(Self { from, until: last.minute().saturating_add(1).clamp(from, newest) })
    }
}

/// Whole minutes of a period; `None` for the short ones, in which nothing here is published.
pub(super) fn period(input: &Input<'_>) -> Result<Option<i64>, Refusal> {
    let seconds = input.count("Period", 1, 86_400 * 365)?;
    let seconds = seconds.ok_or_else(|| Refusal::missing("the member Period is missing"))?;
    match seconds {
        1 | 5 | 10 | 20 | 30 => Ok(None),
        seconds if seconds % 60 == 0 => Ok(Some(i64::from(seconds / 60))),
        seconds => {
            let message =
                format!("Period {seconds} is none of 1, 5, 10, 20, 30 or a multiple of 60.");
            Err(Refusal::exactly("ValidationError", 400, message))
        }
    }
}

pub(super) fn get(world: &mut World<'_>, input: &Input<'_>) -> Result<Fields, Refusal> {
    let queries = input
        .list("MetricDataQueries")?
        .ok_or_else(|| Refusal::missing("the member MetricDataQueries is missing"))?;
    if queries.len() > QUERIES_MAX {
        let message = format!(
            "The collection MetricDataQueries must not have a size greater than {QUERIES_MAX}."
        );
        return Err(Refusal::invalid(message));
    }
    let window = Window::read(input, world.now)?;
    let queries: Vec<Query> =
        queries.iter().map(|query| read(world, query, window)).collect::<Result<_, _>>()?;
    check_ids(&queries)?;
    let is_descending = match input.text("ScanBy")? {
        None | Some("TimestampDescending") => true,
        Some("TimestampAscending") => false,
        Some(other) => {
            let message = format!("ScanBy is {other}, neither TimestampDescending nor -Ascending");
            return Err(Refusal::invalid(message));
        }
    };
    let most = input.count("MaxDatapoints", 1, POINTS_MAX)?.unwrap_or(POINTS_MAX);
    let print = digest(&[&format!("{window:?}{is_descending}{queries:?}")], 12);
    let begin = match input.text("NextToken")? {
        None => (0, 0),
        Some(token) => place_of(token, &print).ok_or_else(|| invalid_token(token))?,
    };
    let returned: Vec<&Query> = queries.iter().filter(|query| query.is_returned).collect();
    let series = series(world, &returned, is_descending)?;
    let (results, next) = page(&returned, series, begin, most as usize);
    let next = next.map(|(query, point)| format!("{print}-{query}-{point}"));
    Ok(Fields::new()
        .with("MetricDataResults", members(results))
        .with_some("NextToken", next)
        .with("Messages", members::<Fields>([])))
}

fn read(world: &World<'_>, input: &Input<'_>, window: Window) -> Result<Query, Refusal> {
    let refuse = |message: String| Refusal::exactly("ValidationError", 400, message);
    let id = input.needed_text("Id")?.to_owned();
    if input.has("Expression") {
        let message = "This region has no metric math: give MetricStat and no Expression.";
        return Err(refuse(message.to_owned()));
    }
    let stat = input.needed("MetricStat")?;
    let metric = Metric::read(&stat.needed("Metric")?)?;
    let text = stat.needed_text("Stat")?;
    let statistic = Statistic::parse(text).ok_or_else(|| {
        refuse(format!(
            "The value {text} for parameter MetricDataQueries.member.MetricStat.Stat is not \
             supported: this region has SampleCount, Average, Sum, Minimum, Maximum, pNN.NN, \
             TC(a:b) and PR(a:b) with absolute bounds."
        ))
    })?;
    let period = period(&stat)?;
    let unit = stat.text("Unit")?;
    let found = metric.find(world.inventory).filter(|(kind, _)| {
        // A unit that the metric does not have selects nothing.
        unit.is_none_or(|unit| unit == kind.unit())
    });
    let ask = match (found, period) {
        (Some((kind, of)), Some(period)) => {
            let measured = measured(kind, statistic, &metric, text)?;
            let Window { from, until } = window;
            let measure = measured.measure();
            Some((MetricAsk { of, measure, period, from, until }, measured))
        }
        (Some(_), None) | (None, _) => None,
    };
    let label = input.text("Label")?.unwrap_or(&metric.name).to_owned();
    let is_returned = input.flag("ReturnData")?.unwrap_or(true);
    Ok(Query { id, label, is_returned, ask })
}

pub(super) fn measured(
    kind: Kind,
    statistic: Statistic,
    metric: &Metric,
    text: &str,
) -> Result<Measured, Refusal> {
    kind.measure(statistic).ok_or_else(|| {
        let message = format!("This region has no {text} of {}.", metric.name);
        Refusal::exactly("ValidationError", 400, message)
    })
}

/// Ids begin with a small letter and stand once.
fn check_ids(queries: &[Query]) -> Result<(), Refusal> {
    let mut seen = BTreeSet::new();
    for Query { id, .. } in queries {
        let is_id = id.starts_with(|letter: char| letter.is_ascii_lowercase())
            && id.len() <= 255
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !is_id {
            let message = format!(
                "The value {id} for parameter MetricDataQueries.member.Id is not matching the \
                 expected pattern ^[a-z][a-zA-Z0-9_]*$."
            );
            return Err(Refusal::exactly("ValidationError", 400, message));
        }
        if !seen.insert(id) {
            let message = format!(
                "The values for parameter id in MetricDataQueries are not \
                                   unique: {id} stands twice."
            );
            return Err(Refusal::exactly("ValidationError", 400, message));
        }
    }
    Ok(())
}

type Points = Vec<(Time, f64)>;

/// The values of each query, in the order asked for, by one call of the region.
fn series(
    world: &mut World<'_>,
    queries: &[&Query],
    is_descending: bool,
) -> Result<Vec<Points>, Refusal> {
    let asks = queries.iter().filter_map(|query| query.ask.as_ref());
    let requests: Vec<Request<'_>> = asks.map(|(ask, _)| Request::GetMetric { ask }).collect();
    let mut answers = world.call("cloudwatch:GetMetricData", false, &requests)?.into_iter();
    let mut series = Vec::with_capacity(queries.len());
    for query in queries {
        let answer = query.ask.as_ref().and_then(|(_, measured)| Some((answers.next()?, measured)));
        let mut points: Points = match answer {
            Some((answer, measured)) => {
                let points = answer.datapoints()?.into_iter();
                points.map(|(at, it)| (Time::from_minute(at), measured.value(it))).collect()
            }
            None => Vec::new(),
        };
        if is_descending {
            points.reverse();
        }
        series.push(points);
    }
    Ok(series)
}

/// A place in an answer: a query, and how many of its points have been told.
type Place = (usize, usize);

fn place_of(token: &str, print: &str) -> Option<Place> {
    let mut parts = token.split('-');
    let is_same = parts.next() == Some(print);
    let place = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    (is_same && parts.next().is_none()).then_some(place)
}

/// At most `most` points from a place on, and where the rest begins.
fn page(
    queries: &[&Query],
    series: Vec<Points>,
    (first, told): Place,
    most: usize,
) -> (Vec<Fields>, Option<Place>) {
    let (mut results, mut left) = (Vec::new(), most);
    for (place, (query, points)) in queries.iter().zip(series).enumerate().skip(first) {
        let begin = if place == first { told.min(points.len()) } else { 0 };
        if left == 0 && begin < points.len() {
            return (results, Some((place, begin)));
        }
        let end = begin.saturating_add(left).min(points.len());
        let part = points.get(begin..end).unwrap_or_default();
        left -= part.len();
        let is_whole = end == points.len();
        results.push(result(query, part, is_whole));
        if !is_whole {
            return (results, Some((place, end)));
        }
    }
    (results, None)
}

fn result(query: &Query, points: &[(Time, f64)], is_whole: bool) -> Fields {
    Fields::new()
        .with("Id", &query.id)
        .with("Label", &query.label)
        .with("Timestamps", members(points.iter().map(|(at, _)| Value::Time(*at))))
        .with("Values", members(points.iter().map(|(_, value)| Value::Number(*value))))
        .with("StatusCode", if is_whole { "Complete" } else { "PartialData" })
}
