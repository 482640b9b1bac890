//! Alarms against the missing-data tables of the CloudWatch user guide.

#![expect(clippy::unwrap_used, reason = "what a test builds must be sound")]

use AlarmState::{Alarm as ALARM, InsufficientData as INSUFFICIENT, Ok as OK};
use capacity::alarm::{
    Alarm, AlarmState, ComparisonOperator, PutMetricAlarm, Series, Statistic, TreatMissingData,
};
use model::{Span, Time};
use proptest::prelude::*;

/// Spoils one field.
type Change = fn(&mut PutMetricAlarm);

const LAG: Span = Span::from_secs(0);

fn request(to_alarm: u32, periods: u32, period: u32, missing: TreatMissingData) -> PutMetricAlarm {
    PutMetricAlarm {
        alarm_name: "high".into(),
        alarm_description: None,
        actions_enabled: true,
        ok_actions: vec![],
        alarm_actions: vec!["policy".into()],
        insufficient_data_actions: vec![],
        namespace: "AWS/ECS".into(),
        metric_name: "CPUUtilization".into(),
        dimensions: vec![],
        statistic: Some(Statistic::Average),
        extended_statistic: None,
        period,
        evaluation_periods: periods,
        datapoints_to_alarm: Some(to_alarm),
        threshold: 50.0,
        comparison_operator: ComparisonOperator::GreaterThanThreshold,
        treat_missing_data: missing,
    }
}

/// The state after the datapoints of one row, newest last, from `before`.
fn state(row: &str, to_alarm: u32, missing: TreatMissingData, before: AlarmState) -> AlarmState {
    let period = Span::from_secs(300);
    let mut series = Series::new(period, LAG, 5);
    let points: Vec<_> = row.split(' ').collect();
    let start = Time::from_secs(1_800_000);
    let at = |slot: usize| start + Span::from_secs(300 * u64::try_from(slot).unwrap());
    for (slot, point) in points.iter().enumerate() {
        match *point {
            "X" => series.publish(at(slot), 80.0),
            "0" => series.publish(at(slot), 20.0),
            _ => {}
        }
    }
    let mut alarm = Alarm::new(request(to_alarm, 3, 300, missing), start).unwrap();
    alarm.set_state(before, start);
    alarm.evaluate(at(points.len()), &series);
    alarm.state()
}

/// One row of a table: datapoints, then the state for each treatment; `None` keeps the state.
type Row = (&'static str, [Option<AlarmState>; 4]);

fn check(to_alarm: u32, table: &[Row]) {
    let treatments = [
        TreatMissingData::Missing,
        TreatMissingData::Ignore,
        TreatMissingData::Breaching,
        TreatMissingData::NotBreaching,
    ];
    for (row, expected) in table {
        for (missing, expected) in treatments.iter().zip(expected) {
            for before in [OK, ALARM, INSUFFICIENT] {
                let expected = expected.unwrap_or(before);
                let found = state(row, to_alarm, *missing, before);
                assert_eq!(found, expected, "{row} treated as {missing:?} from {before:?}");
            }
        }
    }
}

const ALL_ALARM: [Option<AlarmState>; 4] = [Some(ALARM); 4];
const ALL_OK: [Option<AlarmState>; 4] = [Some(OK); 4];

#[test]
fn three_of_three_agrees_with_the_first_table_of_the_guide() {
    check(
        3,
        &[
            ("0 - X - X", ALL_OK),
            ("0 - - - -", ALL_OK),
            ("- - - - -", [Some(INSUFFICIENT), None, Some(ALARM), Some(OK)]),
            ("0 X X - X", ALL_ALARM),
            ("- - X - -", [Some(ALARM), None, Some(ALARM), Some(OK)]),
        ],
    );
}

#[test]
fn two_of_three_agrees_with_the_second_table_of_the_guide() {
    check(
        2,
        &[
            ("0 - X - X", ALL_ALARM),
            ("0 0 X 0 X", ALL_ALARM),
            ("0 - X - -", [Some(OK), Some(OK), Some(ALARM), Some(OK)]),
            ("- - - - 0", [Some(OK), Some(OK), Some(ALARM), Some(OK)]),
            ("- - - X -", [Some(ALARM), None, Some(ALARM), Some(OK)]),
        ],
    );
}

#[test]
fn a_single_fresh_breach_after_a_gap_is_premature() {
    for row in ["- - - - X", "- - - X -"] {
        assert_ne!(state(row, 3, TreatMissingData::Missing, OK), ALARM, "{row}");
        assert_eq!(state(row, 3, TreatMissingData::Ignore, OK), OK, "{row}");
    }
    for row in ["- - - X 0", "- - X - 0"] {
        assert_eq!(state(row, 3, TreatMissingData::Missing, OK), OK, "{row}");
    }
}

#[test]
fn values_that_are_not_numbers_are_missing() {
    let mut series = Series::new(Span::from_secs(60), LAG, 5);
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        series.publish(Time::from_secs(600), value);
    }
    assert_eq!(series.newest(), None);
}

#[test]
fn actions_are_invoked_on_the_change_and_then_once_a_minute() {
    for period in [20, 60, 300] {
        let span = Span::from_secs(u64::from(period));
        let mut series = Series::new(span, LAG, 10);
        let mut alarm =
            Alarm::new(request(1, 1, period, TreatMissingData::Missing), Time::from_secs(0))
                .unwrap();
        let mut invoked = Vec::new();
        for second in (0..=1_200_u64).step_by(10) {
            let now = Time::from_secs(0) + Span::from_secs(second);
            // Breaches from 300 s up to 900 s.
            if second >= u64::from(period) && second.is_multiple_of(u64::from(period)) {
                let value = if (300..900).contains(&(second - 1)) { 90.0 } else { 10.0 };
                series.publish(now - span, value);
            }
            if alarm.evaluate(now, &series) == Some(ALARM) {
                invoked.push(second);
            }
        }
        let first = invoked[0];
        assert_eq!(
            first,
            300_u64.next_multiple_of(u64::from(period))
                + if period == 300 { 300 } else { u64::from(period) },
            "period {period}"
        );
        assert!(invoked.windows(2).all(|w| w[1] - w[0] == 60), "{period}: {invoked:?}");
        assert!(invoked.len() >= 9, "{period}: {invoked:?}");
    }
}

#[test]
fn a_period_that_cannot_be_published_yet_is_not_missing() {
    let lag = Span::from_secs(180);
    let mut series = Series::new(Span::from_secs(60), lag, 5);
    for minute in 0..10 {
        series.publish(Time::from_secs(minute * 60), 80.0);
    }
    let mut alarm =
        Alarm::new(request(3, 3, 60, TreatMissingData::NotBreaching), Time::from_secs(0)).unwrap();
    // The tenth minute ended at 600 s; at 780 s it is the newest that can be there.
    alarm.evaluate(Time::from_secs(780), &series);
    assert_eq!(alarm.state(), ALARM);
    // Four minutes later four are truly missing and only one of five is left.
    alarm.evaluate(Time::from_secs(780 + 240), &series);
    assert_eq!(alarm.state(), OK);
}

#[test]
fn late_and_corrected_datapoints_take_their_place() {
    let mut series = Series::new(Span::from_secs(60), LAG, 3);
    for (minute, value) in [(3, 30.0), (1, 10.0), (2, 20.0), (3, 33.0)] {
        series.publish(Time::from_secs(minute * 60), value);
    }
    assert_eq!(series.newest(), Some((Time::from_secs(180), 33.0)));
}

#[test]
fn what_cloudwatch_refuses_is_refused_by_field() {
    let good = || request(2, 3, 60, TreatMissingData::Missing);
    let refused = |change: Change| {
        let mut request = good();
        change(&mut request);
        Alarm::new(request, Time::from_secs(0)).unwrap_err().to_string()
    };
    let checks: [(&str, Change); 8] = [
        ("Period", |r| r.period = 45),
        ("Period", |r| r.period = 0),
        ("EvaluationPeriods", |r| r.evaluation_periods = 0),
        ("EvaluationPeriods", |r| r.evaluation_periods = 1_441),
        ("DatapointsToAlarm", |r| r.datapoints_to_alarm = Some(4)),
        ("Threshold", |r| r.threshold = f64::NAN),
        ("Statistic", |r| r.statistic = None),
        ("AlarmName", |r| r.alarm_name.clear()),
    ];
    for (field, change) in checks {
        let message = refused(change);
        assert!(message.contains(&format!("`{field}`")), "{field}: {message}");
    }
    assert!(Alarm::new(good(), Time::from_secs(0)).is_ok());
}

proptest! {
    /// An alarm keeps its verdict while it sees nothing new; one that is put again before each
    /// evaluation remembers none.
    #[test]
    fn what_is_remembered_changes_no_verdict(
        values in prop::collection::vec(prop::option::weighted(0.85, 0.0..100.0_f64), 1..80),
        (m, n) in (1..6_u32).prop_flat_map(|n| (1..=n, Just(n))),
        period in prop::sample::select(vec![10_u32, 20, 60, 120]),
        late in 0..4_u64,
        treat in prop::sample::select(vec!["missing", "ignore", "breaching", "notBreaching"]),
    ) {
        let request: PutMetricAlarm = serde_json::from_value(serde_json::json!({
            "AlarmName": "a", "AlarmActions": ["out"], "OKActions": ["in"],
            "Namespace": "AWS/ECS", "MetricName": "CPUUtilization", "Statistic": "Average",
            "Period": period, "EvaluationPeriods": n, "DatapointsToAlarm": m, "Threshold": 60.0,
            "ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": treat,
        }))
        .unwrap();
        let span = Span::from_secs(u64::from(period));
        let lag = Span::from_secs(late * 10);
        let mut series = Series::new(span, lag, 10);
        let mut kept = Alarm::new(request.clone(), Time::from_secs(0)).unwrap();
        let mut anew = kept.clone();
        let ticks = values.len() as u64 * u64::from(period) / 10 + 60;
        for tick in 0..ticks {
            let now = Time::from_secs(i64::try_from(10 * tick).unwrap());
            for (slot, value) in values.iter().enumerate() {
                let end = (slot as u64 + 1) * u64::from(period);
                if end + lag.as_secs() == 10 * tick && let Some(value) = value {
                    let start = i64::try_from(end - u64::from(period)).unwrap();
                    series.publish(Time::from_secs(start), *value);
                }
            }
            anew.put(request.clone()).unwrap();
            prop_assert_eq!(kept.evaluate(now, &series), anew.evaluate(now, &series), "at {}", now);
            prop_assert_eq!(kept.state(), anew.state());
        }
    }
}
