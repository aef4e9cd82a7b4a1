//! Every hash of every file named, as JSON: the output of `lookalike hash --json`, for comparing with others.
//!
//! Besides the formats the decoder reads it takes binary PPM, so that the hashes can be compared on exactly the
//! pixels another program decoded. A name of `-` reads the names from standard input, one a line.

use lookalike_vision::Picture;
use lookalike_vision::decode::{Limits, decode};
use lookalike_vision::hash::Hashes;
use serde_json::{Value, json};
use std::io::{BufRead, Write};

mod ppm;

fn picture(file: &str) -> Result<Picture, String> {
    let bytes = std::fs::read(file).map_err(|error| error.to_string())?;
    match ppm::read(&bytes) {
        Some(picture) => Ok(picture),
        None => decode(&bytes, &Limits::default()).map_err(|error| error.to_string()),
    }
}

fn entry(file: &str) -> Value {
    match picture(file) {
        Err(error) => json!({ "file": file, "error": error }),
        Ok(picture) => {
            let hashes = Hashes::of(&picture);
            json!({
                "file": file,
                "phash": hashes.phash.to_string(),
                "phash_plain": hashes.phash_plain.to_string(),
                "dhash": hashes.dhash.to_string(),
                "pdq": hashes.pdq.hash.to_string(),
                "pdq_quality": hashes.pdq.quality,
            })
        }
    }
}

fn main() -> std::io::Result<()> {
    let mut files: Vec<String> = std::env::args().skip(1).collect();
    if files == ["-"] {
        files = std::io::stdin().lock().lines().collect::<Result<_, _>>()?;
    }
    let entries: Vec<Value> = files.iter().map(|file| entry(file)).collect();
    writeln!(std::io::stdout().lock(), "{}", Value::from(entries))
}
