//! A catalog file on the web, to a file on this machine.
//!
//! The address is the operator's own words, not a catalog's, so it is asked for as any tool would: private addresses and
//! proxies of the environment included, redirects followed. The photos that the file names go through the guard all the
//! same. Neighbours: `client` fetches photos, `object` reads files in object stores.

use super::error::redacted;
use reqwest::Client;
use std::error::Error;
use std::io::Write;
use std::time::Duration;
use url::Url;

/// How long a server may say nothing.
const STALL: Duration = Duration::from_secs(60);
/// For one connection.
const CONNECT: Duration = Duration::from_secs(10);
/// How often it is asked for in all, where nothing of it came.
const TRIES: u32 = 3;

/// A catalog file cannot be had; a fragment that follows its address.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ListingError(String);

/// Whether `text` is the address of something on the web.
pub fn is_web_address(text: &str) -> bool {
    let scheme = text.split_once("://").map(|(scheme, _)| scheme);
    scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https"))
}

/// An address as a message may show it: without what may be secret in it.
pub fn shown(address: &str) -> String {
    Url::parse(address).map_or_else(|_| address.to_owned(), |url| redacted(&url))
}

/// Writes the file at `address` to `out`, unless it is longer than `max_bytes`; gives its length.
///
/// # Errors
/// When it cannot be had whole.
pub fn download(address: &str, out: &mut dyn Write, max_bytes: u64) -> Result<u64, ListingError> {
    let failed = |reason: String| ListingError(format!("cannot be fetched: {reason}"));
    // Fails only when a provider is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| failed(error.to_string()))?;
    let client = Client::builder()
        .connect_timeout(CONNECT)
        .read_timeout(STALL)
        .user_agent(concat!("lookalike/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| failed(root_cause(&error)))?;
    runtime.block_on(async {
        let mut tried = 1;
        let mut answer = loop {
            let problem = match client.get(address).send().await {
                Ok(answer) if answer.status().is_success() => break answer,
                Ok(answer) => {
                    (format!("status {}", answer.status().as_u16()), answer.status().is_server_error())
                }
                Err(error) => (root_cause(&error), error.is_connect() || error.is_timeout()),
            };
            match problem {
                (_, true) if tried < TRIES => tokio::time::sleep(Duration::from_secs(1 << tried)).await,
                (reason, _) => return Err(failed(reason)),
            }
            tried += 1;
        };
        let mut length = 0;
        let too_large =
            || ListingError(format!("is larger than the {max_bytes} bytes allowed for a catalog file"));
        if answer.content_length().is_some_and(|announced| announced > max_bytes) {
            return Err(too_large());
        }
        while let Some(chunk) = answer
            .chunk()
            .await
            .map_err(|error| failed(format!("broke off after {length} bytes: {}", root_cause(&error))))?
        {
            length += chunk.len() as u64;
            if length > max_bytes {
                return Err(too_large());
            }
            out.write_all(&chunk).map_err(|error| failed(format!("the disk: {error}")))?;
        }
        out.flush().map_err(|error| failed(format!("the disk: {error}")))?;
        Ok(length)
    })
}

/// The innermost reason; the layers above it repeat it or name the URL with its secrets.
fn root_cause(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |cause| (*cause).source());
    causes.last().map(ToString::to_string).unwrap_or_default()
}
