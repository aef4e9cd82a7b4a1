//! `lookalike serve`: a catalog over HTTP.

use super::open::{Catalog, EncoderChoice, Encoders, USUAL_ENCODER};
use super::{Outcome, interrupt};
use crate::http::{AppState, ServeLimits, ServeOptions, serve};
use anyhow::Context;
use lookalike_engine::fetch::{FetchOptions, Fetcher, PhotoCache};
use lookalike_engine::search::batching::{Batching, LARGEST_BATCH};
use lookalike_engine::search::{EncoderSource, EncoderUnavailable, Searcher};
use lookalike_vision::encoder::Encoder;
use std::io::{self, Write};
use std::net::SocketAddr;
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
    /// Let anybody who reaches the server use it; needed to listen beyond this machine.
    #[arg(long)]
    anonymous: bool,
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
    let searcher = catalog.searcher_with(encoder, Arc::new(SharedEncoders(Encoders::default())))?;
    searcher.load_encoders()?;
    Ok(searcher)
}

/// Encoders that many requests use at once.
struct SharedEncoders(Encoders);

impl EncoderSource for SharedEncoders {
    fn load(&self, name: &str) -> Result<Arc<dyn Encoder>, EncoderUnavailable> {
        let encoder = self.0.load(name)?;
        // The built-in descriptor takes one thread: callers run it side by side. A network takes all there are.
        if name == USUAL_ENCODER {
            return Ok(encoder);
        }
        Ok(Arc::new(Batching::new(encoder, LARGEST_BATCH)))
    }

    fn reads_text(&self, name: &str) -> bool {
        self.0.reads_text(name)
    }
}

impl Service {
    /// Serves until the process is asked to stop; `ready` is told the address.
    pub(super) fn run(
        self,
        catalog: &Catalog,
        encoder: &EncoderChoice,
        ready: impl FnOnce(SocketAddr) -> io::Result<()>,
    ) -> anyhow::Result<Outcome> {
        let Self { listen, anonymous, allow_private_urls } = self;
        let searcher = searcher(catalog, encoder)?;
        // Read only: what is kept there is the business of whoever writes the catalog.
        let photos = PhotoCache::new(catalog.folder()?, 0);
        let options = FetchOptions { allow_private: allow_private_urls, ..FetchOptions::default() };
        let state =
            AppState::new(searcher, Fetcher::new(options)?, ServeLimits::default()).with_photos(photos);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .context("cannot start the threads that serve")?;
        let mut told = Ok(());
        runtime.block_on(serve(
            state,
            &ServeOptions { listen, anonymous },
            |address| told = ready(address),
            async {
                if let Err(error) = interrupt::asked_to_stop().await {
                    tracing::error!("{error:#}");
                }
            },
        ))?;
        told?;
        Ok(Outcome::Done)
    }
}
