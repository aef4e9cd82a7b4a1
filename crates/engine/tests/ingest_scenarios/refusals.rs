//! Encoders that fail, stores that refuse, sources that repeat themselves, listeners that panic.

use crate::kit::{Shop, bmp};
use lookalike_engine::catalog::{Fields, ImageId, ImageRef, Location, Product, ProductId};
use lookalike_engine::filter::{Facets, FieldPath, FieldSummary, Filter};
use lookalike_engine::ingest::{Event, IngestError, Stage};
use lookalike_engine::source::{Products, RowFailure, Source, SourceError, open};
use lookalike_engine::store::embedded::{EmbeddedError, EmbeddedStore};
use lookalike_engine::store::{
    Apply, ImageKey, IndexKind, KnownProduct, Problem, SampledVector, Store, StoreError, StoredImage,
    StoredProduct, Summary, Write,
};
use lookalike_vision::encoder::EncoderId;
use lookalike_vision::hash::{PHash, PdqHash};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Says which batches are refused.
type Refuses = dyn Fn(&[Write]) -> bool + Send + Sync;

/// A catalog that refuses batches.
struct Refusing<'a> {
    inner: &'a EmbeddedStore,
    refuses: Box<Refuses>,
    applied: AtomicU64,
}

impl<'a> Refusing<'a> {
    fn new(inner: &'a EmbeddedStore, refuses: impl Fn(&[Write]) -> bool + Send + Sync + 'static) -> Self {
        Self { inner, refuses: Box::new(refuses), applied: AtomicU64::new(0) }
    }
}

fn names(write: &Write, part: &str) -> bool {
    matches!(write, Write::Product { id, .. } if id.as_str().contains(part))
}

impl Store for Refusing<'_> {
    fn apply(&self, batch: &[Write]) -> Result<(), StoreError> {
        self.applied.fetch_add(1, Ordering::Relaxed);
        if (self.refuses)(batch) {
            return Err(EmbeddedError::Missing(PathBuf::from("/disk/full")).into());
        }
        self.inner.apply(batch)
    }
    fn alone(
        &self,
        work: &mut dyn FnMut(&mut Apply<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.inner.alone(work)
    }
    fn summary(&self) -> Result<Summary, StoreError> {
        self.inner.summary()
    }
    fn encoders(&self) -> &[EncoderId] {
        self.inner.encoders()
    }
    fn index(&self) -> IndexKind {
        self.inner.index()
    }
    fn facets(
        &self,
        fields: &[FieldPath],
        filter: Option<&Filter>,
        most_values: usize,
    ) -> Result<Facets, StoreError> {
        self.inner.facets(fields, filter, most_values)
    }
    fn known(&self, id: &ProductId) -> Result<Option<KnownProduct>, StoreError> {
        self.inner.known(id)
    }
    fn product_ids(&self, after: Option<&ProductId>, limit: usize) -> Result<Vec<ProductId>, StoreError> {
        self.inner.product_ids(after, limit)
    }
    fn products(&self, ids: &[ProductId]) -> Result<Vec<StoredProduct>, StoreError> {
        self.inner.products(ids)
    }
    fn images(&self, keys: &[ImageKey]) -> Result<Vec<StoredImage>, StoreError> {
        self.inner.images(keys)
    }
    fn find_image(&self, id: &ImageId) -> Result<Option<ImageKey>, StoreError> {
        self.inner.find_image(id)
    }
    fn scan(&self, after: Option<ImageKey>, limit: usize) -> Result<Vec<StoredImage>, StoreError> {
        self.inner.scan(after, limit)
    }
    fn nearest_vectors_where(
        &self,
        e: usize,
        query: &[f32],
        limit: usize,
        filter: Option<&Filter>,
    ) -> Result<Vec<(ImageKey, f32)>, StoreError> {
        self.inner.nearest_vectors_where(e, query, limit, filter)
    }
    fn nearest_phashes_where(
        &self,
        query: PHash,
        limit: usize,
        filter: Option<&Filter>,
    ) -> Result<Vec<(ImageKey, u32)>, StoreError> {
        self.inner.nearest_phashes_where(query, limit, filter)
    }
    fn nearest_pdqs_where(
        &self,
        queries: &[PdqHash],
        limit: usize,
        filter: Option<&Filter>,
    ) -> Result<Vec<(ImageKey, u32)>, StoreError> {
        self.inner.nearest_pdqs_where(queries, limit, filter)
    }
    fn search_text_where(
        &self,
        words: &str,
        limit: usize,
        filter: Option<&Filter>,
    ) -> Result<Vec<(ProductId, f32)>, StoreError> {
        self.inner.search_text_where(words, limit, filter)
    }
    fn fields(&self) -> Result<Arc<FieldSummary>, StoreError> {
        self.inner.fields()
    }
    fn sample_vectors(&self, e: usize, count: usize) -> Result<Vec<SampledVector>, StoreError> {
        self.inner.sample_vectors(e, count)
    }
    fn verify(&self) -> Result<Vec<Problem>, StoreError> {
        self.inner.verify()
    }
}

fn flat(value: u8) -> Vec<u8> {
    let mut picture = bmp(4, 4, 0);
    picture[54..].fill(value);
    picture
}

#[test]
fn an_encoder_that_panics_or_refuses_costs_the_picture_it_was_at() {
    let shop = Shop::with_photos(20);
    shop.write("0010-white.bmp", flat(255));
    shop.write("0010-black.bmp", flat(0));
    let run = shop.run();
    assert_eq!(run.numbers(), [22, 20, 0, 2]);
    assert!(run.failure("white.bmp").reason.contains("encoder fault: white is too much for me"));
    assert!(run.failure("black.bmp").reason.contains("too dark"));
    assert!(run.failures().iter().all(|failure| failure.stage == Stage::Encode));
}

#[test]
fn a_product_the_store_refuses_costs_itself() {
    let shop = Shop::with_photos(40);
    let store = Refusing::new(&shop.store, |batch| batch.iter().any(|write| names(write, "0017")));
    let source = open(&shop.path(""), &shop.options).unwrap();
    let run = shop.run_source(source.as_ref(), &store, &mut |_| {}, &AtomicBool::new(false)).unwrap();
    assert_eq!(run.numbers(), [40, 39, 0, 1]);
    assert_eq!(run.failure("0017.bmp").stage, Stage::Store);
    assert_eq!(shop.store.summary().unwrap().images, 39);
}

#[test]
fn a_store_that_takes_nothing_any_more_stops_the_run_with_its_reason() {
    let mut shop = Shop::with_photos(400);
    shop.ingest.write_batch = 10;
    let store = Refusing::new(&shop.store, |batch| {
        batch.iter().any(|write| matches!(write, Write::Product { id, .. } if id.as_str() >= "0100"))
    });
    let source = open(&shop.path(""), &shop.options).unwrap();
    let error = shop.run_source(source.as_ref(), &store, &mut |_| {}, &AtomicBool::new(false)).err().unwrap();
    let IngestError::Store { counts, source } = &error else { panic!("{error}") };
    assert!(source.to_string().contains("/disk/full"));
    assert!(counts.add_up() && counts.not_reached > 0 && counts.stored >= 90, "{counts:?}");
    assert_eq!(shop.store.summary().unwrap().images, counts.stored);
    assert!(store.applied.load(Ordering::Relaxed) < 100, "it does not try hundreds of times");
    assert_eq!(shop.run().report.counts.stored + counts.stored, 400, "the next run resumes");
}

/// Products given by hand.
struct Listed(Vec<Result<Product, RowFailure>>);

impl Source for Listed {
    fn describe(&self) -> String {
        "a list".into()
    }
    fn images_expected(&self) -> Option<u64> {
        None
    }
    fn products(&self) -> Result<Products<'_>, SourceError> {
        Ok(Box::new(self.0.iter().cloned()))
    }
}

fn product(shop: &Shop, id: &str, images: &[&str]) -> Result<Product, RowFailure> {
    let image = |name: &&str| ImageRef {
        id: ImageId::new(*name).unwrap(),
        location: Location::File(shop.path(name)),
    };
    Ok(Product {
        id: ProductId::new(id).unwrap(),
        fields: Fields::new(),
        images: images.iter().map(image).collect(),
    })
}

#[test]
fn a_product_or_an_image_that_comes_twice_is_told_and_not_overwritten() {
    let shop = Shop::with_photos(5);
    let source = Listed(vec![
        product(&shop, "a", &["0000.bmp", "0000.bmp", "0001.bmp"]),
        product(&shop, "b", &["0002.bmp"]),
        product(&shop, "a", &["0003.bmp", "0004.bmp"]),
        product(&shop, "b", &[]),
        Err(RowFailure { place: "list line 5".into(), reason: "is none".into() }),
    ]);
    let run = shop.run_source(&source, &shop.store, &mut |_| {}, &AtomicBool::new(false)).unwrap();
    assert_eq!(run.numbers(), [8, 3, 0, 5], "{:?}", run.failures());
    assert_eq!(shop.images_of("a").unwrap(), ["0000.bmp", "0001.bmp"]);
    assert_eq!(shop.images_of("b").unwrap(), ["0002.bmp"]);
    assert!(run.failures().iter().all(|failure| failure.stage == Stage::Source));
}

#[test]
fn the_numbers_add_up_under_random_failures() {
    for round in 0..12_u64 {
        let mut shop = Shop::new();
        shop.options.product_per_folder = round % 2 == 0;
        let random = |n: u64| (n + round * 97).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        for n in 0..150 {
            let bytes = match random(n) % 10 {
                0 => flat(255),
                1 => flat(0),
                2 => b"nothing".to_vec(),
                _ => bmp(6, 5, n as u32),
            };
            shop.write(&format!("{:02}/{n:03}.bmp", random(n) % 23), bytes);
        }
        shop.reader.fails = Some(|path| path.to_string_lossy().ends_with("7.bmp"));
        shop.ingest.ready_images = 3 + round as usize;
        shop.ingest.write_batch = 1 + round as usize;
        let calls = AtomicU64::new(round);
        let store =
            Refusing::new(&shop.store, move |_| calls.fetch_add(1, Ordering::Relaxed).is_multiple_of(4));
        let source = open(&shop.path(""), &shop.options).unwrap();
        let run = shop.run_source(source.as_ref(), &store, &mut |_| {}, &AtomicBool::new(false)).unwrap();
        let counts = run.report.counts;
        assert_eq!((counts.seen, counts.not_reached), (150, 0));
        assert_eq!(counts.stored, shop.store.summary().unwrap().images, "round {round}");
        assert!(shop.store.verify().unwrap().is_empty());
        let second = shop.run().report.counts;
        assert_eq!(second.unchanged, counts.stored, "round {round}: {second:?}");
    }
}

#[test]
fn a_listener_that_panics_ends_the_run_and_leaves_a_sound_catalog() {
    let shop = Shop::with_photos(200);
    let source = open(&shop.path(""), &shop.options).unwrap();
    let run = catch_unwind(AssertUnwindSafe(|| {
        let mut listen = |event: &Event| assert!(!matches!(event, Event::Stored { .. }), "no more");
        shop.run_source(source.as_ref(), &shop.store, &mut listen, &AtomicBool::new(false)).map(|_| ())
    }));
    assert!(run.is_err());
    assert!(shop.store.verify().unwrap().is_empty());
    let stored = shop.store.summary().unwrap().images;
    assert_eq!(shop.run().numbers(), [200, 200 - stored, stored, 0]);
}
