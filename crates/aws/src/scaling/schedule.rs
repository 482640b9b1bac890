//! Schedules of one-shot actions, as Application Auto Scaling writes them.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use model::Time;

/// The schedule of an action that fires once, in UTC, to the second.
pub(super) fn at(time: Time) -> String {
    format!("at({})", time.to_jiff().strftime("%Y-%m-%dT%H:%M:%S"))
}

/// When an action fires; `None` for one that recurs (`rate`, `cron`).
///
/// # Errors
/// What is wrong, for a one-shot action whose time cannot be told.
pub(super) fn read(schedule: &str, zone: Option<&str>) -> Result<Option<Time>, String> {
    let once = schedule.strip_prefix("at(").and_then(|rest| rest.strip_suffix(')'));
    let Some(once) = once else { return Ok(None) };
    let civil: DateTime = once.parse().map_err(|_| "no time".to_owned())?;
    let zone = match zone {
        None => TimeZone::UTC,
        Some(name) => TimeZone::get(name).map_err(|_| format!("no time zone `{name}`"))?,
    };
    let stamp = zone.to_timestamp(civil).map_err(|error| error.to_string())?;
    Ok(Some(Time::from_jiff(stamp)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_survives_its_schedule() {
        let time = Time::from_secs(1_767_571_380);
        assert_eq!(at(time), "at(2026-01-05T00:03:00)");
        assert_eq!(read(&at(time), None), Ok(Some(time)));
    }

    #[test]
    fn a_schedule_is_read_in_its_own_zone() {
        let tokyo = read("at(2026-01-05T09:03:00)", Some("Asia/Tokyo"));
        assert_eq!(tokyo, read("at(2026-01-05T00:03:00)", Some("UTC")));
        let summer = read("at(2026-07-05T14:00:00)", Some("Europe/Berlin"));
        assert_eq!(summer, read("at(2026-07-05T12:00:00)", None));
    }

    #[test]
    fn what_recurs_is_no_one_shot_and_what_is_unreadable_is_said() {
        assert_eq!(read("rate(5 minutes)", None), Ok(None));
        assert_eq!(read("cron(0 8 * * ? *)", Some("Asia/Tokyo")), Ok(None));
        assert!(read("at(tomorrow)", None).is_err());
        assert!(read("at(2026-01-05T00:03:00)", Some("Mars/Base")).is_err());
    }
}
