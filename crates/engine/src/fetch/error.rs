//! Why a URL gave no bytes, in words that name it and the cure.
//!
//! URLs are written without user names, passwords and query values, which may be somebody's keys: errors end up in
//! logs, failure files and answers.

use super::guard::Refusal;
use url::Url;

/// A URL gave no bytes.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// Not a URL.
    #[error("{url:?} is not a URL ({reason}); write it in full, as https://host/path")]
    Malformed {
        /// What was given, shortened.
        url: String,
        /// What the parser says.
        reason: String,
    },
    /// The guard does not let it be contacted.
    #[error("{url} is not fetched: {reason}")]
    Refused {
        /// The URL, or the one it redirects to.
        url: String,
        /// The guard's reason.
        reason: Refusal,
    },
    /// Its name has no address.
    #[error("{url} cannot be reached: {reason}; check the spelling and this machine's DNS")]
    Unresolved {
        /// The URL.
        url: String,
        /// The resolver's reason.
        reason: String,
        /// The name has none; otherwise nobody could say.
        lasting: bool,
    },
    /// No connection, or it was lost before an answer began.
    #[error("{url} cannot be reached: {reason}")]
    Unreachable {
        /// The URL.
        url: String,
        /// The system's reason.
        reason: String,
        /// What answers there is not what was asked for, and will not be.
        lasting: bool,
    },
    /// The machine has no root certificates to check https with.
    #[error(
        "{url} cannot be trusted: this machine has no root certificates; install its ca-certificates package"
    )]
    NoRootCertificates {
        /// The URL.
        url: String,
    },
    /// Not done before the deadline.
    #[error("{url} was not complete within {seconds} s; try again later, or allow more time")]
    TimedOut {
        /// The URL.
        url: String,
        /// The deadline that passed.
        seconds: f32,
    },
    /// An answer other than success.
    #[error("{url} answered with status {status}")]
    Status {
        /// The URL.
        url: String,
        /// The HTTP status code.
        status: u16,
    },
    /// More bytes than allowed, announced or sent.
    #[error("{url} is larger than the {limit_bytes} bytes allowed")]
    TooLarge {
        /// The URL.
        url: String,
        /// The limit.
        limit_bytes: u64,
    },
    /// A chain of redirects without an end.
    #[error("{url} redirects more than {limit} times")]
    TooManyRedirects {
        /// The URL asked for.
        url: String,
        /// The limit.
        limit: usize,
    },
    /// Redirects that come back to where they were.
    #[error("{url} redirects in a circle")]
    RedirectLoop {
        /// The URL asked for.
        url: String,
    },
    /// A redirect with no or an unreadable target.
    #[error("{url} redirects without saying where to")]
    BadRedirect {
        /// The URL that redirects.
        url: String,
    },
    /// The connection ended inside the answer.
    #[error("{url} broke off after {received_bytes} bytes; try again")]
    BrokenOff {
        /// The URL.
        url: String,
        /// How much had arrived.
        received_bytes: u64,
    },
    /// Too many requests, and the pause it asks for is longer than there is time.
    #[error("{url} asks to be left alone for {seconds} s: run again then")]
    AskedToWait {
        /// The URL.
        url: String,
        /// What is left of the pause.
        seconds: u64,
    },
    /// A body that begins like no picture; the rest was not fetched.
    #[error("{url} {reason}")]
    NotAPicture {
        /// The URL.
        url: String,
        /// What it is instead.
        reason: String,
    },
    /// The last of several tries.
    #[error("{last} (tried {times} times)")]
    Tried {
        /// What the last one met.
        last: Box<FetchError>,
        /// How many there were.
        times: u32,
    },
    /// Whoever asked does not wait any more.
    #[error("{url} was not waited for: the run was stopped")]
    Stopped {
        /// The URL.
        url: String,
    },
    /// The client could not be made, or its threads not started.
    #[error("cannot set up fetching: {reason}")]
    Setup {
        /// The library's reason.
        reason: String,
    },
}

impl FetchError {
    /// What the last try met.
    pub fn last(&self) -> &Self {
        match self {
            Self::Tried { last, .. } => last.last(),
            error => error,
        }
    }
}

/// A URL as an error may show it: without user name, password and fragment, its query's values left out.
pub fn redacted(url: &Url) -> String {
    let mut shown = url.clone();
    // These fail only for URLs that cannot carry credentials.
    let _ = shown.set_username("");
    let _ = shown.set_password(None);
    shown.set_fragment(None);
    if shown.query().is_some() {
        shown.set_query(Some("..."));
    }
    shortened(shown.as_str())
}

/// Text that was to be a URL, with what may be secret cut away as far as that can be told.
pub(super) fn redacted_text(text: &str) -> String {
    let before_query = text.split(['?', '#']).next().unwrap_or_default();
    let without_credentials = match (before_query.split_once("://"), before_query.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, rest))) => format!("{scheme}://{rest}"),
        (None, Some((_, rest))) => rest.to_owned(),
        _ => before_query.to_owned(),
    };
    shortened(&without_credentials)
}

fn shortened(text: &str) -> String {
    const LONGEST_CHARS: usize = 300;
    match text.char_indices().nth(LONGEST_CHARS) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_left_out() {
        let url = Url::parse("https://me:pw@shop.example/a.jpg?X-Amz-Signature=abc&x=1#frag").unwrap();
        assert_eq!(redacted(&url), "https://shop.example/a.jpg?...");
        assert_eq!(redacted_text("http//me:pw@host/x?key=1"), "host/x");
        assert_eq!(redacted_text("ht!tp://me:p@w@host/x#y"), "ht!tp://host/x");
        assert_eq!(redacted_text(&"ä".repeat(1000)).chars().count(), 303);
    }
}
