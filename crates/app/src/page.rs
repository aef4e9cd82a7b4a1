//! The web page, embedded: one document, one style sheet, one module of script.
//!
//! Its sources are in `page/`. Everything it does goes through the public API; nothing on it is inline, so that the
//! policy can forbid whatever is.

use axum::http::header;
use axum::response::{IntoResponse, Response};

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; \
                      connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

/// Answers with the document.
pub async fn index() -> Response {
    file("text/html; charset=utf-8", include_str!("../page/index.html"))
}

/// Answers with the style sheet.
pub async fn style() -> Response {
    file("text/css; charset=utf-8", include_str!("../page/lookalike.css"))
}

/// Answers with the module of script.
pub async fn script() -> Response {
    file("text/javascript; charset=utf-8", include_str!("../page/lookalike.js"))
}

/// Answers with the icon.
pub async fn icon() -> Response {
    file("image/svg+xml", include_str!("../page/icon.svg"))
}

fn file(media_type: &'static str, text: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, media_type),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "no-cache"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (headers, text).into_response()
}
