//! WooCommerce's product export: a row for each product and for each variation of one.
//!
//! `Images` are separated by commas, and a comma within one is written `\,`. A variation names its `Parent` by SKU, or by
//! `id:17` where that has none; products are called the same here, so variations fall into place: their images and
//! attributes join the parent's. The attributes (`Attribute 1 name` = Color) become fields of their own.

use super::Cells;
use crate::catalog::Fields;
use serde_json::Value;

pub(super) const IDS: &[&str] = &["sku"];
pub(super) const IMAGES: &[&[&str]] = &[&["images"]];

pub(super) fn is_header(has: &dyn Fn(&str) -> bool) -> bool {
    ["type", "sku", "name", "images"].iter().all(|name| has(name)) && (has("parent") || has("regular_price"))
}

pub(super) fn is_html(column: &str) -> bool {
    matches!(column, "Description" | "Short description")
}

/// The product a row belongs to: a variation's parent, or the row's own SKU, or `id:` and its number.
pub(super) fn product_id(cells: &Cells<'_>) -> Option<String> {
    let parent = cells.named("parent").filter(|_| is_variation(cells));
    let own = || cells.named("sku").map(str::to_owned);
    let number = || cells.named("id").map(|id| format!("id:{id}"));
    parent.map(str::to_owned).or_else(own).or_else(number)
}

pub(super) fn is_variation(cells: &Cells<'_>) -> bool {
    cells.named("type").is_some_and(|kinds| kinds.split(',').any(|kind| kind.trim() == "variation"))
}

/// Whether a variation's cell says something of its product: what it is made of and costs, and no more.
pub(super) fn is_kept_of_variation(column: &str) -> bool {
    column.starts_with("Attribute ") || gathers(column)
}

pub(super) fn gathers(column: &str) -> bool {
    matches!(column, "Regular price" | "Sale price" | "Variation SKU") || attribute_value(column).is_some()
}

/// The number of an attribute's column of values.
fn attribute_value(column: &str) -> Option<&str> {
    column.strip_prefix("Attribute ")?.strip_suffix(" value(s)")
}

/// `Attribute 1 name: Color, Attribute 1 value(s): "Red, Blue"` becomes `Color: [Red, Blue]`.
pub(super) fn finish(fields: &mut Fields) {
    let numbers: Vec<String> =
        fields.keys().filter_map(|name| attribute_value(name)).map(str::to_owned).collect();
    for number in numbers {
        let of = |what: &str| format!("Attribute {number} {what}");
        let name = fields.shift_remove(&of("name"));
        let Some(values) = fields.shift_remove(&of("value(s)")) else { continue };
        let cells = if let Value::Array(cells) = values { cells } else { vec![values] };
        let mut values: Vec<String> = Vec::new();
        for value in cells
            .iter()
            .filter_map(Value::as_str)
            .flat_map(|cell| super::Separator::EscapedCommas.split(cell))
        {
            if !values.contains(&value) {
                values.push(value);
            }
        }
        let Some(Value::String(name)) = name else { continue };
        let value = match values.as_slice() {
            [one] => Value::String(one.clone()),
            _ => values.into(),
        };
        fields.entry(name).or_insert(value);
    }
    fields.retain(|name, _| {
        !(name.starts_with("Attribute ")
            && [" visible", " global", " default"].iter().any(|end| name.ends_with(end)))
    });
}
