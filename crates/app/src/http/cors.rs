//! Which pages of other origins may read this server's answers: none, unless the operator named them.
//!
//! No cookie decides about anything here, so that credentials in the browser's sense are never allowed; a page that has a
//! key sends it in a header. The calls that pages of any origin made to earlier systems have a rule of their own, in
//! [`compat`](super::compat).

use axum::http::{HeaderName, HeaderValue, Method, header};
use std::str::FromStr;
use std::time::Duration;
use tower_http::cors::{AllowOrigin, Any, CorsLayer};

/// How long a browser may remember what it was told.
const REMEMBERED: Duration = Duration::from_secs(600);

/// Where pages come from: `https://shop.example`, or `*` for anywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Anywhere.
    Any,
    /// Scheme, host and port as browsers write them.
    Named(HeaderValue),
}

/// A text that is no origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("write an origin as http(s)://host or http(s)://host:port, without a path, or * for any")]
pub struct InvalidOrigin;

impl FromStr for Origin {
    type Err = InvalidOrigin;

    fn from_str(text: &str) -> Result<Self, InvalidOrigin> {
        if text == "*" {
            return Ok(Self::Any);
        }
        let uri: axum::http::Uri = text.parse().map_err(|_| InvalidOrigin)?;
        let (Some(scheme @ ("http" | "https")), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(InvalidOrigin);
        };
        // Browsers leave out the port that goes without saying, and write names in lower case.
        let usual = if scheme == "http" { "80" } else { "443" };
        let host = authority.host().to_ascii_lowercase();
        let port = authority.port().filter(|port| port.as_str() != usual);
        let written = match &port {
            Some(port) => format!("{scheme}://{host}:{port}"),
            None => format!("{scheme}://{host}"),
        };
        let is_whole = !authority.as_str().contains('@') && uri.path() == "/" && uri.query().is_none();
        if !is_whole || text.ends_with('/') {
            return Err(InvalidOrigin);
        }
        HeaderValue::try_from(written).map(Self::Named).map_err(|_| InvalidOrigin)
    }
}

/// What pages of these origins may do: everything that a key lets them. None where there are no origins.
pub(super) fn layer(origins: &[Origin]) -> Option<CorsLayer> {
    if origins.is_empty() {
        return None;
    }
    let named = origins.iter().filter_map(|origin| match origin {
        Origin::Named(origin) => Some(origin.clone()),
        Origin::Any => None,
    });
    let allowed: AllowOrigin =
        if origins.contains(&Origin::Any) { Any.into() } else { AllowOrigin::list(named) };
    let methods = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    let sent = [header::AUTHORIZATION, header::CONTENT_TYPE, header::IF_NONE_MATCH];
    let ours = ["x-api-key", "last-event-id", "x-request-id"].map(HeaderName::from_static);
    let shown =
        [header::ETAG, header::LOCATION, header::RETRY_AFTER, HeaderName::from_static("x-request-id")];
    let layer = CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods(methods)
        .allow_headers(sent.into_iter().chain(ours).collect::<Vec<_>>())
        .expose_headers(shown)
        .max_age(REMEMBERED);
    Some(layer)
}

/// Any page may post JSON and read the answer.
pub(super) fn any_page_posts() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::POST])
        .allow_headers([header::CONTENT_TYPE])
        .expose_headers([header::RETRY_AFTER])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_taken_as_browsers_write_them() {
        for (text, written) in [
            ("https://shop.example", "https://shop.example"),
            ("HTTPS://Shop.Example:443", "https://shop.example"),
            ("http://localhost:3000", "http://localhost:3000"),
            ("http://[::1]:8080", "http://[::1]:8080"),
        ] {
            let expected = Origin::Named(HeaderValue::from_str(written).unwrap());
            assert_eq!(text.parse::<Origin>(), Ok(expected), "{text}");
        }
        assert_eq!("*".parse::<Origin>(), Ok(Origin::Any));
        for text in [
            "",
            "shop.example",
            "https://shop.example/",
            "https://shop.example/page",
            "null",
            "ftp://x",
            "https://a@b",
            "https://*.shop.example x",
            "https://a?b",
        ] {
            assert!(text.parse::<Origin>().is_err(), "{text}");
        }
    }
}
