//! Shopify's product export: a row for each variant and for each further image, held together by the handle.
//!
//! What belongs to the product stands in its first row alone. Images have their position, and a variant may name the
//! one that shows it. The options' names (`Option1 Name` = Color) become fields of their own. Columns have been called
//! otherwise since 2025 (`URL handle`, `Product image URL`); both are known.

use crate::catalog::Fields;
use crate::source::mapping::plain;
use serde_json::Value;

pub(super) const IDS: &[&str] = &["handle", "url_handle"];
pub(super) const IMAGES: &[&[&str]] =
    &[&["image_src", "product_image_url"], &["variant_image", "variant_image_url"]];

/// A variant's image comes after those of the product, of which it usually is one.
pub(super) const RANK_OF_VARIANTS: u32 = u32::MAX;

pub(super) fn is_header(has: &dyn Fn(&str) -> bool) -> bool {
    let id = has("handle") || has("url_handle");
    id && has("title") && (has("image_src") || has("product_image_url"))
}

pub(super) fn is_html(column: &str) -> bool {
    matches!(plain(column).as_str(), "body_(html)" | "body_html" | "description")
}

/// What the product has one of keeps its first value, should a row repeat it otherwise.
pub(super) fn gathers(column: &str) -> bool {
    let of_product = ["title", "body_(html)", "body_html", "description", "vendor", "type", "tags", "status"];
    !of_product.contains(&plain(column).as_str())
}

/// Position 1 is the main image; one without a position comes after those that have one.
pub(super) fn rank(position: &str) -> u32 {
    position.trim().parse().unwrap_or(RANK_OF_VARIANTS - 1)
}

/// `Option1 Name: Color, Option1 Value: [Red, Blue]` becomes `Color: [Red, Blue]`.
pub(super) fn finish(fields: &mut Fields) {
    for number in 1..=3 {
        let mut take = |what: &str| {
            let is_it = |name: &&String| plain(name) == format!("option{number}_{what}");
            let name = fields.keys().find(is_it).cloned();
            name.and_then(|name| fields.shift_remove(&name))
        };
        let (name, values) = (take("name"), take("value"));
        // A product without variants has one option, `Title`, whose value is `Default Title`.
        if values.as_ref().and_then(Value::as_str) == Some("Default Title") {
            continue;
        }
        if let (Some(Value::String(name)), Some(values)) = (name, values) {
            fields.entry(name).or_insert(values);
        }
    }
}
