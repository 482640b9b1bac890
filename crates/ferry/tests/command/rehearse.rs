//! `ferry rehearse` on generated load.

use crate::ferry::{Folder, example, root};

fn folder(name: &str) -> Folder {
    let api = example("config/examples/tapple-api.yaml");
    let faults = example("config/examples/faults/slow-fargate.yaml");
    Folder::new(name, &[("api.yaml", &api), ("faults.yaml", &faults)])
}

/// The README's first command, as a test: from 0 to 100 %, baked and drained.
#[test]
fn the_example_is_carried_all_the_way() {
    let folder = folder("whole-way");
    let answer = folder.ferry("rehearse api.yaml");
    let (text, said) = (&answer.stdout, &answer.stderr);
    assert_eq!(answer.code, Some(0), "{text}{said}");
    for words in ["The share goes from 0% to 1%.", "to 100%.", "tapple-api: succeeded"] {
        assert!(text.contains(words), "`{words}` is not in:\n{text}");
    }
    assert!(!text.contains("Violation"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 100), "wider than the terminal");
    assert_eq!(said, "The page with plots is rehearsal.html.\n");
    let page = folder.read("rehearsal.html");
    assert!(page.starts_with("<!doctype html>") && page.contains("<svg"));
    assert!(!page.contains("<script") && !page.contains("src=\"http"), "self-contained");
    assert_eq!(folder.files(), ["api.yaml", "faults.yaml", "rehearsal.html"]);
}

#[test]
fn json_has_what_the_contract_names_and_neither_paths_nor_wall_clock() {
    let folder = folder("json");
    let answer =
        folder.ferry("rehearse api.yaml --fault faults.yaml --days 3 -o json --report p.html");
    assert_eq!(answer.code, Some(1), "rolled back is a no: {}", answer.stderr);
    let record: serde_json::Value = serde_json::from_str(&answer.stdout).unwrap();
    assert_eq!(record["schema"], "ferry.rehearsal/1");
    assert_eq!(record["seed"], 1);
    for input in ["migration", "fault"] {
        assert_eq!(record["inputs"][input].as_str().map(str::len), Some(64), "{input}");
    }
    let line = &record["timeline"][0];
    for field in ["at", "type", "shareWanted", "shareSet", "shareMeasured", "verdict", "reason"] {
        assert!(line.get(field).is_some(), "{field} is not in {line}");
    }
    for side in ["ec2", "fargate"] {
        assert!(line["tasks"].get(side).is_some() && line["p99Ms"].get(side).is_some(), "{line}");
        assert!(record["totals"]["taskHours"][side].is_f64());
    }
    for field in ["requests", "slow", "errors", "badMinutes", "rollbacks", "writes", "calls"] {
        assert!(record["totals"].get(field).is_some(), "{field}");
    }
    assert!(record["findings"].is_array() && record["status"].is_object());
    let root = root().to_string_lossy().into_owned();
    for place in [root.as_str(), "api.yaml", "p.html", "/tmp"] {
        assert!(!answer.stdout.contains(place), "{place} is in the output");
    }
}

#[test]
fn the_same_inputs_and_seed_give_the_same_bytes_and_another_seed_does_not() {
    let folder = folder("bytes");
    let run = |seed, page| {
        let options = "--days 2 --fault faults.yaml -o json";
        folder.ferry(&format!("rehearse api.yaml {options} --seed {seed} --report {page}"))
    };
    let (one, two, other) = (run(7, "one.html"), run(7, "two.html"), run(8, "other.html"));
    assert_eq!(one.stdout, two.stdout);
    assert_eq!(folder.read("one.html"), folder.read("two.html"));
    assert_ne!(one.stdout, other.stdout);
}

/// The founding incident, seen: slow Fargate at a quarter of the traffic goes back at once.
#[test]
fn a_slow_fargate_is_rolled_back() {
    let answer = folder("rolled-back").ferry("rehearse api.yaml --fault faults.yaml");
    assert_eq!(answer.code, Some(1));
    assert!(answer.stdout.contains("tapple-api: rolled back"), "{}", answer.stdout);
    assert!(answer.stdout.contains("Traffic goes back to EC2 from 25%"), "{}", answer.stdout);
}

#[test]
fn every_fault_script_of_the_examples_comes_to_an_end() {
    let api = root().join("config/examples/tapple-api.yaml").to_string_lossy().into_owned();
    let folder = Folder::new("fault-scripts", &[]);
    let mut scripts: Vec<_> = std::fs::read_dir(root().join("config/examples/faults"))
        .unwrap()
        .map(|entry| entry.unwrap().path().to_string_lossy().into_owned())
        .collect();
    scripts.sort();
    assert!(scripts.len() >= 10);
    for script in scripts {
        let answer = folder.command(&["rehearse", &api, "--fault", &script, "--days", "6"]);
        assert!(matches!(answer.code, Some(0 | 1)), "{script}: {}", answer.stderr);
        assert!(!answer.stdout.contains("Violation"), "{script}: {}", answer.stdout);
    }
}
