use proptest::prelude::*;

use super::*;

fn parse(rows: &str) -> Result<Vec<Fault>, String> {
    let text =
        format!(r#"{{"apiVersion": "ferry/v1", "kind": "FaultScript", "faults": [{rows}]}}"#);
    let script: FaultScript = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    script.faults().map_err(|error| error.to_string())
}

#[test]
fn every_type_is_read() {
    for row in [
        r#"{"at": "2d3h", "for": "40m", "type": "latency", "side": "fargate", "factor": 1.5, "ramp": "1h"}"#,
        r#"{"whenShare": "25%", "for": "6h", "type": "errors", "side": "both", "rate": "5%"}"#,
        r#"{"at": "1h", "for": "5m", "type": "metricGap", "side": "both"}"#,
        r#"{"at": "1h", "type": "metricDelay", "delay": "5m"}"#,
        r#"{"at": "1h", "for": "5m", "type": "metricNull", "side": "ec2"}"#,
        r#"{"at": "1h", "type": "taskDeath", "side": "fargate", "count": 3, "reason": "diskFull"}"#,
        r#"{"at": "1h", "type": "placement", "side": "fargate"}"#,
        r#"{"at": "1h", "type": "throttle", "api": "route53", "fraction": "50%"}"#,
        r#"{"at": "1h", "type": "lostReply", "api": "ecs:UpdateService", "nth": 2}"#,
        r#"{"at": "1h", "type": "staleRead", "api": "*", "age": "60s"}"#,
        r#"{"at": "1h", "type": "denied", "api": "cloudwatch"}"#,
        r#"{"at": "1h", "type": "edit", "target": "weights", "value": "30%"}"#,
        r#"{"at": "1h", "type": "edit", "target": "ec2.min", "value": 5}"#,
        r#"{"at": "1h", "type": "slowResolver", "fraction": "2.5%", "ttl": "14d"}"#,
        r#"{"at": "1h", "type": "surge", "factor": 2.5}"#,
        r#"{"at": "0s", "type": "release", "side": "both", "factor": 1}"#,
    ] {
        let faults = parse(row).unwrap_or_else(|error| panic!("{row}: {error}"));
        assert!(row.contains(faults[0].effect.name()), "{row}");
    }
}

#[test]
fn what_cannot_be_carried_out_is_refused_with_what_would_be_right() {
    for (row, says) in [
        (r#"{"at": "1h", "type": "latncy"}"#, "not one of latency"),
        (r#"{"at": "1h", "type": "latency", "side": "fargate"}"#, "needs `factor`"),
        (r#"{"at": "1h", "type": "surge", "factor": 2, "side": "ec2"}"#, "does not belong"),
        (r#"{"at": "1h", "type": "surge", "factor": -2}"#, "above 0"),
        (r#"{"at": "1h", "type": "surge", "factor": 1e9}"#, "at most"),
        (r#"{"type": "surge", "factor": 2}"#, "one of `at` and `whenShare`"),
        (r#"{"at": "1h", "whenShare": "5%", "type": "surge", "factor": 2}"#, "one of `at`"),
        (r#"{"whenShare": "0%", "type": "surge", "factor": 2}"#, "above 0%"),
        (r#"{"at": "1h", "for": "0s", "type": "surge", "factor": 2}"#, "longer than 0s"),
        (r#"{"at": "99999d", "type": "surge", "factor": 2}"#, "ten years"),
        (r#"{"at": "1h", "type": "metricNull", "side": "both"}"#, "ec2, fargate"),
        (r#"{"at": "1h", "type": "errors", "side": "west", "rate": "5%"}"#, "`west`"),
        (r#"{"at": "1h", "type": "errors", "side": "ec2", "rate": "105%"}"#, "percentage"),
        (r#"{"at": "1h", "type": "errors", "side": "ec2", "rate": "NaN%"}"#, "percentage"),
        (r#"{"at": "1h", "type": "throttle", "api": "s3", "fraction": "5%"}"#, "`s3`"),
        (r#"{"at": "1h", "type": "lostReply", "api": "ecs", "nth": 0}"#, "from 1"),
        (
            r#"{"at": "1h", "type": "taskDeath", "side": "ec2", "count": 1, "reason": "age"}"#,
            "diskFull",
        ),
        (r#"{"at": "1h", "type": "edit", "target": "west.min", "value": 5}"#, "`west.min`"),
        (
            r#"{"at": "1h", "type": "edit", "target": "ec2.min", "value": "many"}"#,
            "number of tasks",
        ),
        (r#"{"at": "1h", "type": "crash", "call": 3}"#, "not supported"),
        (r#"{"at": "1h", "type": "surge", "factr": 2}"#, "unknown field"),
    ] {
        let error = parse(row).unwrap_err();
        assert!(error.contains(says), "{row}: {error}");
    }
}

#[test]
fn fractions_are_written_as_they_are_read() {
    for text in ["5%", "0.5%", "100%", "0%", "33.3%", "0.07%"] {
        assert_eq!(text.parse::<Fraction>().unwrap().to_string(), text);
    }
}

proptest! {
    #[test]
    fn random_scripts_are_valid_and_end_in_time(seed in any::<u64>(), hours in 1_u64..100) {
        let span = Span::from_hours(hours);
        let script = crate::fault::random(seed, span);
        prop_assert_eq!(&script, &crate::fault::random(seed, span));
        for fault in script.faults().unwrap() {
            let lasts = fault.lasts.expect("random faults end");
            if let Trigger::At(at) = fault.trigger {
                prop_assert!(at + lasts <= span);
            }
        }
        let text = serde_json::to_string(&script).unwrap();
        prop_assert_eq!(serde_json::from_str::<FaultScript>(&text).unwrap(), script);
    }
}
