//! The options that say how a source is read, for whichever command reads one.
//!
//! What they mean is `lookalike_engine::source`'s; whether one fits the source at hand, too.

use lookalike_engine::source::{
    ImageBase, ImageSeparator, Languages, Mapping, ProductIdRule, SourceFormat, SourceOptions,
};
use std::path::PathBuf;

/// How the source is read.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Reading the source")]
pub(super) struct Reading {
    /// What the source is; `auto` tells it from the content.
    #[arg(long, value_enum, default_value_t)]
    format: FormatName,
    /// Which columns mean what, such as `id=sku,image=photo`; told from their names otherwise.
    #[arg(long, value_name = "MAP", value_parser = Mapping::parse)]
    map: Option<Mapping>,
    /// What image names are relative to: a folder, or the front part of a web address.
    #[arg(long, value_name = "BASE")]
    image_base: Option<String>,
    /// What stands between several images in one cell; `json` for JSON arrays.
    #[arg(long, value_name = "TEXT")]
    image_separator: Option<String>,
    /// Take each first-level folder, with all photos in it, for one product.
    #[arg(long)]
    product_per_folder: bool,
    /// What names a product that is one file.
    #[arg(long, value_name = "RULE", value_enum, default_value_t)]
    product_id: ProductIdName,
    /// Which language texts are taken in that come in several, the best first, such as `en_US,en_*` (Amazon Berkeley
    /// Objects).
    #[arg(long, value_name = "LANGUAGES", value_parser = Languages::parse)]
    language: Option<Languages>,
    /// The table that says where each image's file is (`images.csv` of Amazon Berkeley Objects), where it is not beside
    /// the listings.
    #[arg(long, value_name = "FILE")]
    image_table: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, Default, clap::ValueEnum)]
enum FormatName {
    /// Whichever it is.
    #[default]
    Auto,
    /// A folder of photos.
    Folder,
    /// Photos in a .tar, .tar.gz or .zip, read where they lie.
    Archive,
    /// A table with a header, its cells taken as they are.
    Csv,
    /// A JSON object in each line.
    Jsonl,
    /// Magento's product table or export.
    Magento,
    /// Shopify's product export.
    Shopify,
    /// WooCommerce's product export, in English.
    #[value(name = "woocommerce")]
    WooCommerce,
    /// A Google Merchant feed: a table, RSS or Atom.
    Google,
    /// Amazon Berkeley Objects.
    Abo,
    /// A sitemap that names images.
    Sitemap,
    /// One address or file's name in each line.
    List,
}

impl FormatName {
    fn format(self) -> Option<SourceFormat> {
        Some(match self {
            Self::Auto => return None,
            Self::Folder => SourceFormat::Folder,
            Self::Archive => SourceFormat::Archive,
            Self::Csv => SourceFormat::Csv,
            Self::Jsonl => SourceFormat::JsonLines,
            Self::Magento => SourceFormat::Magento,
            Self::Shopify => SourceFormat::Shopify,
            Self::WooCommerce => SourceFormat::WooCommerce,
            Self::Google => SourceFormat::GoogleMerchant,
            Self::Abo => SourceFormat::Abo,
            Self::Sitemap => SourceFormat::Sitemap,
            Self::List => SourceFormat::AddressList,
        })
    }
}

#[derive(Debug, Clone, Copy, Default, clap::ValueEnum)]
enum ProductIdName {
    /// The file's name without its extension.
    #[default]
    Stem,
    /// The path below the folder.
    Path,
}

impl Reading {
    /// For [`lookalike_engine::source::open`].
    pub(super) fn options(self) -> SourceOptions {
        SourceOptions {
            format: self.format.format(),
            map: self.map.unwrap_or_default(),
            product_per_folder: self.product_per_folder,
            product_id: match self.product_id {
                ProductIdName::Stem => ProductIdRule::Stem,
                ProductIdName::Path => ProductIdRule::Path,
            },
            image_base: self.image_base.as_deref().map(ImageBase::parse),
            image_separator: self.image_separator.as_deref().and_then(ImageSeparator::parse),
            languages: self.language.unwrap_or_default(),
            image_table: self.image_table,
        }
    }
}
