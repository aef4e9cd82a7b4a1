//! Given what shops export, when it is read without a word of explanation, then its rows become the shop's products.

use crate::kit::{fixture, read, refusal, try_read};
use lookalike_engine::catalog::Location;
use lookalike_engine::source::{ImageBase, Mapping, SourceFormat, SourceOptions};
use serde_json::json;
use std::fs;

#[test]
fn magentos_table_has_paths_of_images_and_products_without_one() {
    let base = Some(ImageBase::parse("https://shop.example/media/catalog/product"));
    let read =
        try_read(&fixture("magento.csv"), &SourceOptions { image_base: base, ..SourceOptions::default() });
    let read = read.unwrap();
    assert!(read.described.starts_with("Magento product export"), "{}", read.described);
    assert!(read.notices.contains("`entity_id` as the product's id and `small_image`"), "{}", read.notices);
    assert_eq!(read.ids(), ["1", "2", "14", "15", "16"]);
    let located = read.product("1").images[0].location.to_string();
    assert_eq!(located, "https://shop.example/media/catalog/product/m/b/mb01-blue-0.jpg");
    assert!(read.images("2").is_empty() && read.images("15").is_empty());
    assert_eq!(read.fields("14"), json!({"entity_id": 14, "sku": "WJ-12, \"Stellar\""}));
    assert_eq!((read.failures.len(), read.expected), (0, Some(3)));
}

#[test]
fn magentos_export_has_a_row_for_each_store_and_html_in_its_texts() {
    let read = read("magento_export.csv");
    assert_eq!(read.failed(), []);
    assert_eq!(read.images("MH01"), ["m/h/mh01-gray_main.jpg", "m/h/mh01-gray_back.jpg"]);
    assert!(read.images("MH02").is_empty());
    let fields = read.fields("MH01");
    assert_eq!(
        (&fields["name"], &fields["description"]),
        (&json!("Chaz Hoodie"), &json!("Warm & light.\nTwo pockets"))
    );
    assert!(read.notices.contains("--image-base https://SHOP/media/catalog/product"), "{}", read.notices);
}

#[test]
fn a_table_of_addresses_and_ids_needs_no_map() {
    let read = read("addresses.csv");
    assert!(read.notices.contains("`id` as the product's id and `url` as its photos"), "{}", read.notices);
    assert_eq!(
        read.images("mug-1"),
        ["https://cdn.example/a/red%20mug.jpg", "https://cdn.example/a/mug-back.jpg"]
    );
    assert_eq!(read.images("bag-7"), ["https://cdn.example/a/bag.jpg?width=800&v=2"]);
    assert!(read.images("empty").is_empty());
    assert_eq!(read.failed().len(), 1);
    assert!(read.failures[0].reason.contains("ftp://"), "{:?}", read.failures);
}

#[test]
fn shopifys_rows_are_variants_and_images_of_the_handle() {
    let read = read("shopify.csv");
    assert!(read.described.starts_with("Shopify product export"), "{}", read.described);
    assert!(
        read.notices.contains("`Handle` as the product's id and `Image Src`, `Variant Image`"),
        "{}",
        read.notices
    );
    assert_eq!(read.ids(), ["canvas-bag", "gift-card", "mug"]);
    let bag = ["main", "back", "red", "blue"].map(|name| format!("https://cdn.example/bag-{name}.jpg"));
    assert_eq!(read.images("canvas-bag"), bag, "by position, then those of variants alone");
    let fields = read.fields("canvas-bag");
    assert_eq!(fields["Body (HTML)"], "Sturdy canvas,\nfor \"everything\".");
    assert_eq!((&fields["Color"], &fields["Size"]), (&json!(["Red", "Blue"]), &json!(["S", "M"])));
    assert_eq!(fields["Variant SKU"], json!(["BAG-R-S", "BAG-B-S", "BAG-B-M"]));
    assert_eq!(fields["Variant Price"], json!(["19.90", "21.90"]));
    assert!(fields.get("Image Position").is_none() && fields.get("Option1 Name").is_none());
    assert!(read.images("gift-card").is_empty() && read.fields("gift-card").get("Title").is_some());
    assert_eq!(read.fields("mug")["Body (HTML)"], "Plain text & no tags");
    assert_eq!(read.failed(), [("8", "has no product id: its column `Handle` is empty")]);
    assert_eq!(read.expected, Some(6), "no image is counted twice");
}

#[test]
fn shopifys_columns_of_2025_are_known_too() {
    let read = read("shopify_2025.csv");
    assert_eq!(
        read.images("linen-shirt"),
        ["white", "navy"].map(|c| format!("https://cdn.example/shirt-{c}.jpg"))
    );
    let fields = read.fields("linen-shirt");
    assert_eq!((&fields["Color"], &fields["Description"]), (&json!(["White", "Navy"]), &json!("Airy.")));
    assert_eq!(read.failed(), []);
}

#[test]
fn woocommerces_variations_join_their_parents() {
    let read = read("woocommerce.csv");
    assert!(read.described.starts_with("WooCommerce product export"), "{}", read.described);
    assert_eq!(read.ids(), ["woo-vneck", "id:62", "woo-album"]);
    let vneck = ["vneck", "vneck,side", "vneck-red"].map(|name| format!("https://cdn.example/{name}.jpg"));
    assert_eq!(read.images("woo-vneck"), vneck);
    assert_eq!(
        read.images("id:62"),
        ["https://cdn.example/beanie.jpg", "https://cdn.example/beanie-red.jpg"]
    );
    let fields = read.fields("woo-vneck");
    assert_eq!((&fields["Name"], &fields["Type"]), (&json!("V-Neck T-Shirt"), &json!("variable")));
    assert_eq!((&fields["Color"], &fields["Size"]), (&json!(["Blue", "Green", "Red"]), &json!(["L", "M"])));
    assert_eq!(fields["Regular price"], json!(["20", "21"]));
    assert_eq!(fields["Variation SKU"], json!(["woo-vneck-red", "woo-vneck-green"]));
    assert_eq!(fields["Description"], "Pellentesque habitant\nmorbi tristique");
    assert!(fields.as_object().unwrap().keys().all(|name| !name.starts_with("Attribute ")), "{fields}");
    assert_eq!((read.failures.len(), read.images("woo-album").len()), (0, 0));
}

#[test]
fn a_map_by_hand_makes_a_variation_a_product_of_its_own() {
    let map = Mapping::parse("id=ID").unwrap();
    let read =
        try_read(&fixture("woocommerce.csv"), &SourceOptions { map, ..SourceOptions::default() }).unwrap();
    assert_eq!(read.ids(), ["44", "60", "61", "62", "63", "64"]);
    assert_eq!(read.fields("60")["Color"], "Red");
}

#[test]
fn googles_table_has_prices_as_numbers_and_further_images_in_one_cell() {
    let read = read("google.tsv");
    assert!(read.described.starts_with("Google Merchant feed"), "{}", read.described);
    assert_eq!(read.ids(), ["TV_1", "TV_2", "TV_3"]);
    assert_eq!(
        read.images("TV_1"),
        ["tv", "tv-back", "tv-side"].map(|name| format!("https://cdn.example/{name}.jpg"))
    );
    let fields = read.fields("TV_1");
    assert_eq!((&fields["price"], &fields["price_currency"]), (&json!(499.0), &json!("EUR")));
    assert_eq!((&fields["description"], &fields["item_group_id"]), (&json!("Bright & flat"), &json!("TV")));
    assert_eq!(fields["title"], "Television \"55\"");
    assert_eq!(read.failed(), [("4", "has no product id: its column `id` is empty")]);
    assert!(read.images("TV_3").is_empty());
}

#[test]
fn a_plain_list_is_a_product_for_each_line() {
    let read = read("addresses.txt");
    assert!(read.described.starts_with("list of photos"), "{}", read.described);
    assert_eq!(read.ids().len(), 3);
    assert_eq!(read.ids()[1], "https://cdn.example/summer/2.jpg?width=800");
    assert!(matches!(&read.products[2].images[0].location, Location::Url(url) if url.ends_with("/3.jpg")));
    assert_eq!(read.failed().len(), 1);
    assert!(
        read.failures[0].place.ends_with("line 6") && read.failures[0].reason.contains("duplicated: line 2")
    );
}

#[test]
fn any_of_them_may_be_compressed_or_written_in_utf_16() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["shopify.csv", "woocommerce.csv", "google.tsv", "google.xml", "sitemap.xml", "addresses.txt"]
    {
        let plain = fs::read(fixture(name)).unwrap();
        let expected = read(name).products;
        let packed = folder.path().join(format!("{name}.gz"));
        fs::write(&packed, gzip(&plain)).unwrap();
        let read = try_read(&packed, &SourceOptions::default()).unwrap();
        assert!(read.products == expected, "{name}");
        let cut = folder.path().join(format!("cut-{name}.gz"));
        let whole = gzip(&plain);
        fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
        let refused = refusal(&cut, &SourceOptions::default());
        assert!(refused.contains("it was cut off") && refused.contains("cut-"), "{refused}");

        let text = String::from_utf8(plain).unwrap();
        let utf16: Vec<u8> =
            [0xFF, 0xFE].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
        let wide = folder.path().join(name);
        fs::write(&wide, utf16).unwrap();
        let read = try_read(&wide, &SourceOptions::default()).unwrap();
        assert!(read.products == expected, "{name} in UTF-16");
        assert!(read.notices.contains("UTF-16"), "{}", read.notices);
    }
}

#[test]
fn a_format_that_is_named_is_taken_at_its_word() {
    let options = SourceOptions { format: Some(SourceFormat::Shopify), ..SourceOptions::default() };
    let refused = refusal(&fixture("magento.csv"), &options);
    assert!(refused.contains("--map"), "{refused}");
    let plain = SourceOptions { format: Some(SourceFormat::Csv), ..SourceOptions::default() };
    let read = try_read(&fixture("shopify.csv"), &plain).unwrap();
    assert!(read.described.starts_with("CSV file") && read.fields("mug").get("Option1 Name").is_some());
    let options = SourceOptions { product_per_folder: true, ..SourceOptions::default() };
    assert!(refusal(&fixture("google.xml"), &options).contains("`--product-per-folder` does not apply"));
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
