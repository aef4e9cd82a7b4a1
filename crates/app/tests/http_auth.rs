//! Who is let in: keys, their roles, the names a local server answers to, and limits of how often.

#![expect(clippy::unwrap_used, reason = "a scenario that cannot go on fails right there")]

mod http_server;

use http_server::{Reply, Server};
use lookalike::http::ServeOptions;
use lookalike::http::auth::{Keys, Rate, Role};
use serde_json::json;
use std::num::NonZero;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

/// A server that others could reach, and its file of keys.
fn guarded(anonymous: Option<Role>, rate: Option<Rate>) -> (Server, PathBuf, tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.toml");
    let (key, _) = Keys::add(&path, Role::Read, "first").unwrap();
    let options = ServeOptions { anonymous, rate, keys: Some(path.clone()), ..ServeOptions::on("0.0.0.0:0") };
    (Server::serving(options), path, folder, key)
}

fn get_with(server: &Server, target: &str, key: &str) -> Reply {
    server.request("GET", target, &[("authorization", &format!("Bearer {key}"))], b"")
}

#[test]
fn without_a_key_a_server_that_others_reach_tells_nothing_of_its_catalog() {
    let (server, _path, _folder, key) = guarded(None, None);
    for target in ["/v1/catalog", "/v1/images/shoes/a.png", "/v1/images/none"] {
        let reply = server.get(target);
        let (code, detail) = reply.problem(401);
        assert_eq!(code, "unauthorized");
        assert!(detail.contains("Bearer"), "{detail}");
        assert_eq!(reply.header("www-authenticate"), Some("Bearer"), "{target}");
        assert_ne!(get_with(&server, target, &key).status, 401, "{target}");
    }
    for target in ["/v1/search", "/v1/check", "/similarity-search", "/upload", "/postURL", "/postImage"] {
        assert_eq!(server.post_json(target, &json!({"product_id": "p0"})).status, 401, "{target}");
    }
    // Older clients are told under the key that they read.
    let told = |reply: Reply, key: &str| {
        assert_eq!((reply.status, reply.header("www-authenticate")), (401, Some("Bearer")), "{key}");
        assert!(reply.json()[key].as_str().is_some_and(|told| told.contains("Bearer")), "{reply:?}");
    };
    told(server.get("/find_similar/?image_url=x"), "detail");
    told(server.post_json("/similarity-search", &json!({})), "error");
    told(server.post_json("/postURL", &json!({"url": "http://shop.example"})), "error");
    // The probes of whatever runs it, the page and the description are for anybody.
    for target in ["/healthz", "/readyz", "/openapi.json", "/"] {
        assert_eq!(server.get(target).status, 200, "{target}");
    }
    assert_eq!(server.get("/v1/nothing").status, 404);
}

#[test]
fn a_key_works_in_either_header_and_a_wrong_one_is_refused_everywhere() {
    let (server, _path, _folder, key) = guarded(Some(Role::Read), None);
    assert_eq!(get_with(&server, "/v1/catalog", &key).status, 200);
    assert_eq!(server.request("GET", "/v1/catalog", &[("x-api-key", &key)], b"").status, 200);
    assert_eq!(server.get("/v1/catalog").status, 200, "anybody may read here");
    get_with(&server, "/v1/catalog", "lk_00000000_nonsense").problem(401);

    let local = Server::start();
    get_with(&local, "/v1/catalog", &key).problem(401);
}

#[test]
fn keys_are_replaced_while_the_server_runs() {
    let (server, path, _folder, old) = guarded(None, None);
    let (new, _) = Keys::add(&path, Role::Read, "second").unwrap();
    let until = |key: &str, status: u16| {
        let begun = Instant::now();
        while get_with(&server, "/v1/catalog", key).status != status {
            assert!(begun.elapsed() < Duration::from_secs(60), "the change was not taken over");
            thread::sleep(Duration::from_millis(100));
        }
    };
    until(&new, 200);
    assert_eq!(get_with(&server, "/v1/catalog", &old).status, 200, "both count");
    let id = old.split('_').nth(1).unwrap();
    Keys::revoke(&path, id).unwrap();
    until(&old, 401);
    assert_eq!(get_with(&server, "/v1/catalog", &new).status, 200);
}

#[test]
fn pages_that_point_their_own_name_at_this_machine_get_nothing() {
    let options = ServeOptions { hosts: vec!["Shop.internal".to_owned()], ..ServeOptions::on("127.0.0.1:0") };
    let server = Server::serving(options);
    let named = |host: &str| server.request("GET", "/v1/catalog", &[("host", host)], b"");
    for host in ["evil.example", "127.0.0.1.evil.example:8000", "192.168.0.1"] {
        let (code, detail) = named(host).problem(421);
        assert_eq!(code, "misdirected");
        assert!(detail.contains("--host"), "{detail}");
    }
    for host in ["localhost", "127.0.0.1:1", "[::1]:8000", "shop.internal:8000"] {
        assert_eq!(named(host).status, 200, "{host}");
    }
}

#[test]
fn who_asks_too_often_is_turned_away_with_a_time_to_come_back() {
    let rate = Rate { per_second: NonZero::<u32>::MIN, burst: NonZero::new(3).unwrap() };
    let (server, _path, _folder, key) = guarded(Some(Role::Read), Some(rate));
    let replies: Vec<Reply> = (0..12)
        .map(|_| server.request("GET", "/v1/images/none", &[("x-forwarded-for", "198.51.100.1")], b""))
        .collect();
    let refused: Vec<&Reply> = replies.iter().filter(|reply| reply.status == 429).collect();
    assert!(replies.iter().take(3).all(|reply| reply.status == 404));
    assert!(!refused.is_empty());
    for reply in refused {
        assert_eq!(reply.problem(429).0, "too_many_requests");
        assert!(reply.header("retry-after").unwrap().parse::<u32>().unwrap() >= 1);
    }
    // Somebody else is not held up.
    assert_eq!(get_with(&server, "/v1/catalog", &key).status, 200);
    assert_eq!(server.get("/healthz").status, 200);
}
