//! Photos and catalog files in S3, from a real server of its kind.

#![cfg(feature = "aws")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "what a scenario needs and does not get is its failure"
)]

mod cli_kit;
mod engine_kit;

use cli_kit::{Ran, Shop, drawing, png};
use engine_kit::{engine, request, run_at};
use std::time::{SystemTime, UNIX_EPOCH};

/// The server wants a signature and does not look at it.
const SIGNED: &str = "Authorization: AWS4-HMAC-SHA256 Credential=AKIATEST/20260101/us-east-1/s3/aws4_request, \
                      SignedHeaders=host, Signature=0\r\n";

/// A server and a bucket of one test's own.
struct S3 {
    endpoint: String,
    bucket: String,
}

impl S3 {
    fn with_bucket(name: &str) -> Option<Self> {
        let endpoint = engine("S3")?;
        let nanos = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
        let bucket = format!("{name}-{nanos}");
        assert_eq!(request(&endpoint, "PUT", &format!("/{bucket}"), SIGNED, b"").0, 200);
        Some(Self { endpoint, bucket })
    }

    fn put(&self, key: &str, bytes: &[u8]) {
        let path = format!("/{}/{key}", self.bucket);
        assert_eq!(request(&self.endpoint, "PUT", &path, SIGNED, bytes).0, 200);
    }

    fn at(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.bucket)
    }

    fn run(&self, shop: &Shop, arguments: &[&str]) -> Ran {
        run_at(shop, &self.endpoint, arguments)
    }
}

#[test]
fn a_bucket_is_indexed_like_a_folder_and_again_without_reading() {
    let Some(s3) = S3::with_bucket("folder") else { return };
    let shop = Shop::new();
    for n in 0..4 {
        s3.put(&format!("photos/p{n}.png"), &png(&drawing(n)));
    }
    s3.put("photos/readme.txt", b"no picture");
    s3.put("photos/bad.jpg", b"no picture either");
    s3.put("photos-of-others/x.png", &png(&drawing(9)));
    let address = s3.at("photos/");
    let first = s3.run(&shop, &["index", "shop", &address]);
    assert_eq!(first.has_failures().photos(), [5, 4, 0, 1]);
    assert_eq!(first.failed(), [format!("{}: is text, not a picture", s3.at("photos/bad.jpg"))]);
    let found = shop.write_query_and_search(2);
    assert_eq!((found["product_id"].as_str(), found["image_id"].as_str()), (Some("p2"), Some("p2.png")));

    s3.put("photos/p1.png", &png(&drawing(31)));
    s3.put("photos/p4.png", &png(&drawing(4)));
    let again = s3.run(&shop, &["index", "shop", &address, "--json"]);
    let counts = again.has_failures().json();
    assert_eq!(
        ["new", "changed", "unchanged"].map(|name| counts["images"][name].as_u64()),
        [Some(1), Some(1), Some(3)]
    );
    let new = png(&drawing(31)).len() + png(&drawing(4)).len() + b"no picture either".len();
    assert_eq!(counts["bytes_read"], new, "what is known is not read");
}

#[test]
fn a_bucket_of_many_pages_is_listed_to_its_end() {
    let Some(s3) = S3::with_bucket("pages") else { return };
    let shop = Shop::new();
    for n in 0..1_050 {
        s3.put(&format!("a/{n:04}.txt"), b"x");
    }
    for (n, name) in ["mug/front.png", "mug/in side/back.png", "zebra/1.png"].iter().enumerate() {
        s3.put(&name.replace(' ', "%20"), &png(&drawing(n)));
    }
    let ran = s3.run(&shop, &["index", "shop", &s3.at(""), "--product-per-folder"]);
    assert_eq!(ran.is_done().photos(), [3, 3, 0, 0]);
    assert!(ran.stdout.contains("products  2 seen = 2 new"), "{ran:#?}");
    let found = shop.write_query_and_search(1);
    assert_eq!(
        (found["product_id"].as_str(), found["image_id"].as_str()),
        (Some("mug"), Some("mug/in side/back.png"))
    );
}

#[test]
fn a_list_in_a_bucket_names_photos_beside_it_and_no_others() {
    let (Some(s3), Some(other)) = (S3::with_bucket("list"), S3::with_bucket("other")) else { return };
    let shop = Shop::new();
    s3.put("feeds/pictures/0.png", &png(&drawing(0)));
    s3.put("feeds/1.png", &png(&drawing(1)));
    other.put("2.png", &png(&drawing(2)));
    let rows = format!(
        "sku,image,name\nA,pictures/0.png,Mug\nB,{},Bag\nC,{},Hat\nD,none.png,\n",
        s3.at("feeds/1.png"),
        other.at("2.png")
    );
    s3.put("feeds/list.csv", rows.as_bytes());
    let address = s3.at("feeds/list.csv");
    let ran = s3.run(&shop, &["index", "shop", &address]);
    assert_eq!(ran.has_failures().photos(), [4, 2, 0, 2]);
    let refused = format!(
        "{}: is in a bucket that was not named: where its photos may be read with your credentials, add \
         --allow-bucket s3://{}",
        other.at("2.png"),
        other.bucket
    );
    assert_eq!(ran.failed(), [refused, format!("{}: does not exist", s3.at("feeds/none.png"))]);
    assert!(ran.stderr.contains(&format!("CSV file {address}")), "{ran:#?}");
    let allowed = format!("s3://{}", other.bucket);
    let ran = s3.run(&shop, &["index", "shop", &address, "--allow-bucket", &allowed]);
    assert_eq!(ran.has_failures().photos(), [4, 1, 2, 1]);
    let found = shop.write_query_and_search(2);
    assert_eq!((found["product_id"].as_str(), found["fields"]["name"].as_str()), (Some("C"), Some("Hat")));

    // A list on this machine, and the photos in a bucket.
    shop.write("list.csv", "sku,image\nZ,pictures/0.png\n");
    let ran = s3.run(&shop, &["index", "local", "list.csv", "--image-base", &s3.at("feeds")]);
    assert_eq!(ran.is_done().photos(), [1, 1, 0, 0]);
    let large =
        s3.run(&shop, &["index", "small", "list.csv", "--image-base", &s3.at("feeds"), "--max-bytes", "50"]);
    assert!(large.has_failures().failed()[0].contains("bytes long, more than the 50 allowed"), "{large:#?}");
}

#[test]
fn what_is_not_there_is_told_by_its_address() {
    let Some(s3) = S3::with_bucket("wrong") else { return };
    let shop = Shop::new();
    s3.put("notes/a.txt", b"x");
    let error = |address: &str| s3.run(&shop, &["index", "shop", address]).error().to_owned();
    let empty = s3.at("photos/");
    assert_eq!(error(&empty), format!("{empty}: has nothing in it: is the address right, to the letter?"));
    let notes = s3.at("notes");
    assert_eq!(
        error(&notes),
        format!("{notes}: has nothing with the name of a picture among its objects (1)")
    );
    assert!(error("s3://no-such-bucket-anywhere/x/").starts_with("s3://no-such-bucket-anywhere/x/: "));
    assert!(error("s3:///x").contains("names no bucket"));
    assert!(!shop.path("shop").exists(), "no catalog is made for nothing");
}

impl Shop {
    /// The best of what the catalog `shop` finds for drawing `n`.
    fn write_query_and_search(&self, n: usize) -> serde_json::Value {
        self.write("query.png", png(&drawing(n)));
        let found = self.run(["search", "shop", "query.png", "--json"]).is_done().json();
        found["results"][0].clone()
    }
}
