//! `lookalike serve`: a catalog over HTTP.

use super::keys::keys_file;
use super::open::{Catalog, EncoderChoice, Encoders};
use super::{Outcome, interrupt};
use crate::http::auth::{Rate, Role};
use crate::http::{AppState, ServeLimits, ServeOptions, serve};
use anyhow::Context;
use lookalike_engine::fetch::{FetchOptions, Fetcher, PhotoCache};
use lookalike_engine::search::batching::{Batching, LARGEST_BATCH};
use lookalike_engine::search::{EncoderSource, EncoderUnavailable, Searcher};
use lookalike_engine::store::embedded::Access;
use lookalike_vision::encoder::Encoder;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::Arc;

/// Answer searches and checks over HTTP, with a page to try them on.
#[derive(Debug, clap::Args)]
pub(super) struct Serve {
    #[command(flatten)]
    catalog: Catalog,
    #[command(flatten)]
    encoder: EncoderChoice,
    #[command(flatten)]
    service: Service,
}

/// How to serve, the same for `serve` and `demo`.
#[derive(Debug, clap::Args)]
pub(super) struct Service {
    /// Address and port to listen on; port 0 takes a free one.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:8000")]
    listen: String,
    /// Let anybody who reaches the server do what this role may, without a key [on its own: read].
    #[arg(long, value_name = "ROLE", num_args = 0..=1, default_missing_value = "read")]
    anonymous: Option<Role>,
    /// A name that a server on this machine's own addresses answers to, besides those; may be given more than once.
    #[arg(long = "host", value_name = "NAME")]
    hosts: Vec<String>,
    /// The file of keys, see `lookalike keys` [default: keys.toml in the catalog].
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
    /// Requests a second that one caller may make in the long run [default: no limit].
    #[arg(long, value_name = "N")]
    rate: Option<NonZero<u32>>,
    /// Requests that one caller may make at once after a rest [default: four times the rate].
    #[arg(long, value_name = "N", requires = "rate")]
    burst: Option<NonZero<u32>>,
    /// Proxies in front of the server whose X-Forwarded-For is believed when callers are counted.
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    trusted_proxies: usize,
    /// Fetch photos that callers name from this machine or a private network.
    #[arg(long)]
    allow_private_urls: bool,
}

impl Serve {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        self.service.run(&self.catalog, &self.encoder, |address| {
            writeln!(io::stderr(), "serving {} on http://{address}/", self.catalog.catalog.display())
        })
    }
}

/// The catalog with all its encoders loaded: a model that is missing is told now and not to the first caller.
fn searcher(catalog: &Catalog, encoder: &EncoderChoice) -> anyhow::Result<Searcher> {
    let searcher =
        catalog.searcher_with(encoder, Arc::new(SharedEncoders(Encoders::default())), Access::Sharing)?;
    searcher.load_encoders()?;
    Ok(searcher)
}

/// Encoders that many requests use at once.
struct SharedEncoders(Encoders);

impl EncoderSource for SharedEncoders {
    fn load(&self, name: &str) -> Result<Arc<dyn Encoder>, EncoderUnavailable> {
        // A network takes all threads there are.
        Ok(Arc::new(Batching::new(self.0.load(name)?, LARGEST_BATCH)))
    }

    fn reads_text(&self, name: &str) -> bool {
        self.0.reads_text(name)
    }
}

impl Service {
    fn options(&self, catalog: &Catalog) -> anyhow::Result<ServeOptions> {
        let rate = self.rate.map(|per_second| {
            let burst = self
                .burst
                .unwrap_or_else(|| per_second.saturating_mul(NonZero::<u32>::MIN.saturating_add(3)));
            Rate { per_second, burst }
        });
        Ok(ServeOptions {
            listen: self.listen.clone(),
            anonymous: self.anonymous,
            hosts: self.hosts.clone(),
            keys: Some(keys_file(self.keys.as_deref(), catalog)?),
            rate,
            trusted_hops: self.trusted_proxies,
        })
    }

    /// Serves until the process is asked to stop; `ready` is told the address.
    pub(super) fn run(
        self,
        catalog: &Catalog,
        encoder: &EncoderChoice,
        ready: impl FnOnce(SocketAddr) -> io::Result<()>,
    ) -> anyhow::Result<Outcome> {
        let options = self.options(catalog)?;
        let searcher = searcher(catalog, encoder)?;
        // Read only: what is kept there is the business of whoever writes the catalog.
        let photos = PhotoCache::new(catalog.folder()?, 0);
        let fetching = FetchOptions { allow_private: self.allow_private_urls, ..FetchOptions::default() };
        let state =
            AppState::new(searcher, Fetcher::new(fetching)?, ServeLimits::default()).with_photos(photos);
        let state =
            state.with_catalog(catalog.folder()?).context("cannot start the thread that stores changes")?;
        let state = state
            .with_imports(catalog.folder()?, self.allow_private_urls)
            .context("cannot read the imports of earlier servers")?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .context("cannot start the threads that serve")?;
        let mut told = Ok(());
        runtime.block_on(serve(state, &options, |address| told = ready(address), async {
            if let Err(error) = interrupt::asked_to_stop().await {
                tracing::error!("{error:#}");
            }
        }))?;
        told?;
        Ok(Outcome::Done)
    }
}
