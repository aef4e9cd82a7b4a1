//! Exports that shops write: told from their header, and what their columns mean.
//!
//! Each has a file of its own for what is peculiar to it. A table that is none of them is [`Layout::Plain`]: one row
//! is one product or photo, and every cell is kept as it is.

use super::{google, magento, shopify, woocommerce};
use crate::catalog::Fields;
use crate::source::html::text_of_html;
use crate::source::mapping::{Mapping, plain};
use serde_json::Value;

/// What wrote the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::source) enum Layout {
    Plain,
    Magento,
    Shopify,
    WooCommerce,
    Google,
}

impl Layout {
    /// Told from the columns' names.
    pub(in crate::source) fn of(columns: &[String]) -> Self {
        let names: Vec<String> = columns.iter().map(|column| plain(column)).collect();
        let has = |name: &str| names.iter().any(|column| column == name);
        if shopify::is_header(&has) {
            Self::Shopify
        } else if woocommerce::is_header(&has) {
            Self::WooCommerce
        } else if google::is_header(&has) {
            Self::Google
        } else if magento::is_header(&has) {
            Self::Magento
        } else {
            Self::Plain
        }
    }

    /// What it is called, for a person.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Plain => "CSV file",
            Self::Magento => "Magento product export",
            Self::Shopify => "Shopify product export",
            Self::WooCommerce => "WooCommerce product export",
            Self::Google => "Google Merchant feed",
        }
    }

    /// `given` with what it leaves open filled in from this layout's own columns, as far as they are there.
    pub(super) fn mapping(self, given: &Mapping, columns: &[String]) -> Mapping {
        let (ids, images): (&[&str], Vec<&[&str]>) = match self {
            Self::Plain => return given.clone(),
            Self::Magento => (magento::IDS, magento::IMAGES.to_vec()),
            Self::Shopify => (shopify::IDS, shopify::IMAGES.to_vec()),
            Self::WooCommerce => (woocommerce::IDS, woocommerce::IMAGES.to_vec()),
            Self::Google => (google::IDS, google::IMAGES.to_vec()),
        };
        let first = |names: &&[&str]| {
            names.iter().find_map(|name| columns.iter().find(|column| plain(column) == *name)).cloned()
        };
        let mut mapping = given.clone();
        mapping.id = mapping.id.or_else(|| first(&ids));
        if mapping.images.is_empty() {
            mapping.images = images.iter().filter_map(first).collect();
            if self == Self::Google {
                mapping.images.extend(google::more_images(columns, &mapping.images));
            }
        }
        mapping
    }

    /// What stands between the images of one cell in `column`.
    pub(super) fn separator(self, column: &str) -> Separator {
        match self {
            Self::Magento if plain(column) == "additional_images" => Separator::Commas,
            Self::Google if plain(column).contains("additional") => Separator::Commas,
            Self::WooCommerce => Separator::EscapedCommas,
            _ => Separator::None,
        }
    }

    /// Whether a product has a row for each variant.
    pub(super) fn has_variants(self) -> bool {
        matches!(self, Self::Magento | Self::Shopify | Self::WooCommerce)
    }

    /// Whether the different values of a product's rows are kept.
    pub(super) fn gathers(self, field: &str) -> bool {
        match self {
            Self::Shopify => shopify::gathers(field),
            Self::WooCommerce => woocommerce::gathers(field),
            _ => false,
        }
    }

    /// What becomes of a cell that is no id and no image; `None` where it says nothing of the product.
    pub(super) fn field(self, name: &str, cell: String) -> Option<(String, Value)> {
        let is_html = match self {
            Self::Plain => return Some((name.to_owned(), Value::String(cell))),
            Self::Magento => magento::is_html(name),
            Self::Shopify => shopify::is_html(name),
            Self::WooCommerce => woocommerce::is_html(name),
            Self::Google => {
                let name = google::field_name(name);
                let cell = if google::is_html(&name) { text_of_html(&cell) } else { cell };
                return Some((name, Value::String(cell)));
            }
        };
        let cell = if is_html { text_of_html(&cell) } else { cell };
        Some((name.to_owned(), Value::String(cell))).filter(|_| !cell_is_void(self, name))
    }

    /// Last changes to a product's fields.
    pub(super) fn finish(self, fields: &mut Fields) {
        match self {
            Self::Shopify => shopify::finish(fields),
            Self::WooCommerce => woocommerce::finish(fields),
            Self::Google => google::finish(fields),
            Self::Plain | Self::Magento => {}
        }
    }
}

fn cell_is_void(layout: Layout, name: &str) -> bool {
    // Where an image stands is no property of the product, and its order is kept.
    layout == Layout::Shopify && plain(name) == "image_position"
}

/// What stands between several images in one cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Separator {
    /// The cell is one image.
    None,
    Commas,
    /// A comma with a backslash in front is part of the name.
    EscapedCommas,
}

impl Separator {
    pub(super) fn split(self, cell: &str) -> Vec<String> {
        let kept = |name: &str| Some(name.trim().to_owned()).filter(|name| !name.is_empty());
        match self {
            Self::None => kept(cell).into_iter().collect(),
            Self::Commas => cell.split(',').filter_map(kept).collect(),
            Self::EscapedCommas => {
                // A NUL cannot be in a text that was opened as one.
                let escaped = cell.replace("\\,", "\0");
                escaped.split(',').filter_map(|name| kept(&name.replace('\0', ","))).collect()
            }
        }
    }
}
