//! `lookalike import`: what `lookalike export` wrote, into a catalog.

use super::open::Catalog;
use super::progress::Progress;
use super::{Outcome, interrupt};
use crate::report::{json, table};
use anyhow::Context;
use lookalike_engine::source::shown::path_line;
use lookalike_engine::store::embedded::{Access, EmbeddedStore};
use lookalike_engine::transfer::{Import as File, ImportCounts, ImportEvent, ImportReport, Tally};
use serde_json::json;
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

/// Bring what `lookalike export` wrote into a catalog
///
/// No photo is read: hashes and vectors come out of the file, to the bit. A new catalog gets the file's encoders; an
/// existing one must have the same. What it has already is left alone, so an import that was stopped is run again and
/// goes on. Products that the file does not name stay. Lines that cannot be used are named on standard error, and the
/// exit code is then 3.
#[derive(Debug, clap::Args)]
pub(super) struct Import {
    /// The catalog: a folder, made where there is none.
    #[arg(value_name = "CATALOG")]
    catalog: PathBuf,
    /// What `lookalike export CATALOG --to FILE` wrote; `-` for standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Print the counts as JSON.
    #[arg(long)]
    json: bool,
}

impl Import {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        let catalog = Catalog { catalog: self.catalog };
        let place = catalog.folder()?;
        let (name, input): (String, Box<dyn BufRead>) = if self.file.as_os_str() == "-" {
            ("standard input".to_owned(), Box::new(io::stdin().lock()))
        } else {
            let name = path_line(&self.file);
            let file = fs::File::open(&self.file).with_context(|| format!("cannot read {name}"))?;
            (name, Box::new(BufReader::with_capacity(1 << 20, file)))
        };
        // First: what is no export must not leave an empty catalog behind.
        let import = File::open(input).with_context(|| name.clone())?;
        let store = match EmbeddedStore::is_at(place) {
            true => EmbeddedStore::open(place, Access::ReadWrite)?,
            false => EmbeddedStore::create(place, import.encoders())?,
        };
        let stop = interrupt::stop_flag()?;
        let mut progress = Progress::start(Some(import.images()), "photos");
        let mut failed = false;
        let report = import.run(
            &store,
            &mut |event| match event {
                ImportEvent::Failed(failure) => {
                    failed = true;
                    progress.say(&format!("failed: {name} line {}: {}", failure.line, failure.reason));
                }
                ImportEvent::Progress(ImportCounts { images, .. }) => {
                    progress.reach(images.stored + images.unchanged + images.failed, "");
                }
            },
            &stop,
        );
        progress.finish();
        let report = report.with_context(|| name.clone())?;
        tell(place, &report, self.json)?;
        Ok(match report.cancelled {
            true => Outcome::Stopped,
            false if failed => Outcome::SomeFailed,
            false => Outcome::Done,
        })
    }
}

fn tell(place: &Path, report: &ImportReport, as_json: bool) -> io::Result<()> {
    let ImportReport { counts: ImportCounts { products, images }, cancelled } = report;
    let mut out = io::stdout().lock();
    if as_json {
        let tally = |Tally { stored, unchanged, failed }: &Tally| json!({"stored": stored, "unchanged": unchanged, "failed": failed});
        let counts = json!({"products": tally(products), "images": tally(images), "cancelled": cancelled});
        return json::write(&mut out, &counts);
    }
    let tally = |Tally { stored, unchanged, failed }: &Tally| {
        format!("{stored} stored + {unchanged} unchanged + {failed} failed")
    };
    let mut rows = vec![("photos", tally(images)), ("products", tally(products))];
    if *cancelled {
        rows.push(("stopped", "run the same command again to go on".to_owned()));
    }
    table::write_record(&mut out, &place.display().to_string(), &rows)
}
