//! The directory of desired-state files that the daemon watches: taken whole or not at all (C4).
//!
//! ```text
//! directory --list--> stamps --read what changed--> documents, or problems with their places
//!                                                       |
//!      last good set <--- check_set <--- candidate <----+---- last good of files with a problem
//!           |                                |
//!           v                                +--> vanished names: removed, asked for, or held
//!          Look {migrations, settings, problems, unconfirmed, held, hash}
//! ```
//!
//! # What is read
//!
//! Files that stand directly in the directory, end in `.yaml` or `.yml` and do not begin with a
//! dot; symbolic links are followed, so that the `..data` link of a Kubernetes volume can be
//! swapped. A file is read again when its device, inode, size, modification or change time
//! differs from what it was when it was read last, and once more by the look after that, since two
//! writes in one tick of the kernel's clock leave the same times. One that changes under the
//! reading is not taken and read again by the next look. Inherently, a file that is written in place may be seen
//! between two writes: mostly that is no valid document and the last good one stays, but a
//! beginning that happens to be valid is believed until the next look. Rename a finished file
//! into place to exclude that.
//!
//! # What is taken
//!
//! A file with a problem keeps the documents that it had. If the documents of all files contradict
//! each other, nothing of the look is taken.
//!
//! # What vanishes
//!
//! An absence is easier to bring about by accident than any edit: a volume that is not mounted, a
//! glob too many, a checkout under way. So a name of which no document is left
//!
//! - is removed when it is the only one, others remain, every file could be read, and the look
//!   before missed it too (an editor that saves by unlinking and writing, or a listing that ran
//!   beside a rename, is over by then);
//! - is otherwise kept as it was and listed in [`Look::unconfirmed`], until it is back or exactly
//!   the listed names are confirmed.
//!
//! The settings count as a name, [`SETTINGS`]. They are never removed unconfirmed: `freeze: true`
//! must not be lost because a file was.
//!
//! # After a restart
//!
//! There is no last good version then, only the remembered names. While a file has a problem, a
//! remembered name may stand in it: whoever asked for its removal would ask for the wrong thing.
//! So it is listed in [`Look::held`], neither managed nor removed, and cannot be confirmed. When
//! every file can be read the name is found, or vanishes by the rules above; its document is not
//! known, so it is in [`Look::unconfirmed`] without being in [`Look::migrations`].
//!
//! Settings that were remembered and cannot be read stand as `freeze: true`, as they do when the
//! first look meets a file with a problem that says `kind: Settings`: what they forbade is not
//! known, and a rollback that waits for a mended file is seen and said, whereas a write during a
//! freeze cannot be taken back. Settings that go bad later keep their last good version.
//!
//! Deliberately absent: notifications of the file system (they do not exist on all volumes and
//! are lost under load), waiting, clocks, and writing anything.

mod files;
mod look;
mod source;
mod vanished;

pub use look::{Desired, Look};
pub use source::{NotPending, Source};

/// The name under which the settings vanish and are confirmed. No migration can have it: their
/// names are lower-case.
pub const SETTINGS: &str = "Settings";
