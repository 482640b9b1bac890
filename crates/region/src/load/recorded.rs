//! Loads recorded in CSV files.

use model::Time;

use super::{Load, RATE_MAX};
use crate::Error;

/// A load read from a file, with what had to be made up.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// The load; its first minute is the file's first instant, wherever the region starts.
    pub load: Load,
    /// What the file held.
    pub report: LoadReport,
    /// The file's first instant; `None` where its minutes count from no date.
    pub start: Option<Time>,
}

/// What a load file held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoadReport {
    /// Rows of values.
    pub rows: usize,
    /// The most common difference between two rows, in seconds.
    pub period_seconds: u64,
    /// Places where rows are missing.
    pub gaps: usize,
    /// Rows that are missing there and were interpolated.
    pub interpolated: usize,
    /// Minutes the file covers.
    pub minutes: usize,
}

/// Minutes a file may cover: ten years, so that one wrong timestamp cannot ask for all memory.
const MINUTES_MAX: i64 = 10 * 366 * 1440;
/// Rows a file may have: ten years of ten-second values are 32 million; one is enough of them.
const ROWS_MAX: usize = 10_000_000;
/// A step longer than this many periods is a gap; clocks that write rows wander less.
const GAP_PERIODS: f64 = 1.5;

/// Seconds of a year: integers below are minutes of a trace and not of the epoch.
const DATES_FROM: i64 = 31_536_000;

/// What the two columns mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// `timestamp,value`: requests in the period that begins there.
    Counts,
    /// `minute,rps`: a rate during the minute.
    Rates,
}

struct Row {
    line: u64,
    second: i64,
    value: f64,
}

impl Recorded {
    /// Reads `timestamp,value` (requests in the period) or `minute,rps` (a rate).
    ///
    /// Columns may come in any order; timestamps are RFC 3339 or `2026-01-05 00:00[:00]`, in UTC
    /// where they name no zone; minutes are integers or timestamps.
    ///
    /// # Errors
    /// [`Error::LoadRow`] names the first line that is malformed, not a number, negative, too
    /// large, a duplicate or out of order; [`Error::Load`] says what is wrong with the whole.
    pub fn read(text: &str) -> Result<Self, Error> {
        let (shape, rows) = rows(text)?;
        let period = period(shape, &rows)?;
        let first = rows.first().map_or(0, |row| row.second);
        let last = rows.last().map_or(0, |row| row.second);
        let minutes = (last - first + period + 59).div_euclid(60);
        let scale = match shape {
            #[expect(clippy::cast_precision_loss, reason = "a period is below ten years")]
            Shape::Counts => 1.0 / period as f64,
            Shape::Rates => 1.0,
        };
        let points: Vec<(f64, f64)> = rows
            .iter()
            .map(|row| (centre(row.second - first, period), row.value * scale))
            .collect();
        if let Some((row, _)) = rows.iter().zip(&points).find(|(_, (_, rate))| *rate > RATE_MAX) {
            return Err(too_large(row.line, row.value));
        }
        let (gaps, interpolated) = gaps(&rows, period);
        let load = Load::new(resample(&points, minutes))?;
        let report = LoadReport {
            rows: rows.len(),
            period_seconds: period.unsigned_abs(),
            gaps,
            interpolated,
            minutes: usize::try_from(minutes).unwrap_or(0),
        };
        // Minutes that are counted from zero are far from any date.
        let start = (first >= DATES_FROM).then(|| Time::from_secs(first));
        Ok(Self { load, report, start })
    }
}

/// The middle of the period that begins at `second`.
#[expect(clippy::cast_precision_loss, reason = "seconds of ten years are far below 2^53")]
fn centre(second: i64, period: i64) -> f64 {
    second as f64 + 0.5 * period as f64
}

/// Reads all rows and holds each against the one before it.
fn rows(text: &str) -> Result<(Shape, Vec<Row>), Error> {
    // Spreadsheets put a byte order mark in front.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| malformed(&error))?.clone();
    let column = |name: &str| header.iter().position(|field| field.eq_ignore_ascii_case(name));
    let (shape, when, what) = match (
        column("timestamp").zip(column("value")),
        column("minute").zip(column("rps")),
    ) {
        (Some((when, what)), None) => (Shape::Counts, when, what),
        (None, Some((when, what))) => (Shape::Rates, when, what),
        (Some(_), Some(_)) | (None, None) => {
            return Err(Error::LoadRow {
                line: 1,
                problem: format!("the header is `{}`", header.iter().collect::<Vec<_>>().join(",")),
                remedy: "write `timestamp,value` with requests in the period, or `minute,rps` with a rate",
            });
        }
    };
    let mut rows: Vec<Row> = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| malformed(&error))?;
        let line = record.position().map_or(0, csv::Position::line);
        let second = second(shape, line, record.get(when).unwrap_or(""))?;
        let value = value(line, record.get(what).unwrap_or(""))?;
        if let Some(before) = rows.last() {
            in_order(before, second, line)?;
        }
        rows.push(Row { line, second, value });
        if rows.len() > ROWS_MAX {
            return Err(Error::LoadRow {
                line,
                problem: format!("more than {ROWS_MAX} rows"),
                remedy: "sum them to minutes first",
            });
        }
    }
    check_span(&rows)?;
    Ok((shape, rows))
}

fn check_span(rows: &[Row]) -> Result<(), Error> {
    if let (Some(first), Some(last)) = (rows.first(), rows.last())
        && last.second.saturating_sub(first.second) > MINUTES_MAX * 60
    {
        // The longest step is where the wrong timestamp is.
        let steps = rows.iter().zip(rows.iter().skip(1));
        let line = steps
            .max_by_key(|(a, b)| b.second.saturating_sub(a.second))
            .map_or(last.line, |(_, b)| b.line);
        return Err(Error::LoadRow {
            line,
            problem: "the file covers more than ten years".to_owned(),
            remedy: "correct the timestamp, or cut the file",
        });
    }
    Ok(())
}

fn malformed(error: &csv::Error) -> Error {
    let line = error.position().map_or(1, csv::Position::line);
    let problem = if let csv::ErrorKind::UnequalLengths { expected_len, len, .. } = error.kind() {
        format!("{len} fields where the header has {expected_len}")
    } else {
        "not readable as CSV".to_owned()
    };
    Error::LoadRow { line, problem, remedy: "write one time and one value, separated by a comma" }
}

fn second(shape: Shape, line: u64, text: &str) -> Result<i64, Error> {
    let integer = match shape {
        Shape::Counts => None,
        Shape::Rates => text.parse::<i64>().ok().and_then(|minute| minute.checked_mul(60)),
    };
    integer.or_else(|| timestamp(text)).ok_or_else(|| Error::LoadRow {
        line,
        problem: format!("`{text}` is not a time"),
        remedy: match shape {
            Shape::Counts => "write 2026-01-05T00:00:00Z or 2026-01-05 00:00",
            Shape::Rates => "write the minute as an integer or as 2026-01-05T00:00:00Z",
        },
    })
}

/// Seconds since the epoch; without a zone the time is UTC.
fn timestamp(text: &str) -> Option<i64> {
    if let Ok(time) = text.parse::<Time>() {
        return Some(time.as_secs());
    }
    let civil: jiff::civil::DateTime = text.parse().ok()?;
    // A bare date is a day, not an instant of it.
    if !text.contains(':') {
        return None;
    }
    civil.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp().as_second())
}

fn value(line: u64, text: &str) -> Result<f64, Error> {
    let bad = |problem: String, remedy| Err(Error::LoadRow { line, problem, remedy });
    match text.parse::<f64>() {
        Err(_) if text.is_empty() => {
            bad("the value is missing".to_owned(), "leave the row out, and it is interpolated")
        }
        Err(_) => bad(format!("`{text}` is not a number"), "write a number, such as 820 or 13.5"),
        Ok(value) if value.is_nan() => {
            bad(format!("the value is `{text}`"), "leave the row out, and it is interpolated")
        }
        Ok(value) if value < 0.0 => {
            bad(format!("the value {text} is negative"), "requests cannot be below 0: correct it")
        }
        // Whatever the period, nobody has this many requests in ten years.
        Ok(value) if value > RATE_MAX * 366.0 * 86_400.0 => Err(too_large(line, value)),
        Ok(value) => Ok(value),
    }
}

fn too_large(line: u64, value: f64) -> Error {
    Error::LoadRow {
        line,
        problem: format!("the value {value} is more than 100 million requests a second"),
        remedy: "correct it, or leave the row out",
    }
}

fn in_order(before: &Row, second: i64, line: u64) -> Result<(), Error> {
    match second.cmp(&before.second) {
        std::cmp::Ordering::Greater => Ok(()),
        std::cmp::Ordering::Equal => Err(Error::LoadRow {
            line,
            problem: format!("the time is that of line {}", before.line),
            remedy: "keep one of the two rows",
        }),
        std::cmp::Ordering::Less => Err(Error::LoadRow {
            line,
            problem: format!("the time is before that of line {}", before.line),
            remedy: "sort the rows by time",
        }),
    }
}

/// The most common difference between two rows, the smallest of equally common ones.
fn period(shape: Shape, rows: &[Row]) -> Result<i64, Error> {
    let mut steps: Vec<i64> =
        rows.iter().zip(rows.iter().skip(1)).map(|(a, b)| b.second - a.second).collect();
    steps.sort_unstable();
    let common = steps
        .chunk_by(|a, b| a == b)
        .max_by_key(|chunk| (chunk.len(), std::cmp::Reverse(chunk.first().copied())))
        .and_then(|chunk| chunk.first().copied());
    match (common, shape, rows.len()) {
        (Some(step), _, _) => Ok(step),
        (None, Shape::Rates, 1) => Ok(60),
        (None, _, found) => Err(Error::Load {
            problem: format!("the file has {found} rows of values"),
            remedy: "give at least two, so that the period is known",
        }),
    }
}

fn gaps(rows: &[Row], period: i64) -> (usize, usize) {
    let mut found = (0, 0);
    for (a, b) in rows.iter().zip(rows.iter().skip(1)) {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            clippy::cast_sign_loss,
            reason = "a ratio of two positive spans below ten years"
        )]
        {
            let periods = (b.second - a.second) as f64 / period as f64;
            if periods > GAP_PERIODS {
                found.0 += 1;
                found.1 += libm::round(periods).max(2.0) as usize - 1;
            }
        }
    }
    found
}

/// One rate for each minute: the mean of the points inside it, or between its neighbours.
fn resample(points: &[(f64, f64)], minutes: i64) -> Vec<f64> {
    let mut next = 0;
    let mut rates = Vec::with_capacity(usize::try_from(minutes).unwrap_or(0));
    for minute in 0..minutes {
        #[expect(clippy::cast_precision_loss, reason = "minutes of ten years")]
        let start = minute as f64 * 60.0;
        let (mut sum, mut count) = (0.0, 0.0);
        while let Some((_, rate)) = points.get(next).filter(|(at, _)| *at < start + 60.0) {
            sum += rate;
            count += 1.0;
            next += 1;
        }
        rates.push(if count > 1.0 { sum / count } else { between(points, next, start + 30.0) });
    }
    rates
}

/// The rate at `at`, where `next` is the first point after that minute.
fn between(points: &[(f64, f64)], next: usize, at: f64) -> f64 {
    // The minute's own point, if it has one, may lie on either side of its centre.
    let next = match next.checked_sub(1).and_then(|own| points.get(own)) {
        Some((own, _)) if *own >= at => next - 1,
        Some(_) | None => next,
    };
    let before = next.checked_sub(1).and_then(|index| points.get(index));
    match (before, points.get(next)) {
        (Some((x0, y0)), Some((x1, y1))) => y0 + (y1 - y0) * (at - x0) / (x1 - x0),
        (Some((_, rate)), None) | (None, Some((_, rate))) => *rate,
        (None, None) => 0.0,
    }
}

#[cfg(test)]
#[expect(
    clippy::float_cmp,
    clippy::cast_precision_loss,
    reason = "small numbers that are given back as they are"
)]
mod tests;
