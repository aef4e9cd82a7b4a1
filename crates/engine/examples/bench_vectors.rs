//! Times exact vector search over a matrix of floats in a file: `bench_vectors VECTORS QUERIES DIMENSIONS K`.
//!
//! Both files hold little-endian `f32` rows without a header. The index is written to `VECTORS.index` first, as a
//! store would write it. Then each line `N` on standard input runs N queries, going round, and answers with
//! milliseconds per query, one line each; `ids` answers with the ids of each query, one line each. That lets
//! `benches/run.py` take turns with other engines in one run.

use lookalike_engine::index::{Index, Row, Snapshot, SnapshotWriter};
use lookalike_engine::store::ImageKey;
use lookalike_vision::encoder::EncoderId;
use std::error::Error;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [vectors, queries, dimensions, k] = arguments.as_slice() else {
        return Err("usage: bench_vectors VECTORS QUERIES DIMENSIONS K".into());
    };
    let (dimensions, k): (usize, usize) = (dimensions.parse()?, k.parse()?);
    let started = Instant::now();
    let index = build(Path::new(vectors), dimensions)?;
    let built_s = started.elapsed().as_secs_f64();
    let queries = rows(Path::new(queries), dimensions)?.collect::<Result<Vec<_>, _>>()?;
    let mut rescored = 0;
    for query in &queries {
        rescored += index.nearest_vectors_with_effort(query, k, &|_| true)?.1.rescored;
    }
    let mut out = std::io::stdout().lock();
    let rescored = rescored as f64 / queries.len() as f64;
    writeln!(
        out,
        "ready {} rows, built in {built_s:.1} s, {rescored:.0} rows rescored a query",
        index.len()
    )?;
    let mut next = queries.iter().cycle();
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        if line == "ids" {
            for query in &queries {
                let ids: Vec<String> =
                    index.nearest_vectors(query, k)?.iter().map(|(key, _)| key.0.to_string()).collect();
                writeln!(out, "{}", ids.join(" "))?;
            }
        } else {
            for query in next.by_ref().take(line.parse()?) {
                let started = Instant::now();
                let found = index.nearest_vectors(query, k)?;
                let took_ms = started.elapsed().as_secs_f64() * 1e3;
                std::hint::black_box(found);
                writeln!(out, "{took_ms:.4}")?;
            }
        }
        out.flush()?;
    }
    Ok(())
}

fn build(vectors: &Path, dimensions: usize) -> Result<Index, Box<dyn Error>> {
    let encoder = EncoderId { name: "bench".into(), digest: "none".into(), dimensions };
    let path = vectors.with_extension("index");
    let count = std::fs::metadata(vectors)?.len() / (4 * dimensions as u64);
    let mut writer = SnapshotWriter::create(&path, &encoder, 0, count)?;
    for (key, vector) in (0..).zip(rows(vectors, dimensions)?) {
        let vector = vector?;
        writer.push(&Row { key: ImageKey(key), product: key, phash: 0, pdq: [0; 4], vector: &vector })?;
    }
    writer.finish()?;
    Ok(Index::with_base(Snapshot::open(&path, &encoder)?))
}

fn rows(path: &Path, dimensions: usize) -> std::io::Result<impl Iterator<Item = std::io::Result<Vec<f32>>>> {
    let count = std::fs::metadata(path)?.len() / (4 * dimensions as u64);
    let mut reader = BufReader::with_capacity(1 << 20, File::open(path)?);
    let mut bytes = vec![0; 4 * dimensions];
    Ok((0..count).map(move |_| {
        reader.read_exact(&mut bytes)?;
        Ok(bytes.as_chunks().0.iter().map(|&value| f32::from_le_bytes(value)).collect())
    }))
}
