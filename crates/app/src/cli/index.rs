//! `lookalike index`: products and their photos into a catalog.

use super::objects::Buckets;
use super::open::{Catalog, PhotoLimits, USUAL_ENCODER, encoder_named, reader};
use super::progress::Progress;
use super::{Outcome, interrupt};
use crate::report::{json, table};
use anyhow::{Context, bail};
use lookalike_engine::fetch::{CachingReader, PhotoCache};
use lookalike_engine::ingest::{Counts, Event, FailuresFile, Ingest, Report};
use lookalike_engine::search::SearchError;
use lookalike_engine::source::{
    self, ImageBase, ImageSeparator, Mapping, ProductIdRule, SourceFormat, SourceOptions,
};
use lookalike_engine::store::Store;
use lookalike_engine::store::embedded::{Access, EmbeddedStore};
use lookalike_vision::encoder::{Encoder, EncoderId};
use serde_json::json;
use std::io::{self, Write};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bring the photos of a folder, CSV or JSON-lines file into a catalog
///
/// Running it again brings what is new or changed and leaves the rest alone; a run that was stopped goes on where it
/// was. Products that the source no longer names stay in the catalog. Whatever cannot be used is named on standard error
/// and in the failures file, and the exit code is then 3.
#[derive(Debug, clap::Args)]
pub(super) struct Index {
    /// The catalog: a folder, made where there is none.
    #[arg(value_name = "CATALOG")]
    catalog: PathBuf,
    /// A folder of photos, a CSV, or a file of JSON lines, on this machine, at https://… or in a bucket (s3://…); a
    /// DynamoDB table (dynamodb://TABLE).
    #[arg(value_name = "SOURCE")]
    source: PathBuf,
    /// What makes the vectors of a new catalog, the primary one first; may be given more than once [default: look-0].
    #[arg(long = "encoder", value_name = "NAME")]
    encoders: Vec<String>,
    /// Where to name what failed [default: failures.csv in the catalog].
    #[arg(long, value_name = "FILE")]
    failures: Option<PathBuf>,
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

/// How the source is read.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Reading the source")]
struct Reading {
    /// What the source is; told from its content otherwise.
    #[arg(long, value_enum)]
    format: Option<FormatName>,
    /// Which columns mean what, such as `id=sku,image=photo`; told from their names otherwise.
    #[arg(long, value_name = "MAP", value_parser = Mapping::parse)]
    map: Option<Mapping>,
    /// What image names are relative to: a folder, or the front part of a web address.
    #[arg(long, value_name = "BASE")]
    image_base: Option<String>,
    /// What stands between several images in one cell; `json` for JSON arrays.
    #[arg(long, value_name = "TEXT")]
    image_separator: Option<String>,
    /// Take each first-level folder, with all photos in it, for one product.
    #[arg(long)]
    product_per_folder: bool,
    /// What names a product that is one file.
    #[arg(long, value_name = "RULE", value_enum, default_value_t)]
    product_id: ProductIdName,
}

/// What a run may cost.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Cost")]
struct Cost {
    /// Fetch addresses that are stored already again, to see whether their photos changed
    #[arg(long)]
    recheck_urls: bool,
    /// Threads that decode and encode [default: one per core].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    workers: Option<u16>,
    #[command(flatten)]
    cache: CacheSize,
    #[command(flatten)]
    photos: PhotoLimits,
}

/// How much of the web is kept.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct CacheSize {
    /// Keep up to this much of the photos from the web in the catalog, such as `500MB` or `2GB`; 0 keeps none. The
    /// oldest go first.
    #[arg(long, value_name = "SIZE", default_value = CacheSize::USUAL, value_parser = bytes)]
    photo_cache: u64,
}

impl CacheSize {
    const USUAL: &str = "10GB";

    /// The cache of a catalog.
    pub(super) fn of(&self, catalog: &Path) -> PhotoCache {
        PhotoCache::new(catalog, self.photo_cache)
    }
}

impl Default for CacheSize {
    fn default() -> Self {
        Self { photo_cache: bytes(Self::USUAL).unwrap_or_default() }
    }
}

/// A number of bytes, as a person writes it.
fn bytes(text: &str) -> Result<u64, String> {
    let wrong = || "must be a size such as 0, 500MB or 2GB".to_owned();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == ' ');
    let unit = match text.get(digits.len()..).unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kb" | "k" => 1_000,
        "mb" | "m" => 1_000_000,
        "gb" | "g" => 1_000_000_000,
        "tb" | "t" => 1_000_000_000_000,
        _ => return Err(wrong()),
    };
    let count: u64 = digits.parse().map_err(|_| wrong())?;
    count.checked_mul(unit).ok_or_else(wrong)
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum FormatName {
    Folder,
    Csv,
    Jsonl,
}

#[derive(Debug, Clone, Copy, Default, clap::ValueEnum)]
enum ProductIdName {
    /// The file's name without its extension.
    #[default]
    Stem,
    /// The path below the folder.
    Path,
}

impl Reading {
    fn options(self) -> SourceOptions {
        SourceOptions {
            format: self.format.map(|name| match name {
                FormatName::Folder => SourceFormat::Folder,
                FormatName::Csv => SourceFormat::Csv,
                FormatName::Jsonl => SourceFormat::JsonLines,
            }),
            map: self.map.unwrap_or_default(),
            product_per_folder: self.product_per_folder,
            product_id: match self.product_id {
                ProductIdName::Stem => ProductIdRule::Stem,
                ProductIdName::Path => ProductIdRule::Path,
            },
            image_base: self.image_base.as_deref().map(ImageBase::parse),
            image_separator: self.image_separator.as_deref().and_then(ImageSeparator::parse),
        }
    }
}

impl Cost {
    fn ingest(&self) -> Ingest {
        let usual = Ingest::default();
        Ingest {
            limits: self.photos.limits(),
            workers: self.workers.map_or(usual.workers, usize::from),
            recheck_urls: self.recheck_urls,
            ..usual
        }
    }
}

impl Index {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        let ingest = self.cost.ingest();
        let catalog = Catalog { catalog: self.catalog };
        let place = catalog.folder()?;
        let run = Run {
            place,
            source: &self.source,
            options: self.reading.options(),
            encoders: &self.encoders,
            failures: self.failures.as_deref(),
            allow_private_urls: self.allow_private_urls,
            buckets: self.buckets,
            photo_cache: self.cost.cache.clone(),
        };
        let report = run.carry_out(&ingest)?;
        let mut out = io::stdout().lock();
        if self.json {
            json::write(&mut out, &as_json(&report))?;
        } else {
            write_report(&mut out, place, &report)?;
        }
        Ok(outcome(&report))
    }
}

/// How a run is told to the caller's shell.
pub(super) fn outcome(report: &Report) -> Outcome {
    if report.cancelled {
        Outcome::Stopped
    } else if report.counts.any_failed() {
        Outcome::SomeFailed
    } else {
        Outcome::Done
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
        let reader = reader(self.allow_private_urls)?.with_objects(objects);
        let reader = CachingReader::new(reader, self.photo_cache.of(self.place));
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
                Event::Progress(counts) => progress.reach(done(&counts), &note(&counts)),
                Event::Planned { .. } | Event::Stored { .. } | Event::Unchanged { .. } => {}
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
}

/// Opens a catalog for writing with its own encoders, which must be those named if any are; or makes one for them.
fn open_or_create(place: &Path, names: &[String]) -> anyhow::Result<(EmbeddedStore, Vec<Arc<dyn Encoder>>)> {
    // Each worker has its own core.
    let load = |name: &str| encoder_named(name, NonZero::<usize>::MIN);
    if !EmbeddedStore::is_at(place) {
        let usual = [USUAL_ENCODER.to_owned()];
        let names = if names.is_empty() { &usual } else { names };
        let encoders = names.iter().map(|name| load(name)).collect::<anyhow::Result<Vec<_>>>()?;
        let ids: Vec<EncoderId> = encoders.iter().map(|encoder| encoder.id().clone()).collect();
        return Ok((EmbeddedStore::open_or_create(place, &ids)?, encoders));
    }
    let store = EmbeddedStore::open(place, Access::ReadWrite)?;
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
        let encoder = load(&stored.name)?;
        if encoder.id() != stored {
            let (stored, offered) = (stored.clone().into(), encoder.id().clone().into());
            return Err(SearchError::EncoderDiffers { stored, offered }.into());
        }
        Ok(encoder)
    });
    let encoders = encoders.collect::<anyhow::Result<Vec<_>>>()?;
    Ok((store, encoders))
}

fn done(counts: &Counts) -> u64 {
    counts.stored + counts.unchanged + counts.failed
}

/// What is to be known beside how far a run has come.
pub(super) fn note(counts: &Counts) -> String {
    if counts.failed > 0 { format!("({} failed)", counts.failed) } else { String::new() }
}

fn write_report(out: &mut dyn Write, place: &Path, report: &Report) -> io::Result<()> {
    let Report { counts, cancelled, seconds, .. } = report;
    let products = &counts.products;
    let mut rows = vec![
        ("photos", counts.to_string()),
        (
            "products",
            format!(
                "{} seen = {} stored + {} unchanged + {} failed",
                products.seen, products.stored, products.unchanged, products.failed
            ),
        ),
        ("time", format!("{seconds:.1} s, {:.0} photos a second", done(counts) as f64 / seconds.max(1e-9))),
    ];
    if products.not_reached > 0 {
        rows.push(("not reached", format!("{} products", products.not_reached)));
    }
    if counts.without_image > 0 {
        rows.push(("without a photo", format!("{} products", counts.without_image)));
    }
    if *cancelled {
        rows.push(("stopped", "run the same command again to go on".to_owned()));
    }
    table::write_record(out, &place.display().to_string(), &rows)
}

fn as_json(report: &Report) -> serde_json::Value {
    let Report { counts, cancelled, seconds, peak_bytes } = report;
    let products = &counts.products;
    json!({
        "images": {
            "seen": counts.seen,
            "stored": counts.stored,
            "unchanged": counts.unchanged,
            "failed": counts.failed,
            "not_reached": counts.not_reached,
        },
        "products": {
            "seen": products.seen,
            "stored": products.stored,
            "unchanged": products.unchanged,
            "failed": products.failed,
            "not_reached": products.not_reached,
            "without_image": counts.without_image,
        },
        "bytes_read": counts.bytes,
        "peak_bytes": peak_bytes,
        "cancelled": cancelled,
        "seconds": seconds,
    })
}
