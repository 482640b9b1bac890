//! Schedule expressions: `at(...)`, `rate(...)`, `cron(...)`.
//!
//! "Schedule recurring scaling actions using cron expressions" in the Application Auto Scaling
//! user guide, with the cron fields of Amazon EventBridge. A local time that daylight saving
//! skips fires as much later as was skipped; one that comes twice fires the first time.

mod cron;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use model::{Span, Time};

use crate::Error;
use cron::Cron;

/// When a scheduled action fires.
#[derive(Debug, Clone)]
pub struct Schedule(Kind);

#[derive(Debug, Clone)]
enum Kind {
    At(Time),
    Rate { origin: Time, interval: Span },
    Cron { cron: Cron, zone: TimeZone },
}

impl Schedule {
    /// Reads an expression; `timezone` is an IANA name, UTC when absent, and a rate counts from
    /// `origin`.
    ///
    /// # Errors
    /// [`Error::Schedule`] says what cannot be read.
    pub fn parse(expression: &str, timezone: Option<&str>, origin: Time) -> Result<Self, Error> {
        Kind::parse(expression.trim(), timezone, origin)
            .map(Self)
            .map_err(|problem| Error::Schedule { expression: expression.to_owned(), problem })
    }

    /// The first firing after `time`; `None` when there is none any more.
    #[must_use]
    pub fn next_after(&self, time: Time) -> Option<Time> {
        match &self.0 {
            Kind::At(at) => Some(*at).filter(|at| *at > time),
            Kind::Rate { origin, interval } => {
                let interval = i64::try_from(interval.as_millis()).ok()?.max(1);
                let elapsed = time.as_millis().checked_sub(origin.as_millis())?;
                let count = elapsed.div_euclid(interval).checked_add(1)?.max(1);
                let next = origin.as_millis().checked_add(count.checked_mul(interval)?)?;
                Some(Time::from_millis(next))
            }
            Kind::Cron { cron, zone } => cron.next_after(time, zone),
        }
    }
}

impl Kind {
    fn parse(expression: &str, timezone: Option<&str>, origin: Time) -> Result<Self, String> {
        let inside =
            |name: &str| expression.strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')');
        let zone = match timezone {
            None => TimeZone::UTC,
            Some(name) => TimeZone::get(name).map_err(|_| {
                format!("`{name}` is no time zone; write an IANA name such as Asia/Tokyo")
            })?,
        };
        if let Some(at) = inside("at") {
            let local: DateTime =
                at.trim().parse().map_err(|_| format!("`{at}` is no date and time"))?;
            let instant =
                zone.to_timestamp(local).map_err(|_| format!("`{at}` is out of range"))?;
            return Ok(Self::At(Time::from_jiff(instant)));
        }
        if let Some(rate) = inside("rate") {
            return Ok(Self::Rate { origin, interval: interval(rate)? });
        }
        match inside("cron") {
            Some(fields) => Ok(Self::Cron { cron: Cron::parse(fields)?, zone }),
            None => Err("it is none of at(...), rate(...) and cron(...)".to_owned()),
        }
    }
}

/// `1 minute`, `5 minutes`, `2 hours`, `7 days`: the unit agrees in number, as AWS asks.
fn interval(rate: &str) -> Result<Span, String> {
    let (count, unit) = rate.trim().split_once(' ').ok_or("a rate is a number and a unit")?;
    let count: u32 = count.parse().map_err(|_| format!("`{count}` is no whole number"))?;
    if count == 0 {
        return Err("a rate must be at least 1".to_owned());
    }
    let minutes = match (unit.trim(), count) {
        ("minute", 1) => 1,
        ("hour", 1) => 60,
        ("day", 1) => 1_440,
        ("minutes", 2..) => 1,
        ("hours", 2..) => 60,
        ("days", 2..) => 1_440,
        (unit, _) => return Err(format!("`{unit}` is no unit that agrees with {count}")),
    };
    Ok(Span::from_mins(u64::from(count) * minutes))
}
