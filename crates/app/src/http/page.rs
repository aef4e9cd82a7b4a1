//! `GET /` and `GET /page/…`: the web page and its files, to anybody.
//!
//! The page says nothing of the catalog; what it shows it asks for like every other caller. The document is checked for a
//! newer one each time; its files have the version in their address and are kept for good. Nothing on the page is inline
//! and nothing comes from elsewhere, so that the policy can forbid whatever is.

use super::problem::Problem;
use crate::page::{File, Page};
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' blob:; \
                      media-src 'self' blob:; connect-src 'self'; form-action 'none'; base-uri 'none'; \
                      frame-ancestors 'none'; require-trusted-types-for 'script'";
/// The camera for photos of things, and nothing else of a device.
const PERMISSIONS: &str = "camera=(self), microphone=(), geolocation=(), usb=(), payment=()";
const FOR_GOOD: &str = "public, max-age=31536000, immutable";

/// Answers with the document.
pub(super) async fn document(headers: HeaderMap) -> Response {
    let page = Page::get();
    let mut response = answer(&page.document, &page.version, &headers, "no-cache");
    let told = response.headers_mut();
    told.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    told.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    told.insert("permissions-policy", HeaderValue::from_static(PERMISSIONS));
    told.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    response
}

/// Answers with a file of the version that is served; those of other versions are gone.
pub(super) async fn file(
    Path((version, path)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let page = Page::get();
    let gone =
        || Problem::not_found("no_such_route", "there is no such file of the page; load the page again");
    let file = page.file(&path).filter(|_| version == page.version).ok_or_else(gone)?;
    Ok(answer(file, &page.version, &headers, FOR_GOOD))
}

fn answer(file: &'static File, version: &str, headers: &HeaderMap, kept: &'static str) -> Response {
    let gzip = file.gzip.as_ref().filter(|_| accepts_gzip(headers));
    // What is sent differs by encoding, and so does its tag.
    let etag = format!("\"{version}{}\"", if gzip.is_some() { "-gzip" } else { "" });
    let told = [
        (header::ETAG, etag.clone()),
        (header::CACHE_CONTROL, kept.to_owned()),
        (header::VARY, "accept-encoding".to_owned()),
    ];
    if listed(headers, header::IF_NONE_MATCH)
        .any(|(tag, _)| tag == "*" || tag.trim_start_matches("W/") == etag)
    {
        return (StatusCode::NOT_MODIFIED, told).into_response();
    }
    let typed = [(header::CONTENT_TYPE, file.media_type)];
    match gzip {
        Some(gzip) => (told, typed, [(header::CONTENT_ENCODING, "gzip")], gzip.as_slice()).into_response(),
        None => (told, typed, file.bytes.as_slice()).into_response(),
    }
}

/// The parts of a header that is a list, each with its weight where it has one.
fn listed(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = (&str, Option<f32>)> {
    let lines = headers.get_all(name).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(|part| {
        let (value, parameters) = part.split_once(';').unwrap_or((part, ""));
        (value.trim(), parameters.trim().strip_prefix("q=").and_then(|weight| weight.parse().ok()))
    })
}

/// Whether the caller reads gzip (RFC 9110, 12.5.3).
fn accepts_gzip(headers: &HeaderMap) -> bool {
    listed(headers, header::ACCEPT_ENCODING)
        .any(|(coding, weight)| coding.eq_ignore_ascii_case("gzip") && weight != Some(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap())).collect()
    }

    fn told(response: &Response, name: HeaderName) -> &str {
        response.headers().get(name).map_or("", |value| value.to_str().unwrap())
    }

    async fn script(headers: &HeaderMap) -> Result<Response, Problem> {
        file(Path((Page::get().version.clone(), "js/main.js".to_owned())), headers.clone()).await
    }

    #[tokio::test]
    async fn files_are_compressed_for_those_who_read_it_and_kept_for_good() {
        let plain = script(&HeaderMap::new()).await.unwrap();
        assert_eq!(told(&plain, header::CONTENT_ENCODING), "");
        assert_eq!(told(&plain, header::CONTENT_TYPE), "text/javascript; charset=utf-8");
        let small = script(&asked(&[(header::ACCEPT_ENCODING, "br, gzip;q=0.8")])).await.unwrap();
        assert_eq!(told(&small, header::CONTENT_ENCODING), "gzip");
        assert_eq!(told(&small, header::CACHE_CONTROL), FOR_GOOD);
        assert_ne!(told(&small, header::ETAG), told(&plain, header::ETAG));
        let refused = script(&asked(&[(header::ACCEPT_ENCODING, "gzip;q=0")])).await.unwrap();
        assert_eq!(told(&refused, header::CONTENT_ENCODING), "");
    }

    #[tokio::test]
    async fn what_a_browser_has_is_not_sent_again() {
        let first = document(HeaderMap::new()).await;
        let again = document(asked(&[(header::IF_NONE_MATCH, told(&first, header::ETAG))])).await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(told(&again, header::ETAG), told(&first, header::ETAG));
        assert!(told(&first, header::CONTENT_SECURITY_POLICY).contains("script-src 'self'"));
        assert!(!POLICY.contains("unsafe"));
    }

    #[tokio::test]
    async fn files_of_another_version_and_those_that_are_not_there_are_gone() {
        let of =
            |version: &str, path: &str| file(Path((version.to_owned(), path.to_owned())), HeaderMap::new());
        assert_eq!(of("0000000000000000", "js/main.js").await.unwrap_err().status, StatusCode::NOT_FOUND);
        let version = Page::get().version.as_str();
        for path in ["js/none.js", "../Cargo.toml", "", "index.html"] {
            assert_eq!(of(version, path).await.unwrap_err().status, StatusCode::NOT_FOUND, "{path}");
        }
    }
}
