//! What a server says by which it can tell later whether a photo changed (RFC 9110 §8.8).

use reqwest::header::{
    ETAG, HeaderMap, HeaderName, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED,
};

/// Longer ones are not kept.
const MOST_BYTES: usize = 512;

/// An entity tag, a time, or both; opaque to everybody but the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Validators {
    /// `ETag`, with its quotes.
    pub etag: Option<String>,
    /// `Last-Modified`, as the server wrote it.
    pub last_modified: Option<String>,
}

impl Validators {
    /// Those of an answer, if it has any.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let text = |name: HeaderName| {
            let value = headers.get(name)?.to_str().ok()?.trim();
            (!value.is_empty() && value.len() <= MOST_BYTES).then(|| value.to_owned())
        };
        let (etag, last_modified) = (text(ETAG), text(LAST_MODIFIED));
        (etag.is_some() || last_modified.is_some()).then_some(Self { etag, last_modified })
    }

    /// The headers of a request that is to be answered only when something changed.
    pub(super) fn conditions(&self) -> HeaderMap {
        let texts = [(IF_NONE_MATCH, &self.etag), (IF_MODIFIED_SINCE, &self.last_modified)];
        // What a damaged catalog has that cannot be a header makes the request an unconditional one.
        let value = |text: &Option<String>| HeaderValue::from_str(text.as_deref()?).ok();
        texts.into_iter().filter_map(|(name, text)| Some((name, value(text)?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_said_is_said_back() {
        let long = HeaderValue::from_str(&"x".repeat(MOST_BYTES + 1)).unwrap();
        let tag = HeaderValue::from_static("W/\"abc\"");
        let of = Validators::of(&HeaderMap::from_iter([(ETAG, tag.clone()), (LAST_MODIFIED, long)])).unwrap();
        assert_eq!(of, Validators { etag: Some("W/\"abc\"".into()), last_modified: None });
        assert_eq!(of.conditions(), HeaderMap::from_iter([(IF_NONE_MATCH, tag)]));
        assert_eq!(Validators::of(&HeaderMap::new()), None);
        let odd = Validators { etag: Some("\"a\r\nx: y\"".into()), last_modified: None };
        assert!(odd.conditions().is_empty());
    }
}
