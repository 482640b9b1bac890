//! `ferry replay` and `ferry tune`.

use serde_json::{Value, json};

use crate::ferry::{Answer, Folder, example};

/// Steps as they are often written: out at 60 % by ten percent and more, in below 40 %.
fn policy() -> Value {
    let name = |mut request: Value| {
        request["ServiceNamespace"] = json!("ecs");
        request["ResourceId"] = json!("service/prd/api");
        request["ScalableDimension"] = json!("ecs:service:DesiredCount");
        request
    };
    let steps = |name: &str, steps: Value| {
        json!({
            "PolicyName": name, "PolicyType": "StepScaling",
            "StepScalingPolicyConfiguration": {
                "AdjustmentType": "PercentChangeInCapacity", "Cooldown": 300,
                "StepAdjustments": steps,
            },
        })
    };
    let alarm = |name: &str, operator: &str, threshold: u32, periods: u32| {
        json!({"PutMetricAlarm": {
            "AlarmName": name, "AlarmActions": [name], "Namespace": "AWS/ECS",
            "MetricName": "CPUUtilization", "Statistic": "Average", "Period": 60,
            "EvaluationPeriods": periods, "Threshold": threshold, "ComparisonOperator": operator,
        }})
    };
    json!([
        {"PutScalingPolicy": name(steps("out", json!([
            {"MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 20, "ScalingAdjustment": 10},
            {"MetricIntervalLowerBound": 20, "ScalingAdjustment": 30},
        ])))},
        {"PutScalingPolicy": name(steps("in", json!([
            {"MetricIntervalUpperBound": 0, "ScalingAdjustment": -10},
        ])))},
        alarm("out", "GreaterThanOrEqualToThreshold", 60, 1),
        alarm("in", "LessThanThreshold", 40, 5),
    ])
}

/// Days with a surge at noon, as `minute,rps`.
fn days(count: u32) -> String {
    let rate = |minute: u32| {
        let of_day = f64::from(minute % 1_440);
        let base = 2_000.0 * (1.3 - (std::f64::consts::TAU * of_day / 1_440.0).cos());
        let since = of_day - 720.0;
        let surge = if since >= 0.0 { 1.4 * (-since / 8.0).exp() } else { 0.0 };
        base * (1.0 + surge)
    };
    let rows: String =
        (0..count * 1_440).map(|minute| format!("{minute},{:.1}\n", rate(minute))).collect();
    format!("minute,rps\n{rows}")
}

fn folder(name: &str, load: &str) -> Folder {
    let world = example("config/examples/world.yaml");
    let policy = policy().to_string();
    Folder::new(name, &[("load.csv", load), ("world.yaml", &world), ("policy.json", &policy)])
}

const REPLAY: &str = "replay --load load.csv --world world.yaml --policy policy.json";
const TUNE: &str = "tune --load load.csv --world world.yaml --standard-metrics";

fn parsed(answer: &Answer) -> Value {
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    serde_json::from_str(&answer.stdout).unwrap()
}

#[test]
fn a_replay_has_the_totals_in_each_form_and_is_the_same_again() {
    let folder = folder("replay-forms", &days(2));
    let answer = folder.ferry(&format!("{REPLAY} -o json"));
    let totals = parsed(&answer);
    let names: Vec<_> = totals.as_object().unwrap().keys().cloned().collect();
    let expected = ["actions", "badMinutes", "costUsd", "peakTasks", "slowPercent", "taskHours"];
    assert_eq!(names, expected);
    assert!(totals["taskHours"].as_f64().unwrap() > 1_000.0, "{totals}");
    // A vCPU and hour of Fargate.
    let hours = totals["taskHours"].as_f64().unwrap();
    assert!((totals["costUsd"].as_f64().unwrap() / hours - 0.040_48).abs() < 1e-4);
    let again = folder.ferry(&format!("{REPLAY} -o json"));
    assert_eq!(again.stdout, answer.stdout);
    let yaml = folder.ferry(&format!("{REPLAY} -o yaml")).stdout;
    assert!(yaml.contains(&format!("taskHours: {hours}\n")), "{yaml}");
    let table = folder.ferry(REPLAY).stdout;
    assert!(table.contains("task-hours") && table.contains(&format!("{hours:.1}")), "{table}");
    let twice = parsed(&folder.ferry(&format!("{REPLAY} -o json --scale 2")));
    assert!(twice["taskHours"].as_f64().unwrap() > 1.8 * hours, "{twice}");
}

#[test]
fn a_replay_says_what_is_wrong_with_the_policy_and_what_leaving_it_costs() {
    let folder = folder("replay-lints", &days(2));
    let answer = folder.ferry(&format!("{REPLAY} --ratio 0.8"));
    assert_eq!(answer.code, Some(0));
    for words in
        ["[cooldownOutlastsStart]", "set its cooldown to 180 s", "[boundsToRescale]", "leaving it:"]
    {
        assert!(answer.stderr.contains(words), "{words}: {}", answer.stderr);
    }
}

/// Each input that shows nothing ends with a sentence and no number.
#[test]
fn inputs_that_show_nothing_give_no_number() {
    let level: String = (0..3_000).map(|minute| format!("{minute},900\n")).collect();
    let holes: String = (0..3_000)
        .filter(|minute| minute % 10 != 0)
        .map(|minute| format!("{minute},{}\n", 900 + minute))
        .collect();
    for (name, load, words) in [
        ("level", format!("minute,rps\n{level}"), "hardly varies"),
        ("holes", format!("minute,rps\n{holes}"), "more than 5 %"),
        ("short", "minute,rps\n0,5\n1,900\n2,7\n".to_owned(), "has 3 minutes"),
    ] {
        let folder = folder(&format!("replay-{name}"), &load);
        let answer = folder.ferry(REPLAY);
        assert_eq!(answer.code, Some(2), "{name}: {}", answer.stderr);
        assert!(answer.stderr.contains(words) && answer.stdout.is_empty(), "{}", answer.stderr);
    }
}

#[test]
fn a_policy_that_cannot_be_read_or_replayed_is_refused_with_its_place() {
    let world = example("config/examples/world.yaml");
    let mut memory = policy();
    memory[2]["PutMetricAlarm"]["MetricName"] = json!("MemoryUtilization");
    let mut misspelt = policy();
    misspelt[0]["PutScalingPolicy"]["PolicyNme"] = json!("out");
    for (name, policy, words) in [
        ("memory", memory, "MemoryUtilization"),
        ("misspelt", misspelt, "PolicyNme"),
        ("map", json!({"PutScalingPolicy": {}}), "policy.json:1"),
    ] {
        let files =
            [("load.csv", &*days(2)), ("world.yaml", &world), ("policy.json", &policy.to_string())];
        let answer = Folder::new(&format!("replay-policy-{name}"), &files).ferry(REPLAY);
        assert_eq!(answer.code, Some(2), "{name}: {}", answer.stderr);
        assert!(answer.stderr.contains(words), "{name}: {}", answer.stderr);
    }
}

#[test]
fn a_world_that_cannot_keep_its_objective_is_an_answer_of_no() {
    let hopeless =
        example("config/examples/world.yaml").replace("thresholdMs: 300", "thresholdMs: 90");
    let small = example("config/examples/world.yaml").replace("max: 600", "max: 60");
    let policy = policy().to_string();
    for (command, world, words) in [
        (REPLAY, &hopeless, "no number of tasks helps"),
        (TUNE, &small, "with all 60 tasks all the time"),
    ] {
        let files = [("load.csv", &*days(14)), ("world.yaml", world), ("policy.json", &policy)];
        let name = command.split(' ').next().unwrap();
        let answer = Folder::new(&format!("hopeless-{name}"), &files).ferry(command);
        assert_eq!(answer.code, Some(1), "{}", answer.stderr);
        assert!(answer.stderr.contains(words) && answer.stdout.is_empty(), "{}", answer.stderr);
    }
}

#[test]
fn a_proposal_has_its_proof_and_a_page_and_can_be_replayed() {
    let folder = folder("tune", &days(14));
    let answer = folder.ferry(&format!("{TUNE} --current policy.json -o json"));
    let made = parsed(&answer);
    let proof = &made["proof"];
    let of = |what: &str, field: &str| proof[what][field].as_f64().unwrap();
    assert!(of("heldBack", "slowPercent") <= 1.0, "{proof}");
    assert!(of("train", "taskHours") > 0.0 && of("current", "taskHours") > 0.0, "{proof}");
    assert!(made["runnerUp"]["policy"].is_array(), "{}", made["runnerUp"]);
    let page = folder.read("tuning.html");
    assert!(page.contains("<svg") && page.contains("all floors missed"), "a page with plots");

    let put = |file, text: &str| std::fs::write(folder.path().join(file), text).unwrap();
    put("policy.json", &made["policy"].to_string());
    // The week that its scheduled minimums are for comes after the two of the load.
    put("load.csv", &days(21));
    let replayed = parsed(&folder.ferry(&format!("{REPLAY} -o json")));
    assert!(replayed["slowPercent"].as_f64().unwrap() < 2.0, "{replayed}");
}

#[test]
fn one_week_is_not_enough_to_tune_on() {
    let answer = folder("tune-short", &days(8)).ferry(TUNE);
    assert_eq!(answer.code, Some(2));
    assert!(answer.stderr.contains("covers 8 days; give at least two weeks"), "{}", answer.stderr);
}
