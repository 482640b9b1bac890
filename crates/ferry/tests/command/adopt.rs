//! `ferry adopt`: whose everything is, and whose it becomes.

use model::{Span, Time};

use crate::account::{draft, ferry, region, scenario};
use crate::ferry::{Answer, Folder};
use crate::running::Running;

/// A region with three migrations' worth of things, and their files.
fn place(name: &str) -> (Folder, Running) {
    let folder = Folder::new(name, &[("region.yaml", &scenario())]);
    let region = region(&folder);
    for service in ["api", "search", "web"] {
        let answer = ferry(&folder, &region.address, &draft(service));
        assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    }
    (folder, region)
}

const FILES: &str = "api.yaml search.yaml web.yaml";

fn adopt((folder, region): &(Folder, Running), arguments: &str) -> Answer {
    // A zone is busy for a moment after a change, by the region's clock.
    let (_, body) = region.get("/_region/clock").unwrap();
    let now: serde_json::Value = serde_json::from_str(&body).unwrap();
    let later = now["now"].as_str().unwrap().parse::<Time>().unwrap() + Span::from_mins(1);
    let (status, body) = region.post("/_region/advance", &format!("{{\"until\": \"{later}\"}}"));
    assert_eq!(status, 200, "{body}");
    ferry(folder, &region.address, &format!("adopt {arguments}"))
}

fn lines_with(answer: &Answer, text: &str) -> usize {
    answer.stdout.lines().filter(|line| line.contains(text)).count()
}

#[test]
fn it_is_shown_first_and_marked_when_that_is_said() {
    let place = place("adopt");
    for _ in 0..2 {
        let shown = adopt(&place, FILES);
        assert_eq!(shown.code, Some(1), "{}", shown.stderr);
        // Two services each, and a record, a policy instance, a rule.
        assert_eq!(shown.stdout.lines().count(), 9, "{}", shown.stdout);
        assert_eq!(lines_with(&shown, ": not marked: it would be marked as that of ferry/"), 9);
        assert!(shown.stderr.contains("--yes writes it"), "{}", shown.stderr);
    }
    let marked = adopt(&place, &format!("{FILES} --yes"));
    assert_eq!(marked.code, Some(0), "{}", marked.stderr);
    assert_eq!(lines_with(&marked, ": now marked as that of ferry/"), 9, "{}", marked.stdout);
    let line = "api: record api.example.com: now marked as that of ferry/api";
    assert!(marked.stdout.lines().any(|it| it == line), "{}", marked.stdout);
    let again = adopt(&place, FILES);
    assert_eq!((again.code, again.stderr.as_str()), (Some(0), ""));
    assert_eq!(lines_with(&again, ": marked as that of ferry/"), 9, "{}", again.stdout);
}

#[test]
fn what_another_installation_has_changes_hands_only_by_name() {
    let place = place("adopt-others");
    assert_eq!(adopt(&place, "api.yaml --yes").code, Some(0));
    let refused = adopt(&place, "api.yaml search.yaml --yes --installation blue");
    assert_eq!(refused.code, Some(1), "{}", refused.stderr);
    assert_eq!(lines_with(&refused, "api: service prd/api: marked as that of ferry/api: left"), 1);
    assert_eq!(lines_with(&refused, ": now marked as that of blue/search"), 3);
    assert!(refused.stderr.contains("3 are marked as others'"), "{}", refused.stderr);
    let wrong = adopt(&place, "api.yaml --yes --installation blue --take-from ferry/web");
    assert_eq!(wrong.code, Some(1), "{}", wrong.stderr);
    let taken = adopt(&place, "api.yaml --yes --installation blue --take-from ferry/api");
    assert_eq!(taken.code, Some(0), "{}", taken.stderr);
    assert_eq!(lines_with(&taken, ": now marked as that of blue/api"), 3, "{}", taken.stdout);
    let back = adopt(&place, "api.yaml --give-back --yes");
    assert_eq!(back.code, Some(1), "only who has it gives it back: {}", back.stderr);
    let back = adopt(&place, "api.yaml --give-back --yes --installation blue");
    assert_eq!(back.code, Some(0), "{}", back.stderr);
    assert_eq!(lines_with(&back, ": not marked any more"), 3, "{}", back.stdout);
    let shown = adopt(&place, "api.yaml");
    assert_eq!(lines_with(&shown, ": not marked: it would be"), 3, "{}", shown.stdout);
}

#[test]
fn what_cannot_be_meant_is_one_clear_error() {
    let place = place("adopt-wrong");
    for (arguments, says) in [
        ("api.yaml --installation Blue", "`Blue` is not a name"),
        ("api.yaml --take-from blue", "is not a name"),
        ("api.yaml --take-from blue/api --give-back", "cannot be used with"),
        ("missing.yaml", "missing.yaml"),
        ("", "required"),
    ] {
        let answer = adopt(&place, arguments);
        assert_eq!(answer.code, Some(2), "{arguments}: {}", answer.stderr);
        assert!(answer.stderr.contains(says), "{arguments}: {}", answer.stderr);
        assert_eq!(answer.stdout, "");
    }
    let text = place.0.read("api.yaml").replace("service: api-fargate", "service: gone");
    std::fs::write(place.0.path().join("gone.yaml"), text).unwrap();
    let answer = adopt(&place, "gone.yaml --yes");
    assert_eq!(answer.code, Some(3), "{}", answer.stderr);
    assert!(answer.stdout.contains("there is no service prd/gone"), "{}", answer.stdout);
}
