//! Why the hub gave no file, in words that name the address and the cure.
//!
//! Addresses are shown without what may be secret in them (`fetch::redacted`): redirects carry signatures.

use super::super::digest::Digest;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// The hub gave no file.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// `HF_ENDPOINT` is no web address.
    #[error("HF_ENDPOINT is `{0}`, which is no http or https address: write it as https://host, or unset it")]
    Endpoint(String),
    /// The client could not be made.
    #[error("cannot set up fetching: {0}")]
    Setup(String),
    /// The machine has no root certificates to check https with.
    #[error(
        "{url} cannot be trusted: this machine has no root certificates; install its ca-certificates package"
    )]
    NoRootCertificates {
        /// The address.
        url: String,
    },
    /// No connection.
    #[error(
        "{url} cannot be reached ({reason}): check this machine's network and DNS, name a proxy with HTTPS_PROXY or a \
         mirror with HF_ENDPOINT"
    )]
    Unreachable {
        /// The address.
        url: String,
        /// The system's reason.
        reason: String,
    },
    /// 401: no token, or one that is not accepted.
    #[error(
        "{url} asks who you are (401): {}",
        if *token_given {
            "the token in HF_TOKEN is not accepted there; make a new one at https://huggingface.co/settings/tokens"
        } else {
            "set HF_TOKEN to a token of yours (https://huggingface.co/settings/tokens); the hub also answers so for a \
             repository that is gone"
        }
    )]
    Unauthorized {
        /// The address.
        url: String,
        /// Whether a token was sent.
        token_given: bool,
    },
    /// 403: the account may not.
    #[error(
        "{url} is forbidden (403): accept the licence at {page} and {} HF_TOKEN",
        if *token_given { "check that account's" } else { "set" }
    )]
    Forbidden {
        /// The address.
        url: String,
        /// The model's page.
        page: String,
        /// Whether a token was sent.
        token_given: bool,
    },
    /// 404: the file or revision is gone.
    #[error(
        "{url} does not exist (404): the hub no longer has this revision or file; a newer lookalike may know another"
    )]
    NotFound {
        /// The address.
        url: String,
    },
    /// 429 without end, or with a wait too long to sit out.
    #[error(
        "{url} asks for fewer requests (429){}: try again later, or set HF_TOKEN, which allows more",
        wait.map_or_else(String::new, |wait| format!(" and to wait {} s", wait.as_secs()))
    )]
    TooManyRequests {
        /// The address.
        url: String,
        /// How long the hub asks to wait.
        wait: Option<Duration>,
    },
    /// 5xx, again and again.
    #[error("{url} fails on its side ({status}): try again later; what was fetched stays")]
    ServerFault {
        /// The address.
        url: String,
        /// The HTTP status.
        status: u16,
    },
    /// Any other answer.
    #[error("{url} answered with status {status}, which is no file: check HF_ENDPOINT and the proxy")]
    Status {
        /// The address.
        url: String,
        /// The HTTP status.
        status: u16,
    },
    /// Nothing came for too long, again and again.
    #[error("{url} sent nothing for {seconds} s: try again; the {kept_bytes} bytes that came stay")]
    Stalled {
        /// The address.
        url: String,
        /// How long was waited.
        seconds: f32,
        /// How much is there.
        kept_bytes: u64,
    },
    /// The connection ended inside the file, again and again.
    #[error("{url} broke off ({reason}): try again; the {kept_bytes} bytes that came stay")]
    BrokenOff {
        /// The address.
        url: String,
        /// The system's reason.
        reason: String,
        /// How much is there.
        kept_bytes: u64,
    },
    /// Another length than the registry states.
    #[error(
        "{url} is {found} bytes long and should be {expected}: it is not the file that was pinned; check HF_ENDPOINT \
         and the proxy"
    )]
    Length {
        /// The address.
        url: String,
        /// What was pinned, or announced.
        expected: u64,
        /// What is sent.
        found: u64,
    },
    /// Longer than any model.
    #[error("{url} is larger than the {limit_bytes} bytes allowed for a model's file")]
    TooLarge {
        /// The address.
        url: String,
        /// The limit.
        limit_bytes: u64,
    },
    /// Another content than the registry states.
    #[error(
        "{url} has the SHA-256 {found} and should have {expected}: what came was deleted; it was altered on the way or \
         at the hub, so check HF_ENDPOINT and the proxy before trying again"
    )]
    Checksum {
        /// The address.
        url: String,
        /// What was pinned.
        expected: Digest,
        /// What came.
        found: Digest,
    },
    /// Redirects without an end.
    #[error("{url} redirects in a circle or more than {limit} times: check HF_ENDPOINT and the proxy")]
    Redirects {
        /// The address asked for.
        url: String,
        /// The limit.
        limit: usize,
    },
    /// A redirect to where a file must not come from.
    #[error("{url} redirects to {target}, which is not followed: {reason}")]
    BadRedirect {
        /// The address that redirects.
        url: String,
        /// Where to.
        target: String,
        /// Why not.
        reason: &'static str,
    },
    /// The disk is full.
    #[error("the disk of {} is full: free some space and pull again; what was fetched stays", .0.display())]
    DiskFull(PathBuf),
    /// The file cannot be written or read.
    #[error("cannot write {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Stopped on request.
    #[error("stopped; what was fetched stays")]
    Stopped,
}

impl HubError {
    pub(super) fn io(path: &std::path::Path) -> impl Fn(io::Error) -> Self + use<> {
        let path = path.to_path_buf();
        move |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull(path.clone()),
            _ => Self::Io { path: path.clone(), source },
        }
    }
}
