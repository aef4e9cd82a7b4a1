//! `lookalike serve`: a catalog over HTTP.

use super::compat::Compat;
use super::keys::keys_file;
use super::log::Logging;
use super::open::{Catalog, EncoderChoice, Encoders};
use super::{Outcome, interrupt};
use crate::http::auth::{Rate, Role};
use crate::http::metrics::{Metered, Metrics};
use crate::http::{AppState, Origin, STOP_TIMEOUT, ServeLimits, ServeOptions, Tls, serve};
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
use std::time::Duration;
use tokio::sync::oneshot;

/// How long requests that were cut may take to notice.
const CUT_TIMEOUT: Duration = Duration::from_secs(5);

/// Answer searches and checks over HTTP, with a page to try them on.
#[derive(Debug, clap::Args)]
pub(super) struct Serve {
    #[command(flatten)]
    catalog: Catalog,
    #[command(flatten)]
    encoder: EncoderChoice,
    #[command(flatten)]
    service: Service,
    /// The file of settings, in TOML; see `lookalike config` [default: lookalike.toml in the working folder, where there is
    /// one].
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
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
    /// Let pages of this origin read answers, such as https://shop.example, or * for any; may be given more than once.
    #[arg(long = "cors-origin", value_name = "ORIGIN")]
    cors_origins: Vec<Origin>,
    #[command(flatten)]
    compat: Compat,
    /// Speak TLS: the server's certificate and those that vouch for it, in PEM; read again when it changes.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The certificate's private key, in PEM.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Longest request body, in bytes.
    #[arg(long, value_name = "N", default_value_t = ServeLimits::default().body_bytes as u64,
          value_parser = clap::value_parser!(u64).range(1024..=1 << 30))]
    max_body: u64,
    /// Searches and other expensive requests that are let in at once; more are told to come back.
    #[arg(long, value_name = "N", default_value_t = ServeLimits::default().places as u64,
          value_parser = clap::value_parser!(u64).range(1..=1 << 16))]
    places: u64,
    /// Requests that compute at once [default: as many as there are cores].
    #[arg(long, value_name = "N")]
    cores: Option<NonZero<u16>>,
    /// Go on answering for so long after being told to stop, while /readyz says no, so that balancers notice.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    drain: u32,
    /// How long requests under way may take before the server stops all the same.
    #[arg(long, value_name = "SECONDS", default_value_t = STOP_TIMEOUT.as_secs() as u32)]
    stop_timeout: u32,
    #[command(flatten)]
    logging: Logging,
}

impl Serve {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        let scheme = self.service.scheme();
        self.service.run(&self.catalog, &self.encoder, |address| {
            writeln!(io::stderr(), "serving {} on {scheme}://{address}/", self.catalog.catalog.display())
        })
    }

    pub(super) fn logging(&self) -> &Logging {
        self.service.logging()
    }
}

/// The catalog with all its encoders loaded: a model that is missing is told now and not to the first caller.
fn searcher(
    catalog: &Catalog,
    encoder: &EncoderChoice,
    metrics: &Metrics,
    cores: usize,
) -> anyhow::Result<Searcher> {
    let runs_at_once = NonZero::new(cores).unwrap_or(NonZero::<usize>::MIN);
    let shared = SharedEncoders { encoders: Encoders::default(), metrics: metrics.clone(), runs_at_once };
    let searcher = catalog.searcher_with(encoder, Arc::new(shared), Access::Sharing)?;
    searcher.load_encoders()?;
    Ok(searcher)
}

/// Encoders that many requests use at once.
struct SharedEncoders {
    encoders: Encoders,
    metrics: Metrics,
    /// Of one encoder.
    runs_at_once: NonZero<usize>,
}

impl EncoderSource for SharedEncoders {
    fn load(&self, name: &str) -> Result<Arc<dyn Encoder>, EncoderUnavailable> {
        let counted = Metered::runs(self.encoders.load(name)?, self.metrics.clone());
        let shared = Batching::new(Arc::new(counted), LARGEST_BATCH, self.runs_at_once);
        Ok(Arc::new(Metered::callers(Arc::new(shared), self.metrics.clone())))
    }

    fn reads_text(&self, name: &str) -> bool {
        self.encoders.reads_text(name)
    }
}

impl Service {
    pub(super) fn logging(&self) -> &Logging {
        &self.logging
    }

    /// How addresses of this server begin.
    pub(super) fn scheme(&self) -> &'static str {
        if self.tls_cert.is_some() { "https" } else { "http" }
    }

    fn limits(&self) -> ServeLimits {
        let usual = ServeLimits::default();
        ServeLimits {
            body_bytes: usize::try_from(self.max_body).unwrap_or(usual.body_bytes),
            places: usize::try_from(self.places).unwrap_or(usual.places),
            cores: self.cores.map_or(usual.cores, |cores| cores.get().into()),
            ..usual
        }
    }

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
            tls: self
                .tls_cert
                .clone()
                .zip(self.tls_key.clone())
                .map(|(certificates, key)| Tls { certificates, key }),
            drain: Duration::from_secs(self.drain.into()),
            stop_timeout: Some(Duration::from_secs(self.stop_timeout.into())),
            origins: self.cors_origins.clone(),
            head_timeout: None,
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
        let metrics = Metrics::new();
        let searcher = searcher(catalog, encoder, &metrics, self.limits().cores)?;
        // Read only: what is kept there is the business of whoever writes the catalog.
        let photos = PhotoCache::new(catalog.folder()?, 0);
        let fetching = FetchOptions { allow_private: self.allow_private_urls, ..FetchOptions::default() };
        let place = catalog.folder()?;
        let state = AppState::new(searcher, Fetcher::new(fetching)?, self.limits())
            .context("cannot start threads for requests")?
            .with_photos(photos)
            .with_metrics(metrics)
            .with_listing(self.compat.listing())
            .with_catalog(place)
            .context("cannot start the thread that stores changes")?
            .with_imports(place, self.allow_private_urls)
            .context("cannot read the imports of earlier servers")?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .context("cannot start the threads that serve")?;
        let (stop, stopped) = oneshot::channel();
        runtime.spawn(interrupt::stop_then_end(stop));
        let mut told = Ok(());
        let served = runtime.block_on(serve(state, &options, |address| told = ready(address), async {
            // Without signals to listen to it goes on until it is killed.
            if stopped.await.is_err() {
                std::future::pending().await
            }
        }));
        // What is still computed for requests that were cut is waited for no longer.
        runtime.shutdown_timeout(CUT_TIMEOUT);
        served?;
        told?;
        Ok(Outcome::Done)
    }
}
