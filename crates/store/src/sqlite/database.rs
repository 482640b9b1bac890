//! The one connection, and what a save has to pass on its way through it.

use futures::channel::oneshot;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::{Error, Result};

use super::files::Files;
use super::schema;
use super::trouble::{Failure, meaning};

/// An open store. It lives on a thread of its own.
pub(crate) struct Database {
    pub(crate) connection: Connection,
    /// The path, for people.
    pub(crate) file: String,
    pub(crate) files: Files,
    /// Why nothing can be read.
    pub(crate) unreadable: Option<Error>,
    /// Why nothing is saved any more.
    pub(crate) refuses: Option<Error>,
    /// Set when no more calls are to be served; the last field, so that it is dropped, and
    /// whoever waits is woken, when the connection is closed.
    pub(crate) closing: Option<oneshot::Sender<()>>,
}

impl Database {
    /// Reads in one transaction, so that what is read fits together.
    pub(crate) fn read<T>(
        &mut self,
        look: impl FnOnce(&Transaction<'_>) -> std::result::Result<T, Failure>,
    ) -> Result<T> {
        if let Some(error) = &self.unreadable {
            return Err(error.clone());
        }
        let found = attempt_read(&mut self.connection, &self.file, look);
        found.map_err(|failure| self.note(failure))
    }

    /// Reads what may not be there. In a store that was found damaged nothing is absent for
    /// certain: what cannot be found may be what was lost.
    pub(crate) fn find<T>(
        &mut self,
        look: impl FnOnce(&Transaction<'_>) -> std::result::Result<Option<T>, Failure>,
    ) -> Result<Option<T>> {
        match self.read(look)? {
            None => self.undamaged().map(|()| None),
            found => Ok(found),
        }
    }

    /// # Errors
    /// `Corrupt` where the store was found damaged.
    pub(crate) fn undamaged(&self) -> Result<()> {
        match &self.refuses {
            Some(damaged @ Error::Corrupt { .. }) => Err(damaged.clone()),
            Some(_) | None => Ok(()),
        }
    }

    /// Writes in one transaction.
    pub(crate) fn write<T>(
        &mut self,
        change: impl FnOnce(&Transaction<'_>) -> std::result::Result<T, Failure>,
    ) -> Result<T> {
        if let Some(error) = &self.refuses {
            return Err(error.clone());
        }
        self.files.check()?;
        let done = attempt_write(&mut self.connection, &self.file, change);
        let done = done.map_err(|failure| self.note(failure))?;
        // Gone meanwhile: what was written may be in a file that nobody will ever open.
        let lost = |error: Error| Error::OutcomeUnknown { message: error.to_string() };
        self.files.check().map_err(lost)?;
        self.checkpoint();
        Ok(done)
    }

    /// Brings what was committed from the write-ahead log into the file itself, before anybody is
    /// told that it was saved. A log that is lost or damaged after a crash then takes nothing with
    /// it; SQLite alone would go back to an older state and not say so. It costs two more fsyncs a
    /// save.
    ///
    /// Where it cannot be done now, because another process reads or the disk is full, the log
    /// has it, and the next save tries again.
    fn checkpoint(&mut self) {
        let done = self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        if let Err(error) = done {
            self.note(error.into());
        }
    }

    /// What a failure means for the caller, and for all saves to come.
    fn note(&mut self, failure: Failure) -> Error {
        let meaning = meaning(failure, &self.file);
        if self.refuses.is_none() {
            self.refuses = meaning.refuses;
        }
        meaning.error
    }
}

fn attempt_read<T>(
    connection: &mut Connection,
    file: &str,
    look: impl FnOnce(&Transaction<'_>) -> std::result::Result<T, Failure>,
) -> std::result::Result<T, Failure> {
    let transaction = connection.transaction()?;
    check_schema(&transaction, file)?;
    look(&transaction)
}

fn attempt_write<T>(
    connection: &mut Connection,
    file: &str,
    change: impl FnOnce(&Transaction<'_>) -> std::result::Result<T, Failure>,
) -> std::result::Result<T, Failure> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    check_schema(&transaction, file)?;
    let done = change(&transaction)?;
    transaction.commit().map_err(Failure::committing)?;
    Ok(done)
}

/// A newer Ferry may have brought the file to its schema while this one had it open.
fn check_schema(transaction: &Transaction<'_>, file: &str) -> std::result::Result<(), Failure> {
    let (found, known) = (schema::found(transaction)?, schema::known());
    if found == known {
        return Ok(());
    }
    Err(Error::NewerSchema { name: file.to_owned(), found, known }.into())
}
