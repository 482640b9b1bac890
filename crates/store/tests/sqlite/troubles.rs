//! Disks that are full, slow to anger, read-only or gone: nothing is said to be saved that is
//! not, what can be read is read, and when the trouble ends so do the refusals, where they may.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::Command;

use futures::executor::block_on;
use futures::future::join;
use store::{Error, Store as _, Version};

use crate::drilled::{Drill, PROGRAM, Shim};
use crate::place::Place;
use crate::story;

const EIO: i32 = 5;
const ENOSPC: i32 = 28;
const EROFS: i32 = 30;

/// How paths end: of the file itself, of the log.
const MAIN: &str = "ferry.db";
const LOG: &str = "ferry.db-wal";

/// A drill behind the shim that has saved once.
struct Shimmed {
    place: Place,
    shim: Shim,
    drill: Drill,
    _beside: tempfile::TempDir,
}

impl Shimmed {
    fn new() -> Self {
        let (place, beside) = (Place::new(), tempfile::tempdir().expect("there is room"));
        let path = place.path();
        let shim = Shim::build(beside.path(), path.parent().expect("it is in a folder"));
        let mut drill = shim.start(&path);
        assert_eq!(drill.ask("save a"), "saved a 1");
        Self { place, shim, drill, _beside: beside }
    }
}

/// What is in the file when somebody else opens it.
fn version(place: &Place, name: &str) -> u64 {
    let opened = place.open();
    assert_eq!(opened.refuses, None);
    block_on(story::check(&opened.store, name)).expect("it is read").0
}

#[test]
fn a_full_disk_stops_saves_serves_reads_and_saves_again_when_there_is_room() {
    let Shimmed { place, shim, mut drill, _beside } = Shimmed::new();
    shim.fail("write", ENOSPC, LOG);
    for _ in 0..3 {
        let refused = drill.ask("save a");
        assert!(refused.starts_with("refused full save: no room is left"), "{refused}");
        assert_eq!(drill.ask("load a"), "loaded a 1");
    }
    shim.heal();
    assert_eq!(drill.ask("save a"), "saved a 2");
    drill.end();
    assert_eq!(version(&place, "a"), 2);
}

/// What was committed to the log is saved, whether or not there is room for it in the file.
#[test]
fn a_disk_that_fills_between_log_and_file_loses_nothing() {
    let Shimmed { place, shim, mut drill, _beside } = Shimmed::new();
    shim.fail("write", ENOSPC, MAIN);
    assert_eq!(drill.ask("save a"), "saved a 2");
    assert_eq!(drill.ask("save a"), "saved a 3");
    drill.kill();
    assert_eq!(version(&place, "a"), 3);
}

/// A limit of the system on the size of files, met amid some save.
#[test]
fn a_limit_on_file_sizes_loses_nothing() {
    let place = Place::new();
    let mut limited = Command::new("bash");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 120; exec \"$0\" \"$1\"", PROGRAM]);
    let mut drill = Drill::start_as(limited.arg(place.path()));
    let mut saved = 0;
    let refused = loop {
        let said = drill.ask("save a");
        if said != format!("saved a {}", saved + 1) {
            break said;
        }
        saved += 1;
        assert!(saved < 5_000, "no limit was met");
    };
    assert!(saved > 2, "{refused}");
    assert!(refused.starts_with("refused "), "{refused}");
    assert_eq!(drill.ask("load a"), format!("loaded a {saved}"), "after {refused}");
    drill.end();
    assert_eq!(version(&place, "a"), saved);
    let mut free = Drill::start(&place.path());
    assert_eq!(free.ask("save a"), format!("saved a {}", saved + 1), "the limit is gone");
}

/// The kernel says once that what was written is lost; the next fsync succeeds over nothing.
#[test]
fn after_a_failed_fsync_nothing_is_saved_until_the_file_was_opened_and_checked_again() {
    let Shimmed { place, shim, mut drill, _beside } = Shimmed::new();
    shim.fail("sync", EIO, LOG);
    let unknown = drill.ask("save a");
    assert!(unknown.starts_with("refused outcomeUnknown"), "{unknown}");
    shim.heal();
    for _ in 0..3 {
        let refused = drill.ask("save a");
        assert!(refused.starts_with("refused readOnly"), "{refused}");
        assert!(refused.contains("check the disk, then restart Ferry"), "{refused}");
    }
    let seen = drill.ask("load a");
    assert!(["loaded a 1", "loaded a 2"].contains(&seen.as_str()), "{seen}");
    let reopened = drill.ask("reopen");
    assert!(reopened.starts_with("opened created=false refuses=none"), "{reopened}");
    let seen = drill.ask("load a").replace("loaded a ", "").parse::<u64>().expect("a version");
    assert_eq!(drill.ask("save a"), format!("saved a {}", seen + 1));
    drill.end();
    assert_eq!(version(&place, "a"), seen + 1);
}

#[test]
fn an_fsync_that_fails_after_the_commit_takes_back_nothing_and_is_the_last() {
    let Shimmed { place, shim, mut drill, _beside } = Shimmed::new();
    shim.fail("sync", EIO, MAIN);
    assert_eq!(drill.ask("save a"), "saved a 2", "the log has it");
    shim.heal();
    let refused = drill.ask("save a");
    assert!(refused.starts_with("refused readOnly"), "{refused}");
    drill.kill();
    assert_eq!(version(&place, "a"), 2);
}

/// As a file system does that an error has turned read-only under a running process.
#[test]
fn a_write_that_the_system_refuses_is_never_said_to_be_saved() {
    for number in [EIO, EROFS] {
        let Shimmed { place, shim, mut drill, _beside } = Shimmed::new();
        shim.fail("write", number, LOG);
        for _ in 0..2 {
            let refused = drill.ask("save a");
            assert!(refused.starts_with("refused "), "{refused}");
            assert_eq!(drill.ask("load a"), "loaded a 1");
        }
        shim.heal();
        assert_eq!(drill.ask("save a"), "saved a 2", "error {number} has ended");
        drill.end();
        assert_eq!(version(&place, "a"), 2);
    }
}

/// A user to whom permissions apply: the one who runs the tests, or nobody when that is root.
fn unprivileged(program: &Path, path: &Path) -> Command {
    let is_root = fs::metadata("/proc/self").expect("this is Linux").uid() == 0;
    if !is_root {
        let mut command = Command::new(program);
        command.arg(path);
        return command;
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(program).arg(path);
    command
}

#[test]
fn what_may_not_be_written_to_is_read() {
    let place = Place::new();
    let path = place.path();
    let folder = path.parent().expect("it is in a folder");
    let program = folder.join("drill");
    fs::copy(PROGRAM, &program).expect("it can be copied");
    let mut drill = Drill::start(&path);
    assert_eq!(drill.ask("save a"), "saved a 1");
    drill.end();
    for (of_file, of_folder) in [(0o444, 0o777), (0o666, 0o555), (0o444, 0o555)] {
        for left in [Left::Closed, Left::Killed, Left::Open] {
            let other = Drill::start(&path);
            let other = match left {
                Left::Closed => {
                    other.end();
                    None
                }
                Left::Killed => {
                    other.kill();
                    None
                }
                Left::Open => Some(other),
            };
            permit(&path, of_file);
            permit(folder, of_folder);
            let what = format!("{of_file:o} in {of_folder:o}, {left:?}");
            let mut drill = Drill::start_as(&mut unprivileged(&program, &path));
            let opened = &drill.opened;
            assert!(
                opened.starts_with("opened created=false refuses=readOnly"),
                "{what}: {opened}"
            );
            assert_eq!(drill.ask("load a"), "loaded a 1", "{what}");
            let refused = drill.ask("save a");
            assert!(refused.starts_with("refused readOnly"), "{what}: {refused}");
            drill.end();
            permit(folder, 0o755);
            permit(&path, 0o644);
            if let Some(other) = other {
                other.end();
            }
        }
    }
}

/// How the process before left the file.
#[derive(Debug, Clone, Copy)]
enum Left {
    Closed,
    Killed,
    Open,
}

fn permit(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("it is ours");
}

#[test]
fn a_file_that_is_deleted_or_replaced_is_noticed_before_anything_is_written_to_it() {
    for (suffix, is_replaced) in [("", false), ("", true), ("-wal", false), ("-shm", false)] {
        let place = Place::new();
        let opened = place.open();
        let saved = block_on(opened.store.save_fact("pause", Version::NONE, b"yes"));
        let version = saved.expect("it is saved");
        let victim = place.path().with_file_name(format!("ferry.db{suffix}"));
        if is_replaced {
            let copy = place.path().with_file_name("copy");
            fs::copy(&victim, &copy).expect("it can be copied");
            fs::rename(copy, &victim).expect("it can be renamed");
        } else {
            fs::remove_file(&victim).expect("it is there");
        }
        let refused = block_on(opened.store.save_fact("pause", version, b"no"));
        let Err(Error::ReadOnly { message }) = &refused else {
            panic!("{suffix} {is_replaced}: {refused:?}");
        };
        assert!(message.contains(&victim.display().to_string()), "{message}");
        assert!(message.contains("deleted or replaced"), "{message}");
        let read = block_on(opened.store.load_fact("pause")).expect("it is still read");
        assert_eq!(read.map(|fact| fact.value), Some(b"yes".to_vec()), "nothing was written");
    }
}

/// The save waits for a lock while the file goes. It may have been looked for just before or not.
#[test]
fn a_save_into_a_file_that_goes_meanwhile_is_never_said_to_be_done() {
    for _ in 0..10 {
        let place = Place::new();
        let opened = place.open();
        let other = rusqlite::Connection::open(place.path()).expect("it is a database");
        other.execute_batch("BEGIN IMMEDIATE").expect("it is free");
        let save = opened.store.save_fact("pause", Version::NONE, b"yes");
        let go = async {
            // Gives the thread the time to be waiting already; the claim holds without it.
            (0..5_000).for_each(|_| std::thread::yield_now());
            fs::remove_file(place.path()).expect("it is there");
            other.execute_batch("ROLLBACK").expect("it is ours");
        };
        match block_on(join(save, go)).0 {
            Err(Error::OutcomeUnknown { message }) => {
                assert!(message.contains("deleted or replaced"), "{message}");
            }
            // On a busy machine the save may have stopped waiting before.
            Err(Error::ReadOnly { .. } | Error::Unavailable { .. }) => {}
            saved => panic!("{saved:?}"),
        }
    }
}

#[test]
fn a_file_that_another_process_locks_is_busy_and_not_broken() {
    let place = Place::new();
    let opened = place.open();
    let other = rusqlite::Connection::open(place.path()).expect("it is a database");
    other.execute_batch("BEGIN IMMEDIATE").expect("it is free");
    let saved = block_on(opened.store.save_fact("pause", Version::NONE, b"yes"));
    assert!(matches!(saved, Err(Error::Unavailable { .. })), "{saved:?}");
    assert_eq!(block_on(opened.store.load_fact("pause")), Ok(None), "reads go on");
    other.execute_batch("ROLLBACK").expect("it is ours");
    let saved = block_on(opened.store.save_fact("pause", Version::NONE, b"yes"));
    assert_eq!(saved, Ok(Version(1)));
}

/// A reader that looks at an old state for long keeps the log from being emptied, no more.
#[test]
fn a_reader_that_lingers_stops_no_save() {
    let place = Place::new();
    let opened = place.open();
    let reader = rusqlite::Connection::open(place.path()).expect("it is a database");
    let look = "BEGIN; SELECT count(*) FROM record";
    reader.execute_batch(look).expect("it is SQL");
    let mut version = Version::NONE;
    for _ in 0..20 {
        let saved = block_on(opened.store.save_fact("pause", version, b"yes"));
        version = saved.expect("it is saved");
    }
    assert_eq!(version, Version(20));
}
