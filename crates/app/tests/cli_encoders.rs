//! A catalog's encoders on the command line: added to what is stored, removed, asked by; and words.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a scenario that cannot go on fails right there"
)]

mod cli_kit;

use cli_kit::{Shop, drawing, png};
use lookalike_engine::store::embedded::{Access, EmbeddedStore};
use lookalike_engine::store::{EncoderChanges, ImageKey};
use lookalike_vision::encoder::EncoderId;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// An encoder of which a catalog has vectors and no program the model.
fn foreign() -> EncoderId {
    EncoderId { name: "foreign".into(), digest: "f00d".into(), dimensions: 2 }
}

/// Gives the catalog `shop` vectors of [`foreign`] and takes those of `look-1`, to be added anew.
fn make_foreign(shop: &Shop) {
    let mut store = EmbeddedStore::open(&shop.path("shop"), Access::ReadWrite).unwrap();
    store.begin_encoder(&foreign()).unwrap();
    let vectors: Vec<(ImageKey, Vec<f32>)> = store
        .lacking("foreign", None, usize::MAX)
        .unwrap()
        .iter()
        .map(|image| (image.key, vec![1.0, 0.0]))
        .collect();
    store.put_vectors("foreign", &vectors).unwrap();
    store.finish_encoder("foreign").unwrap();
    store.remove_encoder("look-1").unwrap();
}

#[test]
fn an_encoder_is_added_to_what_is_stored_made_primary_and_removed() {
    let shop = Shop::with_catalog(30);
    let before = shop.run(["search", "shop", "photos/p3.png", "--json"]).is_done().json();
    make_foreign(&shop);
    let listed = shop.run(["encoders", "list", "shop"]);
    assert!(listed.is_done().stdout.contains("foreign  primary"), "{listed:#?}");

    let added = shop.run(["encoders", "add", "shop", "look-1", "--json"]).is_done().json();
    assert_eq!((&added["finished"], &added["encoder"]), (&true.into(), &"look-1".into()));
    assert_eq!((&added["images"]["lacking"], &added["images"]["stored"]), (&30.into(), &30.into()));
    let again = shop.run(["encoders", "add", "shop", "look-1"]);
    assert!(again.error().contains("has every vector of look-1 already"), "{again:#?}");

    let by_look =
        shop.run(["search", "shop", "photos/p3.png", "--encoder", "look-1", "--json"]).is_done().json();
    assert_eq!((&by_look["encoder"], &by_look["results"]), (&"look-1".into(), &before["results"]));
    // The primary one's model is not here; what needs none works all the same.
    let foreign = shop.run(["search", "shop", "photos/p3.png"]);
    assert!(foreign.error().contains("no model `foreign`"), "{foreign:#?}");
    shop.run(["search", "shop", "--id", "p3.png"]).is_done();

    let primary = shop.run(["encoders", "primary", "shop", "look-1"]);
    assert!(primary.is_done().stdout.contains("look-1   primary"), "{primary:#?}");
    shop.run(["search", "shop", "photos/p3.png"]).is_done();
    shop.run(["encoders", "remove", "shop", "foreign"]).is_done();
    let last = shop.run(["encoders", "remove", "shop", "look-1"]);
    assert!(last.error().contains("look-1 is the only encoder of shop"), "{last:#?}");
    shop.run(["verify", "shop"]).is_done();
    assert!(!shop.path("shop/failures-look-1.csv").exists());
}

#[test]
fn photos_that_are_gone_or_changed_are_named_with_the_way_out() {
    let shop = Shop::with_catalog(5);
    make_foreign(&shop);
    fs::remove_file(shop.path("photos/p1.png")).unwrap();
    shop.write("photos/p2.png", png(&drawing(99)));
    let ran = shop.run(["encoders", "add", "shop", "look-1"]);
    assert!(ran.has_failures().stdout.contains("5 lacking = 3 stored + 2 failed"), "{ran:#?}");
    assert!(ran.stdout.contains("--skip-unreadable"), "{ran:#?}");
    let mut failed = ran.failed();
    failed.sort_unstable();
    assert!(failed[0].ends_with("p1.png: does not exist"), "{failed:?}");
    assert!(
        failed[1].ends_with("p2.png: has changed since it was stored: index its source again"),
        "{failed:?}"
    );
    assert_eq!(shop.failures("shop/failures-look-1.csv").len(), 2);
    // Unfinished, and the catalog says so.
    let listed = shop.run(["encoders", "list", "shop"]);
    assert!(listed.is_done().stdout.contains("being added, 2 photos lack it"), "{listed:#?}");
    let status = shop.run(["status", "shop", "--json"]).is_done().json();
    assert_eq!(
        (&status["encoders"][1]["state"], &status["encoders"][1]["lacking"]),
        (&"being added".into(), &2.into())
    );
    let asked = shop.run(["search", "shop", "--id", "p0.png", "--encoder", "look-1"]);
    assert!(asked.error().contains("has no encoder \"look-1\", it has foreign"), "{asked:#?}");
    shop.run(["verify", "shop"]).is_done();

    let ran = shop.run(["encoders", "add", "shop", "look-1", "--skip-unreadable"]);
    assert!(ran.has_failures().stdout.contains("look-1 is one of the catalog's encoders"), "{ran:#?}");
    shop.run(["encoders", "primary", "shop", "look-1"]).is_done();
    shop.run(["encoders", "remove", "shop", "foreign"]).is_done();
    shop.run(["verify", "shop"]).is_done();
    // What changed is brought by its source and found by look again.
    shop.run(["index", "shop", "photos"]).is_done();
    let found = shop.run(["check", "shop", "photos/p2.png", "--json"]).is_done().json();
    assert_eq!((&found["verdict"], &found["matches"][0]["product_id"]), (&"identical".into(), &"p2".into()));
}

/// Serves drawing `n` at `/n`, and counts.
fn host() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let mut socket = socket.unwrap();
            let mut request = [0; 2048];
            let length = socket.read(&mut request).unwrap_or(0);
            let head = String::from_utf8_lossy(&request[..length]).into_owned();
            let n = head.split(' ').nth(1).and_then(|path| path.trim_start_matches('/').parse().ok());
            count.fetch_add(1, Ordering::SeqCst);
            let photo = png(&drawing(n.unwrap_or(0)));
            let head =
                format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", photo.len());
            let _ = socket.write_all(&[head.as_bytes(), &photo].concat());
        }
    });
    (base, asked)
}

#[test]
fn photos_from_the_web_are_kept_and_not_fetched_again() {
    let shop = Shop::new();
    let (base, asked) = host();
    let rows: String = (0..6).map(|n| format!("w{n},{base}/{n}\n")).collect();
    shop.write("web.csv", format!("id,image\n{rows}"));
    let index = ["index", "shop", "web.csv", "--allow-private-urls"];
    assert_eq!(shop.run(index).is_done().photos(), [6, 6, 0, 0]);
    assert_eq!(asked.load(Ordering::SeqCst), 6);
    let status = shop.run(["status", "shop", "--json"]).is_done().json();
    assert_eq!(status["kept_photos"]["count"], 6);
    make_foreign(&shop);
    // Without --allow-private-urls: nothing is asked of the web at all.
    let added = shop.run(["encoders", "add", "shop", "look-1"]);
    assert!(added.is_done().stdout.contains("6 lacking = 6 stored + 0 failed"), "{added:#?}");
    assert_eq!(asked.load(Ordering::SeqCst), 6);
    shop.run(["verify", "shop"]).is_done();

    // A catalog that keeps none fetches again.
    let none = ["index", "none", "web.csv", "--allow-private-urls", "--photo-cache", "0"];
    shop.run(none).is_done();
    assert!(!shop.path("none/photos").exists());
    let wrong = shop.run(["index", "none", "web.csv", "--photo-cache", "much"]);
    assert!(wrong.usage().contains("must be a size such as 0, 500MB or 2GB"), "{wrong:#?}");
}

#[test]
fn a_catalog_keeps_the_encoders_it_was_made_with() {
    let shop = Shop::with_catalog(2);
    shop.run(["index", "shop", "photos", "--encoder", "look-1"]).is_done();
    let other = shop.run(["index", "shop", "photos", "--encoder", "look-1", "--encoder", "clip"]);
    assert!(other.error().contains("lookalike encoders add shop NAME"), "{other:#?}");
    let unknown = shop.run(["index", "new", "photos", "--encoder", "nonsense"]);
    assert!(unknown.error().contains("`nonsense`"), "{unknown:#?}");
    assert!(!shop.path("new").exists(), "a mistyped name leaves nothing behind");
    let twice = shop.run(["index", "new", "photos", "--encoder", "look-1", "--encoder", "look-1"]);
    assert!(twice.error().contains("\"look-1\" is listed twice"), "{twice:#?}");
    make_foreign(&shop);
    let foreign = shop.run(["index", "shop", "photos"]);
    assert!(foreign.error().contains("`foreign`"), "{foreign:#?}");
    let serve = shop.run(["serve", "shop", "--listen", "127.0.0.1:0"]);
    assert!(serve.error().contains("`foreign`"), "{serve:#?}");
    for command in
        [["add", "shop", "nonsense"], ["remove", "shop", "nonsense"], ["primary", "shop", "nonsense"]]
    {
        let ran = shop.run([&["encoders"], &command[..]].concat());
        assert!(ran.error().contains("nonsense"), "{ran:#?}");
    }
}

#[test]
fn words_find_products_by_their_fields_where_no_encoder_reads_words() {
    let shop = Shop::new();
    (0..3).for_each(|n| drop(shop.write(format!("p{n}.png"), png(&drawing(n)))));
    shop.write("list.csv", "id,name,image\na,Red mug,p0.png\nb,Blue mug,p1.png\nc,Jar,p2.png\n");
    shop.run(["index", "shop", "list.csv"]).is_done();
    let found = shop.run(["search", "shop", "--text", "red MUG", "--json"]).is_done().json();
    assert_eq!((&found["matched_by"], &found["encoder"]), (&"words".into(), &serde_json::Value::Null));
    let ids: Vec<_> = found["results"].as_array().unwrap().iter().map(|found| &found["product_id"]).collect();
    assert_eq!(ids, ["a", "b"]);
    let table = shop.run(["search", "shop", "--text", "jar"]);
    assert!(table.is_done().stdout.starts_with("compared with the products' own words\n"), "{table:#?}");
    assert!(table.stdout.contains("described") && table.stdout.contains("Jar"), "{table:#?}");
    let nothing = shop.run(["search", "shop", "--text", "zeppelin"]);
    assert!(nothing.is_done().stdout.ends_with("nothing found\n"), "{nothing:#?}");
    assert_eq!(
        shop.run(["search", "shop", "--text", " "]).error(),
        "the text is blank: give words to look for"
    );
    let image_only = shop.run(["search", "shop", "--text", "mug", "--encoder", "look-1"]);
    assert!(image_only.error().starts_with("look-1 reads pictures, not words"), "{image_only:#?}");
    let usage = shop.run(["search", "shop", "--text", "mug", "--id", "p0.png"]);
    assert!(usage.usage().contains("cannot be used with"), "{usage:#?}");
    let usage = shop.run(["search", "shop", "--text", "mug", "--mode", "similar"]);
    assert!(usage.usage().contains("cannot be used with"), "{usage:#?}");
}

#[test]
fn each_encoder_is_measured_by_the_labels_without_its_model() {
    let shop = Shop::with_catalog(6);
    make_foreign(&shop);
    shop.run(["encoders", "add", "shop", "look-1"]).is_done();
    let fold = |n| if n < 4 { "measure" } else { "train" };
    let rows: String = (0..6).map(|n| format!("p{n}.png,{},c,{}\n", n / 2, fold(n))).collect();
    shop.write("labels.csv", format!("file,product_id,class,fold\n{rows}"));
    let evaluate = ["evaluate", "shop", "--labels", "labels.csv", "--trials", "0"];
    let all = shop.run([&evaluate[..], &["--encoder", "all", "--json"]].concat()).is_done().json();
    let rows: Vec<_> = all["labelled"].as_array().unwrap().iter().map(|row| &row["encoder"]).collect();
    assert_eq!(rows, ["foreign", "look-1"]);
    assert!(all["labelled"][1]["same_product_r1"].is_f64(), "{all}");
    let markdown = shop.run([&evaluate[..], &["--markdown", "--encoder", "look-1"]].concat());
    let table = &markdown.is_done().stdout;
    assert!(table.starts_with("| encoder | photos of | photos | same product R@1 |"), "{table}");
    assert!(table.contains("\n| look-1 | all | 6 | "), "{table}");
    // Only photos of the fold are asked for the same product, among all.
    assert!(table.contains("\n| look-1 | photos | 4 | "), "{table}");
    assert_eq!(all["same_product"][0]["queries"], 4, "{all}");
    let none = shop.run([&evaluate[..3], &["labels.csv", "--fold", "other", "--trials", "1"]].concat());
    assert!(none.error().contains("no photo of the catalog is of the fold other"), "{none:#?}");
    let unknown = shop.run([&evaluate[..], &["--encoder", "clip"]].concat());
    assert!(unknown.error().contains("it has foreign, look-1"), "{unknown:#?}");
}
