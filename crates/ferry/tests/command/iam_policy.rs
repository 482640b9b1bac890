//! `ferry iam-policy`: what a linter says of it, and what is refused.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::ferry::{Answer, Folder, example, root};

const EXAMPLES: [&str; 3] =
    ["tapple-api.yaml", "tapple-api-alb.yaml", "tapple-api-traffic-flow.yaml"];
const ROLE: &str = "arn:aws:iam::222222222222:role/ferry-zones";

/// The examples, the first one's zone in another account.
fn folder(name: &str) -> Folder {
    let folder = Folder::new(name, &[]);
    for file in EXAMPLES {
        let mut text = example(&format!("config/examples/{file}"));
        if file == EXAMPLES[0] {
            let aws =
                format!("      type: route53Weighted\n      aws: {{assumeRoleArn: {ROLE}}}\n");
            text = text.replacen("      type: route53Weighted\n", &aws, 1);
            assert!(text.contains(ROLE), "{text}");
        }
        std::fs::write(folder.path().join(file), text).unwrap();
    }
    folder
}

fn lint(policy: &str) -> Answer {
    let mut linter = Command::new(root().join("tests/iam/lint"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    linter.stdin.take().unwrap().write_all(policy.as_bytes()).unwrap();
    Answer::of(&linter.wait_with_output().unwrap())
}

#[test]
fn a_linter_finds_nothing_in_any_policy() {
    let folder = folder("policies");
    let files = EXAMPLES.join(" ");
    for whom in ["observer", "mutator", "survey"] {
        for role in [String::new(), format!(" --role {ROLE}")] {
            let arguments = format!("iam-policy {files} --for {whom}{role} --account 123456789012");
            let answer = folder.ferry(&arguments);
            assert_eq!(answer.code, Some(0), "{arguments}: {}", answer.stderr);
            let policy: Value = serde_json::from_str(&answer.stdout).unwrap();
            assert!(!policy["Statement"].as_array().unwrap().is_empty(), "{arguments}");
            let linted = lint(&answer.stdout);
            let found = format!("{}{}", linted.stdout, linted.stderr);
            assert_eq!(linted.code, Some(0), "{arguments}: {found}");
            assert!(linted.stdout.is_empty(), "{arguments}: {found}");
        }
    }
    let spoilt = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action":
        ["ecs:UpdateServices"], "Resource": "*"}]}"#;
    assert_ne!(lint(spoilt).code, Some(0), "a linter that finds nothing anywhere proves nothing");
}

#[test]
fn who_else_needs_a_policy_is_said_beside_it() {
    let folder = folder("policies-notes");
    let answer = folder.ferry("iam-policy tapple-api.yaml");
    assert!(answer.stderr.contains(&format!("{ROLE} needs a policy of its own: --role {ROLE}")));
    assert!(answer.stderr.contains("1 of the migrations act, and need --for mutator as well"));
    let many: Vec<String> = (0..40).map(|number| format!("many-{number}.yaml")).collect();
    for (number, file) in many.iter().enumerate() {
        let text = example("config/examples/tapple-api.yaml")
            .replace("service: api", &format!("service: a-service-with-a-long-name-{number}"));
        std::fs::write(folder.path().join(file), text).unwrap();
    }
    let large = folder.ferry(&format!("iam-policy {}", many.join(" ")));
    assert_eq!(large.code, Some(0), "{}", large.stderr);
    assert!(large.stderr.contains("a managed policy has 6144"), "{}", large.stderr);
}

#[test]
fn what_needs_no_policy_and_what_nobody_names_is_said() {
    let folder = folder("policies-wrong");
    for (arguments, says) in [
        ("iam-policy none.yaml", "none.yaml: cannot be read"),
        (
            "iam-policy tapple-api.yaml --role arn:aws:iam::1:role/x",
            "no file names it; they name arn",
        ),
        ("iam-policy tapple-api-alb.yaml --role arn:aws:iam::1:role/x", "they name none"),
        ("iam-policy tapple-api.yaml --account 12", "write twelve digits"),
        ("iam-policy tapple-api.yaml --for everybody", "invalid value"),
        ("iam-policy", "required"),
    ] {
        let answer = folder.ferry(arguments);
        assert_eq!(answer.code, Some(2), "{arguments}: {}", answer.stderr);
        assert!(answer.stderr.contains(says), "{arguments}: {}", answer.stderr);
        assert!(answer.stdout.is_empty(), "{arguments}");
    }
}
