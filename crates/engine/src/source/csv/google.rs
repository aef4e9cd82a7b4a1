//! Google Merchant Center's product data as a table; `xml::google` reads the same as RSS or Atom.
//!
//! Attributes are written with blanks or underscores, with `g:` in front or without; here they are `image_link`. Further
//! images stand in one cell with commas between them, or in columns of the same name. A price with its currency
//! (`15.00 USD`) becomes a number and a field `price_currency`, so that it can be compared.

use crate::catalog::Fields;
use crate::source::mapping::plain;
use serde_json::{Number, Value};

pub(super) const IDS: &[&str] = &["id", "g:id"];
pub(super) const IMAGES: &[&[&str]] =
    &[&["image_link", "g:image_link"], &["additional_image_link", "g:additional_image_link"]];

pub(super) fn is_header(has: &dyn Fn(&str) -> bool) -> bool {
    let any = |names: &[&str]| names.iter().any(|name| has(name) || has(&format!("g:{name}")));
    any(&["id"]) && any(&["image_link"]) && any(&["link", "availability", "price", "additional_image_link"])
}

/// Further columns of the same name: `additional_image_link (2)`.
pub(super) fn more_images(columns: &[String], known: &[String]) -> Vec<String> {
    let is_one =
        |column: &&String| field_name(column).starts_with("additional_image_link") && !known.contains(column);
    columns.iter().filter(is_one).cloned().collect()
}

/// The attribute's name as the feed's specification has it.
pub(in crate::source) fn field_name(column: &str) -> String {
    let name = plain(column);
    name.strip_prefix("g:").map(str::to_owned).unwrap_or(name)
}

pub(in crate::source) fn is_html(field: &str) -> bool {
    field == "description"
}

/// Prices become numbers, and their currencies fields.
pub(in crate::source) fn finish(fields: &mut Fields) {
    let names: Vec<String> = fields.keys().filter(|name| name.ends_with("price")).cloned().collect();
    for name in names {
        let Some((amount, currency)) = fields.get(&name).and_then(Value::as_str).and_then(price) else {
            continue;
        };
        fields.insert(format!("{name}_currency"), Value::String(currency));
        fields.insert(name, Value::Number(amount));
    }
}

/// `15.00 USD`, or `15.00USD`.
fn price(text: &str) -> Option<(Number, String)> {
    let end = text.find(|c: char| c.is_ascii_alphabetic() || c == ' ')?;
    let (amount, currency) = text.split_at_checked(end)?;
    let currency = currency.trim();
    let is_currency = currency.len() == 3 && currency.bytes().all(|byte| byte.is_ascii_uppercase());
    let amount = Number::from_f64(amount.parse().ok()?)?;
    is_currency.then(|| (amount, currency.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_price_is_a_number_and_a_currency_or_stays_a_text() {
        let mut fields = Fields::new();
        for (name, value) in [("price", "15.00 USD"), ("sale_price", "9.5EUR"), ("unit_price", "3 per kg")] {
            fields.insert(name.to_owned(), value.into());
        }
        finish(&mut fields);
        assert_eq!(
            Value::Object(fields),
            json!({"price": 15.0, "sale_price": 9.5, "unit_price": "3 per kg", "price_currency": "USD", "sale_price_currency": "EUR"})
        );
    }
}
