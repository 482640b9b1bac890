//! What was managed before a restart is neither forgotten nor guessed.

use configuration::SETTINGS;

use crate::directory::{
    Directory, assert_said, migration, names, news, settings, settled, shares, taken,
};

fn two() -> Directory {
    Directory::with(&[("a.yaml", migration("a", "10%")), ("b.yaml", migration("b", "20%"))])
}

#[test]
fn remembered_names_that_are_there_are_simply_managed() {
    let look = taken(&mut two().restarted(&["a", "b"]));
    assert_eq!(shares(&look), ["a 10%", "b 20%"]);
    assert_eq!((look.unconfirmed, look.held), (names(&[]), names(&[])));
}

#[test]
fn one_removed_while_nobody_looked_is_removed() {
    let directory = two();
    let mut source = directory.restarted(&["a", "b", "c"]);
    assert_eq!(taken(&mut source).held, names(&["c"]), "not yet believed");
    let look = settled(&mut source);
    assert_eq!(shares(&look), ["a 10%", "b 20%"]);
    assert_eq!((look.unconfirmed, look.held), (names(&[]), names(&[])));
}

#[test]
fn several_removed_while_nobody_looked_are_asked_for() {
    let directory = two();
    let mut source = directory.restarted(&["a", "b", "c", "d"]);
    let look = settled(&mut source);
    assert_eq!(shares(&look), ["a 10%", "b 20%"], "no document of the others is known");
    assert_eq!((&look.unconfirmed, &look.held), (&names(&["c", "d"]), &names(&[])));
    source.confirm(&names(&["c", "d"])).unwrap();
    let look = taken(&mut source);
    assert_eq!(shares(&look), ["a 10%", "b 20%"]);
    assert_eq!(look.unconfirmed, names(&[]));
}

#[test]
fn an_empty_directory_after_a_restart_is_asked_for() {
    let look = settled(&mut Directory::with(&[]).restarted(&["a"]));
    assert_eq!(look.unconfirmed, names(&["a"]));
    assert_said(&look, "no file holds `a` any more");
}

#[test]
fn a_first_start_in_an_empty_directory_has_nothing_to_ask() {
    let look = taken(&mut Directory::with(&[]).source());
    assert_eq!((look.unconfirmed, look.held, look.files), (names(&[]), names(&[]), 0));
}

#[test]
fn a_remembered_name_is_held_while_its_file_may_be_the_bad_one() {
    let directory = two();
    directory.write("b.yaml", "{");
    let mut source = directory.restarted(&["a", "b", "c"]);
    let look = settled(&mut source);
    assert_eq!(shares(&look), ["a 10%"]);
    assert_eq!((&look.unconfirmed, &look.held), (&names(&[]), &names(&["b", "c"])));
    assert_said(&look, "no document is known of `b`, `c`");
    assert!(source.confirm(&names(&["b", "c"])).is_err());
    directory.write("b.yaml", migration("b", "20%"));
    let look = settled(&mut source);
    assert_eq!(shares(&look), ["a 10%", "b 20%"]);
    assert_eq!(look.held, names(&[]), "only `c` was removed");
}

#[test]
fn remembered_names_are_held_while_the_directory_is_not_there() {
    let directory = two();
    let mut source = configuration::Source::new(directory.path("missing"), names(&["a", SETTINGS]));
    let look = news(&mut source);
    assert_eq!((&look.unconfirmed, &look.held), (&names(&[]), &names(&["a", SETTINGS])));
    assert!(look.settings.freeze);
    assert_said(&look, "the directory cannot be read");
}

#[test]
fn remembered_names_are_held_while_the_first_set_contradicts_itself() {
    let directory = two();
    directory.write("c.yaml", migration("a", "30%"));
    let mut source = directory.restarted(&["a", "b"]);
    let look = settled(&mut source);
    assert_eq!(shares(&look), Vec::<String>::new());
    assert_eq!((look.unconfirmed, look.held), (names(&[]), names(&["a", "b"])));
    directory.remove(&["c.yaml"]);
    assert_eq!(shares(&taken(&mut source)), ["a 10%", "b 20%"]);
}

#[test]
fn settings_that_were_there_and_are_not_known_freeze_until_confirmed() {
    let directory = two();
    let mut source = directory.restarted(&["a", "b", SETTINGS]);
    let look = settled(&mut source);
    assert!(look.settings.freeze);
    assert_eq!(look.unconfirmed, names(&[SETTINGS]));
    assert_said(&look, "everything is frozen");
    source.confirm(&names(&[SETTINGS])).unwrap();
    assert!(!taken(&mut source).settings.freeze);
}

#[test]
fn settings_that_cannot_be_read_at_the_first_look_freeze_until_mended() {
    for remembered in [&[][..], &["a", SETTINGS]] {
        let directory = two();
        directory.write("settings.yaml", settings(false).replace("freeze", "freze"));
        let mut source = directory.restarted(remembered);
        let look = settled(&mut source);
        assert!(look.settings.freeze);
        assert_eq!((&look.unconfirmed, &look.held), (&names(&[]), &names(&[SETTINGS])));
        assert_eq!(shares(&look), ["a 10%", "b 20%"]);
        directory.write("settings.yaml", settings(false));
        assert!(!taken(&mut source).settings.freeze);
    }
}
