//! The clients of earlier systems, played as they were written: their own requests, and what they read of the answers.

#![expect(clippy::indexing_slicing, clippy::panic, reason = "a scenario that cannot go on fails right there")]

mod http_server;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_server::stock::{drawing, jpeg, photo, photo_host};
use http_server::{Reply, Server};
use lookalike::http::ListingFields;
use lookalike::http::ServeLimits;
use serde_json::{Value, json};

/// A photo as the camera page's canvas gives it.
fn data_url(n: usize) -> String {
    format!("data:image/jpeg;base64,{}", STANDARD.encode(jpeg(&drawing(n), 80)))
}

/// What is told under `key` of an answer of this status.
#[track_caller]
fn told(reply: &Reply, status: u16, key: &str) -> String {
    assert_eq!(reply.status, status, "{}\n{}", reply.head, String::from_utf8_lossy(&reply.body));
    let body = reply.json();
    body[key].as_str().unwrap_or_else(|| panic!("no {key} in {body}")).to_owned()
}

#[test]
fn the_second_systems_client_sends_a_file_and_reads_ids() {
    let server = Server::start();
    for route in ["/similarity-search", "/similarity-search/"] {
        let answer = server.post_form(route, &[("file", Some("query.jpg"), &photo(2))]).ok();
        let ids = answer["ids"].as_array().unwrap();
        assert_eq!((ids.len(), &ids[0]), (3, &json!("p2")), "{answer}");
        assert_eq!(answer.as_object().unwrap().len(), 1);
    }
    let reply = server
        .post_form("/similarity-search?top=6", &[("file", Some("q.jpg"), &photo(2)), ("note", None, b"x")]);
    assert_eq!(reply.ok()["ids"].as_array().unwrap().len(), 6);
}

#[test]
fn the_second_systems_client_reads_what_is_wrong_under_error() {
    let server = Server::start();
    let file = |bytes: &[u8]| server.post_form("/similarity-search", &[("file", Some("a.jpg"), bytes)]);
    assert!(told(&file(b"no picture"), 400, "error").contains("image"));
    assert!(told(&file(b""), 400, "error").contains("empty"));
    assert!(told(&file(&photo(0)[..500]), 400, "error").len() > 10);
    let none = server.post_form("/similarity-search", &[("image", Some("a.jpg"), &photo(0))]);
    assert!(told(&none, 400, "error").contains("`file`"));
    let two = [("file", Some("a.jpg"), &*photo(0)), ("file", Some("b.jpg"), &*photo(1))];
    assert!(told(&server.post_form("/similarity-search", &two), 400, "error").contains("more than once"));
    assert!(told(&server.post_json("/similarity-search", &json!({})), 400, "error").contains("multipart"));
    for top in ["0", "1001", "many", "-1"] {
        let reply =
            server.post_form(&format!("/similarity-search?top={top}"), &[("file", Some("a.jpg"), &photo(0))]);
        told(&reply, 400, "error");
    }
    told(&file(&vec![0; 2 << 20]), 413, "error");

    let full = Server::with(ServeLimits { places: 1, ..ServeLimits::default() }, true, 1);
    let reply = full.post_form("/similarity-search", &[("file", Some("a.jpg"), &photo(0))]);
    assert_eq!(reply.status, 200, "a lone caller is let in");
}

#[test]
fn the_camera_pages_photo_comes_back_as_items() {
    let server = Server::start();
    let reply = server.request(
        "POST",
        "/upload",
        &[("content-type", "application/json"), ("origin", "https://camera.example")],
        json!({"photoData": data_url(1)}).to_string().as_bytes(),
    );
    let answer = reply.ok();
    let items = answer.as_array().unwrap();
    assert_eq!(items.len(), 5);
    assert_eq!(
        items[0],
        json!({
            "image_id": format!("http://{}/v1/images/shirts/blue%3F.png", server.address),
            "item_id": "p1", "item_name": "Product 1"
        })
    );
    assert_eq!(reply.header("access-control-allow-origin"), Some("*"));
    // Its page shows the pictures it is given.
    let shown = items[0]["image_id"].as_str().unwrap().split_once(&server.address.to_string()).unwrap().1;
    assert_eq!(server.get(shown).status, 200);
}

#[test]
fn pages_of_other_origins_may_ask_first() {
    let server = Server::start();
    for route in ["/upload", "/postURL", "/postImage"] {
        let asked = [
            ("origin", "https://camera.example"),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "content-type"),
        ];
        let reply = server.request("OPTIONS", route, &asked, b"");
        assert_eq!((reply.status, reply.body.len()), (200, 0), "{route}");
        assert_eq!(reply.header("access-control-allow-origin"), Some("*"));
        assert_eq!(reply.header("access-control-allow-methods"), Some("POST"));
        assert_eq!(reply.header("access-control-allow-headers"), Some("content-type"));
    }
    // Nobody else's pages may call the rest.
    for route in ["/v1/search", "/similarity-search", "/v1/catalog"] {
        let reply = server.request("OPTIONS", route, &[("origin", "https://evil.example")], b"");
        assert_eq!(reply.header("access-control-allow-origin"), None, "{route}");
    }
}

#[test]
fn the_camera_page_is_told_what_is_wrong() {
    let server = Server::start();
    let upload = |body: &Value| server.post_json("/upload", body);
    assert!(upload(&json!({})).problem(422).1.contains("photoData"));
    assert!(upload(&json!({"photoData": 7})).problem(422).1.contains("string"));
    assert!(upload(&json!({"photoData": "data:image/jpeg,raw"})).problem(422).1.contains("photoData"));
    assert!(upload(&json!({"photoData": "data:,"})).problem(422).1.contains("base64"));
    assert_eq!(upload(&json!({"photoData": "data:image/jpeg;base64,"})).problem(422).0, "not_a_picture");
    assert_eq!(
        upload(&json!({"photoData": "data:image/jpeg;base64,aGVsbG8="})).problem(422).0,
        "not_a_picture"
    );
    server.request("POST", "/upload", &[], b"{\"photoData\"").problem(400);
    server.request("POST", "/upload", &[], b"").problem(400);
    server.get("/upload").problem(405);
}

#[test]
fn the_third_systems_client_sends_a_url_or_base64_and_reads_images() {
    let server = Server::start();
    let host = photo_host();
    let by_url = server.post_json("/postURL", &json!({"url": format!("{host}/0"), "k": 2})).ok();
    assert_eq!(by_url["images"][0], "/media/red.jpg", "the catalog says where that picture is");
    assert_eq!(by_url["images"].as_array().unwrap().len(), 2);
    let bytes = STANDARD.encode(jpeg(&drawing(3), 80));
    let expected = format!("http://{}/v1/images/shoes/a.png", server.address);
    for (base64img, k, count) in
        [(bytes.clone(), json!(3), 3), (data_url(3), json!("4"), 4), (bytes.clone(), json!(null), 5)]
    {
        let answer = server.post_json("/postImage", &json!({"base64img": base64img, "k": k})).ok();
        assert_eq!(
            (&answer["images"][0], answer["images"].as_array().unwrap().len()),
            (&json!(expected), count)
        );
    }
    // Without a media type, as a script sends it.
    let body = json!({"base64img": bytes}).to_string();
    server.request("POST", "/postImage", &[], body.as_bytes()).ok();
}

#[test]
fn the_third_systems_client_reads_no_images_where_something_is_wrong() {
    let server = Server::start();
    let host = photo_host();
    for (route, body) in [
        ("/postURL", json!({})),
        ("/postURL", json!({"url": format!("{host}/gone")})),
        ("/postURL", json!({"url": format!("{host}/text")})),
        ("/postURL", json!({"url": format!("{host}/metadata")})),
        ("/postURL", json!({"url": "file:///etc/passwd"})),
        ("/postURL", json!({"url": format!("{host}/0"), "k": 0})),
        ("/postURL", json!({"url": format!("{host}/0"), "k": "many"})),
        ("/postURL", json!({"url": format!("{host}/0"), "k": 1.5})),
        ("/postImage", json!({"base64img": "not base64!"})),
        ("/postImage", json!({"base64img": "aGVsbG8="})),
        ("/postImage", json!({"base64img": STANDARD.encode(photo(0)), "k": 1001})),
    ] {
        let reply = server.post_json(route, &body);
        assert!(!told(&reply, 422, "error").is_empty(), "{body}");
        assert_eq!(reply.json()["images"], json!([]));
    }
    let reply = server.request("POST", "/postURL", &[], b"{");
    assert_eq!((told(&reply, 400, "error").is_empty(), reply.json()["images"].clone()), (false, json!([])));

    let closed = Server::with(ServeLimits::default(), false, 2);
    let reply = closed.post_json("/postURL", &json!({"url": format!("{host}/0")}));
    assert!(told(&reply, 422, "error").contains("127.0.0.1"), "a private address is refused");
}

#[test]
fn the_operator_says_which_fields_older_clients_read() {
    let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<String>>();
    let server = Server::listing(ListingFields {
        entity_id: names(&["gone", "price"]),
        sku: names(&["name"]),
        image_url: names(&[]),
        item_id: names(&["price"]),
        item_name: names(&["gone"]),
    });
    let host = photo_host();
    let own = format!("http://{}/v1/images/shirts/red%201.jpg", server.address);
    let found = server.get(&format!("/find_similar/?image_url={host}/2")).ok();
    let first = &found["matches"][0];
    assert_eq!((&first["entity_id"], &first["sku"]), (&json!(12), &json!("Product 2")));
    // Product 0 has none of them, and its own field for pictures is not read.
    let found = server.get(&format!("/find_similar/?image_url={host}/0")).ok();
    let first = &found["matches"][0];
    assert_eq!((&first["entity_id"], &first["sku"]), (&json!("p0"), &json!(null)));
    assert_eq!(first["image_url"], json!(own));
    let ids = server.post_form("/similarity-search", &[("file", Some("a.jpg"), &photo(2))]).ok();
    assert_eq!(ids["ids"][0], json!(12));
    let items = server.post_json("/upload", &json!({"photoData": data_url(2)})).ok();
    assert_eq!((&items[0]["item_id"], &items[0]["item_name"]), (&json!(12), &json!("")));
}
