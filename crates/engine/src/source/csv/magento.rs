//! Magento: `entity_id,sku,small_image` out of its database, and the product export of its admin.
//!
//! Images are paths below `media/catalog/product`, with a slash in front; `no_selection` means that there is none. The
//! export writes a row for each store view, whose cells are empty but for what differs there.

/// The id, likeliest first.
pub(super) const IDS: &[&str] = &["entity_id", "sku"];
/// The main image's column is the first of these that there is; then the others.
pub(super) const IMAGES: &[&[&str]] =
    &[&["base_image", "image", "small_image", "thumbnail_image", "thumbnail"], &["additional_images"]];

pub(super) fn is_header(has: &dyn Fn(&str) -> bool) -> bool {
    let image = ["base_image", "small_image", "thumbnail_image", "thumbnail"].iter().any(|name| has(name));
    let of_export =
        ["attribute_set_code", "store_view_code", "additional_images", "_store", "_attribute_set"];
    let of_database = has("entity_id") && (image || has("image"));
    has("sku") && (of_database || (image && of_export.iter().any(|name| has(name))))
}

pub(super) fn is_html(column: &str) -> bool {
    matches!(column, "description" | "short_description")
}

/// The path of an image, relative; `None` where there is no image.
pub(super) fn image(name: String) -> Option<String> {
    let relative = name.trim_start_matches('/');
    (!relative.is_empty() && !relative.eq_ignore_ascii_case("no_selection")).then(|| relative.to_owned())
}
