//! [`EmbeddedStore`]: opening a catalog folder, and the [`Store`] it is then.

use super::connection::{self, Readers};
use super::derived::Derived;
use super::encoders::{self, Encoders};
use super::folder::{FileIdentity, Folder, WriterLock};
use super::schema::{self, MIGRATIONS};
use super::selecting::Selecting;
use super::writing::{self, Writer};
use super::{EmbeddedError, read, text, verify};
use crate::catalog::{ImageId, ProductId};
use crate::fetch::Validators;
use crate::filter::{Facets, FieldPath, FieldSummary, Filter};
use crate::index::ProductSet;
use crate::store::{
    Apply, ImageKey, IndexKind, KnownProduct, Problem, SampledVector, Store, StoreError, StoredImage,
    StoredProduct, Summary, Write,
};
use lookalike_vision::encoder::EncoderId;
use lookalike_vision::hash::{PHash, PdqHash};
use rusqlite::{Connection, Transaction};
use std::path::Path;
use std::sync::{Arc, Mutex};

/// What a catalog is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Reading; any number of processes may, also while one writes.
    ReadOnly,
    /// Reading and writing; one process at a time.
    ReadWrite,
    /// Reading, and writing now and then: the right to write is taken with the first write and given back by
    /// [`Store::rest`], so that other processes have their turns.
    Sharing,
}

/// An open catalog folder. Shared between threads; dropped, it brings the derived index up to date where it wrote.
#[derive(Debug)]
pub struct EmbeddedStore {
    pub(super) folder: Folder,
    pub(super) encoders: Encoders,
    pub(super) derived: Derived,
    pub(super) readers: Readers,
    selecting: Selecting,
    pub(super) access: Access,
    /// The file that was opened, as the system tells files apart.
    pub(super) identity: Option<FileIdentity>,
    // The last field: the connection that is closed last copies the log into the file, and must be able to write.
    /// Whether this process has the right to write just now.
    pub(super) writer: Mutex<Option<Writer>>,
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
        match access {
            Access::ReadOnly => Self::open_locked(folder, None, migrations),
            Access::ReadWrite => {
                let lock = folder.lock()?;
                Self::open_locked(folder, Some(lock), migrations)
            }
            Access::Sharing => {
                let opened = match Self::open_locked(folder.clone(), None, migrations) {
                    // Brought to the newest version first, which takes a writer.
                    Err(EmbeddedError::Older { .. }) => {
                        let lock = folder.lock()?;
                        drop(Self::open_locked(folder.clone(), Some(lock), migrations)?);
                        Self::open_locked(folder, None, migrations)
                    }
                    opened => opened,
                };
                let mut shared = opened?;
                shared.access = access;
                Ok(shared)
            }
        }
    }

    fn open_locked(
        folder: Folder,
        lock: Option<WriterLock>,
        migrations: &[&str],
    ) -> Result<Self, EmbeddedError> {
        let failed = |e| EmbeddedError::sqlite(&folder, "opening it", e);
        // Before it is opened: a file that takes its place meanwhile is noticed later.
        let identity = folder.identity();
        let reader = connection::reader(&folder.database()).map_err(failed)?;
        let access = if lock.is_some() { Access::ReadWrite } else { Access::ReadOnly };
        let writing = match lock {
            None => None,
            Some(lock) => {
                // The file of another application is not opened for writing at all.
                schema::version(&reader, &folder)?;
                let mut connection = writing::connect(&folder)?;
                schema::migrate(&mut connection, &folder, migrations)?;
                Some((connection, lock))
            }
        };
        schema::expect_newest(&reader, &folder, migrations)?;
        let (encoders, derived) = Self::derive(&folder, reader)?;
        let writer = match writing {
            None => None,
            Some((connection, lock)) => Some(Writer::new(connection, lock, &derived)?),
        };
        let (readers, selecting) = (Readers::new(folder.clone(), identity), Selecting::new(folder.clone()));
        let writer = Mutex::new(writer);
        Ok(Self { folder, encoders, derived, readers, selecting, access, identity, writer })
    }

    /// The encoders as the catalog has them now, and the index to be made of their vectors, read through `reader`.
    pub(super) fn derive(folder: &Folder, reader: Connection) -> Result<(Encoders, Derived), EmbeddedError> {
        let failed = |e| EmbeddedError::sqlite(folder, "reading its encoders", e);
        let encoders = encoders::ready(&reader).map_err(failed)?;
        let derived = Derived::new(folder.clone(), encoders.clone(), reader).map_err(failed)?;
        Ok((encoders, derived))
    }

    /// The products that a filter lets through; none where there is no filter.
    pub(super) fn chosen(&self, filter: Option<&Filter>) -> Result<Option<Arc<ProductSet>>, EmbeddedError> {
        filter.map(|filter| self.selecting.chosen(filter)).transpose()
    }
}

/// A count as SQLite takes it; no catalog has more rows than that.
pub(super) fn row_limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
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
        Ok(self.writing(|writer| self.apply_with(writer, batch))?)
    }

    fn alone(
        &self,
        work: &mut dyn FnMut(&mut Apply<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut result = Ok(());
        self.writing(|writer| {
            result = work(&mut |batch| Ok(self.apply_with(writer, batch)?));
            Ok(())
        })?;
        result
    }

    fn rest(&self) {
        self.give_back();
    }

    fn is_current(&self) -> Result<bool, StoreError> {
        Ok(self.is_as_opened()?)
    }

    fn shows_upload(&self, sha256: &[u8; 32]) -> Result<bool, StoreError> {
        Ok(self.readers.read("looking for an uploaded photo", |moment| read::shows_upload(moment, sha256))?)
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

    fn find_images(&self, ids: &[&ImageId]) -> Result<Vec<Option<ImageKey>>, StoreError> {
        Ok(self
            .readers
            .read("finding images", |moment| ids.iter().map(|id| read::find_image(moment, id)).collect())?)
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
            let found = text::search(moment, words, limit, chosen.as_deref())?;
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
        let writer = self.writer.lock().unwrap();
        writer
            .as_ref()
            .unwrap()
            .connection
            .pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))
            .unwrap();
    }
}
