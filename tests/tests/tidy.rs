//! House rules that neither the compiler nor clippy knows, each with what to do instead.

use std::path::Path;

use system_tests::{Source, code_lines, root, sources};

/// Crates whose bytes must agree across machines.
const EXACT: [&str; 10] = [
    "model",
    "manifest",
    "sampling",
    "analysis",
    "capacity",
    "planner",
    "audit",
    "region",
    "rehearsal",
    "report",
];

const LINES_MAX: usize = 800;

/// Words that say nothing of what a thing is.
const BANNED: [(&str, &str); 6] = [
    ("manager", "what it does: a store, a router, a planner"),
    ("helper", "what it computes"),
    ("helpers", "what they compute"),
    ("util", "what it holds"),
    ("utils", "what it holds"),
    ("phase", "a condition: Kubernetes gave phases up"),
];

/// Functions of `f64` that the platform's mathematics library computes, each machine its own way.
/// `sqrt`, `abs`, `floor`, `mul_add` and the like are exact.
const INEXACT: [&str; 25] = [
    "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cbrt", "cos", "cosh", "exp",
    "exp2", "exp_m1", "hypot", "ln", "ln_1p", "log", "log10", "log2", "powf", "powi", "sin",
    "sinh", "tan", "tanh",
];

fn rust_files() -> impl Iterator<Item = Source> {
    sources().into_iter().filter(|source| source.path.ends_with(".rs"))
}

fn exact_files() -> impl Iterator<Item = Source> {
    rust_files().filter(|source| {
        EXACT.iter().any(|name| source.path.starts_with(&format!("crates/{name}/src/")))
    })
}

/// Whether `word` stands in `line` by itself and not as a part of a longer name.
fn stands_alone(line: &str, word: &str) -> bool {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

/// The words of a name, in lower case: `TaskManager_x` is task, manager, x.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut last_small = false;
    for letter in name.chars() {
        if letter == '_' || (letter.is_uppercase() && last_small) {
            words.push(String::new());
        }
        if letter != '_'
            && let Some(word) = words.last_mut()
        {
            word.extend(letter.to_lowercase());
        }
        last_small = letter.is_lowercase() || letter.is_numeric();
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The name that a line of code declares, if it declares a type, function, module or constant.
fn declared(line: &str) -> Option<&str> {
    let mut rest = line.split_whitespace();
    rest.find(|word| {
        ["fn", "struct", "enum", "trait", "mod", "type", "union", "const", "static"].contains(word)
    })?;
    let name = rest.find(|word| !["fn", "mut", "unsafe", "async", "_:"].contains(word))?;
    let end = name.find(|letter: char| !letter.is_alphanumeric() && letter != '_');
    name.get(..end.unwrap_or(name.len())).filter(|name| !name.is_empty())
}

fn inexact_call(line: &str) -> Option<&'static str> {
    INEXACT.into_iter().find(|name| {
        let method = format!(".{name}(");
        // `self.ln()` of our own type would read the same; give such a method a longer name.
        line.contains(&method)
            || ["f64", "f32"].iter().any(|float| stands_alone(line, &format!("{float}::{name}")))
    })
}

#[test]
fn files_can_be_read_at_a_sitting() {
    for Source { path, text } in rust_files() {
        let lines = text.lines().count();
        assert!(
            lines <= LINES_MAX,
            "{path} has {lines} lines: split it by what it holds, {LINES_MAX} is the most"
        );
    }
}

#[test]
fn names_say_what_things_are() {
    for Source { path, text } in rust_files() {
        let file = path.trim_end_matches(".rs").rsplit('/').next().unwrap_or_default().to_owned();
        let lines = code_lines(&text);
        let names = lines.iter().filter_map(|line| declared(line));
        for name in names.chain([file.as_str()]) {
            for word in words(name) {
                if let Some((_, instead)) = BANNED.iter().find(|(banned, _)| *banned == word) {
                    panic!("{path}: `{name}` holds the word `{word}`: say {instead}");
                }
            }
        }
    }
}

#[test]
fn floating_point_agrees_across_machines() {
    for Source { path, text } in exact_files() {
        for (index, line) in code_lines(&text).iter().enumerate() {
            if let Some(name) = inexact_call(line) {
                let place = format!("{path}:{}", index + 1);
                panic!("{place}: `{name}` of std differs across machines: call libm::{name}");
            }
        }
    }
}

#[test]
fn maps_are_ordered() {
    for Source { path, text } in exact_files() {
        for (index, line) in code_lines(&text).iter().enumerate() {
            for (banned, instead) in [("HashMap", "BTreeMap"), ("HashSet", "BTreeSet")] {
                assert!(
                    !stands_alone(line, banned),
                    "{path}:{}: the order of a {banned} is never the same: use {instead}",
                    index + 1
                );
            }
        }
    }
}

#[test]
fn every_file_under_config_is_valid() {
    let config: Vec<_> =
        sources().into_iter().filter(|source| source.path.starts_with("config/")).collect();
    assert!(!config.is_empty(), "config/ holds the examples that the README names");
    for Source { path, text } in config {
        if path.ends_with(".csv") || path.ends_with(".md") {
            continue;
        }
        let kind = text.lines().find_map(|line| line.strip_prefix("kind:")).map(str::trim);
        let problems = match kind {
            Some("FaultScript") => {
                manifest::read_as::<region::fault::FaultScript>(&path, &text, "FaultScript").err()
            }
            Some("Region") => manifest::read_as::<region::RegionSpec>(&path, &text, "Region").err(),
            Some(_) | None => manifest::read(&path, &text).err(),
        };
        let problems: Vec<_> =
            problems.unwrap_or_default().iter().map(ToString::to_string).collect();
        assert!(problems.is_empty(), "{path} cannot be read:\n{}", problems.join("\n"));
    }
}

#[test]
fn links_lead_somewhere() {
    let mut followed = 0;
    for Source { path, text } in sources() {
        if !path.ends_with(".md") {
            continue;
        }
        let folder = root().join(Path::new(&path).parent().unwrap_or(Path::new("")));
        for link in links(&text) {
            let file = link.split('#').next().unwrap_or_default();
            if file.is_empty() || file.contains("://") || file.starts_with("mailto:") {
                continue;
            }
            followed += 1;
            assert!(
                folder.join(file).exists(),
                "{path} links to {link}, which does not exist: write it, or mend the link"
            );
        }
    }
    assert!(followed > 0, "the README links to the documents");
}

/// Where the links and images of a Markdown text lead, code blocks left out.
fn links(text: &str) -> Vec<String> {
    let mut fenced = false;
    let mut found = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        if fenced {
            continue;
        }
        let targets = line.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
        found.extend(targets.map(|(target, _)| target.to_owned()));
    }
    found
}

#[test]
fn nothing_names_one_machine() {
    // Put together here, so that this file does not find itself.
    let homes = ["wo|rk", "ro|ot", "ho|me", "Us|ers"].map(|name| format!("/{}/", unsplit(name)));
    for Source { path, text } in sources() {
        for (index, line) in text.lines().enumerate() {
            for home in &homes {
                assert!(
                    !starts_a_path(line, home),
                    "{path}:{}: {home} is a place on one machine: write a path from the root of \
                     the repository, or take it as an argument",
                    index + 1
                );
            }
        }
    }
}

/// Whether `home` begins a path in `line`, and does not stand inside one or in an address.
fn starts_a_path(line: &str, home: &str) -> bool {
    line.match_indices(home).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|letter| letter.is_alphanumeric() || "._-}~*".contains(letter))
    })
}

fn unsplit(text: &str) -> String {
    text.replace('|', "")
}

#[test]
fn packages_come_from_the_public_registry() {
    let settings =
        ["repla|ce-with", "index|-url", "extra-index|-url", "[regis|tries", "--regis|try"];
    let settings = settings.map(unsplit);
    for Source { path, text } in sources() {
        for (index, line) in text.lines().enumerate() {
            let place = format!("{path}:{}", index + 1);
            // Of `aws ecr` it is the account that has an image.
            let settings_of = line.replace(&unsplit("--regis|try-id"), "");
            for setting in &settings {
                assert!(
                    !settings_of.contains(setting.as_str()),
                    "{place}: `{setting}` names a registry of one place: leave it to the machine"
                );
            }
            if path == "Cargo.lock" && line.starts_with("source = ") {
                assert_eq!(
                    line, "source = \"registry+https://github.com/rust-lang/crates.io-index\"",
                    "{place}: lock against crates.io"
                );
            }
        }
    }
}

#[test]
fn the_rules_find_what_they_forbid() {
    assert_eq!(words("TaskManager_x2Util"), ["task", "manager", "x2", "util"]);
    assert_eq!(declared("pub(crate) struct TaskManager<'a> {"), Some("TaskManager"));
    assert_eq!(declared("    pub const fn phase(&self) -> u8 {"), Some("phase"));
    assert_eq!(declared("mod helpers;"), Some("helpers"));
    assert_eq!(declared("let manager = 1;"), None);
    for line in ["let a = b.ln();", "f64::exp(a)", ".map(f64::ln)", "2.0_f64.powi(3)"] {
        assert!(inexact_call(line).is_some(), "{line}");
    }
    for line in ["libm::ln(a)", "a.sqrt()", "a.ln_total()", "self.explain()", "f64::expect"] {
        assert_eq!(inexact_call(line), None, "{line}");
    }
    assert!(stands_alone("use std::collections::HashMap;", "HashMap"));
    assert!(!stands_alone("struct HashMapping;", "HashMap"));
    assert_eq!(links("a [b](c.md#d) ![e](f.png)\n```\n[g](h)\n```"), ["c.md#d", "f.png"]);
    let home = unsplit("/ho|me/");
    assert!(starts_a_path(&format!("in `{home}a`"), &home));
    assert!(!starts_a_path(&format!("https://a.b{home}"), &home));
}
