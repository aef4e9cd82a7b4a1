//! `lookalike models quantize`: an int8 copy of a model, calibrated on the user's own pictures.
//!
//! The copy is a model of its own beside the float one, whose vectors are of another space to a catalog. What it costs is
//! measured on pictures that it was not calibrated on, and printed.

use super::models::{megabytes, models};
use super::open::{PhotoLimits, reader};
use super::progress::Progress;
use super::{Outcome, interrupt};
use crate::report::json;
use anyhow::{Context, anyhow, bail, ensure};
use lookalike_engine::catalog::Location;
use lookalike_engine::fetch::photo::PhotoReader;
use lookalike_engine::fetch::uploads::Uploads;
use lookalike_engine::models::quantize::{
    Event, Options, Pictures, Quantised, QuantizeError, Report, Stopped, quantize,
};
use lookalike_engine::models::runtime::find_and_load;
use lookalike_engine::models::{Addition, ModelEntry, Recipe};
use lookalike_engine::source::Source;
use lookalike_engine::source::folder::{FolderOptions, FolderSource};
use lookalike_engine::store::Store;
use lookalike_engine::store::embedded::{Access, EmbeddedStore};
use lookalike_vision::decode::{Limits, decode};
use lookalike_vision::neural::description::{ImageTower, Layout};
use lookalike_vision::neural::session::{Engine, SessionOptions, onnxruntime, open};
use lookalike_vision::neural::tensor::Preprocessor;
use serde_json::{Value, json};
use std::io::{self, Write};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// What a catalog's own file is called.
const CATALOG_FILE: &str = "catalog.sqlite";

/// Make an int8 copy of a model, about three times as fast on pictures
///
/// The copy is calibrated on your own pictures and becomes a model of its own; the float model stays as it is. A catalog
/// made with one of them does not take vectors of the other. One picture of four is kept aside to measure what the copy
/// costs. Needs ONNX Runtime, and gains nothing without it.
#[derive(Debug, clap::Args)]
pub(super) struct Quantize {
    /// A model that is here.
    name: String,
    /// What to calibrate on: a folder of pictures, or a catalog.
    #[arg(long, value_name = "FOLDER|CATALOG")]
    pictures: PathBuf,
    /// What to call the copy; NAME-int8 where not said.
    #[arg(long, value_name = "NAME")]
    out: Option<String>,
    /// How many pictures to take, evenly out of all.
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..=4096))]
    samples: u32,
    #[command(flatten)]
    limits: PhotoLimits,
    /// Read photos from private and local web addresses too.
    #[arg(long)]
    allow_private_urls: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Quantize {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        let models = models()?;
        let entry = models.entry(&self.name)?;
        let out = self.out.clone().unwrap_or_else(|| format!("{}-int8", self.name));
        ensure!(
            models.entry(&out).is_err(),
            "{out} is there already: remove it with `lookalike models remove {out}`, or name another with --out"
        );
        runtime()?;
        let stop = interrupt::stop_flag()?;
        let Some((pictures, failed)) = self.pictures(&entry.page.description.image, &stop)? else {
            return stopped();
        };
        let path = entry.image();
        let model = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let done = match made(&model, &entry, &pictures, &stop) {
            Ok(done) => done,
            Err(QuantizeError::Stopped(_)) => return stopped(),
            Err(error) => return Err(anyhow!(error).context(format!("{} was not quantised", self.name))),
        };
        drop((model, pictures));
        let copy = self.add(&out, &entry, &done)?;
        self.tell(&copy, &done.report)?;
        Ok(if failed { Outcome::SomeFailed } else { Outcome::Done })
    }

    /// Tensors of up to `samples` pictures, and whether one could not be read; `None` when asked to stop.
    fn pictures(&self, tower: &ImageTower, stop: &AtomicBool) -> anyhow::Result<Option<(Pictures, bool)>> {
        let locations = locations(&self.pictures)?;
        let wanted = locations.len().min(self.samples as usize);
        ensure!(wanted > 0, "{} holds no picture to calibrate on", self.pictures.display());
        let (limits, reader) = (self.limits.limits(), reader(self.allow_private_urls)?);
        // Where the pictures are a catalog's.
        let reader = reader.with_uploads(Uploads::new(&self.pictures));
        let preprocessor = Preprocessor::new(tower);
        let mut progress = Progress::start(Some(wanted as u64), "pictures read");
        let mut tensors = Vec::with_capacity(wanted);
        let mut failed = false;
        for place in 0..wanted {
            if stop.load(Ordering::SeqCst) {
                progress.finish();
                return Ok(None);
            }
            progress.reach(place as u64, "");
            // Evenly over all, whatever order they are in.
            let Some(location) = locations.get(place * locations.len() / wanted) else { continue };
            match tensor(location, &reader, &limits, &preprocessor) {
                Ok(tensor) => tensors.push(tensor),
                Err(reason) => {
                    failed = true;
                    progress.say(&format!("failed: {}: {reason}", shown(location)));
                }
            }
        }
        progress.finish();
        let side = tower.side_px() as usize;
        let shape = match tower.layout {
            Layout::Nchw => [3, side, side],
            Layout::Nhwc => [side, side, 3],
        };
        let pictures = Pictures::new(&shape, tensors)
            .with_context(|| format!("no picture of {} could be read", self.pictures.display()))?;
        Ok(Some((pictures, failed)))
    }

    /// Adds the copy as a model fed like the float one; it is tried out as any model that is added.
    fn add(&self, out: &str, entry: &ModelEntry, done: &Quantised) -> anyhow::Result<ModelEntry> {
        let folder = Scratch::new()?;
        let image = folder.0.join("image.onnx");
        std::fs::write(&image, &done.model)
            .with_context(|| format!("cannot write {} (is the disk full?)", image.display()))?;
        let addition = Addition {
            name: out.to_owned(),
            image,
            text: entry.text(),
            tokenizer: entry.tokenizer(),
            recipe: Recipe::Like(self.name.clone()),
            output: None,
            text_output: None,
            dimensions: None,
            licence: None,
            engine: Some(Engine::OnnxRuntime),
        };
        Ok(models()?.add(&addition)?)
    }

    fn tell(&self, copy: &ModelEntry, report: &Report) -> anyhow::Result<()> {
        let mut out = io::stdout().lock();
        let name = &copy.page.description.name;
        if self.json {
            json::write(&mut out, &as_json(copy, report))?;
            return Ok(());
        }
        let agreement = &report.chosen.agreement;
        writeln!(out, "{name} added: int8 copy of {}, in {}", self.name, copy.folder.display())?;
        writeln!(
            out,
            "cosine to the float vectors {:.4} on average, {:.4} at least; {}",
            agreement.mean_cosine,
            agreement.least_cosine,
            agreement.recall_at_10.map_or_else(
                || "too few pictures to measure recall".to_owned(),
                |recall| format!("{:.1} % of the ten nearest stay among the ten nearest", 100.0 * recall)
            )
        )?;
        writeln!(
            out,
            "{:.1} ms a picture instead of {:.1} ({:.1} times as fast), {} instead of {}",
            report.int8_ms,
            report.float_ms,
            report.float_ms / report.int8_ms.max(1e-6),
            megabytes(report.int8_bytes as u64),
            megabytes(report.float_bytes as u64)
        )?;
        let on = match report.aside {
            0 => "the picture it was calibrated on, which says little".to_owned(),
            aside => format!("{aside} pictures kept aside from calibration on {}", report.calibrated),
        };
        writeln!(out, "measured on {on}; ranges by {}", report.chosen.rule)?;
        Ok(())
    }
}

/// ONNX Runtime, without which int8 gains nothing.
fn runtime() -> anyhow::Result<()> {
    find_and_load();
    ensure!(
        onnxruntime::loaded(),
        "quantising needs ONNX Runtime, which is not there: install it with `lookalike runtime install`, or name its library \
         in ORT_DYLIB_PATH"
    );
    Ok(())
}

fn stopped() -> anyhow::Result<Outcome> {
    writeln!(io::stderr(), "lookalike: {Stopped}")?;
    Ok(Outcome::Stopped)
}

/// The photos of a catalog, or the files of a folder.
fn locations(path: &Path) -> anyhow::Result<Vec<Location>> {
    if !path.join(CATALOG_FILE).exists() {
        let source = FolderSource::open(path, FolderOptions::default())?;
        let products = source.products()?.filter_map(Result::ok);
        return Ok(products.flat_map(|product| product.images).map(|image| image.location).collect());
    }
    let store = EmbeddedStore::open(path, Access::ReadOnly)?;
    let mut locations = Vec::new();
    let mut last = None;
    loop {
        let page = store.scan(last, 1000)?;
        let Some(end) = page.last() else { return Ok(locations) };
        last = Some(end.key);
        locations.extend(page.into_iter().map(|image| image.location));
    }
}

fn tensor(
    location: &Location,
    reader: &impl PhotoReader,
    limits: &Limits,
    preprocessor: &Preprocessor,
) -> Result<Vec<f32>, String> {
    let photo = reader.read(location, limits).map_err(|error| error.to_string())?;
    let picture = decode(&photo.bytes, limits).map_err(|error| error.to_string())?;
    let mut tensor = vec![0.0; preprocessor.len()];
    preprocessor.fill(&picture, &mut tensor);
    Ok(tensor)
}

fn shown(location: &Location) -> String {
    match location {
        Location::File(path) => lookalike_engine::source::shown::path_line(path),
        Location::Url(address) | Location::Object(address) => address.clone(),
        other @ (Location::Member { .. } | Location::Uploaded(_)) => other.to_string(),
    }
}

/// Quantises with a session of one thread, so that times are those of one core.
fn made(
    model: &[u8],
    entry: &ModelEntry,
    pictures: &Pictures,
    stop: &AtomicBool,
) -> Result<Quantised, QuantizeError> {
    let options = Options { output: entry.page.description.image.output.clone(), ..Options::default() };
    let opened =
        |bytes: &[u8]| open(Engine::OnnxRuntime, bytes, &SessionOptions { threads: NonZero::<usize>::MIN });
    let mut told = String::new();
    let mut bar: Option<Progress> = None;
    let mut watch = |event: Event<'_>| {
        let (what, done, total) = match event {
            Event::Calibrating { done, total } => ("calibrated on".to_owned(), done, total),
            Event::Trying { rule, float, done, total } => {
                let except = if float.is_empty() { "" } else { ", parts in floats" };
                (format!("tried, ranges by {rule}{except}"), done, total)
            }
            Event::Timing => ("timed".to_owned(), 0, 1),
        };
        if told != what {
            if let Some(bar) = bar.replace(Progress::start(Some(total as u64), &what)) {
                bar.finish();
            }
            told = what;
        }
        if let Some(bar) = &mut bar {
            bar.reach(done as u64, "");
        }
        if stop.load(Ordering::SeqCst) { Err(Stopped) } else { Ok(()) }
    };
    let done = quantize(model, pictures, &options, &opened, &mut watch);
    if let Some(bar) = bar {
        bar.finish();
    }
    done
}

fn as_json(copy: &ModelEntry, report: &Report) -> Value {
    let agreement = &report.chosen.agreement;
    json!({
        "name": copy.page.description.name,
        "folder": copy.folder,
        "encoder_digest": copy.id().digest,
        "ranges": report.chosen.rule.to_string(),
        "left_in_floats": report.chosen.float,
        "calibrated_on": report.calibrated,
        "measured_on": report.aside,
        "mean_cosine": agreement.mean_cosine,
        "least_cosine": agreement.least_cosine,
        "recall_at_10": agreement.recall_at_10,
        "float_bytes": report.float_bytes,
        "int8_bytes": report.int8_bytes,
        "float_ms": report.float_ms,
        "int8_ms": report.int8_ms,
    })
}

/// A folder of this process for the file on its way; taken away again.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> anyhow::Result<Self> {
        let base = std::env::temp_dir();
        for attempt in 0..100 {
            let path = base.join(format!("lookalike-quantize-{}-{attempt}", std::process::id()));
            match std::fs::create_dir(&path) {
                Ok(()) => return Ok(Self(path)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => {
                    return Err(error).with_context(|| format!("cannot make the folder {}", path.display()));
                }
            }
        }
        bail!("{} is full of folders of earlier runs; clear it", base.display())
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What stays is in the system's folder for such things.
        drop(std::fs::remove_dir_all(&self.0));
    }
}
