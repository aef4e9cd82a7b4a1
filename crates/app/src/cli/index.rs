//! `lookalike index`: products and their photos into a catalog.

use super::cost::{CacheSize, Cost, Fetching};
use super::counts::{done, note, outcome};
use super::objects::Buckets;
use super::open::{Catalog, USUAL_ENCODER, encoder_for_catalog};
use super::progress::Progress;
use super::reading::Reading;
use super::{Outcome, counts, interrupt, retired};
use crate::report::json;
use anyhow::{Context, bail};
use lookalike_engine::fetch::CachingReader;
use lookalike_engine::ingest::{Event, FailuresFile, Ingest, Missing, Report};
use lookalike_engine::search::SearchError;
use lookalike_engine::source::{self, SourceOptions};
use lookalike_engine::store::Store;
use lookalike_engine::store::embedded::{Access, EmbeddedStore};
use lookalike_vision::encoder::{Encoder, EncoderId};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bring the photos of a folder, an archive, a shop's export or a feed into a catalog
///
/// Running it again brings what is new or changed and leaves the rest alone; a run that was stopped goes on where it
/// was. Products that the source no longer names stay in the catalog, unless --delete-missing is given. Whatever cannot be
/// used is named on standard error and in the failures file, and the exit code is then 3.
#[derive(Debug, clap::Args)]
pub(super) struct Index {
    /// The catalog: a folder, made where there is none.
    #[arg(value_name = "CATALOG")]
    catalog: PathBuf,
    /// A folder or an archive of photos, a table (CSV, TSV, an export of Shopify, WooCommerce or Magento), JSON lines, a
    /// product feed, a sitemap, a list of addresses, or Amazon Berkeley Objects; what it is, is told from its content. On
    /// this machine, at https://… or in a bucket (s3://…); or a DynamoDB table (dynamodb://TABLE).
    #[arg(value_name = "SOURCE")]
    source: PathBuf,
    /// What makes the vectors of a new catalog, the primary one first; may be given more than once [default: look-1].
    #[arg(long = "encoder", value_name = "NAME")]
    encoders: Vec<String>,
    /// Where to name what failed [default: failures.csv in the catalog].
    #[arg(long, value_name = "FILE")]
    failures: Option<PathBuf>,
    /// Remove products that the source no longer names, once it was read to its end; `all` even when rows of it failed or
    /// more than half of the catalog would go.
    #[arg(
        long,
        value_name = "WHICH",
        value_enum,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "careful"
    )]
    delete_missing: Option<DeleteMissing>,
    /// Show what would be done, and do nothing: no photo is read or fetched.
    #[arg(long)]
    dry_run: bool,
    /// Fetch photos from this machine or a private network, where the source names addresses there.
    #[arg(long)]
    allow_private_urls: bool,
    #[command(flatten)]
    buckets: Buckets,
    /// Print the counts as JSON.
    #[arg(long)]
    json: bool,
    // Their headings hold for whatever follows them.
    #[command(flatten)]
    reading: Reading,
    #[command(flatten)]
    cost: Cost,
}

/// Which products that the source does not name are removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum DeleteMissing {
    /// None when a row of the source failed, or when they are more than half of the catalog.
    Careful,
    /// All of them.
    All,
}

impl Index {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        let ingest = Ingest {
            missing: match self.delete_missing {
                None => Missing::Keep,
                Some(DeleteMissing::Careful) => Missing::Remove,
                Some(DeleteMissing::All) => Missing::RemoveAny,
            },
            ..self.cost.ingest()
        };
        let catalog = Catalog { catalog: self.catalog };
        let place = catalog.folder()?;
        let run = Run {
            place,
            source: &self.source,
            options: self.reading.options(),
            encoders: &self.encoders,
            failures: self.failures.as_deref(),
            allow_private_urls: self.allow_private_urls,
            fetching: self.cost.fetching(),
            buckets: self.buckets,
            photo_cache: self.cost.cache.clone(),
        };
        let report = if self.dry_run { run.preview(&ingest)? } else { run.carry_out(&ingest)? };
        if let Some(reason) = report.not_removed {
            // Nobody may be there to read it.
            let _ = writeln!(io::stderr(), "no product was removed: {reason}");
        }
        let mut out = io::stdout().lock();
        if self.json {
            json::write(&mut out, &counts::as_json(&report, self.dry_run))?;
        } else {
            counts::write_report(&mut out, place, &report, self.dry_run)?;
        }
        Ok(outcome(&report))
    }
}

/// One ingest from a path into a folder, told on standard error.
pub(super) struct Run<'a> {
    pub(super) place: &'a Path,
    pub(super) source: &'a Path,
    pub(super) options: SourceOptions,
    /// Of a new catalog, or those it has; none means whatever it has.
    pub(super) encoders: &'a [String],
    pub(super) failures: Option<&'a Path>,
    pub(super) allow_private_urls: bool,
    pub(super) fetching: &'a Fetching,
    pub(super) buckets: Buckets,
    pub(super) photo_cache: CacheSize,
}

impl Run<'_> {
    pub(super) fn carry_out(self, ingest: &Ingest) -> anyhow::Result<Report> {
        // These first: a mistyped path must not leave an empty catalog behind.
        if let Some(path) = self.failures
            && let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty())
            && !folder.is_dir()
        {
            bail!(
                "cannot write the failures file {}: there is no folder {}",
                path.display(),
                folder.display()
            );
        }
        let stop = interrupt::stop_flag()?;
        let objects = self.buckets.objects(source::remote::named_buckets(self.source, &self.options)?)?;
        // Nobody may be there to read it.
        let mut say = |line: &str| drop(writeln!(io::stderr(), "{line}"));
        let source = source::open_anywhere(self.source, &self.options, &objects, &mut say, &stop)?;
        let fetcher = self.fetching.reader(self.allow_private_urls, ingest, Some(&stop))?;
        let fetcher = fetcher.with_objects(objects);
        let reader = CachingReader::new(fetcher, self.photo_cache.of(self.place));
        let (store, encoders) = open_or_create(self.place, self.encoders)?;
        let failures_path = self.failures.map_or_else(|| self.place.join("failures.csv"), Path::to_owned);
        let mut failures = FailuresFile::create(&failures_path)?;
        let mut progress = Progress::start(source.images_expected(), "photos");
        progress.say(&source.describe());
        for added in store.summary()?.adding {
            let (name, place) = (added.id.name, self.place.display());
            progress.say(&format!(
                "{name} is being added and gets no vectors here: go on with `lookalike encoders add {place} {name}` \
                 afterwards"
            ));
        }
        let encoders: Vec<&dyn Encoder> = encoders.iter().map(AsRef::as_ref).collect();
        let mut unwritten = None;
        let report = ingest.run(
            source.as_ref(),
            &store,
            &encoders,
            &reader,
            &mut |event| match event {
                Event::Notice(notice) => progress.say(&notice),
                Event::Failed(failure) => {
                    progress.say(&format!("failed: {failure}"));
                    if let Err(error) = failures.record(&failure) {
                        unwritten.get_or_insert(error);
                    }
                }
                Event::NotReached(named) => {
                    // These may be very many; the report counts them.
                    if let Err(error) = failures.record(&named) {
                        unwritten.get_or_insert(error);
                    }
                }
                Event::Progress(counts) => progress.reach(done(&counts), &note(&counts)),
                _ => {}
            },
            &stop,
        );
        progress.finish();
        let report = report?;
        if let Some(error) = unwritten {
            return Err(error).context("the photos are in the catalog, but");
        }
        if let Some(path) = failures.finish()? {
            // Nobody may be there to read it.
            let _ = writeln!(io::stderr(), "what failed is named in {}", path.display());
        }
        Ok(report)
    }

    /// Counts what [`Self::carry_out`] would do.
    fn preview(self, ingest: &Ingest) -> anyhow::Result<Report> {
        let source = source::open(self.source, &self.options)?;
        let reader = self.fetching.reader(self.allow_private_urls, ingest, None)?;
        let store = match EmbeddedStore::is_at(self.place) {
            true => Some(EmbeddedStore::open(self.place, Access::ReadOnly)?),
            false => None,
        };
        let stop = interrupt::stop_flag()?;
        let mut progress = Progress::start(source.images_expected(), "photos");
        progress.say(&source.describe());
        let report = ingest.preview(
            source.as_ref(),
            store.as_ref().map(|store| store as &dyn Store),
            &reader,
            &mut |event| match event {
                Event::Notice(notice) => progress.say(&notice),
                Event::Failed(failure) => progress.say(&format!("would fail: {failure}")),
                Event::Removed { product, .. } => progress.say(&format!("would be removed: {product}")),
                Event::Progress(counts) => progress.reach(done(&counts), &note(&counts)),
                _ => {}
            },
            &stop,
        );
        progress.finish();
        Ok(report?)
    }
}

/// Opens a catalog for writing with its own encoders, which must be those named if any are; or makes one for them.
fn open_or_create(place: &Path, names: &[String]) -> anyhow::Result<(EmbeddedStore, Vec<Arc<dyn Encoder>>)> {
    if !EmbeddedStore::is_at(place) {
        let usual = [USUAL_ENCODER.to_owned()];
        let names = if names.is_empty() { &usual } else { names };
        let encoders =
            names.iter().map(|name| encoder_for_catalog(name)).collect::<anyhow::Result<Vec<_>>>()?;
        let ids: Vec<EncoderId> = encoders.iter().map(|encoder| encoder.id().clone()).collect();
        return Ok((EmbeddedStore::open_or_create(place, &ids)?, encoders));
    }
    let store = EmbeddedStore::open(place, Access::ReadWrite)?;
    if retired::is_in(&store) {
        bail!(retired::cure(place));
    }
    let has: Vec<&str> = store.encoders().iter().map(|id| id.name.as_str()).collect();
    if !names.is_empty() && names != has {
        let place = place.display();
        bail!(
            "{place} has the encoders {} and {} was asked for: leave --encoder out, and change them with `lookalike \
             encoders add {place} NAME`, `remove` and `primary`",
            has.join(", "),
            names.join(", ")
        );
    }
    let encoders = store.encoders().iter().map(|stored| {
        let encoder = encoder_for_catalog(&stored.name)?;
        if encoder.id() != stored {
            let (stored, offered) = (stored.clone().into(), encoder.id().clone().into());
            return Err(SearchError::EncoderDiffers { stored, offered }.into());
        }
        Ok(encoder)
    });
    let encoders = encoders.collect::<anyhow::Result<Vec<_>>>()?;
    Ok((store, encoders))
}
