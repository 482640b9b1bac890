//! `ferry iac`: what a linter of CloudFormation and CDK itself say of it, and what is refused.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::ferry::{Answer, Folder, example, root};

const EXAMPLES: [&str; 3] =
    ["tapple-api.yaml", "tapple-api-alb.yaml", "tapple-api-traffic-flow.yaml"];

fn folder(name: &str) -> Folder {
    let folder = Folder::new(name, &[]);
    for file in EXAMPLES {
        let text = example(&format!("config/examples/{file}"));
        std::fs::write(folder.path().join(file), text).unwrap();
    }
    folder
}

/// What is printed for all examples.
fn printed(name: &str, language: &str) -> String {
    let answer = folder(name).ferry(&format!("iac {} --for {language}", EXAMPLES.join(" ")));
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    answer.stdout
}

/// What a program of `tests/iac` says of a text.
fn judged(program: &str, text: &str) -> Answer {
    let mut judge = Command::new(root().join("tests/iac").join(program))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    judge.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    Answer::of(&judge.wait_with_output().unwrap())
}

#[test]
fn a_linter_finds_nothing_in_a_fragment_of_a_template() {
    let text = printed("iac-lint", "cloudformation");
    let (fragment, _) = text.split_once("\n---\n").unwrap();
    let found = |fragment: &str| -> Vec<String> {
        let linted = judged("lint", fragment);
        // It ends with bits for what it finds, and with 1 where it cannot be run.
        assert_ne!(linted.code, Some(1), "{}", linted.stderr);
        // CloudFormation has them since September 2026, the linter not yet.
        let is_newer = |line: &&str| line.contains("Resource type 'AWS::Route53::TrafficPolicy");
        linted.stdout.lines().filter(|line| !is_newer(line)).map(str::to_owned).collect()
    };
    assert_eq!(found(fragment), Vec::<String>::new());
    let spoilt = fragment.replace("SetIdentifier", "SetIdentifyer");
    assert!(!found(&spoilt).is_empty(), "a linter that finds nothing anywhere proves nothing");
}

#[test]
fn cdk_leaves_out_what_ferry_holds_and_denies_the_rest_by_the_ids_of_its_stacks() {
    let said = judged("cdk", &printed("iac-cdk", "cdk"));
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    let said: Value = serde_json::from_str(&said.stdout).unwrap();
    let of_type = |when: &str, stack: &str, kind: &str| -> Vec<(String, Value)> {
        let all = said[when][stack].as_object().unwrap().iter();
        let all = all.filter(|(_, it)| it["Type"] == kind);
        all.map(|(id, it)| (id.clone(), it["Properties"].clone())).collect()
    };
    let service = "AWS::ECS::Service";
    assert_eq!(of_type("before", "Api", service)[0].1["DesiredCount"], 3);
    let after = of_type("after", "Api", service);
    assert_eq!(after[0].1.get("DesiredCount"), None);
    let denied = |stack: &str, id: &str| -> Value {
        let policy = said["policies"][stack].as_str().unwrap();
        let policy: Value = serde_json::from_str(policy).unwrap();
        let id = format!("LogicalResourceId/{id}");
        let statements = policy["Statement"].as_array().unwrap().iter();
        let of: Vec<&Value> = statements.filter(|it| it["Resource"] == id.as_str()).collect();
        assert_eq!((of.len(), &of[0]["Effect"]), (1, &"Deny".into()), "{policy}");
        of[0]["Action"].clone()
    };
    assert_eq!(denied("Api", &after[0].0), serde_json::json!(["Update:Replace", "Update:Delete"]));
    for (stack, kind) in [
        ("Api", "AWS::ApplicationAutoScaling::ScalableTarget"),
        ("Api", "AWS::ElasticLoadBalancingV2::ListenerRule"),
        ("Dns", "AWS::Route53::RecordSet"),
    ] {
        let (before, after) = (of_type("before", stack, kind), of_type("after", stack, kind));
        assert_eq!(before, after, "{kind} stays as it is");
        assert_eq!(denied(stack, &after[0].0), serde_json::json!(["Update:*"]), "{kind}");
    }
}

#[test]
fn what_is_not_needed_yet_is_said_beside_it() {
    let folder = folder("iac-notes");
    let observing =
        example("config/examples/tapple-api.yaml").replace("mode: act", "mode: observe");
    let asking = observing.replace("  workload:", "  scaling: {mode: propose}\n  workload:");
    std::fs::write(folder.path().join("observing.yaml"), asking).unwrap();
    let answer = folder.ferry("iac tapple-api.yaml observing.yaml");
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    assert!(answer.stderr.contains("1 of the migrations only observe"), "{}", answer.stderr);
    let field = "note: tapple-api: this version does not act on spec.scaling.mode";
    assert!(answer.stderr.contains(field), "{}", answer.stderr);
    assert!(!answer.stdout.contains("aws_appautoscaling_policy"), "proposing writes nothing");
}

#[test]
fn what_is_no_migration_or_no_language_is_refused() {
    let folder = folder("iac-wrong");
    for (arguments, says) in [
        ("iac none.yaml", "none.yaml: cannot be read"),
        ("iac tapple-api.yaml --for pulumi", "invalid value"),
        ("iac", "required"),
    ] {
        let answer = folder.ferry(arguments);
        assert_eq!(answer.code, Some(2), "{arguments}: {}", answer.stderr);
        assert!(answer.stderr.contains(says), "{arguments}: {}", answer.stderr);
        assert!(answer.stdout.is_empty(), "{arguments}");
    }
}
