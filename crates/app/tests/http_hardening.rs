//! What hostile callers try, and how it is refused: each costs them a clear answer or their connection, and others nothing.

#![expect(clippy::indexing_slicing, reason = "a scenario that cannot go on fails right there")]

mod http_server;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http_server::stock::photo;
use http_server::{IMAGES, Part, Reply, Server};
use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};
use lookalike::http::auth::Role;
use lookalike::http::{ServeLimits, ServeOptions};
use serde_json::json;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Others are served as ever.
#[track_caller]
fn assert_serves(server: &Server) {
    let found = server.post_json("/v1/search", &json!({"image_id": IMAGES[0], "top": 1})).ok();
    assert_eq!(found["results"][0]["product_id"], "p0");
}

fn post(server: &Server, headers: &[(&str, &str)], body: &[u8]) -> Reply {
    let typed = [&[("content-type", "application/json")], headers].concat();
    server.request("POST", "/v1/search", &typed, body)
}

#[test]
fn addresses_that_are_not_public_are_not_fetched_whoever_asks() {
    let server = Server::with(ServeLimits::default(), false, 1);
    for url in [
        "http://127.0.0.1/",
        "http://localhost:22/",
        "http://[::1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://0x7f.1/",
        "http://2130706433/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[fd00:ec2::254]/",
        "http://192.168.1.1/",
        "http://100.64.0.1/",
        "http://0.0.0.0:8000/",
        "http://user:secret@10.0.0.1/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:6379/_SET%20a%20b",
        "http://shop.example\u{0}.127.0.0.1/",
    ] {
        for target in ["/v1/search", "/v1/check"] {
            let (code, detail) = server.post_json(target, &json!({"image_url": url})).problem(422);
            assert_eq!(code, "url_refused", "{url}: {detail}");
            assert!(!detail.contains("secret"), "{detail}");
        }
        let refused = server.post_json("/postURL", &json!({"url": url, "k": 1}));
        assert_eq!((refused.status, &refused.json()["images"]), (422, &json!([])), "{url}");
        let encoded: String = url.bytes().map(|byte| format!("%{byte:02X}")).collect();
        assert_eq!(server.get(&format!("/find_similar/?image_url={encoded}")).status, 422, "{url}");
    }
    assert_serves(&server);
}

#[test]
fn no_path_leads_to_a_file_that_is_not_indexed() {
    let server = Server::start();
    let secret = server.folder.path().join("secret.txt");
    std::fs::write(&secret, "root:x:0:0").unwrap();
    let absolute = secret.to_str().unwrap();
    for target in [
        "/v1/images/../secret.txt",
        "/v1/images/..%2fsecret.txt",
        "/v1/images/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "/v1/images/..%5c..%5cetc%5cpasswd",
        "/v1/images/....//....//etc/passwd",
        "/v1/images//etc/passwd",
        "/v1/images/%252e%252e%252fetc%252fpasswd",
        "/v1/images/photo-0/../secret.txt",
        "/v1/images/shirts/red%201.jpg%00.txt",
        "/v1/images/file:%2f%2f%2fetc%2fpasswd",
        &format!("/v1/images/{absolute}"),
        &format!("/v1/images/{}", absolute.replace('/', "%2F")),
        "/page/../../Cargo.toml",
        "/page/..%2f..%2fCargo.toml",
        "/docs/..%2f..%2fCargo.toml",
        "/../../../../etc/passwd",
        "//etc/passwd",
    ] {
        let reply = server.get(target);
        let told = String::from_utf8_lossy(&reply.body).into_owned();
        assert!([400, 404].contains(&reply.status), "{target}: {}", reply.head);
        assert!(!told.contains("root:x") && !told.contains("[package]"), "{target}: {told}");
    }
    assert_serves(&server);
}

#[test]
fn nothing_that_a_caller_writes_becomes_a_header() {
    let options = ServeOptions { anonymous: Some(Role::Read), ..ServeOptions::on("127.0.0.1:0") };
    let server = Server::serving(options);
    for target in [
        "/v1/images/a%0d%0aX-Evil:%201",
        "/v1/images/shirts/red%201.jpg?width=64%0d%0aX-Evil:%201",
        "/v1/catalog/facets?fields=a%0d%0aX-Evil:%201",
        "/nothing%0d%0aX-Evil:%201",
        "/docs/a%0d%0aX-Evil:%201",
    ] {
        let reply = server.get(target);
        assert!((400..500).contains(&reply.status), "{target}: {}", reply.head);
        assert_eq!(reply.header("x-evil"), None, "{target}");
    }
    // A host that is none does not come back in addresses.
    let body =
        json!({"photoData": format!("data:image/jpeg;base64,{}", STANDARD.encode(photo(0)))}).to_string();
    for host in ["evil.example/\"><script>", "a b", "evil.example\\@shop.example", ""] {
        let headers = [("content-type", "application/json"), ("host", host)];
        let reply = server.request("POST", "/upload", &headers, body.as_bytes());
        let told = String::from_utf8_lossy(&reply.body).into_owned();
        assert!(!told.contains("script") && !told.contains('\\'), "{host}: {told}");
    }
    // Two lengths, or a length that is none, may hide a second request.
    for lengths in ["content-length: 2\r\ncontent-length: 40", "content-length: +2", "content-length: 2, 40"]
    {
        let head = format!(
            "POST /v1/search HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{lengths}\r\n\r\n{{}}"
        );
        assert_eq!(server.raw(head.as_bytes()).status, 400, "{lengths}");
    }
    assert_serves(&server);
}

#[test]
fn a_head_that_is_too_large_is_refused() {
    let server = Server::start();
    let long = "x".repeat(1 << 20);
    let refused = |head: String| {
        let mut socket = TcpStream::connect(server.address).unwrap();
        // It may be cut off before it has sent all.
        let _ = socket.write_all(head.as_bytes());
        let mut answer = Vec::new();
        let _ = socket.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    };
    refused(format!("GET /{long} HTTP/1.1\r\nhost: localhost\r\n\r\n"));
    refused(format!("GET / HTTP/1.1\r\nhost: localhost\r\nx-long: {long}\r\n\r\n"));
    refused(format!("GET / HTTP/1.1\r\nhost: localhost\r\n{}\r\n", "a: b\r\n".repeat(10_000)));
    assert_serves(&server);
}

#[test]
fn callers_who_send_drop_by_drop_are_cut_off_and_hold_up_nobody() {
    let head_timeout = Some(Duration::from_millis(200));
    let server = Server::serving(ServeOptions { head_timeout, ..ServeOptions::on("127.0.0.1:0") });
    let slow = || {
        let mut socket = TcpStream::connect(server.address).unwrap();
        socket.write_all(b"GET /v1/catalog HTTP/1.1\r\nhost: localhost\r\nx-slow: ").unwrap();
        socket
    };
    let slow: Vec<TcpStream> = std::iter::repeat_with(slow).take(100).collect();
    assert_serves(&server);
    for mut socket in slow {
        socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let mut answer = Vec::new();
        // Closed, with or without a word, and without an answer to what was never asked.
        let _ = socket.read_to_end(&mut answer);
        assert!(!answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
    }
    assert_serves(&server);
}

#[test]
fn chunked_bodies_are_bounded_like_others() {
    let server = Server::start();
    let head = "POST /v1/search HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    // Over the limit of 1 MiB: told so.
    let over = format!("{head}{}0\r\n\r\n", chunk.repeat(20));
    assert_eq!(server.raw(over.as_bytes()).problem(413).0, "too_large");
    // Without an end: cut off.
    let mut socket = TcpStream::connect(server.address).unwrap();
    socket.write_all(head.as_bytes()).unwrap();
    let sent = (0..10_000).take_while(|_| socket.write_all(chunk.as_bytes()).is_ok()).count();
    assert!(sent < 10_000, "it took {sent} chunks");
    // No chunks at all.
    for body in ["zz\r\n{}\r\n0\r\n\r\n", "fffffffffffffffff\r\n{}\r\n", "-1\r\n{}\r\n0\r\n\r\n"] {
        assert_eq!(server.raw(format!("{head}{body}").as_bytes()).status, 400, "{body}");
    }
    assert_serves(&server);
}

#[test]
fn packed_bodies_are_refused_unread() {
    let server = Server::start();
    // What gzip makes of "{}": nobody looks.
    let packed = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xab, 0xae, 5, 0, 0x43, 0xbf, 0xa6, 0xa3, 2, 0, 0, 0];
    for encoding in ["gzip", "deflate", "br", "zstd", "gzip, gzip", "x-gzip"] {
        let (code, detail) = post(&server, &[("content-encoding", encoding)], &packed).problem(415);
        assert_eq!(code, "unsupported_media_type");
        assert!(detail.contains("Content-Encoding"), "{detail}");
        for (target, key) in [("/postImage", "error"), ("/similarity-search", "error"), ("/upload", "detail")]
        {
            let reply = server.request("POST", target, &[("content-encoding", encoding)], &packed);
            assert_eq!(reply.status, 415, "{target}");
            assert!(reply.json()[key].is_string(), "{target}");
        }
    }
    // One that does not say that it is packed is no JSON and no picture.
    post(&server, &[], &packed).problem(400);
    let form: [Part<'_>; 1] = [("image", Some("a.gz"), &packed)];
    server.post_form("/v1/search", &form).problem(422);
    post(&server, &[("content-encoding", "identity")], json!({"product_id": "p0"}).to_string().as_bytes())
        .ok();
}

#[test]
fn pictures_that_unpack_to_far_more_than_they_are_do_not_get_that_far() {
    let server = Server::with(ServeLimits::default(), false, 1);
    // Given 144 million grey pixels in a few hundred kilobytes,
    let mut bomb = Vec::new();
    let pixels = vec![0; 12_000 * 12_000];
    PngEncoder::new(&mut bomb).write_image(&pixels, 12_000, 12_000, ExtendedColorType::L8).unwrap();
    drop(pixels);
    assert!(bomb.len() < 1 << 20, "{}", bomb.len());
    // when they are asked about in any way, then they are refused by their header.
    for target in ["/v1/search", "/v1/check"] {
        let (code, detail) = server.post_form(target, &[("image", Some("a.png"), &bomb)]).problem(422);
        assert_eq!(code, "not_a_picture");
        assert!(detail.contains("12000"), "{detail}");
    }
    let encoded = STANDARD.encode(&bomb);
    server.post_json("/v1/search", &json!({"image": encoded})).problem(422);
    assert_eq!(server.post_form("/similarity-search", &[("file", Some("a.png"), &bomb)]).status, 400);
    assert_eq!(server.post_json("/postImage", &json!({"base64img": encoded, "k": 1})).status, 422);
    // And one whose header lies is refused where its rows end.
    let small = photo(1);
    let (width, height) = (16, 20);
    assert_eq!(&small[..8], b"\x89PNG\r\n\x1a\n");
    let mut lying = small.clone();
    lying[width..height].copy_from_slice(&60_000_u32.to_be_bytes());
    server.post_form("/v1/search", &[("image", Some("a.png"), &lying)]).problem(422);
    assert_serves(&server);
}

#[test]
fn deep_and_crowded_questions_cost_no_more_than_their_bytes() {
    let server = Server::start();
    for body in [
        format!("{{\"crop\": {}", "[".repeat(100_000)),
        format!("{{\"fields\": {}", "{\"a\":".repeat(100_000)),
        format!("[{}", "[".repeat(100_000)),
        format!("{{{}}}", "\"a\": 1,".repeat(50_000)),
    ] {
        let reply = post(&server, &[], body.as_bytes());
        assert!([400, 422].contains(&reply.status), "{}", reply.head);
        assert!(reply.body.len() < 8192, "{}", reply.body.len());
    }
    let deep = json!({"image_id": IMAGES[0], "filter": "not ".repeat(4000)});
    server.post_json("/v1/search", &deep).problem(400);
    let crowd: Vec<Part<'_>> = vec![("top", None, b"1".as_slice()); 2000];
    let crowd = [crowd, vec![("image_id", None, IMAGES[0].as_bytes())]].concat();
    server.post_form("/v1/search", &crowd).ok();
    assert_serves(&server);
}
