//! Opening a file: is it a store, may it be written to, is it whole?

use std::fmt;
use std::path::{self as paths, Path};
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, MAIN_DB, OpenFlags, TransactionBehavior};

use crate::Error;

use super::database::Database;
use super::files::{Files, Identity};
use super::trouble::{Failure, meaning};
use super::{check, rows, schema};

/// How long a call waits for another process that writes at this moment. A save takes
/// milliseconds; the answer of a tick must not wait much longer.
const BUSY_WAIT_MAX: Duration = Duration::from_secs(1);

/// How often opening meets another process that opens, and how long it waits each time. Some
/// locks that are taken when a file is made SQLite does not wait for itself.
const TRIES_MAX: u32 = 20;
const TRY_AGAIN_AFTER: Duration = Duration::from_millis(50);

/// A file that is not opened as a store, because it is none or cannot be reached. Nothing was
/// changed in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Another kind of file.
    #[error(
        "open the store {path}: this file is not a SQLite database; give the path of Ferry's own \
         file, or move this one away if it was damaged"
    )]
    NotADatabase {
        /// The path given.
        path: String,
    },
    /// A SQLite database that Ferry did not write.
    #[error(
        "open the store {path}: this SQLite database is another program's (application id \
         {application:#010x}, Ferry's is {:#010x}); give the path of Ferry's own file",
        schema::APPLICATION_ID
    )]
    Foreign {
        /// The path given.
        path: String,
        /// The application id it has; zero says nothing.
        application: i32,
    },
    /// It could not be opened or created.
    #[error("open the store {path}: {why}")]
    Failed {
        /// The path given.
        path: String,
        /// Why, and what to do.
        why: String,
    },
}

/// What opening found beside the store.
pub(crate) struct Found {
    pub(crate) database: Database,
    pub(crate) is_created: bool,
    pub(crate) installation: Option<String>,
}

/// What a file turned out to be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Nothing is in it yet.
    Empty,
    /// A store of this schema or an older one.
    Ours(u32),
    /// A store of a newer one.
    Newer(u32),
}

/// Why a file is not opened as usual.
enum Obstacle {
    /// It is not opened.
    Refused(OpenError),
    /// SQLite said so.
    Failed(Failure),
}

impl From<rusqlite::Error> for Obstacle {
    fn from(error: rusqlite::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<Failure> for Obstacle {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// Opens the store at `path`, or makes one there.
pub(crate) fn open(path: &Path) -> Result<Found, OpenError> {
    let path = &paths::absolute(path).map_err(|error| failed(path, &error))?;
    if let Some(folder) = path.parent().filter(|folder| !folder.is_dir()) {
        let why = format!("its folder {} does not exist: create it", shown(folder));
        return Err(OpenError::Failed { path: shown(path), why });
    }
    let before = Identity::of(path);
    let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    if before.is_none() {
        flags |= OpenFlags::SQLITE_OPEN_CREATE;
    }
    let connection = Connection::open_with_flags(path, flags);
    let mut connection = connection.map_err(|error| failed(path, &error))?;
    match prepare(&mut connection, path) {
        Ok((Kind::Newer(found), _)) => {
            let name = shown(path);
            let newer = Error::NewerSchema { name, found, known: schema::known() };
            Ok(unreadable(connection, path, before, newer))
        }
        Ok((Kind::Empty, _)) => whole(connection, path, before, None, true),
        Ok((Kind::Ours(_), is_read_only)) => {
            let refuses = is_read_only.then(|| read_only(path));
            whole(connection, path, before, refuses, false)
        }
        Err(Obstacle::Refused(error)) => Err(error),
        Err(Obstacle::Failed(failure)) => {
            let is_read_only = failure.is_read_only();
            let error = meaning(failure, &shown(path)).error;
            if matches!(error, Error::Corrupt { .. }) {
                Ok(unreadable(connection, path, before, error))
            } else if is_read_only && before.is_some() {
                // The log beside the file cannot be made: its folder is read-only.
                frozen(path, before)
            } else {
                Err(failed(path, &error))
            }
        }
    }
}

/// As [`try_prepare`], as often as another process that opens the file makes necessary.
fn prepare(connection: &mut Connection, path: &Path) -> Result<(Kind, bool), Obstacle> {
    let mut tries = 1;
    loop {
        let prepared = try_prepare(connection, path);
        let code = match &prepared {
            Err(Obstacle::Failed(Failure::Sqlite { error, .. })) => error.sqlite_error_code(),
            Err(Obstacle::Failed(Failure::Said(_)) | Obstacle::Refused(_)) | Ok(_) => None,
        };
        let is_busy = matches!(code, Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked));
        if !is_busy || tries == TRIES_MAX {
            connection.busy_timeout(BUSY_WAIT_MAX)?;
            return prepared;
        }
        tries += 1;
        thread::sleep(TRY_AGAIN_AFTER);
    }
}

/// Looks what the file is, and makes a store of it where it is empty or of an older schema.
/// Returns what it was, and whether it may only be read.
fn try_prepare(connection: &mut Connection, path: &Path) -> Result<(Kind, bool), Obstacle> {
    let kind = look(connection, path)?;
    let is_read_only = is_read_only(connection)?;
    // FULL: a commit has reached the disk when it returns. Checkpoints are made after each save.
    connection.execute_batch(
        "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;
         PRAGMA cell_size_check = ON; PRAGMA trusted_schema = OFF;",
    )?;
    let refuse =
        |why: &str| Obstacle::Refused(OpenError::Failed { path: shown(path), why: why.to_owned() });
    match kind {
        Kind::Newer(_) => return Ok((kind, is_read_only)),
        Kind::Empty if is_read_only => {
            return Err(refuse("it is empty and may not be written to"));
        }
        Kind::Ours(found) if is_read_only && found < schema::known() => {
            return Err(refuse("an older Ferry wrote it, and it may not be written to"));
        }
        Kind::Ours(_) if is_read_only => return Ok((kind, is_read_only)),
        Kind::Empty | Kind::Ours(_) => {}
    }
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode != "wal" {
        return Err(refuse(
            "its file system has no shared memory, which SQLite's write-ahead log needs; give a \
             path on a local disk",
        ));
    }
    let is_old = match kind {
        Kind::Empty => true,
        Kind::Ours(found) | Kind::Newer(found) => found < schema::known(),
    };
    let was_empty = is_old && schema::upgrade(connection, schema::STEPS)?;
    // Another process may have filled it since the look.
    let kind = if was_empty { Kind::Empty } else { Kind::Ours(schema::known()) };
    Ok((kind, is_read_only))
}

/// Looks at the header, and changes nothing but this connection.
fn look(connection: &mut Connection, path: &Path) -> Result<Kind, Obstacle> {
    connection.busy_timeout(TRY_AGAIN_AFTER)?;
    // In one transaction: another process may be making a store of the file at this moment.
    let transaction = connection.transaction()?;
    let application = transaction.pragma_query_value(None, "application_id", |row| row.get(0));
    let application: i32 = match application {
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => {
            return Err(Obstacle::Refused(OpenError::NotADatabase { path: shown(path) }));
        }
        application => application?,
    };
    let count = "SELECT count(*) FROM sqlite_schema";
    let tables: u32 = transaction.query_row(count, [], |row| row.get(0))?;
    let version = schema::found(&transaction)?;
    drop(transaction);
    if application == 0 && tables == 0 && version == 0 {
        return Ok(Kind::Empty);
    }
    if application != schema::APPLICATION_ID {
        let path = shown(path);
        return Err(Obstacle::Refused(OpenError::Foreign { path, application }));
    }
    Ok(if version > schema::known() { Kind::Newer(version) } else { Kind::Ours(version) })
}

/// Whether writing is not allowed: the file itself, or the log of another process beside it, may
/// only be read.
fn is_read_only(connection: &mut Connection) -> Result<bool, Failure> {
    if connection.is_readonly(MAIN_DB)? {
        return Ok(true);
    }
    match connection.transaction_with_behavior(TransactionBehavior::Immediate) {
        Ok(nothing) => Ok(nothing.rollback().map(|()| false)?),
        Err(error) => {
            let failure = Failure::from(error);
            if failure.is_read_only() { Ok(true) } else { Err(failure) }
        }
    }
}

/// Opens a file that nobody can write to, without the log and locks that would be written beside
/// it. What was told to be saved is in the file itself; a file that was left amid a checkpoint is
/// found by the check.
fn frozen(path: &Path, before: Option<Identity>) -> Result<Found, OpenError> {
    let uri = format!("file:{}?immutable=1", escaped(path));
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    let connection = Connection::open_with_flags(uri, flags);
    let mut connection = connection.map_err(|error| failed(path, &error))?;
    match prepare(&mut connection, path) {
        Ok((Kind::Ours(_), _)) => whole(connection, path, before, Some(read_only(path)), false),
        Ok((Kind::Newer(found), _)) => {
            let name = shown(path);
            let newer = Error::NewerSchema { name, found, known: schema::known() };
            Ok(unreadable(connection, path, before, newer))
        }
        Ok((Kind::Empty, _)) => Err(failed(path, &"it is empty and may not be written to")),
        Err(Obstacle::Refused(error)) => Err(error),
        Err(Obstacle::Failed(failure)) => Err(failed(path, &meaning(failure, &shown(path)).error)),
    }
}

/// A path as the path of a URI.
fn escaped(path: &Path) -> String {
    let escape = |byte: &u8| match byte {
        b'/' | b'.' | b'-' | b'_' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => {
            char::from(*byte).to_string()
        }
        other => format!("%{other:02X}"),
    };
    path.as_os_str().as_encoded_bytes().iter().map(escape).collect()
}

/// A store that can be read, checked as a whole. What is damaged refuses to be written to, and
/// gives what can still be read.
fn whole(
    connection: Connection,
    path: &Path,
    before: Option<Identity>,
    refuses: Option<Error>,
    is_created: bool,
) -> Result<Found, OpenError> {
    let file = shown(path);
    let damage = check::check(&connection, &file).err();
    let damage = damage.map(|failure| meaning(failure, &file).error);
    if let Some(error) = damage.as_ref().filter(|error| !matches!(error, Error::Corrupt { .. })) {
        return Err(failed(path, error));
    }
    let installation = rows::store(&connection).ok().map(|(installation, _)| installation);
    // The log and its index are there since the check has read.
    let files = Files::of(path, before);
    let refuses = damage.or(refuses);
    let database = Database { connection, file, files, unreadable: None, refuses, closing: None };
    Ok(Found { database, is_created, installation })
}

/// A store of which nothing can be read.
fn unreadable(connection: Connection, path: &Path, before: Option<Identity>, why: Error) -> Found {
    let files = Files::of(path, before);
    let refuses = Some(why.clone());
    let unreadable = Some(why);
    let database =
        Database { connection, file: shown(path), files, unreadable, refuses, closing: None };
    Found { database, is_created: false, installation: None }
}

fn read_only(path: &Path) -> Error {
    let message = format!(
        "{} may not be written to: give Ferry the right to write to it and to its folder, then \
         restart it",
        shown(path)
    );
    Error::ReadOnly { message }
}

fn failed(path: &Path, why: &dyn fmt::Display) -> OpenError {
    OpenError::Failed { path: shown(path), why: why.to_string() }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
