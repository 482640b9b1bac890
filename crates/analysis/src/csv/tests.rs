use proptest::prelude::*;

use super::*;

const HEADER: &str = "minute,side,requests,slow,slow_slo,slow_p90,slow_p50,errors";

fn message(text: &str) -> String {
    parse(text).unwrap_err().to_string()
}

#[test]
fn rows_become_minutes_in_any_order_of_columns() {
    let text = "side,errors,requests,slow,slow_slo,slow_p90,slow_p50,minute,share,tasks,cpu_percent,release\n\
                ec2,1,900,9,9,90,450,7,10%,30,41.5,v1\n\
                fargate,0,100.0,1,,9,44,7,0.1,4,,\n";
    let recording = parse(text).unwrap();
    assert_eq!(recording.form, MinuteForm::Number);
    let [ec2, fargate] = recording.minutes.as_slice() else { panic!("two rows") };
    assert_eq!((ec2.minute, ec2.side, ec2.counts.errors), (7, Side::Ec2, Some(1)));
    assert_eq!(ec2.context.share, Some(Share::percent(10)));
    assert_eq!(ec2.context.cpu_centi_percent, Some(4_150));
    assert_eq!(ec2.context.release.as_deref(), Some("v1"));
    assert_eq!(fargate.counts.requests, Some(100));
    assert_eq!(fargate.counts.slow_slo, None);
    assert_eq!(fargate.context.share, Some(Share::percent(10)));
    assert_eq!(fargate.context.release, None);
    assert_eq!(fargate.seen_at, Time::from_minute(8));
}

#[test]
fn times_are_minutes_and_are_written_as_times_again() {
    let text = format!("{HEADER}\r\n2026-01-05T00:01:30Z,ec2,1,0,0,0,0,0\r\n");
    let recording = parse(&text).unwrap();
    assert_eq!(recording.form, MinuteForm::Time);
    assert_eq!(recording.form.write(recording.minutes[0].minute), "2026-01-05T00:01:00Z");
}

#[test]
fn each_mistake_is_named_with_its_line_and_its_remedy() {
    let good = "0,ec2,10,0,0,1,5,0\n0,fargate,10,0,0,1,5,0\n1,ec2,10,0,0,1,5,0\n";
    let with = |row: &str| format!("{HEADER}\n{good}{row}\n");
    for (text, expected) in [
        (String::new(), "line 1: the header lacks `minute`"),
        ("0,ec2,10,0,0,1,5,0\n".to_owned(), "line 1: the header lacks `minute`"),
        (format!("{HEADER}\n"), "no rows after the header"),
        (HEADER.replace("errors", "error"), "line 1: the header lacks `errors`"),
        (format!("{HEADER},speed\n"), "line 1: unknown column `speed`"),
        (format!("{HEADER},slow\n"), "line 1: column `slow` stands twice"),
        (with("1,fargate,NaN,0,0,1,5,0"), "line 5: requests is `NaN`: write a whole number"),
        (with("1,fargate,inf,0,0,1,5,0"), "line 5: requests is `inf`"),
        (with("1,fargate,-3,0,0,1,5,0"), "line 5: requests is `-3`"),
        (with("1,fargate,+3,0,0,1,5,0"), "line 5: requests is `+3`"),
        (with("1,fargate,1.5,0,0,1,5,0"), "line 5: requests is `1.5`"),
        (with("1,fargate,1e9,0,0,1,5,0"), "line 5: requests is `1e9`"),
        (with("1,fargate,99999999999999999999,0,0,1,5,0"), "line 5: requests is `9999"),
        (with("1,fargate,1000000000001,0,0,1,5,0"), "line 5: requests is `1000000000001`"),
        (with("1,fargate,10,0,0,1,5,11"), "line 5: errors is 11 of 10 requests"),
        (with("1,ec2,10,0,0,1,5,0"), "line 5: a second row for minute 1 of EC2"),
        (with("0,ec2,10,0,0,1,5,0"), "line 5: minute 0 comes after 1: sort the rows"),
        (with("9999999999999,ec2,10,0,0,1,5,0"), "line 5: minute is `9999999999999`"),
        (with("soon,ec2,10,0,0,1,5,0"), "line 5: minute is `soon`: write an integer or"),
        (with(",ec2,10,0,0,1,5,0"), "line 5: minute is ``"),
        (
            with("2026-01-05T00:00:00Z,ec2,10,0,0,1,5,0"),
            "line 5: minute is `2026-01-05T00:00:00Z`, unlike",
        ),
        (with("1,lambda,10,0,0,1,5,0"), "line 5: side is `lambda`: write ec2 or fargate"),
        (with("1,fargate,10,0,0,1,5"), "line 5: 7 fields where the header has 8"),
        (with("1,\"fargate,10,0,0,1,5,0"), "line 5: "),
        (
            format!("{HEADER},share\n0,ec2,1,0,0,0,0,0,30\n"),
            "line 2: share is `30`: write a percentage",
        ),
        (format!("{HEADER},share\n0,ec2,1,0,0,0,0,0,NaN\n"), "line 2: share is `NaN`"),
        (format!("{HEADER},tasks\n0,ec2,1,0,0,0,0,0,-1\n"), "line 2: tasks is `-1`"),
        (format!("{HEADER},cpu_percent\n0,ec2,1,0,0,0,0,0,NaN\n"), "line 2: cpu_percent is `NaN`"),
    ] {
        let found = message(&text);
        assert!(found.contains(expected), "`{found}` lacks `{expected}` for {text}");
    }
}

proptest! {
    #[test]
    fn no_text_panics_and_every_error_has_a_line_of_the_file(text in "\\PC{0,200}|[\\n,\"a-z0-9.-]{0,200}") {
        if let Err(error) = parse(&text) {
            let lines = u64::try_from(text.lines().count()).unwrap();
            prop_assert!(error.line >= 1 && error.line <= lines + 1, "{error} in {lines} lines");
        }
    }

    #[test]
    fn a_bad_field_is_reported_on_its_own_line(
        rows in 1_usize..50, at in 0_usize..50, column in 2_usize..8, field in "[a-z]{1,9}|-[0-9]{1,9}|[0-9]{14,30}",
    ) {
        let at = at % rows;
        let mut text = format!("{HEADER}\n");
        for row in 0..rows {
            let mut fields = [row.to_string(), "ec2".to_owned(), "9".to_owned(), "0".to_owned(), "0".to_owned(), "0".to_owned(), "0".to_owned(), "0".to_owned()];
            if row == at {
                fields[column].clone_from(&field);
            }
            text.push_str(&fields.join(","));
            text.push('\n');
        }
        let error = parse(&text).unwrap_err();
        prop_assert_eq!(error.line, u64::try_from(at).unwrap() + 2, "{}", error);
    }

    #[test]
    fn what_was_written_is_read_back(counts in prop::collection::vec((0_u64..1000, 0_u64..1000), 1..40)) {
        let mut text = format!("{HEADER}\n");
        for (minute, (requests, errors)) in counts.iter().enumerate() {
            let errors = errors.min(requests);
            text.push_str(&[minute.to_string(), "fargate".to_owned(), requests.to_string(), "0".to_owned(), String::new(), "0".to_owned(), "0".to_owned(), errors.to_string()].join(","));
            text.push('\n');
        }
        let recording = parse(&text).unwrap();
        for (row, (requests, errors)) in recording.minutes.iter().zip(counts) {
            prop_assert_eq!(row.counts.requests, Some(requests));
            prop_assert_eq!(row.counts.errors, Some(errors.min(requests)));
            prop_assert_eq!(row.counts.slow_slo, None);
        }
    }
}
