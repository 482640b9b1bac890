//! `ferry region`: a region on a port, held against botocore's models of AWS.

use std::process::Command;
use std::time::Duration;

use crate::ferry::{Answer, Folder, example, root};
use crate::running::Running;

const EXAMPLE: &str = "config/examples/region.yaml";

/// The example's region on a port of its own.
fn serve(name: &str, arguments: &[&str]) -> (Folder, Running) {
    serve_file(name, &example(EXAMPLE), arguments)
}

/// A region on a port of its own, whose clock is moved by whoever wants.
pub(crate) fn serving(name: &str, scenario: &str) -> (Folder, Running) {
    serve_file(name, scenario, &["--speed", "0"])
}

pub(crate) fn serve_file(name: &str, scenario: &str, arguments: &[&str]) -> (Folder, Running) {
    let folder = Folder::new(name, &[("region.yaml", scenario)]);
    let mut all = vec!["region", "--listen", "127.0.0.1:0", "--scenario", "region.yaml"];
    all.extend(arguments);
    let serving = |line: &str| {
        let address = line.strip_prefix("Serving ap-northeast-1 on http://")?;
        address.strip_suffix(" until SIGTERM.").map(str::to_owned)
    };
    let running = Running::start(&mut folder.to_run(&all), serving);
    (folder, running)
}

/// The Python with botocore, which is installed where it is missing.
pub(crate) fn python() -> String {
    let output = Command::new(root().join("tests/aws/tools")).output().unwrap();
    let answer = Answer::of(&output);
    assert_eq!(answer.code, Some(0), "tests/aws/tools: {}", answer.stderr);
    answer.stdout.trim().to_owned()
}

/// The example, with a listener's default action weighted as its rule is.
fn with_default_action() -> String {
    let text = example(EXAMPLE);
    let (before, rest) = text.split_once("      - route:\n          type: albRule\n").unwrap();
    let (route, after) = rest.split_once("    sides:\n").unwrap();
    let head = "      - route:\n          type: albRule\n";
    let listener = route
        .replace(":listener-rule/", ":listener/")
        .replace("/56789abcdef01234/6789abcdef012345", "/56789abcdef01234");
    assert_ne!(listener, route);
    format!("{before}{head}{route}{head}{listener}    sides:\n{after}")
}

#[test]
fn every_response_is_what_botocores_models_say() {
    let (_folder, region) = serving("region-strict", &with_default_action());
    let output = Command::new(python())
        .arg(root().join("tests/aws/strict.py"))
        .arg(format!("http://{}", region.address))
        .env_remove("AWS_ENDPOINT_URL")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output();
    let answer = Answer::of(&output.unwrap());
    assert_eq!(answer.code, Some(0), "{}\n{}", answer.stdout, answer.stderr);
    assert!(answer.stdout.contains(" 0 findings"), "{}", answer.stdout);
}

#[test]
fn a_clock_without_speed_stands_still_and_one_with_speed_runs() {
    let (_folder, still) = serve("region-still", &["--speed", "0"]);
    let (_folder, fast) = serve("region-fast", &["--speed", "3600"]);
    let at_start = |region: &Running| {
        let (status, body) = region.get("/_region/clock")?;
        assert_eq!(status, 200, "{body}");
        Some(body == r#"{"now":"2026-01-05T00:00:00Z"}"#)
    };
    let moved = || at_start(&fast).filter(|at_start| !at_start);
    crate::running::until("another time", Duration::from_secs(20), moved);
    assert_eq!(at_start(&still), Some(true));
}

#[test]
fn it_ends_well_when_it_is_told_to() {
    let (_folder, mut region) = serve("region-stop", &["--speed", "60"]);
    region.terminate();
    let (status, _) = region.end_within(Duration::from_secs(10));
    assert!(status.success(), "{status}");
}

#[test]
fn a_file_that_is_wrong_is_one_clear_error() {
    for (old, new, says) in [
        ("slowThreshold: 300ms", "slowTreshold: 300ms", "did you mean `slowThreshold`"),
        ("load: [120.0]", "load: [-1.0]", "rate -1"),
        ("kind: Region", "kind: Reggae", "Region"),
        ("start: 2026-01-05T00:00:00Z", "start: 2026-01-05T00:00:01Z", "whole minute"),
        ("share: 10%", "share: 110%", "110"),
        ("8f2a4c66-1d3b-4e5f-9a7c-0b1c2d3e4f50]", "other]", "trafficPolicies"),
    ] {
        let text = example(EXAMPLE).replace(old, new);
        assert_ne!(text, example(EXAMPLE), "{old}");
        let folder = Folder::new("region-wrong", &[("region.yaml", &text)]);
        let answer = folder.ferry("region --listen 127.0.0.1:0 --scenario region.yaml");
        assert_eq!(answer.code, Some(2), "{new}: {}", answer.stderr);
        assert!(
            answer.stderr.contains("region.yaml") && answer.stderr.contains(says),
            "{new}: {}",
            answer.stderr
        );
        assert_eq!(answer.stdout, "");
    }
}

#[test]
fn a_file_is_valid_for_validate_where_it_can_be_served() {
    let folder = Folder::new("region-valid", &[("region.yaml", &example(EXAMPLE))]);
    let answer = folder.ferry("validate region.yaml");
    assert_eq!((answer.code, answer.stdout.as_str()), (Some(0), "region.yaml: region is valid\n"));
}

const CRASHING: &str = "seed: 1\nfaults: [{at: 1d, type: crash, call: 3}]\n";

#[test]
fn validate_says_where_a_region_is_wrong_and_what_helps() {
    for (old, new, says) in [
        (
            "slowThreshold: 300ms",
            "slowTreshold: 300ms",
            "13:5: applications[0].slowTreshold: unknown field `slowTreshold`, did you mean \
             `slowThreshold`?",
        ),
        ("load: [120.0]", "load: [-1.0]", "12:5: applications[0].load: minute 0 has the rate -1"),
        ("05T00:00:00Z", "05T00:00:01Z", "7:8: start: `start`: 2026-01-05T00:00:01Z is not a"),
        ("route53Record", "route53Rekord", "16:17: applications[0].routes[0].route.type: unknown"),
        ("sides:\n", "sides:\n      ec3: {}\n", "23:7: applications[0].sides.ec3: unknown field"),
        ("seed: 1\n", CRASHING, "7:10: faults[0]: fault 1: `crash` is not supported"),
        (
            "8f2a4c66-1d3b-4e5f-9a7c-0b1c2d3e4f50",
            "other",
            "31:5: applications[1]: `search other`: no policy in trafficPolicies has",
        ),
    ] {
        let text = example(EXAMPLE).replacen(old, new, 1);
        assert_ne!(text, example(EXAMPLE), "{old}");
        let folder = Folder::new("region-invalid", &[("region.yaml", &text)]);
        let serve = "region --listen 127.0.0.1:0 --scenario region.yaml";
        for command in ["validate region.yaml", serve] {
            let answer = folder.ferry(command);
            assert_eq!((answer.code, answer.stdout.as_str()), (Some(2), ""), "{new}");
            let says = format!("region.yaml:{says}");
            assert!(answer.stderr.contains(&says), "{command}: {} {says}", answer.stderr);
        }
    }
}

#[test]
fn a_region_among_desired_state_is_refused_at_its_place() {
    let mixed = format!("{}---\napiVersion: ferry/v1\nkind: Settings\n", example(EXAMPLE));
    let folder = Folder::new("region-mixed", &[("mixed.yaml", &mixed)]);
    let answer = folder.ferry("validate mixed.yaml");
    assert_eq!(answer.code, Some(2), "{}", answer.stderr);
    let said = answer.stderr.contains("mixed.yaml:5:7: kind: a `Region` does not belong here");
    assert!(said, "{}", answer.stderr);
}

#[test]
fn an_address_that_is_taken_is_said() {
    let (folder, region) = serve("region-taken", &["--speed", "0"]);
    let listen = format!("region --scenario region.yaml --listen {}", region.address);
    let answer = folder.ferry(&listen);
    assert_eq!(answer.code, Some(3), "{}", answer.stderr);
    assert!(answer.stderr.contains(&region.address), "{}", answer.stderr);
}
