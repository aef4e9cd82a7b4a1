//! Which of a product's fields feed what clients of earlier systems read: `--compat-*` of `serve` and `demo`.

use crate::http::ListingFields;

/// Of several fields the first that a product has counts.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "What clients of earlier systems read of a product")]
pub(super) struct Compat {
    /// Fields for `entity_id`, where none is there the product's id [default: entity_id].
    #[arg(long = "compat-entity-id", value_name = "FIELDS", value_delimiter = ',')]
    entity_id: Option<Vec<String>>,
    /// Fields for `sku` [default: sku].
    #[arg(long = "compat-sku", value_name = "FIELDS", value_delimiter = ',')]
    sku: Option<Vec<String>>,
    /// Fields for addresses of pictures, where none is there this server's own [default: image_url,small_image].
    #[arg(long = "compat-image-url", value_name = "FIELDS", value_delimiter = ',')]
    image_url: Option<Vec<String>>,
    /// Fields for `ids` and `item_id`, where none is there the product's id [default: item_id,id].
    #[arg(long = "compat-item-id", value_name = "FIELDS", value_delimiter = ',')]
    item_id: Option<Vec<String>>,
    /// Fields for `item_name` [default: item_name,name,title].
    #[arg(long = "compat-item-name", value_name = "FIELDS", value_delimiter = ',')]
    item_name: Option<Vec<String>>,
}

impl Compat {
    /// With what is usual where nothing is said.
    pub(super) fn listing(&self) -> ListingFields {
        let usual = ListingFields::default();
        let chosen = |given: &Option<Vec<String>>, usual| given.clone().unwrap_or(usual);
        ListingFields {
            entity_id: chosen(&self.entity_id, usual.entity_id),
            sku: chosen(&self.sku, usual.sku),
            image_url: chosen(&self.image_url, usual.image_url),
            item_id: chosen(&self.item_id, usual.item_id),
            item_name: chosen(&self.item_name, usual.item_name),
        }
    }
}
