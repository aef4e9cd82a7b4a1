//! The wheel from a package index: asked for in one piece, gone on with after a break, tried a few times.
//!
//! The index is the operator's (`PIP_INDEX_URL`), and so are the places it points to; proxies of the environment are
//! used. What came is judged by its length here and by its digest in `install`.

use super::error::RuntimeError;
use super::index;
use super::install::Installer;
use crate::fetch::redacted;
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_RANGE, HeaderValue, RANGE};
use reqwest::{Client, Response, StatusCode};
use std::error::Error;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use url::Url;

/// Longest page of links.
const LONGEST_PAGE_BYTES: usize = 16 << 20;
/// How often a request for a stop is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// A request that brought nothing, or not all.
enum Failed {
    /// Another would bring no more.
    ForGood(RuntimeError),
    /// Another may.
    ForNow(RuntimeError),
}

impl From<RuntimeError> for Failed {
    fn from(error: RuntimeError) -> Self {
        Self::ForGood(error)
    }
}

/// One download.
pub(super) struct Download<'a> {
    installer: &'a Installer,
    client: Client,
    https_works: bool,
    file: &'a str,
    bytes: u64,
    stop: &'a AtomicBool,
}

impl<'a> Download<'a> {
    pub(super) fn new(
        installer: &'a Installer,
        file: &'a str,
        bytes: u64,
        stop: &'a AtomicBool,
    ) -> Result<Self, RuntimeError> {
        // Fails only when a provider is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = || {
            let builder = Client::builder()
                .connect_timeout(installer.connect_timeout)
                .read_timeout(installer.stall_timeout)
                .user_agent(concat!("lookalike/", env!("CARGO_PKG_VERSION")));
            if installer.proxies { builder } else { builder.no_proxy() }
        };
        let (client, https_works) = match builder().build() {
            Ok(client) => (client, true),
            // A bare machine has no root certificates; trusting none is the same client without https.
            Err(_) => match builder().tls_certs_only([]).build() {
                Ok(client) => (client, false),
                Err(error) => return Err(RuntimeError::Setup(root_cause(&error))),
            },
        };
        Ok(Self { installer, client, https_works, file, bytes, stop })
    }

    /// Brings the wheel to `to`, adding to what is there. Gives the address it came from, as a message may show it.
    pub(super) fn run(
        &self,
        to: &Path,
        progress: &mut dyn FnMut(u64, Option<u64>),
    ) -> Result<String, RuntimeError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| RuntimeError::Setup(error.to_string()))?;
        runtime.block_on(async {
            let mut wait = self.installer.first_wait;
            let mut failures = 0;
            loop {
                match self.attempt(to, progress).await {
                    Ok(url) => return Ok(url),
                    Err(Failed::ForGood(error)) => return Err(error),
                    Err(Failed::ForNow(error)) => {
                        failures += 1;
                        if failures >= self.installer.attempts {
                            return Err(error);
                        }
                        tracing::info!(%error, wait_s = wait.as_secs_f32(), "trying again");
                        self.waited(tokio::time::sleep(wait)).await?;
                        wait *= 2;
                    }
                }
            }
        })
    }

    async fn attempt(&self, to: &Path, progress: &mut dyn FnMut(u64, Option<u64>)) -> Result<String, Failed> {
        let unusable = || RuntimeError::Index(crate::source::shown::one_line(&self.installer.index_url));
        let index = Url::parse(&self.installer.index_url).map_err(|_| unusable())?;
        if !matches!(index.scheme(), "http" | "https") || index.host().is_none() {
            return Err(unusable().into());
        }
        let page_url = index::page_of(&index);
        let (base, page) = self.page(&page_url).await?;
        let Some(mut url) = index::link(&page, &base, self.file) else {
            let (index, file) = (redacted(&page_url), self.file.to_owned());
            return Err(RuntimeError::NotListed { index, file, folder: self.installer.folder.clone() }.into());
        };
        // A mirror that asks for a password on its pages asks for it on its files.
        if url.origin() == page_url.origin() && url.username().is_empty() {
            let _ = url.set_username(page_url.username());
            let _ = url.set_password(page_url.password());
        }
        self.file(&url, to, progress).await?;
        Ok(redacted(&url))
    }

    async fn page(&self, url: &Url) -> Result<(Url, String), Failed> {
        let mut response = self.send(url, 0).await?;
        let base = response.url().clone();
        let mut page = Vec::new();
        loop {
            let chunk = self.waited(response.chunk()).await?;
            match chunk.map_err(|error| self.for_now(url, &broken_off(&error)))? {
                Some(chunk) if page.len() + chunk.len() > LONGEST_PAGE_BYTES => {
                    return Err(self.for_good(url, "sent a page without an end"));
                }
                Some(chunk) => page.extend_from_slice(&chunk),
                None => return Ok((base, String::from_utf8_lossy(&page).into_owned())),
            }
        }
    }

    async fn file(
        &self,
        url: &Url,
        to: &Path,
        progress: &mut dyn FnMut(u64, Option<u64>),
    ) -> Result<(), Failed> {
        let failed = RuntimeError::io(to);
        let mut file = OpenOptions::new().append(true).create(true).open(to).map_err(&failed)?;
        let length = |file: &File| file.metadata().map(|metadata| metadata.len());
        let mut there = length(&file).map_err(&failed)?;
        if there > self.bytes {
            file.set_len(0).map_err(&failed)?;
            there = 0;
        }
        if there == self.bytes {
            return Ok(());
        }
        let mut response = self.send(url, there).await?;
        if there > 0 && !goes_on_from(&response, there) {
            file.set_len(0).map_err(&failed)?;
            there = 0;
            if response.status() == StatusCode::PARTIAL_CONTENT {
                return Err(self.for_now(url, "sent another part than it was asked for"));
            }
        }
        progress(there, Some(self.bytes));
        loop {
            let chunk = self.waited(response.chunk()).await?;
            match chunk.map_err(|error| self.for_now(url, &broken_off(&error)))? {
                Some(chunk) => {
                    there += chunk.len() as u64;
                    if there > self.bytes {
                        file.set_len(0).map_err(&failed)?;
                        let reason = format!("is longer than the {} bytes it should have", self.bytes);
                        return Err(self.for_good(url, &reason));
                    }
                    if let Err(error) = file.write_all(&chunk) {
                        // Half a piece would make the rest be asked for from the wrong place on: it would not.
                        return Err(failed(error).into());
                    }
                    progress(there, Some(self.bytes));
                }
                None if there == self.bytes => {
                    file.sync_all().map_err(&failed)?;
                    return Ok(());
                }
                None => {
                    let reason = format!("ended after {there} of {} bytes", self.bytes);
                    return Err(self.for_now(url, &reason));
                }
            }
        }
    }

    async fn send(&self, url: &Url, from: u64) -> Result<Response, Failed> {
        if url.scheme() == "https" && !self.https_works {
            let reason = "cannot be trusted, because this machine has no root certificates (install its \
                          ca-certificates package)";
            return Err(self.for_good(url, reason));
        }
        let mut request = self.client.get(url.clone()).header(ACCEPT_ENCODING, "identity");
        request = request.header(ACCEPT, HeaderValue::from_static("text/html, */*;q=0.5"));
        if from > 0 {
            request = request.header(RANGE, format!("bytes={from}-"));
        }
        let response = self.waited(request.send()).await?;
        let response = response.map_err(|error| {
            let reason = if error.is_timeout() { "does not answer".to_owned() } else { root_cause(&error) };
            self.for_now(url, &format!("cannot be reached ({reason})"))
        })?;
        match response.status().as_u16() {
            200 | 206 => Ok(response),
            status @ (429 | 500..=599) => Err(self.for_now(url, &format!("answered with status {status}"))),
            401 | 403 => Err(self.for_good(url, "asks for a password (https://user:password@host/simple)")),
            404 | 410 => Err(self.for_good(url, "does not exist (404)")),
            status => Err(self.for_good(url, &format!("answered with status {status}"))),
        }
    }

    fn unreachable(&self, url: &Url, reason: &str) -> RuntimeError {
        RuntimeError::Unreachable {
            url: redacted(url),
            reason: reason.to_owned(),
            file: self.file.to_owned(),
            folder: self.installer.folder.clone(),
        }
    }

    fn for_now(&self, url: &Url, reason: &str) -> Failed {
        Failed::ForNow(self.unreachable(url, reason))
    }

    fn for_good(&self, url: &Url, reason: &str) -> Failed {
        Failed::ForGood(self.unreachable(url, reason))
    }

    /// Waits, but not when a stop is asked for.
    async fn waited<T>(&self, work: impl Future<Output = T>) -> Result<T, RuntimeError> {
        tokio::pin!(work);
        loop {
            if self.stop.load(Ordering::SeqCst) {
                return Err(RuntimeError::Stopped);
            }
            tokio::select! {
                biased;
                done = &mut work => return Ok(done),
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }
}

/// `bytes 5-9/10`: whether the answer begins where what is there ends.
fn goes_on_from(response: &Response, there: u64) -> bool {
    let range = response.headers().get(CONTENT_RANGE).and_then(|value| value.to_str().ok());
    let start = range.and_then(|range| range.strip_prefix("bytes ")?.split_once('-')?.0.parse().ok());
    response.status() == StatusCode::PARTIAL_CONTENT && start == Some(there)
}

fn broken_off(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        "stopped sending".to_owned()
    } else {
        format!("broke off ({})", root_cause(error))
    }
}

/// The innermost reason; the layers above it repeat it or name the URL with its secrets.
fn root_cause(error: &(dyn Error + 'static)) -> String {
    let causes =
        std::iter::successors(Some(error), |cause| -> Option<&(dyn Error + 'static)> { (*cause).source() });
    causes.last().map(ToString::to_string).unwrap_or_default()
}
