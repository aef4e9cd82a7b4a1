//! From a listing's attributes to a product's fields: one language, plain values, measures as numbers.
//!
//! | in a listing | among the fields |
//! |---|---|
//! | `item_name`, `brand`, `color`, `bullet_point`, ...: texts with `language_tag` | the same name: a text, or an array |
//! | `product_type`, `model_year`, ...: values without a language | the same name |
//! | `standardized_values` of a color | `color_standardized` |
//! | `node`: `node_id`, `node_name` | `node_id` and `node`, the name |
//! | `item_weight`, `item_dimensions`: `normalized_value` with its unit | `item_weight_pounds`, `item_height_inches`, ... |
//! | `item_id`, `domain_name`, `marketplace`, `country`, `spin_id`, `3dmodel_id` | the same name |

use super::language::Languages;
use super::value::{Attribute, Line};
use crate::catalog::Fields;
use crate::source::html::text_of_html;
use serde_json::Value;

/// A listing, understood.
#[derive(Debug, Default)]
pub(super) struct Listing {
    pub(super) item: String,
    pub(super) domain: String,
    pub(super) fields: Fields,
    /// The main one first, none twice.
    pub(super) image_ids: Vec<String>,
}

/// Reads one line.
pub(super) fn read(line: &[u8], languages: &Languages) -> Result<Listing, String> {
    // Told to be text once, not string by string.
    let line = str::from_utf8(line).map_err(|error| {
        format!("is not a listing in JSON: no text in UTF-8 at byte {}", error.valid_up_to() + 1)
    })?;
    let Line(attributes) = serde_json::from_str(line).map_err(|error| {
        let text = error.to_string();
        let what = text.split(" at line ").next().unwrap_or_default();
        format!("is not a listing in JSON: {what} at column {}", error.column())
    })?;
    let mut listing = Listing::default();
    let mut others: &[Attribute<'_>] = &[];
    for (name, attribute) in &attributes {
        match &*name.0 {
            "main_image_id" => listing.image_ids.extend(attribute.text().map(str::to_owned)),
            "other_image_id" => others = attribute.list(),
            "item_dimensions" => dimensions(attribute, &mut listing.fields),
            "node" => nodes(attribute.list(), &mut listing.fields),
            name => {
                if let Some(value) = attribute.scalar() {
                    match name {
                        "item_id" => listing.item = text_of(&value),
                        "domain_name" => listing.domain = text_of(&value),
                        _ => {}
                    }
                    listing.fields.insert(name.to_owned(), value);
                } else {
                    values(name, attribute.list(), languages, &mut listing.fields);
                }
            }
        }
    }
    for id in others.iter().filter_map(Attribute::text) {
        if !listing.image_ids.iter().any(|known| known == id) {
            listing.image_ids.push(id.to_owned());
        }
    }
    if listing.item.is_empty() {
        return Err("has no product id: `item_id` is missing or empty".to_owned());
    }
    Ok(listing)
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Texts in several languages, or values in none.
fn values(name: &str, elements: &[Attribute<'_>], languages: &Languages, fields: &mut Fields) {
    let tags = || elements.iter().map(|element| element.get("language_tag").and_then(Attribute::text));
    let best = tags().min_by_key(|tag| languages.rank(*tag)).flatten();
    let mut kept: Vec<Value> = Vec::new();
    let mut standardized: Vec<Value> = Vec::new();
    for (element, _) in elements.iter().zip(tags()).filter(|(_, tag)| *tag == best) {
        if let Some((unit, value)) = measure(element) {
            fields.insert(format!("{name}_{unit}"), value);
            continue;
        }
        let value = element.scalar().or_else(|| element.get("value").and_then(Attribute::scalar));
        let value = value.map(|value| match value {
            Value::String(text) if is_html(name) => Value::String(text_of_html(&text)),
            other => other,
        });
        kept.extend(value.filter(|value| !kept.contains(value)));
        for value in element.get("standardized_values").map(Attribute::list).unwrap_or_default() {
            standardized.extend(value.scalar().filter(|value| !standardized.contains(value)));
        }
    }
    insert(fields, name.to_owned(), kept);
    insert(fields, format!("{name}_standardized"), standardized);
}

fn is_html(name: &str) -> bool {
    matches!(name, "product_description" | "bullet_point")
}

/// Nothing, the one value, or all of them.
fn insert(fields: &mut Fields, name: String, mut values: Vec<Value>) {
    match values.len() {
        0 => {}
        1 => fields.extend(values.pop().map(|value| (name, value))),
        _ => {
            fields.insert(name, Value::Array(values));
        }
    }
}

/// The unit and number of a measure: Amazon's normalized ones (pounds, inches) where it has them.
fn measure(attribute: &Attribute<'_>) -> Option<(String, Value)> {
    let of = |attribute: &Attribute<'_>| {
        let unit = attribute.get("unit")?.text()?.replace(' ', "_");
        let value = attribute.get("value")?.scalar().filter(Value::is_number)?;
        Some((unit, value))
    };
    attribute.get("normalized_value").and_then(of).or_else(|| of(attribute))
}

fn dimensions(attribute: &Attribute<'_>, fields: &mut Fields) {
    let Attribute::Object(sides) = attribute else { return };
    for (side, length) in sides {
        // Some listings have a list of measures, with the same one in it.
        let length = length.list().first().unwrap_or(length);
        if let Some((unit, value)) = measure(length) {
            fields.insert(format!("item_{}_{unit}", side.0), value);
        }
    }
}

fn nodes(nodes: &[Attribute<'_>], fields: &mut Fields) {
    let all = |name: &str| nodes.iter().filter_map(|node| node.get(name)?.scalar()).collect::<Vec<_>>();
    insert(fields, "node".to_owned(), all("node_name"));
    insert(fields, "node_id".to_owned(), all("node_id"));
}
