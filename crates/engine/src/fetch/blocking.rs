//! [`Fetcher`] for threads that have no async runtime: the ingest's workers.
//!
//! One small runtime of its own drives the sockets; any number of threads may ask at once. It waits on a channel
//! rather than inside the runtime, so that calling it from async code is slow but not a panic.

use super::client::{Answer, Fetched, Fetcher};
use super::error::{FetchError, redacted_text};
use super::options::FetchOptions;
use super::validators::Validators;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

/// How often somebody who waits looks whether it is still worth it.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Says whether nothing is to be waited for any more.
type IsOver = dyn Fn() -> bool + Send + Sync;

/// Fetches URLs and waits for the answer. Share one by reference or `Arc`.
pub struct BlockingFetcher {
    fetcher: Fetcher,
    /// `Some` until dropped.
    runtime: Option<Runtime>,
    is_over: Option<Box<IsOver>>,
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
        Ok(Self { fetcher, runtime: Some(runtime), is_over: None })
    }

    /// Gives up whatever is under way once `is_over` says so, and begins nothing then.
    #[must_use]
    pub fn until(mut self, is_over: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        self.is_over = Some(Box::new(is_over));
        self
    }

    /// Fetches `url` and waits until it is there or has failed.
    ///
    /// # Errors
    /// As [`Fetcher::get`].
    pub fn get(&self, url: &str) -> Result<Fetched, FetchError> {
        self.wait_for(url, |fetcher, url| async move { fetcher.get(&url).await })
    }

    /// Fetches `url` unless it is still what its server said `known` of.
    pub(super) fn get_unless_same(
        &self,
        url: &str,
        known: Option<&Validators>,
    ) -> Result<Answer, FetchError> {
        let known = known.cloned();
        self.wait_for(url, |fetcher, url| async move { fetcher.get_unless_same(&url, known.as_ref()).await })
    }

    fn wait_for<T: Send + 'static, F>(
        &self,
        url: &str,
        ask: impl FnOnce(Fetcher, String) -> F,
    ) -> Result<T, FetchError>
    where
        F: Future<Output = Result<T, FetchError>> + Send + 'static,
    {
        let gone = || FetchError::Setup { reason: "its thread has stopped".to_owned() };
        let is_over = || self.is_over.as_ref().is_some_and(|is_over| is_over());
        let stopped = || FetchError::Stopped { url: redacted_text(url) };
        let runtime = self.runtime.as_ref().ok_or_else(gone)?;
        if is_over() {
            return Err(stopped());
        }
        let (sender, receiver) = mpsc::sync_channel(1);
        let answer = ask(self.fetcher.clone(), url.to_owned());
        let task = runtime.spawn(async move {
            // Nobody waits any more only when the asking thread is gone or has given up.
            let _ = sender.send(answer.await);
        });
        loop {
            match receiver.recv_timeout(LOOK_EVERY) {
                Ok(answer) => return answer,
                Err(RecvTimeoutError::Disconnected) => return Err(gone()),
                Err(RecvTimeoutError::Timeout) if is_over() => {
                    task.abort();
                    return Err(stopped());
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
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
