//! Products over HTTP: looked at, changed one by one and in batches.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a scenario that cannot go on fails right there"
)]

mod http_server;

use http_server::{IMAGES, Server};
use serde_json::{Value, json};

fn ids(page: &Value) -> Vec<&str> {
    page["products"].as_array().unwrap().iter().map(|one| one["product_id"].as_str().unwrap()).collect()
}

#[test]
fn a_product_is_shown_with_its_fields_and_images() {
    let server = Server::start();
    let product = server.get("/v1/products/p2").ok();
    let image = &product["images"][0];
    assert_eq!(
        product,
        json!({
            "product_id": "p2",
            "fields": {"name": "Product 2", "price": 12},
            "images": [{"image_id": IMAGES[2], "image_url": image["image_url"], "width": 300, "height": 400}]
        })
    );
    assert_eq!(server.get(image["image_url"].as_str().unwrap()).status, 200);
    assert_eq!(server.get("/v1/products/none").problem(404).0, "product_not_found");
    assert_eq!(server.get("/v1/products/a%00b").problem(404).0, "product_not_found");
    server.get("/v1/products/%ff").problem(400);
    server.get("/v1/products/").problem(404);
}

#[test]
fn products_are_listed_page_by_page() {
    let server = Server::start();
    let page = server.get("/v1/products?limit=4").ok();
    assert_eq!((ids(&page), &page["next"]), (vec!["p0", "p1", "p2", "p3"], &json!("p3")));
    let page = server.get("/v1/products?limit=4&after=p3").ok();
    assert_eq!((ids(&page), &page["next"]), (vec!["p4", "p5"], &json!(null)));
    let page = server.get("/v1/products?limit=6").ok();
    assert_eq!((ids(&page).len(), &page["next"]), (6, &json!(null)));

    let page = server.get("/v1/products?filter=price%3E=12&limit=2").ok();
    assert_eq!((ids(&page), &page["next"]), (vec!["p2", "p3"], &json!("p3")));
    let page = server.get("/v1/products?filter=price%3E=12&limit=2&after=p3").ok();
    assert_eq!((ids(&page), &page["next"]), (vec!["p4", "p5"], &json!(null)));
    assert_eq!(server.get("/v1/products?filter=price%3E").problem(400).0, "malformed_filter");
    for wrong in ["limit=0", "limit=1001", "limit=x", "after=", "page=2"] {
        server.get(&format!("/v1/products?{wrong}")).problem(422);
    }
}
