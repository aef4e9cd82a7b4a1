//! Opening what a command names: a catalog, its searcher, a query photo.

use anyhow::{Context, anyhow, bail};
use lookalike_engine::catalog::{ImageId, Location};
use lookalike_engine::fetch::photo::PhotoReader;
use lookalike_engine::fetch::{AnyReader, BlockingFetcher, FetchOptions};
use lookalike_engine::search::{Probe, Searcher};
use lookalike_engine::source::shown::{one_line, path_line};
use lookalike_engine::store::embedded::{Access, EmbeddedStore};
use lookalike_vision::decode::{Limits, decode};
use lookalike_vision::encoder::Encoder;
use lookalike_vision::look::Look;
use sha2::{Digest, Sha256};
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
        Ok(EmbeddedStore::open(self.folder()?, Access::ReadOnly)?)
    }

    /// Opens the catalog with the encoder its vectors were made by.
    pub(super) fn searcher(&self) -> anyhow::Result<Searcher> {
        Ok(Searcher::new(Arc::new(self.open()?), encoder())?)
    }
}

/// The encoder that catalogs are made with.
pub(super) fn encoder() -> Arc<dyn Encoder> {
    Arc::new(Look::default())
}

/// What a query is made of: exactly one of a photo and a stored image.
#[derive(Debug, Clone, clap::Args)]
#[group(required = true, multiple = false)]
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
            return Ok(searcher.probe_stored(key)?);
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
        Ok(searcher.probe(&picture, Some(Sha256::digest(&bytes).into()))?)
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
