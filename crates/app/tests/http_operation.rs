//! What whoever runs the server sees: counts, request ids, readiness, an end that loses nothing.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "a scenario that cannot go on fails right there"
)]

mod http_server;

use http_server::stock::{drawing, jpeg, photo_host};
use http_server::{Reply, Server};
use lookalike::http::ServeOptions;
use lookalike::http::auth::{Keys, Role};
use serde_json::json;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

/// The value of one line of the metrics.
#[track_caller]
fn value(text: &str, name: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {name} in\n{text}")).parse().unwrap()
}

fn metrics(server: &Server) -> String {
    let reply = server.get("/metrics");
    assert_eq!(reply.status, 200, "{reply:?}");
    String::from_utf8(reply.body).unwrap()
}

#[test]
fn requests_are_counted_by_route_and_not_by_what_callers_write() {
    let server = Server::start();
    server.post_json("/v1/search", &json!({"product_id": "p0"})).ok();
    server.post_json("/v1/search", &json!({"product_id": "p1"})).ok();
    server.post_json("/v1/search", &json!({"product_id": "nobody"})).problem(404);
    assert_eq!(server.get("/v1/images/shirts/red%201.jpg?width=32").status, 200);
    server.get("/v1/images/none.jpg").problem(404);
    server.get("/secret-path/lk_1234").problem(404);
    server.request("BREW", "/v1/search", &[], b"").problem(405);
    let host = photo_host();
    server.get(&format!("/find_similar/?image_url={host}/1")).ok();

    let text = metrics(&server);
    let requests = |labels: &str| value(&text, &format!("lookalike_http_requests_total{{{labels}}}"));
    assert_eq!(requests(r#"method="POST",route="/v1/search",status="200""#), 2.0);
    assert_eq!(requests(r#"method="POST",route="/v1/search",status="404""#), 1.0);
    assert_eq!(requests(r#"method="GET",route="/v1/images/{*id}",status="404""#), 1.0);
    assert_eq!(requests(r#"method="GET",route="none",status="404""#), 1.0);
    assert_eq!(requests(r#"method="OTHER",route="/v1/search",status="405""#), 1.0);
    let labels = r#"{method="POST",route="/v1/search"}"#;
    assert_eq!(value(&text, &format!("lookalike_http_request_duration_seconds_count{labels}")), 3.0);
    assert!(!text.contains("secret") && !text.contains("red%201") && !text.contains("BREW"), "{text}");

    assert_eq!(value(&text, r#"lookalike_stage_duration_seconds_count{stage="fetch"}"#), 1.0);
    assert_eq!(value(&text, r#"lookalike_stage_duration_seconds_count{stage="search"}"#), 3.0);
    assert_eq!(
        (value(&text, "lookalike_catalog_products"), value(&text, "lookalike_catalog_images")),
        (6.0, 6.0)
    );
    assert_eq!((value(&text, "lookalike_places"), value(&text, "lookalike_places_taken")), (64.0, 0.0));
    // This very request.
    assert_eq!(value(&text, "lookalike_http_requests_in_flight"), 1.0);
    assert!(value(&text, "process_resident_memory_bytes") > 1e6);
}

#[test]
fn copies_of_photos_from_the_web_are_counted_as_there_or_not() {
    let server = Server::start();
    // Stored as a file in the catalog of the tests: nothing is looked up.
    assert_eq!(server.get("/v1/images/shoes/a.png").status, 200);
    let text = metrics(&server);
    for result in ["hit", "miss"] {
        assert_eq!(
            value(&text, &format!("lookalike_photo_cache_requests_total{{result=\"{result}\"}}")),
            0.0
        );
    }
}

#[test]
fn the_format_is_the_one_asked_for() {
    let server = Server::start();
    for (accept, media_type) in [
        (
            "application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.3",
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
        ),
        ("*/*", "text/plain; version=0.0.4; charset=utf-8"),
    ] {
        let reply = server.request("GET", "/metrics", &[("accept", accept)], b"");
        assert_eq!((reply.status, reply.header("content-type")), (200, Some(media_type)));
        assert!(reply.body.ends_with(b"# EOF\n"));
    }
}

#[test]
fn where_keys_are_asked_for_metrics_take_an_admins() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.toml");
    let key = |role| Keys::add(&path, role, "").unwrap().0;
    let (reader, admin) = (key(Role::Read), key(Role::Admin));
    let options = ServeOptions {
        keys: Some(path.clone()),
        anonymous: Some(Role::Read),
        ..ServeOptions::on("0.0.0.0:0")
    };
    let server = Server::serving(options);
    let with = |key: &str| server.request("GET", "/metrics", &[("x-api-key", key)], b"");
    server.get("/metrics").problem(401);
    with(&reader).problem(403);
    assert_eq!(with(&admin).status, 200);
}

#[test]
fn every_answer_has_the_callers_request_id_or_one_of_ours() {
    let server = Server::start();
    let id = "Root=1-67891233-abcdef";
    for target in ["/healthz", "/v1/catalog", "/v1/nothing", "/v1/search", "/", "/v1/images/none"] {
        let reply = server.request("GET", target, &[("x-request-id", id)], b"");
        assert_eq!(reply.header("x-request-id"), Some(id), "{target}: {reply:?}");
    }
    let refused =
        server.request("GET", "/v1/catalog", &[("x-request-id", id), ("host", "evil.example")], b"");
    assert_eq!((refused.status, refused.header("x-request-id")), (421, Some(id)));
    let made = |headers: &[(&str, &str)]| {
        let reply = server.request("GET", "/healthz", headers, b"");
        reply.header("x-request-id").unwrap().to_owned()
    };
    let long = "x".repeat(129);
    let all =
        [made(&[]), made(&[]), made(&[("x-request-id", "two words")]), made(&[("x-request-id", &long)])];
    assert!(
        all.iter().all(|id| id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit())),
        "{all:?}"
    );
    assert_ne!(all[0], all[1]);
}

#[test]
fn a_server_that_is_about_to_stop_is_alive_and_answers_but_is_not_ready() {
    let options = ServeOptions { drain: Duration::from_secs(3600), ..ServeOptions::on("127.0.0.1:0") };
    let mut server = Server::serving(options);
    assert_eq!(server.get("/readyz").status, 200);
    server.tell_to_stop();
    let begun = Instant::now();
    while server.get("/readyz").status == 200 {
        assert!(begun.elapsed() < Duration::from_secs(60), "it stays ready");
        thread::sleep(Duration::from_millis(20));
    }
    let reply = server.get("/readyz");
    assert_eq!((reply.problem(503).0.as_str(), reply.header("retry-after")), ("stopping", Some("1")));
    assert_eq!(server.get("/healthz").status, 200);
    let found = server.post_json("/v1/search", &json!({"product_id": "p0"}));
    found.ok();
    // Callers are sent off to make their next connection elsewhere, even those who would stay.
    let kept = server.raw(format!("GET /healthz HTTP/1.1\r\nhost: {}\r\n\r\n", server.address).as_bytes());
    assert_eq!((kept.status, kept.header("connection")), (200, Some("close")));
}

#[test]
fn a_request_that_was_accepted_is_answered_though_the_server_stops() {
    let mut server = Server::start();
    let photo = jpeg(&drawing(2), 80);
    let form = [
        b"--XYZ\r\ncontent-disposition: form-data; name=\"image\"; filename=\"a\"\r\n\r\n".as_slice(),
        &photo,
        b"\r\n--XYZ--\r\n",
    ]
    .concat();
    let head = format!(
        "POST /v1/check HTTP/1.1\r\nhost: {}\r\ncontent-type: multipart/form-data; boundary=XYZ\r\ncontent-length: {}\r\n\r\n",
        server.address,
        form.len()
    );
    let mut socket = TcpStream::connect(server.address).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    socket.write_all(head.as_bytes()).unwrap();
    let (first, second) = form.split_at(100);
    socket.write_all(first).unwrap();
    // It, and the one that asks.
    let under_way = || value(&metrics(&server), "lookalike_http_requests_in_flight") == 2.0;
    let begun = Instant::now();
    while !under_way() {
        assert!(begun.elapsed() < Duration::from_secs(60), "the request is not taken in");
        thread::sleep(Duration::from_millis(20));
    }
    server.tell_to_stop();
    let begun = Instant::now();
    while TcpStream::connect(server.address).is_ok() {
        assert!(begun.elapsed() < Duration::from_secs(60), "it still listens");
        thread::sleep(Duration::from_millis(20));
    }
    socket.write_all(second).unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).unwrap();
    let text = String::from_utf8_lossy(&answer);
    assert!(text.starts_with("HTTP/1.1 200 OK"), "{text}");
    assert!(text.contains("\"verdict\""), "{text}");
    server.stop();
}

#[test]
fn who_sends_nothing_does_not_keep_the_server_from_stopping() {
    let options = ServeOptions { stop_timeout: Some(Duration::ZERO), ..ServeOptions::on("127.0.0.1:0") };
    let mut server = Server::serving(options);
    let _silent = TcpStream::connect(server.address).unwrap();
    let reply: Reply = server.get("/healthz");
    assert_eq!(reply.status, 200);
    server.stop();
}
