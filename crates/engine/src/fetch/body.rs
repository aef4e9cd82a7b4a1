//! The body of an answer: counted as it arrives, and given up as soon as it cannot be what was asked for.
//!
//! Long bodies take their length out of one budget before they go on beyond a mebibyte, each once and as a whole: many
//! readers of hostile servers together need no more memory than that, and none waits for another while it holds a part.

use super::client::Fetched;
use super::error::{FetchError, redacted};
use super::options::FetchOptions;
use super::validators::Validators;
use bytes::Bytes;
use lookalike_vision::decode::Format;
use reqwest::Response;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE};
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use url::Url;

/// Every body may be so long without asking.
const FREE_BYTES: u64 = 1 << 20;
/// What a picture is told by.
const FRONT_BYTES: usize = 1024;
/// The budget counts in these, so that it fits the counter.
const UNIT_BYTES: u64 = 1024;

/// Reads bodies within their bounds. Clones share the budget.
#[derive(Debug, Clone)]
pub(super) struct Bodies {
    max_bytes: u64,
    pictures_only: bool,
    budget: Arc<Semaphore>,
    budget_units: u32,
}

impl Bodies {
    pub(super) fn new(options: &FetchOptions) -> Self {
        let budget_units = units(options.body_bytes).max(1);
        let budget = Arc::new(Semaphore::new(budget_units as usize));
        let FetchOptions { max_bytes, pictures_only, .. } = *options;
        Self { max_bytes, pictures_only, budget, budget_units }
    }

    /// Reads to the end.
    pub(super) async fn read(&self, url: &Url, mut response: Response) -> Result<Fetched, FetchError> {
        let limit_bytes = self.max_bytes;
        let too_large = || FetchError::TooLarge { url: redacted(url), limit_bytes };
        let announced = response.content_length();
        if announced.is_some_and(|length| length > limit_bytes) {
            return Err(too_large());
        }
        let header = |name| {
            let value = response.headers().get(name).and_then(|value| value.to_str().ok());
            value.map(str::to_owned)
        };
        let (content_type, encoding) = (header(CONTENT_TYPE), header(CONTENT_ENCODING));
        let validators = Validators::of(response.headers());
        // What a server announces is a hint, not a reason to set memory aside.
        let mut body = Vec::with_capacity(announced.unwrap_or(0).min(FREE_BYTES) as usize);
        let mut grant = None;
        let mut is_looked_at = !self.pictures_only;
        loop {
            let chunk = match response.chunk().await {
                Ok(Some(chunk)) => chunk,
                Ok(None) => break,
                Err(_) => {
                    let received_bytes = body.len() as u64;
                    return Err(FetchError::BrokenOff { url: redacted(url), received_bytes });
                }
            };
            let length = body.len() as u64 + chunk.len() as u64;
            if length > limit_bytes {
                return Err(too_large());
            }
            if length > FREE_BYTES && grant.is_none() {
                grant = self.acquire(announced.unwrap_or(limit_bytes)).await;
            }
            body.extend_from_slice(&chunk);
            if !is_looked_at && body.len() >= FRONT_BYTES {
                is_looked_at = true;
                check_front(url, &body, encoding.as_deref())?;
            }
        }
        if self.pictures_only && encoding.is_some() {
            check_front(url, &body, encoding.as_deref())?;
        }
        Ok(Fetched { bytes: Bytes::from(body), url: redacted(url), content_type, validators })
    }

    async fn acquire(&self, bytes: u64) -> Option<OwnedSemaphorePermit> {
        let wanted = units(bytes).clamp(1, self.budget_units);
        // The semaphore is never closed.
        Arc::clone(&self.budget).acquire_many_owned(wanted).await.ok()
    }
}

fn units(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT_BYTES)).unwrap_or(u32::MAX).min(1 << 28)
}

/// Refuses what begins like no picture. A server that calls a plain picture compressed is believed by the bytes.
fn check_front(url: &Url, body: &[u8], encoding: Option<&str>) -> Result<(), FetchError> {
    let Err(error) = Format::sniff(body) else { return Ok(()) };
    let reason = match encoding {
        Some(encoding) if !encoding.eq_ignore_ascii_case("identity") => {
            let encoding: String = encoding.chars().take(20).collect();
            format!(
                "was sent compressed ({encoding:?}) although it was asked for as it is, and is not unpacked"
            )
        }
        _ => error.to_string(),
    };
    Err(FetchError::NotAPicture { url: redacted(url), reason })
}
