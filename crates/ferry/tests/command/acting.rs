//! Whole migrations over the wire: the daemon acts on a region in another process.

use std::collections::BTreeMap;
use std::process::Command;

use model::Span;
use serde_json::Value;

use crate::ferry::{Answer, root};
use crate::stage::{Change, KEYS, RECORDS, RULE, Stage, TRAFFIC_FLOW, condition, holds, migration};

/// The shares that were written, in order, those of several routes once.
fn shares(journal: &[Change]) -> Vec<u64> {
    let written = journal.iter().filter(|change| change.is_ours() && change.is_made());
    let mut shares: Vec<u64> = written.filter_map(|change| Some(change.shares()?.1)).collect();
    shares.dedup();
    shares
}

const WHOLE_WAY: [u64; 6] = [10, 50, 250, 500, 750, 1_000];
const STEPS: u64 = WHOLE_WAY.len() as u64;
/// By steps of an hour, a bake of six and an hour's quiet.
const LONGEST: Span = Span::from_days(2);

/// What the aws command line prints.
fn aws(stage: &Stage, arguments: &[&str]) -> String {
    let cli = Command::new(root().join("tests/aws/cli")).output().unwrap();
    let cli = Answer::of(&cli);
    assert_eq!(cli.code, Some(0), "tests/aws/cli: {}", cli.stderr);
    let output = Command::new(cli.stdout.trim())
        .args(arguments)
        .args(["--endpoint-url", &format!("http://{}", stage.region.address)])
        .args(["--region", "ap-northeast-1", "--output", "text"])
        .envs(KEYS)
        .output();
    let answer = Answer::of(&output.unwrap());
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    answer.stdout
}

/// A whole migration by steps alone: nothing is refused, each step takes one write of weights and
/// one of Fargate's floor before it, EC2's reserve is put up once and taken back once, and then
/// nothing is written any more.
fn carried(test: &str, router: &str, weights: &[(&str, u64)]) -> Option<Stage> {
    let stage = Stage::adopted(test, &migration(router), "")?;
    let ferry = stage.daemon();
    let floors = STEPS + 2;
    stage.until(&ferry, "the end, and EC2's own minimum", LONGEST, |seen| {
        holds(seen, "Succeeded")
            && Stage::written(&ferry).get("RegisterScalableTarget") >= Some(&floors)
    });
    let journal = stage.journal();
    let refused: Vec<_> = journal.iter().filter(|change| !change.is_made()).collect();
    assert!(refused.is_empty(), "{refused:#?}");
    assert_eq!(shares(&journal), WHOLE_WAY);
    let mut least = BTreeMap::from([("RegisterScalableTarget".to_owned(), floors)]);
    least.extend(weights.iter().map(|(operation, times)| ((*operation).to_owned(), *times)));
    assert_eq!(Stage::written(&ferry), least);
    let after = then(&stage, &ferry);
    assert!(after.is_empty(), "{after:#?}");
    assert_eq!(Stage::written(&ferry), least, "nothing is asked for that is so already");
    Some(stage)
}

#[test]
fn records_are_carried_from_nothing_to_everything() {
    let Some(stage) = carried("acting-records", RECORDS, &[("ChangeResourceRecordSets", STEPS)])
    else {
        return;
    };
    let query = "ResourceRecordSets[?SetIdentifier].[Type,SetIdentifier,Weight]";
    let list = ["route53", "list-resource-record-sets", "--hosted-zone-id", "Z0EXAMPLE"];
    let said = aws(&stage, &[&list[..], &["--query", query]].concat());
    let mut lines: Vec<&str> = said.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["A\tec2\t0", "A\tfargate\t100", "AAAA\tec2\t0", "AAAA\tfargate\t100"]);
}

#[test]
fn traffic_flow_is_carried_from_nothing_to_everything() {
    let Some(stage) = carried(
        "acting-flow",
        TRAFFIC_FLOW,
        &[
            ("CreateTrafficPolicyVersion", STEPS),
            ("UpdateTrafficPolicyInstance", STEPS),
            // Those beyond the last few that nothing refers to.
            ("DeleteTrafficPolicy", 2),
        ],
    ) else {
        return;
    };
    let instance = "8f2a4c66-1d3b-4e5f-9a7c-0b1c2d3e4f50";
    let query = "TrafficPolicyInstance.[TrafficPolicyId,TrafficPolicyVersion]";
    let get = ["route53", "get-traffic-policy-instance", "--id", instance, "--query", query];
    let said = aws(&stage, &get);
    let (policy, version) = said.trim().split_once('\t').unwrap();
    let query = "TrafficPolicy.Document";
    let get = ["route53", "get-traffic-policy", "--id", policy, "--traffic-policy-version"];
    let document = aws(&stage, &[&get[..], &[version, "--query", query]].concat());
    let document: Value = serde_json::from_str(&document).unwrap();
    let items = document["Rules"].as_object().unwrap().values().next().unwrap();
    let weights = items["Items"].as_array().unwrap().iter().map(|item| item["Weight"].as_str());
    assert_eq!(weights.collect::<Vec<_>>(), [Some("0"), Some("100")]);
}

#[test]
fn a_rule_is_carried_from_nothing_to_everything() {
    let Some(stage) = carried("acting-rule", RULE, &[("ModifyRule", STEPS)]) else { return };
    let rule = "arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:listener-rule/app/web/\
                456789abcdef0123/56789abcdef01234/6789abcdef012345";
    let query = "Rules[0].Actions[0].ForwardConfig.TargetGroups[*].[TargetGroupArn,Weight]";
    let said = aws(&stage, &["elbv2", "describe-rules", "--rule-arns", rule, "--query", query]);
    let weights: Vec<(bool, &str)> = said
        .lines()
        .map(|line| line.split_once('\t').unwrap())
        .map(|(group, weight)| (group.contains("/web-ec2/"), weight))
        .collect();
    assert_eq!(weights, [(true, "0"), (false, "100")]);
}

#[test]
fn nothing_is_written_before_it_was_adopted() {
    let Some(stage) = Stage::new("acting-unmarked", &migration(RECORDS), "") else { return };
    let ferry = stage.daemon();
    let most = Span::from_days(1);
    let seen = stage.until(&ferry, "a day", most + Span::from_hours(2), |_| stage.passed() > most);
    let stalled = condition(&seen, "Stalled").unwrap();
    assert_eq!(stalled["reason"], "NotAdopted", "{stalled}");
    assert!(stalled["message"].as_str().unwrap().contains("`ferry adopt`"), "{stalled}");
    let ours: Vec<_> = stage.journal().into_iter().filter(Change::is_ours).collect();
    assert!(ours.is_empty(), "{ours:#?}");
    let answer = stage.ferry("adopt config/api.yaml --yes");
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    stage.until(&ferry, "a step", most + Span::from_days(1), |seen| {
        seen["status"]["share"]["set"].as_u64() > Some(0)
    });
}

/// Goes on for half a day after what is so, and gives what was written meanwhile.
fn then(stage: &Stage, ferry: &crate::running::Running) -> Vec<Change> {
    let known = stage.journal().len();
    let until = stage.passed() + Span::from_hours(12);
    let most = until + Span::from_days(1);
    stage.until(ferry, "half a day", most, |_| stage.passed() > until);
    stage.journal().into_iter().skip(known).filter(Change::is_ours).collect()
}

/// A regression at a quarter: everything goes back in one write, and then nothing is written.
fn goes_back(test: &str, router: &str) {
    let slow = "\n- {whenShare: 25%, for: 3d, type: latency, side: fargate, factor: 3}";
    let Some(stage) = Stage::adopted(test, &migration(router), slow) else { return };
    let ferry = stage.daemon();
    stage.until(&ferry, "a rollback", LONGEST, |seen| {
        holds(seen, "RolledBack") && seen["status"]["share"]["set"] == 0
    });
    let after = then(&stage, &ferry);
    assert_eq!(shares(&stage.journal()), [10, 50, 250, 0]);
    // Fargate's floor goes once its requests are quiet; nothing else is left to do.
    let others: Vec<_> = after.iter().filter(|it| it.minimums().is_none()).collect();
    assert!(others.is_empty(), "{others:#?}");
}

#[test]
fn a_regression_goes_back_by_records() {
    goes_back("acting-back-records", RECORDS);
}

#[test]
fn a_regression_goes_back_by_traffic_flow() {
    goes_back("acting-back-flow", TRAFFIC_FLOW);
}

#[test]
fn a_regression_goes_back_by_a_rule() {
    goes_back("acting-back-rule", RULE);
}

#[test]
fn a_release_on_the_way_is_waited_for() {
    let release = "\n- {at: 4h30m, type: release, side: ec2, factor: 1}\
                   \n- {at: 6h30m, type: release, side: fargate, factor: 1}";
    let name = "acting-release";
    let Some(stage) = Stage::adopted(name, &migration(RULE), release) else { return };
    let ferry = stage.daemon();
    stage.until(&ferry, "sides that differ", LONGEST, |seen| {
        let progressing = condition(seen, "Progressing");
        progressing.is_some_and(|it| it["reason"] == "ReleasesDiffer")
    });
    stage.until(&ferry, "the end", LONGEST, |seen| holds(seen, "Succeeded"));
    let journal = stage.journal();
    assert_eq!(shares(&journal), WHOLE_WAY);
    let apart = |change: &&Change| {
        let at = change.at().since(stage.start);
        change.shares().is_some() && at > Span::from_mins(271) && at < Span::from_mins(391)
    };
    let stepped: Vec<_> = journal.iter().filter(apart).collect();
    assert!(stepped.is_empty(), "no step while the sides differ: {stepped:#?}");
}

#[test]
fn an_operators_move_towards_ec2_is_an_abort_and_not_fought() {
    let edit = "\n- {at: 4h, type: edit, target: weights, value: 0%}";
    let name = "acting-aborted";
    let Some(stage) = Stage::adopted(name, &migration(RECORDS), edit) else { return };
    let ferry = stage.daemon();
    let seen = stage.until(&ferry, "an abort", LONGEST, |seen| holds(seen, "RolledBack"));
    assert_eq!(condition(&seen, "RolledBack").unwrap()["reason"], "MovedByHand");
    let after = then(&stage, &ferry);
    let moved: Vec<_> = after.iter().filter(|it| it.shares().is_some()).collect();
    assert!(moved.is_empty(), "{moved:#?}");
    assert_eq!(stage.status(&ferry).unwrap()["status"]["share"]["set"], 0);
}

#[test]
fn an_operators_move_away_from_ec2_is_said_and_not_fought() {
    let edit = "\n- {at: 4h, type: edit, target: weights, value: 60%}";
    let Some(stage) = Stage::adopted("acting-edited", &migration(RECORDS), edit) else { return };
    let ferry = stage.daemon();
    stage.until(&ferry, "a drift", LONGEST, |seen| holds(seen, "Drifted"));
    let after = then(&stage, &ferry);
    let moved: Vec<_> = after.iter().filter(|it| it.shares().is_some()).collect();
    assert!(moved.is_empty(), "{moved:#?}");
    assert_eq!(stage.status(&ferry).unwrap()["status"]["share"]["set"], 600);
}

#[test]
fn a_minimum_that_terraform_lowers_is_raised_again_at_once() {
    let edit = "\n- {at: 5h, type: edit, target: ec2.min, value: \"2\"}";
    let name = "acting-terraform";
    let Some(stage) = Stage::adopted(name, &migration(RULE), edit) else { return };
    let ferry = stage.daemon();
    stage.until(&ferry, "the end", LONGEST, |seen| holds(seen, "Succeeded"));
    let journal = stage.journal();
    let lowered = journal.iter().find(|change| !change.is_ours()).unwrap();
    let raised = journal.iter().find(|change| {
        change.at() >= lowered.at() && change.is_ours() && change.minimums().is_some()
    });
    let raised = raised.unwrap();
    let (service, before, after) = raised.minimums().unwrap();
    let (_, promised, two) = lowered.minimums().unwrap();
    assert_eq!((service, before, two), ("api", 2, 2));
    assert_eq!(after, promised, "what was promised before");
    let late = raised.at().since(lowered.at());
    assert!(late <= Span::from_secs(70), "the next look: {late}");
}

#[test]
fn storms_of_throttles_delay_it_and_do_no_harm() {
    let storm = "\n- {at: 2h, for: 4h, type: throttle, api: \"*\", fraction: 50%}\
                 \n- {at: 8h, for: 30m, type: throttle, api: \"*\", fraction: 100%}";
    let Some(stage) = Stage::adopted("acting-storm", &migration(RECORDS), storm) else { return };
    let ferry = stage.daemon();
    stage.until(&ferry, "the end", LONGEST, |seen| holds(seen, "Succeeded"));
    assert_eq!(shares(&stage.journal()), WHOLE_WAY);
}

/// Numbers that look random and are the same for a seed (Numerical Recipes' generator).
fn next(seed: &mut u32) -> u32 {
    *seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
    *seed >> 16
}

/// Ends the daemon at five moments that nobody chose and starts another one each time; to try
/// other moments, change the seed.
#[test]
fn whoever_ends_it_and_whenever_the_next_one_goes_on() {
    let Some(stage) = Stage::adopted("acting-ended", &migration(RECORDS), "") else { return };
    let mut seed = 17;
    for ending in ["TERM", "KILL", "TERM", "KILL", "TERM"] {
        let mut ferry = stage.daemon();
        let hours = u64::from(next(&mut seed) % 3);
        let until = stage.passed() + Span::from_mins(hours * 60 + u64::from(next(&mut seed) % 60));
        let most = until + Span::from_days(1);
        stage.until(&ferry, "its end", most, |_| stage.passed() >= until);
        let (signal, limit) = (ending, std::time::Duration::from_secs(20));
        ferry.signal(signal);
        let (status, _) = ferry.end_within(limit);
        assert_eq!(status.success(), signal == "TERM", "{signal}: {status}");
    }
    let ferry = stage.daemon();
    stage.until(&ferry, "the end", LONGEST, |seen| holds(seen, "Succeeded"));
    assert_eq!(shares(&stage.journal()), WHOLE_WAY);
}

#[test]
fn credentials_that_expire_stop_it_and_new_ones_let_it_go_on() {
    let Some(stage) = Stage::adopted("acting-expired", &migration(RULE), "") else { return };
    let session = aws(
        &stage,
        &[
            "sts",
            "assume-role",
            "--role-arn",
            "arn:aws:iam::123456789012:role/ferry",
            "--role-session-name",
            "ferry",
            "--duration-seconds",
            "10800",
            "--query",
            "Credentials.[AccessKeyId,SecretAccessKey,SessionToken]",
        ],
    );
    let session: Vec<&str> = session.trim().split('\t').collect();
    let [id, secret, token] = session[..] else { panic!("{session:?}") };
    let variables = [
        ("AWS_ACCESS_KEY_ID", id),
        ("AWS_SECRET_ACCESS_KEY", secret),
        ("AWS_SESSION_TOKEN", token),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ];
    let mut ferry = stage.daemon_with(&variables);
    let seen = stage.until(&ferry, "blindness", LONGEST, |seen| {
        condition(seen, "DataAvailable").is_some_and(|it| it["reason"] == "UnknownTooLong")
    });
    assert!(seen["status"]["step"]["share"].as_u64() > Some(0), "it has begun: {seen:#}");
    let known = stage.journal().len();
    let refused = ferry.metrics("refusals", |text| text.contains("outcome=\"denied\""));
    let denied = refused.lines().find(|line| {
        line.starts_with("ferry_aws_api_requests_total{")
            && line.contains("outcome=\"denied\"")
            && !line.ends_with(" 0")
    });
    assert!(denied.is_some(), "{refused}");
    ferry.terminate();
    let (status, _) = ferry.end_within(std::time::Duration::from_secs(20));
    assert!(status.success(), "no crash: {status}");
    assert_eq!(stage.journal().len(), known);
    let ferry = stage.daemon();
    stage.until(&ferry, "the end", LONGEST, |seen| holds(seen, "Succeeded"));
    assert_eq!(shares(&stage.journal()), WHOLE_WAY);
}

#[test]
fn clients_that_a_rule_holds_are_let_go_by_a_rollback_and_held_again_by_the_next_attempt() {
    let slow = "\n- {whenShare: 25%, for: 2h, type: latency, side: fargate, factor: 3}";
    let Some(stage) = Stage::adopted("acting-sticky", &migration(RULE), slow) else { return };
    let rule = "arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:listener-rule/app/web/\
                456789abcdef0123/56789abcdef01234/6789abcdef012345";
    let group = "arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:targetgroup/web";
    let forward = format!(
        "[{{\"Type\": \"forward\", \"ForwardConfig\": {{\"TargetGroups\": [\
         {{\"TargetGroupArn\": \"{group}-ec2/789abcdef0123456\", \"Weight\": 100}}, \
         {{\"TargetGroupArn\": \"{group}-fargate/89abcdef01234567\", \"Weight\": 0}}], \
         \"TargetGroupStickinessConfig\": {{\"Enabled\": true, \"DurationSeconds\": 600}}}}}}]"
    );
    aws(&stage, &["elbv2", "modify-rule", "--rule-arn", rule, "--actions", &forward]);
    let config = "Rules[0].Actions[0].ForwardConfig";
    let held = || {
        let query = format!(
            "{config}.[TargetGroupStickinessConfig.Enabled, \
             TargetGroupStickinessConfig.DurationSeconds, length(TargetGroups)]"
        );
        aws(&stage, &["elbv2", "describe-rules", "--rule-arns", rule, "--query", &query])
    };
    assert_eq!(held().trim(), "True\t600\t2");
    let ferry = stage.daemon();
    stage.until(&ferry, "a rollback", LONGEST, |seen| {
        holds(seen, "RolledBack") && seen["status"]["share"]["set"] == 0
    });
    assert_eq!(held().trim(), "False\tNone\t1", "no cookie leads to Fargate");
    let again = migration(RULE).replace("mode: act", "mode: act\n  attempt: 2");
    let config = stage.folder.path().join("config/api.yaml");
    let until = stage.passed() + Span::from_hours(3);
    stage.until(&ferry, "health", LONGEST, |_| stage.passed() > until);
    std::fs::write(config, again).unwrap();
    stage.until(&ferry, "another step", LONGEST, |seen| {
        seen["status"]["share"]["set"].as_u64() > Some(0)
    });
    assert_eq!(held().trim(), "True\t600\t2");
}
