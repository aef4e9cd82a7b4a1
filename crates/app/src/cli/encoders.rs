//! `lookalike encoders`: what makes a catalog's vectors, and changing that.

use super::cost::{CacheSize, Fetching};
use super::counts::{note, outcome};
use super::encoders_upgrade::Upgrade;
use super::objects::Buckets;
use super::open::{Catalog, PhotoLimits, encoder_for_catalog, encoder_reads_text};
use super::progress::Progress;
use super::{Outcome, interrupt};
use crate::report::{json, table};
use anyhow::Context;
use lookalike_engine::fetch::CachingReader;
use lookalike_engine::fetch::uploads::Uploads;
use lookalike_engine::ingest::{AddReport, Event, FailuresFile, Ingest, Unreadable};
use lookalike_engine::store::embedded::{Access, EmbeddedStore};
use lookalike_engine::store::{EncoderChanges, Store, Summary};
use serde_json::{Value, json};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// List, add and remove what makes a catalog's vectors
///
/// A catalog has one encoder or several; a search names one or takes the primary. They are never mixed.
#[derive(Debug, clap::Args)]
pub(super) struct Encoders {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    List(List),
    Add(Add),
    Remove(Remove),
    Primary(Primary),
    Upgrade(Upgrade),
}

/// List a catalog's encoders, the primary one first
#[derive(Debug, clap::Args)]
struct List {
    #[command(flatten)]
    catalog: Catalog,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Give every stored photo a vector of another encoder
///
/// Photos are read where they were, those from the web out of the catalog's cache or fetched again, and taken only when
/// their bytes are those that were stored. Meanwhile the catalog is searched as before. A run that was stopped goes on
/// where it was when the same command is run again.
///
/// The catalog has the encoder once every photo has its vector. A photo that cannot be read any more is named, the exit
/// code is 3, and the encoder waits for it: bring the photo back, or index its source again where it changed, and run the
/// command again; or go on with --skip-unreadable, and such photos are found by this encoder no more.
#[derive(Debug, clap::Args)]
struct Add {
    #[command(flatten)]
    catalog: Catalog,
    /// The encoder.
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    how: Encoding,
}

/// How stored photos are encoded once more.
#[derive(Debug, clap::Args)]
pub(super) struct Encoding {
    /// Go on without the photos that cannot be read any more.
    #[arg(long)]
    skip_unreadable: bool,
    /// Where to name what failed [default: failures-NAME.csv in the catalog].
    #[arg(long, value_name = "FILE")]
    failures: Option<PathBuf>,
    /// Fetch photos from this machine or a private network, where their addresses are there.
    #[arg(long)]
    allow_private_urls: bool,
    #[command(flatten)]
    buckets: Buckets,
    /// Threads that decode and encode [default: one per core].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    workers: Option<u16>,
    #[command(flatten)]
    cache: CacheSize,
    #[command(flatten)]
    limits: PhotoLimits,
    /// Print the counts as JSON.
    #[arg(long)]
    pub(super) json: bool,
}

/// Remove an encoder and all its vectors
///
/// The space is used again by what is stored next.
#[derive(Debug, clap::Args)]
struct Remove {
    #[command(flatten)]
    catalog: Catalog,
    /// The encoder.
    #[arg(value_name = "NAME")]
    name: String,
}

/// Make an encoder the one that searches use when they name none
#[derive(Debug, clap::Args)]
struct Primary {
    #[command(flatten)]
    catalog: Catalog,
    /// The encoder.
    #[arg(value_name = "NAME")]
    name: String,
}

impl Encoders {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        match self.action {
            Action::List(list) => list.run(),
            Action::Add(add) => add.run(),
            Action::Upgrade(upgrade) => upgrade.run(),
            Action::Remove(remove) => change(&remove.catalog, |store| store.remove_encoder(&remove.name)),
            Action::Primary(primary) => change(&primary.catalog, |store| store.make_primary(&primary.name)),
        }
    }
}

/// Changes the list and shows it as it is then.
fn change<E: std::error::Error + Send + Sync + 'static>(
    catalog: &Catalog,
    change: impl FnOnce(&mut EmbeddedStore) -> Result<(), E>,
) -> anyhow::Result<Outcome> {
    let mut store = EmbeddedStore::open(catalog.folder()?, Access::ReadWrite)?;
    change(&mut store)?;
    write_list(&mut io::stdout().lock(), &store.summary()?)?;
    Ok(Outcome::Done)
}

impl List {
    fn run(self) -> anyhow::Result<Outcome> {
        let summary = self.catalog.open()?.summary()?;
        let mut out = io::stdout().lock();
        if self.json {
            json::write(&mut out, &json!({"encoders": as_json(&summary)}))?;
        } else {
            write_list(&mut out, &summary)?;
        }
        Ok(Outcome::Done)
    }
}

/// The encoders of a catalog with their state, for a program.
pub(super) fn as_json(summary: &Summary) -> Vec<Value> {
    let ready = summary.encoders.iter().enumerate().map(|(place, id)| {
        let state = if place == 0 { "primary" } else { "ready" };
        json!({
            "name": id.name, "dimensions": id.dimensions, "digest": id.digest, "state": state,
            "text": encoder_reads_text(&id.name),
        })
    });
    let adding = summary.adding.iter().map(|added| {
        let id = &added.id;
        json!({
            "name": id.name, "dimensions": id.dimensions, "digest": id.digest, "state": "being added",
            "lacking": added.lacking, "text": encoder_reads_text(&id.name),
        })
    });
    ready.chain(adding).collect()
}

fn write_list(out: &mut dyn Write, summary: &Summary) -> io::Result<()> {
    let words = |name: &str| if encoder_reads_text(name) { "yes" } else { "no" }.to_owned();
    let ready = summary.encoders.iter().enumerate().map(|(place, id)| {
        let state = if place == 0 { "primary" } else { "ready" };
        [id.name.clone(), state.to_owned(), words(&id.name), id.dimensions.to_string(), short(&id.digest)]
    });
    let adding = summary.adding.iter().map(|added| {
        let (id, state) = (&added.id, format!("being added, {} photos lack it", added.lacking));
        [id.name.clone(), state, words(&id.name), id.dimensions.to_string(), short(&id.digest)]
    });
    let rows: Vec<[String; 5]> = ready.chain(adding).collect();
    table::write(out, ["encoder", "state", "reads words", "dimensions", "digest"], &rows)
}

/// Enough of a digest to tell it from others.
fn short(digest: &str) -> String {
    digest.chars().take(16).collect()
}

impl Add {
    fn run(self) -> anyhow::Result<Outcome> {
        let folder = self.catalog.folder()?;
        let mut store = EmbeddedStore::open(folder, Access::ReadWrite)?;
        let added = self.how.add(&mut store, folder, &self.name)?;
        let mut out = io::stdout().lock();
        if self.how.json {
            json::write(&mut out, &report_as_json(&self.name, &added))?;
        } else {
            let rows = report_rows(&self.name, &added);
            table::write_record(&mut out, &folder.display().to_string(), &rows)?;
        }
        Ok(outcome(&added.report))
    }
}

impl Encoding {
    /// Gives every photo of the catalog in `folder` a vector of the encoder `name`, told on standard error.
    pub(super) fn add(
        &self,
        store: &mut EmbeddedStore,
        folder: &Path,
        name: &str,
    ) -> anyhow::Result<AddReport> {
        let encoder = encoder_for_catalog(name)?;
        store.begin_encoder(encoder.id())?;
        let named = || folder.join(format!("failures-{name}.csv"));
        let mut failures = FailuresFile::create(&self.failures.clone().unwrap_or_else(named))?;
        let usual = Ingest::default();
        let ingest = Ingest {
            limits: self.limits.limits(),
            workers: self.workers.map_or(usual.workers, usize::from),
            ..usual
        };
        let unreadable = if self.skip_unreadable { Unreadable::LeaveOut } else { Unreadable::Wait };
        let stop = interrupt::stop_flag()?;
        let fetcher = Fetching::default().reader(self.allow_private_urls, &ingest, Some(&stop))?;
        let fetcher = fetcher.with_uploads(Uploads::new(folder));
        let reader = CachingReader::new(fetcher, self.cache.of(folder));
        let lacking =
            store.summary()?.adding.iter().find(|added| added.id == *encoder.id()).map(|a| a.lacking);
        let mut progress = Progress::start(lacking, "photos");
        let mut unwritten = None;
        let mut on_event = |event| match event {
            Event::Failed(failure) => {
                progress.say(&format!("failed: {failure}"));
                if let Err(error) = failures.record(&failure) {
                    unwritten.get_or_insert(error);
                }
            }
            Event::Progress(counts) => progress.reach(counts.stored + counts.failed, &note(&counts)),
            _ => {}
        };
        let added = ingest.add_encoder(store, encoder.as_ref(), &reader, unreadable, &mut on_event, &stop);
        progress.finish();
        let added = added?;
        if let Some(error) = unwritten {
            return Err(error).context("the vectors are in the catalog, but");
        }
        if let Some(path) = failures.finish()? {
            // Nobody may be there to read it.
            let _ = writeln!(io::stderr(), "what failed is named in {}", path.display());
        }
        Ok(added)
    }
}

/// How adding went, for a person.
pub(super) fn report_rows(name: &str, added: &AddReport) -> Vec<(&'static str, String)> {
    let AddReport { report, finished } = added;
    let counts = &report.counts;
    let mut photos = format!("{} lacking = {} stored + {} failed", counts.seen, counts.stored, counts.failed);
    if counts.not_reached > 0 {
        photos.push_str(&format!(" + {} not reached", counts.not_reached));
    }
    let rate = (counts.stored + counts.failed) as f64 / report.seconds.max(1e-9);
    let state = match (finished, report.cancelled) {
        (true, _) => format!("{name} is one of the catalog's encoders"),
        (false, true) => "run the same command again to go on".to_owned(),
        (false, false) => {
            "not finished: bring back what failed, or index its source again where it changed, and run \
                           the same command again; or add --skip-unreadable"
                .to_owned()
        }
    };
    vec![
        ("photos", photos),
        ("time", format!("{:.1} s, {rate:.0} photos a second", report.seconds)),
        (if *finished { "done" } else { "stopped" }, state),
    ]
}

/// How adding went, for a program.
pub(super) fn report_as_json(name: &str, added: &AddReport) -> Value {
    let counts = &added.report.counts;
    json!({
        "encoder": name,
        "finished": added.finished,
        "images": {
            "lacking": counts.seen,
            "stored": counts.stored,
            "failed": counts.failed,
            "not_reached": counts.not_reached,
        },
        "bytes_read": counts.bytes,
        "peak_bytes": added.report.peak_bytes,
        "cancelled": added.report.cancelled,
        "seconds": added.report.seconds,
    })
}
