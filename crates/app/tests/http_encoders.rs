//! Over HTTP: choosing an encoder, asking in words, and photos of the web that the catalog keeps.

#![expect(clippy::indexing_slicing, reason = "a scenario that cannot go on fails right there")]

mod http_server;

use http_server::stock::photo;
use http_server::{IMAGES, Server};
use lookalike_engine::fetch::PhotoCache;
use lookalike_engine::store::embedded::{Access, EmbeddedStore};
use lookalike_engine::store::{EncoderChanges, ImageKey, Store};
use lookalike_vision::Picture;
use lookalike_vision::encoder::{EncodeError, Encoder, EncoderId, TextEncoder, TextVector};
use lookalike_vision::look::Look;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// The pixel in the middle, and words that name a colour, in one space.
struct Middle(EncoderId);

impl Middle {
    fn shared() -> Arc<dyn Encoder> {
        Arc::new(Self(EncoderId { name: "middle".into(), digest: "v1".into(), dimensions: 3 }))
    }
}

fn unit(raw: [f32; 3]) -> Vec<f32> {
    let length = raw.iter().map(|x| x * x).sum::<f32>().sqrt().max(1e-6);
    raw.iter().map(|x| x / length).collect()
}

impl Encoder for Middle {
    fn id(&self) -> &EncoderId {
        &self.0
    }

    fn encode(&self, pictures: &[&Picture]) -> Result<Vec<Vec<f32>>, EncodeError> {
        let middle = |p: &&Picture| 3 * (p.height() / 2 * p.width() + p.width() / 2) as usize;
        let colour = |p: &&Picture| [0, 1, 2].map(|channel| f32::from(p.rgb()[middle(p) + channel]) + 1.0);
        Ok(pictures.iter().map(|picture| unit(colour(picture))).collect())
    }

    fn text(&self) -> Option<&dyn TextEncoder> {
        Some(self)
    }
}

impl TextEncoder for Middle {
    fn encode_text(&self, texts: &[&str]) -> Result<Vec<TextVector>, EncodeError> {
        let has = |text: &str, word| if text.contains(word) { 1.0 } else { 0.1 };
        let vector = |text: &&str| unit(["red", "green", "blue"].map(|word| has(text, word)));
        Ok(texts.iter().map(|text| TextVector { vector: vector(text), truncated: text.len() > 99 }).collect())
    }
}

fn both() -> Server {
    Server::with_encoders(&[Arc::new(Look::default()), Middle::shared()])
}

#[test]
fn a_question_goes_through_the_encoder_it_names() {
    let server = both();
    let by_json = |extra: Value| {
        let mut question = json!({"image_id": IMAGES[1], "mode": "similar"});
        question.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        server.post_json("/v1/search", &question)
    };
    let usual = by_json(json!({})).ok();
    assert_eq!((&usual["encoder"], usual.get("matched_by")), (&json!("look-1"), None));
    let named = by_json(json!({"encoder": "middle"})).ok();
    assert_eq!(named["encoder"], "middle");
    assert_eq!(named["results"][0]["product_id"], "p1");
    let cosines = |answer: &Value| -> Vec<f64> {
        let found = answer["results"].as_array().unwrap().iter();
        found.map(|found| found["evidence"]["cosine"].as_f64().unwrap()).collect()
    };
    assert_ne!(cosines(&usual), cosines(&named));
    let form = [("image", Some("a.png"), &*photo(1)), ("encoder", None, b"middle")];
    assert_eq!(server.post_form("/v1/search", &form).ok()["encoder"], "middle");
    let checked = server.post_form("/v1/check", &form).ok();
    assert_eq!((&checked["encoder"], &checked["verdict"]), (&json!("middle"), &json!("identical")));

    let (code, detail) = by_json(json!({"encoder": "clip"})).problem(422);
    assert_eq!(code, "unknown_encoder");
    assert!(detail.contains("it has look-1, middle") && detail.contains("encoders add"), "{detail}");
    let catalog = server.get("/v1/catalog").ok();
    let encoders: Vec<_> = catalog["encoders"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| (e["name"].as_str().unwrap(), e["text"].as_bool().unwrap(), e["default"].as_bool().unwrap()))
        .collect();
    assert_eq!(encoders, [("look-1", false, true), ("middle", true, false)]);
}

#[test]
fn words_are_compared_with_photos_where_an_encoder_reads_them() {
    let server = both();
    for answer in [
        server.post_json("/v1/search", &json!({"text": "something red", "top": 2})).ok(),
        server.post_form("/v1/search", &[("text", None, b"something red"), ("top", None, b"2")]).ok(),
    ] {
        assert_eq!(answer["matched_by"], "vector");
        assert_eq!((&answer["encoder"], &answer["truncated"]), (&json!("middle"), &json!(false)));
        let results = answer["results"].as_array().unwrap();
        assert_eq!(results.len(), 2);
        assert!(results[0]["evidence"]["cosine"].as_f64() > results[1]["evidence"]["cosine"].as_f64());
        assert!(["described", "none"].contains(&results[0]["class"].as_str().unwrap()));
        assert!(results[0]["image_url"].as_str().unwrap().starts_with("/v1/images/"));
    }
    let long = server.post_json("/v1/search", &json!({"text": "red ".repeat(40)})).ok();
    assert_eq!(long["truncated"], true);
    let (code, detail) =
        server.post_json("/v1/search", &json!({"text": "red", "encoder": "look-1"})).problem(422);
    assert_eq!(code, "encoder_reads_no_text");
    assert!(detail.contains("ask with middle"), "{detail}");
}

#[test]
fn words_are_compared_with_words_where_none_does() {
    let server = Server::start();
    let answer = server.post_json("/v1/search", &json!({"text": "product 3"})).ok();
    assert_eq!((&answer["matched_by"], &answer["encoder"]), (&json!("words"), &Value::Null));
    let best = &answer["results"][0];
    assert_eq!((&best["product_id"], &best["class"]), (&json!("p3"), &json!("described")));
    assert_eq!((&best["match_percent"], &best["image_id"]), (&json!(99.0), &json!(IMAGES[3])));
    assert!(best["evidence"]["bm25"].as_f64().unwrap() > 0.0);
    assert_eq!(server.post_json("/v1/search", &json!({"text": "zeppelin"})).ok()["results"], json!([]));
}

#[test]
fn a_picture_and_words_are_added_where_an_encoder_reads_words() {
    let server = both();
    let ask = |weight: f64| {
        let question = json!({"image_id": IMAGES[1], "text": "something red", "text_weight": weight});
        server.post_json("/v1/search", &question).ok()
    };
    let found = |answer: &Value| -> Vec<String> {
        let results = answer["results"].as_array().unwrap().iter();
        results.map(|one| one["product_id"].as_str().unwrap().to_owned()).collect()
    };
    let answer = ask(0.5);
    assert_eq!((&answer["matched_by"], &answer["encoder"]), (&json!("vector"), &json!("middle")));
    assert_eq!(answer["index"], "exact");
    let evidence = &answer["results"][0]["evidence"];
    assert!(evidence["picture_cosine"].is_f64() && evidence["text_cosine"].is_f64(), "{answer}");
    // With all the weight on one side the order is that of the other alone.
    let by_picture = json!({"image_id": IMAGES[1], "encoder": "middle", "mode": "similar"});
    let by_picture = server.post_json("/v1/search", &by_picture).ok();
    let cosines = |answer: &Value, name: &str| -> Vec<f64> {
        answer["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["evidence"][name].as_f64().unwrap())
            .collect()
    };
    assert_eq!(found(&ask(0.0))[0], "p1");
    assert!(cosines(&ask(0.0), "picture_cosine").is_sorted_by(|a, b| a >= b));
    let rounded = |all: Vec<f64>| all.iter().map(|one| (one * 1e3).round()).collect::<Vec<_>>();
    assert_eq!(rounded(cosines(&ask(0.0), "picture_cosine")), rounded(cosines(&by_picture, "cosine")));
    assert_eq!(
        found(&ask(1.0)),
        found(&server.post_json("/v1/search", &json!({"text": "something red"})).ok())
    );
    assert_ne!(found(&ask(0.0)), found(&ask(1.0)));
    // By form, with a filter, and by an encoder that reads no words.
    let form: [http_server::Part<'_>; 4] = [
        ("image", Some("a.png"), &photo(1)),
        ("text", None, b"something red"),
        ("text_weight", None, b"0.25"),
        ("filter", None, b"price>=13"),
    ];
    let kept = found(&server.post_form("/v1/search", &form).ok());
    assert_eq!(kept.len(), 3, "{kept:?}");
    let named = json!({"image_id": IMAGES[1], "text": "product 4", "encoder": "look-1"});
    let named = server.post_json("/v1/search", &named).ok();
    assert_eq!((&named["matched_by"], &named["encoder"]), (&json!("words"), &json!("look-1")));
}

#[test]
fn a_picture_and_words_are_fused_by_rank_where_no_encoder_reads_words() {
    let server = Server::start();
    let ask = |extra: Value| {
        let mut question = json!({"image_id": IMAGES[1], "text": "product 4"});
        question.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        server.post_json("/v1/search", &question).ok()
    };
    let answer = ask(json!({}));
    assert_eq!((&answer["matched_by"], &answer["encoder"]), (&json!("words"), &json!("look-1")));
    assert_eq!((&answer["index"], &answer["truncated"]), (&json!("exact+words"), &json!(false)));
    let results = answer["results"].as_array().unwrap();
    assert_eq!(results.len(), IMAGES.len());
    let ranks = |id: &str, rank: &str| {
        let one = results.iter().find(|one| one["product_id"] == id).unwrap();
        one["evidence"][rank].as_u64()
    };
    assert_eq!((ranks("p1", "picture_rank"), ranks("p4", "words_rank")), (Some(1), Some(1)));
    // Product 0 is called something else.
    assert_eq!(ranks("p0", "words_rank"), None);
    assert_eq!(ask(json!({"text_weight": 0}))["results"][0]["product_id"], "p1");
    assert_eq!(ask(json!({"text_weight": 1}))["results"][0]["product_id"], "p4");
    assert_eq!(ask(json!({"text_weight": 1}))["results"].as_array().unwrap().len(), 5);
    assert_eq!(ask(json!({"text_weight": 0, "min_percent": 99}))["results"].as_array().unwrap().len(), 1);
}

#[test]
fn words_that_make_no_question_are_refused_with_the_reason() {
    let server = Server::start();
    for (question, says) in [
        (json!({"text": " \n "}), "the text is blank"),
        (json!({"text": "?"}), "no letter and no digit"),
        (json!({"text": "x".repeat(4097)}), "4097 characters long; the longest allowed is 4096"),
        (json!({"text": "?", "image_id": IMAGES[0]}), "no letter and no digit"),
        (json!({"text": "mug", "mode": "similar"}), "mode says how pictures alone are compared"),
        (
            json!({"text": "mug", "text_weight": 0.5}),
            "text_weight says how much words count beside a picture",
        ),
        (json!({"text": "mug", "crop": {"x": 0, "y": 0, "width": 1, "height": 1}}), "crop says which part"),
        (json!({"text": "mug", "image_id": IMAGES[0], "text_weight": 1.5}), "it must be 0 to 1"),
        (json!({"text": "mug", "encoder": "look-1"}), "reads pictures, not words"),
        (json!({"text": 5}), "invalid type"),
        (json!({"text": "mug", "top": 0}), "top is 0"),
    ] {
        let (_, detail) = server.post_json("/v1/search", &question).problem(422);
        assert!(detail.contains(says), "{question}: {detail}");
    }
    let (_, detail) = server.post_json("/v1/check", &json!({"text": "mug"})).problem(422);
    assert!(detail.contains("check asks about a picture"), "{detail}");
}

#[test]
fn a_server_outlives_an_encoder_that_is_removed_or_added() {
    let server = both();
    let question = json!({"image_id": IMAGES[1], "encoder": "middle"});
    server.post_json("/v1/search", &question).ok();
    let mut store =
        EmbeddedStore::open(&server.folder.path().join("shop.lookalike"), Access::ReadWrite).unwrap();
    store.remove_encoder("middle").unwrap();
    let later = EncoderId { name: "later".into(), digest: "1".into(), dimensions: 1 };
    store.begin_encoder(&later).unwrap();
    let vectors: Vec<(ImageKey, Vec<f32>)> = store
        .lacking("later", None, usize::MAX)
        .unwrap()
        .iter()
        .map(|image| (image.key, vec![1.0]))
        .collect();
    store.put_vectors("later", &vectors).unwrap();
    store.finish_encoder("later").unwrap();
    let (code, detail) = server.post_json("/v1/search", &question).problem(503);
    assert_eq!(code, "encoder_removed");
    assert!(detail.contains("middle was removed") && detail.contains("ask again"), "{detail}");
    for mode in ["auto", "duplicate", "similar"] {
        let found = server.post_json("/v1/search", &json!({"image_id": IMAGES[1], "mode": mode})).ok();
        assert_eq!(found["results"][0]["product_id"], "p1", "{mode}");
    }
    server.get("/readyz").ok();
    server.post_json("/v1/search", &json!({"image_id": IMAGES[1], "encoder": "later"})).problem(422);
}

#[test]
fn a_photo_from_the_web_is_shown_out_of_the_cache() {
    let server = Server::start();
    let shown = "/v1/images/https%3A%2F%2Fshop.example%2Fx.jpg";
    let stored = server.get(shown);
    let store = EmbeddedStore::open(&server.folder.path().join("shop.lookalike"), Access::ReadOnly).unwrap();
    let id = lookalike_engine::catalog::ImageId::new(IMAGES[5]).unwrap();
    let image = store.images(&[store.find_image(&id).unwrap().unwrap()]).unwrap().remove(0);
    assert_eq!(image.fingerprint.sha256, <[u8; 32]>::from(Sha256::digest(photo(5))));
    let cache = PhotoCache::new(&server.folder.path().join("shop.lookalike"), 1 << 20);
    cache.put(&image.fingerprint.sha256, &photo(5));
    let kept = server.get(shown);
    assert_eq!((kept.status, kept.body == photo(5)), (200, true), "before: {}", stored.status);
}
