//! Products over HTTP: looked at, changed one by one and in batches.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a scenario that cannot go on fails right there"
)]

mod http_server;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http_server::stock::{drawing, jpeg, photo, photo_host, png};
use http_server::{IMAGES, Server};
use lookalike::http::ServeLimits;
use lookalike_engine::store::embedded::{Access, EmbeddedStore};
use serde_json::{Value, json};
use std::thread;

fn ids(page: &Value) -> Vec<&str> {
    page["products"].as_array().unwrap().iter().map(|one| one["product_id"].as_str().unwrap()).collect()
}

/// A photo that no product of the catalog shows.
fn fresh(n: usize) -> Vec<u8> {
    jpeg(&drawing(100 + n), 90)
}

/// A photo that looks like none of the catalog: rings instead of blocks and stripes.
fn rings(n: usize) -> Vec<u8> {
    let centre = (60.0 + 60.0 * n as f64, 300.0 - 70.0 * n as f64);
    let level = |x: u32, y: u32, width: f64| {
        let distance = (f64::from(x) - centre.0).hypot(f64::from(y) - centre.1);
        ((distance / width).sin() * 120.0 + 128.0) as u8
    };
    let picture =
        image::RgbImage::from_fn(320, 320, |x, y| image::Rgb([level(x, y, 9.0), 20, level(x, y, 31.0)]));
    jpeg(&picture, 90)
}

fn data_url(bytes: &[u8]) -> String {
    format!("data:image/jpeg;base64,{}", BASE64.encode(bytes))
}

/// A body with these photos as data.
fn of_photos(photos: &[&[u8]]) -> Value {
    let images: Vec<Value> = photos.iter().map(|photo| json!({"data": data_url(photo)})).collect();
    json!({"fields": {"name": "new"}, "images": images})
}

/// The best match of a photo, by product, and its class.
fn best(server: &Server, photo: &[u8]) -> (String, String) {
    let found = server.post_form("/v1/search", &[("image", Some("a.jpg"), photo)]).ok();
    let best = &found["results"][0];
    (best["product_id"].as_str().unwrap().to_owned(), best["class"].as_str().unwrap().to_owned())
}

fn uploads(server: &Server) -> usize {
    let folder = server.folder.path().join("shop.lookalike/uploads");
    let Ok(folders) = std::fs::read_dir(folder) else { return 0 };
    folders.map(|folder| std::fs::read_dir(folder.unwrap().path()).unwrap().count()).sum()
}

#[test]
fn a_product_is_shown_with_its_fields_and_images() {
    let server = Server::start();
    let product = server.get("/v1/products/p2").ok();
    let image = &product["images"][0];
    assert_eq!(
        product,
        json!({
            "product_id": "p2",
            "fields": {"name": "Product 2", "price": 12},
            "images": [{"image_id": IMAGES[2], "image_url": image["image_url"], "width": 300, "height": 400}]
        })
    );
    assert_eq!(server.get(image["image_url"].as_str().unwrap()).status, 200);
    assert_eq!(server.get("/v1/products/none").problem(404).0, "product_not_found");
    assert_eq!(server.get("/v1/products/a%00b").problem(404).0, "product_not_found");
    server.get("/v1/products/%ff").problem(400);
    server.get("/v1/products/").problem(404);
}

#[test]
fn products_are_listed_page_by_page() {
    let server = Server::start();
    let page = server.get("/v1/products?limit=4").ok();
    assert_eq!((ids(&page), &page["next"]), (vec!["p0", "p1", "p2", "p3"], &json!("p3")));
    let page = server.get("/v1/products?limit=4&after=p3").ok();
    assert_eq!((ids(&page), &page["next"]), (vec!["p4", "p5"], &json!(null)));
    let page = server.get("/v1/products?limit=6").ok();
    assert_eq!((ids(&page).len(), &page["next"]), (6, &json!(null)));

    let page = server.get("/v1/products?filter=price%3E=12&limit=2").ok();
    assert_eq!((ids(&page), &page["next"]), (vec!["p2", "p3"], &json!("p3")));
    let page = server.get("/v1/products?filter=price%3E=12&limit=2&after=p3").ok();
    assert_eq!((ids(&page), &page["next"]), (vec!["p4", "p5"], &json!(null)));
    assert_eq!(server.get("/v1/products?filter=price%3E").problem(400).0, "malformed_filter");
    for wrong in ["limit=0", "limit=1001", "limit=x", "after=", "page=2"] {
        server.get(&format!("/v1/products?{wrong}")).problem(422);
    }
}

#[test]
fn what_is_put_is_found_by_the_next_question_shown_and_gone_when_deleted() {
    let server = Server::start();
    let (red, blue) = (fresh(1), fresh(2));
    let made = server.send_json("PUT", "/v1/products/new/1", &of_photos(&[&red, &blue]));
    assert_eq!(made.status, 201, "{made:?}");
    let made = made.json();
    assert_eq!((&made["created"], &made["product_id"]), (&json!(true), &json!("new/1")));
    assert_eq!(best(&server, &red), ("new/1".into(), "identical".into()));
    let shown = server.get(made["images"][1]["image_url"].as_str().unwrap());
    assert_eq!((shown.header("content-type"), &shown.body), (Some("image/jpeg"), &blue));
    assert_eq!(server.get("/v1/products/new/1").ok()["images"], made["images"]);

    // Again it changes nothing; with the order turned, only that.
    let again = server.send_json("PUT", "/v1/products/new/1", &of_photos(&[&red, &blue])).ok();
    assert_eq!((&again["created"], &again["images"]), (&json!(false), &made["images"]));
    let turned = json!({"images": [{"image_id": made["images"][1]["image_id"]}, {"data": data_url(&red)}]});
    let turned = server.send_json("PATCH", "/v1/products/new/1", &turned).ok();
    assert_eq!((&turned["images"][0], &turned["images"][1]), (&made["images"][1], &made["images"][0]));
    assert_eq!(turned["fields"], json!({"name": "new"}));
    assert_eq!(uploads(&server), 2);

    let patch = json!({"fields": {"price": 5, "name": null}});
    let patched = server.request(
        "PATCH",
        "/v1/products/new/1",
        &[("content-type", "application/merge-patch+json")],
        patch.to_string().as_bytes(),
    );
    assert_eq!(patched.ok()["fields"], json!({"price": 5}));
    assert_eq!(server.get("/v1/products?filter=price=5").ok()["products"][0]["product_id"], "new/1");

    let fewer = json!({"images": [{"image_id": made["images"][1]["image_id"]}]});
    server.send_json("PATCH", "/v1/products/new/1", &fewer).ok();
    assert_ne!(best(&server, &red).0, "new/1");
    assert_eq!(uploads(&server), 1);
    assert_eq!(server.request("DELETE", "/v1/products/new/1", &[], b"").status, 204);
    assert_eq!(server.request("DELETE", "/v1/products/new/1", &[], b"").problem(404).0, "product_not_found");
    server.get("/v1/products/new/1").problem(404);
    server.get(made["images"][1]["image_url"].as_str().unwrap()).problem(404);
    assert_ne!(best(&server, &blue).0, "new/1");
    assert_eq!(uploads(&server), 0);
    server.send_json("PATCH", "/v1/products/none", &json!({"fields": {}})).problem(404);
}

#[test]
fn photos_come_as_files_of_a_form_and_from_the_web() {
    let server = Server::start();
    let host = photo_host();
    let photos = [fresh(1), png(&drawing(102))];
    let form = [
        ("fields", None, br#"{"name": "Mug", "sizes": [1, 2]}"#.as_slice()),
        ("image", Some("1.jpg"), &photos[0]),
        ("image_url", None, &*format!("{host}/7").into_bytes()),
        ("image", Some("1.jpg"), &photos[1]),
    ];
    let made = server.send_form("PUT", "/v1/products/mug", &form);
    assert_eq!(made.status, 201, "{made:?}");
    let made = made.json();
    assert_eq!(made["fields"], json!({"name": "Mug", "sizes": [1, 2]}));
    assert_eq!(made["images"][1]["image_id"], format!("{host}/7"));
    for (at, media_type) in [(0, "image/jpeg"), (1, "image/jpeg"), (2, "image/png")] {
        let shown = server.get(made["images"][at]["image_url"].as_str().unwrap());
        assert_eq!((shown.status, shown.header("content-type")), (200, Some(media_type)));
    }
    assert_eq!(uploads(&server), 2, "what is on the web stays there");
    assert_eq!(best(&server, &jpeg(&drawing(7), 70)), ("mug".into(), "identical".into()));
}

#[test]
fn one_photo_that_cannot_be_used_fails_the_product_and_stores_nothing_of_it() {
    let server = Server::start();
    let host = photo_host();
    let good = json!({"data": data_url(&fresh(1))});
    let put = |images: Value| server.send_json("PUT", "/v1/products/new", &json!({"images": images}));
    let cases = [
        (json!([good, {"data": BASE64.encode("no picture")}]), "not_a_picture", "images[1]"),
        (json!([good, {"data": BASE64.encode(&fresh(2)[..2000])}]), "not_a_picture", "images[1]"),
        (json!([good, {"data": ""}]), "not_a_picture", "images[1]"),
        (json!([good, {"url": format!("{host}/text")}]), "not_a_picture", "/text"),
        (json!([good, {"url": format!("{host}/none")}]), "url_not_fetched", "/none"),
        (json!([good, {"url": format!("{host}/metadata")}]), "url_refused", ""),
        (json!([good, {"url": "file:///etc/passwd"}]), "url_refused", "file"),
        (json!([good, {"data": "%%%"}]), "invalid_parameter", "images[1].data"),
        (json!([good, {"image_id": "kept"}]), "image_not_found", "kept"),
        (json!([good, good]), "invalid_parameter", "twice"),
        (json!([good, {}]), "invalid_parameter", "images[1]"),
        (json!([good, {"url": host, "data": "x"}]), "invalid_parameter", "images[1]"),
        (json!([good, {"image_id": "a\u{0}b"}]), "invalid_parameter", "images[1]"),
        (json!([good, {"picture": "x"}]), "invalid_parameter", "picture"),
        (json!(vec![json!({"image_id": "x"}); 101]), "invalid_parameter", "101"),
    ];
    for (images, expected, named) in cases {
        let (code, detail) = put(images.clone()).problem(422);
        assert!(code == expected && detail.contains(named), "{images} gave {code}: {detail}");
    }
    let deep = "[".repeat(120) + &"]".repeat(120);
    let too_deep = format!("{{\"fields\": {{\"a\": {deep}}}}}");
    let json_type = [("content-type", "application/json")];
    assert_eq!(
        server.request("PUT", "/v1/products/new", &json_type, too_deep.as_bytes()).problem(422).0,
        "refused"
    );
    server.request("PUT", "/v1/products/new", &json_type, b"{\"fields\": ").problem(400);
    server.request("PUT", "/v1/products/new", &json_type, b"").problem(400);
    server.request("PUT", "/v1/products/new", &[("content-type", "text/plain")], b"{}").problem(415);
    server.request("PUT", "/v1/products/new", &json_type, &vec![b' '; 2 << 20]).problem(413);
    for form in
        [[("fields", None, b"[1]".as_slice())], [("fields", None, b"{")], [("photo", Some("a"), b"x")]]
    {
        server.send_form("PUT", "/v1/products/new", &form).problem(422);
    }
    server.send_json("PUT", "/v1/products/new?check=maybe", &json!({})).problem(422);
    server.send_json("PUT", "/v1/products/a%00b", &json!({})).problem(422);
    server.get("/v1/products/new").problem(404);
    assert_eq!(uploads(&server), 0);
    assert_eq!(server.get("/readyz").ok()["products"], 6);
}

#[test]
fn addresses_of_inner_networks_are_refused_unless_the_operator_allows_them() {
    let server = Server::with(ServeLimits::default(), false, 1);
    let images = json!({"images": [{"url": format!("{}/1", photo_host())}]});
    assert_eq!(server.send_json("PUT", "/v1/products/new", &images).problem(422).0, "url_refused");
    let batch = json!({"products": [{"product_id": "new", "images": images["images"]}]});
    let answer = server.post_json("/v1/products/batch", &batch).ok();
    assert_eq!(answer["results"][0]["problem"]["code"], "url_refused");
    server.get("/v1/products/new").problem(404);
}

#[test]
fn a_photo_that_is_listed_already_is_told_or_refused() {
    let server = Server::start();
    let body = of_photos(&[&rings(1), &photo(2)]);
    let warned = server.send_json("PUT", "/v1/products/new?check=warn", &body);
    assert_eq!(warned.status, 201);
    let checks = warned.json()["checks"].clone();
    assert!(["none", "similar"].contains(&checks[0]["verdict"].as_str().unwrap()), "{checks}");
    assert_eq!(
        (&checks[1]["verdict"], &checks[1]["matches"][0]["product_id"]),
        (&json!("identical"), &json!("p2"))
    );
    // Its own photos are no duplicates, and not new.
    let again = server.send_json("PUT", "/v1/products/new?check=warn", &body).ok();
    assert_eq!(again["checks"], json!([]));
    server.send_json("PUT", "/v1/products/new?check=reject", &body).ok();
    server.request("DELETE", "/v1/products/new", &[], b"");

    let edited = jpeg(&drawing(2), 40);
    let refused = server.send_json("PUT", "/v1/products/other?check=reject", &of_photos(&[&edited]));
    assert_eq!(refused.problem(409).0, "duplicate");
    assert_eq!(refused.json()["checks"][0]["matches"][0]["product_id"], "p2");
    server.get("/v1/products/other").problem(404);
    assert_eq!(uploads(&server), 0);
    let unlike = server.send_json("PUT", "/v1/products/other?check=reject", &of_photos(&[&rings(3)]));
    assert_eq!((unlike.status, unlike.json()["checks"].as_array().unwrap().len()), (201, 1));
}

#[test]
fn of_two_who_list_the_same_photo_at_once_one_is_refused() {
    let server = Server::start();
    let photo = rings(5);
    let statuses = thread::scope(|scope| {
        let listing: Vec<_> = (0..4)
            .map(|n| {
                let (server, body) = (&server, of_photos(&[&photo]));
                scope.spawn(move || {
                    server.send_json("PUT", &format!("/v1/products/rival-{n}?check=reject"), &body).status
                })
            })
            .collect();
        let mut statuses: Vec<u16> = listing.into_iter().map(|one| one.join().unwrap()).collect();
        statuses.sort_unstable();
        statuses
    });
    assert_eq!(statuses, [201, 409, 409, 409]);
}

#[test]
fn an_image_id_that_is_another_photos_is_refused() {
    let server = Server::start();
    let named = |id: &str, photo: &[u8]| json!({"images": [{"data": data_url(photo), "image_id": id}]});
    let refused = server.send_json("PUT", "/v1/products/new", &named(IMAGES[0], &fresh(1)));
    let (code, detail) = refused.problem(409);
    assert!(code == "image_id_taken" && detail.contains("p0"), "{code}: {detail}");
    assert_eq!(server.send_json("PUT", "/v1/products/new", &named("mine.jpg", &fresh(1))).status, 201);
    // Another photo under one's own id takes the place of the first.
    server.send_json("PUT", "/v1/products/new", &named("mine.jpg", &fresh(2))).ok();
    assert_eq!(server.get("/v1/images/mine.jpg").body, fresh(2));
    assert_eq!(uploads(&server), 1);
}

#[test]
fn a_batch_stores_each_product_for_itself_in_order() {
    let server = Server::start();
    let one = |id: &str, photos: &[&[u8]]| {
        let mut body = of_photos(photos);
        body["product_id"] = json!(id);
        body
    };
    let products = json!([
        one("a", &[&fresh(1)]),
        one("b", &[b"no picture"]),
        {"product_id": 7},
        {"fields": {}},
        one("p0", &[]),
        one("a", &[&fresh(2)]),
        {"product_id": "batch", "fields": {"name": "the batch"}},
    ]);
    let answer = server.post_json("/v1/products/batch", &json!({"products": products})).ok();
    let told: Vec<_> = answer["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (&one["product_id"], &one["status"]))
        .collect();
    let expected = [
        (json!("a"), json!("created")),
        (json!("b"), json!("failed")),
        (json!(null), json!("failed")),
        (json!(null), json!("failed")),
        (json!("p0"), json!("updated")),
        (json!("a"), json!("updated")),
        (json!("batch"), json!("created")),
    ];
    assert_eq!(told, expected.iter().map(|(id, status)| (id, status)).collect::<Vec<_>>());
    assert_eq!((&answer["stored"], &answer["failed"]), (&json!(4), &json!(3)));
    assert_eq!(answer["results"][1]["problem"]["code"], "not_a_picture");
    assert_eq!(best(&server, &fresh(2)), ("a".into(), "identical".into()));
    assert_eq!(server.get("/v1/products/p0").ok()["images"], json!([]));
    server.get("/v1/products/b").problem(404);
    // A product of that name is a product.
    assert_eq!(server.get("/v1/products/%62atch").ok()["fields"]["name"], "the batch");
    assert_eq!(server.request("POST", "/v1/products/a", &[], b"").problem(405).0, "method_not_allowed");

    // Within a batch, too, a photo is listed once.
    let twice = json!({"products": [one("x", &[&rings(8)]), one("y", &[&rings(8)])]});
    let answer = server.post_json("/v1/products/batch?check=reject", &twice).ok();
    assert_eq!(
        (&answer["results"][0]["status"], &answer["results"][1]["status"]),
        (&json!("created"), &json!("failed"))
    );
    assert_eq!(answer["results"][1]["problem"]["checks"][0]["matches"][0]["product_id"], "x");

    assert_eq!(server.post_json("/v1/products/batch", &json!({"products": []})).ok()["stored"], 0);
    let many = json!({"products": vec![json!({"product_id": "z"}); 1001]});
    server.post_json("/v1/products/batch", &many).problem(422);
    server.post_json("/v1/products/batch", &json!({"products": {}})).problem(422);
    server.post_json("/v1/products/batch", &json!([])).problem(422);
    server.post_form("/v1/products/batch", &[("image", Some("a"), b"x")]).problem(415);
}

#[test]
fn writers_at_once_are_all_stored_and_readers_go_on() {
    let server = Server::start();
    thread::scope(|scope| {
        for writer in 0..4 {
            let server = &server;
            scope.spawn(move || {
                for n in 0..4 {
                    let (id, photo) = (format!("w{writer}-{n}"), fresh(10 + writer * 4 + n));
                    let put = server.send_json("PUT", &format!("/v1/products/{id}"), &of_photos(&[&photo]));
                    assert_eq!(put.status, 201, "{put:?}");
                    assert_eq!(best(server, &photo), (id, "identical".to_owned()));
                }
            });
        }
        for _ in 0..2 {
            let server = &server;
            scope.spawn(move || (0..10).for_each(|_| assert_eq!(best(server, &photo(1)).0, "p1")));
        }
    });
    assert_eq!(server.get("/readyz").ok()["products"], 22);
}

#[test]
fn while_another_process_writes_changes_are_put_off_and_questions_are_not() {
    let server = Server::start();
    let other = EmbeddedStore::open(&server.folder.path().join("shop.lookalike"), Access::ReadWrite).unwrap();
    let put = || server.send_json("PUT", "/v1/products/new", &of_photos(&[&fresh(1)]));
    let put_off = put();
    assert_eq!(put_off.problem(503).0, "catalog_taken");
    assert!(put_off.header("retry-after").is_some());
    assert_eq!(best(&server, &photo(1)).0, "p1");
    drop(other);
    assert_eq!(put().status, 201);
}
