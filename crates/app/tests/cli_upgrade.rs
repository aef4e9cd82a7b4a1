//! A catalog made with look-0, before there was look-1: what it still answers, and the way out.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a scenario that cannot go on fails right there"
)]

mod cli_kit;

use cli_kit::{Shop, drawing, png};
use lookalike_engine::store::embedded::{Access, EmbeddedStore};
use lookalike_engine::store::{EncoderChanges, ImageKey, Store};
use lookalike_vision::encoder::EncoderId;
use std::fs;

/// A catalog of drawings as the program of before left it: its encoder row says look-0, and so do its vectors.
fn old_catalog(count: usize) -> Shop {
    let shop = Shop::with_catalog(count);
    let mut store = EmbeddedStore::open(&shop.path("shop"), Access::ReadWrite).unwrap();
    let old = EncoderId { name: "look-0".into(), digest: "lab577-hog448-v1".into(), dimensions: 1025 };
    store.begin_encoder(&old).unwrap();
    let one_hot = |n: usize| {
        let mut vector = vec![0.0; 1025];
        vector[n % 1025] = 1.0;
        vector
    };
    let lacking = store.lacking("look-0", None, usize::MAX).unwrap();
    let vectors: Vec<(ImageKey, Vec<f32>)> =
        lacking.iter().enumerate().map(|(n, image)| (image.key, one_hot(n))).collect();
    store.put_vectors("look-0", &vectors).unwrap();
    store.finish_encoder("look-0").unwrap();
    store.remove_encoder("look-1").unwrap();
    shop
}

fn encoders(shop: &Shop) -> Vec<String> {
    let store = EmbeddedStore::open(&shop.path("shop"), Access::ReadOnly).unwrap();
    store.encoders().iter().map(|id| id.name.clone()).collect()
}

const COMMAND: &str = "`lookalike encoders upgrade shop`";

#[test]
fn it_answers_by_hashes_and_says_what_to_do() {
    let shop = old_catalog(12);
    let asked = shop.run(["check", "shop", "photos/p3.png", "--json"]);
    let answer = asked.is_done().json();
    assert_eq!(
        (&answer["verdict"], &answer["matches"][0]["product_id"]),
        (&"identical".into(), &"p3".into())
    );
    assert_eq!(asked.stderr.lines().count(), 1, "{asked:#?}");
    assert!(asked.stderr.contains(COMMAND) && asked.stderr.contains("by their hashes alone"), "{asked:#?}");
    // An edited copy is found without the vector that it cannot have.
    let smaller = image::imageops::thumbnail(&drawing(5), 45, 60);
    shop.write("smaller.png", png(&smaller));
    let found = shop.run(["check", "shop", "smaller.png", "--json"]).is_done().json();
    assert_eq!(found["matches"][0]["product_id"], "p5");
    let stranger = shop.write("stranger.png", png(&drawing(1000)));
    let none = shop.run(["check", "shop", stranger.to_str().unwrap(), "--json"]).is_done().json();
    assert_eq!(none["verdict"], "none", "{none:#}");
    // Nothing is written to it that would lack a vector.
    shop.write("photos/new.png", png(&drawing(40)));
    let refused = shop.run(["index", "shop", "photos"]);
    assert!(refused.error().contains(COMMAND), "{refused:#?}");
    let status = shop.run(["status", "shop"]);
    assert!(status.is_done().stdout.contains("look-0 (1025 dimensions"), "{status:#?}");
    shop.run(["verify", "shop"]).is_done();
}

#[test]
fn one_command_gives_it_look_1_and_takes_look_0_away() {
    let shop = old_catalog(30);
    let upgraded = shop.run(["encoders", "upgrade", "shop", "--json"]).is_done().json();
    assert_eq!((&upgraded["encoder"], &upgraded["removed"]), (&"look-1".into(), &"look-0".into()));
    assert_eq!((&upgraded["finished"], &upgraded["images"]["stored"]), (&true.into(), &30.into()));
    assert_eq!(encoders(&shop), ["look-1"]);
    // It is then the catalog that `index` would have made.
    let fresh = Shop::with_catalog(30);
    let question = ["search", "shop", "photos/p7.png", "--json"];
    let (ours, theirs) = (shop.run(question), fresh.run(question));
    assert_eq!(ours.is_done().json()["results"], theirs.is_done().json()["results"]);
    assert_eq!(ours.stderr, "");
    shop.run(["index", "shop", "photos"]).is_done();
    shop.run(["verify", "shop"]).is_done();
    let again = shop.run(["encoders", "upgrade", "shop"]);
    assert_eq!(again.error(), "shop has no vectors of look-0, it has those of look-1: nothing is to be done");
}

#[test]
fn it_goes_on_where_it_was_and_waits_for_photos_that_are_gone() {
    let shop = old_catalog(6);
    let hidden = fs::read(shop.path("photos/p1.png")).unwrap();
    fs::remove_file(shop.path("photos/p1.png")).unwrap();
    let ran = shop.run(["encoders", "upgrade", "shop"]);
    assert!(ran.has_failures().stdout.contains("6 lacking = 5 stored + 1 failed"), "{ran:#?}");
    assert!(ran.stdout.contains("--skip-unreadable"), "{ran:#?}");
    assert_eq!(encoders(&shop), ["look-0"]);
    // Half way, it answers as before.
    shop.run(["check", "shop", "photos/p3.png"]).is_done();
    shop.write("photos/p1.png", hidden);
    let ran = shop.run(["encoders", "upgrade", "shop"]);
    assert!(ran.is_done().stdout.contains("1 lacking = 1 stored + 0 failed"), "{ran:#?}");
    assert_eq!(encoders(&shop), ["look-1"]);
    shop.run(["verify", "shop"]).is_done();
}

#[test]
fn what_cannot_be_read_any_more_may_be_left_to_its_hashes() {
    let shop = old_catalog(5);
    let gone = shop.path("photos/p2.png");
    let elsewhere = shop.path("elsewhere.png");
    fs::rename(gone, &elsewhere).unwrap();
    let ran = shop.run(["encoders", "upgrade", "shop", "--skip-unreadable"]);
    assert!(ran.has_failures().stdout.contains("look-0 and its vectors"), "{ran:#?}");
    assert_eq!(encoders(&shop), ["look-1"]);
    let found = shop.run(["check", "shop", "elsewhere.png", "--json"]).is_done().json();
    assert_eq!((&found["verdict"], &found["matches"][0]["product_id"]), (&"identical".into(), &"p2".into()));
}

#[test]
fn stopped_after_the_vectors_were_made_it_only_takes_look_0_away() {
    let shop = old_catalog(4);
    shop.run(["encoders", "add", "shop", "look-1"]).is_done();
    assert_eq!(encoders(&shop), ["look-0", "look-1"]);
    let ran = shop.run(["encoders", "upgrade", "shop"]);
    assert!(ran.is_done().stdout.contains("look-0 and its vectors"), "{ran:#?}");
    assert_eq!(encoders(&shop), ["look-1"]);
}

#[test]
fn a_demo_of_a_version_with_other_weights_is_indexed_anew() {
    let shop = Shop::new();
    let draw = ["demo", "demo", "--products", "1", "--no-serve"];
    shop.run(draw).is_done();
    // Given the same demo, indexed by a look-1 of other weights,
    let catalog = shop.path("demo/shop.lookalike");
    fs::remove_dir_all(&catalog).unwrap();
    let other = EncoderId { digest: "0".repeat(64), ..lookalike_vision::look::id().clone() };
    drop(EmbeddedStore::create(&catalog, &[other]).unwrap());
    // then it is made anew, and said to be; and the next time there is nothing to do.
    let again = shop.run(draw);
    assert!(again.is_done().stderr.contains("made anew"), "{again:#?}");
    assert!(!shop.run(draw).is_done().stderr.contains("made anew"));
    assert_eq!(shop.run(["status", "demo/shop.lookalike", "--json"]).is_done().json()["products"], 1);
}
