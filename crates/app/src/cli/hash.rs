//! `lookalike hash`: every hash of every file, for people who want hashes alone.

use super::Outcome;
use crate::report::{json, table};
use lookalike_engine::catalog::Location;
use lookalike_engine::fetch::local::LocalReader;
use lookalike_engine::fetch::photo::PhotoReader;
use lookalike_vision::decode::{Limits, decode};
use lookalike_vision::hash::Hashes;
use serde::Serialize;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Print the perceptual hashes of pictures.
#[derive(Debug, clap::Args)]
pub(super) struct Hash {
    /// Pictures to hash.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Print a JSON array, in the order given.
    #[arg(long)]
    json: bool,
}

/// One file's hashes, or why it has none.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Line {
    Hashed { file: String, phash: String, phash_plain: String, dhash: String, pdq: String, pdq_quality: u8 },
    Failed { file: String, error: String },
}

impl Line {
    fn of(path: &Path) -> Self {
        let file = path.to_string_lossy().into_owned();
        match hashes(path) {
            Ok(hashes) => Self::Hashed {
                file,
                phash: hashes.phash.to_string(),
                phash_plain: hashes.phash_plain.to_string(),
                dhash: hashes.dhash.to_string(),
                pdq: hashes.pdq.hash.to_string(),
                pdq_quality: hashes.pdq.quality,
            },
            Err(error) => Self::Failed { file, error },
        }
    }
}

fn hashes(path: &Path) -> Result<Hashes, String> {
    let limits = Limits::default();
    let location = Location::File(path.to_owned());
    let photo = LocalReader.read(&location, &limits).map_err(|error| error.to_string())?;
    let picture = decode(&photo.bytes, &limits).map_err(|error| error.to_string())?;
    Ok(Hashes::of(&picture))
}

impl Hash {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        let mut out = io::stdout().lock();
        let mut failed = false;
        if self.json {
            let lines: Vec<Line> = self.files.iter().map(|path| Line::of(path)).collect();
            failed = lines.iter().any(|line| matches!(line, Line::Failed { .. }));
            json::write(&mut out, &lines)?;
        } else {
            for path in &self.files {
                match Line::of(path) {
                    Line::Hashed { file, phash, phash_plain, dhash, pdq, pdq_quality } => {
                        let quality = format!("{pdq} (quality {pdq_quality})");
                        let rows = [
                            ("phash", phash),
                            ("phash, plain", phash_plain),
                            ("dhash", dhash),
                            ("pdq", quality),
                        ];
                        table::write_record(&mut out, &file, &rows)?;
                    }
                    Line::Failed { file, error } => {
                        failed = true;
                        writeln!(io::stderr(), "{file} {error}")?;
                    }
                }
            }
        }
        Ok(if failed { Outcome::SomeFailed } else { Outcome::Done })
    }
}
