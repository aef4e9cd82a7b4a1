//! What a search finds, from pictures to products, over a real catalog folder.

#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be made or an answer that is missing fails the test"
)]

use lookalike_engine::catalog::{Fields, ImageId, Location, ProductId};
use lookalike_engine::filter::{Facets, FieldPath, FieldSummary, Filter};
use lookalike_engine::search::{Mode, Request, Searcher};
use lookalike_engine::store::embedded::EmbeddedStore;
use lookalike_engine::store::{
    Apply, Fingerprint, ImageKey, ImageWrite, IndexKind, KnownProduct, NewImage, Problem, SampledVector,
    Store, StoreError, StoredImage, StoredProduct, Summary, Write,
};
use lookalike_vision::Picture;
use lookalike_vision::encoder::{EncodeError, Encoder, EncoderId};
use lookalike_vision::hash::{Hashes, PHash, PdqHash};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A plain picture, another for each number.
fn plain(number: u32) -> Picture {
    let [red, green, blue, _] = number.wrapping_mul(0x00b5_297a).to_le_bytes();
    Picture::new(48, 48, [red, green, blue].repeat(48 * 48), None).unwrap()
}

/// Colours of the first pixel: as much as plain pictures have, and quick enough for thousands.
struct FirstPixel(EncoderId);

impl FirstPixel {
    fn new() -> Self {
        Self(EncoderId { name: "first-pixel".into(), digest: "1".into(), dimensions: 4 })
    }
}

impl Encoder for FirstPixel {
    fn id(&self) -> &EncoderId {
        &self.0
    }

    fn encode(&self, pictures: &[&Picture]) -> Result<Vec<Vec<f32>>, EncodeError> {
        let vector = |picture: &&Picture| {
            let colours = picture.rgb().iter().take(3).map(|&colour| f32::from(colour));
            let vector: Vec<f32> = colours.chain([64.0]).collect();
            let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
            vector.into_iter().map(|value| value / length).collect()
        };
        Ok(pictures.iter().map(vector).collect())
    }
}

/// A store that notes how many images it was asked for at a time.
struct Noting {
    store: EmbeddedStore,
    most_images: AtomicUsize,
}

impl Store for Noting {
    fn alone(
        &self,
        work: &mut dyn FnMut(&mut Apply<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.store.alone(work)
    }
    fn summary(&self) -> Result<Summary, StoreError> {
        self.store.summary()
    }
    fn encoders(&self) -> &[EncoderId] {
        self.store.encoders()
    }
    fn index(&self) -> IndexKind {
        self.store.index()
    }
    fn apply(&self, batch: &[Write]) -> Result<(), StoreError> {
        self.store.apply(batch)
    }
    fn facets(
        &self,
        fields: &[FieldPath],
        filter: Option<&Filter>,
        most_values: usize,
    ) -> Result<Facets, StoreError> {
        self.store.facets(fields, filter, most_values)
    }
    fn known(&self, id: &ProductId) -> Result<Option<KnownProduct>, StoreError> {
        self.store.known(id)
    }
    fn product_ids(&self, after: Option<&ProductId>, limit: usize) -> Result<Vec<ProductId>, StoreError> {
        self.store.product_ids(after, limit)
    }
    fn products(&self, ids: &[ProductId]) -> Result<Vec<StoredProduct>, StoreError> {
        self.store.products(ids)
    }
    fn images(&self, keys: &[ImageKey]) -> Result<Vec<StoredImage>, StoreError> {
        self.most_images.fetch_max(keys.len(), Ordering::Relaxed);
        self.store.images(keys)
    }
    fn find_image(&self, id: &ImageId) -> Result<Option<ImageKey>, StoreError> {
        self.store.find_image(id)
    }
    fn scan(&self, after: Option<ImageKey>, limit: usize) -> Result<Vec<StoredImage>, StoreError> {
        self.store.scan(after, limit)
    }
    fn nearest_vectors_where(
        &self,
        encoder: usize,
        query: &[f32],
        limit: usize,
        filter: Option<&Filter>,
    ) -> Result<Vec<(ImageKey, f32)>, StoreError> {
        self.store.nearest_vectors_where(encoder, query, limit, filter)
    }
    fn nearest_phashes_where(
        &self,
        query: PHash,
        limit: usize,
        filter: Option<&Filter>,
    ) -> Result<Vec<(ImageKey, u32)>, StoreError> {
        self.store.nearest_phashes_where(query, limit, filter)
    }
    fn nearest_pdqs_where(
        &self,
        queries: &[PdqHash],
        limit: usize,
        filter: Option<&Filter>,
    ) -> Result<Vec<(ImageKey, u32)>, StoreError> {
        self.store.nearest_pdqs_where(queries, limit, filter)
    }
    fn search_text_where(
        &self,
        words: &str,
        limit: usize,
        filter: Option<&Filter>,
    ) -> Result<Vec<(ProductId, f32)>, StoreError> {
        self.store.search_text_where(words, limit, filter)
    }
    fn fields(&self) -> Result<Arc<FieldSummary>, StoreError> {
        self.store.fields()
    }
    fn sample_vectors(&self, encoder: usize, count: usize) -> Result<Vec<SampledVector>, StoreError> {
        self.store.sample_vectors(encoder, count)
    }
    fn verify(&self) -> Result<Vec<Problem>, StoreError> {
        self.store.verify()
    }
}

fn image(id: &str, picture: &Picture, seed: u32, encoder: &dyn Encoder) -> NewImage {
    let mut sha256 = [0; 32];
    sha256[..4].copy_from_slice(&seed.to_le_bytes());
    NewImage {
        id: ImageId::new(id).unwrap(),
        location: Location::File(format!("/photos/{id}").into()),
        fingerprint: Fingerprint { bytes: 1, modified_ns: Some(1), sha256 },
        width: picture.width(),
        height: picture.height(),
        media_type: "image/png",
        hashes: Hashes::of(picture),
        vectors: encoder.encode(&[picture]).unwrap(),
    }
}

fn product(id: &str, images: Vec<NewImage>) -> Write {
    let images = images.into_iter().map(|image| ImageWrite::Put(Box::new(image))).collect();
    Write::Product { id: ProductId::new(id).unwrap(), fields: Fields::new(), images }
}

#[test]
fn products_with_very_many_photos_are_each_found_once_and_read_a_part_at_a_time() {
    // Given three products of 700 photos each,
    let folder = tempfile::tempdir().unwrap();
    let encoder = FirstPixel::new();
    let store =
        EmbeddedStore::create(&folder.path().join("shop.lookalike"), &[encoder.id().clone()]).unwrap();
    for number in 0..3 {
        let photos = (number * 700..(number + 1) * 700)
            .map(|photo| image(&format!("{photo}.png"), &plain(photo), photo, &encoder))
            .collect();
        store.apply(&[product(&format!("product-{number}"), photos)]).unwrap();
    }
    let store = Arc::new(Noting { store, most_images: AtomicUsize::new(0) });
    let searcher = Searcher::new(Arc::clone(&store) as Arc<dyn Store>, Arc::new(encoder)).unwrap();
    let asked = ImageId::new("1234.png").unwrap();
    let probe = searcher.probe_stored(store.find_image(&asked).unwrap().unwrap(), None).unwrap();
    for mode in [Mode::Auto, Mode::Duplicate, Mode::Similar] {
        // when more products are wanted than there are,
        let found = searcher.search(&probe, &Request { mode, top: 50, ..Request::default() }).unwrap();
        // then each is there once, the one with the photo itself first,
        let mut products: Vec<&str> = found.iter().map(|found| found.product.as_str()).collect();
        assert_eq!((products[0], &found[0].image), ("product-1", &asked), "{mode:?}");
        products.sort_unstable();
        assert_eq!(products, ["product-0", "product-1", "product-2"], "{mode:?}");
    }
    // and the catalog, all of which had to be compared, was never in memory as a whole.
    let most = store.most_images.load(Ordering::Relaxed);
    assert!(most <= 700, "{most} images were read at a time");
}

#[test]
fn a_product_is_asked_about_by_its_own_photo_whatever_others_call_theirs() {
    // Given two products, out of two sources, whose photos have one name,
    let folder = tempfile::tempdir().unwrap();
    let encoder = FirstPixel::new();
    let store =
        EmbeddedStore::create(&folder.path().join("shop.lookalike"), &[encoder.id().clone()]).unwrap();
    let front = |number: u32| image("front.png", &plain(number), number, &encoder);
    store.apply(&[product("first", vec![front(40)]), product("second", vec![front(9)])]).unwrap();
    let searcher = Searcher::new(Arc::new(store), Arc::new(encoder)).unwrap();
    for name in ["first", "second"] {
        // when each is asked about by the photo it has,
        let id = ProductId::new(name).unwrap();
        let stored = searcher.store().products(std::slice::from_ref(&id)).unwrap().remove(0);
        assert_eq!((stored.images.len(), stored.image_keys.len()), (1, 1));
        let probe = searcher.probe_stored(stored.image_keys[0], None).unwrap();
        let found = searcher.search(&probe, &Request::default()).unwrap();
        // then it finds itself.
        assert_eq!(found[0].product, id);
        assert!(found[0].evidence.same_bytes);
    }
}
