use model::Time;
use tuning::events::read;
use tuning::load::{Horizon, WEEK_MINUTES};

use crate::made::MONDAY;

const WEEK: Horizon = Horizon { start: Time::from_secs(MONDAY), minutes: WEEK_MINUTES };

fn shown(text: &str) -> Vec<String> {
    let events = read(text, WEEK).unwrap();
    events.iter().map(|event| format!("{} {}", event.at, event.name)).collect()
}

fn calendar(event: &str) -> String {
    format!("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n{event}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")
}

#[test]
fn csv_and_icalendar_give_the_same_events() {
    let csv = "time,name\n2026-01-06T12:00:00Z,push\n2026-01-06 19:00,\"evening push\"\n";
    assert_eq!(shown(csv), ["2026-01-06T12:00:00Z push", "2026-01-06T19:00:00Z evening push"]);
    let zoned = calendar("DTSTART;TZID=Asia/Tokyo:20260106T210000\r\nSUMMARY:pu\r\n sh");
    assert_eq!(shown(&zoned), ["2026-01-06T12:00:00Z push"]);
}

#[test]
fn rules_repeat_within_the_time_that_is_asked_for() {
    let weekly = calendar("DTSTART:20251201T120000Z\r\nSUMMARY:push\r\nRRULE:FREQ=WEEKLY");
    assert_eq!(shown(&weekly), ["2026-01-05T12:00:00Z push"]);
    let daily = calendar("DTSTART:20260106T120000Z\r\nRRULE:FREQ=DAILY;INTERVAL=2;COUNT=2");
    assert_eq!(shown(&daily), ["2026-01-06T12:00:00Z event", "2026-01-08T12:00:00Z event"]);
    let until = calendar("DTSTART:20260106T120000Z\r\nRRULE:FREQ=DAILY;UNTIL=20260107");
    assert_eq!(shown(&until).len(), 2);
    let off = calendar("DTSTART:20260106T120000Z\r\nSTATUS:CANCELLED");
    assert!(shown(&off).is_empty());
}

#[test]
fn what_would_move_an_event_is_refused_with_its_line() {
    for (text, line) in [
        ("when,what\n".to_owned(), 1),
        ("time,name\nsoon,push\n".to_owned(), 2),
        ("time,name\n2026-01-06T12:00:00Z,\n".to_owned(), 2),
        (calendar("DTSTART;VALUE=DATE:20260106"), 3),
        (calendar("DTSTART;TZID=Mars/Olympus:20260106T120000"), 3),
        (calendar("SUMMARY:push"), 4),
        (calendar("DTSTART:20260106T120000Z\r\nRRULE:FREQ=MONTHLY"), 4),
        (calendar("DTSTART:20260106T120000Z\r\nRRULE:FREQ=WEEKLY;BYDAY=MO"), 4),
        (calendar("DTSTART:20260106T120000Z\r\nEXDATE:20260106T120000Z"), 4),
    ] {
        assert_eq!(read(&text, WEEK).unwrap_err().line, line, "{text}");
    }
}
