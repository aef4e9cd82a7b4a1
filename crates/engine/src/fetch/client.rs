//! One GET, bounded in every direction: addresses, redirects, bytes and time; and tried again where that may help.
//!
//! Redirects are followed by hand so that the guard sees every hop. Nothing is decompressed: a body is what
//! the server sent, counted as it arrives. Proxies named in the environment are not used, because a proxy would
//! resolve names itself, behind the guard's back. Neighbours: `guard` and `resolver` decide who may be asked, `hosts` when,
//! `retry` how often; `body` reads what comes; `blocking` lends this to threads without a runtime.

use super::body::Bodies;
use super::error::{FetchError, redacted, redacted_text};
use super::explain::{broke_before_an_answer, explained, root_cause};
use super::guard::Guard;
use super::hosts::{Busy, Hosts};
use super::options::FetchOptions;
use super::resolver::{GuardedResolver, Lookup, SystemLookup};
use super::retry::{pause_before, retry_after};
use super::validators::Validators;
use bytes::Bytes;
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, HeaderMap, HeaderValue, LOCATION};
use reqwest::{Client, Proxy, Response, redirect};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use url::Url;

/// What a URL gave.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// The body as sent.
    pub bytes: Bytes,
    /// Where it came from after redirects, without secrets.
    pub url: String,
    /// What the server calls it; not to be trusted.
    pub content_type: Option<String>,
    /// By what it can tell later whether this changed.
    pub validators: Option<Validators>,
}

/// What came of asking for a URL that may be known.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    Fetched(Fetched),
    /// It is what it was.
    Same,
}

/// A try that gave nothing, and the pause the server asked for.
struct Failed {
    error: FetchError,
    retry_after: Option<Duration>,
}

impl From<FetchError> for Failed {
    fn from(error: FetchError) -> Self {
        Self { error, retry_after: None }
    }
}

/// Fetches URLs that others named. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct Fetcher {
    client: Client,
    guard: Guard,
    options: Arc<FetchOptions>,
    hosts: Arc<Hosts>,
    bodies: Bodies,
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
        let proxy = match &options.proxy {
            None => None,
            Some(text) => Some(proxy_at(text)?),
        };
        let name = proxy.as_ref().and_then(|(url, _)| url.host_str()).map(str::to_owned);
        let resolver = Arc::new(GuardedResolver { guard: guard.clone(), lookup, proxy: name });
        let headers = HeaderMap::from_iter([
            (ACCEPT, HeaderValue::from_static("image/*, */*;q=0.5")),
            (ACCEPT_ENCODING, HeaderValue::from_static("identity")),
        ]);
        let builder = || {
            let direct = Client::builder().no_proxy();
            let builder = match &proxy {
                None => direct,
                Some((_, proxy)) => direct.proxy(proxy.clone()),
            };
            builder
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
        let hosts = Arc::new(Hosts::new(options.per_host));
        let bodies = Bodies::new(&options);
        Ok(Self { client, guard, options: Arc::new(options), hosts, bodies, https_works })
    }

    /// Fetches `url`, following redirects.
    ///
    /// # Errors
    /// Whatever is in the way, in words that name the URL and the cure.
    pub async fn get(&self, url: &str) -> Result<Fetched, FetchError> {
        match self.get_unless_same(url, None).await? {
            Answer::Fetched(fetched) => Ok(fetched),
            // Said without being asked.
            Answer::Same => Err(FetchError::Status { url: redacted_text(url), status: 304 }),
        }
    }

    /// Fetches `url` unless it is still what its server said `known` of.
    pub(super) async fn get_unless_same(
        &self,
        url: &str,
        known: Option<&Validators>,
    ) -> Result<Answer, FetchError> {
        let first = Url::parse(url.trim())
            .map_err(|error| FetchError::Malformed { url: redacted_text(url), reason: error.to_string() })?;
        let limit = self.options.total_timeout;
        let until = Instant::now() + limit;
        let mut tries = 0;
        let persisting = self.persist(&first, known, until, &mut tries);
        let ended = tokio::time::timeout(limit, persisting).await;
        ended.unwrap_or_else(|_| Err(timed_out(&first, limit))).map_err(|last| match tries {
            ..=1 => last,
            times => FetchError::Tried { last: Box::new(last), times },
        })
    }

    /// Tries until there is an answer, or none is to be expected.
    async fn persist(
        &self,
        first: &Url,
        known: Option<&Validators>,
        until: Instant,
        tries: &mut u32,
    ) -> Result<Answer, FetchError> {
        let host = self.hosts.of(first);
        loop {
            // Waiting for a pause to pass is not part of a try.
            host.wait_out(until).await.map_err(|busy| asked_to_wait(first, busy))?;
            *tries += 1;
            let limit = self.options.try_timeout;
            let tried = tokio::time::timeout(limit, self.follow(first, known, until)).await;
            let Failed { error, retry_after } =
                match tried.unwrap_or_else(|_| Err(timed_out(first, limit).into())) {
                    Ok(answer) => {
                        host.answered();
                        return Ok(answer);
                    }
                    Err(failed) => failed,
                };
            if matches!(error, FetchError::AskedToWait { .. }) {
                return Err(error);
            }
            if !error.can_succeed_later() {
                host.answered();
                return Err(error);
            }
            if *tries > self.options.retries || host.is_lost() {
                host.lost();
                return Err(error);
            }
            let pause = retry_after.unwrap_or_else(|| pause_before(*tries - 1, self.options.first_pause));
            if Instant::now() + pause >= until {
                host.lost();
                return Err(retry_after.map_or(error, |pause| asked_to_wait(first, Busy(pause))));
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// One try.
    async fn follow(
        &self,
        first: &Url,
        known: Option<&Validators>,
        until: Instant,
    ) -> Result<Answer, Failed> {
        let mut seen = HashSet::new();
        let mut url = first.clone();
        loop {
            url.set_fragment(None);
            if !seen.insert(url.clone()) {
                return Err(FetchError::RedirectLoop { url: redacted(first) }.into());
            }
            if seen.len() > self.options.max_redirects + 1 {
                let limit = self.options.max_redirects;
                return Err(FetchError::TooManyRedirects { url: redacted(first), limit }.into());
            }
            self.check(&url)?;
            let host = self.hosts.of(&url);
            let turn = host.enter(until).await.map_err(|busy| asked_to_wait(&url, busy))?;
            let response = self.send(&url, known).await?;
            match response.status().as_u16() {
                200..=299 => {
                    let fetched = self.bodies.read(&url, response).await?;
                    drop(turn);
                    return Ok(Answer::Fetched(fetched));
                }
                304 if known.is_some() => return Ok(Answer::Same),
                301 | 302 | 303 | 307 | 308 => url = redirect_target(&url, &response)?,
                status => {
                    let asked = matches!(status, 429 | 503)
                        .then(|| retry_after(response.headers(), SystemTime::now()))
                        .flatten();
                    asked.into_iter().for_each(|pause| host.pause(pause));
                    let error = FetchError::Status { url: redacted(&url), status };
                    return Err(Failed { error, retry_after: asked });
                }
            }
        }
    }

    fn check(&self, url: &Url) -> Result<(), FetchError> {
        self.guard.check_url(url).map_err(|reason| FetchError::Refused { url: redacted(url), reason })?;
        if url.scheme() == "https" && !self.https_works {
            return Err(FetchError::NoRootCertificates { url: redacted(url) });
        }
        Ok(())
    }

    async fn send(&self, url: &Url, known: Option<&Validators>) -> Result<Response, FetchError> {
        let conditions = known.map(Validators::conditions).unwrap_or_default();
        let ask = || self.client.get(url.clone()).headers(conditions.clone()).send();
        let answered = match ask().await {
            // A kept connection that the server closes just then says nothing of the server: ask on another.
            Err(error) if broke_before_an_answer(&error) => ask().await,
            answered => answered,
        };
        answered.map_err(|error| explained(url, &error, self.options.connect_timeout))
    }
}

/// The operator's proxy.
fn proxy_at(text: &str) -> Result<(Url, Proxy), FetchError> {
    let wrong = |reason: String| FetchError::Setup { reason };
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let url = url.ok_or_else(|| {
        wrong(format!("{:?} is no proxy: write it as http://host:port", redacted_text(text)))
    })?;
    let proxy = Proxy::all(url.clone());
    let proxy =
        proxy.map_err(|error| wrong(format!("the proxy {}: {}", redacted(&url), root_cause(&error))))?;
    Ok((url, proxy))
}

fn timed_out(url: &Url, limit: Duration) -> FetchError {
    FetchError::TimedOut { url: redacted(url), seconds: limit.as_secs_f32() }
}

fn asked_to_wait(url: &Url, Busy(left): Busy) -> FetchError {
    FetchError::AskedToWait { url: redacted(url), seconds: left.as_secs_f64().ceil() as u64 }
}

fn redirect_target(url: &Url, response: &Response) -> Result<Url, FetchError> {
    let location =
        response.headers().get(LOCATION).and_then(|value| std::str::from_utf8(value.as_bytes()).ok());
    location
        .and_then(|location| url.join(location).ok())
        .ok_or_else(|| FetchError::BadRedirect { url: redacted(url) })
}
