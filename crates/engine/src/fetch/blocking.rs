//! [`Fetcher`] for threads that have no async runtime: the ingest's workers.
//!
//! One small runtime of its own drives the sockets; any number of threads may ask at once. It waits on a channel
//! rather than inside the runtime, so that calling it from async code is slow but not a panic.

use super::client::{FetchOptions, Fetched, Fetcher};
use super::error::FetchError;
use std::sync::mpsc;
use tokio::runtime::{Builder, Runtime};

/// Fetches URLs and waits for the answer. Share one by reference or `Arc`.
pub struct BlockingFetcher {
    fetcher: Fetcher,
    /// `Some` until dropped.
    runtime: Option<Runtime>,
}

impl BlockingFetcher {
    /// Makes a client and the thread that drives it.
    ///
    /// # Errors
    /// As [`Fetcher::new`], or when the thread cannot be started.
    pub fn new(options: FetchOptions) -> Result<Self, FetchError> {
        let fetcher = Fetcher::new(options)?;
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("fetch")
            .enable_all()
            .build()
            .map_err(|error| FetchError::Setup { reason: error.to_string() })?;
        Ok(Self { fetcher, runtime: Some(runtime) })
    }

    /// Fetches `url` and waits until it is there or has failed.
    ///
    /// # Errors
    /// As [`Fetcher::get`].
    pub fn get(&self, url: &str) -> Result<Fetched, FetchError> {
        let gone = || FetchError::Setup { reason: "its thread has stopped".to_owned() };
        let runtime = self.runtime.as_ref().ok_or_else(gone)?;
        let (sender, receiver) = mpsc::sync_channel(1);
        let (fetcher, url) = (self.fetcher.clone(), url.to_owned());
        runtime.spawn(async move {
            // Nobody waits any more only when the asking thread is gone.
            let _ = sender.send(fetcher.get(&url).await);
        });
        receiver.recv().unwrap_or_else(|_| Err(gone()))
    }
}

impl Drop for BlockingFetcher {
    fn drop(&mut self) {
        // Dropping a runtime inside another one panics; this way does not wait for lookups in flight either.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
