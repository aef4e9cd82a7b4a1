//! The right to write a catalog folder, and what is done with it.
//!
//! One process has it at a time (`writer.lock`), and within it one thread at a time. A store that shares the folder takes
//! it with its first write and gives it back when it rests; between two of its turns anything may have happened, so each
//! turn begins with a look whether the catalog is still the one that was opened. Neighbours: `write` applies batches,
//! `derived` and `renewal` keep the index.

use super::catalog::{Access, EmbeddedStore};
use super::connection;
use super::derived::Derived;
use super::encoders;
use super::folder::{Folder, WriterLock};
use super::renewal::Renewal;
use super::write::{self, Failure};
use super::{EmbeddedError, changes};
use crate::store::Write;
use rusqlite::Connection;
use std::sync::PoisonError;

/// The right to write, while it lasts.
#[derive(Debug)]
pub(super) struct Writer {
    pub(super) connection: Connection,
    renewal: Renewal,
    _lock: WriterLock,
}

/// The connection that writes, to a file that may be written.
pub(super) fn connect(folder: &Folder) -> Result<Connection, EmbeddedError> {
    let failed = |e| EmbeddedError::sqlite(folder, "opening it", e);
    let connection = connection::writer(&folder.database()).map_err(failed)?;
    // SQLite opens a file that it may not write for reading instead.
    if connection.is_readonly("main").map_err(failed)? {
        let denied = std::io::ErrorKind::PermissionDenied.into();
        return Err(EmbeddedError::io("write", folder.database(), denied));
    }
    Ok(connection)
}

impl Writer {
    /// With a look at how much the snapshots lack.
    pub(super) fn new(
        connection: Connection,
        lock: WriterLock,
        derived: &Derived,
    ) -> Result<Self, EmbeddedError> {
        derived.remove_strays()?;
        let (since, rows) = derived.newest_snapshots()?.unwrap_or((0, 0));
        let changed =
            changes::count_since(&connection, since).map_err(|e| derived.failed("opening it", e))?;
        Ok(Self { connection, renewal: Renewal::new(changed, rows), _lock: lock })
    }
}

impl EmbeddedStore {
    /// Runs `work` with the right to write, which is taken where this process has it not.
    pub(super) fn writing<T>(
        &self,
        work: impl FnOnce(&mut Writer) -> Result<T, EmbeddedError>,
    ) -> Result<T, EmbeddedError> {
        if self.access == Access::ReadOnly {
            return Err(EmbeddedError::OpenedForReading(self.folder.root().to_path_buf()));
        }
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *writer {
            Some(writer) => work(writer),
            none => work(none.insert(self.take_turn()?)),
        }
    }

    fn take_turn(&self) -> Result<Writer, EmbeddedError> {
        let lock = self.folder.lock()?;
        if !self.is_as_opened()? {
            return Err(EmbeddedError::Stale(self.folder.root().to_path_buf()));
        }
        Writer::new(connect(&self.folder)?, lock, &self.derived)
    }

    /// Whether the folder still holds the catalog that was opened, with the encoders it had.
    pub(super) fn is_as_opened(&self) -> Result<bool, EmbeddedError> {
        if self.identity.is_some() && self.folder.identity() != self.identity {
            return Ok(false);
        }
        match self.readers.read("reading its encoders", |moment| encoders::ready(moment)) {
            Ok(ready) => Ok(ready.numbers() == self.encoders.numbers()),
            Err(EmbeddedError::Stale(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Gives the right to write back, with the index up to date.
    pub(super) fn give_back(&self) {
        if self.access == Access::Sharing {
            let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(mut writer) = writer.take() {
                self.renew_when_closing(&mut writer);
            }
        }
    }

    /// Applies a batch and makes it seen by this process' next questions.
    pub(super) fn apply_with(&self, writer: &mut Writer, batch: &[Write]) -> Result<(), EmbeddedError> {
        write::check(batch, self.encoders.ids()).map_err(EmbeddedError::from)?;
        let numbers = self.encoders.numbers();
        let applied =
            write::apply(&mut writer.connection, batch, numbers).map_err(|failure| match failure {
                Failure::Invalid(invalid) => EmbeddedError::Rejected(invalid),
                Failure::Sqlite(error) => EmbeddedError::sqlite(&self.folder, "writing a batch", error),
            })?;
        self.derived.wrote(applied.seq);
        writer.renewal.add(applied.image_rows);
        if writer.renewal.is_due_while_writing() {
            self.renew_or_log(writer);
        }
        Ok(())
    }

    /// Runs `work` on the connection that writes.
    pub(super) fn with_writer<T>(
        &self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T>,
        doing: &'static str,
    ) -> Result<T, EmbeddedError> {
        self.writing(|writer| {
            work(&mut writer.connection).map_err(|e| EmbeddedError::sqlite(&self.folder, doing, e))
        })
    }

    /// Writes the index anew from the tables, whatever it was. In a catalog that is open for reading, this takes the
    /// writer lock for as long as it lasts.
    ///
    /// # Errors
    /// When another process is writing, or the disk is full.
    pub fn rebuild_index(&self) -> Result<(), EmbeddedError> {
        if self.access == Access::ReadOnly {
            let _lock = self.folder.lock()?;
            return self.derived.write_snapshots().map(|_| ());
        }
        self.writing(|writer| self.renew(writer))
    }

    fn renew(&self, writer: &mut Writer) -> Result<(), EmbeddedError> {
        let (seq, rows) = self.derived.write_snapshots()?;
        writer.renewal = Renewal::new(0, rows);
        changes::shorten_log(&mut writer.connection, seq)
            .map_err(|e| EmbeddedError::sqlite(&self.folder, "shortening its log", e))
    }

    /// [`Self::renew`] where its failure must not be the caller's: the tables are whole, the next try may succeed.
    fn renew_or_log(&self, writer: &mut Writer) {
        // Not tried again at every batch when it fails.
        let unwritten = std::mem::replace(&mut writer.renewal, Renewal::new(0, 0));
        if let Err(error) = self.renew(writer) {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, ?unwritten, "the index was not written; it will be read from the tables");
        }
    }

    fn renew_when_closing(&self, writer: &mut Writer) {
        // The index of a catalog that took this one's place is that one's business.
        let is_there = self.folder.identity() == self.identity;
        if is_there && writer.renewal.is_due_when_closing() {
            self.renew_or_log(writer);
        }
    }
}

impl Drop for EmbeddedStore {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = &mut writer {
            self.renew_when_closing(writer);
        }
        // Closed last, as before.
        *self.writer.lock().unwrap_or_else(PoisonError::into_inner) = writer;
    }
}
