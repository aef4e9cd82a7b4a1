//! How a question may be put: about a part of a picture, page by page, for some fields; and what the answer says of itself.

#![expect(clippy::unwrap_used, reason = "a scenario that cannot go on fails right there")]

mod http_server;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http_server::stock::{drawing, jpeg, photo, photo_host, product};
use http_server::{IMAGES, Part, Server};
use image::{RgbImage, imageops};
use lookalike_engine::catalog::{ImageId, ProductId};
use lookalike_engine::store::embedded::{Access, EmbeddedStore};
use lookalike_engine::store::{ImageWrite, Store, Write};
use lookalike_vision::encoder::Encoder;
use lookalike_vision::look::Look;
use serde_json::{Value, json};
use std::sync::Arc;

fn ids(answer: &Value) -> Vec<&str> {
    answer["results"].as_array().unwrap().iter().map(|one| one["product_id"].as_str().unwrap()).collect()
}

/// Pictures 2 and 3 side by side.
fn pair() -> RgbImage {
    let mut both = RgbImage::new(600, 400);
    imageops::replace(&mut both, &drawing(2), 0, 0);
    imageops::replace(&mut both, &drawing(3), 300, 0);
    both
}

#[test]
fn only_the_part_that_was_cut_out_counts() {
    let server = Server::start();
    let photo = jpeg(&pair(), 95);
    let encoded = STANDARD.encode(&photo);
    for (x, expected) in [(0.0, "p2"), (0.5, "p3")] {
        let crop = json!({"x": x, "y": 0, "width": 0.5, "height": 1});
        let answer = server.post_json("/v1/check", &json!({"image": encoded, "crop": crop})).ok();
        let best = &answer["matches"][0];
        assert_eq!(best["product_id"], expected, "{answer}");
        assert!(["identical", "edited_copy"].contains(&answer["verdict"].as_str().unwrap()), "{answer}");
        let text = format!("{x}, 0, 0.5, 1");
        let form: [Part<'_>; 2] = [("image", Some("a.jpg"), &photo), ("crop", None, text.as_bytes())];
        assert_eq!(ids(&server.post_form("/v1/search", &form).ok())[0], expected);
    }
    // All of it is the photo itself; a part of a stored photo is never the very same one.
    let whole = json!({"image": STANDARD.encode(http_server::stock::photo(1)), "crop": {"x": 0, "y": 0, "width": 1, "height": 1}});
    assert_eq!(server.post_json("/v1/check", &whole).ok()["verdict"], "identical");
    for question in [json!({"image_id": IMAGES[1]}), json!({"product_id": "p1"})] {
        let mut question = question;
        question["crop"] = json!({"x": 0.05, "y": 0.05, "width": 0.9, "height": 0.9});
        let answer = server.post_json("/v1/search", &question).ok();
        assert_eq!(ids(&answer)[0], "p1");
        assert_eq!(answer["results"][0]["evidence"]["same_bytes"], false);
        assert!(answer["timings"]["decode"].is_f64() && answer["timings"]["fetch"].is_f64(), "{answer}");
    }
}

#[test]
fn what_is_no_part_of_a_picture_is_refused() {
    let server = Server::start();
    for crop in [
        json!({"x": 0.5, "y": 0, "width": 0.6, "height": 1}),
        json!({"x": 0, "y": 0, "width": 0, "height": 1}),
        json!({"x": -0.1, "y": 0, "width": 0.5, "height": 1}),
        json!({"x": 1e308, "y": 0, "width": 1e308, "height": 1}),
        json!({"x": 0, "y": 0, "width": 1}),
        json!([0, 0, 1, 1, 1]),
        json!("0,0,1,1"),
    ] {
        let (code, _) =
            server.post_json("/v1/search", &json!({"image_id": IMAGES[0], "crop": crop})).problem(422);
        assert_eq!(code, "invalid_parameter", "{crop}");
    }
    for crop in ["0,0,1", "a,b,c,d", "0,0,2,1", "NaN,0,1,1"] {
        let form: [Part<'_>; 2] = [("image_id", None, IMAGES[0].as_bytes()), ("crop", None, crop.as_bytes())];
        let (_, detail) = server.post_form("/v1/search", &form).problem(422);
        assert!(detail.contains("crop is"), "{detail}");
    }
}

#[test]
fn pages_follow_one_another_and_the_last_one_says_so() {
    let server = Server::start();
    for question in [
        json!({"image_id": IMAGES[2]}),
        json!({"text": "product"}),
        json!({"image_id": IMAGES[2], "text": "product"}),
    ] {
        let ask = |top: usize, offset: usize| {
            let mut question = question.clone();
            (question["top"], question["offset"]) = (json!(top), json!(offset));
            server.post_json("/v1/search", &question).ok()
        };
        let all = ask(100, 0);
        let everything = ids(&all);
        assert_eq!(all["more"], false);
        let mut paged = Vec::new();
        for offset in (0..).step_by(2) {
            let page = ask(2, offset);
            paged.extend(ids(&page).iter().map(ToString::to_string));
            let is_last = page["more"] == false;
            assert_eq!(is_last, offset + 2 >= everything.len(), "{question} from {offset}");
            if is_last {
                break;
            }
        }
        assert_eq!(paged, everything, "{question}");
        assert_eq!((ids(&ask(5, 900)).len(), &ask(5, 900)["more"]), (0, &json!(false)));
    }
    let checked = server.post_json("/v1/check", &json!({"image_id": IMAGES[2], "offset": 1})).ok();
    assert_eq!(checked["verdict"], "identical");
    assert!(checked["matches"].as_array().unwrap().iter().all(|one| one["product_id"] != "p2"));
    for offset in [json!(1001), json!(-1), json!("2")] {
        server.post_json("/v1/search", &json!({"image_id": IMAGES[2], "offset": offset})).problem(422);
    }
}

#[test]
fn only_the_fields_asked_for_come() {
    let server = Server::start();
    let fields = |question: Value| {
        let answer = server.post_json("/v1/search", &question).ok();
        answer["results"][0]["fields"].clone()
    };
    for (names, expected) in [
        (json!(["name"]), json!({"name": "Product 2"})),
        (json!(["price", "gone"]), json!({"price": 12})),
        (json!([]), json!({})),
        (json!(null), json!({"name": "Product 2", "price": 12})),
    ] {
        assert_eq!(fields(json!({"product_id": "p2", "fields": names})), expected);
        assert_eq!(fields(json!({"text": "Product 2", "fields": names})), expected);
        assert_eq!(fields(json!({"product_id": "p2", "text": "Product 2", "fields": names})), expected);
    }
    let form: [Part<'_>; 2] = [("product_id", None, b"p2"), ("fields", None, b" price , gone")];
    assert_eq!(server.post_form("/v1/check", &form).ok()["matches"][0]["fields"], json!({"price": 12}));
    let many: Vec<String> = (0..101).map(|n| n.to_string()).collect();
    server.post_json("/v1/search", &json!({"product_id": "p2", "fields": many})).problem(422);
}

#[test]
fn an_answer_says_how_long_each_stage_took_and_which_index_answered() {
    let server = Server::start();
    let host = photo_host();
    let stages = |answer: &Value| -> Vec<String> {
        let timings = answer["timings"].as_object().unwrap();
        let sum: f64 = timings.values().map(|ms| ms.as_f64().unwrap()).sum();
        assert!(sum <= answer["took_ms"].as_f64().unwrap() + 0.1, "{answer}");
        timings.keys().cloned().collect()
    };
    let ask = |question: Value| server.post_json("/v1/search", &question).ok();
    let by_url = ask(json!({"image_url": format!("{host}/4")}));
    assert_eq!(stages(&by_url), ["receive", "fetch", "wait", "decode", "encode", "search"]);
    assert_eq!(by_url["index"], "exact");
    assert_eq!(stages(&ask(json!({"image_id": IMAGES[0]}))), ["receive", "wait", "encode", "search"]);
    let words = ask(json!({"text": "product"}));
    assert_eq!(stages(&words), ["receive", "wait", "search"]);
    assert_eq!(words["index"], "words");
    let checked = server.post_form("/v1/check", &[("image", Some("a"), &photo(0))]).ok();
    assert_eq!(stages(&checked), ["receive", "wait", "decode", "encode", "search"]);
    assert_eq!(checked["index"], "exact");
}

#[test]
fn an_image_id_of_two_products_leads_to_each_ones_own_photo() {
    // Given two products with a photo each, both under one id,
    let server = Server::start();
    let encoders: [Arc<dyn Encoder>; 1] = [Arc::new(Look::default())];
    let store = EmbeddedStore::open(&server.folder.path().join("shop.lookalike"), Access::ReadWrite).unwrap();
    let Write::Product { fields, mut images, .. } = product(3, &server.folder, &encoders) else {
        unreachable!()
    };
    let Some(ImageWrite::Put(image)) = images.first_mut() else { unreachable!() };
    image.id = ImageId::new(IMAGES[1]).unwrap();
    let id = ProductId::new("the/other one").unwrap();
    store
        .apply(&[Write::Delete(ProductId::new("p3").unwrap()), Write::Product { id, fields, images }])
        .unwrap();
    // when photos are asked for, then each product's own comes, under an address that says which is meant,
    let shared = "/v1/images/shirts/blue%3F.png";
    let own = format!("{shared}?product=the%2Fother%20one");
    assert_eq!(server.get(shared).body, photo(1));
    assert_eq!(server.get(&format!("{shared}?product=p1")).body, photo(1));
    assert_eq!(server.get(&own).body, photo(3));
    let small = server.get(&format!("{own}&width=64"));
    assert_eq!(small.header("content-type"), Some("image/jpeg"));
    server.get(&format!("{shared}?product=p2")).problem(404);
    server.get(&format!("{shared}?product=nobody")).problem(404);
    server.get(&format!("{shared}?product=")).problem(422);
    // and so do answers, and questions.
    let found = server.post_json("/v1/search", &json!({"image": STANDARD.encode(photo(3))})).ok();
    assert_eq!(
        (&found["results"][0]["product_id"], &found["results"][0]["image_url"]),
        (&json!("the/other one"), &json!(own))
    );
    let words = server.post_json("/v1/search", &json!({"text": "Product 3"})).ok();
    assert_eq!(words["results"][0]["image_url"], json!(own));
    let first = server.post_json("/v1/search", &json!({"image_id": IMAGES[1]})).ok();
    assert_eq!(
        (&first["results"][0]["product_id"], &first["results"][0]["image_url"]),
        (&json!("p1"), &json!(shared))
    );
    let other = json!({"image_id": IMAGES[1], "product_id": "the/other one"});
    assert_eq!(ids(&server.post_json("/v1/search", &other).ok())[0], "the/other one");
    let urls = server.post_json("/postImage", &json!({"base64img": STANDARD.encode(photo(3)), "k": 1})).ok();
    assert_eq!(urls["images"], json!([format!("http://{}{own}", server.address)]));
}
