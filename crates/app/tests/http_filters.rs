//! Filters over HTTP: in JSON and in forms, for search and check, and the fields they are about.

#![expect(clippy::unwrap_used, reason = "helpers of tests, where a failure is the answer")]

mod http_server;

use http_server::stock::photo;
use http_server::{IMAGES, Part, Server};
use lookalike_engine::catalog::ProductId;
use lookalike_engine::store::embedded::{Access, EmbeddedStore};
use lookalike_engine::store::{Store, Write};
use serde_json::{Value, json};

fn ids(answer: &Value, list: &str) -> Vec<String> {
    let found = answer[list].as_array().unwrap().iter();
    let mut ids: Vec<String> = found.map(|one| one["product_id"].as_str().unwrap().to_owned()).collect();
    ids.sort();
    ids
}

#[test]
fn only_products_that_fit_are_found() {
    let server = Server::start();
    // Products 1 to 5 cost 11 to 15, product 0 has a SKU and no price.
    for (filter, expected) in [
        ("price<13", &["p1", "p2"][..]),
        ("not price<13", &["p0", "p3", "p4", "p5"]),
        ("sku=red-1 or name='product 5'", &["p0", "p5"]),
        ("  ", &["p0", "p1", "p2", "p3", "p4", "p5"]),
        ("price>1000", &[]),
    ] {
        let question = json!({"image_id": IMAGES[2], "filter": filter});
        assert_eq!(ids(&server.post_json("/v1/search", &question).ok(), "results"), expected, "{filter}");
        let picture = photo(2);
        let form: [Part<'_>; 2] = [("image", Some("a.jpg"), &picture), ("filter", None, filter.as_bytes())];
        assert_eq!(ids(&server.post_form("/v1/search", &form).ok(), "results"), expected, "{filter}");
    }
    let words = json!({"text": "product", "filter": "price in (11, 15)"});
    assert_eq!(ids(&server.post_json("/v1/search", &words).ok(), "results"), ["p1", "p5"]);
    let check =
        |filter: &str| server.post_json("/v1/check", &json!({"image_id": IMAGES[2], "filter": filter})).ok();
    assert_eq!(check("price=12")["verdict"], "identical");
    assert_ne!(check("price!=12")["verdict"], "identical");
}

#[test]
fn what_is_no_filter_is_refused_with_its_place() {
    let server = Server::start();
    for target in ["/v1/search", "/v1/check"] {
        let wrong = json!({"image_id": IMAGES[2], "filter": "größe<15 und x"});
        let reply = server.post_json(target, &wrong);
        let (code, detail) = reply.problem(400);
        assert_eq!(code, "malformed_filter");
        assert_eq!(
            detail,
            "the filter: expected `and`, `or` or the end (text with blanks is put in quotes), found `und`, at character 10"
        );
        assert_eq!(reply.json()["offset"], 9);
        let form: [Part<'_>; 2] = [("image_id", None, IMAGES[2].as_bytes()), ("filter", None, b"price<")];
        let reply = server.post_form(target, &form);
        reply.problem(400);
        assert_eq!(reply.json()["offset"], 6);
        let long = json!({"image_id": IMAGES[2], "filter": "x=1 and ".repeat(10_000)});
        let (_, detail) = server.post_json(target, &long).problem(400);
        assert!(detail.contains("the longest allowed is 16384"), "{detail}");
    }
    // Other problems have no place.
    let other = server.post_json("/v1/search", &json!({"image_id": "gone"}));
    other.problem(404);
    assert_eq!(other.json()["offset"], Value::Null);
}

#[test]
fn the_fields_are_listed_with_their_values() {
    let server = Server::start();
    let fields = server.get("/v1/catalog/fields").ok();
    assert_eq!((&fields["products"], &fields["more_fields"]), (&json!(6), &json!(false)));
    let of = |name: &str| {
        fields["fields"].as_array().unwrap().iter().find(|field| field["name"] == name).unwrap().clone()
    };
    assert_eq!(
        of("sku"),
        json!({
            "name": "sku", "types": ["text"], "products": 1, "distinct": 1,
            "values": [{"value": "RED-1", "products": 1}],
        })
    );
    let price = of("price");
    assert_eq!(
        (&price["min"], &price["max"], &price["types"]),
        (&json!(11.0), &json!(15.0), &json!(["number"]))
    );
    assert_eq!(price["values"].as_array().unwrap().len(), 5);
}

#[test]
fn values_are_counted_among_the_products_that_a_filter_lets_through() {
    let server = Server::start();
    let facets = |query: &str| server.get(&format!("/v1/catalog/facets{query}")).ok();
    let all = facets("?fields=price,name");
    assert_eq!(all["products"], 6);
    let prices = [11, 12, 13, 14, 15].map(|price| json!({"value": price, "count": 1}));
    assert_eq!(
        all["facets"][0],
        json!({
            "field": "price", "type": "number", "distinct": 5, "min": 11.0, "max": 15.0, "missing": 1,
            "values": prices,
        })
    );
    assert_eq!(
        (&all["facets"][1]["type"], &all["facets"][1]["values"][0]["value"]),
        (&json!("text"), &json!("Product 1"))
    );
    let some = facets("?fields=price,sku,gone&filter=price%3C13&values=1");
    assert_eq!((&some["products"], &some["facets"][0]["max"]), (&json!(2), &json!(12.0)));
    assert_eq!(some["facets"][0]["values"].as_array().unwrap().len(), 1);
    for missing in [&some["facets"][1], &some["facets"][2]] {
        assert_eq!(
            (&missing["type"], &missing["missing"], &missing["distinct"]),
            (&Value::Null, &json!(2), &json!(0))
        );
    }
    // Without names all fields come whose values can be counted.
    let names = |answer: &Value| -> Vec<String> {
        answer["facets"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["field"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names(&facets("")), ["entity_id", "sku", "small_image", "name", "price"]);
    // What is written counts at once.
    let store = EmbeddedStore::open(&server.folder.path().join("shop.lookalike"), Access::ReadWrite).unwrap();
    let fields = json!({"price": "11", "name": "PRODUCT 1"}).as_object().unwrap().clone();
    store.apply(&[Write::Delete(ProductId::new("p5").unwrap())]).unwrap();
    store.apply(&[Write::Product { id: ProductId::new("new").unwrap(), fields, images: vec![] }]).unwrap();
    let now = facets("?fields=price,name");
    assert_eq!((&now["products"], &now["facets"][0]["max"]), (&json!(6), &json!(14.0)));
    assert_eq!(now["facets"][1]["values"][0], json!({"value": "Product 1", "count": 2}));
}

#[test]
fn what_cannot_be_counted_is_refused_with_the_reason() {
    let server = Server::start();
    for (query, status, says) in [
        ("?values=1001", 422, "0 to 1000"),
        ("?values=-1", 422, "values"),
        ("?fields=price,,name", 422, "at character 7"),
        ("?fields=price;name", 422, "`,` or the end"),
        ("?fields=%22open", 422, "fields"),
        ("?filter=price%3C", 400, "the filter"),
        ("?field=price", 422, "unknown field"),
        (
            &format!("?fields={}", (0..33).map(|n| format!("f{n}")).collect::<Vec<_>>().join(",")),
            422,
            "fields",
        ),
    ] {
        let (_, detail) = server.get(&format!("/v1/catalog/facets{query}")).problem(status);
        assert!(detail.contains(says), "{query}: {detail}");
    }
}
