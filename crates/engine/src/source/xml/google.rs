//! Product feeds as Google Merchant Center reads them: RSS 2.0, RSS 1.0 or Atom with `g:` attributes.
//!
//! The same attributes as a table are `csv::google`'s, which also makes numbers of prices. An attribute that comes several
//! times becomes an array, one that has parts (`g:shipping`) an object.

use super::{Listing, Record};
use crate::catalog::Fields;
use crate::source::csv::google::{finish, is_html};
use crate::source::html::text_of_html;
use serde_json::Value;

pub(super) fn listing(record: Record) -> Result<Listing, String> {
    let mut listing = Listing::default();
    let mut further = Vec::new();
    for child in record.children {
        match child.name.as_str() {
            // Atom has an `id` of its own, the address of the entry; `g:id` comes first or after it, and is shorter.
            "id" if listing.id.is_empty() || is_address(&listing.id) => listing.id = child.text,
            "id" => {}
            "image_link" => listing.images.extend(some(child.text)),
            "additional_image_link" => further.extend(some(child.text)),
            name => {
                let text = if is_html(name) { text_of_html(&child.text) } else { child.text };
                let value = match child.href {
                    Some(href) if text.is_empty() => Value::String(href),
                    _ if child.children.is_empty() => Value::String(text),
                    _ => Value::Object(parts(child.children)),
                };
                add(&mut listing.fields, child.name, value);
            }
        }
    }
    if listing.id.is_empty() {
        return Err("has no product id: its `g:id` is missing or empty".to_owned());
    }
    listing.images.append(&mut further);
    finish(&mut listing.fields);
    Ok(listing)
}

fn is_address(id: &str) -> bool {
    id.contains("://") || id.starts_with("tag:") || id.starts_with("urn:")
}

fn some(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

fn parts(children: Vec<Record>) -> Fields {
    let mut fields = Fields::new();
    for child in children {
        let value = if child.children.is_empty() {
            Value::String(child.text)
        } else {
            Value::Object(parts(child.children))
        };
        add(&mut fields, child.name, value);
    }
    finish(&mut fields);
    fields
}

/// Adds a value unless it is empty; a second one of a name makes an array of both.
fn add(fields: &mut Fields, name: String, value: Value) {
    if value.as_str() == Some("") {
        return;
    }
    match fields.get_mut(&name) {
        None => {
            fields.insert(name, value);
        }
        Some(Value::Array(values)) => values.push(value),
        Some(one) => *one = Value::Array(vec![one.take(), value]),
    }
}
