//! Encoders that come and go while other processes have the catalog open, and while the one that adds them is killed.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what a scenario needs and does not get is its failure"
)]

#[path = "store_fixture/processes.rs"]
mod processes;
mod store_fixture;

use lookalike_engine::store::embedded::{Access, EmbeddedStore};
use lookalike_engine::store::{EncoderChanges, ImageKey, Store};
use lookalike_vision::encoder::EncoderId;
use lookalike_vision::hash::PHash;
use processes::{lines, other_process, part, say};
use std::path::Path;
use std::time::Duration;
use store_fixture::{Seeded, encoder, one};

fn encoders() -> [EncoderId; 1] {
    [encoder(64)]
}

/// The part of the other process; without one, as when all tests are run, it has nothing to do.
#[test]
fn the_other_process() {
    let Some((part, path)) = part() else { return };
    match part.as_str() {
        "adds an encoder" => add_an_encoder(&path),
        "asks by both encoders" => ask_by_both(&path),
        part => panic!("no such part: {part}"),
    }
}

const ADDED: &str = "test-8";

/// The vector of an image by the encoder that is added; another for each image.
fn added_vector(key: ImageKey) -> Vec<f32> {
    Seeded(key.0).unit_vector(8)
}

/// Encodes what is lacking, a few images at a time, and finishes.
fn add_an_encoder(path: &Path) {
    let mut store = EmbeddedStore::open(path, Access::ReadWrite).unwrap();
    store.begin_encoder(&encoder(8)).unwrap();
    say("begun");
    let mut after = None;
    loop {
        let page = store.lacking(ADDED, after, 7).unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.key);
        let vectors: Vec<_> = page.iter().map(|image| (image.key, added_vector(image.key))).collect();
        assert_eq!(store.put_vectors(ADDED, &vectors).unwrap(), page.len() as u64);
        say(store.summary().unwrap().adding[0].lacking);
    }
    store.finish_encoder(ADDED).unwrap();
    say("finished");
    drop(store);
    say("closed");
}

/// Kills before an adding that ended counts as the last.
const FEWEST_KILLS: u64 = 5;

#[test]
fn an_encoder_whose_adding_is_killed_at_any_moment_goes_on_from_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.lookalike");
    let images = |n: u64| (0..8_u64).map(move |i| one(&format!("batch{n}-{i}"), n * 8 + i, &encoders()));
    let store = EmbeddedStore::create(&path, &encoders()).unwrap();
    (0..20).for_each(|n| store.apply(&images(n).collect::<Vec<_>>()).unwrap());
    drop(store);
    let mut seeded = Seeded(11);
    let (mut least, mut stored, mut rounds) = (u64::MAX, 160, 0_u64);
    loop {
        let mut other = other_process("adds an encoder", &path, 0);
        let mut said = lines(&mut other);
        let waited_for: Vec<_> = (0..seeded.below(6)).map_while(|_| said.next()).collect();
        std::thread::sleep(Duration::from_micros(seeded.below(6_000)));
        other.0.kill().unwrap();
        let said: Vec<_> = waited_for.into_iter().chain(said).collect();
        other.0.wait().unwrap();
        rounds += 1;
        assert!(rounds < 200, "it does not get on: {said:?}");

        // Whatever was killed, the catalog is sound, and what was acknowledged is stored.
        let mut store = EmbeddedStore::open(&path, Access::ReadWrite).unwrap();
        assert_eq!(store.verify().unwrap(), [], "round {rounds}");
        let summary = store.summary().unwrap();
        if said.iter().any(|line| line == "finished") || store.encoders().len() == 2 {
            assert_eq!((store.encoders().len(), summary.adding.len()), (2, 0), "{said:?}");
            if rounds > FEWEST_KILLS {
                break;
            }
            // It was quicker than the kills: once more from the beginning.
            store.remove_encoder(ADDED).unwrap();
            least = u64::MAX;
            continue;
        }
        if let Some(acknowledged) = said.iter().rev().find_map(|line| line.parse::<u64>().ok()) {
            assert!(summary.adding[0].lacking <= acknowledged, "{said:?}");
        }
        if let [adding] = &summary.adding[..] {
            assert!(adding.lacking <= least);
            least = adding.lacking;
        }
        // Meanwhile the catalog is searched and written as if nothing were going on.
        assert_eq!(store.nearest_vectors(0, &[0.125; 64], usize::MAX).unwrap().len(), stored);
        if rounds % 4 == 0 {
            store.apply(&[one(&format!("meanwhile{rounds}"), 1000 + rounds, &encoders())]).unwrap();
            (stored, least) = (stored + 1, least.saturating_add(1));
        }
        if least < u64::MAX {
            assert!(store.finish_encoder(ADDED).is_err() || summary.adding[0].lacking == 0);
        }
        if store.encoders().len() == 2 {
            break;
        }
    }
    let store = EmbeddedStore::open(&path, Access::ReadOnly).unwrap();
    assert_eq!(store.verify().unwrap(), []);
    let all = store.scan(None, usize::MAX).unwrap();
    assert_eq!(all.len(), stored);
    assert!(all.iter().all(|image| image.vectors[1] == added_vector(image.key)));
    let found = store.nearest_vectors(1, &added_vector(all[9].key), usize::MAX).unwrap();
    assert_eq!((found.len(), found[0].0), (stored, all[9].key));
}

/// Asks by the two encoders the catalog had when it was opened, until the second is gone.
fn ask_by_both(path: &Path) {
    let store = EmbeddedStore::open(path, Access::ReadOnly).unwrap();
    assert_eq!(store.encoders().len(), 2);
    let mut answers = 0;
    let removed = loop {
        // The first goes on whatever becomes of the others.
        let found = store.nearest_vectors(0, &[0.125; 64], usize::MAX).unwrap();
        let keys: Vec<_> = found.iter().map(|(key, _)| *key).collect();
        for image in store.images(&keys).unwrap() {
            assert_eq!((image.vectors.len(), image.vectors[0].len()), (2, 64));
            // The other's vectors are its own or none.
            assert!(image.vectors[1].is_empty() || image.vectors[1] == added_vector(image.key));
        }
        assert!(!store.nearest_phashes(PHash(1), 1).unwrap().is_empty());
        match store.nearest_vectors(1, &[1.0; 8], usize::MAX) {
            Ok(found) => assert_eq!(found.len(), keys.len()),
            Err(error) => break error.to_string(),
        }
        answers += 1;
        if answers == 3 {
            say("asking");
        }
    };
    assert_eq!(store.verify().unwrap(), []);
    say(removed);
}

#[test]
fn a_process_that_has_the_catalog_open_outlives_the_change_of_its_encoders() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.lookalike");
    let mut store = EmbeddedStore::create(&path, &encoders()).unwrap();
    store.apply(&(0..30).map(|n| one(&format!("p{n}"), n, &encoders())).collect::<Vec<_>>()).unwrap();
    let add = |store: &mut EmbeddedStore| {
        store.begin_encoder(&encoder(8)).unwrap();
        let lacking = store.lacking(ADDED, None, usize::MAX).unwrap();
        let vectors: Vec<_> = lacking.iter().map(|image| (image.key, added_vector(image.key))).collect();
        store.put_vectors(ADDED, &vectors).unwrap();
        store.finish_encoder(ADDED).unwrap();
    };
    add(&mut store);
    let mut other = other_process("asks by both encoders", &path, 0);
    let mut said = lines(&mut other);
    assert_eq!(said.next().as_deref(), Some("asking"));
    // A third is added and made the first, and the second is removed and added anew under its old name.
    store.begin_encoder(&encoder(4)).unwrap();
    let lacking = store.lacking("test-4", None, usize::MAX).unwrap();
    let vectors: Vec<_> = lacking.iter().map(|image| (image.key, vec![1.0, 0.0, 0.0, 0.0])).collect();
    store.put_vectors("test-4", &vectors).unwrap();
    store.finish_encoder("test-4").unwrap();
    store.make_primary("test-4").unwrap();
    store.remove_encoder(ADDED).unwrap();
    add(&mut store);
    let error = said.next().unwrap_or_else(|| panic!("the other process failed: {:?}", other.0.wait()));
    assert!(error.starts_with("test-8 was removed from") && error.contains("open it again"), "{error}");
    assert!(other.0.wait().unwrap().success());
    let names: Vec<_> = store.encoders().iter().map(|id| id.name.as_str()).collect();
    assert_eq!(names, ["test-4", "test-64", "test-8"]);
    assert_eq!(store.verify().unwrap(), []);
}
