//! The index over the catalog's signatures, kept equal to the tables.
//!
//! It is loaded at the first question, so that who only writes pays nothing for it. Before each question the file is
//! asked whether anybody committed (`PRAGMA data_version`); if so, what changed is read into a copy of the index,
//! which is then swapped in. Questions never wait for that, with one exception: what this process wrote is always
//! seen by the questions it asks afterwards.
//!
//! The tables are `changes`' business, the files `snapshots`'.

use super::EmbeddedError;
use super::changes::{self, Trouble};
use super::connection;
use super::encoders::{self, Encoders};
use super::folder::Folder;
use super::snapshots::{self, Snapshots};
use crate::index::{Index, IndexError};
use crate::store::{ImageKey, Problem};
use lookalike_vision::hash::{PHash, PdqHash};
use rusqlite::{Connection, Transaction};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, TryLockError};

/// The index and what keeps it up to date.
#[derive(Debug)]
pub(super) struct Derived {
    snapshots: Snapshots,
    current: RwLock<Option<Arc<Loaded>>>,
    watcher: Mutex<Watcher>,
    /// The last write of this process.
    written: AtomicI64,
}

/// One index per encoder, all of one moment; none of an encoder that was removed since the store was opened.
#[derive(Debug)]
struct Loaded {
    seq: i64,
    indexes: Vec<Option<Index>>,
}

/// The connection that notices commits and reads what they changed.
#[derive(Debug)]
struct Watcher {
    connection: Connection,
    /// `data_version` when the index was last brought up to date.
    seen: Option<i64>,
}

impl Derived {
    /// Takes `connection` to watch the catalog with.
    pub(super) fn new(folder: Folder, encoders: Encoders, connection: Connection) -> rusqlite::Result<Self> {
        let uuid = changes::uuid(&connection)?;
        Ok(Self {
            snapshots: Snapshots::new(folder, uuid, encoders),
            current: RwLock::default(),
            watcher: Mutex::new(Watcher { connection, seen: None }),
            written: AtomicI64::new(0),
        })
    }

    /// This process' questions see write `seq` from now on.
    pub(super) fn wrote(&self, seq: i64) {
        self.written.fetch_max(seq, Ordering::SeqCst);
    }

    fn loaded(&self) -> Option<Arc<Loaded>> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The index as the catalog is now; or as it was a moment ago, where another thread is just reading what another
    /// process wrote.
    fn current(&self) -> Result<Arc<Loaded>, EmbeddedError> {
        let mut watcher = match self.loaded() {
            Some(loaded) if loaded.seq >= self.written.load(Ordering::SeqCst) => {
                match self.watcher.try_lock() {
                    Ok(watcher) => watcher,
                    Err(TryLockError::WouldBlock) => return Ok(loaded),
                    Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                }
            }
            _ => self.watcher.lock().unwrap_or_else(PoisonError::into_inner),
        };
        self.refresh(&mut watcher).map_err(|trouble| self.named(trouble))
    }

    fn refresh(&self, watcher: &mut Watcher) -> Result<Arc<Loaded>, Trouble> {
        // Asked before reading: what is committed in between is read now and once more next time.
        let version = watcher.connection.pragma_query_value(None, "data_version", |row| row.get(0))?;
        let loaded = self.loaded();
        if let Some(loaded) = &loaded
            && watcher.seen == Some(version)
        {
            return Ok(Arc::clone(loaded));
        }
        let moment = watcher.connection.unchecked_transaction()?;
        let next = match loaded {
            None => self.load(&moment)?,
            Some(loaded) => self.advance(&moment, loaded)?,
        };
        drop(moment);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&next));
        watcher.seen = Some(version);
        Ok(next)
    }

    fn load(&self, moment: &Transaction<'_>) -> Result<Arc<Loaded>, Trouble> {
        let seq = changes::position(moment)?.seq;
        let present = encoders::present(moment)?;
        let load =
            |(number, id)| present.contains(&number).then(|| self.snapshots.load(moment, (number, id)));
        let indexes =
            self.snapshots.encoders().iter().map(|of| load(of).transpose()).collect::<Result<_, _>>()?;
        Ok(Arc::new(Loaded { seq, indexes }))
    }

    fn advance(&self, moment: &Transaction<'_>, loaded: Arc<Loaded>) -> Result<Arc<Loaded>, Trouble> {
        let now = changes::position(moment)?;
        let present = encoders::present(moment)?;
        let of_each = || self.snapshots.encoders().iter().zip(&loaded.indexes);
        let is_removed =
            |((number, _), index): ((i64, _), &Option<Index>)| index.is_some() && !present.contains(&number);
        if now.seq == loaded.seq && !of_each().any(is_removed) {
            return Ok(loaded);
        }
        let is_renewed = |(of, index): (_, &Option<Index>)| {
            index
                .as_ref()
                .is_some_and(|index| index.snapshot_due() && self.snapshots.is_newer(of, index, now))
        };
        // The log does not reach back to here, or the history is another (the catalog was replaced by a backup).
        let is_continued = (now.log_start..=now.seq).contains(&loaded.seq);
        if !is_continued || of_each().any(is_renewed) {
            return self.load(moment);
        }
        let mut indexes = Vec::with_capacity(loaded.indexes.len());
        for (of, index) in of_each() {
            let mut index = index.clone().filter(|_| present.contains(&of.0));
            if let Some(index) = &mut index {
                snapshots::advance(moment, index, of, loaded.seq)?;
            }
            indexes.push(index);
        }
        Ok(Arc::new(Loaded { seq: now.seq, indexes }))
    }

    /// Up to which write snapshots hold everything, and their rows. Only for the holder of the writer lock.
    pub(super) fn newest_snapshots(&self) -> Result<Option<(i64, u64)>, EmbeddedError> {
        let watcher = self.watcher.lock().unwrap_or_else(PoisonError::into_inner);
        self.snapshots.newest(&watcher.connection).map_err(|trouble| self.named(trouble))
    }

    /// Writes the snapshots anew; an index that is loaded then stands on them. Only for the holder of the writer
    /// lock. Questions go on meanwhile.
    pub(super) fn write_snapshots(&self) -> Result<(i64, u64), EmbeddedError> {
        self.try_write_snapshots().map_err(|trouble| self.named(trouble))
    }

    /// Writes the snapshots of encoders that are about to be ready. Only for the holder of the writer lock.
    pub(super) fn write_snapshots_of(&self, encoders: Encoders) -> Result<(), EmbeddedError> {
        let write = || -> Result<_, Trouble> {
            let reader = connection::reader(&self.snapshots.folder().database())?;
            self.snapshots.of(encoders).write(&reader.unchecked_transaction()?)
        };
        write().map(|_| ()).map_err(|trouble| self.named(trouble))
    }

    /// Removes what was derived from encoders that are no more. Only for the holder of the writer lock.
    pub(super) fn remove_strays(&self) -> Result<(), EmbeddedError> {
        let watcher = self.watcher.lock().unwrap_or_else(PoisonError::into_inner);
        self.snapshots.remove_strays(&watcher.connection).map_err(|trouble| self.named(trouble))
    }

    fn try_write_snapshots(&self) -> Result<(i64, u64), Trouble> {
        // Not the watcher's: this takes as long as reading the whole catalog does.
        let reader = connection::reader(&self.snapshots.folder().database())?;
        let written = self.snapshots.write(&reader.unchecked_transaction()?)?;
        if self.loaded().is_some() {
            let watcher = self.watcher.lock().unwrap_or_else(PoisonError::into_inner);
            let next = self.load(&watcher.connection.unchecked_transaction()?)?;
            *self.current.write().unwrap_or_else(PoisonError::into_inner) = Some(next);
        }
        Ok(written)
    }

    pub(super) fn nearest_vectors(
        &self,
        encoder: usize,
        query: &[f32],
        limit: usize,
    ) -> Result<Vec<(ImageKey, f32)>, EmbeddedError> {
        let (_, id) = self.snapshots.encoders().get(encoder).ok_or_else(|| self.no_such_encoder(encoder))?;
        let (found, expected) = (query.len(), id.dimensions);
        if found != expected {
            return Err(EmbeddedError::QueryLength { encoder: id.name.clone(), expected, found });
        }
        if query.iter().any(|number| !number.is_finite()) {
            return Err(EmbeddedError::QueryNotFinite);
        }
        let mut query = query.to_vec();
        changes::to_unit_length(&mut query);
        let current = self.current()?;
        let index = current.indexes.get(encoder).and_then(Option::as_ref);
        Ok(index.ok_or_else(|| self.removed(&id.name))?.nearest_vectors(&query, limit)?)
    }

    pub(super) fn no_such_encoder(&self, asked: usize) -> EmbeddedError {
        let path = self.snapshots.folder().root().to_path_buf();
        EmbeddedError::NoSuchEncoder { path, count: self.snapshots.encoders().len(), asked }
    }

    fn removed(&self, name: &str) -> EmbeddedError {
        let path = self.snapshots.folder().root().to_path_buf();
        EmbeddedError::EncoderRemoved { path, name: name.to_owned() }
    }

    /// Asks the first index that is there: every encoder's holds the hashes of every image.
    fn any_index<T>(&self, ask: impl FnOnce(&Index) -> T) -> Result<T, EmbeddedError> {
        let current = self.current()?;
        let all = || {
            let names = self.snapshots.encoders().ids().iter().map(|id| id.name.as_str());
            names.collect::<Vec<_>>().join(", ")
        };
        current.indexes.iter().flatten().next().map(ask).ok_or_else(|| self.removed(&all()))
    }

    pub(super) fn nearest_phashes(
        &self,
        query: PHash,
        limit: usize,
    ) -> Result<Vec<(ImageKey, u32)>, EmbeddedError> {
        self.any_index(|index| index.nearest_phashes(query, limit))
    }

    pub(super) fn nearest_pdqs(
        &self,
        queries: &[PdqHash],
        limit: usize,
    ) -> Result<Vec<(ImageKey, u32)>, EmbeddedError> {
        self.any_index(|index| index.nearest_pdqs(queries, limit))
    }

    /// What in the snapshots contradicts the tables.
    pub(super) fn verify(&self, found: &mut Vec<Problem>) -> Result<(), EmbeddedError> {
        let mut compare = || -> Result<(), Trouble> {
            let reader = connection::reader(&self.snapshots.folder().database())?;
            let moment = reader.unchecked_transaction()?;
            self.snapshots.verify(&moment, found)
        };
        compare().map_err(|trouble| self.named(trouble))
    }

    fn named(&self, trouble: Trouble) -> EmbeddedError {
        match trouble {
            Trouble::Sqlite(error) => {
                EmbeddedError::sqlite(self.snapshots.folder(), "reading signatures for the index", error)
            }
            Trouble::Index(IndexError::Io { source, .. })
                if source.kind() == std::io::ErrorKind::StorageFull =>
            {
                EmbeddedError::DiskFull(self.snapshots.folder().root().to_path_buf())
            }
            Trouble::Index(error) => error.into(),
        }
    }
}
