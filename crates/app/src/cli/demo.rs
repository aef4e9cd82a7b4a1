//! `lookalike demo`: a shop to try everything on, drawn, indexed and served.

use super::cost::{CacheSize, Fetching};
use super::counts::outcome;
use super::index::Run;
use super::log::Logging;
use super::objects::Buckets;
use super::open::{Catalog, EncoderChoice};
use super::progress::Progress;
use super::serve::Service;
use super::{Outcome, open};
use crate::demo::{DemoOptions, Written, write};
use anyhow::Context;
use lookalike_engine::ingest::Ingest;
use lookalike_engine::source::SourceOptions;
use lookalike_engine::store::Store;
use lookalike_engine::store::embedded::{Access, EmbeddedStore};
use lookalike_vision::look;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Queries shown as examples, per kind of question.
const EXAMPLES: usize = 2;

/// Draw a demo shop, index it and serve it
///
/// Needs no network. The second time it starts at once.
#[derive(Debug, clap::Args)]
pub(super) struct Demo {
    /// The folder to draw into; it is made where there is none.
    #[arg(value_name = "FOLDER", default_value = "demo-catalog")]
    folder: PathBuf,
    /// Products to draw, about three pictures each.
    #[arg(long, value_name = "N", default_value_t = DemoOptions::default().products)]
    products: usize,
    /// Decides what the products look like.
    #[arg(long, value_name = "N", default_value_t = DemoOptions::default().seed)]
    seed: u64,
    /// Draw and index only.
    #[arg(long)]
    no_serve: bool,
    #[command(flatten)]
    service: Service,
}

impl Demo {
    pub(super) fn logging(&self) -> &Logging {
        self.service.logging()
    }

    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        let Self { folder, products, seed, no_serve, service } = self;
        let written = draw(&folder, DemoOptions { seed, products })?;
        let catalog = folder.join("shop.lookalike");
        if is_of_other_weights(&catalog) {
            writeln!(io::stderr(), "{}: made anew, with this version's look-1", catalog.display())?;
            fs::remove_dir_all(&catalog).with_context(|| format!("cannot remove {}", catalog.display()))?;
        }
        let run = Run {
            place: &catalog,
            source: &folder.join("products.csv"),
            options: SourceOptions::default(),
            encoders: &[],
            failures: None,
            allow_private_urls: false,
            fetching: &Fetching::default(),
            buckets: Buckets::default(),
            photo_cache: CacheSize::default(),
        };
        let report = run.carry_out(&Ingest::default())?;
        if report.cancelled {
            writeln!(io::stderr(), "stopped: run the same command again to go on")?;
            return Ok(Outcome::Stopped);
        }
        let mut out = io::stdout().lock();
        writeln!(
            out,
            "{} products with {} pictures in {}, {} query pictures in {}",
            written.products,
            written.pictures,
            catalog.display(),
            written.queries,
            folder.join("queries").display(),
        )?;
        what_to_try(&mut out, &catalog, &folder.join("queries"))?;
        drop(out);
        if no_serve {
            return Ok(outcome(&report));
        }
        let scheme = service.scheme();
        service.run(&Catalog { catalog }, &EncoderChoice::default(), |address| {
            writeln!(io::stdout(), "\nOr on the page: {scheme}://{address}/   (Ctrl-C stops)")
        })
    }
}

/// Whether the demo was indexed by a version whose `look-1` had other weights: its vectors say nothing to this one.
fn is_of_other_weights(catalog: &Path) -> bool {
    // What is not there is made, and what cannot be opened is told by what opens it next.
    let store = EmbeddedStore::open(catalog, Access::ReadOnly);
    store.is_ok_and(|store| store.encoders().iter().any(|id| id.name == look::NAME && id != look::id()))
}

fn draw(folder: &Path, options: DemoOptions) -> anyhow::Result<Written> {
    let mut progress: Option<Progress> = None;
    let written = write(folder, options, &mut |done, total| {
        let bar = progress.get_or_insert_with(|| Progress::start(Some(total as u64), "pictures drawn"));
        bar.reach(done as u64, "");
    });
    if let Some(progress) = progress {
        progress.finish();
    }
    Ok(written?)
}

/// Commands a newcomer can paste.
fn what_to_try(out: &mut dyn Write, catalog: &Path, queries: &Path) -> anyhow::Result<()> {
    let mut names: Vec<PathBuf> = std::fs::read_dir(queries)
        .with_context(|| format!("cannot read {}", queries.display()))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    names.sort();
    let program = open::program();
    writeln!(out, "\nTry:")?;
    let (copies, others): (Vec<&PathBuf>, Vec<&PathBuf>) =
        names.iter().partition(|path| path.to_string_lossy().contains("copy-of"));
    for query in copies.iter().take(EXAMPLES).chain(others.iter().take(EXAMPLES)) {
        writeln!(out, "  {program} check {} {}", catalog.display(), query.display())?;
    }
    for query in others.iter().take(EXAMPLES) {
        writeln!(out, "  {program} search {} {}", catalog.display(), query.display())?;
    }
    writeln!(out, "  {program} status {}", catalog.display())?;
    writeln!(out, "  {program} evaluate {}", catalog.display())?;
    Ok(())
}
