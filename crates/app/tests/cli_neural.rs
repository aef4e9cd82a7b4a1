//! Networks in a catalog, as a stranger uses them: added, indexed with, asked by photo and by words, changed, missing.
//!
//! The networks are those of fixtures/neural/sessions: small, with random weights, in whichever engine is there.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a scenario that cannot go on fails right there"
)]

mod cli_kit;

use cli_kit::{Shop, drawing, fixture, png};

/// Of a photo 8 x 8 and a text a vector of 8 each.
const PAGE: &str = r#"
name = "tiny"
dimensions = 8
licence = "MIT"
[image]
output = "embedding"
resize = { rule = "squash", px = 8, filter = "bilinear" }
mean = [0.5, 0.5, 0.5]
std = [0.5, 0.5, 0.5]
[text]
mask = "attention_mask"
tokenizer = "tokenizer-json"
context = 6
template = "a {query}"
"#;

fn network(name: &str) -> String {
    fixture("neural/sessions").join(name).display().to_string()
}

/// A shop of eight photos, and the network `tiny`, which sees and reads.
fn shop() -> Shop {
    let shop = Shop::new();
    for n in 0..8 {
        shop.write(format!("photos/p{n}.png"), png(&drawing(n)));
    }
    shop.write("tiny.toml", PAGE);
    add(&shop, "tiny");
    shop
}

fn add(shop: &Shop, name: &str) {
    let (image, text, tokenizer) = (network("image.onnx"), network("text.onnx"), network("tokenizer.json"));
    shop.run([
        "models",
        "add",
        name,
        "--image",
        &image,
        "--text",
        &text,
        "--tokenizer",
        &tokenizer,
        "--describe",
        "tiny.toml",
    ])
    .is_done();
}

#[test]
fn a_catalog_made_with_a_network_answers_photos_and_words_by_it() {
    let shop = shop();
    shop.run(["index", "shop", "photos", "--encoder", "tiny"]).is_done();
    for n in 0..8 {
        let photo = format!("photos/p{n}.png");
        let found = shop.run(["search", "shop", &photo, "--mode", "similar", "--json"]).json();
        assert_eq!(found["encoder"], "tiny");
        assert_eq!(found["results"][0]["product_id"], format!("p{n}"), "{found:#}");
    }
    let asked = shop.run(["search", "shop", "--text", "red leather shoe", "--json"]).json();
    assert_eq!((&asked["matched_by"], &asked["encoder"]), (&"vector".into(), &"tiny".into()), "{asked:#}");
    assert_eq!(asked["results"].as_array().map(Vec::len), Some(8));
    assert_eq!(asked["truncated"], false, "{asked:#}");
    let long =
        shop.run(["search", "shop", "--text", "red leather shoe and a green glass bottle", "--top", "1"]);
    assert!(long.is_done().stdout.contains("the text is too long: its end was left out"), "{long:#?}");
}

#[test]
fn a_network_is_added_to_a_catalog_and_chosen_for_a_question() {
    let shop = shop();
    shop.run(["index", "shop", "photos"]).is_done();
    shop.run(["encoders", "add", "shop", "tiny"]).is_done();
    let by_look = shop.run(["search", "shop", "photos/p3.png", "--json"]).json();
    let by_tiny = shop.run(["search", "shop", "photos/p3.png", "--encoder", "tiny", "--json"]).json();
    assert_eq!((&by_look["encoder"], &by_tiny["encoder"]), (&"look-1".into(), &"tiny".into()));
    assert_eq!(by_tiny["results"][0]["product_id"], "p3");
    let listed = shop.run(["encoders", "list", "shop"]);
    assert!(listed.is_done().stdout.contains("tiny     ready    yes"), "{listed:#?}");
}

#[test]
fn other_weights_under_the_same_name_are_refused_with_both_digests() {
    let shop = shop();
    shop.run(["index", "shop", "photos", "--encoder", "tiny"]).is_done();
    let first = digest(&shop);
    shop.run(["models", "remove", "tiny"]).is_done();
    let gone = shop.run(["search", "shop", "photos/p3.png"]);
    assert_eq!(gone.code, Some(1));
    assert!(gone.stderr.contains("no model `tiny`"), "{gone:#?}");

    // The same files, fed otherwise: other numbers.
    shop.write("tiny.toml", PAGE.replace("mean = [0.5, 0.5, 0.5]", "mean = [0.4, 0.5, 0.5]"));
    add(&shop, "tiny");
    let second = digest(&shop);
    assert_ne!(first, second);
    for command in [["search", "shop", "photos/p3.png"], ["index", "shop", "photos"]] {
        let refused = shop.run(command);
        assert_eq!(refused.code, Some(1), "{refused:#?}");
        assert!(refused.stderr.contains(&first) && refused.stderr.contains(&second), "{refused:#?}");
    }
}

fn digest(shop: &Shop) -> String {
    let shown = shop.run(["models", "show", "tiny", "--json"]).json();
    shown["encoder_digest"].as_str().unwrap().to_owned()
}

#[test]
fn a_file_changed_behind_the_programs_back_is_never_used() {
    let shop = shop();
    shop.run(["index", "shop", "photos", "--encoder", "tiny"]).is_done();
    let path = shop.path("models/tiny/image.onnx");
    let mut bytes = std::fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    shop.write("models/tiny/image.onnx", bytes);
    let refused = shop.run(["search", "shop", "photos/p3.png"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("image.onnx") && refused.stderr.contains("SHA-256"), "{refused:#?}");
}
