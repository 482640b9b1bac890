//! Bad edits change nothing, good ones are taken, however they are written (C4, F14).

use std::fs;
use std::os::unix::fs::symlink;
use std::sync::Arc;

use model::settings::Settings;

use crate::directory::{
    Directory, assert_said, dependent, migration, names, news, settings, settled, shares, taken,
};

fn two() -> Directory {
    Directory::with(&[("a.yaml", migration("a", "10%")), ("b.yml", migration("b", "20%"))])
}

#[test]
fn the_whole_directory_is_taken_with_the_file_of_each_name() {
    let directory = two();
    directory.write("settings.yaml", settings(true));
    directory.write(".hidden.yaml", "{");
    directory.write("notes.txt", "{");
    let look = taken(&mut directory.source());
    assert_eq!(shares(&look), ["a 10%", "b 20%"]);
    assert_eq!(look.migrations["b"].file, "b.yml");
    assert!(look.settings.freeze);
    assert_eq!(look.files, 3);
    assert_eq!(look.hash.len(), 64);
}

#[test]
fn nothing_is_said_while_nothing_changes() {
    let directory = two();
    directory.write("c.yaml", "{");
    directory.write("d.yaml", [0xff]);
    let mut source = directory.source();
    assert!(!news(&mut source).problems.is_empty());
    for _ in 0..3 {
        assert_eq!(source.look(), None);
    }
}

#[test]
fn a_bad_edit_keeps_the_last_good_and_names_line_and_column() {
    let directory = two();
    let mut source = directory.source();
    let good = taken(&mut source);
    directory.write("a.yaml", migration("a", "110%"));
    directory.write("b.yml", migration("b", "30%"));
    let look = news(&mut source);
    assert_eq!(shares(&look), ["a 10%", "b 30%"], "the other file is taken");
    assert_eq!(look.problems.len(), 1, "{:?}", look.problems);
    assert!(look.problems[0].starts_with("a.yaml:11:12: spec.traffic.share"), "{look:?}");
    assert!(Arc::ptr_eq(&look.migrations["a"].migration, &good.migrations["a"].migration));
    directory.write("a.yaml", migration("a", "15%"));
    assert_eq!(shares(&taken(&mut source)), ["a 15%", "b 30%"]);
}

#[test]
fn a_new_file_that_is_bad_leaves_the_others_alone() {
    let directory = two();
    let mut source = directory.source();
    taken(&mut source);
    directory.write("settings.yaml", "apiVersion: ferry/v1\nkind: Settings\nfreze: true\n");
    let look = news(&mut source);
    assert_eq!(shares(&look), ["a 10%", "b 20%"]);
    assert_eq!(look.settings, Settings::default(), "bad settings change nothing either");
    assert_said(&look, "settings.yaml:3:1: ");
}

#[test]
fn a_name_in_two_files_takes_nothing_of_the_look() {
    let directory = two();
    let mut source = directory.source();
    let good = taken(&mut source);
    directory.write("b.yml", migration("b", "30%"));
    directory.write("c.yaml", migration("a", "40%"));
    let look = news(&mut source);
    assert_eq!(look.migrations, good.migrations);
    assert_eq!(look.hash, good.hash);
    assert_said(&look, "c.yaml:3:18: metadata.name: a second migration named `a`");
    directory.remove(&["c.yaml"]);
    assert_eq!(shares(&taken(&mut source)), ["a 10%", "b 30%"]);
}

#[test]
fn a_contradiction_takes_nothing_and_a_later_bad_edit_keeps_what_was_in_force() {
    let directory = two();
    let mut source = directory.source();
    taken(&mut source);
    directory.write("a.yaml", migration("a", "50%"));
    directory.write("c.yaml", dependent("c", "nobody"));
    assert_said(&news(&mut source), "there is no migration named `nobody`");
    directory.write("a.yaml", "{");
    directory.remove(&["c.yaml"]);
    assert_eq!(shares(&news(&mut source)), ["a 10%", "b 20%"], "50% was never in force");
}

#[test]
fn another_kind_is_a_problem_of_its_file() {
    let directory = two();
    let world = include_str!("../../../../config/examples/world.yaml");
    directory.write("world.yaml", world);
    directory.write("region.yaml", "apiVersion: ferry/v1\nkind: Region\n");
    let look = news(&mut directory.source());
    assert_eq!(shares(&look), ["a 10%", "b 20%"]);
    assert_said(&look, "kind: a `World` does not belong here");
    assert_said(&look, "region.yaml:2:7: kind: a `Region` does not belong here");
}

#[test]
fn an_atomic_rename_is_taken() {
    let directory = two();
    let mut source = directory.source();
    taken(&mut source);
    directory.write(".a.yaml.new", migration("a", "60%"));
    directory.rename(".a.yaml.new", "a.yaml");
    assert_eq!(shares(&taken(&mut source)), ["a 60%", "b 20%"]);
}

#[test]
fn a_write_in_place_is_taken_when_it_is_finished() {
    let directory = two();
    let mut source = directory.source();
    taken(&mut source);
    let whole = migration("a", "60%");
    for written in [0, 5, 60, whole.len() - 40] {
        directory.write("a.yaml", &whole[..written]);
        let look = news(&mut source);
        assert_eq!(shares(&look), ["a 10%", "b 20%"], "{written} bytes");
        assert_said(&look, "a.yaml:");
    }
    directory.write("a.yaml", whole);
    assert_eq!(shares(&taken(&mut source)), ["a 60%", "b 20%"]);
}

#[test]
fn edits_of_equal_size_in_quick_succession_are_all_found() {
    let directory = two();
    let mut source = directory.source();
    for tens in 1..9 {
        directory.write("a.yaml", migration("a", &format!("{tens}0%")));
        let look = taken(&mut source);
        assert_eq!(shares(&look), [format!("a {tens}0%"), "b 20%".to_owned()]);
    }
}

#[test]
fn a_touched_file_changes_neither_the_hash_nor_the_set() {
    let directory = two();
    let mut source = directory.source();
    let before = taken(&mut source);
    directory.write(".copy", migration("a", "10%"));
    directory.rename(".copy", "a.yaml");
    let after = settled(&mut source);
    assert_eq!((&after.hash, &after.migrations), (&before.hash, &before.migrations));
    directory.write("a.yaml", migration("a", "11%"));
    assert_ne!(taken(&mut source).hash, before.hash);
}

#[test]
fn the_hash_is_of_content_and_not_of_history() {
    let directory = two();
    let mut source = directory.source();
    taken(&mut source);
    directory.write("a.yaml", "{");
    news(&mut source);
    directory.write("a.yaml", migration("a", "12%"));
    assert_eq!(taken(&mut source).hash, taken(&mut directory.source()).hash);
}

#[test]
fn a_symlink_swap_takes_all_files_at_once() {
    let directory = Directory::with(&[]);
    for (version, share) in [("..1", "10%"), ("..2", "20%")] {
        fs::create_dir(directory.path(version)).unwrap();
        for name in ["a", "b"] {
            directory.write(&format!("{version}/{name}.yaml"), migration(name, share));
        }
    }
    symlink("..1", directory.path("..data")).unwrap();
    for file in ["a.yaml", "b.yaml"] {
        symlink(format!("..data/{file}"), directory.path(file)).unwrap();
    }
    let mut source = directory.source();
    assert_eq!(shares(&taken(&mut source)), ["a 10%", "b 10%"]);
    symlink("..2", directory.path("..new")).unwrap();
    directory.rename("..new", "..data");
    assert_eq!(shares(&taken(&mut source)), ["a 20%", "b 20%"]);
}

#[test]
fn two_files_that_swap_their_names_are_both_read_again() {
    let directory = two();
    let mut source = directory.source();
    taken(&mut source);
    directory.rename("a.yaml", ".swap");
    directory.rename("b.yml", "a.yaml");
    directory.rename(".swap", "b.yml");
    let look = taken(&mut source);
    assert_eq!(shares(&look), ["a 10%", "b 20%"]);
    assert_eq!(look.migrations["a"].file, "b.yml");
    assert_eq!(look.unconfirmed, names(&[]));
}

#[test]
fn what_cannot_be_read_keeps_the_last_good_and_says_why() {
    let large = " ".repeat((1 << 20) + 1);
    type Spoil<'a> = &'a dyn Fn(&Directory);
    let cases: [(&str, Spoil<'_>); 4] = [
        ("a.yaml: is not a regular file", &|it| fs::create_dir(it.path("a.yaml")).unwrap()),
        ("a.yaml: the symbolic link points to nothing", &|it| {
            symlink("nowhere", it.path("a.yaml")).unwrap();
        }),
        ("a.yaml: has 1048577 bytes, more than 1048576", &|it| it.write("a.yaml", &large)),
        ("a.yaml:2: is not UTF-8", &|it| it.write("a.yaml", b"kind: Migration\nmetadata: \xff")),
    ];
    for (words, spoil) in cases {
        let directory = two();
        let mut source = directory.source();
        taken(&mut source);
        directory.remove(&["a.yaml"]);
        spoil(&directory);
        let look = settled(&mut source);
        assert_eq!(shares(&look), ["a 10%", "b 20%"], "{words}");
        assert_eq!(look.unconfirmed, names(&[]), "{words}");
        assert_said(&look, words);
    }
}

#[test]
fn a_directory_that_cannot_be_read_leaves_everything_as_it_was() {
    let parent = Directory::with(&[]);
    fs::create_dir(parent.path("conf")).unwrap();
    parent.write("conf/a.yaml", migration("a", "10%"));
    let mut source = configuration::Source::new(parent.path("conf"), names(&[]));
    let good = taken(&mut source);
    parent.rename("conf", "elsewhere");
    let look = news(&mut source);
    assert_eq!(look.migrations, good.migrations);
    assert_eq!(look.unconfirmed, names(&[]));
    assert_said(&look, "the directory cannot be read");
    assert_eq!(source.look(), None, "said once");
    parent.rename("elsewhere", "conf");
    assert_eq!(taken(&mut source).migrations, good.migrations);
}

#[test]
fn an_absence_on_either_side_of_a_blind_look_is_not_two_in_a_row() {
    let parent = Directory::with(&[]);
    fs::create_dir(parent.path("conf")).unwrap();
    for name in ["a", "b", "c"] {
        parent.write(&format!("conf/{name}.yaml"), migration(name, "10%"));
    }
    let mut source = configuration::Source::new(parent.path("conf"), names(&[]));
    taken(&mut source);
    parent.remove(&["conf/b.yaml"]);
    taken(&mut source);
    parent.rename("conf", "elsewhere");
    news(&mut source);
    parent.rename("elsewhere", "conf");
    assert_eq!(shares(&taken(&mut source)), ["a 10%", "b 10%", "c 10%"]);
    assert_eq!(shares(&taken(&mut source)), ["a 10%", "c 10%"]);
}

#[test]
fn more_files_than_the_limit_change_nothing() {
    let directory = two();
    let mut source = directory.source();
    let good = taken(&mut source);
    for number in 0..9_999 {
        directory.write(&format!("{number}.yaml"), "");
    }
    let look = news(&mut source);
    assert_eq!(look.migrations, good.migrations);
    assert_said(&look, "more than 10000 files");
}

#[test]
fn problems_beyond_the_limit_are_counted() {
    let directory = two();
    for number in 0..230 {
        directory.write(&format!("{number}.yaml"), [0xff]);
    }
    let look = news(&mut directory.source());
    assert_eq!(look.problems.len(), 201);
    assert_said(&look, "30 more problems are not shown");
    assert_eq!(shares(&look), ["a 10%", "b 20%"]);
}
