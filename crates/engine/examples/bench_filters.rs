//! Measures what a filter costs on a seeded catalog: first use, later uses, and searches among few, some and all products.
//!
//! ```text
//! cargo run --release -p lookalike-engine --example bench_filters -- FOLDER [PRODUCTS] [DIMENSIONS]
//! ```
//!
//! Writes the catalog to FOLDER unless it is there, then opens it in this process and asks it. Times are
//! processor time of the one thread that asks, where the system tells it (Linux), so that other programs count little; of
//! as many calls as take half a second together, because the system counts in milliseconds.

#![allow(clippy::print_stdout, reason = "what it measures is printed")]

use lookalike_engine::catalog::{Fields, ImageId, Location, ProductId};
use lookalike_engine::filter::Filter;
use lookalike_engine::store::embedded::{Access, EmbeddedStore};
use lookalike_engine::store::{Fingerprint, ImageWrite, NewImage, Store, Write};
use lookalike_vision::encoder::EncoderId;
use lookalike_vision::hash::{DHash, Hashes, PHash, Pdq, PdqHash};
use serde_json::json;
use std::path::Path;
use std::time::{Duration, Instant};

type Anything = Box<dyn std::error::Error>;

/// SplitMix64.
struct Seeded(u64);

impl Seeded {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn word(&mut self) -> &'static str {
        const WORDS: [&str; 12] = [
            "red", "blue", "cotton", "mug", "summer", "classic", "shirt", "bag", "leather", "running",
            "home", "oak",
        ];
        WORDS.get(usize::try_from(self.next() % 12).unwrap_or(0)).copied().unwrap_or_default()
    }

    fn text(&mut self, words: usize) -> String {
        (0..words).map(|_| self.word()).collect::<Vec<_>>().join(" ")
    }

    fn unit_vector(&mut self, dimensions: usize) -> Vec<f32> {
        let raw: Vec<f32> =
            (0..dimensions).map(|_| (self.next() >> 40) as f32 / (1 << 24) as f32 - 0.5).collect();
        let norm = raw.iter().map(|x| x * x).sum::<f32>().sqrt();
        raw.iter().map(|x| x / norm).collect()
    }
}

/// About 600 bytes of JSON, as a shop's export has them.
fn fields(n: u64, seeded: &mut Seeded) -> Fields {
    let price = format!("{}.{:02}", seeded.next() % 500, seeded.next() % 100);
    let fields = json!({
        "title": format!("{} {n}", seeded.text(6)), "description": seeded.text(60), "brand": seeded.text(2),
        "price": price, "color": seeded.word(), "material": [seeded.word(), seeded.word()],
        "rank": seeded.next() % 100_000, "in_stock": !seeded.next().is_multiple_of(3), "node": seeded.text(3),
        "size": {"width": seeded.next() % 200, "unit": "cm"}, "url": format!("https://shop.example/p/{n}"),
    });
    fields.as_object().cloned().unwrap_or_default()
}

fn product(n: u64, dimensions: usize) -> Result<Write, Anything> {
    let mut seeded = Seeded(n);
    let image = NewImage {
        id: ImageId::new(format!("{n:08}.jpg"))?,
        location: Location::File(format!("/srv/shop/{n:08}.jpg").into()),
        fingerprint: Fingerprint { bytes: 1, modified_ns: Some(1), sha256: [7; 32] },
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
    Ok(Write::Product {
        id: ProductId::new(format!("sku-{n:08}"))?,
        fields: fields(n, &mut seeded),
        images: vec![ImageWrite::Put(Box::new(image))],
    })
}

fn main() -> Result<(), Anything> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("give the folder of the catalog")?;
    let products: u64 = arguments.next().map_or(Ok(400_000), |n| n.parse())?;
    let dimensions: usize = arguments.next().map_or(Ok(512), |n| n.parse())?;
    let path = Path::new(&path);
    if !path.exists() {
        let encoder = EncoderId { name: "seeded".into(), digest: "1".into(), dimensions };
        let (store, began) = (EmbeddedStore::create(path, &[encoder])?, Instant::now());
        for first in (0..products).step_by(1024) {
            let all = (first..products.min(first + 1024)).map(|n| product(n, dimensions));
            store.apply(&all.collect::<Result<Vec<_>, _>>()?)?;
        }
        println!("written in {:.1?}", began.elapsed());
    }
    ask(path, dimensions)
}

/// Time that this thread has computed; that has passed, where the system does not tell.
fn now(began: Instant) -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = told.split(' ').next().and_then(|number| number.parse().ok());
    nanoseconds.map_or_else(|| began.elapsed(), Duration::from_nanos)
}

/// The mean time of a call.
fn mean<T>(mut ask: impl FnMut() -> Result<T, Anything>) -> Result<Duration, Anything> {
    const ENOUGH: Duration = Duration::from_millis(500);
    let began = Instant::now();
    let (before, mut calls) = (now(began), 0);
    loop {
        std::hint::black_box(ask()?);
        calls += 1;
        let took = now(began).saturating_sub(before);
        if took >= ENOUGH || began.elapsed() >= 20 * ENOUGH {
            return Ok(took / calls);
        }
    }
}

/// The time of one call.
fn once<T>(ask: impl FnOnce() -> Result<T, Anything>) -> Result<Duration, Anything> {
    let began = Instant::now();
    let before = now(began);
    std::hint::black_box(ask()?);
    Ok(now(began).saturating_sub(before))
}

fn ask(path: &Path, dimensions: usize) -> Result<(), Anything> {
    let store = EmbeddedStore::open(path, Access::ReadOnly)?;
    let mut seeded = Seeded(77);
    let all = store.nearest_vectors(0, &seeded.unit_vector(dimensions), usize::MAX)?.len();
    println!("{all} images, {dimensions} dimensions");

    for text in ["rank < 100", "color = red and price < 50", "title ^= red", "description ^= red"] {
        let filter = Filter::parse(text)?;
        let first = once(|| Ok(store.nearest_phashes_where(PHash(1), 1, Some(&filter))?))?;
        println!("first use of {text:?}: {first:.2?}");
    }
    let mut bound = 0;
    let selecting = mean(|| {
        // Never asked before, so that no answer is kept.
        bound += 1;
        Ok(store.nearest_phashes_where(PHash(1), 1, Some(&Filter::parse(&format!("rank < {bound}"))?))?)
    })?;
    println!(
        "a new filter on a field asked before, with the nearest pHash among 1 in 1,000 or fewer: {selecting:.2?}"
    );

    println!("| let through | vectors | pHash | PDQ, 8 queries | words |");
    println!("|---:|---:|---:|---:|---:|");
    let mut ask_all = |name: &str, filter: Option<&Filter>| -> Result<(), Anything> {
        let queries: Vec<Vec<f32>> = (0..41).map(|_| seeded.unit_vector(dimensions)).collect();
        let mut next = queries.iter().cycle();
        let vectors = mean(|| {
            let query = next.next().ok_or("no query")?;
            Ok(store.nearest_vectors_where(0, query, 80, filter)?)
        })?;
        let phash = mean(|| Ok(store.nearest_phashes_where(PHash(seeded.next()), 80, filter)?))?;
        let pdqs: Vec<PdqHash> =
            (0..8).map(|_| PdqHash([seeded.next(), seeded.next(), seeded.next(), seeded.next()])).collect();
        let pdq = mean(|| Ok(store.nearest_pdqs_where(&pdqs, 80, filter)?))?;
        let words = mean(|| Ok(store.search_text_where("leather shirt 4711", 10, filter)?))?;
        println!("| {name} | {vectors:.2?} | {phash:.2?} | {pdq:.2?} | {words:.2?} |");
        Ok(())
    };
    ask_all("no filter", None)?;
    for (share, most) in
        [(".001", 100), (".01", 1000), (".1", 10_000), (".3", 30_000), (".5", 50_000), ("1", 100_000)]
    {
        ask_all(share, Some(&Filter::parse(&format!("rank < {most}"))?))?;
    }

    let first = once(|| Ok(store.fields()?))?;
    let again = mean(|| Ok(store.fields()?))?;
    println!("which fields there are ({}): {first:.2?}, and again {again:.2?}", store.fields()?.fields.len());
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let resident = status.lines().find(|line| line.starts_with("RssAnon")).unwrap_or("no RssAnon").to_owned();
    println!("{resident}");
    Ok(())
}
