//! What it costs to run again: `bench_sync FOLDER [PRODUCTS]`.
//!
//! Copies the photos of FOLDER again and again until there are PRODUCTS (5,000), indexes them, again with nothing changed,
//! again after every hundredth was replaced by another, and again after the folder moved; and prints the times, each also
//! as a part of the first.

use lookalike_engine::fetch::local::LocalReader;
use lookalike_engine::ingest::{Ingest, Report};
use lookalike_engine::source::{SourceOptions, open};
use lookalike_engine::store::embedded::{Access, EmbeddedStore};
use lookalike_vision::encoder::Encoder;
use lookalike_vision::look::Look;
use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Instant;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("usage: bench_sync FOLDER [PRODUCTS]")?;
    let count = arguments.next().map_or(Ok(5_000), |text| text.parse::<usize>())?;
    let mut photos: Vec<PathBuf> =
        std::fs::read_dir(&folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    photos.retain(|path| path.extension().is_some_and(|extension| extension == "jpg"));
    photos.sort();
    if photos.is_empty() {
        return Err(format!("{folder} has no .jpg").into());
    }
    let place = std::env::temp_dir().join(format!("bench_sync-{}", std::process::id()));
    let measured = measure(&photos, count, &place);
    std::fs::remove_dir_all(&place)?;
    measured
}

fn measure(photos: &[PathBuf], count: usize, place: &Path) -> Outcome<()> {
    let shop = place.join("photos");
    std::fs::create_dir_all(&shop)?;
    let name = |n: usize| format!("{n:06}.jpg");
    for (n, photo) in photos.iter().cycle().take(count).enumerate() {
        std::fs::copy(photo, shop.join(name(n)))?;
    }
    let encoder = Look::default();
    let catalog = place.join("catalog");
    drop(EmbeddedStore::create(&catalog, &[encoder.id().clone()])?);
    let mut out = std::io::stdout().lock();
    let mut first = None;
    let mut tell = |what: &str, folder: &Path| -> Outcome<()> {
        let began = Instant::now();
        let report = index(folder, &catalog, &encoder)?;
        let seconds = began.elapsed().as_secs_f64();
        let part = 100.0 * seconds / *first.get_or_insert(seconds);
        Ok(writeln!(out, "{what:24} {seconds:8.2} s  {part:6.2} %  {}", report.counts)?)
    };
    tell("first", &shop)?;
    (0..3).try_for_each(|_| tell("nothing changed", &shop))?;
    for (n, photo) in photos.iter().cycle().skip(1).take(count).enumerate().step_by(100) {
        std::fs::copy(photo, shop.join(name(n)))?;
    }
    tell("1 % changed", &shop)?;
    let moved = place.join("moved");
    std::fs::rename(&shop, &moved)?;
    tell("the folder moved", &moved)
}

/// As the command does it: from opening the catalog to closing it.
fn index(folder: &Path, catalog: &Path, encoder: &dyn Encoder) -> Outcome<Report> {
    let store = EmbeddedStore::open(catalog, Access::ReadWrite)?;
    let source = open(folder, &SourceOptions::default())?;
    let never = AtomicBool::new(false);
    let ingest = Ingest::default();
    Ok(ingest.run(source.as_ref(), &store, &[encoder], &LocalReader, &mut |_| {}, &never)?)
}
