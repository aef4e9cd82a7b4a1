//! Where jobs are kept: a folder for each in `jobs/` of the catalog's folder.
//!
//! ```text
//! jobs/0193a5c2f3e4b7d2/
//!   job.json          the record, replaced as a whole
//!   failures.jsonl    what failed, a line each
//!   source/feed.csv   what was sent or fetched, until the job has ended
//! ```

use super::record::{Record, now_unix_ms};
use lookalike_engine::ingest::Failure;
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use utoipa::ToSchema;

const RECORD: &str = "job.json";
const FAILURES: &str = "failures.jsonl";
const SOURCE: &str = "source";

/// A job's folder.
#[derive(Debug, Clone)]
pub(super) struct JobFolder {
    path: PathBuf,
}

/// One item that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = JobFailure)]
pub(in crate::http) struct FailureLine {
    /// The file, address or row.
    place: String,
    /// Where it failed: `source`, `fetch`, `decode`, `encode` or `store`.
    stage: String,
    /// Why; follows the place.
    reason: String,
}

impl From<&Failure> for FailureLine {
    fn from(failure: &Failure) -> Self {
        let Failure { place, stage, reason } = failure;
        Self { place: place.clone(), stage: stage.as_str().to_owned(), reason: reason.clone() }
    }
}

impl FailureLine {
    /// With the folder of a file that was sent left out: it is ours and nobody's business.
    pub(super) fn without(mut self, folder: &str) -> Self {
        (self.place, self.reason) = (self.place.replace(folder, ""), self.reason.replace(folder, ""));
        self
    }
}

impl JobFolder {
    /// A new one in the catalog folder `catalog`, with the id of its job.
    pub(super) fn create(catalog: &Path) -> io::Result<(String, Self)> {
        let mut random = [0; 3];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        let [a, b, c] = random;
        // Later ids are greater.
        let id = format!("{:010x}{a:02x}{b:02x}{c:02x}", now_unix_ms());
        let folder = Self { path: all(catalog).join(&id) };
        fs::create_dir_all(&folder.path)?;
        Ok((id, folder))
    }

    /// Those in the catalog folder `catalog` with their records, the earliest first. What cannot be read is logged.
    pub(super) fn every(catalog: &Path) -> io::Result<Vec<(Self, Record)>> {
        let entries = match fs::read_dir(all(catalog)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut found = Vec::new();
        for entry in entries {
            let folder = Self { path: entry?.path() };
            match folder.load() {
                Ok(record) => found.push((folder, record)),
                // Of a process that was killed before the job was taken.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    if let Err(error) = folder.remove() {
                        tracing::warn!(folder = %folder.path.display(), %error, "a job that never was cannot be removed");
                    }
                }
                Err(error) => {
                    tracing::warn!(folder = %folder.path.display(), %error, "a job's record cannot be read");
                }
            }
        }
        found.sort_by(|(_, a), (_, b)| a.job_id.cmp(&b.job_id));
        Ok(found)
    }

    fn load(&self) -> io::Result<Record> {
        Ok(serde_json::from_slice(&fs::read(self.path.join(RECORD))?)?)
    }

    /// Replaces the record; when this returns, it is durable.
    pub(super) fn save(&self, record: &Record) -> io::Result<()> {
        let begun = self.path.join(format!("{RECORD}.new"));
        let mut file = File::create(&begun)?;
        file.write_all(&serde_json::to_vec_pretty(record)?)?;
        file.sync_all()?;
        fs::rename(begun, self.path.join(RECORD))?;
        sync(&self.path)?;
        self.path.parent().map_or(Ok(()), sync)
    }

    /// Where a source is that was sent or fetched, alone in a folder.
    pub(super) fn source(&self) -> PathBuf {
        self.path.join(SOURCE)
    }

    /// Where it is written until it is whole.
    pub(super) fn source_begun(&self) -> PathBuf {
        self.path.join("source.new")
    }

    /// Puts what was written in its place, under the name that somebody else gave it as far as a file may be called that;
    /// when this returns, it is durable. Gives where it is.
    pub(super) fn finish_source(&self, name: &str) -> io::Result<PathBuf> {
        let (begun, folder) = (self.source_begun(), self.source());
        File::open(&begun)?.sync_all()?;
        fs::create_dir_all(&folder)?;
        let path = folder.join(file_name(name));
        fs::rename(begun, &path)?;
        sync(&folder)?;
        Ok(path)
    }

    /// Removes it again.
    pub(super) fn remove_source(&self) -> io::Result<()> {
        match fs::remove_dir_all(self.source()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Removes everything.
    pub(super) fn remove(&self) -> io::Result<()> {
        fs::remove_dir_all(&self.path)
    }

    /// Where failures are written, those of an earlier attempt gone.
    pub(super) fn failures_begun(&self) -> io::Result<File> {
        File::create(self.path.join(FAILURES))
    }

    /// Up to `most` failures after the first `after`.
    pub(super) fn failures(&self, after: usize, most: usize) -> io::Result<Vec<FailureLine>> {
        let file = match File::open(self.path.join(FAILURES)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            file => file?,
        };
        let mut found = Vec::new();
        for line in BufReader::new(file).lines().skip(after).take(most) {
            // The last line may be being written.
            match serde_json::from_str(&line?) {
                Ok(line) => found.push(line),
                Err(_) => break,
            }
        }
        Ok(found)
    }
}

/// What a file may be called here that somebody else calls `name`.
fn file_name(name: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ' ');
    let name: String = name.chars().map(|c| if plain(c) { c } else { '_' }).take(100).collect();
    let name = name.trim_matches(['.', ' ']);
    if name.is_empty() { "source".to_owned() } else { name.to_owned() }
}

fn all(catalog: &Path) -> PathBuf {
    catalog.join("jobs")
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
