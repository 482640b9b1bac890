//! Help, schemas, completions, validation: what a person reads before anything runs.

use std::fmt::Write as _;

use crate::ferry::{Folder, example, root};

#[test]
fn help_says_what_there_is() {
    let folder = Folder::new("help", &[]);
    let mut pages = String::new();
    for command in [
        "",
        "rehearse",
        "init",
        "validate",
        "preflight",
        "schema",
        "judge",
        "replay",
        "tune",
        "completions",
        "get",
        "describe",
        "explain",
        "plan",
        "history",
        "pause",
        "resume",
        "advance",
        "rollback",
        "pin",
        "freeze",
        "release",
        "confirm",
        "status",
        "healthcheck",
    ] {
        let answer = folder.ferry(&format!("{command} --help"));
        assert_eq!(answer.code, Some(0), "{}", answer.stderr);
        writeln!(
            pages,
            "$ {}\n{}",
            format!("ferry {command} --help").replace("  ", " "),
            answer.stdout
        )
        .unwrap();
    }
    insta::assert_snapshot!(pages);
}

#[test]
fn every_example_is_valid() {
    let folder = Folder::new("examples", &[]);
    let examples = root().join("config/examples");
    let mut checked = 0;
    for entry in std::fs::read_dir(examples).unwrap() {
        let path = entry.unwrap().path();
        // A region is for `ferry region`, whose own tests serve the example.
        let is_region = path.ends_with("region.yaml");
        if !is_region && path.extension().is_some_and(|extension| extension == "yaml") {
            let path = path.to_string_lossy().into_owned();
            let answer = folder.command(&["validate", &path]);
            assert_eq!(answer.code, Some(0), "{path}: {}", answer.stderr);
            assert!(answer.stdout.contains("valid"), "{path}: {}", answer.stdout);
            checked += 1;
        }
    }
    assert!(checked >= 4, "migrations, settings and a world are there");
}

#[test]
fn all_problems_of_all_files_are_said_at_once() {
    let api = example("config/examples/tapple-api.yaml");
    let one = api.replace("attempt: 1", "attempt: one").replace("mode: act", "mode: none");
    let folder = Folder::new("many-problems", &[("one.yaml", &one), ("two.yaml", "kind: What")]);
    let answer = folder.ferry("validate one.yaml two.yaml");
    assert_eq!(answer.code, Some(2));
    for place in ["one.yaml:16:", "one.yaml:18:", "two.yaml:1:"] {
        assert!(answer.stderr.contains(place), "{place} is not in:\n{}", answer.stderr);
    }
}

#[test]
fn schemas_are_json() {
    let folder = Folder::new("schemas", &[]);
    for kind in ["migration", "settings", "world"] {
        let answer = folder.ferry(&format!("schema {kind}"));
        let schema: serde_json::Value = serde_json::from_str(&answer.stdout).unwrap();
        assert!(schema.get("properties").is_some(), "{kind}");
    }
}

#[test]
fn completions_know_the_commands() {
    let folder = Folder::new("completions", &[]);
    for shell in ["bash", "zsh", "fish"] {
        let answer = folder.ferry(&format!("completions {shell}"));
        assert_eq!(answer.code, Some(0));
        assert!(answer.stdout.contains("rehearse"), "{shell}");
    }
}

/// The README's first command, and the file that its second one names.
#[test]
fn the_readme_can_be_followed() {
    let readme = example("README.md");
    let first = "cargo run --release -- rehearse config/examples/tapple-api.yaml\n./tests/run";
    assert!(readme.contains(first), "the README begins with its two commands");
    assert!(root().join("tests/run").exists());
    for word in readme.split([' ', '\n', '`']).filter(|word| word.starts_with("config/")) {
        assert!(root().join(word).exists(), "the README names {word}");
    }
}
