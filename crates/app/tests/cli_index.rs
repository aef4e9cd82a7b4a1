//! `lookalike index` again and again: what is taken for one product, what is new, and what stays.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests, where a failure is the answer"
)]

mod cli_kit;

use cli_kit::{Ran, Shop, drawing, jpeg, png};
use serde_json::json;
use std::fs::{self, File};
use std::time::{Duration, SystemTime};

/// The products that a query finds, best first.
#[track_caller]
fn found(shop: &Shop, query: &str) -> Vec<(String, String)> {
    let found = shop.run(["search", "shop", query, "--json"]).is_done().json();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let results = found["results"].as_array().unwrap().iter();
    results.map(|one| (text(&one["product_id"]), text(&one["image_id"]))).collect()
}

#[track_caller]
fn products_and_images(shop: &Shop) -> (u64, u64) {
    let status = shop.run(["status", "shop", "--json"]).is_done().json();
    (status["products"].as_u64().unwrap(), status["images"].as_u64().unwrap())
}

/// Sets a file's time of change to some time after now.
fn touch(shop: &Shop, name: &str, seconds: u64) {
    let file = File::options().append(true).open(shop.path(name)).unwrap();
    file.set_modified(SystemTime::now() + Duration::from_secs(seconds)).unwrap();
}

#[test]
fn a_second_run_brings_only_what_changed() {
    let shop = Shop::with_catalog(4);
    let index = || -> Ran { shop.run(["index", "shop", "photos"]) };
    assert_eq!(index().is_done().photos(), [4, 0, 4, 0]);

    touch(&shop, "photos/p0.png", 100);
    assert_eq!(index().is_done().photos(), [4, 0, 4, 0], "touched, and the same");

    shop.write("photos/p1.png", png(&drawing(21)));
    touch(&shop, "photos/p1.png", 200);
    shop.write("new/query.png", png(&drawing(21)));
    assert_eq!(index().is_done().photos(), [4, 1, 3, 0], "another picture");
    assert_eq!(found(&shop, "new/query.png")[0].0, "p1");

    fs::remove_file(shop.path("photos/p2.png")).unwrap();
    shop.write("photos/p9.png", png(&drawing(9)));
    assert_eq!(index().is_done().photos(), [4, 1, 3, 0], "one gone, one new");
    assert_eq!(products_and_images(&shop), (5, 5), "what the source no longer names stays");
    shop.write("new/gone.png", png(&drawing(2)));
    assert_eq!(found(&shop, "new/gone.png")[0].0, "p2");
    let help = shop.run(["index", "--help"]);
    assert!(help.stdout.contains("Products that the source no longer names stay in the catalog, unless"));
}

#[test]
fn a_stored_photo_whose_file_broke_is_kept_and_named_each_time() {
    let shop = Shop::with_catalog(2);
    shop.write("photos/p1.png", b"");
    for _ in 0..2 {
        let ran = shop.run(["index", "shop", "photos"]);
        assert_eq!(ran.has_failures().photos(), [2, 0, 1, 1]);
        let line = format!("{}: is empty (0 bytes)", shop.path("photos/p1.png").display());
        assert_eq!(ran.failed(), [line]);
    }
    assert_eq!(products_and_images(&shop), (2, 2));
}

#[test]
fn a_folder_is_a_product_on_request() {
    let shop = Shop::new();
    for (n, name) in ["mug/front.png", "mug/inside/back.png", "bag/1.png", "alone.png"].iter().enumerate() {
        shop.write(format!("photos/{name}"), png(&drawing(n)));
    }
    let ran = shop.run(["index", "shop", "photos", "--product-per-folder"]);
    assert_eq!(ran.is_done().photos(), [4, 4, 0, 0]);
    assert!(ran.stdout.contains("products  3 seen = 3 new + 0 changed + 0 unchanged + 0 failed"), "{ran:#?}");
    let best = |query| found(&shop, query).swap_remove(0);
    assert_eq!(best("photos/mug/inside/back.png"), ("mug".to_owned(), "mug/inside/back.png".to_owned()));
    assert_eq!(best("photos/alone.png"), ("alone".to_owned(), "alone.png".to_owned()));
    assert_eq!(
        shop.run(["index", "shop", "photos", "--product-per-folder"]).is_done().photos(),
        [4, 0, 4, 0]
    );
}

#[test]
fn files_of_one_name_are_two_products_by_path_and_a_failure_by_name() {
    let shop = Shop::new();
    shop.write("photos/a/1.png", png(&drawing(0)));
    shop.write("photos/b/1.png", png(&drawing(1)));
    let by_name = shop.run(["index", "by-name", "photos"]);
    assert_eq!(by_name.has_failures().photos(), [2, 1, 0, 1]);
    assert_eq!(by_name.failed().len(), 1);
    assert!(by_name.failed()[0].ends_with("use `--product-id path`, or rename one of them"), "{by_name:#?}");
    let by_path = shop.run(["index", "shop", "photos", "--product-id", "path"]);
    assert_eq!(by_path.is_done().photos(), [2, 2, 0, 0]);
    assert_eq!(found(&shop, "photos/b/1.png")[0], ("b/1".to_owned(), "b/1.png".to_owned()));
    let misplaced = shop.run(["index", "shop", "photos", "--map", "id=sku"]);
    assert_eq!(misplaced.error(), "photos: is a folder, to which `--map` does not apply");
}

#[test]
fn a_csv_with_windows_line_ends_is_read_by_its_map() {
    let shop = Shop::new();
    for n in 0..3 {
        shop.write(format!("pictures/{n}.jpg"), jpeg(&drawing(n), 90));
    }
    let rows = "Code;Picture;Back;Name\r\nA1;0.jpg;1.jpg;\"Mug; red\"\r\nB2;2.jpg;;Bag\r\n";
    shop.write("lists/export.csv", rows);
    let arguments = [
        "index",
        "shop",
        "lists/export.csv",
        "--map",
        "id=Code,image=Picture,image=Back",
        "--image-base",
        "pictures",
    ];
    assert_eq!(shop.run(arguments).is_done().photos(), [3, 3, 0, 0]);
    assert_eq!(shop.run(arguments).is_done().photos(), [3, 0, 3, 0]);
    let found = shop.run(["search", "shop", "pictures/1.jpg", "--json"]).is_done().json();
    assert_eq!(found["results"][0]["product_id"], "A1");
    assert_eq!(found["results"][0]["fields"], json!({"Name": "Mug; red"}));

    shop.write("lists/export.csv", rows.replace("red", "blue"));
    let changed = shop.run(arguments);
    assert_eq!(changed.is_done().photos(), [3, 0, 3, 0], "the photos are as they were");
    assert!(
        changed.stdout.contains("products  2 seen = 0 new + 1 changed + 1 unchanged + 0 failed"),
        "{changed:#?}"
    );
}

#[test]
fn the_counts_come_as_json_on_request() {
    let shop = Shop::with_catalog(2);
    shop.write("photos/bad.png", b"text");
    shop.write("photos/p2.png", png(&drawing(2)));
    let ran = shop.run(["index", "shop", "photos", "--json", "--failures", "elsewhere.csv"]);
    let counts = ran.has_failures().json();
    assert_eq!(
        counts["images"],
        json!({
            "seen": 4, "new": 1, "changed": 0, "unchanged": 2, "removed": 0, "failed": 1, "not_reached": 0
        })
    );
    assert_eq!(
        counts["products"],
        json!({
            "seen": 4, "new": 1, "changed": 0, "unchanged": 2, "removed": 0, "failed": 1, "not_reached": 0,
            "without_image": 0
        })
    );
    assert_eq!(counts["cancelled"], false);
    assert!(counts["seconds"].as_f64().unwrap() > 0.0);
    let [row] = &shop.failures("elsewhere.csv")[..] else { panic!("one row was expected") };
    assert_eq!(row[1..], ["decode", "is text, not a picture"]);
    let refused = shop.run(["index", "other", "photos", "--failures", "nowhere/failures.csv"]);
    let expected = "cannot write the failures file nowhere/failures.csv: there is no folder nowhere";
    assert_eq!(refused.error(), expected);
    assert!(!shop.path("other").exists());
}
