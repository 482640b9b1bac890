//! Bad files, each one edit away from a good one, with every line that is said of it.
//!
//! `bad/*.txt` hold the cases: a title, the edit as `- old` and `+ new` lines, and the exact
//! output. `FERRY_BLESS=1 cargo test -p manifest --test bad_files` writes the output anew.
#![expect(clippy::unwrap_used, reason = "a test that cannot read its files must fail")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use manifest::{Document, check_set, read};

struct Case {
    title: String,
    edits: Vec<(String, String)>,
    output: String,
}

/// Cases are parted by blank lines: `# title`, then edits, then `> output`.
fn cases(text: &str) -> Vec<Case> {
    text.split("\n\n")
        .filter(|block| !block.trim().is_empty())
        .map(|block| {
            let mut case = Case { title: String::new(), edits: Vec::new(), output: String::new() };
            for line in block.lines() {
                match line.split_once(' ').unwrap_or((line, "")) {
                    ("#", title) => title.clone_into(&mut case.title),
                    ("-", old) => case.edits.push((old.to_owned(), String::new())),
                    ("+", new) => {
                        let edit = &mut case.edits.last_mut().unwrap().1;
                        edit.push_str(new);
                        edit.push('\n');
                    }
                    (">", said) => {
                        case.output.push_str(said);
                        case.output.push('\n');
                    }
                    _ => panic!("not a line of a case: {line}"),
                }
            }
            case
        })
        .collect()
}

/// The good file with each old line replaced; an edit without new lines takes the line out.
fn edited(good: &str, case: &Case) -> String {
    let mut text = good.to_owned();
    for (old, new) in &case.edits {
        assert_eq!(
            text.matches(old.as_str()).count(),
            1,
            "{}: `{old}` is not there once",
            case.title
        );
        let start = text.find(old.as_str()).unwrap();
        let line = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let end = text[start..].find('\n').map_or(text.len(), |at| start + at + 1);
        text.replace_range(line..end, new);
    }
    text
}

fn said(file: &str, text: &str) -> String {
    let problems = match read(file, text) {
        Ok(documents) => check_set(&documents),
        Err(problems) => problems,
    };
    problems.iter().map(|problem| format!("{problem}\n")).collect()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bad")
}

fn check(name: &str, least: usize) {
    let good = fs::read_to_string(folder().join(format!("{name}.yaml"))).unwrap();
    assert_eq!(said(name, &good), "", "the good file must be good");
    let path = folder().join(format!("{name}.txt"));
    let text = fs::read_to_string(&path).unwrap();
    let cases = cases(&text);
    assert!(cases.len() >= least, "only {} cases", cases.len());
    let mut blessed = String::new();
    let mut wrong = String::new();
    for case in &cases {
        let output = said(name, &edited(&good, case));
        if output != case.output || output.is_empty() {
            writeln!(wrong, "# {}\nexpected:\n{}got:\n{output}", case.title, case.output).unwrap();
        }
        writeln!(blessed, "# {}", case.title).unwrap();
        for (old, new) in &case.edits {
            writeln!(blessed, "- {old}").unwrap();
            blessed.extend(new.lines().map(|line| format!("+ {line}\n")));
        }
        blessed.extend(output.lines().map(|line| format!("> {line}\n")));
        blessed.push('\n');
    }
    if std::env::var_os("FERRY_BLESS").is_some() {
        fs::write(path, blessed.trim_end().to_owned() + "\n").unwrap();
    } else {
        assert!(wrong.is_empty(), "{wrong}");
    }
}

#[test]
fn every_bad_migration_is_answered_with_place_and_remedy() {
    check("migration", 60);
}

#[test]
fn every_bad_setting_is_answered_with_place_and_remedy() {
    check("settings", 10);
}

#[test]
fn every_bad_set_is_answered_with_place_and_remedy() {
    check("set", 5);
}

#[test]
fn texts_that_are_no_documents_get_one_clear_error() {
    for (text, said_of_it) in [
        (
            "",
            "f:1:1: the file holds no document, start it with `apiVersion: ferry/v1` and `kind: Migration`\n",
        ),
        (
            "# nothing\n---\n---\n",
            "f:1:1: the file holds no document, start it with `apiVersion: ferry/v1` and `kind: Migration`\n",
        ),
        (
            "- a\n",
            "f:1:1: the document is not a map of fields, start it with `apiVersion: ferry/v1` and `kind: Migration`\n",
        ),
        (
            "hello",
            "f:1:1: the document is not a map of fields, start it with `apiVersion: ferry/v1` and `kind: Migration`\n",
        ),
    ] {
        assert_eq!(said("f", text), said_of_it);
    }
    let one_line = |text: &str, part: &str| {
        let output = said("f", text);
        assert!(output.lines().count() == 1 && output.contains(part), "{output}");
    };
    one_line(&"a".repeat(2 << 20), "more than 1048576");
    one_line(&"[".repeat(40), "nested more than 32 deep");
    one_line(&"[".repeat(1000), "recursion limit");
    one_line(&"a: {".repeat(1000), "deep");
    one_line("a: [1\nb: }", "not YAML");
    one_line("a: \"no end", "not YAML");
    one_line("? [a]\n: b\n", "a key is not plain text");
}

#[test]
fn a_bomb_of_aliases_is_refused_and_never_unfolded() {
    let mut text = "a: &a [x]\n".to_owned();
    for (name, before) in ('b'..='z').zip('a'..='y') {
        let many = vec![format!("*{before}"); 9].join(", ");
        writeln!(text, "{name}: &{name} [{many}]").unwrap();
    }
    let problems = read("f", &text).unwrap_err();
    assert!(problems.len() <= 102, "{}", problems.len());
    let anchor = "f:1:4: a: anchors are not read, write the value out where it is needed";
    assert!(problems.iter().any(|problem| problem.to_string() == anchor), "{problems:#?}");
}

#[test]
fn documents_of_one_file_keep_their_places() {
    let good = fs::read_to_string(folder().join("migration.yaml")).unwrap();
    let other =
        good.replace("name: api\n", "name: other\n").replace("service: api", "service: oth");
    let text = format!("{good}---\n{}", other.replace("mode: act", "mode: atc"));
    let line =
        good.lines().count() + 1 + good.lines().position(|l| l.contains("mode: act")).unwrap() + 1;
    assert_eq!(
        said("f", &text),
        format!("f:{line}:9: spec.mode: unknown value `atc`, did you mean `act`?\n")
    );
}

#[test]
fn names_twice_across_files_are_found() {
    let good = fs::read_to_string(folder().join("migration.yaml")).unwrap();
    let documents: Vec<Document> =
        ["a.yaml", "b.yaml"].iter().flat_map(|file| read(file, &good).unwrap()).collect();
    let problems = check_set(&documents);
    assert_eq!(
        problems.iter().map(ToString::to_string).collect::<Vec<_>>(),
        [
            "b.yaml:4:9: metadata.name: a second migration named `api`; the first is in a.yaml, give each its own name"
        ]
    );
}

#[test]
fn a_rule_of_events_belongs_to_one_migration() {
    let text = |name: &str, rules: &str, region: &str| {
        format!(
            "apiVersion: ferry/v1
kind: Migration
metadata: {{name: {name}}}
spec:
  aws: {{region: {region}}}
  ec2: {{cluster: prd}}
  fargate: {{cluster: prd}}
  workload: {{type: scheduled, rules: [{rules}]}}
  traffic: {{rollout: {{}}}}
"
        )
    };
    let first = text("one", "{name: hourly}, {name: nightly}", "eu-west-1");
    let said_of = |second: &str| -> Vec<String> {
        let documents: Vec<Document> = [("a.yaml", first.as_str()), ("b.yaml", second)]
            .iter()
            .flat_map(|(file, text)| read(file, text).unwrap())
            .collect();
        check_set(&documents).iter().map(ToString::to_string).collect()
    };
    assert_eq!(
        said_of(&text("two", "{name: nightly}", "eu-west-1")),
        ["b.yaml:8:46: spec.workload.rules[0].name: rule nightly of bus default in eu-west-1 is \
          already moved by `one`, leave it to one migration"]
    );
    for other in [
        text("two", "{name: weekly}", "eu-west-1"),
        text("two", "{name: nightly, bus: jobs}", "eu-west-1"),
        text("two", "{name: nightly}", "us-east-1"),
    ] {
        assert_eq!(said_of(&other), [""; 0]);
    }
}

#[test]
fn findings_without_end_are_counted_and_not_listed() {
    let problems = read("f", &"---\na: 1\n".repeat(1000)).unwrap_err();
    assert_eq!(problems.len(), 101);
    assert_eq!(
        problems[100].to_string(),
        "f:102:1: 1900 more findings are not shown, mend those above first"
    );
}
