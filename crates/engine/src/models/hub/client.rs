//! The hub's address, how patient to be with it, and the loop that tries again.
//!
//! What one request does is `attempt`'s, what is kept between them `partial`'s.

use super::super::digest::Digest;
use super::attempt::{Attempt, Failed};
use super::error::HubError;
use super::partial::Partial;
use reqwest::header::{ACCEPT_ENCODING, HeaderMap, HeaderValue};
use reqwest::{Client, redirect};
use std::env;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use url::Url;

const PUBLIC_HUB: &str = "https://huggingface.co";
/// How often a request for a stop is looked at.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(100);
/// So much since the last failure makes the next one the first again.
const PROGRESS_BYTES: u64 = 1 << 20;

/// Where the hub is and how patient to be with it.
#[derive(Debug, Clone)]
pub struct HubOptions {
    /// Its address.
    pub endpoint: String,
    /// A token, sent to that address and nowhere else.
    pub token: Option<String>,
    /// Whether proxies named in the environment are used.
    pub proxies: bool,
    /// For one connection, its name's lookup and TLS included.
    pub connect_timeout: Duration,
    /// Longest silence.
    pub stall_timeout: Duration,
    /// Failures in a row after which a file is given up; a mebibyte that came begins the count anew.
    pub attempts: u32,
    /// Wait after the first failure; doubled after each.
    pub first_wait: Duration,
    /// Longest wait. A server that asks for a longer one is given up.
    pub longest_wait: Duration,
    /// How many redirects are followed.
    pub max_redirects: usize,
}

impl HubOptions {
    /// `HF_ENDPOINT` and `HF_TOKEN`, as Hugging Face's own tools read them.
    pub fn from_environment() -> Self {
        let set = |name: &str| env::var(name).ok().map(|v| v.trim().to_owned()).filter(|v| !v.is_empty());
        Self {
            endpoint: set("HF_ENDPOINT").unwrap_or_else(|| PUBLIC_HUB.to_owned()),
            token: set("HF_TOKEN"),
            ..Self::default()
        }
    }
}

impl Default for HubOptions {
    /// The public hub without a token; 15 s to connect, 30 s of silence, 5 failures, waits from 1 s to 60 s.
    fn default() -> Self {
        Self {
            endpoint: PUBLIC_HUB.to_owned(),
            token: None,
            proxies: true,
            connect_timeout: Duration::from_secs(15),
            stall_timeout: Duration::from_secs(30),
            attempts: 5,
            first_wait: Duration::from_secs(1),
            longest_wait: Duration::from_secs(60),
            max_redirects: 10,
        }
    }
}

/// A file on the hub.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Owner and name.
    pub repository: &'a str,
    /// Commit or branch.
    pub revision: &'a str,
    /// Path in the repository.
    pub path: &'a str,
    /// Its length, where that is known.
    pub bytes: Option<u64>,
    /// Its digest, where that is known.
    pub sha256: Option<Digest>,
    /// Longest file to take.
    pub limit_bytes: u64,
}

/// A file that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// Its length.
    pub bytes: u64,
    /// Its digest.
    pub sha256: Digest,
    /// The commit it is from, where the hub said so.
    pub revision: Option<String>,
}

/// The hub.
pub struct Hub {
    pub(super) client: Client,
    pub(super) endpoint: Url,
    pub(super) https_works: bool,
    pub(super) options: HubOptions,
    runtime: tokio::runtime::Runtime,
}

impl Hub {
    /// Makes a client. No request is sent.
    ///
    /// # Errors
    /// When the endpoint is no address, or TLS or threads cannot be set up.
    pub fn new(options: HubOptions) -> Result<Self, HubError> {
        let unusable = || HubError::Endpoint(crate::source::shown::one_line(&options.endpoint));
        let mut endpoint = Url::parse(&options.endpoint).map_err(|_| unusable())?;
        if !matches!(endpoint.scheme(), "http" | "https") || endpoint.host().is_none() {
            return Err(unusable());
        }
        // With a slash at its end, paths are joined below it and not beside its last part.
        if !endpoint.path().ends_with('/') {
            endpoint.set_path(&format!("{}/", endpoint.path()));
        }
        // Fails only when a provider is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let headers = HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static("identity"))]);
        let builder = || {
            let builder = Client::builder()
                .redirect(redirect::Policy::none())
                .connect_timeout(options.connect_timeout)
                .default_headers(headers.clone())
                .user_agent(concat!("lookalike/", env!("CARGO_PKG_VERSION")));
            if options.proxies { builder } else { builder.no_proxy() }
        };
        let (client, https_works) = match builder().build() {
            Ok(client) => (client, true),
            // A bare machine has no root certificates; trusting none is the same client without https.
            Err(_) => match builder().tls_certs_only([]).build() {
                Ok(client) => (client, false),
                Err(error) => return Err(HubError::Setup(error.to_string())),
            },
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| HubError::Setup(error.to_string()))?;
        Ok(Self { client, endpoint, https_works, options, runtime })
    }

    /// The address of a file, for a person to fetch it by hand.
    pub fn url(&self, repository: &str, revision: &str, path: &str) -> String {
        self.address(repository, revision, path).to_string()
    }

    pub(super) fn address(&self, repository: &str, revision: &str, path: &str) -> Url {
        let mut url = self.endpoint.clone();
        if let Ok(mut parts) = url.path_segments_mut() {
            parts
                .pop_if_empty()
                .extend(repository.split('/'))
                .push("resolve")
                .push(revision)
                .extend(path.split('/'));
        }
        url
    }

    /// Brings a file to `to`, going on with what an earlier call left there. `progress` is told how many bytes are there
    /// and how many there will be; `stop` ends the call soon after it is set.
    ///
    /// # Errors
    /// Whatever is in the way. What has come stays for the next call, unless it turned out to be wrong.
    pub fn fetch(
        &self,
        wanted: &Wanted<'_>,
        to: &Path,
        progress: &mut dyn FnMut(u64, Option<u64>),
        stop: &AtomicBool,
    ) -> Result<Received, HubError> {
        self.runtime.block_on(self.fetch_whole(wanted, to, progress, stop))
    }

    async fn fetch_whole(
        &self,
        wanted: &Wanted<'_>,
        to: &Path,
        progress: &mut dyn FnMut(u64, Option<u64>),
        stop: &AtomicBool,
    ) -> Result<Received, HubError> {
        let mut partial = Partial::open(to, wanted.bytes.unwrap_or(wanted.limit_bytes))?;
        let mut failures = 0;
        let mut tried_anew = false;
        let mut attempt = Attempt::new(self, wanted, stop);
        loop {
            let resumed = partial.bytes() > 0;
            let before = partial.bytes();
            // A file that is all there already, its renaming having failed, is not asked for again.
            let whole = wanted.sha256.is_some_and(|sha256| {
                wanted.bytes.is_some_and(|bytes| bytes == before) && partial.digest() == sha256
            });
            let ended = if whole { Ok(()) } else { attempt.run(&mut partial, progress).await };
            match ended {
                Ok(()) => {
                    let (found, bytes) = (partial.digest(), partial.bytes());
                    match attempt.expected().filter(|expected| *expected != found) {
                        None => {
                            partial.complete(to)?;
                            return Ok(Received { bytes, sha256: found, revision: attempt.revision() });
                        }
                        // What was there before may have been wrong; that is worth one try from the beginning.
                        Some(_) if resumed && !tried_anew => {
                            tried_anew = true;
                            partial.restart()?;
                        }
                        Some(expected) => {
                            partial.discard()?;
                            return Err(HubError::Checksum { url: attempt.shown(), expected, found });
                        }
                    }
                }
                Err(Failed::ForGood(error)) => return Err(error),
                Err(Failed::ForNow { error, wait }) => {
                    failures = if partial.bytes() >= before + PROGRESS_BYTES { 1 } else { failures + 1 };
                    let doubled = self.options.first_wait.saturating_mul(1 << (failures - 1).min(16));
                    let wait = wait.unwrap_or(doubled.min(self.options.longest_wait));
                    if failures >= self.options.attempts || wait > self.options.longest_wait {
                        return Err(error);
                    }
                    tracing::info!(%error, wait_s = wait.as_secs_f32(), "trying again");
                    pause(wait, stop).await?;
                }
            }
        }
    }
}

/// Waits, but not for longer than until a stop is asked for.
async fn pause(wait: Duration, stop: &AtomicBool) -> Result<(), HubError> {
    let mut left = wait;
    loop {
        if stop.load(Ordering::SeqCst) {
            return Err(HubError::Stopped);
        }
        if left.is_zero() {
            return Ok(());
        }
        let step = left.min(LOOK_EVERY);
        tokio::time::sleep(step).await;
        left -= step;
    }
}
