//! One request for a file, redirects included: what is asked, what is believed of the answer, what is worth trying again.
//!
//! Redirects are followed by hand, so that the token goes to the operator's hub and to nobody it points at. The content of a
//! file is judged by its length here and by its digest in `client`.

use super::super::digest::Digest;
use super::client::{Hub, LOOK_EVERY, Wanted};
use super::error::HubError;
use super::partial::Partial;
use crate::fetch::redacted;
use reqwest::Response;
use reqwest::header::{
    AUTHORIZATION, CONTENT_RANGE, ETAG, HeaderMap, IF_RANGE, LOCATION, RANGE, RETRY_AFTER,
};
use std::collections::HashSet;
use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use url::Url;

/// A request that gave no file.
pub(super) enum Failed {
    /// Another request would give none either.
    ForGood(HubError),
    /// Another may; the server may have said when.
    ForNow {
        /// What to say when there is no other.
        error: HubError,
        /// How long the server asks to wait.
        wait: Option<Duration>,
    },
}

impl From<HubError> for Failed {
    fn from(error: HubError) -> Self {
        Self::ForGood(error)
    }
}

fn for_now(error: HubError) -> Failed {
    Failed::ForNow { error, wait: None }
}

/// Requests for one file.
pub(super) struct Attempt<'a> {
    hub: &'a Hub,
    wanted: &'a Wanted<'a>,
    stop: &'a AtomicBool,
    url: Url,
    /// What the hub says of a file it keeps elsewhere.
    linked_sha256: Option<Digest>,
    revision: Option<String>,
}

impl<'a> Attempt<'a> {
    pub(super) fn new(hub: &'a Hub, wanted: &'a Wanted<'a>, stop: &'a AtomicBool) -> Self {
        let url = hub.address(wanted.repository, wanted.revision, wanted.path);
        Self { hub, wanted, stop, url, linked_sha256: None, revision: None }
    }

    /// The digest to expect: the pinned one, or else what the hub says it has.
    pub(super) fn expected(&self) -> Option<Digest> {
        self.wanted.sha256.or(self.linked_sha256)
    }

    /// The commit the hub said it served.
    pub(super) fn revision(&self) -> Option<String> {
        self.revision.clone()
    }

    /// The address, as a message may show it.
    pub(super) fn shown(&self) -> String {
        redacted(&self.url)
    }

    /// Asks for what is missing and adds it to `partial`.
    pub(super) async fn run(
        &mut self,
        partial: &mut Partial,
        progress: &mut dyn FnMut(u64, Option<u64>),
    ) -> Result<(), Failed> {
        // Without a name for its content and without a digest, nothing tells whether the rest would belong to it.
        if partial.bytes() > 0 && partial.tag().is_none() && self.expected().is_none() {
            partial.restart()?;
        }
        let response = self.answer(partial).await?;
        let status = response.status().as_u16();
        let url = self.shown();
        let length = match status {
            206 => {
                let (start, total) = content_range(response.headers())
                    .ok_or_else(|| HubError::Status { url: url.clone(), status })?;
                if start != partial.bytes() {
                    // Not the piece that was asked for: begin again, without asking for pieces.
                    partial.restart()?;
                    let reason = "it sent another part than it was asked for".to_owned();
                    return Err(for_now(HubError::BrokenOff { url, reason, kept_bytes: 0 }));
                }
                total
            }
            _ => {
                // All of it, whether a part was asked for or not.
                partial.restart()?;
                response.content_length()
            }
        };
        partial.set_tag(response.headers().get(ETAG).and_then(|tag| tag.to_str().ok()))?;
        if let (Some(expected), Some(found)) = (self.wanted.bytes, length)
            && expected != found
        {
            partial.restart()?;
            return Err(HubError::Length { url, expected, found }.into());
        }
        let limit_bytes = self.wanted.limit_bytes;
        if length.is_some_and(|length| length > limit_bytes) {
            return Err(HubError::TooLarge { url, limit_bytes }.into());
        }
        self.read(response, length.or(self.wanted.bytes), partial, progress).await
    }

    async fn read(
        &self,
        mut response: Response,
        length: Option<u64>,
        partial: &mut Partial,
        progress: &mut dyn FnMut(u64, Option<u64>),
    ) -> Result<(), Failed> {
        progress(partial.bytes(), length);
        let most = length.unwrap_or(self.wanted.limit_bytes);
        loop {
            let chunk = self.waited(response.chunk(), partial.bytes()).await?;
            match chunk {
                Ok(Some(chunk)) => {
                    if partial.bytes() + chunk.len() as u64 > most {
                        partial.restart()?;
                        let (url, limit_bytes) = (self.shown(), most);
                        return Err(HubError::TooLarge { url, limit_bytes }.into());
                    }
                    partial.add(&chunk)?;
                    progress(partial.bytes(), length);
                }
                Ok(None) if length.is_none_or(|length| length == partial.bytes()) => return Ok(()),
                Ok(None) => return Err(for_now(self.broken_off("it ended too early".to_owned(), partial))),
                Err(error) => return Err(for_now(self.broken_off(root_cause(&error), partial))),
            }
        }
    }

    fn broken_off(&self, reason: String, partial: &Partial) -> HubError {
        HubError::BrokenOff { url: self.shown(), reason, kept_bytes: partial.bytes() }
    }

    /// Sends the request and follows where it leads, up to an answer with a body to read.
    async fn answer(&mut self, partial: &mut Partial) -> Result<Response, Failed> {
        let limit = self.hub.options.max_redirects;
        let mut seen = HashSet::new();
        let mut url = self.url.clone();
        loop {
            if !seen.insert(url.clone()) || seen.len() > limit + 1 {
                return Err(HubError::Redirects { url: self.shown(), limit }.into());
            }
            let response = self.send(&url, partial).await?;
            self.note(&url, response.headers());
            match response.status().as_u16() {
                200 | 206 => return Ok(response),
                301 | 302 | 303 | 307 | 308 => url = redirect_target(&url, &response)?,
                416 if partial.bytes() > 0 => {
                    // There is nothing after what we have, so what we have is not a part of what it has.
                    partial.restart()?;
                    return Err(for_now(self.broken_off("it has no more than that".to_owned(), partial)));
                }
                status => return Err(self.refused(&url, status, response.headers())),
            }
        }
    }

    async fn send(&self, url: &Url, partial: &Partial) -> Result<Response, Failed> {
        if url.scheme() == "https" && !self.hub.https_works {
            return Err(HubError::NoRootCertificates { url: redacted(url) }.into());
        }
        let mut request = self.hub.client.get(url.clone());
        if let Some(token) = &self.hub.options.token
            && url.origin() == self.hub.endpoint.origin()
        {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        if partial.bytes() > 0 {
            request = request.header(RANGE, format!("bytes={}-", partial.bytes()));
            if let Some(tag) = partial.tag() {
                request = request.header(IF_RANGE, tag);
            }
        }
        let sent = self.waited(request.send(), partial.bytes()).await?;
        sent.map_err(|error| {
            let reason = root_cause(&error);
            if error.is_builder() {
                // A token with a line break in it, for one.
                return Failed::ForGood(HubError::Setup(format!("{reason}: check HF_TOKEN")));
            }
            for_now(HubError::Unreachable { url: redacted(url), reason })
        })
    }

    /// Waits for the network, but not for ever, and not when a stop is asked for.
    async fn waited<T>(&self, work: impl Future<Output = T>, kept_bytes: u64) -> Result<T, Failed> {
        let limit = self.hub.options.stall_timeout;
        let silence = tokio::time::sleep(limit);
        tokio::pin!(work, silence);
        loop {
            if self.stop.load(Ordering::SeqCst) {
                return Err(HubError::Stopped.into());
            }
            tokio::select! {
                biased;
                done = &mut work => return Ok(done),
                () = &mut silence => {
                    let (url, seconds) = (self.shown(), limit.as_secs_f32());
                    return Err(for_now(HubError::Stalled { url, seconds, kept_bytes }));
                }
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    /// What the hub says of the file in its own answers; what others say of it is not asked.
    fn note(&mut self, url: &Url, headers: &HeaderMap) {
        if url.origin() != self.hub.endpoint.origin() {
            return;
        }
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        if let Some(commit) = text("x-repo-commit").filter(|commit| is_commit(commit)) {
            self.revision = Some(commit.to_owned());
        }
        // For files in large-file storage the entity tag is their SHA-256.
        if let Some(sha256) = text("x-linked-etag").and_then(|tag| tag.trim_matches('"').parse().ok()) {
            self.linked_sha256 = Some(sha256);
        }
    }

    fn refused(&self, url: &Url, status: u16, headers: &HeaderMap) -> Failed {
        let asked_wait = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let wait = asked_wait.and_then(|text| text.trim().parse().ok()).map(Duration::from_secs);
        let shown = redacted(url);
        let token_given = self.hub.options.token.is_some();
        Failed::ForGood(match status {
            401 => HubError::Unauthorized { url: shown, token_given },
            403 => {
                let page = format!("{}{}", self.hub.endpoint, self.wanted.repository);
                HubError::Forbidden { url: shown, page, token_given }
            }
            404 | 410 => HubError::NotFound { url: shown },
            429 => return Failed::ForNow { error: HubError::TooManyRequests { url: shown, wait }, wait },
            500..=599 => return Failed::ForNow { error: HubError::ServerFault { url: shown, status }, wait },
            _ => HubError::Status { url: shown, status },
        })
    }
}

fn is_commit(text: &str) -> bool {
    text.len() == 40 && text.chars().all(|c| c.is_ascii_hexdigit())
}

fn redirect_target(url: &Url, response: &Response) -> Result<Url, HubError> {
    let bad = |target: String, reason| HubError::BadRedirect { url: redacted(url), target, reason };
    let location =
        response.headers().get(LOCATION).and_then(|value| std::str::from_utf8(value.as_bytes()).ok());
    let target = location.and_then(|location| url.join(location).ok());
    let Some(mut target) = target else {
        return Err(bad("nowhere".to_owned(), "it does not say where to"));
    };
    target.set_fragment(None);
    match target.scheme() {
        "https" => Ok(target),
        "http" if url.scheme() == "http" => Ok(target),
        "http" => Err(bad(redacted(&target), "a file asked for over https must not come over plain http")),
        _ => Err(bad(redacted(&target), "it is no web address")),
    }
}

/// `bytes 5-9/10`: where the piece begins, and how long the whole is where that is said.
fn content_range(headers: &HeaderMap) -> Option<(u64, Option<u64>)> {
    let (range, total) =
        headers.get(CONTENT_RANGE)?.to_str().ok()?.strip_prefix("bytes ")?.split_once('/')?;
    Some((range.split_once('-')?.0.parse().ok()?, total.parse().ok()))
}

/// The innermost reason; the layers above it repeat it or name the URL with its secrets.
fn root_cause(error: &(dyn Error + 'static)) -> String {
    let causes =
        std::iter::successors(Some(error), |cause| -> Option<&(dyn Error + 'static)> { (*cause).source() });
    causes.last().map(ToString::to_string).unwrap_or_default()
}
