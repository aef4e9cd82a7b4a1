//! Times searches among 64-bit hashes in a file: `bench_hashes HASHES QUERIES K RADIUS`.
//!
//! Both files hold little-endian `u64`. Each line `scan N`, `radius N` or `radius-scan N` on standard input runs N
//! queries, going round, and answers with milliseconds per query, one line each; `distances` and `radius-rows` answer
//! with what was found for each query, one line each, for comparison with other engines.

use lookalike_engine::index::MultiIndex;
use lookalike_vision::hash::hamming;
use std::error::Error;
use std::io::{BufRead, Write};
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [hashes, queries, k, radius] = arguments.as_slice() else {
        return Err("usage: bench_hashes HASHES QUERIES K RADIUS".into());
    };
    let (hashes, queries) = (read(hashes)?, read(queries)?);
    let (k, radius): (usize, u32) = (k.parse()?, radius.parse()?);
    let started = Instant::now();
    let tables = MultiIndex::build(&hashes, radius);
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "ready {} hashes, {} tables of {} MB built in {:.2} s",
        hashes.len(),
        tables.substrings(),
        tables.memory_bytes() / 1_000_000,
        started.elapsed().as_secs_f64(),
    )?;
    let mut next = queries.iter().cycle();
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let (what, count) = line.split_once(' ').unwrap_or((&line, "0"));
        match what {
            "distances" => {
                for &query in &queries {
                    let found = hamming::nearest(&hashes, &[query], k);
                    let distances: Vec<_> = found.iter().map(|found| found.distance.to_string()).collect();
                    writeln!(out, "{}", distances.join(" "))?;
                }
            }
            "radius-rows" => {
                for &query in &queries {
                    let mut rows: Vec<_> =
                        tables.within(&hashes, query, radius).iter().map(|found| found.row).collect();
                    rows.sort_unstable();
                    let rows: Vec<_> = rows.iter().map(ToString::to_string).collect();
                    writeln!(out, "{}", rows.join(" "))?;
                }
            }
            _ => {
                for &query in next.by_ref().take(count.parse()?) {
                    let started = Instant::now();
                    let found = match what {
                        "scan" => hamming::nearest(&hashes, &[query], k),
                        "radius" => tables.within(&hashes, query, radius),
                        "radius-scan" => hamming::within(&hashes, &[query], radius),
                        other => return Err(format!("no such measurement: {other}").into()),
                    };
                    let took_ms = started.elapsed().as_secs_f64() * 1e3;
                    std::hint::black_box(found);
                    writeln!(out, "{took_ms:.5}")?;
                }
            }
        }
        out.flush()?;
    }
    Ok(())
}

fn read(path: &str) -> std::io::Result<Vec<u64>> {
    Ok(std::fs::read(path)?.as_chunks().0.iter().map(|&word| u64::from_le_bytes(word)).collect())
}
