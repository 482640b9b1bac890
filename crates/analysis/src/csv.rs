//! Recorded minutes as CSV: what `ferry judge` reads, and how any recording is read.
//!
//! `minute,side,requests,slow,slow_slo,slow_p90,slow_p50,errors` and, optionally,
//! `share,tasks,cpu_percent,release`, in any order, one row per minute and side. A missing row is
//! missing data, and so is an empty field. [`rows`] reads the same with other columns.

use std::collections::BTreeMap;

use model::minute::{Context, Counts, Minute};
use model::{Share, Side, Time};

/// The columns of a kind of recording, `minute` and `side` among the required ones.
#[derive(Debug, Clone, Copy)]
pub struct Layout {
    /// The columns every file has.
    pub required: &'static [&'static str],
    /// The columns a file may have.
    pub optional: &'static [&'static str],
}

/// What a judge reads.
const JUDGED: Layout = Layout {
    required: &["minute", "side", "requests", "slow", "slow_slo", "slow_p90", "slow_p50", "errors"],
    optional: &["share", "tasks", "cpu_percent", "release"],
};
/// A year beyond 20,000 is a mistake.
const MINUTE_MAX: i64 = 9_000_000_000;
/// No service gets a million million requests a minute.
const COUNT_MAX: u64 = 1_000_000_000_000;

/// Recorded minutes in order, and how the file wrote them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    /// One row per minute and side.
    pub minutes: Vec<Minute>,
    /// How the file writes minutes.
    pub form: MinuteForm,
}

/// How a file writes minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MinuteForm {
    /// As integers.
    Number,
    /// As RFC 3339 times.
    Time,
}

impl MinuteForm {
    /// A minute as the file would write it.
    #[must_use]
    pub fn write(self, minute: i64) -> String {
        match self {
            Self::Number => minute.to_string(),
            Self::Time => Time::from_minute(minute.clamp(-MINUTE_MAX, MINUTE_MAX)).to_string(),
        }
    }
}

/// What is wrong with a file, where, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct Error {
    /// The line, counted from 1, the header included.
    pub line: u64,
    /// What is wrong there.
    pub problem: Problem,
}

/// What can be wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// There is no header, or a required column is not in it.
    #[error("the header lacks `{column}`: begin the file with {header}")]
    MissingColumn {
        /// The first column that is not there.
        column: &'static str,
        /// What the header must hold.
        header: String,
    },
    /// A column that means nothing here.
    #[error("unknown column `{column}`: remove it, or name it one of {known}")]
    UnknownColumn {
        /// Its name.
        column: String,
        /// The columns a file may have.
        known: String,
    },
    /// A column that is there twice.
    #[error("column `{column}` stands twice: keep one")]
    RepeatedColumn {
        /// Its name.
        column: String,
    },
    /// A row with more or fewer fields than the header.
    #[error("{found} fields where the header has {expected}: add or remove commas")]
    FieldCount {
        /// How many there are.
        found: usize,
        /// How many the header has.
        expected: usize,
    },
    /// A field that cannot be read.
    #[error("{column} is `{value}`: {remedy}")]
    Value {
        /// The column.
        column: &'static str,
        /// What is written there.
        value: String,
        /// What to write instead.
        remedy: &'static str,
    },
    /// More bad requests than requests.
    #[error("{column} is {value} of {requests} requests: a part cannot exceed the whole")]
    Impossible {
        /// The column.
        column: &'static str,
        /// Its value.
        value: u64,
        /// The row's requests.
        requests: u64,
    },
    /// The same minute and side again.
    #[error("a second row for minute {minute} of {side}: keep one row per minute and side")]
    Duplicate {
        /// The minute.
        minute: String,
        /// The side.
        side: Side,
    },
    /// A minute before the one above it.
    #[error("minute {minute} comes after {previous}: sort the rows by minute")]
    OutOfOrder {
        /// The minute.
        minute: String,
        /// The minute of the row above.
        previous: String,
    },
    /// Numbers and times in one file.
    #[error(
        "minute is `{value}`, unlike the rows above: write all minutes as integers or all as RFC 3339 times"
    )]
    MixedMinutes {
        /// What is written there.
        value: String,
    },
    /// Bytes that are no CSV.
    #[error("not readable as CSV: close every quote that is opened")]
    Unreadable,
    /// A header and nothing else.
    #[error("no rows after the header: record at least one minute")]
    Empty,
}

/// Reads a recording.
///
/// # Errors
/// The first thing that is wrong, with its line.
pub fn parse(text: &str) -> Result<Recording, Error> {
    let mut minutes = Vec::new();
    let form = rows(text, JUDGED, |row| {
        let field = |column| row.field(column);
        minutes.push(Minute {
            minute: row.minute,
            side: row.side,
            revision: 0,
            seen_at: Time::from_minute(row.minute + 1),
            counts: counts(&field)?,
            context: context(&field)?,
        });
        Ok(())
    })?;
    Ok(Recording { minutes, form })
}

/// A row of a recording.
#[derive(Debug)]
pub struct Row<'r> {
    /// The minute, counted from the epoch where the file has times.
    pub minute: i64,
    /// Whose row it is.
    pub side: Side,
    columns: &'r Columns,
    record: &'r csv::StringRecord,
}

impl Row<'_> {
    /// The field of a column; `None` where the column is absent or the field is empty.
    #[must_use]
    pub fn field(&self, column: &str) -> Option<&str> {
        self.columns.field(self.record, column)
    }
}

/// Gives `take` the rows of a recording in order, one for each minute and side.
///
/// # Errors
/// The first thing that is wrong, with its line: what `take` refuses, or rows that are no
/// recording.
pub fn rows(
    text: &str,
    layout: Layout,
    mut take: impl FnMut(&Row<'_>) -> Result<(), Problem>,
) -> Result<MinuteForm, Error> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let mut record = csv::StringRecord::new();
    let mut columns = None;
    let mut order = Order::default();
    while read(&mut reader, &mut record)? {
        let line = record.position().map_or(1, csv::Position::line);
        let at = |problem| Error { line, problem };
        match &columns {
            None => columns = Some(Columns::new(layout, &record).map_err(at)?),
            Some(columns) => {
                order.next(columns, &record).and_then(|row| take(&row)).map_err(at)?;
            }
        }
    }
    let line = reader.position().line();
    if columns.is_none() {
        let problem = Problem::MissingColumn { column: "minute", header: layout.header() };
        return Err(Error { line: 1, problem });
    }
    order.form.ok_or(Error { line, problem: Problem::Empty })
}

fn read(reader: &mut csv::Reader<&[u8]>, record: &mut csv::StringRecord) -> Result<bool, Error> {
    let line = reader.position().line();
    reader.read_record(record).map_err(|error| Error {
        line: error.position().map_or(line, csv::Position::line),
        problem: Problem::Unreadable,
    })
}

impl Layout {
    fn header(&self) -> String {
        self.required.join(",")
    }
}

/// Where each column stands.
#[derive(Debug)]
struct Columns {
    places: BTreeMap<&'static str, usize>,
    count: usize,
}

impl Columns {
    fn new(layout: Layout, header: &csv::StringRecord) -> Result<Self, Problem> {
        let mut places = BTreeMap::new();
        for (place, name) in header.iter().enumerate() {
            let Layout { required, optional } = layout;
            let known = required.iter().chain(optional).find(|column| **column == name);
            // A file without a header shows in the columns it lacks, not in those it has.
            let Some(known) = known else { continue };
            if places.insert(*known, place).is_some() {
                return Err(Problem::RepeatedColumn { column: name.to_owned() });
            }
        }
        let mut required = layout.required.iter().copied();
        if let Some(column) = required.find(|column| !places.contains_key(column)) {
            return Err(Problem::MissingColumn { column, header: layout.header() });
        }
        if places.len() < header.len() {
            let is_unknown = |name: &&str| !places.contains_key(*name);
            let column = header.iter().find(is_unknown).unwrap_or("").to_owned();
            return Err(Problem::UnknownColumn { column, known: layout.optional.join(", ") });
        }
        Ok(Self { places, count: header.len() })
    }

    fn field<'r>(&self, record: &'r csv::StringRecord, column: &str) -> Option<&'r str> {
        let place = self.places.get(column)?;
        record.get(*place).filter(|field| !field.is_empty())
    }
}

/// What the rows so far say of the next one.
#[derive(Debug, Default)]
struct Order {
    form: Option<MinuteForm>,
    /// The newest minute, and the sides it has.
    minute: i64,
    sides: Vec<Side>,
}

impl Order {
    fn next<'r>(
        &mut self,
        columns: &'r Columns,
        record: &'r csv::StringRecord,
    ) -> Result<Row<'r>, Problem> {
        if record.len() != columns.count {
            return Err(Problem::FieldCount { found: record.len(), expected: columns.count });
        }
        let field = |column| columns.field(record, column).unwrap_or("");
        let (minute, form) = minute(field("minute"))?;
        let form = match self.form {
            Some(known) if known != form => {
                return Err(Problem::MixedMinutes { value: field("minute").to_owned() });
            }
            Some(known) => known,
            None => *self.form.insert(form),
        };
        let side = side(field("side"))?;
        self.check(minute, side, form)?;
        Ok(Row { minute, side, columns, record })
    }

    /// Rows come by minute, and at most one of each side.
    fn check(&mut self, minute: i64, side: Side, form: MinuteForm) -> Result<(), Problem> {
        if self.sides.is_empty() || minute > self.minute {
            self.minute = minute;
            self.sides.clear();
        }
        if minute < self.minute {
            let (minute, previous) = (form.write(minute), form.write(self.minute));
            return Err(Problem::OutOfOrder { minute, previous });
        }
        if self.sides.contains(&side) {
            return Err(Problem::Duplicate { minute: form.write(minute), side });
        }
        self.sides.push(side);
        Ok(())
    }
}

fn minute(value: &str) -> Result<(i64, MinuteForm), Problem> {
    let number = value.parse::<i64>().map(|minute| (minute, MinuteForm::Number));
    let time = || value.parse::<Time>().map(|time| (time.minute(), MinuteForm::Time));
    let read = number.ok().or_else(|| time().ok());
    read.filter(|(minute, _)| minute.abs() <= MINUTE_MAX).ok_or_else(|| {
        problem(
            "minute",
            value,
            "write an integer or an RFC 3339 time such as 2026-01-05T00:00:00Z",
        )
    })
}

fn side(value: &str) -> Result<Side, Problem> {
    Side::ALL
        .into_iter()
        .find(|side| side.name() == value)
        .ok_or_else(|| problem("side", value, "write ec2 or fargate"))
}

fn counts<'r>(field: &impl Fn(&'static str) -> Option<&'r str>) -> Result<Counts, Problem> {
    let requests = count(field, "requests")?;
    let part = |column| {
        let value = count(field, column)?;
        match (value, requests) {
            (Some(value), Some(requests)) if value > requests => {
                Err(Problem::Impossible { column, value, requests })
            }
            _ => Ok(value),
        }
    };
    Ok(Counts {
        requests,
        slow: part("slow")?,
        slow_slo: part("slow_slo")?,
        slow_p90: part("slow_p90")?,
        slow_p50: part("slow_p50")?,
        errors: part("errors")?,
    })
}

fn context<'r>(field: &impl Fn(&'static str) -> Option<&'r str>) -> Result<Context, Problem> {
    Ok(Context {
        share: field("share").map(share).transpose()?,
        tasks: field("tasks").map(tasks).transpose()?,
        cpu_centi_percent: field("cpu_percent").map(centi_percent).transpose()?,
        release: field("release").map(str::to_owned),
        ..Context::default()
    })
}

/// A count: a whole number, also as a monitoring system exports it (`12.0`).
fn count<'r>(
    field: &impl Fn(&'static str) -> Option<&'r str>,
    column: &'static str,
) -> Result<Option<u64>, Problem> {
    let Some(value) = field(column) else { return Ok(None) };
    let whole = match value.split_once('.') {
        Some((whole, zeros)) if !zeros.is_empty() && zeros.bytes().all(|b| b == b'0') => whole,
        _ => value,
    };
    whole
        .parse::<u64>()
        .ok()
        .filter(|count| *count <= COUNT_MAX && !whole.starts_with('+'))
        .map(Some)
        .ok_or_else(|| {
            problem(
                column,
                value,
                "write a whole number from 0 to 1000000000000, or nothing when it is not known",
            )
        })
}

/// `30%`, or 0.3 as a ratio; a bare 30 could mean either and is refused.
fn share(value: &str) -> Result<Share, Problem> {
    let read = match value.parse::<f64>() {
        Ok(ratio) => Share::from_ratio(ratio),
        Err(_) => value.parse::<Share>().ok(),
    };
    read.ok_or_else(|| {
        problem("share", value, "write a percentage such as 30% or a ratio from 0 to 1")
    })
}

fn tasks(value: &str) -> Result<u32, Problem> {
    value
        .parse::<u32>()
        .ok()
        .filter(|tasks| *tasks <= 1_000_000)
        .ok_or_else(|| problem("tasks", value, "write a whole number from 0 to 1000000"))
}

fn centi_percent(value: &str) -> Result<u32, Problem> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 100,000")]
    value
        .parse::<f64>()
        .ok()
        .filter(|percent| (0.0..=100_000.0).contains(percent))
        .map(|percent| libm::round(percent * 100.0) as u32)
        .ok_or_else(|| problem("cpu_percent", value, "write a percentage from 0 to 100000"))
}

/// The longest value that an error repeats.
const SHOWN_MAX: usize = 40;

/// A field that cannot be read, for those who read columns of their own.
#[must_use]
pub fn problem(column: &'static str, value: &str, remedy: &'static str) -> Problem {
    let value = value.chars().take(SHOWN_MAX).collect();
    Problem::Value { column, value, remedy }
}

#[cfg(test)]
mod tests;
