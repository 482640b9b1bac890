//! `ferry fit` on recordings whose truth is known.

use std::fmt::Write as _;

use capacity::task::{BaseLatency, LatencyObjective, TaskModel, TaskParameters};
use model::Side;

use crate::ferry::{Answer, Folder};

const HEADER: &str = "minute,side,requests,tasks,cpu_percent,p50_ms,p99_ms,slow_fraction";

fn task(side: Side) -> TaskModel {
    let (cost, idle) = match side {
        Side::Ec2 => (0.012, 0.0),
        Side::Fargate => (0.014, 0.03),
    };
    TaskModel::new(TaskParameters {
        vcpu: 1.0,
        usable_vcpu: 1.0,
        cpu_seconds_per_request: cost,
        idle_vcpu: idle,
        kappa: 1.5,
        base_latency: BaseLatency { median_seconds: 0.040, p99_seconds: 0.150 },
        timeout_seconds: 10.0,
    })
    .unwrap()
}

fn safe(side: Side) -> f64 {
    let objective = LatencyObjective { threshold_seconds: 0.3, slow_fraction_max: 0.01 };
    task(side).safe_rate(objective).unwrap()
}

/// Minutes whose load goes up and down about `middle` by `reach`, both as utilisation; readings
/// are off by a pattern that repeats in no small number of minutes.
fn recording(minutes: i32, middle: f64, reach: f64) -> String {
    let mut text = format!("{HEADER}\n");
    for minute in 0..minutes {
        let pattern = |turn: i32| f64::from((minute * 37 + turn) % 101) / 50.0 - 1.0;
        for (side, tasks) in [(Side::Ec2, 100), (Side::Fargate, 40)] {
            let task = task(side);
            let utilisation = middle + reach * (f64::from(minute) / 9.0).sin();
            let rate = utilisation * task.service_rate();
            let cpu = task.cpu_percent(rate, false) * (1.0 + 0.03 * pattern(7));
            let off = 1.0 + 0.08 * pattern(61);
            let percentile = |part| {
                1_000.0 * off * task.latency_quantile_seconds(part, utilisation, 0.0).unwrap()
            };
            let slow = task.slow_fraction(utilisation, 0.0, 0.3 / off);
            writeln!(
                text,
                "{minute},{},{:.0},{tasks},{cpu:.2},{:.1},{:.1},{slow:.6}",
                side.name(),
                rate * 60.0 * f64::from(tasks),
                percentile(0.5),
                percentile(0.99),
            )
            .unwrap();
        }
    }
    text
}

fn json(answer: &Answer) -> serde_json::Value {
    serde_json::from_str(&answer.stdout).unwrap()
}

#[test]
fn a_recording_says_what_tasks_carry_and_how_many_stand_for_one() {
    let folder = Folder::new("fit-both", &[("minutes.csv", &recording(150, 0.4, 0.2))]);
    let answer = folder.ferry("fit minutes.csv -o json");
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    let found = json(&answer);
    assert_eq!(found["schema"], "ferry.fit/1");
    for side in Side::ALL {
        let fitted = &found["sides"][side.name()];
        assert_eq!(fitted["type"], "fitted", "{fitted}");
        let off = fitted["safeRequestsPerSecond"].as_f64().unwrap() / safe(side) - 1.0;
        assert!((-0.12..=0.0).contains(&off), "{side}: {off}");
    }
    let ratio = &found["ratio"]["safeLoad"];
    let truth = safe(Side::Fargate) / safe(Side::Ec2);
    assert!((ratio["estimate"].as_f64().unwrap() / truth - 1.0).abs() < 0.05, "{ratio} {truth}");
    let text = folder.ferry("fit minutes.csv").stdout;
    let rate = found["sides"]["fargate"]["safeRequestsPerSecond"].as_f64().unwrap();
    let verdict = format!("A task on Fargate surely carries {rate:.1} requests/s, at ");
    assert!(text.contains(&verdict), "{text}");
    assert!(text.contains("What one EC2 task carries takes 1.3"), "{text}");
    let again = folder.ferry("fit minutes.csv -o json");
    assert_eq!(again.stdout, answer.stdout, "the same minutes and seed give the same bytes");
}

#[test]
fn what_was_printed_is_a_prior_for_a_quarter_of_an_hour() {
    let folder = Folder::new(
        "fit-prior",
        &[("test.csv", &recording(150, 0.4, 0.2)), ("quiet.csv", &recording(20, 0.2, 0.0))],
    );
    let prior = folder.ferry("fit test.csv -o json").stdout;
    std::fs::write(folder.path().join("prior.json"), prior).unwrap();
    let alone = folder.ferry("fit quiet.csv");
    assert_eq!(alone.code, Some(1), "{}", alone.stdout);
    assert!(
        alone.stdout.contains("No number for Fargate: only 20 minutes can be used"),
        "{}",
        alone.stdout
    );
    let helped = folder.ferry("fit quiet.csv --prior prior.json -o json");
    assert_eq!(helped.code, Some(0), "{}", helped.stdout);
    let fitted = &json(&helped)["sides"]["fargate"];
    let off = fitted["safeRequestsPerSecond"].as_f64().unwrap() / safe(Side::Fargate) - 1.0;
    assert!((-0.15..=0.0).contains(&off), "{off}");
    assert_eq!(fitted["notes"][0]["type"], "priorUsed", "{fitted}");
}

#[test]
fn a_recording_that_says_nothing_is_answered_with_no_and_the_reason() {
    let folder = Folder::new("fit-refused", &[("minutes.csv", &recording(90, 0.4, 0.0))]);
    let answer = folder.ferry("fit minutes.csv -o json");
    assert_eq!(answer.code, Some(1), "{}", answer.stdout);
    let found = json(&answer);
    assert_eq!(found["sides"]["ec2"]["reason"]["type"], "loadConstant", "{found}");
    assert!(found["ratio"].is_null(), "{found}");
    let text = folder.ferry("fit minutes.csv").stdout;
    assert!(text.contains("No number for EC2: the load per task hardly changes"), "{text}");
}

#[test]
fn what_cannot_be_read_is_bad_input_with_its_line() {
    let good = recording(2, 0.4, 0.1);
    let prior = "{\"schema\": \"ferry.fit/2\", \"objective\": {\"thresholdSeconds\": 0.3, \
                 \"slowFractionMax\": 0.01}, \"sides\": {\"ec2\": null, \"fargate\": null}, \
                 \"ratio\": null}";
    let folder = Folder::new(
        "fit-bad",
        &[
            ("good.csv", &good),
            ("text.csv", &format!("{good}2,ec2,many,10,50,20,100,0.01\n")),
            ("infinite.csv", &format!("{good}2,ec2,900,10,inf,20,100,0.01\n")),
            ("judged.csv", "minute,side,requests,slow,slow_slo,slow_p90,slow_p50,errors\n"),
            ("later.json", prior),
            ("empty.json", &prior.replace("fit/2", "fit/1")),
            ("other.json", "[]"),
        ],
    );
    for (arguments, expected) in [
        ("fit text.csv", "text.csv: line 6: requests is `many`: write a number"),
        ("fit infinite.csv", "infinite.csv: line 6: cpu_percent is `inf`: write a number"),
        ("fit judged.csv", "judged.csv: line 1: the header lacks `tasks`: begin the file with"),
        ("fit absent.csv", "absent.csv: cannot be read"),
        ("fit good.csv --fargate-vcpu 0", "write vCPU as a number above 0"),
        ("fit good.csv --fargate-usable-vcpu 2", "more than the 1 that the task reserves"),
        ("fit good.csv --objective 100%", "it must lie above 0% and below 100%"),
        ("fit good.csv --prior later.json", "later.json: schema is `ferry.fit/2` and only"),
        ("fit good.csv --prior empty.json", "empty.json: no side of it was fitted"),
        ("fit good.csv --prior other.json", "other.json: is not what `ferry fit -o json` prints"),
    ] {
        let answer = folder.ferry(arguments);
        assert_eq!(answer.code, Some(2), "{arguments}: {}", answer.stdout);
        assert!(answer.stderr.contains(expected), "`{}` lacks `{expected}`", answer.stderr);
    }
}
