//! One name removed is believed, several or all are asked for (C4, F28).

use configuration::SETTINGS;

use crate::directory::{
    Directory, assert_said, dependent, migration, names, news, settings, settled, shares, taken,
};

fn three() -> Directory {
    Directory::with(&[
        ("a.yaml", migration("a", "10%")),
        ("b.yaml", migration("b", "20%")),
        ("c.yaml", migration("c", "30%")),
    ])
}

#[test]
fn one_file_removed_stops_managing_with_the_second_look() {
    let directory = three();
    let mut source = directory.source();
    taken(&mut source);
    directory.remove(&["b.yaml"]);
    assert_eq!(shares(&taken(&mut source)), ["a 10%", "b 20%", "c 30%"], "not yet believed");
    let look = taken(&mut source);
    assert_eq!(shares(&look), ["a 10%", "c 30%"]);
    assert_eq!(look.unconfirmed, names(&[]));
    assert_eq!(source.look(), None);
}

#[test]
fn a_file_that_is_back_by_the_second_look_was_never_gone() {
    let directory = three();
    let mut source = directory.source();
    taken(&mut source);
    directory.rename("b.yaml", "b.yaml~");
    taken(&mut source);
    directory.write("b.yaml", migration("b", "25%"));
    assert_eq!(shares(&settled(&mut source)), ["a 10%", "b 25%", "c 30%"]);
}

#[test]
fn a_removal_that_was_seen_at_its_beginning_is_asked_for_as_a_whole() {
    let directory = three();
    let mut source = directory.source();
    taken(&mut source);
    directory.remove(&["a.yaml"]);
    taken(&mut source);
    directory.remove(&["b.yaml"]);
    let look = news(&mut source);
    assert_eq!(look.unconfirmed, names(&["a", "b"]));
    assert_eq!(shares(&look), ["a 10%", "b 20%", "c 30%"]);
}

#[test]
fn several_vanishing_at_once_stay_until_confirmed() {
    let directory = three();
    let mut source = directory.source();
    taken(&mut source);
    directory.remove(&["a.yaml", "b.yaml"]);
    let look = settled(&mut source);
    assert_eq!(look.unconfirmed, names(&["a", "b"]));
    assert_eq!(shares(&look), ["a 10%", "b 20%", "c 30%"]);
    assert_said(&look, "no file holds `a`, `b` any more");
    source.confirm(&names(&["a", "b"])).unwrap();
    let look = taken(&mut source);
    assert_eq!(shares(&look), ["c 30%"]);
    assert_eq!(look.unconfirmed, names(&[]));
}

#[test]
fn an_empty_directory_is_refused_until_confirmed() {
    for files in [&["a.yaml"][..], &["a.yaml", "b.yaml"]] {
        let directory = Directory::with(&[]);
        let all: Vec<&str> = files.iter().map(|file| &file[..1]).collect();
        for (file, name) in files.iter().zip(&all) {
            directory.write(file, migration(name, "10%"));
        }
        let mut source = directory.source();
        let good = taken(&mut source);
        directory.remove(files);
        let look = settled(&mut source);
        assert_eq!(look.migrations, good.migrations);
        assert_eq!(look.unconfirmed, names(&all));
        assert_eq!(look.files, 0);
        source.confirm(&names(&all)).unwrap();
        assert_eq!(shares(&taken(&mut source)), Vec::<String>::new());
    }
}

#[test]
fn a_confirmation_of_other_names_is_refused() {
    let directory = three();
    let mut source = directory.source();
    taken(&mut source);
    assert!(source.confirm(&names(&[])).is_err(), "nothing waits");
    assert!(source.confirm(&names(&["a"])).is_err(), "it is there");
    directory.remove(&["a.yaml", "b.yaml"]);
    news(&mut source);
    for other in [&["a"][..], &["a", "b", "c"], &["a", "x"], &[]] {
        let refused = source.confirm(&names(other)).unwrap_err();
        assert_eq!((refused.named, refused.pending), (names(other), names(&["a", "b"])));
    }
    assert_eq!(source.look(), None, "nothing was confirmed");
}

#[test]
fn what_vanishes_after_the_confirmation_is_asked_again() {
    let directory = three();
    let mut source = directory.source();
    taken(&mut source);
    directory.remove(&["a.yaml", "b.yaml"]);
    news(&mut source);
    source.confirm(&names(&["a", "b"])).unwrap();
    directory.remove(&["c.yaml"]);
    let look = news(&mut source);
    assert_eq!(look.unconfirmed, names(&["a", "b", "c"]));
    assert_eq!(shares(&look), ["a 10%", "b 20%", "c 30%"]);
    directory.write("c.yaml", migration("c", "30%"));
    assert_eq!(settled(&mut source).unconfirmed, names(&["a", "b"]), "the old one is void");
}

#[test]
fn a_name_that_is_back_is_no_longer_asked_for_and_the_other_still_is() {
    let directory = three();
    let mut source = directory.source();
    taken(&mut source);
    directory.remove(&["a.yaml", "b.yaml"]);
    news(&mut source);
    directory.write("a.yaml", migration("a", "15%"));
    let look = settled(&mut source);
    assert_eq!(shares(&look), ["a 15%", "b 20%", "c 30%"]);
    assert_eq!(look.unconfirmed, names(&["b"]));
    directory.write("b.yaml", migration("b", "20%"));
    assert_eq!(taken(&mut source).unconfirmed, names(&[]));
}

#[test]
fn edits_of_other_files_are_taken_while_a_removal_waits() {
    let directory = three();
    let mut source = directory.source();
    taken(&mut source);
    directory.remove(&["a.yaml", "b.yaml"]);
    news(&mut source);
    directory.write("c.yaml", migration("c", "35%"));
    let look = settled(&mut source);
    assert_eq!(shares(&look), ["a 10%", "b 20%", "c 35%"]);
    assert_eq!(look.unconfirmed, names(&["a", "b"]));
}

#[test]
fn a_rename_of_a_file_is_no_removal() {
    let directory = three();
    let mut source = directory.source();
    taken(&mut source);
    directory.rename("a.yaml", "x.yaml");
    directory.rename("b.yaml", "y.yaml");
    directory.rename("c.yaml", "z.yaml");
    let look = taken(&mut source);
    assert_eq!(shares(&look), ["a 10%", "b 20%", "c 30%"]);
    assert_eq!(look.migrations["a"].file, "x.yaml");
    assert_eq!(look.unconfirmed, names(&[]));
}

#[test]
fn documents_taken_out_of_a_file_count_as_vanished() {
    let all = [migration("a", "10%"), migration("b", "20%"), migration("c", "30%")];
    let directory = Directory::with(&[("all.yaml", all.join("---\n"))]);
    let mut source = directory.source();
    taken(&mut source);
    directory.write("all.yaml", all[1..].join("---\n"));
    assert_eq!(shares(&settled(&mut source)), ["b 20%", "c 30%"]);
    directory.write("all.yaml", all.join("---\n"));
    settled(&mut source);
    directory.write("all.yaml", &all[2]);
    let look = settled(&mut source);
    assert_eq!(look.unconfirmed, names(&["a", "b"]));
    assert_eq!(shares(&look), ["a 10%", "b 20%", "c 30%"]);
    directory.write("all.yaml", "{");
    let look = settled(&mut source);
    assert_eq!(look.unconfirmed, names(&["a", "b"]), "a bad edit answers no question");
    assert_eq!(shares(&look), ["a 10%", "b 20%", "c 30%"]);
}

#[test]
fn an_absence_is_asked_for_while_another_file_cannot_be_read() {
    let directory = three();
    let mut source = directory.source();
    taken(&mut source);
    // As if `b` were being moved into the file of `a`, with a slip of the pen.
    directory.remove(&["b.yaml"]);
    directory.write("a.yaml", "{");
    let look = settled(&mut source);
    assert_eq!(shares(&look), ["a 10%", "b 20%", "c 30%"]);
    assert_eq!(look.unconfirmed, names(&["b"]));
    directory.write("a.yaml", [migration("a", "10%"), migration("b", "20%")].join("---\n"));
    let look = taken(&mut source);
    assert_eq!(look.unconfirmed, names(&[]));
    assert_eq!(look.migrations["b"].file, "a.yaml");
}

#[test]
fn one_that_others_wait_for_is_not_removed() {
    let directory = three();
    directory.write("c.yaml", dependent("c", "a"));
    let mut source = directory.source();
    taken(&mut source);
    directory.remove(&["a.yaml"]);
    let look = settled(&mut source);
    assert_eq!(shares(&look), ["a 10%", "b 20%", "c 10%"]);
    assert_said(&look, "there is no migration named `a`");
    directory.write("c.yaml", migration("c", "30%"));
    assert_eq!(shares(&taken(&mut source)), ["b 20%", "c 30%"]);
}

#[test]
fn a_confirmed_removal_that_contradicts_is_taken_when_the_contradiction_is_mended() {
    let directory = three();
    directory.write("c.yaml", dependent("c", "a"));
    let mut source = directory.source();
    taken(&mut source);
    directory.remove(&["a.yaml", "b.yaml"]);
    news(&mut source);
    source.confirm(&names(&["a", "b"])).unwrap();
    let look = news(&mut source);
    assert_said(&look, "there is no migration named `a`");
    assert_eq!(look.unconfirmed, names(&["a", "b"]));
    assert_eq!(shares(&look), ["a 10%", "b 20%", "c 10%"]);
    directory.write("c.yaml", migration("c", "30%"));
    assert_eq!(shares(&taken(&mut source)), ["c 30%"]);
}

#[test]
fn removing_the_settings_loses_no_freeze_until_confirmed() {
    let directory = three();
    directory.write("settings.yaml", settings(true));
    let mut source = directory.source();
    taken(&mut source);
    directory.remove(&["settings.yaml"]);
    let look = settled(&mut source);
    assert!(look.settings.freeze);
    assert_eq!(look.unconfirmed, names(&[SETTINGS]));
    assert_eq!(shares(&look), ["a 10%", "b 20%", "c 30%"]);
    source.confirm(&names(&[SETTINGS])).unwrap();
    let look = taken(&mut source);
    assert_eq!(look.settings, model::settings::Settings::default());
}

#[test]
fn bad_settings_keep_the_last_good_ones() {
    let directory = three();
    directory.write("settings.yaml", settings(true));
    let mut source = directory.source();
    taken(&mut source);
    directory.write("settings.yaml", "kind: Settings");
    assert!(settled(&mut source).settings.freeze);
    directory.write("settings.yaml", settings(false));
    assert!(!taken(&mut source).settings.freeze);
}

/// A migration may be called `settings`; it is not the settings.
#[test]
fn a_migration_named_settings_is_an_ordinary_name() {
    let directory = three();
    directory.write("d.yaml", migration("settings", "40%"));
    let mut source = directory.source();
    taken(&mut source);
    directory.remove(&["d.yaml"]);
    assert_eq!(shares(&settled(&mut source)), ["a 10%", "b 20%", "c 30%"]);
}
