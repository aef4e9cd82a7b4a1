//! Nearest neighbours of a catalog that changes: always those of comparing everything stored with everything asked,
//! whatever state the derived index was in.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "what a scenario needs and does not get is its failure"
)]

mod store_fixture;

use lookalike_engine::store::embedded::{Access, EmbeddedStore};
use lookalike_engine::store::{ImageKey, Store, StoredImage, Write};
use lookalike_vision::encoder::EncoderId;
use lookalike_vision::hash::{PHash, PdqHash};
use std::fs;
use std::path::{Path, PathBuf};
use store_fixture::{Seeded, encoder, image, one, product_id, put};

fn everything(store: &EmbeddedStore) -> Vec<StoredImage> {
    store.scan(None, usize::MAX).unwrap()
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

fn bits(a: PdqHash, b: PdqHash) -> u32 {
    a.0.iter().zip(b.0).map(|(a, b)| (a ^ b).count_ones()).sum()
}

fn fewest(mut all: Vec<(ImageKey, u32)>, limit: usize) -> Vec<(ImageKey, u32)> {
    all.sort_by_key(|(key, distance)| (*distance, *key));
    all.truncate(limit);
    all
}

/// Asks `store` what is near some seeded signatures and some of its own, and compares with all of `stored`.
fn assert_answers_are_right(store: &EmbeddedStore, stored: &[StoredImage], seed: u64) {
    let mut seeded = Seeded(seed);
    for round in 0..6 {
        let own = (round % 2 == 0).then(|| &stored[seeded.below(stored.len() as u64) as usize]);
        let limit = [1, 10, 100][round % 3];
        for (number, encoder) in store.encoders().iter().enumerate() {
            let query =
                own.map_or_else(|| seeded.unit_vector(encoder.dimensions), |own| own.vectors[number].clone());
            let found = store.nearest_vectors(number, &query, limit).unwrap();
            let mut expected: Vec<_> =
                stored.iter().map(|image| (image.key, cosine(&query, &image.vectors[number]))).collect();
            expected.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            expected.truncate(limit);
            assert_eq!(found.len(), expected.len());
            for (found, expected) in found.iter().zip(&expected) {
                // Rounding to 32 bits may swap two images whose cosines agree in seven digits, and no others.
                assert!((f64::from(found.1) - expected.1).abs() < 3e-7, "{found:?} instead of {expected:?}");
                let true_score = stored.iter().find(|image| image.key == found.0).unwrap();
                assert!((cosine(&query, &true_score.vectors[number]) - f64::from(found.1)).abs() < 3e-7);
            }
        }
        let phash = own.map_or_else(|| PHash(seeded.next()), |own| own.hashes.phash);
        let all =
            stored.iter().map(|image| (image.key, (image.hashes.phash.0 ^ phash.0).count_ones())).collect();
        assert_eq!(store.nearest_phashes(phash, limit).unwrap(), fewest(all, limit));

        let mut queries: Vec<PdqHash> =
            (0..7).map(|_| PdqHash([seeded.next(), seeded.next(), seeded.next(), seeded.next()])).collect();
        queries.extend(own.map(|own| own.hashes.pdq.hash));
        let nearest =
            |image: &StoredImage| queries.iter().map(|query| bits(*query, image.hashes.pdq.hash)).min();
        let all = stored.iter().map(|image| (image.key, nearest(image).unwrap())).collect();
        assert_eq!(store.nearest_pdqs(&queries, limit).unwrap(), fewest(all, limit));
    }
}

/// Random puts (a tenth of them of a product that is there), images exchanged and products deleted.
fn random_batches(
    seeded: &mut Seeded,
    encoders: &[EncoderId],
    products: u64,
    count: usize,
) -> Vec<Vec<Write>> {
    let write = |seeded: &mut Seeded| {
        let id = format!("p{}", seeded.below(products));
        if seeded.below(8) == 0 {
            return Write::Delete(product_id(&id));
        }
        let images =
            (0..1 + seeded.below(3)).map(|n| image(&format!("{id}/{n}"), seeded.next(), encoders)).collect();
        put(&id, "mug", images)
    };
    (0..count).map(|_| (0..64).map(|_| write(seeded)).collect()).collect()
}

fn snapshots(path: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(path.join("index")) else { return Vec::new() };
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

#[test]
fn a_catalog_of_20_000_images_answers_as_comparing_everything_would() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.lookalike");
    let encoders = [encoder(32)];
    let store = EmbeddedStore::create(&path, &encoders).unwrap();
    let mut seeded = Seeded(20_000);
    for batch in (0..20_000_u64).map(|n| one(&format!("p{n}"), n, &encoders)).collect::<Vec<_>>().chunks(500)
    {
        store.apply(batch).unwrap();
    }
    assert_answers_are_right(&store, &everything(&store), 1);
    let early = EmbeddedStore::open(&path, Access::ReadOnly).unwrap();
    assert_answers_are_right(&early, &everything(&store), 1);
    // Into the loaded index, by this process,
    for batch in random_batches(&mut seeded, &encoders, 20_000, 12) {
        store.apply(&batch).unwrap();
    }
    assert_answers_are_right(&store, &everything(&store), 2);
    // onto a snapshot,
    store.rebuild_index().unwrap();
    assert_answers_are_right(&store, &everything(&store), 3);
    for batch in random_batches(&mut seeded, &encoders, 20_000, 12) {
        store.apply(&batch).unwrap();
        store.nearest_phashes(PHash(0), 1).unwrap();
    }
    let stored = everything(&store);
    assert_answers_are_right(&store, &stored, 4);
    // The reader that was there before the snapshot has changed over to it.
    assert_answers_are_right(&early, &stored, 4);
    assert_eq!(store.verify().unwrap(), []);
    // and in catalogs that are opened with a snapshot and what came after it.
    let reader = EmbeddedStore::open(&path, Access::ReadOnly).unwrap();
    assert_answers_are_right(&reader, &stored, 5);
    drop(store);
    let store = EmbeddedStore::open(&path, Access::ReadWrite).unwrap();
    assert_answers_are_right(&store, &stored, 6);
    assert_eq!(store.verify().unwrap(), []);
}

#[test]
fn an_open_reader_follows_what_others_write() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.lookalike");
    let encoders = [encoder(8), encoder(3)];
    let writer = EmbeddedStore::create(&path, &encoders).unwrap();
    let reader = EmbeddedStore::open(&path, Access::ReadOnly).unwrap();
    assert_eq!(reader.nearest_vectors(1, &[1.0, 0.0, 0.0], 5).unwrap(), []);
    let mut seeded = Seeded(9);
    for (round, batch) in random_batches(&mut seeded, &encoders, 300, 30).into_iter().enumerate() {
        writer.apply(&batch).unwrap();
        if round % 7 == 3 {
            writer.rebuild_index().unwrap();
        }
        assert_answers_are_right(&reader, &everything(&writer), round as u64);
    }
    // A change that touches no image is followed as well, and a deleted catalog's worth of images.
    writer.apply(&[put("p0", "other title", vec![])]).unwrap();
    let rest: Vec<_> = everything(&writer).into_iter().map(|image| Write::Delete(image.product)).collect();
    writer.apply(&rest).unwrap();
    assert_eq!(reader.nearest_vectors(0, &[1.0; 8], 5).unwrap(), []);
    assert_eq!(reader.nearest_phashes(PHash(1), 5).unwrap(), []);
    assert_eq!(writer.verify().unwrap(), []);
}

#[test]
fn many_threads_ask_while_one_writes_and_each_sees_its_own_writes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.lookalike");
    let encoders = [encoder(16)];
    let store = EmbeddedStore::create(&path, &encoders).unwrap();
    store.apply(&[one("first", 0, &encoders)]).unwrap();
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let asking: Vec<_> = (0..4_u64)
            .map(|thread| {
                let (store, done) = (&store, &done);
                scope.spawn(move || {
                    let (mut seeded, mut seen, mut asked) = (Seeded(thread), 0, 0);
                    while !done.load(std::sync::atomic::Ordering::SeqCst) || asked < 10 {
                        let found = store.nearest_vectors(0, &seeded.unit_vector(16), usize::MAX).unwrap();
                        assert!(found.len() >= seen, "{} images after {seen}", found.len());
                        assert!(found.is_sorted_by(|a, b| a.1 >= b.1));
                        (seen, asked) = (found.len(), asked + 1);
                    }
                    store.nearest_vectors(0, &[1.0; 16], usize::MAX).unwrap().len()
                })
            })
            .collect();
        for n in 1..300_u64 {
            let own = image(&format!("own{n}"), n, &encoders);
            store.apply(&[put(&format!("own{n}"), "mug", vec![own.clone()])]).unwrap();
            let (key, score) = store.nearest_vectors(0, &own.vectors[0], 1).unwrap()[0];
            assert_eq!(store.images(&[key]).unwrap()[0].id, own.id, "just written, with the score {score}");
        }
        done.store(true, std::sync::atomic::Ordering::SeqCst);
        for thread in asking {
            assert_eq!(thread.join().unwrap(), 300);
        }
    });
}

/// 3,000 images, closed, so that there is a snapshot per encoder.
fn catalog_with_snapshots(folder: &Path) -> (PathBuf, Vec<StoredImage>) {
    let path = folder.join("shop.lookalike");
    let encoders = [encoder(16), encoder(5)];
    let store = EmbeddedStore::create(&path, &encoders).unwrap();
    let writes: Vec<_> = (0..3000).map(|n| one(&format!("p{n}"), n, &encoders)).collect();
    store.apply(&writes).unwrap();
    let stored = everything(&store);
    drop(store);
    assert_eq!(snapshots(&path).len(), 2, "closing wrote the snapshots");
    (path, stored)
}

#[test]
fn snapshots_that_are_lost_or_damaged_are_not_trusted_and_written_again() {
    let folder = tempfile::tempdir().unwrap();
    let (path, stored) = catalog_with_snapshots(folder.path());
    let paths = snapshots(&path);
    let whole: Vec<Vec<u8>> = paths.iter().map(|path| fs::read(path).unwrap()).collect();
    type Change = dyn Fn(&[u8]) -> Vec<u8>;
    let damage: [(&str, &Change); 5] = [
        ("empty", &|_| Vec::new()),
        ("text", &|_| b"not an index".repeat(1000)),
        ("cut", &|whole| whole[..whole.len() / 2].to_vec()),
        ("longer", &|whole| [whole, b"more"].concat()),
        ("header", &|whole| whole.iter().enumerate().map(|(at, byte)| byte ^ u8::from(at == 20)).collect()),
    ];
    for (name, change) in damage {
        for (path, whole) in paths.iter().zip(&whole) {
            fs::write(path, change(whole)).unwrap();
        }
        let reader = EmbeddedStore::open(&path, Access::ReadOnly).unwrap();
        assert_answers_are_right(&reader, &stored, 7);
        let problems = reader.verify().unwrap();
        assert_eq!(problems.len(), 2, "{name}: {problems:?}");
        for (problem, path) in problems.iter().zip(&paths) {
            assert_eq!(problem.subject, path.display().to_string());
            assert!(problem.reason.contains("delete the folder"), "{name}: {}", problem.reason);
        }
        drop(reader);
        // The next writer puts it right.
        drop(EmbeddedStore::open(&path, Access::ReadWrite).unwrap());
        let reader = EmbeddedStore::open(&path, Access::ReadOnly).unwrap();
        assert_eq!(reader.verify().unwrap(), [], "{name}");
        assert_answers_are_right(&reader, &stored, 8);
    }
    fs::remove_dir_all(path.join("index")).unwrap();
    let reader = EmbeddedStore::open(&path, Access::ReadOnly).unwrap();
    assert_answers_are_right(&reader, &stored, 9);
    assert_eq!(snapshots(&path).len(), 0, "a reader writes nothing");
    reader.rebuild_index().unwrap();
    assert_eq!(snapshots(&path).len(), 2, "unless it is asked to");
    assert_answers_are_right(&reader, &stored, 10);
}

#[test]
fn a_flipped_bit_anywhere_in_a_snapshot_is_found_by_verify() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = catalog_with_snapshots(folder.path());
    let snapshot = &snapshots(&path)[0];
    let whole = fs::read(snapshot).unwrap();
    let mut seeded = Seeded(3);
    let mut found = 0;
    for _ in 0..20 {
        let mut flipped = whole.clone();
        let at = seeded.below(whole.len() as u64) as usize;
        flipped[at] ^= 1 << seeded.below(8);
        fs::write(snapshot, &flipped).unwrap();
        let problems = EmbeddedStore::open(&path, Access::ReadOnly).unwrap().verify().unwrap();
        // Between the sections are unused bytes.
        found += usize::from(!problems.is_empty());
    }
    assert!(found >= 18, "{found} of 20 flipped bits were found");
}

#[test]
fn a_snapshot_of_another_catalog_or_history_is_not_used() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = catalog_with_snapshots(folder.path());
    let backup = fs::read(path.join("catalog.sqlite")).unwrap();
    let encoders = [encoder(16), encoder(5)];
    let store = EmbeddedStore::open(&path, Access::ReadWrite).unwrap();
    for batch in random_batches(&mut Seeded(5), &encoders, 3000, 5) {
        store.apply(&batch).unwrap();
    }
    store.rebuild_index().unwrap();
    drop(store);
    // The database is restored from a backup, the index stays, and other things are written.
    fs::write(path.join("catalog.sqlite"), &backup).unwrap();
    let reader = EmbeddedStore::open(&path, Access::ReadOnly).unwrap();
    assert_answers_are_right(&reader, &everything(&reader), 1);
    assert!(reader.verify().unwrap()[0].reason.contains("and the catalog at write 1"));
    drop(reader);
    let store = EmbeddedStore::open(&path, Access::ReadWrite).unwrap();
    for batch in random_batches(&mut Seeded(6), &encoders, 3000, 8) {
        store.apply(&batch).unwrap();
    }
    assert_answers_are_right(&store, &everything(&store), 2);
    assert_eq!(store.verify().unwrap(), []);
    drop(store);

    // Another catalog's index folder is put here.
    let elsewhere = folder.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    let (other, _) = catalog_with_snapshots(&elsewhere);
    fs::remove_dir_all(path.join("index")).unwrap();
    fs::rename(other.join("index"), path.join("index")).unwrap();
    let reader = EmbeddedStore::open(&path, Access::ReadOnly).unwrap();
    assert_answers_are_right(&reader, &everything(&reader), 3);
    assert_eq!(reader.verify().unwrap(), []);
}

#[test]
fn questions_that_cannot_be_answered_say_why() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.lookalike");
    let encoders = [encoder(4)];
    let store = EmbeddedStore::create(&path, &encoders).unwrap();
    store.apply(&[one("a", 1, &encoders)]).unwrap();
    let message = |encoder, query: &[f32]| store.nearest_vectors(encoder, query, 3).unwrap_err().to_string();
    assert!(message(0, &[1.0; 5]).contains("has 5 numbers and test-4 makes 4"), "{}", message(0, &[1.0; 5]));
    assert!(message(0, &[1.0, f32::NAN, 0.0, 0.0]).contains("not finite"));
    assert!(message(1, &[1.0; 4]).contains("has 1 encoders and number 1 was asked for"));
    assert_eq!(store.nearest_vectors(0, &[1.0; 4], 0).unwrap(), []);
    assert_eq!(store.nearest_pdqs(&[], 3).unwrap(), []);
    assert_eq!(
        store.nearest_vectors(0, &[0.0; 4], 3).unwrap()[0].1,
        0.0,
        "nothing is like a picture without content"
    );
}

#[test]
fn vectors_of_any_length_are_compared_by_their_angle() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.lookalike");
    let encoders = [encoder(2)];
    let store = EmbeddedStore::create(&path, &encoders).unwrap();
    let vectors = [[1e30_f32, 0.0], [3e-30, 3e-30], [0.0, 0.0], [-1.0, 0.0]];
    for (n, vector) in vectors.into_iter().enumerate() {
        let mut new = image(&n.to_string(), 1, &encoders);
        new.vectors = vec![vector.to_vec()];
        store.apply(&[put(&n.to_string(), "mug", vec![new])]).unwrap();
    }
    let found = store.nearest_vectors(0, &[1e-20, 0.0], 4).unwrap();
    let scores: Vec<_> = found.iter().map(|(_, score)| (score * 100.0).round()).collect();
    assert_eq!(scores, [100.0, 71.0, 0.0, -100.0]);
}
