//! Sources that are elsewhere, as far as no real engine is needed: files on the web, and builds that lack a connector.

#![expect(clippy::unwrap_used, reason = "what a scenario needs and does not get is its failure")]

mod cli_kit;

use cli_kit::{Shop, drawing, png};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;

/// Serves `files` by their paths until the test ends; anything else is missing.
fn served(files: Vec<(&'static str, Vec<u8>)>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let (mut first, mut line) = (String::new(), String::new());
            reader.read_line(&mut first).unwrap();
            while reader.read_line(&mut line).unwrap() > 2 {
                line.clear();
            }
            let asked = first.split(' ').nth(1).unwrap_or_default();
            let found = files.iter().find(|(path, _)| *path == asked);
            let (status, body) = found.map_or((404, &b""[..]), |(_, body)| (200, body));
            let head =
                format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            // Whoever asked may have gone.
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
        }
    });
    address
}

#[test]
fn a_list_on_the_web_is_read_and_its_photos_go_through_the_guard() {
    let shop = Shop::new();
    let list = b"sku,image\nA,pictures/0.png\nB,/none.png\n".to_vec();
    let web = served(vec![("/feeds/list.csv?key=secret", list), ("/feeds/pictures/0.png", png(&drawing(0)))]);
    let address = format!("{web}/feeds/list.csv?key=secret");
    let guarded = shop.run(["index", "shop", &address]);
    assert_eq!(
        guarded.has_failures().photos(),
        [2, 0, 0, 2],
        "the list is the operator's, its photos are not"
    );
    assert!(guarded.stderr.contains(&format!("CSV file {web}/feeds/list.csv?...")), "{guarded:#?}");
    assert!(!guarded.stderr.contains("secret"), "{guarded:#?}");
    let ran = shop.run(["index", "shop", &address, "--allow-private-urls"]);
    assert_eq!(ran.has_failures().photos(), [2, 1, 0, 1]);
    assert_eq!(ran.failed(), [format!("{web}/feeds/none.png: does not exist")]);
    let missing = shop.run(["index", "other", &format!("{web}/no.csv")]);
    let said = format!("fetching {web}/no.csv\nlookalike: {web}/no.csv: cannot be fetched: status 404\n");
    assert_eq!((missing.code, missing.stderr), (Some(1), said));
    assert!(!shop.path("other").exists(), "no catalog is made for nothing");
}

#[test]
fn a_bucket_is_named_as_one() {
    let shop = Shop::new();
    shop.write("list.csv", "sku,image\nA,s3://secrets/a.png\n");
    let usage =
        |bucket: &str| shop.run(["index", "shop", "list.csv", "--allow-bucket", bucket]).usage().to_owned();
    let expected = "error: invalid value 'shop-photos' for '--allow-bucket <s3://BUCKET>': must be a bucket, such as s3://shop-photos";
    assert_eq!(format!("error: {}", usage("shop-photos")), expected);
    assert!(usage("s3://shop/photos").contains("must name a whole bucket"));
    // Nobody named the bucket, so nobody is asked for it: this needs no server.
    let ran = shop.run(["index", "shop", "list.csv"]);
    let [failed] = ran.has_failures().failed()[..] else { panic!("{ran:#?}") };
    let reason = if cfg!(feature = "aws") { "add --allow-bucket s3://secrets" } else { "--features aws" };
    assert!(failed.starts_with("s3://secrets/a.png: ") && failed.contains(reason), "{failed}");
}

#[cfg(not(feature = "aws"))]
#[test]
fn a_build_without_a_connector_names_the_feature() {
    let shop = Shop::new();
    let error = |source: &str| shop.run(["index", "shop", source]).error().to_owned();
    let cure = |store: &str, feature: &str| {
        format!(
            "cannot be read: this build has no {store}; build it with `cargo build --release --features {feature}`"
        )
    };
    assert_eq!(error("s3://shop/photos/"), format!("s3://shop/photos/: {}", cure("S3", "aws")));
    assert_eq!(
        error("gs://shop/a.csv"),
        format!("gs://shop/a.csv: {}", cure("Google Cloud Storage", "cloud"))
    );
    assert_eq!(error("dynamodb://hash_store"), format!("dynamodb://hash_store: {}", cure("DynamoDB", "aws")));
    assert!(!shop.path("shop").exists(), "no catalog is made for nothing");
}
