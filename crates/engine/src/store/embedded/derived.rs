//! The index over the catalog's signatures, kept equal to the tables.
//!
//! Each encoder's part is loaded at the first question that needs it, so that who only writes, or asks by one encoder,
//! pays nothing for the others. Before each question the file is
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
use crate::index::{Index, IndexError, ProductSet};
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

/// One index per encoder, all of one moment; none of an encoder that nobody asked for yet or that was removed since the
/// store was opened.
#[derive(Debug)]
struct Loaded {
    seq: i64,
    indexes: Vec<Option<Index>>,
}

impl Loaded {
    fn index(&self, encoder: usize) -> Option<&Index> {
        self.indexes.get(encoder).and_then(Option::as_ref)
    }
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

    /// The index, `wanted`'s part among them unless that encoder was removed, as the catalog is now; or as it was a moment ago, where another thread is just reading what another
    /// process wrote.
    fn current(&self, wanted: usize) -> Result<Arc<Loaded>, EmbeddedError> {
        let written = self.written.load(Ordering::SeqCst);
        let mut watcher = match self.loaded() {
            Some(loaded) if loaded.seq >= written && loaded.index(wanted).is_some() => {
                match self.watcher.try_lock() {
                    Ok(watcher) => watcher,
                    Err(TryLockError::WouldBlock) => return Ok(loaded),
                    Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                }
            }
            _ => self.watcher.lock().unwrap_or_else(PoisonError::into_inner),
        };
        self.refresh(&mut watcher, wanted).map_err(|trouble| self.named(trouble))
    }

    fn refresh(&self, watcher: &mut Watcher, wanted: usize) -> Result<Arc<Loaded>, Trouble> {
        // Asked before reading: what is committed in between is read now and once more next time.
        let version = watcher.connection.pragma_query_value(None, "data_version", |row| row.get(0))?;
        let loaded = self.loaded();
        if let Some(loaded) = &loaded
            && watcher.seen == Some(version)
            && loaded.index(wanted).is_some()
        {
            return Ok(Arc::clone(loaded));
        }
        let moment = watcher.connection.unchecked_transaction()?;
        let next = match loaded {
            None => self.load(&moment, |encoder| encoder == wanted)?,
            Some(loaded) => self.advance(&moment, loaded, wanted)?,
        };
        drop(moment);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&next));
        watcher.seen = Some(version);
        Ok(next)
    }

    fn load(
        &self,
        moment: &Transaction<'_>,
        is_wanted: impl Fn(usize) -> bool,
    ) -> Result<Arc<Loaded>, Trouble> {
        let seq = changes::position(moment)?.seq;
        let present = encoders::present(moment)?;
        let mut indexes = Vec::with_capacity(self.snapshots.encoders().len());
        for (encoder, of) in self.snapshots.encoders().iter().enumerate() {
            let is_loaded = is_wanted(encoder) && present.contains(&of.0);
            indexes.push(if is_loaded { Some(self.snapshots.load(moment, of)?) } else { None });
        }
        Ok(Arc::new(Loaded { seq, indexes }))
    }

    fn advance(
        &self,
        moment: &Transaction<'_>,
        loaded: Arc<Loaded>,
        wanted: usize,
    ) -> Result<Arc<Loaded>, Trouble> {
        let now = changes::position(moment)?;
        let present = encoders::present(moment)?;
        let of_each = || self.snapshots.encoders().iter().zip(&loaded.indexes);
        let is_as_due = |(encoder, ((number, _), index)): (usize, ((i64, _), &Option<Index>))| {
            let is_there = present.contains(&number);
            if index.is_some() { is_there } else { encoder != wanted || !is_there }
        };
        if now.seq == loaded.seq && of_each().enumerate().all(is_as_due) {
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
            return self.load(moment, |encoder| encoder == wanted || loaded.index(encoder).is_some());
        }
        let mut indexes = Vec::with_capacity(loaded.indexes.len());
        for (encoder, (of, index)) in of_each().enumerate() {
            indexes.push(match index {
                _ if !present.contains(&of.0) => None,
                Some(index) => {
                    let mut index = index.clone();
                    snapshots::advance(moment, &mut index, of, loaded.seq)?;
                    Some(index)
                }
                None if encoder == wanted => Some(self.snapshots.load(moment, of)?),
                None => None,
            });
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
        if let Some(loaded) = self.loaded() {
            let watcher = self.watcher.lock().unwrap_or_else(PoisonError::into_inner);
            let moment = watcher.connection.unchecked_transaction()?;
            let next = self.load(&moment, |encoder| loaded.index(encoder).is_some())?;
            drop(moment);
            *self.current.write().unwrap_or_else(PoisonError::into_inner) = Some(next);
        }
        Ok(written)
    }

    pub(super) fn nearest_vectors(
        &self,
        encoder: usize,
        query: &[f32],
        limit: usize,
        products: Option<&ProductSet>,
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
        let current = self.current(encoder)?;
        let index = current.index(encoder).ok_or_else(|| self.removed(&id.name))?;
        Ok(index.nearest_vectors_among(&query, limit, products)?)
    }

    pub(super) fn no_such_encoder(&self, asked: usize) -> EmbeddedError {
        let path = self.snapshots.folder().root().to_path_buf();
        EmbeddedError::NoSuchEncoder { path, count: self.snapshots.encoders().len(), asked }
    }

    fn removed(&self, name: &str) -> EmbeddedError {
        let path = self.snapshots.folder().root().to_path_buf();
        EmbeddedError::EncoderRemoved { path, name: name.to_owned() }
    }

    /// Asks an index that is loaded, or the first that can be: every encoder's holds the hashes of every image.
    fn any_index<T>(&self, ask: impl FnOnce(&Index) -> T) -> Result<T, EmbeddedError> {
        let encoders = self.snapshots.encoders();
        let loaded = self.loaded().and_then(|loaded| loaded.indexes.iter().position(Option::is_some));
        for encoder in loaded.into_iter().chain(0..encoders.len()) {
            if let Some(index) = self.current(encoder)?.index(encoder) {
                return Ok(ask(index));
            }
        }
        let names: Vec<&str> = encoders.ids().iter().map(|id| id.name.as_str()).collect();
        Err(self.removed(&names.join(", ")))
    }

    pub(super) fn nearest_phashes(
        &self,
        query: PHash,
        limit: usize,
        products: Option<&ProductSet>,
    ) -> Result<Vec<(ImageKey, u32)>, EmbeddedError> {
        self.any_index(|index| index.nearest_phashes_among(query, limit, products))
    }

    pub(super) fn nearest_pdqs(
        &self,
        queries: &[PdqHash],
        limit: usize,
        products: Option<&ProductSet>,
    ) -> Result<Vec<(ImageKey, u32)>, EmbeddedError> {
        self.any_index(|index| index.nearest_pdqs_among(queries, limit, products))
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

    /// SQLite refused while the index was being looked after.
    pub(super) fn failed(&self, doing: &'static str, error: rusqlite::Error) -> EmbeddedError {
        EmbeddedError::sqlite(self.snapshots.folder(), doing, error)
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
