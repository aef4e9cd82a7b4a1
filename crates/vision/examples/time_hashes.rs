//! Times decoding and hashing of one file on one thread: `time_hashes FILE RUNS`.
//!
//! Prints `name median fastest` per line, in milliseconds over RUNS runs, for a benchmark to read. The fastest is what
//! a busy machine disturbs least. A binary PPM (`P6`) is copied instead of decoded.

use lookalike_vision::decode::{Limits, decode};
use lookalike_vision::hash::{Hashes, dhash, pdq, phash, phash_plain};
use lookalike_vision::{Picture, hash::pdq_orientations};
use std::error::Error;
use std::hint::black_box;
use std::io::Write;
use std::time::Instant;

#[path = "hash_files/ppm.rs"]
mod ppm;

/// Median and fastest.
fn times_ms(runs: usize, mut work: impl FnMut()) -> (f64, f64) {
    let mut times: Vec<f64> = (0..runs.max(1))
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed().as_secs_f64() * 1000.0
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let at = |index: usize| times.get(index).copied().unwrap_or_default();
    (at(times.len() / 2), at(0))
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, runs] = arguments.as_slice() else { return Err("usage: time_hashes FILE RUNS".into()) };
    let runs: usize = runs.parse()?;
    let bytes = std::fs::read(file)?;
    let read = |bytes: &[u8]| -> Result<Picture, Box<dyn Error>> {
        match ppm::read(bytes) {
            Some(picture) => Ok(picture),
            None => Ok(decode(bytes, &Limits::default())?),
        }
    };
    let picture = read(&bytes)?;

    let mut out = std::io::stdout().lock();
    let mut print =
        |name: &str, (median, fastest): (f64, f64)| writeln!(out, "{name} {median:.4} {fastest:.4}");
    print("decode", times_ms(runs, || _ = black_box(read(black_box(&bytes)))))?;
    let file_to = |hash: &dyn Fn(&Picture)| times_ms(runs, || _ = read(&bytes).map(|picture| hash(&picture)));
    let hash = |hash: &dyn Fn(&Picture)| times_ms(runs, || hash(black_box(&picture)));
    print("phash", hash(&|picture| _ = black_box(phash(picture))))?;
    print("phash_plain", hash(&|picture| _ = black_box(phash_plain(picture))))?;
    print("dhash", hash(&|picture| _ = black_box(dhash(picture))))?;
    print("pdq", hash(&|picture| _ = black_box(pdq(picture))))?;
    print("pdq_orientations", hash(&|picture| _ = black_box(pdq_orientations(picture))))?;
    print("all_hashes", hash(&|picture| _ = black_box(Hashes::of(picture))))?;
    print("file_to_phash", file_to(&|picture| _ = black_box(phash(picture))))?;
    print("file_to_pdq", file_to(&|picture| _ = black_box(pdq(picture))))?;
    print("file_to_all_hashes", file_to(&|picture| _ = black_box(Hashes::of(picture))))?;
    Ok(())
}
