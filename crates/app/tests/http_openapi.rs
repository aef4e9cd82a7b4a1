//! The API's description says what the server does: every route, who is let in, and how it is shown to people.

#![expect(clippy::unwrap_used, reason = "a scenario that cannot go on fails right there")]

mod http_server;

use http_server::Server;
use lookalike::http::auth::{Keys, Role};
use lookalike::http::{Origin, ServeLimits, ServeOptions};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// Paths, methods and what is said of them.
fn operations(document: &Value) -> Vec<(String, &'static str, Value)> {
    let paths = document["paths"].as_object().unwrap().iter();
    let operations = paths.flat_map(|(path, item)| {
        let of = move |method: &'static str| Some((path.clone(), method, item.get(method)?.clone()));
        METHODS.into_iter().filter_map(of)
    });
    operations.collect()
}

fn ask(server: &Server, method: &str, path: &str, headers: &[(&str, &str)]) -> u16 {
    let path = path.replace("{id}", "none");
    server.request(&method.to_uppercase(), &path, headers, b"").status
}

#[test]
fn the_api_describes_itself() {
    let server = Server::with(ServeLimits::default(), false, 0);
    let served = server.get("/openapi.json").ok();
    // Whoever reaches this server may do everything.
    let described = serde_json::to_value(lookalike::http::described(Some(Role::Admin))).unwrap();
    assert_eq!(served, described);
    assert!(served["openapi"].as_str().unwrap().starts_with("3.1"), "{}", served["openapi"]);
    let mut document = serde_json::to_value(lookalike::http::document()).unwrap();
    // A release alone does not change the API.
    document["info"]["version"] = json!("[version]");
    insta::assert_json_snapshot!("openapi", document);
}

#[test]
fn every_route_is_described_and_nothing_else_is() {
    let sources = [include_str!("../src/http/router.rs"), include_str!("../src/http/compat/mod.rs")];
    let routes: BTreeSet<String> = sources
        .iter()
        .flat_map(|source| source.split(".route(\"").skip(1))
        .map(|rest| rest.split('"').next().unwrap().replace("{*", "{"))
        // The pages for people are no part of the API.
        .filter(|path| path != "/" && !path.starts_with("/page/") && !path.starts_with("/docs"))
        .collect();
    let document = serde_json::to_value(lookalike::http::document()).unwrap();
    let described: BTreeSet<String> = document["paths"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(routes, described);
    let server = Server::with(ServeLimits::default(), false, 1);
    for path in &described {
        for method in METHODS {
            let is_described = document["paths"][path].get(method).is_some();
            let status = ask(&server, method, path, &[]);
            assert_eq!(status != 405, is_described, "{method} {path}: {status}");
        }
    }
}

#[test]
fn who_is_let_in_is_described_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.toml");
    let keys = [Role::Read, Role::Write, Role::Admin].map(|role| Keys::add(&path, role, "").unwrap().0);
    let options = ServeOptions { keys: Some(path), ..ServeOptions::on("0.0.0.0:0") };
    let server = Server::serving(options);
    let document = server.get("/openapi.json").ok();
    assert_eq!(document, serde_json::to_value(lookalike::http::document()).unwrap());
    let schemes = document["components"]["securitySchemes"].as_object().unwrap();
    for (path, method, operation) in operations(&document) {
        let asked = format!("{method} {path}");
        let Some(security) = operation.get("security") else {
            assert_eq!(operation["responses"].get("401"), None, "{asked}");
            assert_ne!(ask(&server, method, &path, &[]), 401, "{asked}");
            continue;
        };
        for requirement in security.as_array().unwrap() {
            let (scheme, _) = requirement.as_object().unwrap().iter().next().unwrap();
            assert!(schemes.contains_key(scheme), "{asked}: {scheme}");
        }
        assert_eq!(ask(&server, method, &path, &[]), 401, "{asked}");
        assert_eq!(ask(&server, method, &path, &[("x-api-key", "lk_0_0")]), 401, "{asked}");
        let refused = keys.each_ref().map(|key| {
            let status = ask(&server, method, &path, &[("authorization", &format!("Bearer {key}"))]);
            assert_ne!(status, 401, "{asked}");
            status == 403
        });
        for status in ["401", "421", "429", "500"] {
            assert!(operation["responses"].get(status).is_some(), "{asked} {status}");
        }
        assert_eq!(operation["responses"].get("403").is_some(), refused[0], "{asked}");
        let said = operation["description"].as_str().unwrap_or_default();
        assert_eq!(said.contains("role `admin`"), refused[1], "{asked}");
        assert_eq!(said.contains("role `write`"), refused[0] && !refused[1], "{asked}");
        assert!(!refused[2], "{asked}");
    }
    // Where anybody may read, the description says so, and of the rest that a key is needed.
    let anybody = serde_json::to_value(lookalike::http::described(Some(Role::Read))).unwrap();
    for (path, method, operation) in operations(&anybody) {
        let Some(security) = operation.get("security").and_then(Value::as_array) else { continue };
        let needs_none = security.contains(&json!({}));
        assert_eq!(needs_none, operation["responses"].get("403").is_none(), "{method} {path}");
    }
}

/// What a schema is, by its name where it only has that.
fn referred<'d>(document: &'d Value, schema: &'d Value) -> &'d Value {
    let name = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next());
    name.and_then(|name| document.pointer(&format!("/components/schemas/{name}"))).unwrap_or(schema)
}

#[test]
fn every_answer_has_an_example_and_every_refusal_a_shape() {
    let document = serde_json::to_value(lookalike::http::document()).unwrap();
    for (path, method, operation) in operations(&document) {
        for (status, response) in operation["responses"].as_object().unwrap() {
            let asked = format!("{method} {path} {status}");
            assert!(response["description"].as_str().is_some_and(|text| !text.is_empty()), "{asked}");
            let Some(content) = response["content"].as_object() else {
                assert!(["204", "304"].contains(&status.as_str()), "{asked} has no body");
                continue;
            };
            for (media_type, content) in content {
                if !media_type.ends_with("json") || path == "/openapi.json" {
                    continue;
                }
                let schema = &content["schema"];
                let schema = if schema["items"].is_object() { &schema["items"] } else { schema };
                let name = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next());
                let schema = &document["components"]["schemas"][name.unwrap()];
                assert!(schema.get("example").is_some(), "{asked}: {} has no example", name.unwrap());
                let parts: Vec<&Value> = match schema["allOf"].as_array() {
                    Some(parts) => parts.iter().map(|part| referred(&document, part)).collect(),
                    None => vec![schema],
                };
                let known: BTreeSet<&String> =
                    parts.iter().flat_map(|part| part["properties"].as_object().unwrap().keys()).collect();
                let shown: BTreeSet<&String> = schema["example"].as_object().unwrap().keys().collect();
                assert!(shown.is_subset(&known), "{asked}: {shown:?} of {known:?}");
            }
        }
    }
}

#[test]
fn the_description_is_shown_to_people_without_a_network() {
    let server = Server::with(ServeLimits::default(), false, 0);
    let moved = server.get("/docs");
    assert_eq!((moved.status, moved.header("location")), (308, Some("/docs/")));
    let page = server.get("/docs/");
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("script-src 'self';"), "{policy}");
    for name in ["swagger-ui.css", "index.css", "swagger-ui-bundle.js", "swagger-initializer.js"] {
        let reply = server.get(&format!("/docs/{name}"));
        assert_eq!(reply.status, 200, "{name}");
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
        assert!(reply.body.len() > 100, "{name}");
    }
    for name in ["gone.js", "..%2f..%2fCargo.toml", "%2e%2e", "swagger-ui.css/x"] {
        server.get(&format!("/docs/{name}")).problem(404);
    }
}

#[test]
fn pages_of_other_origins_read_what_the_operator_lets_them() {
    let preflight = |server: &Server, target: &str, origin: &str| {
        let asks = [
            ("origin", origin),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "authorization,content-type"),
        ];
        let reply = server.request("OPTIONS", target, &asks, b"");
        (reply.header("access-control-allow-origin").map(str::to_owned), reply.status)
    };
    let allowed = |server: &Server, target: &str, origin: &str| {
        let reply = server.request("GET", target, &[("origin", origin)], b"");
        reply.header("access-control-allow-origin").map(str::to_owned)
    };
    let shop = "https://shop.example";
    // Nobody where nothing is said, but for the calls that pages made to older systems.
    let usual = Server::with(ServeLimits::default(), false, 1);
    assert_eq!(allowed(&usual, "/v1/catalog", shop), None);
    assert_eq!(preflight(&usual, "/v1/search", shop).0, None);
    for target in ["/upload", "/postURL", "/postImage"] {
        assert_eq!(preflight(&usual, target, shop), (Some("*".to_owned()), 200), "{target}");
    }
    // With keys: whom the operator names, everywhere, also when refused.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.toml");
    Keys::add(&path, Role::Read, "").unwrap();
    let with = |origins: Vec<Origin>| {
        let keys = Some(path.clone());
        Server::serving(ServeOptions { keys, origins, ..ServeOptions::on("0.0.0.0:0") })
    };
    let named = with(vec![shop.parse().unwrap()]);
    for target in ["/v1/search", "/upload", "/postImage", "/similarity-search"] {
        assert_eq!(preflight(&named, target, shop), (Some(shop.to_owned()), 200), "{target}");
        assert_eq!(preflight(&named, target, "https://evil.example").0, None, "{target}");
    }
    assert_eq!(allowed(&named, "/v1/catalog", shop), Some(shop.to_owned()));
    assert_eq!(allowed(&named, "/v1/catalog", "https://evil.example"), None);
    let closed = with(Vec::new());
    assert_eq!(preflight(&closed, "/upload", shop).0, None);
    let any = with(vec![Origin::Any]);
    assert_eq!(allowed(&any, "/healthz", "https://anywhere.example"), Some("*".to_owned()));
}
