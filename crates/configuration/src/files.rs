//! Files of a directory into documents.

use std::collections::BTreeMap;
use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;

use manifest::{Document, Resource};
use model::spec::Migration;
use sha2::{Digest as _, Sha256};

use crate::SETTINGS;

/// More would be somebody else's directory, and every look asks the metadata of each.
pub(crate) const FILES_MAX: usize = 10_000;
/// As much as a Kubernetes ConfigMap can hold; a migration takes a few thousand bytes.
pub(crate) const FILE_BYTES_MAX: u64 = 1 << 20;

/// What tells one version of a file from another without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fingerprint {
    device: u64,
    inode: u64,
    bytes: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Fingerprint {
    fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            bytes: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

/// What a listing says of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stamp {
    Readable(Fingerprint),
    /// Why it cannot even be opened.
    Unusable(String),
}

/// One document of a file.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) file: String,
    /// SHA-256 of the whole file.
    pub(crate) digest: [u8; 32],
    /// The migration's name, or [`SETTINGS`].
    pub(crate) name: String,
    pub(crate) document: Document,
    /// Shared with whoever manages it.
    pub(crate) migration: Option<Arc<Migration>>,
}

/// What a file says.
#[derive(Debug)]
pub(crate) enum Content {
    Documents(Vec<Arc<Entry>>),
    Problems {
        said: Vec<String>,
        /// Whether it looks as if settings were among what cannot be read.
        mentions_settings: bool,
    },
}

impl Content {
    fn problem(said: String) -> Self {
        Self::Problems { said: vec![said], mentions_settings: false }
    }

    pub(crate) fn mentions_settings(&self) -> bool {
        match self {
            Self::Documents(entries) => entries.iter().any(|entry| entry.name == SETTINGS),
            Self::Problems { mentions_settings, .. } => *mentions_settings,
        }
    }
}

/// The last reading of a file.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) stamp: Stamp,
    pub(crate) content: Content,
    /// The file may say something else by now without its stamp showing it.
    pub(crate) retry: bool,
}

impl Reading {
    pub(crate) fn says_the_same_as(&self, other: &Self) -> bool {
        self.stamp == other.stamp
            && match (&self.content, &other.content) {
                (Content::Documents(before), Content::Documents(now)) => {
                    // Every entry of a file has the digest of the whole file.
                    before.first().map(|it| it.digest) == now.first().map(|it| it.digest)
                }
                (Content::Problems { said: before, .. }, Content::Problems { said: now, .. }) => {
                    before == now
                }
                (Content::Documents(_), Content::Problems { .. })
                | (Content::Problems { .. }, Content::Documents(_)) => false,
            }
    }
}

/// The files that matter, by name.
pub(crate) type Listing = BTreeMap<String, Stamp>;

/// Lists a directory by metadata only.
///
/// # Errors
///
/// What is wrong with the directory as a whole, in words.
pub(crate) fn list(directory: &Path) -> Result<Listing, String> {
    let unreadable = |error: io::Error| {
        format!(
            "{}: the directory cannot be read: {error}; nothing is changed until it can",
            directory.display()
        )
    };
    let mut listing = Listing::new();
    for entry in fs::read_dir(directory).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name();
        let shown = name.to_string_lossy();
        if shown.starts_with('.') || !(shown.ends_with(".yaml") || shown.ends_with(".yml")) {
            continue;
        }
        let stamp = if name.to_str().is_none() {
            Some(Stamp::Unusable("its name is not UTF-8, rename it".to_owned()))
        } else {
            stamp(&entry.path())
        };
        if let Some(stamp) = stamp {
            listing.insert(shown.into_owned(), stamp);
        }
        if listing.len() > FILES_MAX {
            return Err(format!(
                "{}: more than {FILES_MAX} files end in .yaml or .yml; nothing is changed until \
                 there are fewer",
                directory.display()
            ));
        }
    }
    Ok(listing)
}

/// `None`: the file vanished since the directory named it.
fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            fs::symlink_metadata(path).ok()?;
            return Some(Stamp::Unusable(
                "the symbolic link points to nothing, mend or remove it".to_owned(),
            ));
        }
        Err(error) => return Some(Stamp::Unusable(format!("cannot be read: {error}"))),
    };
    if !metadata.is_file() {
        let words = "is not a regular file, move it elsewhere or rename it";
        return Some(Stamp::Unusable(words.to_owned()));
    }
    if metadata.len() > FILE_BYTES_MAX {
        return Some(Stamp::Unusable(format!(
            "has {} bytes, more than {FILE_BYTES_MAX}; split it",
            metadata.len()
        )));
    }
    Some(Stamp::Readable(Fingerprint::of(&metadata)))
}

/// Reads a file of a listing whole.
pub(crate) fn read(directory: &Path, file: &str, stamp: &Stamp) -> Reading {
    let (content, retry) = match stamp {
        Stamp::Unusable(why) => (Content::problem(format!("{file}: {why}")), false),
        Stamp::Readable(fingerprint) => match bytes(&directory.join(file), fingerprint) {
            Ok(Some(bytes)) => (content(file, bytes), false),
            Ok(None) => {
                let said = format!("{file}: changed while it was read, the next look reads it");
                (Content::problem(said), true)
            }
            Err(error) => (Content::problem(format!("{file}: cannot be read: {error}")), true),
        },
    };
    Reading { stamp: stamp.clone(), content, retry }
}

/// `None`: the file is not, or not any more, the one that was listed.
fn bytes(path: &Path, listed: &Fingerprint) -> io::Result<Option<Vec<u8>>> {
    let mut file = File::open(path)?;
    let mut bytes = Vec::new();
    // One byte more than listed shows a file that grew, without following it for ever.
    (&mut file).take(listed.bytes.saturating_add(1)).read_to_end(&mut bytes)?;
    let is_whole = u64::try_from(bytes.len()).is_ok_and(|read| read == listed.bytes);
    let is_same = Fingerprint::of(&file.metadata()?) == *listed;
    Ok((is_whole && is_same).then_some(bytes))
}

fn content(file: &str, bytes: Vec<u8>) -> Content {
    let digest = Sha256::digest(&bytes).into();
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let line = 1 + error.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count();
            return Content::problem(format!("{file}:{line}: is not UTF-8, save it as such"));
        }
    };
    let documents = manifest::read(file, &text).and_then(|documents| {
        let strangers: Vec<_> = documents.iter().filter_map(stranger).collect();
        if strangers.is_empty() { Ok(documents) } else { Err(strangers) }
    });
    match documents {
        Ok(documents) => Content::Documents(
            documents.into_iter().map(|document| Arc::new(entry(document, digest))).collect(),
        ),
        Err(problems) => Content::Problems {
            said: problems.iter().map(ToString::to_string).collect(),
            mentions_settings: text.lines().any(says_settings),
        },
    }
}

fn stranger(document: &Document) -> Option<manifest::Problem> {
    document.world()?;
    let remedy = "keep it in another directory";
    Some(document.problem("kind", "a `World` does not belong here", remedy))
}

/// Whether a line of a file that cannot be read looks like the kind of settings.
fn says_settings(line: &str) -> bool {
    line.contains("kind") && line.contains("Settings") && !line.trim_start().starts_with('#')
}

fn entry(document: Document, digest: [u8; 32]) -> Entry {
    let migration = match &document.resource {
        Resource::Migration(migration) => Some(Arc::new(migration.as_ref().clone())),
        Resource::Settings(_) | Resource::World(_) => None,
    };
    let name =
        migration.as_ref().map_or_else(|| SETTINGS.to_owned(), |it| it.name().as_str().to_owned());
    Entry { file: document.file.clone(), digest, name, document, migration }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fingerprint(path: &Path) -> Fingerprint {
        Fingerprint::of(&fs::metadata(path).unwrap())
    }

    #[test]
    fn a_file_that_was_replaced_since_it_was_listed_is_not_taken() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.yaml");
        fs::write(&path, "one").unwrap();
        let listed = fingerprint(&path);
        assert_eq!(bytes(&path, &listed).unwrap().as_deref(), Some(&b"one"[..]));
        fs::write(directory.path().join("new"), "two").unwrap();
        fs::rename(directory.path().join("new"), &path).unwrap();
        assert_eq!(bytes(&path, &listed).unwrap(), None);
        let reading = read(directory.path(), "a.yaml", &Stamp::Readable(listed));
        assert!(reading.retry && matches!(reading.content, Content::Problems { .. }));
    }

    /// Files of the kernel say that they are empty, and hold more: as one that grows does.
    #[test]
    fn a_file_that_holds_more_than_it_says_is_not_taken() {
        let path = Path::new("/proc/version");
        let listed = fingerprint(path);
        assert_eq!(listed.bytes, 0);
        assert_eq!(bytes(path, &listed).unwrap(), None);
    }
}
