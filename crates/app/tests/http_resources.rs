//! Everything beside search: photos, the older API, health, the page, the API's description, and stopping.

mod http_server;

use http_server::Server;
use http_server::stock::{file_of, photo, photo_host};
use lookalike::http::ServeLimits;
use serde_json::json;
use sha2::{Digest, Sha256};

#[test]
fn photos_come_as_they_were_indexed() {
    let server = Server::start();
    for (n, url) in [
        (0, "/v1/images/shirts/red%201.jpg"),
        (1, "/v1/images/shirts/blue%3F.png"),
        (1, "/v1/images/shirts%2Fblue%3F.png"),
        (2, "/v1/images/s%C3%BC%C3%9F/100%25.jpg"),
        (4, "/v1/images/..%2Fup.jpg"),
        (5, "/v1/images/https%3A%2F%2Fshop.example%2Fx.jpg"),
    ] {
        let reply = server.get(url);
        assert_eq!((reply.status, &reply.body), (200, &photo(n)), "{url}");
        let digest: String = Sha256::digest(photo(n)).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(reply.header("etag"), Some(&*format!("\"{digest}\"")));
        assert_eq!(reply.header("content-type"), Some(if n == 1 { "image/png" } else { "image/jpeg" }));
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
        assert!(reply.header("content-security-policy").unwrap().contains("sandbox"));
    }
    // Every URL that a search names is one of these.
    let found = server.post_json("/v1/search", &json!({"product_id": "p0"})).ok();
    for one in found["results"].as_array().unwrap() {
        assert_eq!(server.get(one["image_url"].as_str().unwrap()).status, 200, "{one}");
    }
}

#[test]
fn a_photo_known_already_is_not_sent_again() {
    let server = Server::start();
    for url in ["/v1/images/shoes/a.png", "/v1/images/shoes/a.png?width=64"] {
        let etag = server.get(url).header("etag").unwrap().to_owned();
        for known in [etag.clone(), format!("W/{etag}"), format!("\"other\", {etag}"), "*".to_owned()] {
            let reply = server.request("GET", url, &[("if-none-match", &known)], b"");
            assert_eq!((reply.status, reply.body.len()), (304, 0), "{known}");
            assert_eq!(reply.header("etag"), Some(&*etag));
        }
        assert_eq!(server.request("GET", url, &[("if-none-match", "\"other\"")], b"").status, 200);
        let head = server.request("HEAD", url, &[], b"");
        assert_eq!((head.status, head.body.len()), (200, 0));
    }
}

#[test]
fn thumbnails_are_jpegs_and_never_larger_than_the_photo() {
    let server = Server::start();
    for (width, expected) in
        [(16, (16, 21)), (150, (150, 200)), (299, (299, 399)), (300, (300, 400)), (2048, (300, 400))]
    {
        let reply = server.get(&format!("/v1/images/shoes/a.png?width={width}"));
        assert_eq!((reply.status, reply.header("content-type")), (200, Some("image/jpeg")));
        let shown = image::load_from_memory(&reply.body).unwrap();
        assert_eq!((shown.width(), shown.height()), expected, "{width}");
    }
    for width in ["15", "2049", "0", "-1", "many", "99999999999999999999", ""] {
        server.get(&format!("/v1/images/shoes/a.png?width={width}")).problem(422);
    }
    server.get("/v1/images/shoes/a.png?height=10").problem(422);
}

#[test]
fn only_photos_that_are_indexed_and_still_are_photos_leave_the_house() {
    let server = Server::start();
    for url in [
        "/v1/images/nothing.jpg",
        "/v1/images//etc/passwd",
        "/v1/images/..%2F..%2Fetc%2Fpasswd",
        "/v1/images/%00",
    ] {
        assert_eq!(server.get(url).problem(404).0, "image_not_found", "{url}");
    }
    server.get("/v1/images/%ff").problem(400);
    server.get("/v1/images/").problem(404);

    std::fs::remove_file(file_of(0, &server.folder)).unwrap();
    let (code, detail) = server.get("/v1/images/shirts/red%201.jpg").problem(404);
    assert_eq!(code, "image_vanished");
    assert!(detail.contains("vanished"), "{detail}");
    assert!(!detail.contains(server.folder.path().to_str().unwrap()), "a path of ours is told: {detail}");
    // A search still finds it: the signatures are stored.
    assert_eq!(
        server.post_json("/v1/search", &json!({"product_id": "p0"})).ok()["results"][0]["product_id"],
        "p0"
    );

    std::fs::write(file_of(3, &server.folder), "root:x:0:0").unwrap();
    for url in ["/v1/images/shoes/a.png", "/v1/images/shoes/a.png?width=64"] {
        assert_eq!(server.get(url).problem(404).0, "image_changed");
    }
    std::fs::remove_file(file_of(3, &server.folder)).unwrap();
    std::fs::create_dir(file_of(3, &server.folder)).unwrap();
    assert_eq!(server.get("/v1/images/shoes/a.png").problem(404).0, "image_unreadable");
}

#[test]
fn the_first_systems_clients_get_their_shape() {
    let server = Server::start();
    let host = photo_host();
    for route in ["/find_similar/", "/find_similar"] {
        let answer = server.get(&format!("{route}?image_url={host}/0")).ok();
        let matches = answer["matches"].as_array().unwrap();
        assert_eq!(matches.len(), 1);
        let first = &matches[0];
        assert_eq!((&first["entity_id"], &first["sku"]), (&json!(4711), &json!("RED-1")));
        assert_eq!(first["image_url"], "/media/red.jpg");
        assert!(first["score"].as_f64().unwrap() > 0.3, "{first}");
        assert!(first["match_percentage"].as_f64().unwrap() > 80.0, "{first}");
    }
    let answer = server.get(&format!("/find_similar/?image_url={host}/2&top=4")).ok();
    let matches = answer["matches"].as_array().unwrap();
    assert_eq!(matches.len(), 4);
    assert_eq!((&matches[0]["entity_id"], &matches[0]["sku"]), (&json!("p2"), &json!(null)));
    assert_eq!(
        matches[0]["image_url"],
        format!("http://{}/v1/images/s%C3%BC%C3%9F/100%25.jpg", server.address)
    );
    let scores: Vec<f64> = matches.iter().map(|one| one["score"].as_f64().unwrap()).collect();
    assert!(scores.is_sorted_by(|a, b| a >= b), "{scores:?}");
    let bits = scores.iter().map(|score| 1.0 / score - 1.0);
    assert!(bits.clone().all(|bits| (bits - bits.round()).abs() < 1e-9), "{scores:?}");
    assert_eq!(
        server.get(&format!("/find_similar/?image_url={host}/2&top=100")).ok()["matches"]
            .as_array()
            .unwrap()
            .len(),
        6
    );
}

#[test]
fn the_first_systems_clients_get_their_errors() {
    let server = Server::start();
    let host = photo_host();
    let wrong = [
        ("".to_owned(), "missing", "image_url", json!(null)),
        ("?top=3".to_owned(), "missing", "image_url", json!(null)),
        (format!("?image_url={host}/0&top=x"), "int_parsing", "top", json!("x")),
        (format!("?image_url={host}/0&top="), "int_parsing", "top", json!("")),
        (format!("?image_url={host}/0&top=0"), "greater_than_equal", "top", json!("0")),
        (format!("?image_url={host}/0&top=1001"), "less_than_equal", "top", json!("1001")),
        (format!("?image_url={host}/gone"), "value_error", "image_url", json!(format!("{host}/gone"))),
        (format!("?image_url={host}/text"), "value_error", "image_url", json!(format!("{host}/text"))),
        ("?image_url=file:///etc/passwd".to_owned(), "value_error", "image_url", json!("file:///etc/passwd")),
        (
            "?image_url=http://169.254.169.254/".to_owned(),
            "value_error",
            "image_url",
            json!("http://169.254.169.254/"),
        ),
        ("?image_url=".to_owned(), "value_error", "image_url", json!("")),
    ];
    for (query, kind, name, input) in wrong {
        let reply = server.get(&format!("/find_similar/{query}"));
        assert_eq!(reply.status, 422, "{query}: {reply:?}");
        let body = reply.json();
        let detail = &body["detail"][0];
        assert_eq!(
            (&detail["type"], &detail["loc"], &detail["input"]),
            (&json!(kind), &json!(["query", name]), &input)
        );
        assert!(detail["msg"].as_str().is_some_and(|msg| !msg.is_empty()), "{body}");
    }
    assert_eq!(server.get("/find_similar/?top=0").json()["detail"].as_array().unwrap().len(), 2);
    let posted = server.request("POST", "/find_similar/", &[], b"");
    assert_eq!((posted.status, posted.json()), (405, json!({"detail": "Method Not Allowed"})));
}

#[test]
fn the_catalog_is_summarised_with_samples() {
    let server = Server::start();
    let answer = server.get("/v1/catalog").ok();
    assert_eq!(
        (&answer["products"], &answer["images"], &answer["samples"]),
        (&json!(6), &json!(6), &json!([]))
    );
    assert!(answer["encoders"][0]["dimensions"].as_u64().unwrap() > 0);
    let text = answer.to_string();
    assert!(!text.contains(server.folder.path().to_str().unwrap()), "a path of ours is told: {text}");
    for (asked, given) in [(1, 1), (4, 4), (24, 6)] {
        let answer = server.get(&format!("/v1/catalog?samples={asked}")).ok();
        let samples = answer["samples"].as_array().unwrap();
        let mut products: Vec<&str> = samples.iter().map(|one| one["product_id"].as_str().unwrap()).collect();
        products.sort_unstable();
        products.dedup();
        assert_eq!((samples.len(), products.len()), (given, given));
    }
    for wrong in ["samples=25", "samples=-1", "samples=x", "sample=1"] {
        server.get(&format!("/v1/catalog?{wrong}")).problem(422);
    }
}

#[test]
fn health_is_told_and_unknown_routes_are_problems() {
    let mut server = Server::start();
    assert_eq!(server.get("/healthz").ok()["status"], "ok");
    assert_eq!(server.get("/readyz").ok(), json!({"status": "ready", "products": 6, "images": 6}));
    assert_eq!(server.get("/v2/search").problem(404).0, "no_such_route");
    for (method, route, allowed) in
        [("GET", "/v1/search", "POST"), ("DELETE", "/v1/catalog", "GET,HEAD"), ("POST", "/", "GET,HEAD")]
    {
        let reply = server.request(method, route, &[], b"");
        assert_eq!(reply.problem(405).0, "method_not_allowed");
        assert_eq!(reply.header("allow"), Some(allowed));
    }
    server.stop();
    assert!(std::net::TcpStream::connect(server.address).is_err(), "it still listens");
}

#[test]
fn the_page_and_all_it_names_are_served_under_a_strict_policy() {
    let server = Server::with(ServeLimits::default(), false, 1);
    let page = server.get("/");
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    let html = String::from_utf8(page.body.clone()).unwrap();
    assert!(
        !html.contains("<style") && !html.contains("style=") && !html.contains("onclick"),
        "inline parts"
    );
    let named: Vec<&str> = html.split('"').filter(|part| part.starts_with("/page/")).collect();
    assert!(named.len() >= 3, "{named:?}");
    for path in named {
        let reply = server.get(path);
        assert_eq!(reply.status, 200, "{path}");
        assert!(!reply.header("content-type").unwrap().contains("html"), "{path}");
    }
    server.get("/page/other.js").problem(404);
}

#[test]
fn listening_beyond_this_machine_needs_a_word_from_the_operator() {
    use lookalike::http::auth::Role;
    use lookalike::http::{AppState, ServeOptions, serve};
    use lookalike_engine::fetch::{FetchOptions, Fetcher};
    use lookalike_engine::search::Searcher;
    use lookalike_engine::store::embedded::EmbeddedStore;
    use lookalike_vision::{encoder::Encoder, look::Look};
    use std::sync::Arc;

    let folder = tempfile::tempdir().unwrap();
    let encoder: Arc<dyn Encoder> = Arc::new(Look::default());
    let store =
        EmbeddedStore::create(&folder.path().join("shop.lookalike"), &[encoder.id().clone()]).unwrap();
    let searcher = Searcher::new(Arc::new(store), encoder).unwrap();
    let fetcher = Fetcher::new(FetchOptions::default()).unwrap();
    let state = AppState::new(searcher, fetcher, ServeLimits::default()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let refusals = [
        ("0.0.0.0:0".to_owned(), None, "keys add"),
        ("[::]:0".to_owned(), None, "--anonymous"),
        ("nonsense".to_owned(), Some(Role::Read), "host:port"),
        (taken.local_addr().unwrap().to_string(), None, "another program"),
    ];
    for (listen, anonymous, says) in refusals {
        let options = ServeOptions { anonymous, ..ServeOptions::on(listen.clone()) };
        let refused = runtime.block_on(serve(state.clone(), &options, |_| {}, async {}));
        let told = format!("{:#}", refused.unwrap_err());
        assert!(told.contains(says), "{listen}: {told}");
    }
    let options = ServeOptions { anonymous: Some(Role::Read), ..ServeOptions::on("0.0.0.0:0") };
    runtime.block_on(serve(state, &options, |address| assert_ne!(address.port(), 0), async {})).unwrap();
}
