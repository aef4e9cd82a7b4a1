//! One GET, bounded in every direction: addresses, redirects, bytes and time.
//!
//! Redirects are followed by hand so that the guard sees every hop. Nothing is decompressed: a body is what
//! the server sent, counted as it arrives. Proxies named in the environment are not used, because a proxy would
//! resolve names itself, behind the guard's back. Neighbours: `guard` and `resolver` decide, `blocking` lends
//! this to threads without a runtime.

use super::error::{FetchError, redacted, redacted_text};
use super::guard::{Guard, Refusal};
use super::resolver::{GuardedResolver, Lookup, ResolveError, SystemLookup};
use bytes::Bytes;
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION};
use reqwest::{Client, Response, redirect};
use std::collections::HashSet;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// What fetching may cost and whom it may contact.
#[derive(Debug, Clone)]
pub struct FetchOptions {
    /// Whether addresses of the operator's own networks may be contacted.
    pub allow_private: bool,
    /// The ports that may be contacted; `None` for any (see [`Guard::new`]).
    pub ports: Option<Vec<u16>>,
    /// Longest body.
    pub max_bytes: u64,
    /// For one connection, its name's lookup and TLS included.
    pub connect_timeout: Duration,
    /// For everything, redirects included.
    pub total_timeout: Duration,
    /// How many redirects are followed.
    pub max_redirects: usize,
    /// How this program names itself to servers.
    pub user_agent: String,
}

impl Default for FetchOptions {
    /// Public addresses, 64 MiB, 10 s to connect, 30 s in all, 5 redirects.
    fn default() -> Self {
        Self {
            allow_private: false,
            ports: None,
            max_bytes: 64 << 20,
            connect_timeout: Duration::from_secs(10),
            total_timeout: Duration::from_secs(30),
            max_redirects: 5,
            user_agent: concat!("lookalike/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

/// What a URL gave.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// The body as sent.
    pub bytes: Bytes,
    /// Where it came from after redirects, without secrets.
    pub url: String,
    /// What the server calls it; not to be trusted.
    pub content_type: Option<String>,
}

/// Fetches URLs that others named. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct Fetcher {
    client: Client,
    guard: Guard,
    options: Arc<FetchOptions>,
    https_works: bool,
}

impl Fetcher {
    /// Makes a client. No request is sent.
    ///
    /// # Errors
    /// When the TLS library or the options are unusable. A machine without root certificates can still fetch over
    /// http; https URLs then say what is missing.
    pub fn new(options: FetchOptions) -> Result<Self, FetchError> {
        Self::with_lookup(options, Arc::new(SystemLookup))
    }

    pub(super) fn with_lookup(options: FetchOptions, lookup: Arc<dyn Lookup>) -> Result<Self, FetchError> {
        // Fails only when a provider is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let open = Guard::new(options.allow_private);
        let guard = match &options.ports {
            Some(ports) => open.with_ports(ports.clone()),
            None => open,
        };
        let resolver = Arc::new(GuardedResolver { guard: guard.clone(), lookup });
        let headers = HeaderMap::from_iter([
            (ACCEPT, HeaderValue::from_static("image/*, */*;q=0.5")),
            (ACCEPT_ENCODING, HeaderValue::from_static("identity")),
        ]);
        let builder = || {
            Client::builder()
                .no_proxy()
                .redirect(redirect::Policy::none())
                .dns_resolver(Arc::clone(&resolver))
                .connect_timeout(options.connect_timeout)
                .default_headers(headers.clone())
                .user_agent(options.user_agent.as_str())
        };
        let (client, https_works) = match builder().build() {
            Ok(client) => (client, true),
            // A bare machine has no root certificates; trusting none is the same client without https.
            Err(_) => match builder().tls_certs_only([]).build() {
                Ok(client) => (client, false),
                Err(error) => return Err(FetchError::Setup { reason: root_cause(&error) }),
            },
        };
        Ok(Self { client, guard, options: Arc::new(options), https_works })
    }

    /// Fetches `url`, following redirects.
    ///
    /// # Errors
    /// Whatever is in the way, in words that name the URL and the cure.
    pub async fn get(&self, url: &str) -> Result<Fetched, FetchError> {
        let first = Url::parse(url.trim())
            .map_err(|error| FetchError::Malformed { url: redacted_text(url), reason: error.to_string() })?;
        let shown = redacted(&first);
        let limit = self.options.total_timeout;
        tokio::time::timeout(limit, self.follow(first))
            .await
            .unwrap_or(Err(FetchError::TimedOut { url: shown, seconds: limit.as_secs_f32() }))
    }

    async fn follow(&self, first: Url) -> Result<Fetched, FetchError> {
        let mut seen = HashSet::new();
        let mut url = first.clone();
        loop {
            url.set_fragment(None);
            if !seen.insert(url.clone()) {
                return Err(FetchError::RedirectLoop { url: redacted(&first) });
            }
            if seen.len() > self.options.max_redirects + 1 {
                let limit = self.options.max_redirects;
                return Err(FetchError::TooManyRedirects { url: redacted(&first), limit });
            }
            let response = self.send(&url).await?;
            match response.status().as_u16() {
                200..=299 => return self.read(&url, response).await,
                301 | 302 | 303 | 307 | 308 => url = redirect_target(&url, &response)?,
                status => return Err(FetchError::Status { url: redacted(&url), status }),
            }
        }
    }

    async fn send(&self, url: &Url) -> Result<Response, FetchError> {
        self.guard.check_url(url).map_err(|reason| FetchError::Refused { url: redacted(url), reason })?;
        if url.scheme() == "https" && !self.https_works {
            return Err(FetchError::NoRootCertificates { url: redacted(url) });
        }
        let ask = || self.client.get(url.clone()).send();
        let answered = match ask().await {
            // A kept connection that the server closes just then says nothing of the server: ask on another.
            Err(error) if broke_before_an_answer(&error) => ask().await,
            answered => answered,
        };
        answered.map_err(|error| self.explained(url, &error))
    }

    async fn read(&self, url: &Url, mut response: Response) -> Result<Fetched, FetchError> {
        let limit_bytes = self.options.max_bytes;
        let too_large = || FetchError::TooLarge { url: redacted(url), limit_bytes };
        let announced = response.content_length();
        if announced.is_some_and(|length| length > limit_bytes) {
            return Err(too_large());
        }
        let content_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let content_type = content_type.map(str::to_owned);
        // What a server announces is a hint, not a reason to set memory aside.
        let mut body = Vec::with_capacity(announced.unwrap_or(0).min(1 << 20) as usize);
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if body.len() as u64 + chunk.len() as u64 > limit_bytes => {
                    return Err(too_large());
                }
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => return Ok(Fetched { bytes: body.into(), url: redacted(url), content_type }),
                Err(_) => {
                    return Err(FetchError::BrokenOff {
                        url: redacted(url),
                        received_bytes: body.len() as u64,
                    });
                }
            }
        }
    }

    /// Finds in the client's error what our own resolver said, or the system's reason.
    fn explained(&self, url: &Url, error: &reqwest::Error) -> FetchError {
        let shown = redacted(url);
        match causes(error).find_map(|cause| cause.downcast_ref::<ResolveError>()) {
            Some(ResolveError::Refused(reason)) => {
                FetchError::Refused { url: shown, reason: Refusal::clone(reason) }
            }
            Some(unresolved @ ResolveError::Unresolved { .. }) => {
                FetchError::Unresolved { url: shown, reason: unresolved.to_string() }
            }
            None if error.is_timeout() => {
                FetchError::TimedOut { url: shown, seconds: self.options.connect_timeout.as_secs_f32() }
            }
            None => FetchError::Unreachable { url: shown, reason: root_cause(error) },
        }
    }
}

fn broke_before_an_answer(error: &reqwest::Error) -> bool {
    error.is_request() && !error.is_connect() && !error.is_timeout()
}

fn redirect_target(url: &Url, response: &Response) -> Result<Url, FetchError> {
    let location =
        response.headers().get(LOCATION).and_then(|value| std::str::from_utf8(value.as_bytes()).ok());
    location
        .and_then(|location| url.join(location).ok())
        .ok_or_else(|| FetchError::BadRedirect { url: redacted(url) })
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |cause| -> Option<&'a (dyn Error + 'static)> { (*cause).source() })
}

/// The innermost reason; the layers above it repeat it or name the URL with its secrets.
fn root_cause(error: &(dyn Error + 'static)) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}
