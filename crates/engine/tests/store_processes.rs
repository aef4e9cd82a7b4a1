//! A catalog between processes: one writes, others read, one is killed, one meets the end of the disk.
//!
//! The other process is this test binary again, told by the environment which part to play.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "what a scenario needs and does not get is its failure"
)]

mod store_fixture;

use lookalike_engine::catalog::ProductId;
use lookalike_engine::store::embedded::{Access, EmbeddedError, EmbeddedStore};
use lookalike_engine::store::{EncoderChanges, ImageKey, Store, StoreError, Write};
use lookalike_vision::encoder::EncoderId;
use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use store_fixture::{Seeded, encoder, image, one, product_id, put};

const PART: &str = "LOOKALIKE_TEST_PART";
const CATALOG: &str = "LOOKALIKE_TEST_CATALOG";
const FIRST: &str = "LOOKALIKE_TEST_FIRST_BATCH";

fn encoders() -> [EncoderId; 1] {
    [encoder(64)]
}

/// Another process, which does not outlive the scenario.
struct Other(Child);

impl Drop for Other {
    fn drop(&mut self) {
        // It has ended already where all went well.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn other_process(part: &str, catalog: &Path, first_batch: u64) -> Other {
    let mut command = Command::new(std::env::current_exe().unwrap());
    play(command.env(FIRST, first_batch.to_string()), part, catalog)
}

fn play(command: &mut Command, part: &str, catalog: &Path) -> Other {
    command.args(["--exact", "the_other_process", "--nocapture", "--test-threads", "1"]);
    command.env(PART, part).env(CATALOG, catalog).stdin(Stdio::piped()).stdout(Stdio::piped());
    Other(command.spawn().unwrap())
}

/// Lines the other process says, without the test runner's own.
fn lines(other: &mut Other) -> impl Iterator<Item = String> + use<> {
    let said = BufReader::new(other.0.stdout.take().unwrap()).lines();
    said.map_while(Result::ok).filter_map(|line| line.split_once("says ").map(|(_, said)| said.to_owned()))
}

fn say(what: impl std::fmt::Display) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "says {what}").unwrap();
    out.flush().unwrap();
}

/// The part of the other process; without one, as when all tests are run, it has nothing to do.
#[test]
fn the_other_process() {
    let (Ok(part), Some(path)) = (std::env::var(PART), std::env::var_os(CATALOG).map(PathBuf::from)) else {
        return;
    };
    match part.as_str() {
        "writes until killed" => write_until_killed(&path),
        "reads pairs" => read_pairs(&path),
        "holds the lock" => hold_the_lock(&path),
        "fills the disk" => fill_the_disk(&path),
        "adds an encoder" => add_an_encoder(&path),
        "asks by both encoders" => ask_by_both(&path),
        part => panic!("no such part: {part}"),
    }
}

/// Batch `n`: eight products of two images, one product of the batch before taken out, one image of it replaced.
fn batch(n: u64) -> Vec<Write> {
    let name = |n, i| format!("batch{n}-{i}");
    let two = |id: &str, seed| {
        vec![image(&format!("{id}/1"), seed, &encoders()), image(&format!("{id}/2"), seed + 1, &encoders())]
    };
    let mut batch: Vec<Write> =
        (0..8).map(|i| put(&name(n, i), "mug", two(&name(n, i), n * 100 + i))).collect();
    if n > 0 {
        batch.push(Write::Delete(product_id(&name(n - 1, 0))));
        batch.push(put(&name(n - 1, 1), "replaced", two(&name(n - 1, 1), n * 100 + 50)));
    }
    batch
}

fn write_until_killed(path: &Path) {
    let first: u64 = std::env::var(FIRST).unwrap().parse().unwrap();
    let store = EmbeddedStore::open_or_create(path, &encoders()).unwrap();
    for n in first.. {
        store.apply(&batch(n)).unwrap();
        say(n);
    }
}

/// Whether batch `n` is there: all of it or nothing, anything else fails.
fn is_stored(store: &EmbeddedStore, n: u64, last: bool) -> bool {
    let id = |i| product_id(&format!("batch{n}-{i}"));
    let found: Vec<_> = (0..8).map(|i| store.known(&id(i)).unwrap()).collect();
    let there = found[7].is_some();
    for (i, product) in found.iter().enumerate() {
        // The next batch takes out product 0 and replaces product 1.
        let expected = there && (i > 0 || last);
        assert_eq!(product.is_some(), expected, "product {i} of batch {n}");
        if let Some(product) = product {
            assert_eq!(product.images.len(), 2);
            let title = if i == 1 && !last { "replaced" } else { "mug" };
            assert_eq!(product.fields["title"], title, "product {i} of batch {n}");
        }
    }
    there
}

#[test]
fn a_writer_killed_at_any_moment_loses_nothing_it_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.lookalike");
    let mut seeded = Seeded(4);
    let mut next = 0;
    for round in 0..15 {
        let mut other = other_process("writes until killed", &path, next);
        let mut said = lines(&mut other);
        // The first rounds are cut while the catalog is being made, the others in or between batches.
        let batches = if round < 4 { 0 } else { 1 + seeded.below(4) };
        let waited_for = (0..batches).map_while(|_| said.next()).last();
        assert!(batches == 0 || waited_for.is_some(), "round {round}: the writer failed");
        std::thread::sleep(Duration::from_micros(seeded.below(15_000)));
        other.0.kill().unwrap();
        let acknowledged = said.last().or(waited_for).map(|n| n.parse::<u64>().unwrap());
        other.0.wait().unwrap();
        if !path.join("catalog.sqlite").exists() {
            assert_eq!(acknowledged, None);
            continue;
        }
        let store = EmbeddedStore::open(&path, Access::ReadOnly).unwrap();
        assert_eq!(store.verify().unwrap(), [], "round {round}");
        let stored = (next..)
            .take_while(|n| store.known(&product_id(&format!("batch{n}-7"))).unwrap().is_some())
            .last();
        assert!(
            stored >= acknowledged,
            "round {round}: {acknowledged:?} was acknowledged, {stored:?} is stored"
        );
        // At most the one batch whose acknowledgement was cut off is there beyond.
        assert!(stored <= Some(acknowledged.map_or(next, |n| n + 1)), "round {round}: {stored:?}");
        next = stored.map_or(next, |n| n + 1);
        for n in 0..next {
            assert!(is_stored(&store, n, n + 1 == next), "batch {n} after round {round}");
        }
        let expected = if next == 0 { 0 } else { next * 7 + 1 };
        let summary = store.summary().unwrap();
        assert_eq!((summary.products, summary.images), (expected, expected * 2));
        assert_eq!(store.nearest_vectors(0, &[0.125; 64], usize::MAX).unwrap().len() as u64, summary.images);
    }
}

/// Until product `last` is there: both products of the pair are always of the same generation, never one ahead.
fn read_pairs(path: &Path) {
    let store = EmbeddedStore::open(path, Access::ReadOnly).unwrap();
    let pair = ["left", "right"].map(product_id);
    let (mut reads, mut generations, mut counts) = (0, std::collections::HashSet::new(), Vec::new());
    let mut has_changed = false;
    loop {
        let last = store.known(&product_id("last")).unwrap().is_some();
        let found = store.products(&pair).unwrap();
        let titles: Vec<_> = found.iter().map(|product| product.fields["title"].clone()).collect();
        assert_eq!(titles[0], titles[1], "a batch was seen in part");
        generations.insert(titles[0].to_string());
        if reads == 0 {
            // Not before: the writer then goes on, and waits until a change is seen.
            say("ready");
        }
        if generations.len() > 1 && !has_changed {
            has_changed = true;
            say("changed");
        }
        counts.push(store.nearest_vectors(0, &[0.125; 64], usize::MAX).unwrap().len());
        reads += 1;
        if last {
            break;
        }
    }
    assert!(counts.is_sorted(), "the index went back in time: {counts:?}");
    say(format!("{reads} reads, {} generations, {} images", generations.len(), counts.last().unwrap()));
    assert_eq!(store.verify().unwrap(), []);
}

fn pair(generation: u64) -> [Write; 2] {
    ["left", "right"]
        .map(|id| put(id, &format!("generation {generation}"), vec![image(id, generation, &encoders())]))
}

#[test]
fn other_processes_read_while_one_writes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.lookalike");
    let store = EmbeddedStore::create(&path, &encoders()).unwrap();
    store.apply(&pair(0)).unwrap();
    let mut readers: Vec<_> = (0..2).map(|_| other_process("reads pairs", &path, 0)).collect();
    let mut said: Vec<_> = readers.iter_mut().map(lines).collect();
    for said in &mut said {
        assert_eq!(said.next().as_deref(), Some("ready"));
    }
    for generation in 1..=150 {
        if generation == 2 {
            for said in &mut said {
                assert_eq!(said.next().as_deref(), Some("changed"), "a reader follows the writer");
            }
        }
        let mut batch = pair(generation).to_vec();
        batch.push(one(&format!("extra{generation}"), generation, &encoders()));
        store.apply(&batch).unwrap();
    }
    store.apply(&[one("last", 1, &encoders())]).unwrap();
    for (reader, mut said) in readers.iter_mut().zip(said) {
        let summary = said.next().unwrap_or_else(|| panic!("a reader failed: {:?}", reader.0.wait()));
        assert!(summary.ends_with("153 images"), "{summary}");
        assert!(reader.0.wait().unwrap().success());
    }
    assert_eq!(store.verify().unwrap(), []);
}

fn hold_the_lock(path: &Path) {
    let _store = EmbeddedStore::open(path, Access::ReadWrite).unwrap();
    say("holding");
    std::io::stdin().read_line(&mut String::new()).unwrap();
}

#[test]
fn a_second_writer_is_told_who_has_the_catalog() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.lookalike");
    drop(EmbeddedStore::create(&path, &encoders()).unwrap());
    let mut other = other_process("holds the lock", &path, 0);
    assert_eq!(lines(&mut other).next().as_deref(), Some("holding"));
    for refused in
        [EmbeddedStore::open(&path, Access::ReadWrite), EmbeddedStore::open_or_create(&path, &encoders())]
    {
        let message = refused.unwrap_err().to_string();
        let expected = format!("is open for writing by another process (pid {})", other.0.id());
        assert!(message.contains(&expected), "{message}");
    }
    assert_eq!(EmbeddedStore::open(&path, Access::ReadOnly).unwrap().summary().unwrap().products, 0);
    // A killed process holds nothing.
    drop(other);
    let store = EmbeddedStore::open(&path, Access::ReadWrite).unwrap();
    // Within one process, too, there is one writer.
    assert!(matches!(
        EmbeddedStore::open(&path, Access::ReadWrite),
        Err(EmbeddedError::OpenElsewhere { .. })
    ));
    store.apply(&[one("a", 1, &encoders())]).unwrap();
}

fn fill_the_disk(path: &Path) {
    let store = EmbeddedStore::open(path, Access::ReadWrite).unwrap();
    for n in 0.. {
        match store.apply(&batch(n)) {
            Ok(()) => say(n),
            Err(StoreError::Embedded(error)) => {
                // What was stored is still read, in the process that met the error.
                assert!(store.known(&ProductId::new("batch0-7").unwrap()).unwrap().is_some());
                say(format!("refused: {error}"));
                return;
            }
        }
    }
}

#[cfg(unix)]
#[test]
fn a_write_the_system_refuses_is_an_error_and_costs_only_its_batch() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.lookalike");
    drop(EmbeddedStore::create(&path, &encoders()).unwrap());
    // No file may grow beyond 600 KiB; the refusal comes as an error and not as a signal.
    let mut limited = Command::new("sh");
    limited
        .args(["-c", "trap '' XFSZ; ulimit -f 1200; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap());
    let mut other = play(&mut limited, "fills the disk", &path);
    let said: Vec<String> = lines(&mut other).collect();
    assert!(other.0.wait().unwrap().success());
    let refusal = said.last().unwrap();
    assert!(refusal.starts_with("refused: "), "{said:?}");
    assert!(
        refusal.contains("shop.lookalike") && refusal.contains("run the same command again"),
        "{refusal}"
    );
    let stored = (said.len() - 1) as u64;
    assert!(stored > 3, "{said:?}");
    let store = EmbeddedStore::open(&path, Access::ReadWrite).unwrap();
    assert_eq!(store.verify().unwrap(), []);
    for n in 0..stored {
        assert!(is_stored(&store, n, n + 1 == stored), "batch {n}");
    }
    store.apply(&batch(stored)).unwrap();
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
            break;
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
    assert!(rounds > 5, "only {rounds} kills came while it was going on");
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
        assert!(!store.nearest_phashes(lookalike_vision::hash::PHash(1), 1).unwrap().is_empty());
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
