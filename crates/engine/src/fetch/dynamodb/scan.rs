//! A table from its first item to its last, a page at a time, each item as a line of JSON.
//!
//! Pages are the server's (up to 1 MB). When it says that it is asked too much, or fails, the same page is asked for
//! again after a wait that doubles, with chance in it so that several readers do not come back together.

use super::{TableAddress, attribute};
use crate::fetch::object::ObjectError;
use crate::fetch::object::aws;
use crate::source::shown::one_line;
use futures_util::TryStreamExt as _;
use object_store::ClientOptions;
use object_store::aws::{AwsAuthorizer, AwsCredentialProvider};
use object_store::client::{HttpClient, HttpConnector as _, HttpRequest, ReqwestConnector};
use serde_json::{Map, Value, json};
use std::env;
use std::error::Error;
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How often a page is asked for in all.
const TRIES: u32 = 10;
/// Before the second try; doubles from one to the next.
const FIRST_WAIT: Duration = Duration::from_millis(100);
/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// Longest answer; DynamoDB's are of 1 MB before JSON makes them longer.
const MOST_BYTES: usize = 64 << 20;

/// A table that cannot be read, in fragments that follow its address.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// There are no credentials, or no client can be made.
    #[error(transparent)]
    Credentials(#[from] ObjectError),
    /// Nobody says in which region it is.
    #[error("is in no region: add ?region=REGION to its address, or set AWS_REGION")]
    NoRegion,
    /// Answered with a refusal.
    #[error("was refused: {0}")]
    Refused(String),
    /// Not reached, or overloaded, for as long as was tried.
    #[error("cannot be read: {0}; try again later")]
    Unreachable(String),
    /// An answer that is none of DynamoDB's.
    #[error("answered with something else than items: {0}")]
    Malformed(String),
    /// The lines cannot be written.
    #[error("is too much for the disk: {0}")]
    Disk(#[from] io::Error),
    /// Asked to stop.
    #[error("was not read to its end: stopped")]
    Stopped,
}

/// What came of a request.
enum Answer {
    Page(Map<String, Value>),
    /// Another try may do better.
    Later(String),
}

/// Writes every item of a table to `out`, a line of JSON each. Gives how many there were; `tell` hears it on the way.
///
/// # Errors
/// When the table cannot be read to its end or `out` not written.
pub fn scan(
    address: &TableAddress,
    out: &mut dyn Write,
    tell: &mut dyn FnMut(u64),
    stop: &AtomicBool,
) -> Result<u64, ScanError> {
    // Fails only when a provider is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| ScanError::Unreachable(error.to_string()))?;
    runtime.block_on(async {
        let table = Table::open(address)?;
        let (mut items, mut next) = (0, Value::Null);
        loop {
            let mut page = table.page(&next, stop).await?;
            let Some(Value::Array(found)) = page.remove("Items") else {
                return Err(ScanError::Malformed("it has no `Items`".to_owned()));
            };
            for item in found {
                let Value::Object(attributes) = item else {
                    return Err(ScanError::Malformed("an item is no object".to_owned()));
                };
                let plain = attribute::item(attributes).map_err(ScanError::Malformed)?;
                serde_json::to_writer(&mut *out, &plain).map_err(io::Error::from)?;
                out.write_all(b"\n")?;
                items += 1;
            }
            tell(items);
            match page.remove("LastEvaluatedKey") {
                Some(key @ Value::Object(_)) => next = key,
                _ => break,
            }
        }
        out.flush()?;
        Ok(items)
    })
}

struct Table {
    name: String,
    endpoint: String,
    region: String,
    credentials: AwsCredentialProvider,
    client: HttpClient,
}

impl Table {
    fn open(address: &TableAddress) -> Result<Self, ScanError> {
        let (credentials, region) = aws::credentials()?;
        let set = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        let endpoint = address.endpoint.clone();
        let endpoint =
            endpoint.or_else(|| set("AWS_ENDPOINT_URL_DYNAMODB")).or_else(|| set("AWS_ENDPOINT_URL"));
        let region = address.region.clone().or(region);
        let (endpoint, region) = match (endpoint, region) {
            (Some(endpoint), region) => (endpoint, region.unwrap_or_else(|| "us-east-1".to_owned())),
            (None, Some(region)) => {
                let tail = if region.starts_with("cn-") { ".cn" } else { "" };
                (format!("https://dynamodb.{region}.amazonaws.com{tail}"), region)
            }
            (None, None) => return Err(ScanError::NoRegion),
        };
        let options = ClientOptions::new().with_allow_http(endpoint.starts_with("http://"));
        let client = ReqwestConnector::default().connect(&options);
        let client = client.map_err(|error| ScanError::Unreachable(root_cause(&error)))?;
        Ok(Self { name: address.table.clone(), endpoint, region, credentials, client })
    }

    /// The page that begins after the key `next`.
    async fn page(&self, next: &Value, stop: &AtomicBool) -> Result<Map<String, Value>, ScanError> {
        let mut question = json!({"TableName": self.name});
        if let (Some(question), false) = (question.as_object_mut(), next.is_null()) {
            question.insert("ExclusiveStartKey".to_owned(), next.clone());
        }
        let mut reason = String::new();
        for tried in 0..TRIES {
            if tried > 0 {
                tokio::time::sleep(wait(tried)).await;
            }
            if stop.load(Ordering::Relaxed) {
                return Err(ScanError::Stopped);
            }
            match self.ask(&question).await? {
                Answer::Page(page) => return Ok(page),
                Answer::Later(why) => {
                    tracing::debug!(table = self.name, tried, why, "asked again");
                    reason = why;
                }
            }
        }
        Err(ScanError::Unreachable(reason))
    }

    async fn ask(&self, question: &Value) -> Result<Answer, ScanError> {
        let credential = self.credentials.get_credential().await;
        let credential = credential.map_err(|error| ObjectError::Permission(root_cause(&error)))?;
        let body = question.to_string();
        let mut request: HttpRequest =
            http::Request::post(format!("{}/", self.endpoint.trim_end_matches('/')))
                .header("content-type", "application/x-amz-json-1.0")
                .header("x-amz-target", "DynamoDB_20120810.Scan")
                .body(body.into())
                .map_err(|error| ScanError::Unreachable(error.to_string()))?;
        AwsAuthorizer::new(&credential, "dynamodb", &self.region)
            .try_authorize(&mut request, None)
            .map_err(|error| ScanError::Unreachable(root_cause(&error)))?;
        let answer = match self.client.execute(request).await {
            Ok(answer) => answer,
            Err(error) => return Ok(Answer::Later(root_cause(&error))),
        };
        let status = answer.status().as_u16();
        let mut body = Vec::new();
        let mut stream = answer.into_body().bytes_stream();
        loop {
            match stream.try_next().await {
                Ok(Some(chunk)) if body.len() + chunk.len() <= MOST_BYTES => body.extend_from_slice(&chunk),
                Ok(Some(_)) => return Err(ScanError::Malformed("its answer has no end".to_owned())),
                Ok(None) => break,
                Err(error) => return Ok(Answer::Later(root_cause(&error))),
            }
        }
        judge(status, &body)
    }
}

/// What an answer is: a page, a refusal, or a reason to come back.
fn judge(status: u16, body: &[u8]) -> Result<Answer, ScanError> {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    match (status, body) {
        (200, Value::Object(page)) => Ok(Answer::Page(page)),
        (200, _) => Err(ScanError::Malformed("it is no JSON object".to_owned())),
        (status, error) => {
            let text = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
            let kind = text("__type").rsplit('#').next().unwrap_or_default().to_owned();
            let message = [text("message"), text("Message")].concat();
            let reason = match kind.as_str() {
                "" => format!("status {status}"),
                kind if message.is_empty() => kind.to_owned(),
                kind => one_line(&format!("{kind}: {message}")),
            };
            let is_overload = matches!(
                kind.as_str(),
                "ProvisionedThroughputExceededException" | "ThrottlingException" | "RequestLimitExceeded"
            );
            if is_overload || status >= 500 || status == 429 {
                return Ok(Answer::Later(reason));
            }
            Err(ScanError::Refused(reason))
        }
    }
}

/// Between half and all of a time that doubles with each try.
fn wait(tried: u32) -> Duration {
    let longest = FIRST_WAIT.saturating_mul(1 << tried.min(16)).min(LONGEST_WAIT) / 2;
    let chance = RandomState::new().hash_one(tried) % 1_000;
    longest + longest.mul_f64(chance as f64 / 1_000.0)
}

fn root_cause(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |cause| (*cause).source());
    causes.last().map(|cause| one_line(&cause.to_string())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_much_is_asked_again_and_what_is_wrong_is_not() {
        let of = |status, body: &str| match judge(status, body.as_bytes()) {
            Ok(Answer::Page(page)) => format!("page of {}", page.len()),
            Ok(Answer::Later(why)) => format!("later: {why}"),
            Err(error) => error.to_string(),
        };
        assert_eq!(of(200, r#"{"Items":[],"Count":0}"#), "page of 2");
        let slow = r#"{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"slow"}"#;
        assert_eq!(of(400, slow), "later: ProvisionedThroughputExceededException: slow");
        assert_eq!(of(503, "<html>"), "later: status 503");
        let unknown = r#"{"__type":"x#ResourceNotFoundException","message":"no such table"}"#;
        assert_eq!(of(400, unknown), "was refused: ResourceNotFoundException: no such table");
        assert_eq!(of(200, "[]"), "answered with something else than items: it is no JSON object");
    }

    #[test]
    fn waits_grow_and_end() {
        for tried in 1..40 {
            let longest = FIRST_WAIT.saturating_mul(1 << tried.min(16)).min(LONGEST_WAIT);
            let waited = wait(tried);
            assert!(waited >= longest / 2 && waited <= longest, "{tried}: {waited:?}");
        }
    }
}
