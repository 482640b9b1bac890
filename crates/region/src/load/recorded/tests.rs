use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;

fn read(text: &str) -> Recorded {
    Recorded::read(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

#[test]
fn counts_become_rates_by_their_period() {
    let recorded = read("timestamp,value\n2014-04-10 00:04:00,300\n2014-04-10 00:09:00,600\n");
    assert_eq!(
        recorded.report,
        LoadReport { rows: 2, period_seconds: 300, gaps: 0, interpolated: 0, minutes: 10 }
    );
    assert_eq!(recorded.load.rate(0), 1.0);
    assert_eq!(recorded.load.rate(9), 2.0);
    // The centres of the two periods are at 150 and 450 seconds.
    assert_eq!(recorded.load.rate_at(300.0), 1.5);
}

#[test]
fn minutes_of_counts_are_taken_as_they_are() {
    let recorded =
        read("timestamp,value\n1998-05-11 00:00,820\n1998-05-11 00:01,614\n1998-05-11 00:02,936\n");
    for (minute, count) in [(0, 820.0), (1, 614.0), (2, 936.0)] {
        assert!((recorded.load.rate(minute) * 60.0 - count).abs() < 1e-9, "minute {minute}");
    }
}

#[test]
fn rates_and_any_order_of_columns_are_taken() {
    for text in [
        "minute,rps\n0,10\n1,20\n2,30\n",
        "rps,minute\n10,0\n20,1\n30,2\n",
        "\u{feff}Minute,RPS\r\n5,10\r\n6,20\r\n7,30\r\n",
        "minute,rps\n2026-01-05T00:00:00Z,10\n2026-01-05T00:01:00Z,20\n2026-01-05T00:02:00Z,30\n",
        "minute,rps\n2026-01-05T09:00:00+09:00,10\n2026-01-05T00:01,20\n2026-01-05 00:02:00,30\n",
    ] {
        let load = read(text).load;
        assert_eq!([load.rate(0), load.rate(1), load.rate(2)], [10.0, 20.0, 30.0], "{text}");
    }
    assert_eq!(read("minute,rps\n7,5\n").load.rate(0), 5.0);
}

#[test]
fn gaps_are_interpolated_and_counted() {
    let recorded = read("minute,rps\n0,10\n1,20\n2,30\n6,70\n7,80\n9,100\n");
    assert_eq!((recorded.report.gaps, recorded.report.interpolated), (2, 4));
    let rates: Vec<f64> = (0..10).map(|minute| recorded.load.rate(minute)).collect();
    assert_eq!(rates, [10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0, 100.0]);
}

#[test]
fn timestamps_that_wander_by_seconds_are_no_gaps() {
    let mut text = "timestamp,value\n".to_owned();
    for (second, value) in [(0, 60), (300, 60), (600, 60), (890, 60), (1200, 60)] {
        writeln!(text, "2015-02-26 {:02}:{:02}:{:02},{value}", 21, 42 + second / 60, second % 60)
            .ok();
    }
    // Minutes above 59 are not times.
    let error = Recorded::read(&text).unwrap_err().to_string();
    assert!(error.contains("line 6"), "{error}");
    let text =
        "timestamp,value\n2015-02-26 21:42:53,57\n2015-02-26 21:47:53,57\n2015-02-26 21:52:43,57\n";
    assert_eq!(read(text).report.gaps, 0);
}

#[test]
fn bad_rows_are_named_by_line_with_a_remedy() {
    for (rows, line, says) in [
        ("0,1\n1,NaN\n", 3, "leave the row out"),
        ("0,1\n1,\n", 3, "missing"),
        ("0,1\n1,x\n", 3, "`x` is not a number"),
        ("0,1\n1,-3\n", 3, "negative"),
        ("0,1\n1,1e30\n", 3, "100 million"),
        ("0,1\n1,2e8\n", 3, "100 million"),
        ("0,1\n1,inf\n", 3, "100 million"),
        ("0,1\n1,2\n1,2\n", 4, "line 3"),
        ("0,1\n2,2\n1,2\n", 4, "sort"),
        ("0,1\n1\n", 3, "1 fields"),
        ("0,1\nyesterday,2\n", 3, "not a time"),
        ("0,1\n99999999999999999999,2\n", 3, "not a time"),
        ("0,1\n99999999999,2\n", 3, "ten years"),
        ("0,1\n-9223372036854775808,2\n", 3, "not a time"),
    ] {
        let error = Recorded::read(&format!("minute,rps\n{rows}")).unwrap_err().to_string();
        assert!(error.contains(&format!("line {line}")), "{rows}: {error}");
        assert!(error.contains(says), "{rows}: {error}");
    }
}

#[test]
fn files_that_are_no_loads_are_refused() {
    for text in
        ["", "\n", "a,b\n1,2\n", "timestamp,value\n", "timestamp,value\n2026-01-05 00:00,1\n"]
    {
        let error = Recorded::read(text).unwrap_err().to_string();
        assert!(error.contains(';'), "{error}");
    }
}

proptest! {
    #[test]
    fn any_text_is_answered(text in "(timestamp,value|minute,rps)?[\n,0-9a-z.:TZ-]{0,200}") {
        drop(Recorded::read(&text));
    }

    #[test]
    fn written_minutes_are_read_back(
        rates in prop::collection::vec(0.0..1e6_f64, 2..300), first in -1_000_000..1_000_000_i64,
    ) {
        let mut text = "minute,rps\n".to_owned();
        for (minute, rate) in (first..).zip(&rates) {
            writeln!(text, "{minute},{rate}").ok();
        }
        let recorded = read(&text);
        prop_assert_eq!(recorded.report.minutes, rates.len());
        prop_assert_eq!(recorded.report.interpolated, 0);
        for (minute, rate) in (0..).zip(&rates) {
            prop_assert!((recorded.load.rate(minute) - rate).abs() <= 1e-9 * rate.max(1.0));
        }
    }

    #[test]
    fn requests_are_neither_made_nor_lost(
        counts in prop::collection::vec(0_u32..100_000, 50..200),
    ) {
        let mut text = "timestamp,value\n".to_owned();
        for (row, count) in (0_i64..).zip(&counts) {
            let time = Time::from_secs(1_400_000_000 + 300 * row);
            writeln!(text, "{time},{count}").ok();
        }
        let load = read(&text).load;
        let total: f64 = counts.iter().map(|&count| f64::from(count)).sum();
        let read_back = load.mean() * 60.0 * load.minutes() as f64;
        // Only the first and last half period are held constant instead of sloped.
        let edge = f64::from(counts[0].abs_diff(counts[1]))
            + f64::from(counts[counts.len() - 1].abs_diff(counts[counts.len() - 2]));
        prop_assert!((read_back - total).abs() <= edge + 1e-6 * total, "{} {}", read_back, total);
    }
}
