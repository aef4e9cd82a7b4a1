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

#[path = "store_fixture/processes.rs"]
mod processes;
mod store_fixture;

use lookalike_engine::catalog::ProductId;
use lookalike_engine::store::embedded::{Access, EmbeddedError, EmbeddedStore};
use lookalike_engine::store::{Store, StoreError, Write};
use lookalike_vision::encoder::EncoderId;
use processes::{FIRST, lines, other_process, part, play, say};
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use store_fixture::{Seeded, encoder, image, one, product_id, put};

fn encoders() -> [EncoderId; 1] {
    [encoder(64)]
}

/// The part of the other process; without one, as when all tests are run, it has nothing to do.
#[test]
fn the_other_process() {
    let Some((part, path)) = part() else { return };
    match part.as_str() {
        "writes until killed" => write_until_killed(&path),
        "reads pairs" => read_pairs(&path),
        "holds the lock" => hold_the_lock(&path),
        "fills the disk" => fill_the_disk(&path),
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
