//! `ferry preflight` of tasks that EventBridge starts, against a simulated region on a port.

use std::collections::BTreeSet;

use crate::account::{ferry, region, scenario};
use crate::ferry::Folder;

/// The example's region without its rules.
fn without_rules() -> String {
    let scenario = scenario();
    let (before, rules) = scenario.split_once("\neventRules:").unwrap();
    assert!(rules.contains("monthly-report"), "{rules}");
    before.to_owned()
}

/// A rule with which nothing is wrong.
const RULE: &str = "
eventRules:
  - name: nightly-report
    schedule: cron(0 3 * * ? *)
    targets:
      - Id: report
        Arn: arn:aws:ecs:ap-northeast-1:123456789012:cluster/prd
        RoleArn: arn:aws:iam::123456789012:role/events
        EcsParameters:
          TaskDefinitionArn: arn:aws:ecs:ap-northeast-1:123456789012:task-definition/prd-api:1
          LaunchType: EC2
          NetworkConfiguration: {awsvpcConfiguration: {Subnets: [subnet-a]}}
        DeadLetterConfig: {Arn: 'arn:aws:sqs:ap-northeast-1:123456789012:lost'}
";

const MIGRATION: &str = "apiVersion: ferry/v1
kind: Migration
metadata: {name: reports}
spec:
  aws: {region: ap-northeast-1}
  ec2: {cluster: prd}
  fargate: {cluster: prd}
  workload: {type: scheduled, rules: [{name: nightly-report}]}
  traffic: {rollout: {steps: [100%]}, stepMax: 100%}
";

/// What preflight finds where the region and the file are these: the exit code, and what is said
/// under each check that is not left to a person.
fn found(name: &str, rules: &str, migration: &str) -> (Option<i32>, Vec<(String, String)>) {
    let scenario = format!("{}{rules}", without_rules());
    let files = [("region.yaml", scenario.as_str()), ("reports.yaml", migration)];
    let folder = Folder::new(name, &files);
    let region = region(&folder);
    let answer = ferry(&folder, &region.address, "preflight reports.yaml -o json");
    assert_eq!(answer.stderr, "", "{}", answer.stdout);
    let report: serde_json::Value = serde_json::from_str(&answer.stdout).unwrap();
    let text =
        |finding: &serde_json::Value, member: &str| finding[member].as_str().unwrap().to_owned();
    let findings = report["findings"].as_array().unwrap().iter();
    let findings = findings.filter(|finding| finding["severity"] != "lookYourself");
    let found =
        findings.map(|it| (text(it, "check"), text(it, "said") + " " + &text(it, "remedy")));
    (answer.code, found.collect())
}

#[test]
fn a_rule_with_which_nothing_is_wrong_passes() {
    assert_eq!(found("scheduled-sound", RULE, MIGRATION), (Some(0), Vec::new()));
}

#[test]
fn what_keeps_a_rule_from_moving_is_found() {
    for (at, (old, new, checks)) in [
        ("    targets:", "    enabled: false\n    targets:", vec!["scheduled.disabled"]),
        ("    targets:", "    managedBy: batch.amazonaws.com\n    targets:", vec!["scheduled.managed"]),
        ("cluster/prd", "cluster/batch", vec!["scheduled.cluster"]),
        ("LaunchType: EC2", "LaunchType: FARGATE", vec!["scheduled.onFargate"]),
        (
            "LaunchType: EC2",
            "LaunchType: EC2\n          CapacityProviderStrategy: [{capacityProvider: blue}]",
            vec!["scheduled.launch"],
        ),
        (
            "          NetworkConfiguration: {awsvpcConfiguration: {Subnets: [subnet-a]}}\n",
            "",
            vec!["scheduled.network"],
        ),
        ("        RoleArn: arn:aws:iam::123456789012:role/events\n", "", vec!["scheduled.role"]),
        (
            "        DeadLetterConfig: {Arn: 'arn:aws:sqs:ap-northeast-1:123456789012:lost'}\n",
            "",
            vec!["scheduled.deadLetter"],
        ),
        (
            "schedule: cron(0 3 * * ? *)",
            "pattern: '{\"source\": [\"aws.s3\"]}'",
            vec!["scheduled.pattern"],
        ),
        (
            "LaunchType: EC2",
            "LaunchType: EC2\n          PlacementStrategy: [{type: binpack, field: memory}]",
            vec!["scheduled.placement"],
        ),
        (
            "LaunchType: EC2",
            "LaunchType: EC2\n          PlatformVersion: LATEST",
            vec!["scheduled.platformVersion"],
        ),
        (
            "      - Id: report",
            "      - {Id: copy, Arn: 'arn:aws:sqs:ap-northeast-1:123456789012:q'}\n      - Id: report",
            vec!["scheduled.severalTargets"],
        ),
        ("task-definition/prd-api:1", "task-definition/gone:1", vec!["read.missing"]),
    ]
    .into_iter()
    .enumerate()
    {
        assert!(RULE.contains(old), "{old}");
        let rules = RULE.replacen(old, new, 1);
        let (_, findings) = found(&format!("scheduled-{at}"), &rules, MIGRATION);
        let ids: BTreeSet<&str> = findings.iter().map(|(check, _)| check.as_str()).collect();
        assert_eq!(ids, checks.into_iter().collect(), "{new}: {findings:#?}");
    }
}

#[test]
fn the_examples_rule_moves_once_its_network_is_known() {
    let folder = Folder::new("scheduled-example", &[("region.yaml", &scenario())]);
    let region = region(&folder);
    let init = format!("{INIT} --rule monthly-report -o reports.yaml");
    assert_eq!(ferry(&folder, &region.address, &init).code, Some(0));
    let looked = ferry(&folder, &region.address, "preflight reports.yaml -o json");
    let report: serde_json::Value = serde_json::from_str(&looked.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap().iter();
    let checks: Vec<&str> = findings
        .filter(|finding| finding["severity"] != "lookYourself")
        .map(|finding| finding["check"].as_str().unwrap())
        .collect();
    assert_eq!(checks, ["scheduled.network", "scheduled.placement"]);
}

#[test]
fn a_rule_that_is_not_there_is_said_with_one_that_is() {
    let misspelt = MIGRATION.replace("nightly-report", "nigthly-report");
    let (code, findings) = found("scheduled-missing", RULE, &misspelt);
    assert_eq!(code, Some(1));
    let [(check, said)] = &findings[..] else { panic!("{findings:#?}") };
    assert_eq!(check, "read.missing");
    assert!(said.contains("did you mean `nightly-report`?"), "{said}");
    let bus = MIGRATION.replace("{name: nightly-report}", "{name: nightly-report, bus: jobs}");
    let (code, findings) = found("scheduled-bus", RULE, &bus);
    assert_eq!(code, Some(1));
    assert!(findings[0].1.contains("of bus jobs was not found"), "{findings:#?}");
}

#[test]
fn a_refusal_names_the_action_that_is_missing() {
    for action in ["events:DescribeRule", "events:ListTargetsByRule"] {
        let fault = format!("faults:\n  - {{at: 0s, for: 30d, type: denied, api: '{action}'}}\n");
        let name = format!("scheduled-denied-{}", action.len());
        let (code, findings) = found(&name, &format!("{RULE}{fault}"), MIGRATION);
        assert_eq!(code, Some(1));
        let [(check, said)] = &findings[..] else { panic!("{findings:#?}") };
        assert_eq!(check, "read.denied");
        assert!(said.contains(&format!("allow {action} to the role")), "{said}");
    }
}

const TWO_RULES: &str = "
eventRules:
  - name: nightly-report
    schedule: cron(0 3 * * ? *)
    targets:
      - Id: report
        Arn: arn:aws:ecs:ap-northeast-1:123456789012:cluster/prd
        RoleArn: arn:aws:iam::123456789012:role/events
        EcsParameters:
          TaskDefinitionArn: arn:aws:ecs:ap-northeast-1:123456789012:task-definition/prd-api:1
          TaskCount: 2
        DeadLetterConfig: {Arn: 'arn:aws:sqs:ap-northeast-1:123456789012:lost'}
  - name: on-upload
    pattern: '{\"source\": [\"aws.s3\"]}'
    targets: [{Id: queue, Arn: 'arn:aws:sqs:ap-northeast-1:123456789012:q'}]
";

/// A folder with a region that has two rules, and that region.
fn two_rules(name: &str) -> (Folder, crate::running::Running) {
    let scenario = format!("{}{TWO_RULES}", without_rules());
    let folder = Folder::new(name, &[("region.yaml", &scenario)]);
    let region = region(&folder);
    (folder, region)
}

const INIT: &str = "init --cluster prd --region ap-northeast-1";

#[test]
fn a_draft_of_rules_validates_and_is_looked_at() {
    let (folder, region) = two_rules("scheduled-draft");
    let init = format!("{INIT} --rule on-upload --rule nightly-report -o jobs.yaml");
    let answer = ferry(&folder, &region.address, &init);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    assert!(answer.stderr.contains("Rule on-upload starts no ECS task"), "{}", answer.stderr);
    assert!(answer.stderr.contains("The targets of nightly-report"), "{}", answer.stderr);
    insta::assert_snapshot!("draft_of_rules", folder.read("jobs.yaml"));
    let valid = folder.ferry("validate jobs.yaml");
    assert_eq!(valid.code, Some(0), "{}", valid.stderr);
    let looked = ferry(&folder, &region.address, "preflight jobs.yaml");
    assert_eq!(looked.code, Some(1), "{}", looked.stdout);
    for check in ["scheduled.network", "scheduled.noTasks"] {
        assert!(looked.stdout.contains(check), "{check} is not in {}", looked.stdout);
    }
    // With the comment taken away and filled in the network is known.
    let text = folder.read("jobs.yaml");
    let filled: String = text
        .replace("    # provision:", "    provision:")
        .replace("    #   taskDefinition", "      taskDefinition")
        .replace("    #   network", "      network")
        .replace("subnet-...", "subnet-a")
        .replace("sg-...", "sg-1");
    std::fs::write(folder.path().join("jobs.yaml"), filled).unwrap();
    let looked = ferry(&folder, &region.address, "preflight jobs.yaml");
    assert!(!looked.stdout.contains("scheduled.network"), "{}{}", looked.stdout, looked.stderr);
}

#[test]
fn a_draft_needs_rules_that_are_there() {
    let (folder, region) = two_rules("scheduled-no-draft");
    let init = format!("{INIT} --rule nigthly-report --rule on-upload");
    let answer = ferry(&folder, &region.address, &init);
    assert_eq!(answer.code, Some(2), "{}", answer.stdout);
    assert!(answer.stderr.contains("--rule nigthly-report: was not found"), "{}", answer.stderr);
    assert!(answer.stderr.contains("did you mean `nightly-report`?"), "{}", answer.stderr);
    for arguments in ["", " --rule r --service s", " --rule r --fargate-service s"] {
        let answer = folder.ferry(&format!("{INIT}{arguments}"));
        assert_eq!(answer.code, Some(2), "{arguments}: {}", answer.stderr);
    }
}
