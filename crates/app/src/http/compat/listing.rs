//! What of a product the clients of earlier systems read: its id in its own JSON type, and addresses of pictures.

use super::asking::Listed;
use crate::http::image_url;
use axum::http::HeaderMap;
use lookalike_engine::catalog::Fields;
use serde_json::Value;

/// A field that is there and not null.
pub(super) fn field(fields: &Fields, name: &str) -> Option<Value> {
    fields.get(name).filter(|value| !value.is_null()).cloned()
}

/// The product's field `item_id` or `id` in its own JSON type, or else the product's id: as an integer where it is
/// written as one, for tables of numbers lose their type on the way into a catalog.
pub(super) fn id(Listed { found, .. }: &Listed) -> Value {
    let given = ["item_id", "id"].iter().find_map(|name| field(&found.fields, name));
    given.unwrap_or_else(|| as_number(found.product.as_str()))
}

/// `"17"` as 17; `"017"`, `"1e3"` and what no 64-bit integer holds as they are.
fn as_number(text: &str) -> Value {
    match text.parse::<i64>() {
        Ok(number) if number.to_string() == text => number.into(),
        _ => text.into(),
    }
}

/// The product's field `image_url` or `small_image`, or else this server's URL of the image found.
pub(super) fn picture_url(Listed { found, image_path }: &Listed, headers: &HeaderMap) -> String {
    let given = ["image_url", "small_image"].iter().find_map(|name| {
        let url = found.fields.get(*name).and_then(Value::as_str).filter(|url| !url.is_empty());
        url.map(str::to_owned)
    });
    given.unwrap_or_else(|| image_url::absolute(image_path, headers))
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
