//! Crashes: whatever was acknowledged is there, and nothing is there by halves.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use futures::executor::block_on;
use store::Error;

use crate::drilled::{Drill, Shim};
use crate::place::Place;
use crate::story;

const NAMES: [&str; 3] = ["a", "b", "c"];

/// The newest version of each name that was said to be saved.
#[derive(Debug, Clone, Default)]
struct Acknowledged(BTreeMap<String, u64>);

impl Acknowledged {
    fn hear(&mut self, line: &str) {
        if let ["saved", name, version] = line.split(' ').collect::<Vec<_>>().as_slice() {
            self.0.insert((*name).to_owned(), version.parse().expect("it is a number"));
        }
    }

    fn of(&self, name: &str) -> u64 {
        self.0.get(name).copied().unwrap_or(0)
    }
}

#[test]
fn a_killed_process_loses_no_acknowledged_save_and_leaves_no_half_of_one() {
    let place = Place::new();
    let mut acknowledged = Acknowledged::default();
    for kill in 0..40 {
        let mut drill = Drill::start(&place.path());
        assert!(drill.opened.contains("refuses=none"), "{}", drill.opened);
        assert_eq!(drill.opened.contains("created=true"), kill == 0, "{}", drill.opened);
        drill.order("saves 1000000");
        for _ in 0..kill * 7 % 23 + 1 {
            let line = drill.hear();
            assert!(line.starts_with("saved"), "{line}");
            acknowledged.hear(&line);
        }
        for line in drill.kill() {
            acknowledged.hear(&line);
        }
        let opened = place.open();
        assert_eq!(opened.refuses, None);
        for name in NAMES {
            let found = block_on(story::check(&opened.store, name)).expect("it can be read").0;
            let last = acknowledged.of(name);
            assert!(found == last || found == last + 1, "{name}: {found}, acknowledged {last}");
            acknowledged.0.insert(name.to_owned(), found);
        }
        block_on(opened.store.close()).expect("it can be closed");
    }
}

/// A call that a drill made, as the shim wrote it down.
#[derive(Debug, Clone)]
enum Call {
    Write { path: PathBuf, offset: usize, bytes: Vec<u8> },
    Truncate { path: PathBuf, size: usize },
    Sync { path: PathBuf },
    Unlink { path: PathBuf },
    Said { line: String },
}

impl Call {
    fn path(&self) -> Option<&PathBuf> {
        match self {
            Self::Write { path, .. }
            | Self::Truncate { path, .. }
            | Self::Sync { path }
            | Self::Unlink { path } => Some(path),
            Self::Said { .. } => None,
        }
    }
}

fn calls(trace: &Path) -> Vec<Call> {
    let bytes = fs::read(trace).expect("the shim has written it");
    let (mut rest, mut calls) = (bytes.as_slice(), Vec::new());
    while let Some((kind, tail)) = rest.split_first() {
        rest = tail;
        let length = number(&mut rest);
        let path = PathBuf::from(String::from_utf8_lossy(take(&mut rest, length)).into_owned());
        let (offset, count) = (number(&mut rest), number(&mut rest));
        let mut bytes = || take(&mut rest, count).to_vec();
        calls.push(match kind {
            b'W' => Call::Write { path, offset, bytes: bytes() },
            b'A' => Call::Said { line: String::from_utf8_lossy(&bytes()).trim_end().to_owned() },
            b'T' => Call::Truncate { path, size: offset },
            b'S' => Call::Sync { path },
            b'U' => Call::Unlink { path },
            other => panic!("the shim writes no {other}"),
        });
    }
    calls
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (taken, tail) = rest.split_at(count);
    *rest = tail;
    taken
}

fn number(rest: &mut &[u8]) -> usize {
    let bytes = take(rest, 8).try_into().expect("it is eight bytes");
    usize::try_from(u64::from_ne_bytes(bytes)).expect("it is a size")
}

/// What is in each file: as the process sees it, and as it is on the disk for certain.
#[derive(Debug, Clone, Default)]
struct Disk {
    seen: BTreeMap<PathBuf, Vec<u8>>,
    synced: BTreeMap<PathBuf, Vec<u8>>,
    /// What may or may not be on the disk.
    pending: Vec<Call>,
}

impl Disk {
    fn carry_out(&mut self, call: &Call) {
        apply(&mut self.seen, call);
        match call {
            Call::Write { .. } | Call::Truncate { .. } => self.pending.push(call.clone()),
            Call::Sync { path } => {
                if let Some(seen) = self.seen.get(path) {
                    self.synced.insert(path.clone(), seen.clone());
                }
                self.pending.retain(|pending| pending.path() != Some(path));
            }
            Call::Unlink { path } => {
                self.synced.remove(path);
                self.pending.retain(|pending| pending.path() != Some(path));
            }
            Call::Said { .. } => {}
        }
    }

    /// A disk that was given all calls and had carried out some of them, in any order, when the
    /// power failed.
    fn some(&self, random: &mut Random) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = self.synced.clone();
        for call in &self.pending {
            if random.below(2) == 0 {
                apply(&mut files, call);
            }
        }
        files
    }
}

fn apply(files: &mut BTreeMap<PathBuf, Vec<u8>>, call: &Call) {
    match call {
        Call::Write { path, offset, bytes } => {
            write(files.entry(path.clone()).or_default(), *offset, bytes);
        }
        Call::Truncate { path, size } => {
            files.entry(path.clone()).or_default().resize(*size, 0);
        }
        Call::Unlink { path } => {
            files.remove(path);
        }
        Call::Sync { .. } | Call::Said { .. } => {}
    }
}

/// Random enough, and the same in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        usize::try_from(self.0 >> 33).expect("31 bits") % limit
    }
}

fn write(file: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let end = offset + bytes.len();
    if file.len() < end {
        file.resize(end, 0);
    }
    file[offset..end].copy_from_slice(bytes);
}

/// Puts the files of an image into a new place, without the index of the log: it lives in memory.
fn restore(files: &BTreeMap<PathBuf, Vec<u8>>) -> Place {
    let place = Place::new();
    for (path, bytes) in files {
        let name = path.file_name().expect("it is a file");
        if !name.to_string_lossy().ends_with("-shm") {
            fs::write(place.path().with_file_name(name), bytes).expect("it can be written");
        }
    }
    place
}

/// What an image holds of each name, or that it says to be damaged.
fn versions(files: &BTreeMap<PathBuf, Vec<u8>>) -> Result<BTreeMap<String, u64>, Error> {
    let opened = restore(files).open();
    if let Some(error) = opened.refuses {
        return Err(error);
    }
    let version = |name: &str| block_on(story::check(&opened.store, name)).map(|version| version.0);
    NAMES.iter().map(|name| Ok(((*name).to_owned(), version(name)?))).collect()
}

/// Every save that was acknowledged is there, and at most the one that was under way besides.
fn holds(found: &BTreeMap<String, u64>, acknowledged: &Acknowledged) -> bool {
    let more = |name: &str| found[name].checked_sub(acknowledged.of(name));
    let more: Option<Vec<_>> = NAMES.iter().map(|name| more(name)).collect();
    more.is_some_and(|more| more.iter().sum::<u64>() <= 1)
}

/// What a drill of some saves did to its files, from the empty folder on.
fn traced(saves: u32) -> Vec<Call> {
    let (place, beside) = (Place::new(), tempfile::tempdir().expect("there is room"));
    let path = place.path();
    let shim = Shim::build(beside.path(), path.parent().expect("it is in a folder"));
    let mut drill = shim.start(&path);
    drill.order(&format!("saves {saves}"));
    drill.end();
    calls(&shim.trace)
}

/// The file at each moment of a drill, as a killed process leaves it, as a power failure may
/// leave it (of what was never synced nothing is there, or some), and with the last write half
/// done.
#[test]
fn a_crash_between_any_two_calls_loses_nothing_that_was_acknowledged() {
    let (mut disk, mut acknowledged) = (Disk::default(), Acknowledged::default());
    let (mut images, mut random) = (0, Random(1));
    for call in traced(24) {
        if let Call::Said { line } = &call {
            acknowledged.hear(line);
            continue;
        }
        let mut torn = disk.seen.clone();
        if let Call::Write { path, offset, bytes } = &call {
            write(torn.entry(path.clone()).or_default(), *offset, &bytes[..bytes.len() / 2]);
        }
        disk.carry_out(&call);
        let some = disk.some(&mut random);
        for (what, files) in
            [("killed", &disk.seen), ("torn", &torn), ("synced", &disk.synced), ("some", &some)]
        {
            let found = versions(files).unwrap_or_else(|e| panic!("{what} at {images}: {e}"));
            assert!(holds(&found, &acknowledged), "{what} at {images}: {found:?} {acknowledged:?}");
            images += 1;
        }
    }
    assert!(images > 500, "only {images} moments were looked at");
    assert_eq!(acknowledged.of("c"), 8);
}

/// A write-ahead log that is lost after a crash, or damaged, takes no acknowledged save with it:
/// either all are there or the store says that it is damaged.
#[test]
fn a_lost_or_bent_log_loses_nothing_that_was_acknowledged_unsaid() {
    let (mut disk, mut acknowledged) = (Disk::default(), Acknowledged::default());
    let (mut whole, mut damaged, mut random) = (0, 0, Random(1));
    for call in traced(12) {
        if let Call::Said { line } = &call {
            acknowledged.hear(line);
            continue;
        }
        disk.carry_out(&call);
        let Some((log, bytes)) = disk.seen.iter().find(|(path, _)| is_log(path)) else { continue };
        let mut lost = disk.seen.clone();
        lost.remove(log);
        let mut bent = disk.seen.clone();
        if !bytes.is_empty() {
            let at = random.below(bytes.len());
            bent.entry(log.clone()).or_default()[at] ^= 0x10;
        }
        for (what, files) in [("lost", &lost), ("bent", &bent)] {
            match versions(files) {
                Ok(found) => {
                    assert!(holds(&found, &acknowledged), "{what}: {found:?} {acknowledged:?}");
                    whole += 1;
                }
                Err(Error::Corrupt { .. }) => damaged += 1,
                Err(error) => panic!("{what}: {error}"),
            }
        }
    }
    assert!(whole > 50 && damaged > 0, "{whole} images were whole and {damaged} damaged");
}

fn is_log(path: &Path) -> bool {
    path.to_string_lossy().ends_with("-wal")
}
