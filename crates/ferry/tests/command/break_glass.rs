//! `ferry rollback --break-glass`: from a laptop, with the files and the credentials alone.

use std::time::Duration;

use crate::account::{draft, ferry};
use crate::ferry::{Answer, Folder, example};
use crate::region::serve_file;
use crate::running::{Running, until};

/// The example's three applications, each at 60 % on Fargate, in a region whose clock runs.
fn region(name: &str, ec2: &str) -> (Folder, Running) {
    let text = example("config/examples/region.yaml")
        .replace("    share: 10%\n", "")
        .replace("    slowThreshold:", "    share: 60%\n    slowThreshold:")
        .replace(r#""ec2", "Weight": "100""#, r#""ec2", "Weight": "40""#)
        .replace(r#""fargate", "Weight": "0""#, r#""fargate", "Weight": "60""#)
        .replace("      ec2:\n", &format!("      ec2:\n{ec2}"));
    serve_file(name, &text, &["--speed", "120"])
}

/// Drafts of the three, told to act.
fn files(folder: &Folder, region: &Running) -> String {
    let services = ["api", "search", "web"];
    for service in services {
        until("a draft", Duration::from_secs(60), || {
            let answer = ferry(folder, &region.address, &draft(service));
            (answer.code == Some(0)).then_some(())
        });
        let text =
            folder.read(&format!("{service}.yaml")).replacen("mode: observe", "mode: act", 1);
        std::fs::write(folder.path().join(format!("{service}.yaml")), text).unwrap();
    }
    services.map(|service| format!("{service}.yaml")).join(" ")
}

fn back(folder: &Folder, region: &Running, arguments: &str) -> Answer {
    ferry(folder, &region.address, &format!("rollback {arguments}"))
}

#[test]
fn all_traffic_of_three_kinds_of_routers_goes_back_without_a_daemon() {
    let (folder, region) = region("break-glass", "");
    let files = files(&folder, &region);
    let looked = back(&folder, &region, &format!("--break-glass {files} --dry-run"));
    assert_eq!(looked.code, Some(0), "{}", looked.stderr);
    for name in ["api", "search", "web"] {
        let line = looked.stdout.lines().find(|line| line.starts_with(&format!("{name}: ")));
        let line = line.unwrap_or_else(|| panic!("{}", looked.stdout));
        assert!(line.contains("60% on Fargate; "), "{line}");
        assert!(!line.contains(" 0 healthy"), "{line}");
    }
    assert_eq!(looked.stdout.lines().count(), 3, "nothing was done: {}", looked.stdout);
    let sent = back(&folder, &region, &format!("--break-glass {files}"));
    assert_eq!(sent.code, Some(0), "{}\n{}", sent.stdout, sent.stderr);
    let gone = sent.stdout.lines().filter(|line| line.contains("all traffic goes to EC2"));
    assert_eq!(gone.count(), 3, "{}", sent.stdout);
    let again = back(&folder, &region, &format!("--break-glass {files} --dry-run"));
    assert_eq!(again.stdout.matches(": 0% on Fargate").count(), 3, "{}", again.stdout);
}

#[test]
fn traffic_is_not_sent_where_nobody_answers_unless_that_is_said() {
    let (folder, region) =
        region("break-glass-dark", "        desired: 0\n        scaling: null\n");
    let files = files(&folder, &region);
    let refused = back(&folder, &region, &format!("--break-glass {files}"));
    assert_eq!(refused.code, Some(1), "{}", refused.stderr);
    assert!(refused.stderr.contains("api: left as it is: nobody would answer on EC2"));
    assert!(!refused.stdout.contains("all traffic goes"), "{}", refused.stdout);
    let sent = back(&folder, &region, &format!("--break-glass {files} --even-if-dark"));
    assert_eq!(sent.code, Some(0), "{}", sent.stderr);
}

#[test]
fn what_cannot_be_sent_back_from_here_is_said_before_anything_is_asked() {
    let folder = Folder::new("break-glass-wrong", &[("empty.yaml", "# nothing\n")]);
    let observed =
        example("config/migrations/tapple-api.yaml").replace("mode: act", "mode: observe");
    std::fs::write(folder.path().join("observed.yaml"), observed).unwrap();
    for (arguments, says) in [
        ("rollback --break-glass observed.yaml", "spec.mode: `observe` leaves its weights"),
        ("rollback --break-glass empty.yaml", "the file holds no document"),
        ("rollback --break-glass none.yaml", "none.yaml: cannot be read"),
        ("rollback api --break-glass observed.yaml", "cannot be used with"),
        ("rollback --dry-run api", "cannot be used with"),
        ("rollback --dry-run", "required"),
        ("rollback", "required"),
    ] {
        let answer = folder.ferry(arguments);
        assert_eq!(answer.code, Some(2), "{arguments}: {}", answer.stderr);
        assert!(answer.stderr.contains(says), "{arguments}: {}", answer.stderr);
    }
}

#[test]
fn a_region_that_is_down_is_not_taken_for_one_that_is_back() {
    let folder = Folder::new("break-glass-down", &[]);
    std::fs::write(folder.path().join("api.yaml"), example("config/migrations/tapple-api.yaml"))
        .unwrap();
    let answer = ferry(&folder, "127.0.0.1:9", "rollback --break-glass api.yaml --dry-run");
    assert!(answer.stdout.contains("could not be read"), "{}", answer.stdout);
    assert_eq!(answer.code, Some(3), "{}", answer.stderr);
}
