//! Searches that a filter narrows: always the answer of comparing every image of the products it lets through.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what a scenario needs and does not get is its failure"
)]

mod store_fixture;

use lookalike_engine::catalog::{Fields, ProductId};
use lookalike_engine::filter::Filter;
use lookalike_engine::search::{
    EncoderSource, EncoderUnavailable, Match, MatchedBy, Mode, Request, Searcher, TextRequest,
};
use lookalike_engine::store::embedded::{Access, EmbeddedStore};
use lookalike_engine::store::{ImageKey, ImageWrite, NewImage, Store, StoredImage, Write};
use lookalike_vision::encoder::Encoder;
use lookalike_vision::hash::{PHash, PdqHash};
use serde_json::json;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use store_fixture::{Seeded, encoder, image, product_id};

const DIMENSIONS: usize = 32;
/// Products that look alike, of each kind.
const ALIKE: u64 = 8;

/// Filters that let about .001, .01, .1, .5 and all of the products through, by different means.
const FILTERS: [&str; 9] = [
    "n < 1",
    "n >= 37 and n < 47",
    "tags = rare and n < 500",
    "not color in (red, GREEN)",
    "color = 'Dark Red' or n > 900",
    "price < 25",
    "size.w >= 50",
    "has(n)",
    "n = 5000",
];

fn fields(seeded: &mut Seeded) -> Fields {
    let n = seeded.below(1000);
    let color = ["Red", "green", "Dark Red", "blue"][seeded.below(4) as usize];
    let tags = if seeded.below(10) == 0 { vec!["rare", "sale"] } else { vec!["sale"] };
    let fields = json!({
        "title": format!("{color} product {n}"), "n": n, "color": color, "tags": tags,
        "price": format!("{}.50", n % 100), "size": {"w": seeded.below(100)},
    });
    fields.as_object().unwrap().clone()
}

/// A product with one to three photos that are near those of its kind.
fn product(id: u64, seed: u64) -> Write {
    let kind = id / ALIKE;
    let mut seeded = Seeded(seed);
    let fields = fields(&mut seeded);
    let images = (0..1 + seeded.below(3)).map(|n| {
        let mut image = near(&image(&format!("{id}/{n}.jpg"), kind, &[encoder(DIMENSIONS)]), &mut seeded);
        image.fingerprint.sha256[..8].copy_from_slice(&seeded.next().to_le_bytes());
        ImageWrite::Put(Box::new(image))
    });
    Write::Product { id: product_id(&format!("p{id}")), fields, images: images.collect() }
}

/// A few bits and a little direction away.
fn near(image: &NewImage, seeded: &mut Seeded) -> NewImage {
    let mut image = image.clone();
    for _ in 0..seeded.below(4) {
        image.hashes.phash.0 ^= 1 << seeded.below(64);
        image.hashes.pdq.hash.0[seeded.below(4) as usize] ^= 1 << seeded.below(64);
    }
    let noise = seeded.unit_vector(DIMENSIONS);
    image.vectors[0].iter_mut().zip(noise).for_each(|(x, noise)| *x += 0.2 * noise);
    image
}

/// 2,400 products, 300 of them written again and 100 deleted after the index was written.
fn shop(path: &Path) -> EmbeddedStore {
    let store = EmbeddedStore::create(path, &[encoder(DIMENSIONS)]).unwrap();
    for first in (0..2400).step_by(200) {
        store.apply(&(first..first + 200).map(|id| product(id, id)).collect::<Vec<_>>()).unwrap();
    }
    store.rebuild_index().unwrap();
    let mut seeded = Seeded(7);
    let again: Vec<Write> = (0..300).map(|n| product(seeded.below(2500), 10_000 + n)).collect();
    store.apply(&again).unwrap();
    let deleted: Vec<Write> =
        (0..100).map(|_| Write::Delete(product_id(&format!("p{}", seeded.below(2400))))).collect();
    store.apply(&deleted).unwrap();
    store
}

/// Every image, and the fields of every product.
fn everything(store: &dyn Store) -> (Vec<StoredImage>, HashMap<ProductId, Fields>) {
    let images = store.scan(None, usize::MAX).unwrap();
    let ids: Vec<ProductId> = images.iter().map(|image| image.product.clone()).collect();
    let products = store.products(&ids).unwrap();
    (images, products.into_iter().map(|product| (product.id, product.fields)).collect())
}

fn ranked<D: PartialOrd>(mut all: Vec<(ImageKey, D)>, limit: usize) -> Vec<(ImageKey, D)> {
    all.sort_by(|a, b| a.1.partial_cmp(&b.1).unwrap().then(a.0.cmp(&b.0)));
    all.truncate(limit);
    all
}

#[test]
fn nearest_images_among_some_products_are_those_of_comparing_all_of_theirs() {
    let folder = tempfile::tempdir().unwrap();
    let store = shop(&folder.path().join("shop"));
    let (images, fields) = everything(&store);
    let mut seeded = Seeded(99);
    for text in FILTERS {
        let filter = Filter::parse(text).unwrap();
        let admitted: Vec<&StoredImage> =
            images.iter().filter(|image| filter.matches(&fields[&image.product])).collect();
        assert_eq!(admitted.is_empty(), text == "n = 5000", "{text}");
        for limit in [1, 10, 1000, usize::MAX] {
            let of = &images[seeded.below(images.len() as u64) as usize];
            let cosine = |image: &StoredImage| {
                let dot = |a: &[f32], b: &[f32]| {
                    a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>()
                };
                let (a, b) = (&of.vectors[0], &image.vectors[0]);
                dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
            };
            let found = store.nearest_vectors_where(0, &of.vectors[0], limit, Some(&filter)).unwrap();
            let expected = ranked(admitted.iter().map(|image| (image.key, -cosine(image))).collect(), limit);
            assert_eq!(found.len(), expected.len(), "{text}");
            for (found, expected) in found.iter().zip(&expected) {
                // Rounding to 32 bits may swap two images whose cosines agree in seven digits, and no others.
                assert!((f64::from(found.1) + expected.1).abs() < 3e-7, "{text}: {found:?}, {expected:?}");
                let image =
                    admitted.iter().find(|image| image.key == found.0).expect("a product let through");
                assert!((cosine(image) - f64::from(found.1)).abs() < 3e-7, "{text}");
            }
            let phash = PHash(of.hashes.phash.0 ^ 3);
            let bits = |image: &&StoredImage| (image.key, (image.hashes.phash.0 ^ phash.0).count_ones());
            let expected = ranked(admitted.iter().map(bits).collect(), limit);
            assert_eq!(store.nearest_phashes_where(phash, limit, Some(&filter)).unwrap(), expected, "{text}");
            let queries = [of.hashes.pdq.hash, PdqHash([5, 6, 7, 8])];
            let bits = |image: &&StoredImage| {
                let to = |query: &PdqHash| -> u32 {
                    query.0.iter().zip(image.hashes.pdq.hash.0).map(|(a, b)| (a ^ b).count_ones()).sum()
                };
                (image.key, queries.iter().map(to).min().unwrap())
            };
            let expected = ranked(admitted.iter().map(bits).collect(), limit);
            assert_eq!(store.nearest_pdqs_where(&queries, limit, Some(&filter)).unwrap(), expected, "{text}");
        }
    }
}

#[test]
fn words_among_some_products_rank_as_among_all() {
    let folder = tempfile::tempdir().unwrap();
    let store = shop(&folder.path().join("shop"));
    let ids: Vec<ProductId> = (0..2500).map(|id| product_id(&format!("p{id}"))).collect();
    let fields: HashMap<ProductId, Fields> =
        store.products(&ids).unwrap().into_iter().map(|product| (product.id, product.fields)).collect();
    for text in FILTERS {
        let filter = Filter::parse(text).unwrap();
        for words in ["dark red 42", "product", "nothing"] {
            let all = store.search_text(words, usize::MAX).unwrap();
            let mut expected: Vec<_> =
                all.into_iter().filter(|(id, _)| filter.matches(&fields[id])).collect();
            for limit in [usize::MAX, 7] {
                expected.truncate(limit);
                let found = store.search_text_where(words, limit, Some(&filter)).unwrap();
                assert_eq!(found, expected, "{words} among {text}");
            }
        }
    }
}

/// No model: stored images and words need none.
struct NoModels;

impl EncoderSource for NoModels {
    fn load(&self, name: &str) -> Result<Arc<dyn Encoder>, EncoderUnavailable> {
        Err(EncoderUnavailable(format!("{name} is not needed here")))
    }
    fn reads_text(&self, _: &str) -> bool {
        false
    }
}

fn summed_up(matches: &[Match]) -> Vec<(String, String, f32)> {
    matches.iter().map(|found| (found.product.to_string(), found.image.to_string(), found.score)).collect()
}

#[test]
fn a_filtered_search_gives_what_the_unfiltered_one_gives_of_these_products_in_every_mode() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop");
    drop(shop(&path));
    let store = Arc::new(EmbeddedStore::open(&path, Access::ReadOnly).unwrap());
    let searcher = Searcher::with_encoders(store.clone(), Arc::new(NoModels));
    let mut seeded = Seeded(5);
    let images = store.scan(None, usize::MAX).unwrap();
    let mut found_in_all = 0;
    for mode in [Mode::Auto, Mode::Duplicate, Mode::Similar] {
        for _ in 0..6 {
            let asked = &images[seeded.below(images.len() as u64) as usize];
            let probe = searcher.probe_stored(asked.key, None).unwrap();
            let request = |filter| Request { mode, top: 40, min_percent: 50.0, filter, ..Request::default() };
            let all = searcher.search(&probe, &request(None)).unwrap();
            assert!(all.len() > 1 && all.len() < 40, "{}", all.len());
            for text in FILTERS {
                let filter = Filter::parse(text).unwrap();
                let mut expected = all.clone();
                expected.retain(|found| filter.matches(&found.fields));
                let found = searcher.search(&probe, &request(Some(filter.clone()))).unwrap();
                assert_eq!(summed_up(&found), summed_up(&expected), "{mode:?}, {text}");
                found_in_all += found.len();
                let check = searcher.check(&probe, 40, Some(&filter)).unwrap();
                assert!(check.matches.iter().all(|found| filter.matches(&found.fields)));
            }
        }
    }
    assert!(found_in_all > 100, "{found_in_all}");
    let request = |filter: Option<&str>| TextRequest {
        text: "dark red".into(),
        encoder: None,
        top: 5,
        min_percent: 0.0,
        filter: filter.map(|text| Filter::parse(text).unwrap()),
    };
    let found = searcher.search_text(&request(Some("n < 50 and not has(gone)"))).unwrap();
    assert_eq!(found.matched_by, MatchedBy::Words);
    assert!(!found.matches.is_empty());
    assert!(found.matches.iter().all(|found| found.fields["n"].as_u64().unwrap() < 50));
    assert_eq!(searcher.search_text(&request(Some("n = 5000"))).unwrap().matches, []);
}

#[test]
fn of_products_that_are_folded_the_best_stands_for_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop");
    let count = shop(&path).summary().unwrap().products as usize;
    let store = Arc::new(EmbeddedStore::open(&path, Access::ReadOnly).unwrap());
    let searcher = Searcher::with_encoders(store.clone(), Arc::new(NoModels));
    let probe = searcher.probe_stored(store.scan(None, 1).unwrap()[0].key, None).unwrap();
    let ask = |top, fold_by: Option<&str>| {
        let fold_by = fold_by.map(str::to_owned);
        searcher.search(&probe, &Request { top, fold_by, ..Request::default() }).unwrap()
    };
    // Given every product in order, and which are first of their colour,
    let all = ask(count, None);
    let colour = |found: &Match| found.fields["color"].clone();
    let mut colours = Vec::new();
    let firsts: Vec<&Match> = all
        .iter()
        .filter(|found| {
            let is_first = !colours.contains(&colour(found));
            colours.push(colour(found));
            is_first
        })
        .collect();
    // when colours are folded, then there is one of each, however many others stand between them,
    let folded = ask(count, Some("color"));
    assert_eq!(folded.len(), 4);
    for (folded, first) in folded.iter().zip(firsts) {
        assert_eq!((&folded.product, folded.score), (&first.product, first.score));
        let others = all.iter().filter(|found| colour(found) == colour(folded)).skip(1);
        assert!(folded.also.iter().eq(others.map(|found| &found.product)));
    }
    assert_eq!(ask(3, Some("color")).len(), 3);
    // and a field that no product has folds nothing.
    assert_eq!(summed_up(&ask(count, Some("marketplace"))), summed_up(&all));
}

#[test]
fn while_products_change_every_answer_still_fits_the_filter() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop");
    let writer = shop(&path);
    let store = Arc::new(EmbeddedStore::open(&path, Access::ReadOnly).unwrap());
    let searcher = Searcher::with_encoders(store.clone(), Arc::new(NoModels));
    let filter = Filter::parse("color = red").unwrap();
    let is_done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        // Given a writer that goes on giving products other colours and photos,
        scope.spawn(|| {
            for round in 0..30 {
                let batch: Vec<Write> =
                    (0..40).map(|n| product(n * 50 + round, 50_000 + round * 40 + n)).collect();
                writer.apply(&batch).unwrap();
            }
            is_done.store(true, Ordering::SeqCst);
        });
        // when it is searched meanwhile, then no answer shows a product as it must not be,
        let mut seeded = Seeded(11);
        let mut is_last = false;
        while !is_last {
            is_last = is_done.load(Ordering::SeqCst);
            let images = store.scan(Some(ImageKey(seeded.below(4000))), 1).unwrap();
            let Some(asked) = images.first() else { continue };
            let Ok(probe) = searcher.probe_stored(asked.key, None) else { continue };
            let request = Request { top: 20, filter: Some(filter.clone()), ..Request::default() };
            let found = searcher.search(&probe, &request).unwrap();
            for one in found {
                assert_eq!(one.fields["color"], "Red");
            }
        }
    });
    // and once the writer is done, nothing is missing.
    let (images, fields) = everything(&*store);
    let mut expected: Vec<ImageKey> = images
        .iter()
        .filter(|image| filter.matches(&fields[&image.product]))
        .map(|image| image.key)
        .collect();
    let found = store.nearest_phashes_where(PHash(0), usize::MAX, Some(&filter)).unwrap();
    let mut found: Vec<ImageKey> = found.into_iter().map(|(key, _)| key).collect();
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
}
