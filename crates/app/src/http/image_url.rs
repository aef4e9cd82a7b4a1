//! Where an image's bytes are on this server.

use axum::http::{HeaderMap, header};
use lookalike_engine::catalog::{ImageId, ProductId};
use lookalike_engine::search::Match;
use lookalike_engine::store::{ImageKey, Store, StoreError};
use std::fmt::Write;

/// `/v1/images/...`, percent-encoded so that the id comes back as it is.
pub(crate) fn path(id: &ImageId) -> String {
    let text = id.as_str();
    // Clients resolve `a/../b` and proxies fold `a//b`; such ids travel as one segment.
    let slashes_stay = !text.split('/').any(|segment| matches!(segment, "" | "." | ".."));
    let mut path = String::from("/v1/images/");
    push_encoded(&mut path, text, slashes_stay);
    path
}

/// The same for an image of `product`, which is named where the image's id alone leads to another product's.
///
/// # Errors
/// When the store fails.
pub(super) fn of(
    store: &dyn Store,
    product: &ProductId,
    id: &ImageId,
    key: ImageKey,
) -> Result<String, StoreError> {
    Ok(named(product, id, store.find_image(id)?.is_some_and(|first| first != key)))
}

/// The same for every match, in their order.
///
/// # Errors
/// When the store fails.
pub(super) fn of_all(store: &dyn Store, found: &[Match]) -> Result<Vec<String>, StoreError> {
    let first = store.find_images(&found.iter().map(|found| &found.image).collect::<Vec<_>>())?;
    let all = found.iter().zip(first);
    Ok(all
        .map(|(found, first)| {
            named(&found.product, &found.image, first.is_some_and(|first| first != found.key))
        })
        .collect())
}

fn named(product: &ProductId, id: &ImageId, with_product: bool) -> String {
    let mut path = path(id);
    if with_product {
        path.push_str("?product=");
        push_encoded(&mut path, product.as_str(), false);
    }
    path
}

fn push_encoded(path: &mut String, text: &str, slashes_stay: bool) {
    for byte in text.bytes() {
        let plain = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        if plain || (byte == b'/' && slashes_stay) {
            path.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(path, "%{byte:02X}");
        }
    }
}

/// A path with scheme and host as the caller wrote them, or the path alone where it named no usable host.
pub(super) fn absolute(path: &str, headers: &HeaderMap) -> String {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let host = text(header::HOST);
    let is_host =
        !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b));
    let scheme =
        if headers.get("x-forwarded-proto").is_some_and(|proto| proto == "https") { "https" } else { "http" };
    if is_host { format!("{scheme}://{host}{path}") } else { path.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> ImageId {
        ImageId::new(text).unwrap()
    }

    #[test]
    fn ids_are_written_so_that_they_come_back() {
        let paths = [
            ("dev/a-1.jpg", "/v1/images/dev/a-1.jpg"),
            ("dev/a b?.jpg", "/v1/images/dev/a%20b%3F.jpg"),
            ("100%.png", "/v1/images/100%25.png"),
            ("süß/#1", "/v1/images/s%C3%BC%C3%9F/%231"),
            ("../up", "/v1/images/..%2Fup"),
            ("/root", "/v1/images/%2Froot"),
            ("https://shop.example/a.jpg", "/v1/images/https%3A%2F%2Fshop.example%2Fa.jpg"),
        ];
        for (text, expected) in paths {
            assert_eq!(path(&id(text)), expected);
        }
    }

    #[test]
    fn the_callers_own_name_for_the_server_is_used_when_it_is_one() {
        let with_host = |host: &str| HeaderMap::from_iter([(header::HOST, host.parse().unwrap())]);
        let path = "/v1/images/a";
        assert_eq!(absolute(path, &with_host("shop.example:8000")), "http://shop.example:8000/v1/images/a");
        assert_eq!(absolute(path, &with_host("evil.example/\">")), path);
        assert_eq!(absolute(path, &HeaderMap::new()), path);
    }
}
