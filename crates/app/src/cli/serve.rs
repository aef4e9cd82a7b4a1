//! `lookalike serve`: a catalog over HTTP.

use super::open::Catalog;
use super::{Outcome, interrupt};
use crate::http::{AppState, ServeLimits, ServeOptions, serve};
use anyhow::Context;
use lookalike_engine::fetch::{FetchOptions, Fetcher};
use lookalike_engine::search::Searcher;
use std::io::{self, Write};
use std::net::SocketAddr;

/// Answer searches and checks over HTTP, with a page to try them on.
#[derive(Debug, clap::Args)]
pub(super) struct Serve {
    #[command(flatten)]
    catalog: Catalog,
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
        let searcher = self.catalog.searcher()?;
        self.service.run(searcher, |address| {
            writeln!(io::stderr(), "serving {} on http://{address}/", self.catalog.catalog.display())
        })
    }
}

impl Service {
    /// Serves until the process is asked to stop; `ready` is told the address.
    pub(super) fn run(
        self,
        searcher: Searcher,
        ready: impl FnOnce(SocketAddr) -> io::Result<()>,
    ) -> anyhow::Result<Outcome> {
        let Self { listen, anonymous, allow_private_urls } = self;
        let options = FetchOptions { allow_private: allow_private_urls, ..FetchOptions::default() };
        let state = AppState::new(searcher, Fetcher::new(options)?, ServeLimits::default());
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
