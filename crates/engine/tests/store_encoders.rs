//! Encoders that come and go in a catalog that is in use.

#![expect(clippy::unwrap_used, reason = "what a scenario needs and does not get is its failure")]

mod store_fixture;

use lookalike_engine::store::embedded::{Access, EmbeddedError, EmbeddedStore};
use lookalike_engine::store::{EncoderChanges, ImageKey, Store, StoreError, Write};
use lookalike_vision::encoder::EncoderId;
use std::path::{Path, PathBuf};
use store_fixture::{Seeded, encoder, one, product_id};

fn vector(key: ImageKey, dimensions: usize) -> Vec<f32> {
    Seeded(key.0 * 7 + 3).unit_vector(dimensions)
}

/// A catalog with `products` of one image each and one encoder, `test-4`.
fn catalog(folder: &Path, products: u64) -> (PathBuf, EmbeddedStore) {
    let path = folder.join("shop.lookalike");
    let store = EmbeddedStore::create(&path, &[encoder(4)]).unwrap();
    store.apply(&(0..products).map(|n| one(&format!("p{n}"), n, &[encoder(4)])).collect::<Vec<_>>()).unwrap();
    (path, store)
}

/// Gives every image that lacks it a vector of the encoder; how many there were.
fn encode_lacking(store: &EmbeddedStore, id: &EncoderId) -> usize {
    let lacking = store.lacking(&id.name, None, usize::MAX).unwrap();
    let vectors: Vec<_> = lacking.iter().map(|image| (image.key, vector(image.key, id.dimensions))).collect();
    assert_eq!(store.put_vectors(&id.name, &vectors).unwrap(), vectors.len() as u64);
    vectors.len()
}

#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T, StoreError>, says: &str) {
    let error = result.unwrap_err().to_string();
    assert!(error.contains(says), "{error}");
}

#[test]
fn an_encoder_is_added_in_steps_while_the_catalog_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let (path, mut store) = catalog(folder.path(), 10);
    let wide = encoder(9);
    store.begin_encoder(&wide).unwrap();
    // Begun twice is begun once; until it is finished, nobody sees it.
    store.begin_encoder(&wide).unwrap();
    assert_eq!(store.encoders(), [encoder(4)]);
    assert_eq!(store.summary().unwrap().adding[0].lacking, 10);
    // It is asked for a page at a time, in the order of handles.
    let first = store.lacking("test-9", None, 4).unwrap();
    let second = store.lacking("test-9", first.last().map(|image| image.key), 4).unwrap();
    assert!(first.iter().chain(&second).map(|image| image.key).is_sorted());
    assert_eq!((first.len(), second.len()), (4, 4));
    assert_eq!(first[0].location.to_string(), "/photos/p0.jpg");

    // Meanwhile a product is added, one is replaced and one deleted; a vector that was under way for them is left out.
    let (replaced, deleted) = (second[0].key, second[1].key);
    let batch =
        [one("new", 100, &[encoder(4)]), one("p4", 101, &[encoder(4)]), Write::Delete(product_id("p5"))];
    store.apply(&batch).unwrap();
    let under_way: Vec<_> =
        first.iter().chain(&second).map(|image| (image.key, vector(image.key, 9))).collect();
    assert!(under_way.iter().any(|(key, _)| *key == replaced || *key == deleted));
    assert_eq!(store.put_vectors("test-9", &under_way).unwrap(), 6);
    // What is there already is not stored again.
    assert_eq!(store.put_vectors("test-9", &under_way).unwrap(), 0);
    refused(store.finish_encoder("test-9"), "4 photos of");
    assert_eq!(store.verify().unwrap(), []);
    drop(store);

    // A later run finds what lacks and finishes.
    let mut store = EmbeddedStore::open(&path, Access::ReadWrite).unwrap();
    store.begin_encoder(&wide).unwrap();
    assert_eq!(encode_lacking(&store, &wide), 4);
    store.finish_encoder("test-9").unwrap();
    assert_eq!(store.encoders(), [encoder(4), encoder(9)]);
    let all = store.scan(None, usize::MAX).unwrap();
    assert!(all.iter().all(|image| image.vectors[1] == vector(image.key, 9)));
    // From now on writes bring its vectors, too.
    refused(store.apply(&[one("short", 1, &[encoder(4)])]), "1 vectors and the catalog 2 encoders");
    store.apply(&[one("whole", 1, &[encoder(4), encoder(9)])]).unwrap();
    assert_eq!(store.nearest_vectors(1, &[1.0; 9], usize::MAX).unwrap().len(), 11);
    assert_eq!(store.verify().unwrap(), []);
    drop(store);
    let store = EmbeddedStore::open(&path, Access::ReadOnly).unwrap();
    assert_eq!(store.nearest_vectors(1, &[1.0; 9], usize::MAX).unwrap().len(), 11);
}

#[test]
fn an_encoder_that_is_removed_leaves_nothing_and_the_last_one_stays() {
    let folder = tempfile::tempdir().unwrap();
    let (path, mut store) = catalog(folder.path(), 5);
    let wide = encoder(9);
    store.begin_encoder(&wide).unwrap();
    encode_lacking(&store, &wide);
    store.finish_encoder("test-9").unwrap();
    store.make_primary("test-9").unwrap();
    assert_eq!(store.encoders(), [encoder(9), encoder(4)]);
    let image = store.scan(None, 1).unwrap().remove(0);
    assert_eq!((image.vectors[0].len(), image.vectors[1].len()), (9, 4));
    // Written in the new order and found by it.
    store.apply(&[one("later", 77, &[encoder(9), encoder(4)])]).unwrap();
    assert_eq!(store.nearest_vectors(0, &[1.0; 9], 9).unwrap().len(), 6);
    store.rebuild_index().unwrap();
    let snapshots = || std::fs::read_dir(path.join("index")).unwrap().count();
    assert_eq!(snapshots(), 2);

    store.remove_encoder("test-9").unwrap();
    assert_eq!((store.encoders(), snapshots()), ([encoder(4)].as_slice(), 1));
    assert_eq!(store.nearest_vectors(0, &[1.0; 4], 9).unwrap().len(), 6);
    assert_eq!(store.verify().unwrap(), []);
    refused(store.remove_encoder("test-4"), "test-4 is the only encoder of");
    // One that is only begun does not count, and can go.
    store.begin_encoder(&wide).unwrap();
    refused(store.remove_encoder("test-4"), "test-4 is the only encoder of");
    store.remove_encoder("test-9").unwrap();
    assert_eq!(store.summary().unwrap().adding, []);
    assert_eq!(store.verify().unwrap(), []);
}

#[test]
fn what_makes_no_sense_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let (path, mut store) = catalog(folder.path(), 3);
    refused(store.begin_encoder(&encoder(4)), "has every vector of test-4 already");
    let other_weights = EncoderId { digest: "2".into(), ..encoder(4) };
    refused(
        store.begin_encoder(&other_weights),
        "has vectors of test-4 (4 dimensions, digest 1) and this is test-4 (4 dimensions, digest 2)",
    );
    let nothing = EncoderId { name: "none".into(), digest: "1".into(), dimensions: 0 };
    refused(store.begin_encoder(&nothing), "dimensions");
    refused(store.lacking("other", None, 1), "has no encoder \"other\", it has test-4");
    refused(store.lacking("test-4", None, 1), "there is nothing to add");
    refused(store.make_primary("other"), "encoders add");

    store.begin_encoder(&encoder(9)).unwrap();
    let of_other_weights = EncoderId { digest: "2".into(), ..encoder(9) };
    refused(store.begin_encoder(&of_other_weights), "lookalike encoders remove");
    refused(store.make_primary("test-9"), "3 photos of");
    let key = store.lacking("test-9", None, 1).unwrap()[0].key;
    refused(store.put_vectors("test-9", &[(key, vec![0.5; 4])]), "a vector of 4 numbers for test-9");
    refused(store.put_vectors("test-9", &[(key, vec![f32::NAN; 9])]), "not finite");
    assert_eq!(store.summary().unwrap().adding[0].lacking, 3);

    let mut reader = EmbeddedStore::open(&path, Access::ReadOnly).unwrap();
    for refused in [
        reader.begin_encoder(&encoder(5)),
        reader.begin_encoder(&encoder(9)),
        reader.remove_encoder("test-9"),
        reader.make_primary("test-4"),
        reader.put_vectors("test-9", &[(key, vec![0.5; 9])]).map(|_| ()),
    ] {
        let error = refused.unwrap_err();
        assert!(matches!(error, StoreError::Embedded(EmbeddedError::OpenedForReading(_))), "{error}");
    }
    assert_eq!(reader.encoders(), [encoder(4)]);
}

#[test]
fn a_sample_is_spread_over_the_catalog_and_stays_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (_, store) = catalog(folder.path(), 100);
    let sampled = store.sample_vectors(0, 10).unwrap();
    assert_eq!(sampled, store.sample_vectors(0, 10).unwrap());
    assert_eq!(sampled.len(), 10);
    let products: Vec<_> = sampled.iter().map(|one| one.product).collect();
    assert!(products.is_sorted_by(|a, b| a < b) && products[9] - products[0] > 80, "{products:?}");
    // Also where most handles are gone.
    store.apply(&(5..95).map(|n| Write::Delete(product_id(&format!("p{n}")))).collect::<Vec<_>>()).unwrap();
    let few = store.sample_vectors(0, 64).unwrap();
    assert!((6..=10).contains(&few.len()), "{}", few.len());
    assert!(store.sample_vectors(1, 10).is_err());
}
