//! Sitemaps (sitemaps.org) with Google's image extension: a page is a product, and its `image:image`s its photos.
//!
//! An entry whose own address is a picture's is a product of that picture; pages without images are left out.

use super::{Listing, Record};
use crate::source::walk::is_picture_name;
use serde_json::Value;
use std::ffi::OsStr;

pub(super) fn listing(record: Record) -> Result<Listing, String> {
    let mut listing = Listing::default();
    for child in record.children {
        match child.name.as_str() {
            "loc" => listing.id = child.text,
            "image" => {
                for part in child.children {
                    match part.name.as_str() {
                        "loc" if !part.text.is_empty() => listing.images.push(part.text),
                        "title" | "caption" if !part.text.is_empty() => {
                            listing.fields.entry(part.name).or_insert(Value::String(part.text));
                        }
                        _ => {}
                    }
                }
            }
            "lastmod" if !child.text.is_empty() => {
                listing.fields.insert(child.name, Value::String(child.text));
            }
            _ => {}
        }
    }
    if listing.id.is_empty() {
        return Err("has no address: its `loc` is missing or empty".to_owned());
    }
    if listing.images.is_empty() {
        let path = url::Url::parse(&listing.id).map(|url| url.path().to_owned());
        if path.is_ok_and(|path| is_picture_name(OsStr::new(&path))) {
            listing.images.push(listing.id.clone());
        } else {
            listing.is_void = true;
        }
    }
    listing.fields.insert("url".to_owned(), Value::String(listing.id.clone()));
    Ok(listing)
}
