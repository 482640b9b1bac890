//! `ferry judge` on recordings that any two people would judge alike.

use std::fmt::Write as _;

use crate::ferry::{Folder, example};

const HEADER: &str = "minute,side,requests,slow,slow_slo,slow_p90,slow_p50,errors,share";

/// Minutes at 10 %, the same on both sides: Fargate's comparison thresholds are a tenth higher and
/// fewer of its requests are above them. From `bad_from` on half of Fargate's requests are slow.
/// Counts vary as counts do, by a pattern rather than by chance.
fn recording(minutes: i64, bad_from: i64, time: impl Fn(i64) -> String) -> String {
    let mut text = format!("{HEADER}\n");
    for minute in 0..minutes {
        for (side, requests, parts) in
            [("ec2", 9_000, [4, 100, 500]), ("fargate", 1_000, [3, 80, 430])]
        {
            let wave = (minute * 7 + requests) % 5 - 2;
            let is_bad = side == "fargate" && minute >= bad_from;
            let above = |part: i64| if is_bad { requests / 2 } else { requests * part / 1_000 };
            let [slow, p90, p50] = parts.map(above);
            let (p90, p50) = (p90 + wave * 3, p50 + wave * 7);
            let errors = i64::from(minute % 3 == 0) * requests / 3_000;
            writeln!(
                text,
                "{},{side},{requests},{slow},{slow},{p90},{p50},{errors},10%",
                time(minute)
            )
            .unwrap();
        }
    }
    text
}

fn lines(json: &str) -> Vec<serde_json::Value> {
    json.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_broken_side_is_rolled_back_within_minutes() {
    let csv = recording(1_000, 600, |minute| minute.to_string());
    let folder = Folder::new("judge-broken", &[("minutes.csv", &csv)]);
    let answer = folder.ferry("judge minutes.csv -o json");
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    let lines = lines(&answer.stdout);
    let first = lines.iter().find(|line| line["verdict"] == "rollBack").expect("rolls back");
    let minute = first["minute"].as_i64().expect("minutes are integers as in the file");
    assert!((600..610).contains(&minute), "{first}");
    assert!(first["reason"].is_string());
    assert!(first["evidence"]["slow_slo"]["harm"].is_f64(), "{first}");
    assert!(first["evidence"]["slow_slo"]["safe"].is_f64(), "{first}");
    let text = folder.ferry("judge minutes.csv").stdout;
    assert!(text.contains(&format!("Ferry would have rolled back at {minute}: ")), "{text}");
}

#[test]
fn equal_sides_are_never_rolled_back_and_times_stay_times() {
    let start = 29_457_000;
    let time = |minute| model::Time::from_minute(start + minute).to_string();
    let csv = recording(2_000, i64::MAX, time);
    let folder = Folder::new("judge-equal", &[("minutes.csv", &csv)]);
    let answer = folder.ferry("judge minutes.csv -o json");
    for line in lines(&answer.stdout) {
        assert_ne!(line["verdict"], "rollBack", "{line}");
        let minute = line["minute"].as_str().expect("minutes are times as in the file");
        assert!(minute.parse::<model::Time>().is_ok(), "{minute}");
    }
    assert!(answer.stdout.contains("advance"), "equal sides are proven safe: {}", answer.stdout);
    let text = folder.ferry("judge minutes.csv").stdout;
    assert!(text.contains("Ferry would not have rolled back."), "{text}");
}

#[test]
fn columns_come_in_any_order_and_the_same_recording_gives_the_same_bytes() {
    let csv = recording(700, 600, |minute| minute.to_string());
    let turned: String = csv
        .lines()
        .map(|line| {
            let mut fields: Vec<&str> = line.split(',').collect();
            fields.reverse();
            format!("{}\n", fields.join(","))
        })
        .collect();
    let folder = Folder::new("judge-order", &[("one.csv", &csv), ("two.csv", &turned)]);
    let one = folder.ferry("judge one.csv -o json");
    assert_eq!(one, folder.ferry("judge one.csv -o json"));
    assert_eq!(one, folder.ferry("judge two.csv -o json"));
}

#[test]
fn a_migration_and_offsets_change_what_is_asked() {
    let csv = recording(2_000, i64::MAX, |minute| minute.to_string());
    let api = example("config/examples/tapple-api.yaml");
    let folder = Folder::new("judge-settings", &[("minutes.csv", &csv), ("api.yaml", &api)]);
    let plain = folder.ferry("judge minutes.csv -o json");
    let evidence = |answer: &str| lines(answer).last().unwrap()["evidence"].clone();
    for arguments in [
        "judge minutes.csv -o json --migration api.yaml",
        "judge minutes.csv -o json --offset slow_slo=0.08:0.02",
    ] {
        let other = folder.ferry(arguments);
        assert_eq!(other.code, Some(0), "{}", other.stderr);
        assert_ne!(evidence(&plain.stdout), evidence(&other.stdout), "{arguments}");
    }
    // A signal without an offset among those that have one cannot be proven.
    let half = folder.ferry("judge minutes.csv -o json --offset slow_slo=0.0:0.01");
    assert!(!half.stdout.contains("ProvenSafe"), "{}", half.stdout);
}
