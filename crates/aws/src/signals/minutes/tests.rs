use std::sync::Arc;

use cloud::signals::Thresholds;
use cloud::{Error, ErrorKind, TargetGroup};
use model::route::ServiceId;

use super::super::query::{Stat, queries};
use super::*;
use crate::batches::Answers;
use crate::groups::Standing;

fn ask() -> MinuteAsk {
    let span = |millis| Some(Span::from_millis(millis));
    MinuteAsk {
        service: ServiceId {
            account: Arc::default(),
            cluster: "prd".to_owned(),
            service: "web".to_owned(),
        },
        group: TargetGroup { account: Arc::default(), arn: "arn:x:targetgroup/web/1".to_owned() },
        thresholds: Thresholds { slow: span(300), slow_slo: span(330), ..Thresholds::default() },
        from: 10,
        until: 14,
    }
}

fn standing(alone: bool) -> Standing {
    let (group, balancer) = ("targetgroup/web/1".to_owned(), Some("app/web/2".to_owned()));
    Standing { group, balancer, alone }
}

/// What the adapter makes of points, given as (metric, statistic, minute, value).
fn assembled(alone: bool, points: &[(&str, &str, i64, f64)]) -> Result<Vec<SideMinute>> {
    let series = Series::of(&ask(), &standing(alone));
    let (mut all, cpu) = queries(&ask(), &series);
    all.push(cpu);
    let mut readings: Answers<Query, Points> =
        all.into_iter().map(|query| (query, Ok(Points::new()))).collect();
    for (metric, stat, minute, value) in points {
        let query = readings.keys().find(|it| it.metric == *metric && it.stat.text() == *stat);
        let query = query.unwrap_or_else(|| panic!("{metric} {stat} is not asked for")).clone();
        readings.get_mut(&query).unwrap().as_mut().unwrap().insert(*minute, *value);
    }
    assemble(&ask(), &series, &readings, &readings, 14)
}

fn counts(alone: bool, points: &[(&str, &str, i64, f64)]) -> Counts {
    let minutes = assembled(alone, points).unwrap();
    assert_eq!(minutes.len(), 1, "{minutes:?}");
    minutes[0].counts
}

#[test]
fn a_whole_minute_has_everything() {
    let minutes = assembled(
        false,
        &[
            ("RequestCount", "Sum", 11, 200.0),
            ("HTTPCode_Target_5XX_Count", "Sum", 11, 3.0),
            ("TargetConnectionErrorCount", "Sum", 11, 2.0),
            ("TargetResponseTime", "TC(0.3:)", 11, 9.0),
            ("TargetResponseTime", "TC(0.33:)", 11, 7.0),
            ("TargetResponseTime", "p100", 11, 2.5),
            ("TargetResponseTime", "p50", 11, 0.05),
            ("TargetResponseTime", "p99", 11, 0.4),
            ("HealthyHostCount", "Minimum", 11, 4.0),
            ("CPUUtilization", "Average", 11, 51.5),
        ],
    );
    let counts = Counts {
        requests: Some(200),
        slow: Some(9),
        slow_slo: Some(7),
        slow_p90: None,
        slow_p50: None,
        errors: Some(5),
    };
    let expected = SideMinute {
        minute: 11,
        counts,
        healthy: Some(4),
        cpu_percent: Some(51.5),
        p50_ms: Some(50.0),
        p99_ms: Some(400.0),
    };
    assert_eq!(minutes, Ok(vec![expected]));
}

#[test]
fn errors_that_are_not_reported_are_none_and_requests_that_are_not_are_unknown() {
    let known = counts(false, &[("RequestCount", "Sum", 12, 7.0)]);
    assert_eq!((known.requests, known.errors), (Some(7), Some(0)));
    let unknown = counts(
        false,
        &[("HTTPCode_Target_5XX_Count", "Sum", 12, 3.0), ("HealthyHostCount", "Minimum", 12, 1.0)],
    );
    assert_eq!(unknown, Counts::default(), "of requests that nobody counted nothing is known");
}

#[test]
fn no_slow_answers_is_said_by_the_slowest_only() {
    let of = |slowest: Option<f64>| {
        let mut points = vec![("RequestCount", "Sum", 12, 7.0)];
        points.extend(slowest.map(|seconds| ("TargetResponseTime", "p100", 12, seconds)));
        let found = counts(false, &points);
        (found.slow, found.slow_slo)
    };
    assert_eq!(of(Some(0.3)), (Some(0), Some(0)), "at the threshold is not above it");
    assert_eq!(of(Some(0.31)), (None, Some(0)));
    assert_eq!(of(None), (None, None), "no answer at all is no fast answer");
}

#[test]
fn the_balancers_own_errors_count_once_and_only_where_they_are_the_groups() {
    let target = ("HTTPCode_Target_5XX_Count", "Sum", 12, 3.0);
    let unconnected = |count| ("TargetConnectionErrorCount", "Sum", 12, count);
    let own = |count| ("HTTPCode_ELB_5XX_Count", "Sum", 12, count);
    let requests = ("RequestCount", "Sum", 12, 100.0);
    let errors = |points: &[_]| counts(true, points).errors;
    assert_eq!(errors(&[requests, target, unconnected(4.0), own(6.0)]), Some(9));
    assert_eq!(errors(&[requests, target, unconnected(4.0)]), Some(7));
    let asked = queries(&ask(), &Series::of(&ask(), &standing(false))).0;
    assert!(asked.iter().all(|query| query.metric != "HTTPCode_ELB_5XX_Count"));
}

#[test]
fn where_nothing_was_answered_nothing_was_slow() {
    let own = |count| ("HTTPCode_ELB_5XX_Count", "Sum", 12, count);
    let requests = ("RequestCount", "Sum", 12, 100.0);
    let slow = |points: &[_]| counts(true, points).slow;
    assert_eq!(slow(&[requests, own(100.0)]), Some(0));
    assert_eq!(slow(&[requests, own(99.0)]), None, "one was, and nobody says how slow");
}

#[test]
fn no_part_is_larger_than_the_whole() {
    let found = counts(
        true,
        &[
            ("RequestCount", "Sum", 12, 5.0),
            ("HTTPCode_ELB_5XX_Count", "Sum", 12, 6.0),
            ("TargetResponseTime", "TC(0.3:)", 12, 6.0),
        ],
    );
    assert_eq!((found.slow, found.errors), (Some(5), Some(5)));
}

#[test]
fn only_minutes_that_were_asked_for_are_answered() {
    let minutes: Vec<_> = (8..16).map(|minute| ("RequestCount", "Sum", minute, 5.0)).collect();
    let found = assembled(false, &minutes).unwrap();
    assert_eq!(found.iter().map(|it| it.minute).collect::<Vec<_>>(), [10, 11, 12, 13]);
}

#[test]
fn a_series_that_could_not_be_read_fails_the_ask() {
    let series = Series::of(&ask(), &standing(false));
    let (all, cpu) = queries(&ask(), &series);
    for gone in all.iter().chain([&cpu]) {
        let error = Error::new(ErrorKind::Partial, "cloudwatch:GetMetricData", "PartialData");
        let read = |query: &Query| {
            let answer = if query == gone { Err(error.clone()) } else { Ok(Points::new()) };
            (query.clone(), answer)
        };
        let readings: Answers<Query, Points> = all.iter().chain([&cpu]).map(read).collect();
        let found = assemble(&ask(), &series, &readings, &readings, 14);
        assert_eq!(found, Err(error.clone()), "{gone:?}");
    }
}

#[test]
fn thresholds_are_said_in_seconds_to_the_millisecond() {
    for (millis, text) in [
        (300, "TC(0.3:)"),
        (330, "TC(0.33:)"),
        (5, "TC(0.005:)"),
        (1_000, "TC(1:)"),
        (12_050, "TC(12.05:)"),
        (0, "TC(0:)"),
    ] {
        assert_eq!(Stat::Above(Span::from_millis(millis)).text(), text);
    }
}
