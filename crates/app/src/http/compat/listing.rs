//! What of a product the clients of earlier systems read: its id in its own JSON type, and addresses of pictures.

use super::asking::Listed;
use crate::http::image_url;
use axum::http::HeaderMap;
use lookalike_engine::catalog::Fields;
use serde_json::Value;

/// Which of a product's fields feed what older clients read; of several the first that a product has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListingFields {
    /// `entity_id` of the first system; a product's id where it has none of these.
    pub entity_id: Vec<String>,
    /// `sku` of the first system; null where a product has none of these.
    pub sku: Vec<String>,
    /// Addresses of pictures; this server's own where a product has none of these.
    pub image_url: Vec<String>,
    /// Ids of the second and fourth system; a product's id where it has none of these.
    pub item_id: Vec<String>,
    /// `item_name` of the fourth system; empty where a product has none of these.
    pub item_name: Vec<String>,
}

impl Default for ListingFields {
    /// The names that the earlier systems' own tables had, and those of shops' exports.
    fn default() -> Self {
        let names = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        Self {
            entity_id: names(&["entity_id"]),
            sku: names(&["sku"]),
            image_url: names(&["image_url", "small_image"]),
            item_id: names(&["item_id", "id"]),
            item_name: names(&["item_name", "name", "title"]),
        }
    }
}

impl ListingFields {
    /// What the first system called a product, in its own JSON type.
    pub(super) fn entity_id(&self, listed: &Listed) -> Value {
        let given = first(&listed.found.fields, &self.entity_id);
        given.cloned().unwrap_or_else(|| listed.found.product.to_string().into())
    }

    pub(super) fn sku(&self, listed: &Listed) -> Value {
        first(&listed.found.fields, &self.sku).cloned().unwrap_or_default()
    }

    /// A product's id in its own JSON type; where it is the catalog's, as an integer where it is written as one, for tables
    /// of numbers lose their type on the way into a catalog.
    pub(super) fn item_id(&self, listed: &Listed) -> Value {
        let given = first(&listed.found.fields, &self.item_id);
        given.cloned().unwrap_or_else(|| as_number(listed.found.product.as_str()))
    }

    pub(super) fn item_name(&self, listed: &Listed) -> String {
        first_text(&listed.found.fields, &self.item_name).unwrap_or_default().to_owned()
    }

    /// Where the product's picture is, or this server's URL of the image found.
    pub(super) fn picture_url(&self, listed: &Listed, headers: &HeaderMap) -> String {
        let given = first_text(&listed.found.fields, &self.image_url);
        given.map_or_else(|| image_url::absolute(&listed.image_path, headers), str::to_owned)
    }
}

/// The first of these fields that is there and not null.
fn first<'f>(fields: &'f Fields, names: &[String]) -> Option<&'f Value> {
    names.iter().find_map(|name| fields.get(name).filter(|value| !value.is_null()))
}

/// The first of these fields that is a text with something in it.
fn first_text<'f>(fields: &'f Fields, names: &[String]) -> Option<&'f str> {
    names.iter().find_map(|name| fields.get(name)?.as_str().filter(|text| !text.is_empty()))
}

/// `"17"` as 17; `"017"`, `"1e3"` and what no 64-bit integer holds as they are.
fn as_number(text: &str) -> Value {
    match text.parse::<i64>() {
        Ok(number) if number.to_string() == text => number.into(),
        _ => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_is_written_as_an_integer_becomes_one() {
        for (text, expected) in [
            ("17", json!(17)),
            ("-3", json!(-3)),
            ("0", json!(0)),
            ("017", json!("017")),
            ("+1", json!("+1")),
            ("1e3", json!("1e3")),
            ("9223372036854775808", json!("9223372036854775808")),
            ("red-mug", json!("red-mug")),
        ] {
            assert_eq!(as_number(text), expected);
        }
    }
}
