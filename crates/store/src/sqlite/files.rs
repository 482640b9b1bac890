//! Whether the files that are open are still those that the paths name.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::Error;

/// A store's files as they were when it was opened: the store itself, its write-ahead log and
/// the index of that.
///
/// A file that was deleted or replaced can still be written to, and nobody will ever read it.
/// The look is inherently racy: a file that goes between the last look and the end of a save is
/// found by the next one.
#[derive(Debug)]
pub(crate) struct Files {
    files: Vec<(PathBuf, Identity)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity {
    device: u64,
    inode: u64,
}

impl Identity {
    /// `None` where there is no such file.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let found = fs::metadata(path).ok()?;
        Some(Self { device: found.dev(), inode: found.ino() })
    }
}

impl Files {
    /// The files of the store at `path`, which is open. `main` is the identity that its file had
    /// before it was opened, where it was there.
    pub(crate) fn of(path: &Path, main: Option<Identity>) -> Self {
        let mut files = Vec::new();
        files.extend(main.or_else(|| Identity::of(path)).map(|it| (path.to_owned(), it)));
        for suffix in ["-wal", "-shm"] {
            let mut beside = path.as_os_str().to_owned();
            beside.push(suffix);
            let beside = PathBuf::from(beside);
            files.extend(Identity::of(&beside).map(|identity| (beside, identity)));
        }
        Self { files }
    }

    /// # Errors
    /// `ReadOnly` that names the file that is gone.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let gone = self.files.iter().find(|(path, known)| Identity::of(path) != Some(*known));
        match gone {
            None => Ok(()),
            Some((path, _)) => Err(Error::ReadOnly {
                message: format!(
                    "{} was deleted or replaced while Ferry had it open: put it back if you can, \
                     then restart Ferry",
                    path.display()
                ),
            }),
        }
    }
}
