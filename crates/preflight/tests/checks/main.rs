//! Every check: where it finds something, and where it does not.
#![expect(clippy::unwrap_used, reason = "a test whose landscape cannot be built must fail")]

mod base;
mod by_hand;
mod cases;
mod document;
mod reading;
mod text;

use std::collections::BTreeSet;

use model::inventory::Landscape;
use preflight::{Finding, Severity};

use base::{Kind, landscape};

/// One way in which something is wrong.
struct Case {
    check: &'static str,
    kind: Kind,
    spoil: fn(&mut Landscape),
    /// What the finding says of it.
    says: &'static str,
}

const fn case(
    check: &'static str,
    kind: Kind,
    spoil: fn(&mut Landscape),
    says: &'static str,
) -> Case {
    Case { check, kind, spoil, says }
}

fn findings(landscape: Landscape) -> Vec<Finding> {
    preflight::check(&[landscape])
}

fn of<'a>(findings: &'a [Finding], check: &str) -> Vec<&'a Finding> {
    findings.iter().filter(|finding| finding.check == check).collect()
}

#[test]
fn a_sound_landscape_has_nothing_but_things_to_look_at() {
    for kind in [Kind::Records, Kind::Policy, Kind::Rule, Kind::Worker, Kind::Scheduled] {
        let found = findings(landscape(kind));
        let wrong: Vec<_> =
            found.iter().filter(|it| it.severity != Severity::LookYourself).collect();
        assert!(wrong.is_empty(), "{kind:?}: {wrong:#?}");
    }
}

#[test]
fn each_check_speaks_of_its_case_and_of_no_other() {
    for case in cases::all() {
        let Case { check, kind, spoil, says } = *case;
        let mut spoilt = landscape(kind);
        spoil(&mut spoilt);
        let found = findings(spoilt);
        let of_check = of(&found, check);
        assert!(!of_check.is_empty(), "{check} says nothing; said: {found:#?}");
        assert!(
            of_check.iter().any(|finding| finding.said.contains(says)),
            "{check} does not say {says:?}: {of_check:#?}"
        );
        assert!(of(&findings(landscape(kind)), check).is_empty(), "{check} speaks of nothing");
    }
}

#[test]
fn every_check_has_a_case() {
    let tested: BTreeSet<&str> = cases::all()
        .map(|case| case.check)
        .chain(by_hand::CASES.iter().map(|case| case.check))
        .chain(reading::CHECKS)
        .collect();
    let known: BTreeSet<&str> = preflight::checks().map(|check| check.id).collect();
    assert_eq!(
        known.difference(&tested).collect::<Vec<_>>(),
        Vec::<&&str>::new(),
        "without a case"
    );
    assert_eq!(tested.difference(&known).collect::<Vec<_>>(), Vec::<&&str>::new(), "not a check");
    assert_eq!(known.len(), preflight::checks().count(), "an id stands twice");
}

#[test]
fn what_is_found_is_a_sentence_and_what_to_do_a_command() {
    let spoilt = cases::all().map(|case| {
        let mut spoilt = landscape(case.kind);
        (case.spoil)(&mut spoilt);
        spoilt
    });
    for finding in spoilt.flat_map(findings) {
        let Finding { check, said, remedy, .. } = &finding;
        assert!(said.ends_with('.'), "{check}: {said}");
        assert!(remedy.chars().next().is_some_and(char::is_lowercase), "{check}: {remedy}");
        assert!(!said.contains("  ") && !remedy.contains("  "), "{check}: {said} {remedy}");
    }
}
