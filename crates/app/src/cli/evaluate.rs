//! `lookalike evaluate`: how well a catalog answers, measured on its own photos.

use super::Outcome;
use super::open::{Catalog, EncoderChoice, Encoders, reader};
use super::progress::Progress;
use crate::report::evaluation::{self, Evaluation, Ranked};
use lookalike_engine::evaluate::labelled::{self, Labels};
use lookalike_engine::evaluate::suite::Suite;
use lookalike_engine::evaluate::tiles::Tiles;
use lookalike_engine::evaluate::{evidence, robustness};
use lookalike_engine::fetch::uploads::Uploads;
use lookalike_engine::search::Searcher;
use lookalike_engine::store::StoredImage;
use lookalike_engine::store::embedded::Access;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// Photos of this fold are asked for where labels have folds: others may have been trained on.
const MEASURED_FOLD: &str = "measure";

/// Measure how well a catalog finds its own photos
///
/// Stored photos are edited in twenty-two ways (JPEG, crops, turns, words over them, screenshots, collages and more) and
/// looked for, by each encoder and each hash alone and by `check` as a whole; and every stored photo is looked for as it is.
/// With --labels also other photos of the same product, which needs no model.
#[derive(Debug, clap::Args)]
pub(super) struct Evaluate {
    #[command(flatten)]
    catalog: Catalog,
    /// One of the catalog's encoders, or `all` of them; may be given more than once, `check` goes by the first [default: the
    /// primary].
    #[arg(long = "encoder", value_name = "NAME")]
    encoders: Vec<String>,
    /// Edited copies to look for, per kind of edit; 0 measures by the labels alone
    #[arg(long, default_value_t = 80, value_name = "N")]
    trials: usize,
    /// Decides which photos are drawn and how they are edited
    #[arg(long, default_value_t = 20, value_name = "N")]
    seed: u64,
    /// Queries under way at a time [default: one for each core].
    #[arg(long, value_name = "N")]
    threads: Option<NonZero<usize>>,
    /// A CSV with columns file, product_id, class (and source, color, view, group, fold) of the catalog's photos.
    #[arg(long, value_name = "CSV")]
    labels: Option<PathBuf>,
    /// Ask for photos whose column `fold` of the labels says this
    #[arg(long, requires = "labels", default_value = MEASURED_FOLD, value_name = "NAME")]
    fold: String,
    /// A folder or tar of photos which are not in the catalog, for collages; drawn pictures are used otherwise.
    #[arg(long, value_name = "PATH")]
    tiles: Option<PathBuf>,
    /// Write down how each query's candidates compare, for `check`'s weights to be fitted on, and measure nothing
    #[arg(long, value_name = "FILE.csv", conflicts_with_all = ["markdown", "json"])]
    evidence: Option<PathBuf>,
    /// Print the tables as Markdown
    #[arg(long, conflicts_with = "json")]
    markdown: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Evaluate {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        let labels = self.labels.as_deref().map(labelled::read_labels).transpose()?;
        let threads = self
            .threads
            .or_else(|| std::thread::available_parallelism().ok())
            .unwrap_or(NonZero::<usize>::MIN);
        // Queries run beside each other, so each has one thread for its network.
        let source = Arc::new(Encoders::on(NonZero::<usize>::MIN));
        let searcher = self.catalog.searcher_with(&EncoderChoice::default(), source, Access::ReadOnly)?;
        let encoders = self.encoders(&searcher)?;
        let searcher = match encoders.first() {
            Some(first) => searcher.with_default(first)?,
            None => searcher,
        };
        let images = robustness::all_images(&searcher)?;
        anyhow::ensure!(!images.is_empty(), "the catalog holds no photo to measure with");
        let eligible = self.eligible(&images, labels.as_ref())?;
        let mut measured = Evaluation::default();
        if self.trials > 0 || labels.is_none() {
            let tiles = self.tiles.as_deref().map_or_else(|| Ok(Tiles::drawn()), Tiles::open)?;
            let reader = reader(false)?.with_uploads(Uploads::new(self.catalog.folder()?));
            let suite = Suite {
                searcher: &searcher,
                images: &images,
                eligible: &eligible,
                encoders: &encoders,
                reader: &reader,
                tiles: &tiles,
                trials: self.trials,
                seed: self.seed,
                threads,
            };
            if let Some(file) = &self.evidence {
                let mut out = BufWriter::new(File::create(file)?);
                let rows = with_progress(|told| evidence::gather(&suite, told))?;
                evidence::write(&mut out, &rows, searcher.scale()?.unrelated())?;
                out.flush()?;
                return Ok(Outcome::Done);
            }
            measured.suite = Some(with_progress(|told| suite.run(told))?);
            measured.themselves = Some(robustness::find_themselves(&searcher, &images)?);
        }
        if let Some(labels) = &labels {
            for encoder in &encoders {
                let slot = searcher.slot(Some(encoder))?;
                let figures = labelled::rank(&images, labels, slot)?;
                let folded = labelled::same_product(&images, labels, slot, &self.fold);
                measured.ranked.push(Ranked { encoder: encoder.clone(), figures, folded });
            }
        }
        let mut out = io::stdout().lock();
        if self.json {
            evaluation::write_json(&mut out, &measured, &images)?;
        } else {
            evaluation::write(&mut out, &measured, &images, self.markdown)?;
        }
        Ok(Outcome::Done)
    }

    /// Which images may be edited: those of the fold where the labels have folds, else all.
    fn eligible(&self, images: &[StoredImage], labels: Option<&Labels>) -> anyhow::Result<Vec<usize>> {
        let every = || (0..images.len()).collect();
        let Some(labels) = labels.filter(|labels| labels.have_folds()) else { return Ok(every()) };
        let of_fold: Vec<usize> = images
            .iter()
            .zip(0..)
            .filter_map(|(image, at)| (labels.of(image)?.fold == self.fold).then_some(at))
            .collect();
        anyhow::ensure!(!of_fold.is_empty(), "no photo of the catalog is of the fold {}", self.fold);
        Ok(of_fold)
    }

    /// The encoders asked for, by name.
    fn encoders(&self, searcher: &Searcher) -> anyhow::Result<Vec<String>> {
        let all = searcher.store().encoders().iter().map(|id| id.name.clone());
        match &self.encoders[..] {
            [] => Ok(all.take(1).collect()),
            [one] if one == "all" => Ok(all.collect()),
            named => {
                for name in named {
                    searcher.slot(Some(name))?;
                }
                Ok(named.to_vec())
            }
        }
    }
}

/// Runs `work` and shows how far it has come.
fn with_progress<T>(work: impl FnOnce(&(dyn Fn(usize, usize) + Sync)) -> T) -> T {
    let bar: Mutex<Option<Progress>> = Mutex::new(None);
    let given = work(&|done, of| {
        let mut bar = bar.lock().unwrap_or_else(PoisonError::into_inner);
        bar.get_or_insert_with(|| Progress::start(Some(of as u64), "queries")).reach(done as u64, "");
    });
    if let Some(bar) = bar.into_inner().unwrap_or_else(PoisonError::into_inner) {
        bar.finish();
    }
    given
}
