//! Opening what a command names: a catalog, its searcher, a query photo.

use super::retired::{self, Retired};
use anyhow::{Context, anyhow, bail};
use lookalike_engine::catalog::{ImageId, Location};
use lookalike_engine::fetch::photo::PhotoReader;
use lookalike_engine::fetch::{AnyReader, BlockingFetcher, FetchOptions};
use lookalike_engine::models::{Load, Models, runtime};
use lookalike_engine::search::{EncoderSource, EncoderUnavailable, Probe, Searcher};
use lookalike_engine::source::shown::{one_line, path_line};
use lookalike_engine::store::embedded::{Access, EmbeddedStore};
use lookalike_vision::decode::{Limits, decode};
use lookalike_vision::encoder::Encoder;
use lookalike_vision::look::{self, Look};
use lookalike_vision::neural::session::Engine;
use sha2::{Digest, Sha256};
use std::io::{self, Write};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The catalog a command works on.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Catalog {
    /// The catalog: a folder made by `lookalike index`.
    #[arg(value_name = "CATALOG")]
    pub(super) catalog: PathBuf,
}

impl Catalog {
    /// The folder, once it is clear that a folder is meant.
    pub(super) fn folder(&self) -> anyhow::Result<&Path> {
        let text = self.catalog.to_string_lossy();
        if let Some((scheme, _)) = text.split_once("://") {
            bail!("{text}: this build keeps catalogs in folders and has no store for `{scheme}:` addresses");
        }
        Ok(&self.catalog)
    }

    /// Opens the catalog for reading.
    pub(super) fn open(&self) -> anyhow::Result<EmbeddedStore> {
        self.open_for(Access::ReadOnly)
    }

    fn open_for(&self, access: Access) -> anyhow::Result<EmbeddedStore> {
        Ok(EmbeddedStore::open(self.folder()?, access)?)
    }

    /// Opens the catalog with its encoders, which are loaded when first needed; `choice` may make another the default.
    pub(super) fn searcher(&self, choice: &EncoderChoice) -> anyhow::Result<Searcher> {
        self.searcher_with(choice, Arc::new(Encoders::default()), Access::ReadOnly)
    }

    /// As [`Self::searcher`], with encoders out of `source`. Says so where questions are answered without an encoder.
    pub(super) fn searcher_with(
        &self,
        choice: &EncoderChoice,
        source: Arc<dyn EncoderSource>,
        access: Access,
    ) -> anyhow::Result<Searcher> {
        let searcher = Searcher::with_encoders(Arc::new(self.open_for(access)?), source);
        let searcher = match &choice.encoder {
            Some(name) => searcher.with_default(name)?,
            None => searcher,
        };
        if searcher.default_encoder()?.name == retired::NAME {
            // Nobody may be there to read it.
            let _ = writeln!(io::stderr(), "{}", retired::by_hashes(&self.catalog));
        }
        Ok(searcher)
    }
}

/// Which of a catalog's encoders is asked.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct EncoderChoice {
    /// Compare by this one of the catalog's encoders [default: its primary one].
    #[arg(long, value_name = "NAME")]
    pub(super) encoder: Option<String>,
}

/// The encoder of a new catalog.
pub(super) const USUAL_ENCODER: &str = look::NAME;

/// The encoder of that name for a whole catalog: on one thread, since each worker of an ingest has its own core, and in
/// the fastest engine there is.
///
/// # Errors
/// When there is none, or its model is not at hand; in words that say how to get it.
pub(super) fn encoder_for_catalog(name: &str) -> anyhow::Result<Arc<dyn Encoder>> {
    if name == look::NAME {
        // ONNX Runtime takes half of the built-in engine's time, and the vectors are the same.
        runtime::find_and_load();
        return Ok(Arc::new(Look::new(Engine::best(), NonZero::<usize>::MIN)));
    }
    if name == retired::NAME {
        bail!("{name} is no longer there: {USUAL_ENCODER} has taken its place");
    }
    model_named(name, NonZero::<usize>::MIN)
}

/// The encoder of that name for questions, running on up to `threads` threads.
///
/// # Errors
/// As [`encoder_for_catalog`].
fn encoder_for_questions(name: &str, threads: NonZero<usize>) -> anyhow::Result<Arc<dyn Encoder>> {
    match name {
        // Ready sooner in the built-in engine than a library is loaded.
        look::NAME => Ok(Arc::new(Look::new(Engine::Rten, threads))),
        retired::NAME => Ok(Arc::new(Retired::default())),
        _ => model_named(name, threads),
    }
}

fn model_named(name: &str, threads: NonZero<usize>) -> anyhow::Result<Arc<dyn Encoder>> {
    let models = Models::at(&Models::default_folder()?);
    Ok(models.load(name, &Load { engine: None, threads })?)
}

/// Whether the encoder of that name reads words, as far as is known without its model.
pub(super) fn encoder_reads_text(name: &str) -> bool {
    let entry = Models::default_folder().and_then(|folder| Models::at(&folder).entry(name));
    entry.is_ok_and(|entry| entry.page.description.text.is_some())
}

/// Encoders by name, for a searcher.
pub(super) struct Encoders {
    /// Threads that one question's encoding may use.
    threads: NonZero<usize>,
}

impl Encoders {
    /// With so many threads for one question's encoding.
    pub(super) fn on(threads: NonZero<usize>) -> Self {
        Self { threads }
    }
}

impl Default for Encoders {
    fn default() -> Self {
        Self { threads: std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN) }
    }
}

impl EncoderSource for Encoders {
    fn load(&self, name: &str) -> Result<Arc<dyn Encoder>, EncoderUnavailable> {
        encoder_for_questions(name, self.threads).map_err(|error| EncoderUnavailable(format!("{error:#}")))
    }

    fn reads_text(&self, name: &str) -> bool {
        encoder_reads_text(name)
    }
}

/// What a query is made of: a photo or a stored image.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct QueryPhoto {
    /// The photo to look for: a file or a web address.
    #[arg(value_name = "IMAGE")]
    image: Option<PathBuf>,
    /// Look for a photo that is in the catalog, by its image id.
    #[arg(long, value_name = "IMAGE_ID")]
    id: Option<String>,
}

impl QueryPhoto {
    /// Reads, decodes and encodes the query.
    pub(super) fn probe(
        &self,
        searcher: &Searcher,
        limits: &Limits,
        allow_private_urls: bool,
    ) -> anyhow::Result<Probe> {
        if let Some(id) = &self.id {
            let key = searcher.store().find_image(&ImageId::new(id.as_str())?)?;
            let key = key.with_context(|| {
                format!(
                    "{}: the catalog has no image of this id (for a photo from disk, leave out --id)",
                    one_line(id)
                )
            })?;
            return Ok(searcher.probe_stored(key, None)?);
        }
        let Some(image) = &self.image else {
            bail!("name a photo to look for, or a stored one with --id");
        };
        let location = match image.to_str() {
            Some(text) if is_web(text) => Location::Url(text.to_owned()),
            _ => Location::File(image.clone()),
        };
        let name = path_line(image);
        let photo = reader(allow_private_urls)?.read(&location, limits);
        let bytes = photo.map_err(|error| anyhow!("{name}: {error}"))?.bytes;
        let picture = decode(&bytes, limits).map_err(|error| anyhow!("{name}: {error}"))?;
        Ok(searcher.probe(&picture, Some(Sha256::digest(&bytes).into()), None)?)
    }
}

fn is_web(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, _)| {
        scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
    })
}

/// How large a photo may be.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct PhotoLimits {
    /// Largest photo, in bytes.
    #[arg(long, value_name = "N", default_value_t = Limits::default().max_bytes)]
    max_bytes: u64,
    /// Largest photo, in pixels (width times height).
    #[arg(long, value_name = "N", default_value_t = Limits::default().max_pixels)]
    max_pixels: u64,
}

impl PhotoLimits {
    pub(super) fn limits(&self) -> Limits {
        Limits { max_bytes: self.max_bytes, max_pixels: self.max_pixels }
    }
}

/// Brings photos from disk and from the web.
pub(super) fn reader(allow_private_urls: bool) -> anyhow::Result<AnyReader> {
    let options = FetchOptions { allow_private: allow_private_urls, ..FetchOptions::default() };
    Ok(AnyReader::new(BlockingFetcher::new(options)?))
}

/// How this program was called, for commands that a person can paste.
pub(super) fn program() -> String {
    std::env::args_os()
        .next()
        .map_or_else(|| "lookalike".to_owned(), |name| name.to_string_lossy().into_owned())
}
