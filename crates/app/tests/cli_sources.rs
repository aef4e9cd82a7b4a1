//! `lookalike index` with what shops have: every fixture is recognised, fetched or read in place, and found again.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests, where a failure is the answer"
)]

mod cli_kit;

use cli_kit::{Ran, Shop, drawing, fixture, jpeg, png};
use serde_json::{Value, json};
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// A server on this machine that has a photo, always the same one, under every path.
struct Photos {
    address: String,
}

impl Photos {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/", listener.local_addr().unwrap());
        // It ends with the process of the test.
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let Ok(connection) = connection else { return };
                std::thread::spawn(move || {
                    let mut requests = BufReader::new(&connection);
                    let mut line = String::new();
                    while requests.read_line(&mut line).is_ok_and(|read| read > 0) {
                        let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
                        while requests.read_line(&mut line).is_ok_and(|read| read > 2) {}
                        line.clear();
                        let body = jpeg(&drawing(number_of(&path)), 90);
                        let head = format!(
                            "HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n",
                            body.len()
                        );
                        let mut out = &connection;
                        if out.write_all(head.as_bytes()).and_then(|()| out.write_all(&body)).is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Self { address }
    }
}

/// The drawing that a path stands for.
fn number_of(path: &str) -> usize {
    let mut hasher = DefaultHasher::new();
    path.hash(&mut hasher);
    (hasher.finish() % 100_000) as usize
}

/// Copies a fixture with its photos' addresses on this machine.
fn copied(shop: &Shop, photos: &Photos, name: &str) -> PathBuf {
    let text = fs::read_to_string(fixture("sources").join(name)).unwrap();
    shop.write(name, text.replace("https://cdn.example/", &photos.address))
}

#[track_caller]
fn indexed(shop: &Shop, catalog: &str, source: &str, more: &[&str]) -> (Ran, Value) {
    let mut arguments =
        vec!["index", catalog, source, "--json", "--allow-private-urls", "--photo-cache", "0"];
    arguments.extend(more);
    let ran = shop.run(&arguments);
    assert!(matches!(ran.code, Some(0 | 3)), "{ran:#?}");
    let counts = ran.json();
    (ran, counts)
}

/// Seen, stored and failed photos; seen and stored products, and those without a photo.
fn counts(counts: &Value) -> [u64; 6] {
    let number = |of: &str, what: &str| counts[of][what].as_u64().unwrap();
    [
        number("images", "seen"),
        number("images", "new") + number("images", "changed"),
        number("images", "failed"),
        number("products", "seen"),
        number("products", "new") + number("products", "changed"),
        number("products", "without_image"),
    ]
}

#[track_caller]
fn first(shop: &Shop, catalog: &str, photo: &str) -> (String, Value) {
    let found = shop.run(["search", catalog, photo, "--json"]).is_done().json();
    let best = &found["results"][0];
    (best["product_id"].as_str().unwrap().to_owned(), best["fields"].clone())
}

#[test]
fn every_export_feed_and_list_is_recognised_and_indexed() {
    let photos = Photos::start();
    // Name, how it is told, photos and products as `counts`, a photo's path and its product.
    let cases = [
        ("shopify.csv", "Shopify product export", [6, 5, 1, 3, 3, 1], "bag-red.jpg", "canvas-bag"),
        ("shopify_2025.csv", "Shopify product export", [2, 2, 0, 1, 1, 0], "shirt-navy.jpg", "linen-shirt"),
        ("woocommerce.csv", "WooCommerce product export", [5, 5, 0, 3, 3, 1], "vneck,side.jpg", "woo-vneck"),
        ("google.tsv", "Google Merchant feed", [5, 4, 1, 3, 3, 1], "tv-side.jpg", "TV_1"),
        ("google.xml", "Google Merchant feed", [3, 2, 1, 2, 2, 1], "tv-back.jpg", "TV_1"),
        ("google_atom.xml", "Google Merchant feed", [1, 1, 0, 1, 1, 0], "mug.jpg", "MUG"),
        ("sitemap.xml", "sitemap", [3, 3, 0, 2, 2, 0], "mug-back.jpg", "https://shop.example/products/mug"),
        ("addresses.csv", "CSV file", [4, 3, 1, 3, 3, 1], "a/mug-back.jpg", "mug-1"),
    ];
    for (name, told, expected, photo, product) in cases {
        let shop = Shop::new();
        copied(&shop, &photos, name);
        let (ran, report) = indexed(&shop, "shop", name, &[]);
        assert_eq!(counts(&report), expected, "{name}: {ran:#?}");
        assert!(ran.stderr.contains(&format!("{told} {name}")), "{ran:#?}");
        assert!(ran.stderr.contains("took "), "what was mapped is told: {ran:#?}");
        shop.write("query.png", png(&drawing(number_of(&format!("/{photo}")))));
        assert_eq!(first(&shop, "shop", "query.png").0, product, "{name}");
        let (_, again) = indexed(&shop, "shop", name, &[]);
        assert_eq!(again["images"]["new"], 0, "{name}: nothing is new");
        assert_eq!(again["products"]["new"], 0, "{name}: nothing is new");
    }
}

#[test]
fn a_list_of_addresses_names_products_by_them() {
    let (photos, shop) = (Photos::start(), Shop::new());
    copied(&shop, &photos, "addresses.txt");
    let (ran, report) = indexed(&shop, "shop", "addresses.txt", &[]);
    assert_eq!(counts(&report), [4, 3, 1, 3, 3, 0], "{ran:#?}");
    shop.write("query.png", png(&drawing(number_of("/summer/3.jpg"))));
    assert_eq!(first(&shop, "shop", "query.png").0, format!("{}summer/3.jpg", photos.address));
}

#[test]
fn magentos_paths_are_below_a_base_on_the_web_or_on_disk() {
    let (photos, shop) = (Photos::start(), Shop::new());
    copied(&shop, &photos, "magento.csv");
    let (ran, report) = indexed(&shop, "web", "magento.csv", &["--image-base", &photos.address]);
    assert_eq!(counts(&report), [3, 3, 0, 5, 5, 2], "{ran:#?}");
    assert!(ran.stderr.contains("Magento product export magento.csv"), "{ran:#?}");
    shop.write("media/m/b/mb01-blue-0.jpg", jpeg(&drawing(1), 90));
    shop.write("media/w/j/wj12.jpg", jpeg(&drawing(2), 90));
    let (_, report) = indexed(&shop, "disk", "magento.csv", &["--image-base", "media"]);
    assert_eq!(counts(&report), [3, 3, 0, 5, 5, 2]);
    let (id, fields) = first(&shop, "disk", "media/m/b/mb01-blue-0.jpg");
    assert_eq!((id.as_str(), fields), ("1", json!({"entity_id": 1, "sku": "24-MB01"})));
    copied(&shop, &photos, "magento_export.csv");
    shop.write("media/m/h/mh01-gray_main.jpg", jpeg(&drawing(3), 90));
    shop.write("media/m/h/mh01-gray_back.jpg", jpeg(&drawing(4), 90));
    let (_, report) = indexed(&shop, "export", "magento_export.csv", &["--image-base", "media"]);
    assert_eq!(counts(&report), [2, 2, 0, 2, 2, 1]);
}

#[test]
fn amazon_berkeley_objects_are_read_in_the_language_that_is_asked_for() {
    let (photos, shop) = (Photos::start(), Shop::new());
    for part in [
        "abo/listings/metadata/listings_0.json",
        "abo/listings/metadata/listings_1.json",
        "abo/images/metadata/images.csv",
    ] {
        copied(&shop, &photos, part);
    }
    let base = format!("{}small", photos.address);
    let (ran, report) = indexed(&shop, "shop", "abo", &["--image-base", &base, "--language", "de_DE,en_US"]);
    assert_eq!(counts(&report), [8, 4, 4, 4, 4, 1], "{ran:#?}");
    shop.write("query.png", png(&drawing(number_of("/small/b4/b4f9d0cc.jpg"))));
    let (id, fields) = first(&shop, "shop", "query.png");
    assert_eq!((id.as_str(), &fields["product_type"]), ("B06X9STHNG@amazon.nl", &json!("SHOES")));
    shop.write("chair.png", png(&drawing(number_of("/small/14/14fe8812.jpg"))));
    let (_, fields) = first(&shop, "shop", "chair.png");
    assert_eq!(fields["item_id"], "B075YQXRBS", "both marketplaces' listings have it");
    let (_, folded) = indexed(&shop, "folded", "abo", &["--image-base", &base, "--map", "id=item_id"]);
    assert_eq!(folded["products"]["seen"], 3);
    let wrong = shop.run(["index", "shop", "abo", "--language", "German please"]);
    assert!(wrong.usage().contains("--language"), "{wrong:#?}");
}

/// What a server of the catalog `shop` answers to a GET; it must be a success.
#[track_caller]
fn served(shop: &Shop, path: &str) -> Vec<u8> {
    let mut server =
        shop.command(["serve", "shop", "--listen", "127.0.0.1:0"]).stderr(Stdio::piped()).spawn().unwrap();
    let mut told = BufReader::new(server.stderr.take().unwrap()).lines().map(Result::unwrap);
    let address =
        told.find_map(|line| Some(line.split_once("http://")?.1.trim_end_matches('/').to_owned())).unwrap();
    let mut connection = TcpStream::connect(address).unwrap();
    write!(connection, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).unwrap();
    server.kill().unwrap();
    server.wait().unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 200 "), "{}", answer.escape_ascii());
    let body = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap() + 4;
    answer.split_off(body)
}

#[test]
fn archives_are_indexed_in_place_and_their_photos_serve_new_encoders() {
    for name in ["shop.tar", "shop.tar.gz", "shop.zip"] {
        let shop = Shop::new();
        let bytes = fs::read(fixture("sources/archives").join(name)).unwrap();
        shop.write(name, &bytes);
        let (ran, report) = indexed(&shop, "shop", name, &[]);
        assert_eq!(counts(&report), [4, 4, 0, 4, 4, 0], "{ran:#?}");
        let photo = fixture("hashes/disc_180x180.png");
        assert_eq!(first(&shop, "shop", photo.to_str().unwrap()).0, "bag", "{name}");
        let (_, again) = indexed(&shop, "shop", name, &[]);
        assert_eq!(
            (&again["images"]["unchanged"], &again["bytes_read"]),
            (&json!(4), &json!(0)),
            "{name}: none is read"
        );
        assert_eq!(shop.content(".").len(), shop.content("shop").len() + 1, "nothing is unpacked");
        let checked = shop.run(["check", "shop", photo.to_str().unwrap(), "--json"]).is_done().json();
        assert_eq!(checked["verdict"], "identical", "{name}: {checked}");
        assert_eq!(
            served(&shop, "/v1/images/mug/front.png"),
            fs::read(fixture("hashes/ramp_120x256.png")).unwrap()
        );
    }
}

#[test]
fn the_real_photos_are_indexed_out_of_their_tables_and_out_of_an_archive() {
    let images = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/images");
    if !images.join("labels.csv").is_file() {
        println!("skipped: no {}", images.display());
        return;
    }
    let shop = Shop::new();
    let labels = images.join("labels.csv");
    let (ran, report) = indexed(&shop, "labels", labels.to_str().unwrap(), &[]);
    assert_eq!(counts(&report), [1349, 1349, 0, 632, 632, 0], "{ran:#?}");

    // The listings have texts and no photos; those are the labels'.
    let mut photos: std::collections::BTreeMap<String, Vec<String>> = Default::default();
    for row in csv::Reader::from_path(&labels).unwrap().deserialize() {
        let row: std::collections::HashMap<String, String> = row.unwrap();
        photos.entry(row["product_id"].clone()).or_default().push(row["file"].clone());
    }
    let mut lines = String::new();
    let mut expected = 0;
    for line in fs::read_to_string(images.join("listings.jsonl")).unwrap().lines() {
        let mut listing: Value = serde_json::from_str(line).unwrap();
        let of_it = photos.get(listing["product_id"].as_str().unwrap()).cloned().unwrap_or_default();
        expected += of_it.len() as u64;
        listing["photos"] = of_it.into();
        lines.push_str(&format!("{listing}\n"));
    }
    shop.write("listings.jsonl", lines);
    let base = images.to_str().unwrap();
    let (ran, report) = indexed(&shop, "listings", "listings.jsonl", &["--image-base", base]);
    assert_eq!(counts(&report)[..4], [expected, expected, 0, 168], "{ran:#?}");
}
