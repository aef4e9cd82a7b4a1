//! Where a catalog is kept. One trait, one folder per engine.
//!
//! A store keeps products, their images' signatures and the encoders that made them, and answers
//! nearest-neighbour questions about signatures. What a distance *means* is `search`'s business.
//!
//! The trait is synchronous: the embedded store is CPU-bound, and servers call it off their async threads.

mod dump;
pub mod embedded;
mod encoders;
mod error;

pub use dump::{Dump, Piece};
pub use encoders::{AddedEncoder, EncoderChanges, LackingImage};
pub use error::StoreError;

use crate::catalog::{Fields, ImageId, Location, ProductId};
use crate::fetch::Validators;
use crate::filter::{Facets, FieldPath, FieldSummary, Filter};
use lookalike_vision::encoder::EncoderId;
use lookalike_vision::hash::{Hashes, PHash, PdqHash};
use std::sync::Arc;

/// A store's own handle of one stored image. Valid within the catalog that gave it, across restarts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ImageKey(pub u64);

/// What a photo's bytes were when it was stored; decides whether it must be read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint {
    /// Length in bytes.
    pub bytes: u64,
    /// Modification time in nanoseconds since 1970, where the location has one.
    pub modified_ns: Option<i64>,
    /// SHA-256 of the bytes.
    pub sha256: [u8; 32],
}

/// A photo with everything that was made of it, ready to be stored.
#[derive(Debug, Clone, PartialEq)]
pub struct NewImage {
    /// Unique within its product.
    pub id: ImageId,
    /// Where the bytes were.
    pub location: Location,
    /// Of the bytes that were read.
    pub fingerprint: Fingerprint,
    /// Width in pixels, upright.
    pub width: u32,
    /// Height in pixels, upright.
    pub height: u32,
    /// IANA media type, such as `image/jpeg`.
    pub media_type: &'static str,
    /// Its hashes.
    pub hashes: Hashes,
    /// One vector for each of [`Store::encoders`], in that order.
    pub vectors: Vec<Vec<f32>>,
}

/// One image of a product that is being written.
#[derive(Debug, Clone, PartialEq)]
pub enum ImageWrite {
    /// Insert, or replace the stored image of that id.
    Put(Box<NewImage>),
    /// Leave the stored image of this id as it is. With `modified_ns`, its bytes were found equal under a new
    /// modification time, which is taken over.
    Keep {
        /// The stored image.
        id: ImageId,
        /// The new modification time, where it changed.
        modified_ns: Option<i64>,
    },
}

/// One change; a batch of them is one transaction.
#[derive(Debug, Clone, PartialEq)]
pub enum Write {
    /// Insert or replace a product. Its images become exactly those listed, in that order; stored ones that are
    /// not listed are removed.
    Product {
        /// The product.
        id: ProductId,
        /// Replaces the stored fields.
        fields: Fields,
        /// Its images, the main one first.
        images: Vec<ImageWrite>,
    },
    /// Remove a product and its images; nothing happens when there is none.
    Delete(ProductId),
    /// Note where the bytes of a stored image were found again, and what their server says of them; nothing happens when
    /// there is no such image.
    Found {
        /// The product.
        product: ProductId,
        /// Its image.
        image: ImageId,
        /// What is new.
        at: Found,
    },
}

/// What is new about a stored image whose bytes are the same. What is `None` stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// Another location, with its modification time where it has one.
    pub place: Option<(Location, Option<i64>)>,
    /// By what its server can tell whether it changed.
    pub validators: Option<Validators>,
}

/// What is stored of a product, as much as an ingest needs to see what changed.
#[derive(Debug, Clone, PartialEq)]
pub struct KnownProduct {
    /// As stored.
    pub fields: Fields,
    /// As stored, in order.
    pub images: Vec<KnownImage>,
}

/// What is stored of an image, as much as an ingest needs to see what changed.
#[derive(Debug, Clone, PartialEq)]
pub struct KnownImage {
    /// The store's handle.
    pub key: ImageKey,
    /// Unique within its product.
    pub id: ImageId,
    /// Where its bytes were.
    pub location: Location,
    /// Of the bytes that were stored.
    pub fingerprint: Fingerprint,
    /// Width in pixels, upright.
    pub width: u32,
    /// Height in pixels, upright.
    pub height: u32,
}

/// A product as an answer shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredProduct {
    /// Unique within the catalog.
    pub id: ProductId,
    /// As its source gave them.
    pub fields: Fields,
    /// Its images, the main one first.
    pub images: Vec<ImageId>,
    /// Their handles, in the same order: another product may have a photo of its own under the same id.
    pub image_keys: Vec<ImageKey>,
}

/// An image with its signatures.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredImage {
    /// The store's handle.
    pub key: ImageKey,
    /// The product it shows.
    pub product: ProductId,
    /// Unique within that product.
    pub id: ImageId,
    /// Where its bytes were.
    pub location: Location,
    /// Of its bytes.
    pub fingerprint: Fingerprint,
    /// Width in pixels, upright.
    pub width: u32,
    /// Height in pixels, upright.
    pub height: u32,
    /// IANA media type.
    pub media_type: String,
    /// Its hashes.
    pub hashes: Hashes,
    /// One vector for each of [`Store::encoders`], in that order; an empty one where that encoder was removed since the
    /// store was opened.
    pub vectors: Vec<Vec<f32>>,
}

/// A vector out of a catalog, to learn how its vectors lie.
#[derive(Debug, Clone, PartialEq)]
pub struct SampledVector {
    /// The store's number of the product it shows.
    pub product: u64,
    /// As stored.
    pub vector: Vec<f32>,
}

/// A catalog at a glance.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Where it is, as a person would write it.
    pub place: String,
    /// Number of products.
    pub products: u64,
    /// Number of images.
    pub images: u64,
    /// What made its vectors; the first is the primary one.
    pub encoders: Vec<EncoderId>,
    /// What is being added to them.
    pub adding: Vec<AddedEncoder>,
    /// Size on disk, where the store knows it.
    pub bytes: Option<u64>,
}

/// Something in a catalog that contradicts something else in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What is affected: a product, an image, a file.
    pub subject: String,
    /// What is wrong and the cure.
    pub reason: String,
}

/// How a store looks for nearest signatures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IndexKind {
    /// All are compared, or as good as: the answer is that of comparing all.
    Exact,
    /// A graph or the like is walked, which may miss some.
    Approximate,
}

/// Words of a text that [`Store::search_text`] looks for.
pub const MOST_WORDS: usize = 64;

/// Applies all of a batch or none of it; given to the work of [`Store::alone`].
pub type Apply<'a> = dyn FnMut(&[Write]) -> Result<(), StoreError> + 'a;

/// Keeps a catalog and finds nearest signatures in it. Shared between threads; a writer never blocks readers.
pub trait Store: Send + Sync {
    /// Counts, encoders, place.
    ///
    /// # Errors
    /// As the engine reports them; the same holds for every method here.
    fn summary(&self) -> Result<Summary, StoreError>;

    /// What made the vectors, the primary one first: those that every image has a vector of, as they were when the store
    /// was opened or last changed by itself.
    fn encoders(&self) -> &[EncoderId];

    /// How it looks for nearest signatures.
    fn index(&self) -> IndexKind;

    /// Applies all of `batch` or none of it; when this returns, it is durable.
    fn apply(&self, batch: &[Write]) -> Result<(), StoreError>;

    /// Runs `work` while nobody else writes: what it finds is still so when it applies a batch.
    fn alone(&self, work: &mut dyn FnMut(&mut Apply<'_>) -> Result<(), StoreError>)
    -> Result<(), StoreError>;

    /// Lets others write, where this store would keep them from it until its next write.
    fn rest(&self) {}

    /// Whether this is still the catalog that was opened, with the encoders it had; if not, it is to be opened again.
    fn is_current(&self) -> Result<bool, StoreError> {
        Ok(true)
    }

    /// Whether any product shows the photo of this digest that was handed in ([`Location::Uploaded`]). A store that cannot
    /// tell has all of them kept.
    fn shows_upload(&self, sha256: &[u8; 32]) -> Result<bool, StoreError> {
        let _ = sha256;
        Ok(true)
    }

    /// What is stored of a product, for comparison with its source.
    fn known(&self, id: &ProductId) -> Result<Option<KnownProduct>, StoreError>;

    /// Up to `limit` ids of products, ascending, those after `after`: for going through a whole catalog.
    fn product_ids(&self, after: Option<&ProductId>, limit: usize) -> Result<Vec<ProductId>, StoreError>;

    /// [`Store::product_ids`] of those that `filter` lets through. Engines that know better than to go through all
    /// products do.
    fn product_ids_where(
        &self,
        after: Option<&ProductId>,
        limit: usize,
        filter: Option<&Filter>,
    ) -> Result<Vec<ProductId>, StoreError> {
        const PAGE: usize = 256;
        let Some(filter) = filter else { return self.product_ids(after, limit) };
        let (mut found, mut after) = (Vec::new(), after.cloned());
        while found.len() < limit {
            let page = self.product_ids(after.as_ref(), PAGE)?;
            let Some(last) = page.last() else { break };
            after = Some(last.clone());
            let products = self.products(&page)?.into_iter();
            let fitting =
                products.filter(|product| filter.matches(&product.fields)).map(|product| product.id);
            found.extend(fitting.take(limit - found.len()));
        }
        Ok(found)
    }

    /// By what servers can tell whether a product's images changed, as far as they said. A store that keeps none has them
    /// all sent again.
    fn validators(&self, id: &ProductId) -> Result<Vec<(ImageId, Validators)>, StoreError> {
        let _ = id;
        Ok(Vec::new())
    }

    /// Products by id, in the order asked; ids that are not stored are left out.
    fn products(&self, ids: &[ProductId]) -> Result<Vec<StoredProduct>, StoreError>;

    /// Images by handle, in the order asked; ones deleted since are left out.
    fn images(&self, keys: &[ImageKey]) -> Result<Vec<StoredImage>, StoreError>;

    /// The handle of an image by its id, the earliest stored when several products show it.
    fn find_image(&self, id: &ImageId) -> Result<Option<ImageKey>, StoreError>;

    /// [`Store::find_image`] of each of `ids`, in their order.
    fn find_images(&self, ids: &[&ImageId]) -> Result<Vec<Option<ImageKey>>, StoreError> {
        ids.iter().map(|id| self.find_image(id)).collect()
    }

    /// Up to `limit` images with handles above `after`, ascending: for going through a whole catalog.
    fn scan(&self, after: Option<ImageKey>, limit: usize) -> Result<Vec<StoredImage>, StoreError>;

    /// The `limit` images whose vectors have the greatest cosine with `query`, greatest first; of products that `filter`
    /// lets through, where it is given. It never lowers recall: the answer is that of comparing all such images.
    /// `encoder` counts into [`Store::encoders`].
    fn nearest_vectors_where(
        &self,
        encoder: usize,
        query: &[f32],
        limit: usize,
        filter: Option<&Filter>,
    ) -> Result<Vec<(ImageKey, f32)>, StoreError>;

    /// The `limit` images whose letterboxed pHash differs in the fewest bits, fewest first; by `filter` as above.
    fn nearest_phashes_where(
        &self,
        query: PHash,
        limit: usize,
        filter: Option<&Filter>,
    ) -> Result<Vec<(ImageKey, u32)>, StoreError>;

    /// The `limit` images whose PDQ hash differs in the fewest bits from any of `queries`, fewest first; by `filter` as
    /// above.
    fn nearest_pdqs_where(
        &self,
        queries: &[PdqHash],
        limit: usize,
        filter: Option<&Filter>,
    ) -> Result<Vec<(ImageKey, u32)>, StoreError>;

    /// Products whose fields hold any of the first [`MOST_WORDS`] words of `words`, best first and of equal ones in the
    /// order of their ids, with how well they do (above 0, by bm25; comparable within one answer); by `filter` as above.
    /// Nothing in `words` is an operator.
    fn search_text_where(
        &self,
        words: &str,
        limit: usize,
        filter: Option<&Filter>,
    ) -> Result<Vec<(ProductId, f32)>, StoreError>;

    /// [`Store::nearest_vectors_where`] among all images.
    fn nearest_vectors(
        &self,
        encoder: usize,
        query: &[f32],
        limit: usize,
    ) -> Result<Vec<(ImageKey, f32)>, StoreError> {
        self.nearest_vectors_where(encoder, query, limit, None)
    }

    /// [`Store::nearest_phashes_where`] among all images.
    fn nearest_phashes(&self, query: PHash, limit: usize) -> Result<Vec<(ImageKey, u32)>, StoreError> {
        self.nearest_phashes_where(query, limit, None)
    }

    /// [`Store::nearest_pdqs_where`] among all images.
    fn nearest_pdqs(&self, queries: &[PdqHash], limit: usize) -> Result<Vec<(ImageKey, u32)>, StoreError> {
        self.nearest_pdqs_where(queries, limit, None)
    }

    /// [`Store::search_text_where`] among all products.
    fn search_text(&self, words: &str, limit: usize) -> Result<Vec<(ProductId, f32)>, StoreError> {
        self.search_text_where(words, limit, None)
    }

    /// Which fields products have, of which types and with which values.
    fn fields(&self) -> Result<Arc<FieldSummary>, StoreError>;

    /// How often values of `fields` occur in the products that `filter` lets through, with up to `most_values` values of
    /// each. Quick once a field was asked about: for pages that show counts beside results.
    fn facets(
        &self,
        fields: &[FieldPath],
        filter: Option<&Filter>,
        most_values: usize,
    ) -> Result<Facets, StoreError>;

    /// Up to `count` vectors of images from all over the catalog, the same ones as long as it does not change.
    /// `encoder` counts into [`Store::encoders`].
    fn sample_vectors(&self, encoder: usize, count: usize) -> Result<Vec<SampledVector>, StoreError>;

    /// Reads everything and reports what does not fit together; empty means sound.
    fn verify(&self) -> Result<Vec<Problem>, StoreError>;
}
