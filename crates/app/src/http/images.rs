//! `GET /v1/images/{id}`: the photos of the catalog, as they are or as thumbnails.
//!
//! Only what is indexed can be read: the id is looked up in the store, and the image's own location is read, never a
//! path out of a request. What is read must still be a picture, so that a file which was replaced since does not
//! leave the house under a photo's name.

use super::problem::{Problem, ProblemBody};
use super::state::AppState;
use axum::body::Bytes;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::{ExtendedColorType, RgbImage, imageops};
use lookalike_engine::catalog::{ImageId, InvalidId, Location, ProductId};
use lookalike_engine::fetch::local::LocalReader;
use lookalike_engine::fetch::photo::{PhotoReader, ReadError};
use lookalike_engine::search::Searcher;
use lookalike_engine::store::{ImageKey, StoredImage};
use lookalike_vision::decode::{self, Limits};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use utoipa::IntoParams;

const THUMBNAIL_WIDTHS_PX: std::ops::RangeInclusive<u32> = 16..=2048;
const THUMBNAIL_QUALITY: u8 = 85;
/// A JPEG's sides are 16-bit numbers.
const MOST_JPEG_ROWS: u32 = 65_535;

/// How to show an image.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ImageParameters {
    /// Makes a JPEG of this width in pixels, or of the picture's own width where that is smaller.
    #[param(minimum = 16, maximum = 2048)]
    width: Option<u32>,
    /// Whose image is meant, where several products have one of that id; the one stored first when left out.
    product: Option<String>,
}

/// Shows an image of the catalog
///
/// The bytes as they were indexed, or with `width` a JPEG thumbnail. The ETag is the SHA-256 of the photo's bytes.
#[utoipa::path(
    get, path = "/v1/images/{id}", tag = "catalog",
    params(
        ("id" = String, Path, description = "The image's id, percent-encoded; slashes may stay as they are"),
        ImageParameters,
    ),
    responses(
        (status = 200, description = "The picture", content(
            (Vec<u8> = "image/jpeg"), (Vec<u8> = "image/png"), (Vec<u8> = "image/webp"),
            (Vec<u8> = "image/gif"), (Vec<u8> = "image/bmp"), (Vec<u8> = "image/tiff"),
        )),
        (status = 304, description = "Unchanged since the ETag in If-None-Match"),
        (status = 404, description = "No such image, or its photo has vanished", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A parameter out of range", body = ProblemBody, content_type = "application/problem+json"),
        (status = 502, description = "The photo is on the web and cannot be fetched", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "Too many requests at once; see Retry-After", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn image(
    State(state): State<AppState>,
    id: Result<Path<String>, PathRejection>,
    parameters: Result<Query<ImageParameters>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Path(id) = id.map_err(|rejection| Problem::malformed(rejection.body_text()))?;
    let Query(ImageParameters { width, product }) =
        parameters.map_err(|rejection| Problem::invalid("invalid_parameter", rejection.body_text()))?;
    if let Some(width) = width.filter(|width| !THUMBNAIL_WIDTHS_PX.contains(width)) {
        let (least, most) = THUMBNAIL_WIDTHS_PX.into_inner();
        let detail = format!("width is {width}; it must be {least} to {most}");
        return Err(Problem::invalid("invalid_parameter", detail));
    }
    let invalid = |error: InvalidId| Problem::invalid("invalid_parameter", format!("product: {error}"));
    let product = product.map(ProductId::new).transpose().map_err(invalid)?;
    let image_id = ImageId::new(id.clone()).map_err(|_| no_such_image(&id, None))?;
    let _place = state.place()?;
    let bytes = photo(&state, image_id, product).await?;

    let limits = state.limits().picture;
    // Going over a photo of many megabytes takes long enough to hold up everybody else on an async thread.
    let looked_at = bytes.clone();
    let (header, digest) = state
        .on_thread(move |_| {
            let header = decode::probe(&looked_at, &limits).map_err(|error| {
                tracing::warn!(id, %error, "an indexed photo is no picture any more");
                Problem::not_found(
                    "image_changed",
                    format!("{id:?} has changed and is no picture any more; index it again"),
                )
            })?;
            Ok((header, hex(&Sha256::digest(&looked_at))))
        })
        .await?;
    let etag = match width {
        None => format!("\"{digest}\""),
        Some(width) => format!("\"{digest}-{width}\""),
    };
    let kept_for_a_while = "private, max-age=300";
    let told = [(header::ETAG, etag.clone()), (header::CACHE_CONTROL, kept_for_a_while.to_owned())];
    if is_known(&headers, &etag) {
        return Ok((StatusCode::NOT_MODIFIED, told).into_response());
    }
    let (media_type, body) = match width {
        None => (header.format.media_type(), bytes),
        Some(width) => {
            let drawn =
                state.compute(move |_| thumbnail(&bytes, &limits, header.width, header.height, width));
            ("image/jpeg", drawn.await?)
        }
    };
    // A picture opened on its own runs nothing and loads nothing, whatever it turns out to be.
    let policy = "default-src 'none'; style-src 'unsafe-inline'; sandbox";
    let typed = [(header::CONTENT_TYPE, media_type), (header::CONTENT_SECURITY_POLICY, policy)];
    Ok((told, typed, body).into_response())
}

/// The bytes of an indexed photo, from where it was indexed.
///
/// # Errors
/// 404 where there is no such image or its photo is gone, 502 where it is on the web and cannot be fetched.
pub(super) async fn photo(
    state: &AppState,
    image: ImageId,
    product: Option<ProductId>,
) -> Result<Bytes, Problem> {
    let limits = state.limits().picture;
    let id = image.to_string();
    let (shown, shared) = (id.clone(), state.clone());
    let read = state.on_thread(move |searcher| match stored(searcher, &image, product.as_ref())? {
        StoredImage { location: Location::Url(url), fingerprint, .. } => {
            let kept = shared.photos().and_then(|photos| photos.get(&fingerprint.sha256, &limits));
            Ok(kept.ok_or(url))
        }
        StoredImage { location: Location::Uploaded(sha256), .. } => {
            let serving = shared.serving();
            let kept = serving.committer.as_ref().map(|committer| committer.uploads().get(&sha256, &limits));
            let kept = kept.unwrap_or_else(|| Err(ReadError::Missing));
            kept.map(Ok).map_err(|error| unreadable(&id, &error))
        }
        StoredImage { location, fingerprint, .. } => {
            // A server has no credentials for object stores: what was kept of them is all it shows.
            let kept = match location {
                Location::Object(_) => {
                    shared.photos().and_then(|photos| photos.get(&fingerprint.sha256, &limits))
                }
                _ => None,
            };
            let read = || LocalReader.read(&location, &limits).map(|photo| photo.bytes);
            kept.map_or_else(read, Ok).map(Ok).map_err(|error| unreadable(&id, &error))
        }
    });
    match read.await? {
        Ok(bytes) => Ok(bytes),
        Err(url) => Ok(state
            .fetcher()
            .get(&url)
            .await
            .map_err(|error| Problem::bad_gateway("image_not_fetched", format!("{shown:?}: {error}")))?
            .bytes),
    }
}

fn stored(searcher: &Searcher, id: &ImageId, product: Option<&ProductId>) -> Result<StoredImage, Problem> {
    let found = searcher.store().images(&[find(searcher, id, product)?])?.pop();
    // Deleted between the two reads.
    found.ok_or_else(|| no_such_image(id.as_str(), product))
}

/// The handle of an image; of that product's, where one is named.
///
/// # Errors
/// 404 where there is none.
pub(super) fn find(
    searcher: &Searcher,
    id: &ImageId,
    product: Option<&ProductId>,
) -> Result<ImageKey, Problem> {
    let store = searcher.store();
    let found = match product {
        None => store.find_image(id)?,
        Some(product) => {
            let owner = store.products(std::slice::from_ref(product))?.pop();
            owner.and_then(|owner| {
                let mut images = owner.images.iter().zip(owner.image_keys);
                images.find(|(image, _)| *image == id).map(|(_, key)| key)
            })
        }
    };
    found.ok_or_else(|| no_such_image(id.as_str(), product))
}

fn no_such_image(id: &str, product: Option<&ProductId>) -> Problem {
    let detail = match product {
        None => format!("the catalog has no image {id:?}"),
        Some(product) => format!("the catalog has no image {id:?} of a product {:?}", product.as_str()),
    };
    Problem::not_found("image_not_found", detail)
}

fn unreadable(id: &str, error: &ReadError) -> Problem {
    tracing::warn!(id, %error, "an indexed photo cannot be read");
    match error {
        ReadError::Missing => {
            let detail =
                format!("the photo of {id:?} has vanished since it was indexed; index the catalog again");
            Problem::not_found("image_vanished", detail)
        }
        _ => Problem::not_found("image_unreadable", format!("the photo of {id:?} {error}")),
    }
}

fn thumbnail(
    bytes: &[u8],
    limits: &Limits,
    full_width_px: u32,
    full_height_px: u32,
    wanted_width_px: u32,
) -> Result<Bytes, Problem> {
    let width = wanted_width_px.min(full_width_px);
    // Rounded; at least one row of a very wide picture stays.
    let height = (u64::from(full_height_px) * u64::from(width) + u64::from(full_width_px) / 2)
        .checked_div(u64::from(full_width_px))
        .map_or(1, |height| u32::try_from(height).unwrap_or(u32::MAX).max(1));
    if height > MOST_JPEG_ROWS {
        let detail =
            format!("{width} pixels wide it is {height} high, more than a JPEG can be; ask for less");
        return Err(Problem::invalid("invalid_parameter", detail));
    }
    let picture = decode::decode_at_least(bytes, limits, width.min(height))
        .map_err(|error| Problem::not_found("image_changed", format!("the photo {error}; index it again")))?;
    let drawn = RgbImage::from_raw(picture.width(), picture.height(), picture.on_white().into_owned());
    let drawn = drawn.ok_or_else(|| Problem::internal("a thumbnail", &"its buffer has the wrong length"))?;
    let small = if (drawn.width(), drawn.height()) == (width, height) {
        drawn
    } else {
        imageops::resize(&drawn, width, height, FilterType::CatmullRom)
    };
    let mut out = Vec::new();
    JpegEncoder::new_with_quality(&mut out, THUMBNAIL_QUALITY)
        .encode(&small, width, height, ExtendedColorType::Rgb8)
        .map_err(|error| Problem::internal("a thumbnail", &error))?;
    Ok(out.into())
}

/// Whether the caller has this version already (RFC 9110, 13.1.2; weak comparison).
fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    let named = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    named
        .flat_map(|list| list.split(','))
        .map(str::trim)
        .any(|tag| tag == "*" || tag.trim_start_matches("W/") == etag)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::ImageEncoder as _;
    use image::codecs::png::PngEncoder;

    #[test]
    fn a_thumbnail_too_high_for_a_jpeg_is_the_callers_to_change() {
        let mut banner = Vec::new();
        let grey = vec![90; 20 * 70_000];
        PngEncoder::new(&mut banner).write_image(&grey, 20, 70_000, ExtendedColorType::L8).unwrap();
        let drawn = |width| thumbnail(&banner, &Limits::default(), 20, 70_000, width);
        assert_eq!(drawn(20).unwrap_err().status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(drawn(16).is_ok());
    }
}
