//! What an import is asked for: the options of `lookalike index`, as JSON or as the fields of a form.

use crate::http::problem::Problem;
use lookalike_engine::ingest::Missing;
use lookalike_engine::source::{
    ImageBase, ImageSeparator, Languages, Mapping, ProductIdRule, SourceFormat, SourceOptions,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// What to bring into the catalog, and how to read it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(example = json!({"source": "https://shop.example/feed.xml", "format": "google"}))]
pub(in crate::http) struct ImportRequest {
    /// A folder, an archive or a file on the server's disk, or what is at `https://…` (through the guard, up to 256 MiB), in
    /// a bucket (`s3://…`) or a DynamoDB table. Left out where a file is sent.
    #[schema(required = true)]
    pub(super) source: String,
    /// What it is; told from the content when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<FormatName>,
    /// Which columns mean what, such as `id=sku,image=photo`; told from their names when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    map: Option<String>,
    /// What image names are relative to: a folder on the server's disk, or the front part of a web address.
    #[serde(skip_serializing_if = "Option::is_none")]
    image_base: Option<String>,
    /// What stands between several images in one cell; `json` for JSON arrays.
    #[serde(skip_serializing_if = "Option::is_none")]
    image_separator: Option<String>,
    /// Takes each first-level folder, with all photos in it, for one product.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    product_per_folder: bool,
    /// What names a product that is one file; `stem` when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    product_id: Option<ProductIdName>,
    /// Which language texts are taken in that come in several, the best first, such as `en_US,en_*`.
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<String>,
    /// Removes products that the source no longer names, once it was read to its end; none are removed when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    delete_missing: Option<MissingName>,
    /// Fetches addresses that are stored already again, to see whether their photos changed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) recheck_urls: bool,
}

/// An import as a form.
#[derive(ToSchema)]
#[schema(as = ImportForm)]
#[expect(dead_code, reason = "describes the form in the OpenAPI document; its parts are read one by one")]
pub(in crate::http) struct ImportForm {
    /// The source as a file, up to 1 GiB.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// What it is; told from the content when left out.
    format: Option<FormatName>,
    /// Which columns mean what.
    map: Option<String>,
    /// What image names are relative to.
    image_base: Option<String>,
    /// What stands between several images in one cell.
    image_separator: Option<String>,
    /// Takes each first-level folder for one product.
    product_per_folder: Option<bool>,
    /// What names a product that is one file.
    product_id: Option<ProductIdName>,
    /// Which language texts are taken in.
    language: Option<String>,
    /// Removes products that the source no longer names.
    delete_missing: Option<MissingName>,
    /// Fetches addresses that are stored already again.
    recheck_urls: Option<bool>,
}

/// What a source is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::http) enum FormatName {
    Folder,
    Archive,
    Csv,
    Jsonl,
    Magento,
    Shopify,
    Woocommerce,
    Google,
    Abo,
    Sitemap,
    List,
}

/// What names a product that is one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::http) enum ProductIdName {
    /// Its name without the extension.
    Stem,
    /// Its path below the folder.
    Path,
}

/// Which products that a source does not name are removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::http) enum MissingName {
    /// None when a row of the source failed, or when they are more than half of the catalog.
    Careful,
    /// All of them.
    All,
}

impl From<FormatName> for SourceFormat {
    fn from(name: FormatName) -> Self {
        match name {
            FormatName::Folder => Self::Folder,
            FormatName::Archive => Self::Archive,
            FormatName::Csv => Self::Csv,
            FormatName::Jsonl => Self::JsonLines,
            FormatName::Magento => Self::Magento,
            FormatName::Shopify => Self::Shopify,
            FormatName::Woocommerce => Self::WooCommerce,
            FormatName::Google => Self::GoogleMerchant,
            FormatName::Abo => Self::Abo,
            FormatName::Sitemap => Self::Sitemap,
            FormatName::List => Self::AddressList,
        }
    }
}

impl ImportRequest {
    /// Out of the fields of a form; what is empty counts as left out.
    pub(super) fn of_form(fields: Vec<(String, String)>) -> Result<Self, Problem> {
        let mut values = Map::new();
        for (name, text) in fields.into_iter().filter(|(_, text)| !text.is_empty()) {
            let value = match (name.as_str(), text.as_str()) {
                ("product_per_folder" | "recheck_urls", "true") => Value::Bool(true),
                ("product_per_folder" | "recheck_urls", "false") => Value::Bool(false),
                _ => Value::String(text),
            };
            if values.insert(name.clone(), value).is_some() {
                let detail = format!("{name} is given more than once");
                return Err(Problem::invalid("invalid_parameter", detail));
            }
        }
        serde_json::from_value(Value::Object(values))
            .map_err(|error| Problem::invalid("invalid_parameter", format!("the form: {error}")))
    }

    /// How the source is read.
    ///
    /// # Errors
    /// When an option is none.
    pub(super) fn options(&self) -> Result<SourceOptions, Problem> {
        let invalid = |detail: String| Problem::invalid("invalid_parameter", detail);
        let map = self.map.as_deref().map(Mapping::parse).transpose();
        let languages = self.language.as_deref().map(Languages::parse).transpose();
        Ok(SourceOptions {
            format: self.format.map(SourceFormat::from),
            map: map.map_err(|error| invalid(format!("map: {error}")))?.unwrap_or_default(),
            product_per_folder: self.product_per_folder,
            product_id: match self.product_id {
                None | Some(ProductIdName::Stem) => ProductIdRule::Stem,
                Some(ProductIdName::Path) => ProductIdRule::Path,
            },
            image_base: self.image_base.as_deref().map(ImageBase::parse),
            image_separator: self.image_separator.as_deref().and_then(ImageSeparator::parse),
            languages: languages.map_err(|error| invalid(format!("language: {error}")))?.unwrap_or_default(),
            image_table: None,
        })
    }

    pub(super) fn missing(&self) -> Missing {
        match self.delete_missing {
            None => Missing::Keep,
            Some(MissingName::Careful) => Missing::Remove,
            Some(MissingName::All) => Missing::RemoveAny,
        }
    }
}
