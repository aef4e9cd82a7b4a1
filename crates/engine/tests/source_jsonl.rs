//! Given JSON lines, when they are read as a catalog, then objects become products with their values' types.

#![expect(clippy::unwrap_used, reason = "a scenario that cannot go on fails right there")]

use lookalike_engine::catalog::Product;
use lookalike_engine::source::{Mapping, RowFailure, SourceError, SourceOptions, open};
use std::fs;
use std::path::Path;

fn try_read(bytes: impl AsRef<[u8]>, map: &str) -> Result<(Vec<Product>, Vec<RowFailure>), SourceError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.jsonl");
    fs::write(&path, bytes).unwrap();
    let source =
        open(&path, &SourceOptions { map: Mapping::parse(map).unwrap(), ..SourceOptions::default() })?;
    let mut failures = Vec::new();
    let products = source.products()?.filter_map(|item| item.map_err(|f| failures.push(f)).ok()).collect();
    Ok((products, failures))
}

fn image_ids(product: &Product) -> Vec<&str> {
    product.images.iter().map(|image| image.id.as_str()).collect()
}

#[test]
fn objects_become_products_and_bad_lines_are_told() {
    let text = "\u{feff}{\"id\": \"a\", \"title\": \"Ape\", \"image\": [\"1.jpg\", \"2.jpg\"], \"price\": 5.5}\n\
                not json\n\
                {\"id\": \"b\", \"image\": null, \"tags\": [\"x\"]}\n\
                [1]\n\
                {\"title\": \"no id\", \"image\": \"3.jpg\"}\n\
                {\"id\": \"c\", \"image\": 7}\n\
                \n\
                {\"id\": 12, \"image\": \"4.jpg\"}\n\
                {\"id\": \"a\", \"image\": \"5.jpg\"}\n\
                {\"id\": \"d\", \"image\": \"6.jpg\"";
    let (products, failures) = try_read(text, "").unwrap();
    let ids: Vec<_> = products.iter().map(|product| product.id.as_str()).collect();
    assert_eq!(ids, ["a", "b", "12"]);
    assert_eq!(image_ids(&products[0]), ["1.jpg", "2.jpg", "5.jpg"]);
    assert_eq!(serde_json::to_string(&products[0].fields).unwrap(), r#"{"title":"Ape","price":5.5}"#);
    assert!(products[1].images.is_empty());
    assert_eq!(products[2].fields["id"], 12, "a number stays a number among the fields");
    let lines: Vec<_> = failures.iter().map(|failure| failure.place.rsplit(' ').next().unwrap()).collect();
    assert_eq!(lines, ["2", "4", "5", "6", "10"]);
    assert!(failures[0].reason.contains("is not JSON: expected"), "{failures:?}");
    assert!(failures[2].reason.contains("no product id"), "{failures:?}");
    assert!(failures[3].reason.contains("not a text in `image`"), "{failures:?}");
}

#[test]
fn dots_lead_into_objects_and_through_arrays() {
    let text = r#"{"sku": {"code": "a"}, "media": [{"url": "https://x.example/1.jpg"}, {"url": "2.jpg"}, {"alt": "none"}]}"#;
    let (products, failures) = try_read(text, "id=sku.code,image=media.url").unwrap();
    assert_eq!(failures, []);
    assert_eq!(image_ids(&products[0]), ["https://x.example/1.jpg", "2.jpg"]);
    let error = try_read(text, "id=sku.cod,image=media.url").unwrap_err().to_string();
    assert!(error.contains("`sku.cod`") && error.contains("sku, media"), "{error}");
}

#[test]
fn what_is_not_json_lines_is_refused_with_the_cure() {
    let array = try_read("\n[{\"id\": 1}]", "").unwrap_err().to_string();
    assert!(array.contains("jq -c '.[]'"), "{array}");
    let broken = try_read("{\"id\": 1,\n\"image\": \"a.jpg\"}\n", "").unwrap_err().to_string();
    assert!(broken.contains("no JSON object") && broken.contains("line 1"), "{broken}");
}

#[test]
fn listings_without_photos_say_which_fields_there_are() {
    let listings = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/images/listings.jsonl");
    if !listings.is_file() {
        println!("skipped: no {}", listings.display());
        return;
    }
    let error = open(&listings, &SourceOptions::default()).err().unwrap().to_string();
    assert!(
        error.contains("--map image=") && error.contains("product_id, source, title, category"),
        "{error}"
    );
}
