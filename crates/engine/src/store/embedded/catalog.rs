//! [`EmbeddedStore`]: opening a catalog folder, and the [`Store`] it is then.

use super::changes;
use super::connection::{self, Readers};
use super::derived::Derived;
use super::encoders::{self, Encoders};
use super::folder::{Folder, WriterLock};
use super::renewal::Renewal;
use super::schema::{self, MIGRATIONS};
use super::selecting::Selecting;
use super::write::{self, Failure};
use super::{EmbeddedError, read, text, verify};
use crate::catalog::{ImageId, ProductId};
use crate::fetch::Validators;
use crate::filter::{Facets, FieldPath, FieldSummary, Filter};
use crate::index::ProductSet;
use crate::store::{
    ImageKey, IndexKind, KnownProduct, Problem, SampledVector, Store, StoreError, StoredImage, StoredProduct,
    Summary, Write,
};
use lookalike_vision::encoder::EncoderId;
use lookalike_vision::hash::{PHash, PdqHash};
use rusqlite::{Connection, Transaction};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// What a catalog is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Reading; any number of processes may, also while one writes.
    ReadOnly,
    /// Reading and writing; one process at a time.
    ReadWrite,
}

/// An open catalog folder. Shared between threads; dropped, it brings the derived index up to date where it wrote.
#[derive(Debug)]
pub struct EmbeddedStore {
    pub(super) folder: Folder,
    pub(super) encoders: Encoders,
    pub(super) derived: Derived,
    pub(super) readers: Readers,
    selecting: Selecting,
    // The last field: the connection that is closed last copies the log into the file, and must be able to write.
    writer: Option<Mutex<Writer>>,
}

#[derive(Debug)]
struct Writer {
    connection: Connection,
    renewal: Renewal,
    _lock: WriterLock,
}

impl EmbeddedStore {
    /// Makes a new catalog in `path`, which is made where it does not exist, for vectors of `encoders` (the primary
    /// one first), and opens it for writing.
    ///
    /// # Errors
    /// When `path` is a catalog already, holds other files or cannot be written.
    pub fn create(path: &Path, encoders: &[EncoderId]) -> Result<Self, EmbeddedError> {
        encoders::check_list(encoders)?;
        let folder = Folder::new(path);
        folder.begin()?;
        let lock = folder.lock()?;
        // Another process may have made one between the look and the lock.
        folder.begin()?;
        folder.remove_begun()?;
        schema::make_database(&folder, encoders)?;
        folder.finish()?;
        Self::open_locked(folder, Some(lock), MIGRATIONS)
    }

    /// Whether there is a catalog in `path`, whatever its state.
    pub fn is_at(path: &Path) -> bool {
        Folder::new(path).has_database()
    }

    /// Opens the catalog in `path`. For writing, one of an older schema is brought to the newest.
    ///
    /// # Errors
    /// When `path` is not a catalog, is of a newer schema or damaged, and for [`Access::ReadWrite`] when another
    /// process has it open for writing.
    pub fn open(path: &Path, access: Access) -> Result<Self, EmbeddedError> {
        Self::open_at(path, access, MIGRATIONS)
    }

    /// Opens the catalog in `path` for writing, or makes it for `encoders`.
    ///
    /// # Errors
    /// Those of [`Self::create`] and [`Self::open`], and when the catalog's encoders are others.
    pub fn open_or_create(path: &Path, encoders: &[EncoderId]) -> Result<Self, EmbeddedError> {
        if !Self::is_at(path) {
            return Self::create(path, encoders);
        }
        let store = Self::open(path, Access::ReadWrite)?;
        if store.encoders() != encoders {
            let list = |encoders: &[EncoderId]| {
                encoders.iter().map(EncoderId::to_string).collect::<Vec<_>>().join(", ")
            };
            let (stored, asked) = (list(store.encoders()), list(encoders));
            return Err(EmbeddedError::OtherEncoders { path: path.to_path_buf(), stored, asked });
        }
        Ok(store)
    }

    pub(super) fn open_at(path: &Path, access: Access, migrations: &[&str]) -> Result<Self, EmbeddedError> {
        let folder = Folder::new(path);
        folder.expect_catalog()?;
        let lock = match access {
            Access::ReadOnly => None,
            Access::ReadWrite => Some(folder.lock()?),
        };
        Self::open_locked(folder, lock, migrations)
    }

    fn open_locked(
        folder: Folder,
        lock: Option<WriterLock>,
        migrations: &[&str],
    ) -> Result<Self, EmbeddedError> {
        let failed = |e| EmbeddedError::sqlite(&folder, "opening it", e);
        let reader = connection::reader(&folder.database()).map_err(failed)?;
        let connection = match lock {
            None => None,
            Some(lock) => {
                // The file of another application is not opened for writing at all.
                schema::version(&reader, &folder)?;
                let mut connection = connection::writer(&folder.database()).map_err(failed)?;
                // SQLite opens a file that it may not write for reading instead.
                if connection.is_readonly("main").map_err(failed)? {
                    let denied = std::io::ErrorKind::PermissionDenied.into();
                    return Err(EmbeddedError::io("write", folder.database(), denied));
                }
                schema::migrate(&mut connection, &folder, migrations)?;
                Some((connection, lock))
            }
        };
        schema::expect_newest(&reader, &folder, migrations)?;
        let (encoders, derived) = Self::derive(&folder, reader)?;
        let writer = match connection {
            None => None,
            Some((connection, lock)) => {
                derived.remove_strays()?;
                let (since, rows) = derived.newest_snapshots()?.unwrap_or((0, 0));
                let changed = changes::count_since(&connection, since).map_err(failed)?;
                Some(Mutex::new(Writer { connection, renewal: Renewal::new(changed, rows), _lock: lock }))
            }
        };
        let (readers, selecting) = (Readers::new(folder.clone()), Selecting::new(folder.clone()));
        Ok(Self { folder, encoders, derived, readers, selecting, writer })
    }

    /// The encoders as the catalog has them now, and the index to be made of their vectors, read through `reader`.
    pub(super) fn derive(folder: &Folder, reader: Connection) -> Result<(Encoders, Derived), EmbeddedError> {
        let failed = |e| EmbeddedError::sqlite(folder, "reading its encoders", e);
        let encoders = encoders::ready(&reader).map_err(failed)?;
        let derived = Derived::new(folder.clone(), encoders.clone(), reader).map_err(failed)?;
        Ok((encoders, derived))
    }

    /// Runs `work` on the connection that writes.
    pub(super) fn with_writer<T>(
        &self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T>,
        doing: &'static str,
    ) -> Result<T, EmbeddedError> {
        let mut writer = self.writer()?.lock().unwrap_or_else(PoisonError::into_inner);
        work(&mut writer.connection).map_err(|e| EmbeddedError::sqlite(&self.folder, doing, e))
    }

    fn writer(&self) -> Result<&Mutex<Writer>, EmbeddedError> {
        self.writer.as_ref().ok_or_else(|| EmbeddedError::OpenedForReading(self.folder.root().to_path_buf()))
    }

    /// Writes the index anew from the tables, whatever it was. In a catalog that is open for reading, this takes the
    /// writer lock for as long as it lasts.
    ///
    /// # Errors
    /// When another process is writing, or the disk is full.
    pub fn rebuild_index(&self) -> Result<(), EmbeddedError> {
        match &self.writer {
            Some(writer) => {
                let mut writer = writer.lock().unwrap_or_else(PoisonError::into_inner);
                self.renew(&mut writer)
            }
            None => {
                let _lock = self.folder.lock()?;
                self.derived.write_snapshots().map(|_| ())
            }
        }
    }

    /// The products that a filter lets through; none where there is no filter.
    pub(super) fn chosen(&self, filter: Option<&Filter>) -> Result<Option<Arc<ProductSet>>, EmbeddedError> {
        filter.map(|filter| self.selecting.chosen(filter)).transpose()
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
}

/// A count as SQLite takes it; no catalog has more rows than that.
pub(super) fn row_limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

impl Drop for EmbeddedStore {
    fn drop(&mut self) {
        if let Some(writer) = &self.writer
            && !std::thread::panicking()
        {
            let mut writer = writer.lock().unwrap_or_else(PoisonError::into_inner);
            if writer.renewal.is_due_when_closing() {
                self.renew_or_log(&mut writer);
            }
        }
    }
}

impl Store for EmbeddedStore {
    fn summary(&self) -> Result<Summary, StoreError> {
        let ((products, images), adding) = self
            .readers
            .read("counting", |moment| Ok((read::counts(moment)?, encoders::being_added(moment)?)))?;
        Ok(Summary {
            place: self.folder.root().display().to_string(),
            products,
            images,
            encoders: self.encoders.ids().to_vec(),
            adding,
            bytes: Some(self.folder.size_bytes()?),
        })
    }

    fn encoders(&self) -> &[EncoderId] {
        self.encoders.ids()
    }

    fn index(&self) -> IndexKind {
        IndexKind::Exact
    }

    fn apply(&self, batch: &[Write]) -> Result<(), StoreError> {
        let writer = self.writer()?;
        write::check(batch, self.encoders.ids()).map_err(EmbeddedError::from)?;
        let mut writer = writer.lock().unwrap_or_else(PoisonError::into_inner);
        let numbers = self.encoders.numbers();
        let applied =
            write::apply(&mut writer.connection, batch, numbers).map_err(|failure| match failure {
                Failure::Invalid(invalid) => EmbeddedError::Rejected(invalid),
                Failure::Sqlite(error) => EmbeddedError::sqlite(&self.folder, "writing a batch", error),
            })?;
        self.derived.wrote(applied.seq);
        writer.renewal.add(applied.image_rows);
        if writer.renewal.is_due_while_writing() {
            self.renew_or_log(&mut writer);
        }
        Ok(())
    }

    fn known(&self, id: &ProductId) -> Result<Option<KnownProduct>, StoreError> {
        Ok(self.readers.read("reading a product", |moment| read::known(moment, id))?)
    }

    fn product_ids(&self, after: Option<&ProductId>, limit: usize) -> Result<Vec<ProductId>, StoreError> {
        self.product_ids_where(after, limit, None)
    }

    fn product_ids_where(
        &self,
        after: Option<&ProductId>,
        limit: usize,
        filter: Option<&Filter>,
    ) -> Result<Vec<ProductId>, StoreError> {
        let chosen = self.chosen(filter)?;
        let limit = row_limit(limit);
        let ids = |moment: &Transaction<'_>| read::product_ids(moment, after, limit, chosen.as_deref());
        Ok(self.readers.read("going through the products", ids)?)
    }

    fn validators(&self, id: &ProductId) -> Result<Vec<(ImageId, Validators)>, StoreError> {
        Ok(self.readers.read("reading what servers said", |moment| read::validators(moment, id))?)
    }

    fn products(&self, ids: &[ProductId]) -> Result<Vec<StoredProduct>, StoreError> {
        Ok(self.readers.read("reading products", |moment| {
            ids.iter().filter_map(|id| read::product(moment, id).transpose()).collect()
        })?)
    }

    fn images(&self, keys: &[ImageKey]) -> Result<Vec<StoredImage>, StoreError> {
        Ok(self.readers.read("reading images", |moment| {
            keys.iter().filter_map(|key| read::image(moment, *key, &self.encoders).transpose()).collect()
        })?)
    }

    fn find_image(&self, id: &ImageId) -> Result<Option<ImageKey>, StoreError> {
        Ok(self.readers.read("finding an image", |moment| read::find_image(moment, id))?)
    }

    fn scan(&self, after: Option<ImageKey>, limit: usize) -> Result<Vec<StoredImage>, StoreError> {
        let limit = row_limit(limit);
        Ok(self
            .readers
            .read("going through the images", |moment| read::scan(moment, after, limit, &self.encoders))?)
    }

    fn nearest_vectors_where(
        &self,
        encoder: usize,
        query: &[f32],
        limit: usize,
        filter: Option<&Filter>,
    ) -> Result<Vec<(ImageKey, f32)>, StoreError> {
        let chosen = self.chosen(filter)?;
        Ok(self.derived.nearest_vectors(encoder, query, limit, chosen.as_deref())?)
    }

    fn nearest_phashes_where(
        &self,
        query: PHash,
        limit: usize,
        filter: Option<&Filter>,
    ) -> Result<Vec<(ImageKey, u32)>, StoreError> {
        Ok(self.derived.nearest_phashes(query, limit, self.chosen(filter)?.as_deref())?)
    }

    fn nearest_pdqs_where(
        &self,
        queries: &[PdqHash],
        limit: usize,
        filter: Option<&Filter>,
    ) -> Result<Vec<(ImageKey, u32)>, StoreError> {
        Ok(self.derived.nearest_pdqs(queries, limit, self.chosen(filter)?.as_deref())?)
    }

    fn search_text_where(
        &self,
        words: &str,
        limit: usize,
        filter: Option<&Filter>,
    ) -> Result<Vec<(ProductId, f32)>, StoreError> {
        let chosen = self.chosen(filter)?;
        Ok(self.readers.read("searching for words", |moment| {
            let found = text::search(moment, words, row_limit(limit), chosen.as_deref())?;
            found.into_iter().map(|(id, score)| Ok((super::rows::product_id(id)?, score))).collect()
        })?)
    }

    fn fields(&self) -> Result<Arc<FieldSummary>, StoreError> {
        Ok(self.selecting.summary()?)
    }

    fn facets(
        &self,
        fields: &[FieldPath],
        filter: Option<&Filter>,
        most_values: usize,
    ) -> Result<Facets, StoreError> {
        Ok(self.selecting.facets(fields, filter, most_values)?)
    }

    fn sample_vectors(&self, encoder: usize, count: usize) -> Result<Vec<SampledVector>, StoreError> {
        let of = self.encoders.get(encoder).ok_or_else(|| self.derived.no_such_encoder(encoder))?;
        Ok(self.readers.read("sampling vectors", |moment| read::sample_vectors(moment, of, count))?)
    }

    fn verify(&self) -> Result<Vec<Problem>, StoreError> {
        let mut problems = verify::verify(&self.readers)?;
        // Signatures that cannot be read are among the problems already.
        match self.derived.verify(&mut problems) {
            Err(EmbeddedError::Damaged { .. }) if !problems.is_empty() => {}
            result => result?,
        }
        Ok(problems)
    }
}

#[cfg(test)]
impl EmbeddedStore {
    /// Lets the database grow to `pages` and no further: SQLite then fails as on a full disk.
    pub(super) fn limit_pages(&self, pages: i64) {
        let writer = self.writer.as_ref().unwrap().lock().unwrap();
        writer.connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(())).unwrap();
    }
}
