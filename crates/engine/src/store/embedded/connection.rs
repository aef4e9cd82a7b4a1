//! SQLite connections: how they are set up, and the pool readers take them from.
//!
//! One connection writes; each read takes another, so that nobody waits for anybody (write-ahead log). A read is
//! one transaction: whatever it looks at is of one moment.

use super::EmbeddedError;
use super::folder::{FileIdentity, Folder};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Transaction};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Of 256-dimensional vectors, 8 KiB pages hold seven (4 KiB: three, with a quarter of the page empty). Measured with
/// `store_at_scale`: 11 % less disk than 4 KiB and as fast; 16 KiB saves 5 % more and doubles what small writes log.
const PAGE_BYTES: i64 = 8192;
/// Connections kept for reuse; more exist for as long as more threads read at once.
const IDLE_READERS: usize = 16;
/// Page cache of the writer: the upper levels of every tree, and the leaves of one batch.
const WRITER_CACHE_KIB: i64 = 32 * 1024;
/// Page cache of each reader. Files are read, not mapped: a mapped catalog would count as resident memory.
const READER_CACHE_KIB: i64 = 4 * 1024;
/// The log is copied into the file at this size, so that it stays about as large.
const LOG_PAGES: i64 = 4096;
/// What the log file is cut back to after a long reader had kept it from being copied.
const LOG_LIMIT_BYTES: i64 = 64 * 1024 * 1024;
/// How long to wait for the moments in which SQLite needs a file for itself alone (recovery, closing).
const BUSY: Duration = Duration::from_secs(20);

fn flags(write: OpenFlags) -> OpenFlags {
    write | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_EXRESCODE
}

fn set_up(connection: &Connection, cache_kib: i64) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(64);
    // The file may come from anywhere: what its schema says is not to be trusted.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    // Plans do not depend on what is bound. Without this, every image that is read by its key has its statement prepared anew,
    // because what is bound might make the index of uploaded photos, which is a partial one, fit.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "cache_size", -cache_kib)?;
    connection.pragma_update(None, "foreign_keys", true)
}

/// A file that does not exist yet, in the form the tables are made in.
pub(super) fn create(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(
        path,
        flags(OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE),
    )?;
    connection.pragma_update(None, "page_size", PAGE_BYTES)?;
    set_up(&connection, WRITER_CACHE_KIB)?;
    Ok(connection)
}

/// Turns on the write-ahead log, which the file remembers. Gives the mode that was reached: `wal`, unless the
/// file system cannot do that.
pub(super) fn use_log(connection: &Connection) -> rusqlite::Result<String> {
    connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))
}

/// The connection that writes.
///
/// `synchronous = FULL` syncs the log at every commit: what was acknowledged survives the loss of power, not only
/// of the process. `NORMAL` would save one sync per batch: with 64 products of 256 dimensions in each, and a disk that
/// takes 10 ms to sync, `FULL` stores 5,000 products/s and `NORMAL` 14,000 (`store_at_scale`). Making signatures is
/// slower than either, so a promise kept costs nothing.
pub(super) fn writer(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, flags(OpenFlags::SQLITE_OPEN_READ_WRITE))?;
    set_up(&connection, WRITER_CACHE_KIB)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "wal_autocheckpoint", LOG_PAGES)?;
    connection.pragma_update(None, "journal_size_limit", LOG_LIMIT_BYTES)?;
    Ok(connection)
}

/// A connection that cannot write.
pub(super) fn reader(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, flags(OpenFlags::SQLITE_OPEN_READ_ONLY))?;
    set_up(&connection, READER_CACHE_KIB)?;
    Ok(connection)
}

/// Idle connections for readers.
#[derive(Debug)]
pub(super) struct Readers {
    folder: Folder,
    /// The file they all read, whatever lies there by now.
    identity: Option<FileIdentity>,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(super) fn new(folder: Folder, identity: Option<FileIdentity>) -> Self {
        Self { folder, identity, idle: Mutex::new(Vec::new()) }
    }

    fn open(&self, doing: &'static str) -> Result<Connection, EmbeddedError> {
        let opened =
            reader(&self.folder.database()).map_err(|e| EmbeddedError::sqlite(&self.folder, doing, e));
        // The tables of another catalog know nothing of this one's handles.
        if self.identity.is_some() && self.folder.identity() != self.identity {
            return Err(EmbeddedError::Stale(self.folder.root().to_path_buf()));
        }
        opened
    }

    /// Runs `read` on one moment of the catalog.
    pub(super) fn read<T>(
        &self,
        doing: &'static str,
        read: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, EmbeddedError> {
        let failed = |e| EmbeddedError::sqlite(&self.folder, doing, e);
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.open(doing)?,
        };
        let result = connection.unchecked_transaction().and_then(|moment| read(&moment)).map_err(failed);
        // A connection that failed is not used again.
        if result.is_ok() {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            if idle.len() < IDLE_READERS {
                idle.push(connection);
            }
        }
        result
    }
}
