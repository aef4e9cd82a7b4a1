//! Measures the embedded store on a seeded catalog: how fast it is written, opened and asked, and in what memory.
//!
//! ```text
//! cargo run --release -p lookalike-engine --example store_at_scale -- FOLDER [IMAGES] [DIMENSIONS]
//! ```
//!
//! Writes the catalog to FOLDER unless it is there, then opens it in this process and asks it.

#![allow(clippy::print_stdout, reason = "what it measures is printed")]

use lookalike_engine::catalog::{ImageId, Location, ProductId};
use lookalike_engine::store::embedded::{Access, EmbeddedStore};
use lookalike_engine::store::{Fingerprint, ImageWrite, NewImage, Store, Write};
use lookalike_vision::encoder::EncoderId;
use lookalike_vision::hash::{DHash, Hashes, PHash, Pdq, PdqHash};
use std::path::Path;
use std::time::Instant;

const BATCH: u64 = 64;

/// SplitMix64.
struct Seeded(u64);

impl Seeded {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn unit_vector(&mut self, dimensions: usize) -> Vec<f32> {
        let raw: Vec<f32> =
            (0..dimensions).map(|_| (self.next() >> 40) as f32 / (1 << 24) as f32 - 0.5).collect();
        let norm = raw.iter().map(|x| x * x).sum::<f32>().sqrt();
        raw.iter().map(|x| x / norm).collect()
    }
}

type Anything = Box<dyn std::error::Error>;

fn product(n: u64, dimensions: usize) -> Result<Write, Anything> {
    let mut seeded = Seeded(n);
    let image = NewImage {
        id: ImageId::new(format!("photos/{:06}/{n:08}.jpg", n / 1000))?,
        location: Location::File(format!("/srv/shop/photos/{:06}/{n:08}.jpg", n / 1000).into()),
        fingerprint: Fingerprint { bytes: seeded.next() >> 44, modified_ns: Some(1), sha256: [7; 32] },
        width: 1000,
        height: 1400,
        media_type: "image/jpeg",
        hashes: Hashes {
            phash: PHash(seeded.next()),
            phash_plain: PHash(seeded.next()),
            dhash: DHash(seeded.next()),
            pdq: Pdq {
                hash: PdqHash([seeded.next(), seeded.next(), seeded.next(), seeded.next()]),
                quality: 100,
            },
        },
        vectors: vec![seeded.unit_vector(dimensions)],
    };
    let words = ["red", "blue", "cotton", "mug", "summer", "classic", "shirt", "bag", "leather", "running"];
    let word = |n: u64| words.get(usize::try_from(n % 10).unwrap_or(0)).copied().unwrap_or_default();
    let title = format!("{} {} {} {n}", word(n), word(n / 7), word(n / 31));
    let mut fields = serde_json::Map::new();
    fields.insert("title".into(), title.into());
    fields.insert("price".into(), (n % 500).into());
    Ok(Write::Product {
        id: ProductId::new(format!("sku-{n:08}"))?,
        fields,
        images: vec![ImageWrite::Put(Box::new(image))],
    })
}

/// Resident memory of this process in MB, and the part of it that is not of mapped files.
fn resident_mb() -> (u64, u64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kib = |name: &str| -> u64 {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
    };
    (kib("VmRSS:") / 1024, kib("RssAnon:") / 1024)
}

fn main() -> Result<(), Anything> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("give the folder of the catalog")?;
    let images: u64 = arguments.next().map_or(Ok(400_000), |n| n.parse())?;
    let dimensions: usize = arguments.next().map_or(Ok(256), |n| n.parse())?;
    let path = Path::new(&path);
    if !path.exists() {
        write(path, images, dimensions)?;
    }
    ask(path, dimensions)
}

fn write(path: &Path, images: u64, dimensions: usize) -> Result<(), Anything> {
    let encoder = EncoderId { name: "seeded".into(), digest: "1".into(), dimensions };
    let store = EmbeddedStore::create(path, &[encoder])?;
    let (began, mut applying, mut batches) = (Instant::now(), std::time::Duration::ZERO, Vec::new());
    for first in (0..images).step_by(usize::try_from(BATCH)?) {
        let batch = (first..images.min(first + BATCH))
            .map(|n| product(n, dimensions))
            .collect::<Result<Vec<_>, _>>()?;
        let before = Instant::now();
        store.apply(&batch)?;
        applying += before.elapsed();
        batches.push(before.elapsed());
        if first % 65_536 == 0 && first > 0 {
            println!("  {first} images, resident {} MB (anonymous {} MB)", resident_mb().0, resident_mb().1);
        }
    }
    batches.sort_unstable();
    let of = |part: usize| batches.get(batches.len() * part / 1000).copied().unwrap_or_default();
    println!(
        "applied {images} products in batches of {BATCH}: {:.0} products/s; a batch: median {:.1?}, p99 {:.1?}",
        images as f64 / applying.as_secs_f64(),
        of(500),
        of(990),
    );
    let before = Instant::now();
    drop(store);
    println!("closed in {:.2?}; {:.1?} in all", before.elapsed(), began.elapsed());
    Ok(())
}

fn ask(path: &Path, dimensions: usize) -> Result<(), Anything> {
    let before = Instant::now();
    let store = EmbeddedStore::open(path, Access::ReadOnly)?;
    let opened = before.elapsed();
    let mut seeded = Seeded(77);
    store.nearest_vectors(0, &seeded.unit_vector(dimensions), 10)?;
    println!("opened in {opened:.1?}, first answer after {:.1?}", before.elapsed());
    let mut times: Vec<_> = Vec::new();
    for _ in 0..201 {
        let query = seeded.unit_vector(dimensions);
        let before = Instant::now();
        store.nearest_vectors(0, &query, 10)?;
        times.push(before.elapsed());
    }
    times.sort_unstable();
    println!("nearest 10 vectors: median {:.2?}", times.get(100).copied().unwrap_or_default());
    let before = Instant::now();
    store.nearest_phashes(PHash(seeded.next()), 10)?;
    println!("nearest 10 pHashes: {:.2?}", before.elapsed());
    let before = Instant::now();
    let found = store.search_text("red leather shirt", 10)?;
    println!("words: {} products in {:.2?}", found.len(), before.elapsed());
    let summary = store.summary()?;
    let matrix_mb = summary.images * u64::try_from(dimensions)? / 1_000_000;
    let (resident, anonymous) = resident_mb();
    println!(
        "{} products, {} images, {:.0} MB on disk; resident {resident} MB (anonymous {anonymous} MB), \
         the int8 matrix alone is {matrix_mb} MB",
        summary.products,
        summary.images,
        summary.bytes.unwrap_or(0) as f64 / 1e6,
    );
    Ok(())
}
