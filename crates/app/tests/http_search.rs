//! Searching and checking over HTTP: every way to name the picture, and everything that can be wrong with it.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a scenario that cannot go on fails right there"
)]

mod http_server;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http_server::stock::{drawing, jpeg, photo, photo_host, silent_host};
use http_server::{IMAGES, Part, Server};
use lookalike::http::ServeLimits;
use serde_json::{Value, json};

fn best(answer: &Value) -> (&str, f64) {
    let list = if answer["results"].is_array() { &answer["results"] } else { &answer["matches"] };
    (list[0]["product_id"].as_str().unwrap(), list[0]["match_percent"].as_f64().unwrap())
}

#[test]
fn a_stored_photo_finds_itself_however_it_is_named() {
    let server = Server::start();
    let host = photo_host();
    let encoded = STANDARD.encode(photo(2));
    let wrapped =
        encoded.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect::<Vec<_>>();
    let questions = [
        json!({"image": encoded}),
        json!({"image": encoded.trim_end_matches('=')}),
        json!({"image": wrapped.join("\r\n")}),
        json!({"image": format!("data:image/jpeg;base64,{encoded}")}),
        json!({"image_id": IMAGES[2]}),
        json!({"product_id": "p2"}),
    ];
    for question in questions {
        let answer = server.post_json("/v1/search", &question).ok();
        assert_eq!(best(&answer), ("p2", 100.0), "{question}");
        let first = &answer["results"][0];
        assert_eq!(first["image_id"], IMAGES[2]);
        assert_eq!(first["class"], "identical");
        assert_eq!(first["score"], 1.0);
        assert_eq!(first["fields"], json!({"name": "Product 2", "price": 12}));
        assert_eq!(first["image_url"], "/v1/images/s%C3%BC%C3%9F/100%25.jpg");
        assert_eq!(first["evidence"]["same_bytes"], true);
        assert_eq!(first["evidence"]["phash_bits"], 0);
        assert_eq!(answer["results"].as_array().unwrap().len(), IMAGES.len());
        assert!(answer["encoder"].as_str().unwrap().starts_with("look"), "{answer}");
        assert!(answer["took_ms"].as_f64().unwrap() > 0.0);
    }
    let by_form = server.post_form("/v1/search", &[("image", Some("a.jpg"), &photo(3))]).ok();
    assert_eq!(best(&by_form), ("p3", 100.0));
    let by_url = server.post_form("/v1/search", &[("image_url", None, format!("{host}/4").as_bytes())]).ok();
    assert_eq!(best(&by_url).0, "p4");
}

#[test]
fn top_mode_and_min_percent_shape_the_answer() {
    let server = Server::start();
    let search = |extra: Value| {
        let mut question = json!({"image_id": IMAGES[1]});
        question.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        server.post_json("/v1/search", &question).ok()["results"].as_array().unwrap().clone()
    };
    assert_eq!(search(json!({"top": 2})).len(), 2);
    assert_eq!(search(json!({"min_percent": 100})).len(), 1);
    for mode in ["auto", "duplicate", "similar"] {
        let found = search(json!({"mode": mode}));
        assert_eq!(found[0]["product_id"], "p1", "{mode}");
        let percents: Vec<f64> = found.iter().map(|one| one["match_percent"].as_f64().unwrap()).collect();
        assert!(percents.is_sorted_by(|a, b| a >= b), "{percents:?}");
    }
    let form: &[Part<'_>] = &[
        ("image", Some("x"), &photo(1)),
        ("top", None, b"3"),
        ("mode", None, b"similar"),
        ("min_percent", None, b"0.5"),
    ];
    assert!(server.post_form("/v1/search", form).ok()["results"].as_array().unwrap().len() <= 3);
}

#[test]
fn check_tells_a_copy_from_a_stranger() {
    let server = Server::start();
    let same = server.post_form("/v1/check", &[("image", Some("a"), &photo(0))]).ok();
    assert_eq!(same["verdict"], "identical");
    assert_eq!(best(&same), ("p0", 100.0));

    let smaller = image::imageops::resize(&drawing(0), 150, 200, image::imageops::FilterType::Triangle);
    let copy = server.post_form("/v1/check", &[("image", Some("a"), &jpeg(&smaller, 60))]).ok();
    assert!(["identical", "edited_copy"].contains(&copy["verdict"].as_str().unwrap()), "{copy}");
    assert_eq!(best(&copy).0, "p0");

    // min_percent shortens the list and leaves the verdict.
    let question = json!({"image": STANDARD.encode(jpeg(&smaller, 60)), "min_percent": 100});
    let short = server.post_json("/v1/check", &question).ok();
    assert_eq!((&short["verdict"], &short["matches"]), (&copy["verdict"], &json!([])));

    let (_, detail) =
        server.post_json("/v1/check", &json!({"image_id": IMAGES[0], "mode": "similar"})).problem(422);
    assert!(detail.contains("/v1/search"), "{detail}");
}

#[test]
fn an_empty_catalog_answers_with_nothing() {
    let server = Server::with(ServeLimits::default(), false, 0);
    let answer = server.post_form("/v1/search", &[("image", Some("a"), &photo(0))]).ok();
    assert_eq!(answer["results"], json!([]));
    let checked = server.post_form("/v1/check", &[("image", Some("a"), &photo(0))]).ok();
    assert_eq!((&checked["verdict"], &checked["matches"]), (&json!("none"), &json!([])));
    assert_eq!(server.get("/v1/catalog?samples=5").ok()["samples"], json!([]));
}

#[test]
fn every_wrong_question_is_the_callers_problem() {
    let server = Server::start();
    let host = photo_host();
    let id = IMAGES[0];
    let wrong = [
        (json!({}), 422, "exactly one of"),
        (json!({"image_id": id, "image": "QUJD"}), 422, "not 2 pictures"),
        (json!({"image_id": id, "product_id": "p1"}), 404, "of a product \"p1\""),
        (json!({"image_id": "nowhere"}), 404, "no image \"nowhere\""),
        (json!({"product_id": "nobody"}), 404, "no product \"nobody\""),
        (json!({"image_id": ""}), 422, "image_id"),
        (json!({"image_id": id, "top": 0}), 422, "top is 0"),
        (json!({"image_id": id, "top": 1001}), 422, "1 to 1000"),
        (json!({"image_id": id, "top": -1}), 422, "invalid value"),
        (json!({"image_id": id, "top": 1e99}), 422, "invalid type"),
        (json!({"image_id": id, "min_percent": 101}), 422, "0 to 100"),
        (json!({"image_id": id, "min_percent": 1e30}), 422, "min_percent"),
        (json!({"image_id": id, "mode": "psychic"}), 422, "unknown variant"),
        (json!({"image_id": id, "limit": 3}), 422, "unknown field"),
        (json!({"image_id": 7}), 422, "expected a string"),
        (json!([1, 2]), 422, "JSON"),
        (json!({"image": ""}), 422, "image is empty"),
        (json!({"image": "!!!"}), 422, "base64"),
        (json!({"image": "data:image/png,abc"}), 422, "not a base64 one"),
        (json!({"image": STANDARD.encode("no picture")}), 422, "image"),
        (json!({"image": STANDARD.encode(&photo(0)[..500])}), 422, "image"),
        (json!({"image_url": "ftp://host/a"}), 422, "only http and https"),
        (json!({"image_url": "nonsense"}), 422, "not a URL"),
        (json!({"image_url": "http://169.254.169.254/latest"}), 422, "never contacted"),
        (json!({"image_url": format!("{host}/metadata")}), 422, "never contacted"),
        (json!({"image_url": format!("{host}/gone?key=s3cret")}), 422, "status 404"),
        (json!({"image_url": format!("{host}/text")}), 422, "/text"),
    ];
    for (question, status, says) in wrong {
        for route in ["/v1/search", "/v1/check"] {
            let (_, detail) = server.post_json(route, &question).problem(status);
            assert!(detail.contains(says), "{question}: {detail}");
            assert!(!detail.contains("s3cret"), "{detail}");
        }
    }
}

#[test]
fn every_wrong_form_is_the_callers_problem() {
    let server = Server::start();
    let picture = photo(0);
    let image: Part<'_> = ("image", Some("a.jpg"), &picture);
    let wrong: [(&[Part<'_>], &str); 7] = [
        (&[], "exactly one of"),
        (&[image, image], "more than once"),
        (&[image, ("image_id", None, b"x")], "not 2 pictures"),
        (&[image, ("top", None, b"many")], "a whole number"),
        (&[image, ("min_percent", None, b"NaN")], "0 to 100"),
        (&[image, ("mode", None, b"loud")], "auto, duplicate or similar"),
        (&[image, ("color", None, b"red")], "has a field \"color\""),
    ];
    for (form, says) in wrong {
        let (_, detail) = server.post_form("/v1/search", form).problem(422);
        assert!(detail.contains(says), "{detail}");
    }
    let (_, empty) = server.post_form("/v1/search", &[("image", Some("a.jpg"), b"")]).problem(422);
    assert!(empty.contains("image is empty"), "{empty}");

    let typed = |media_type: &'static str, body: &[u8]| {
        server.request("POST", "/v1/search", &[("content-type", media_type)], body)
    };
    typed("text/plain", b"hello").problem(415);
    server.request("POST", "/v1/search", &[], b"{}").problem(415);
    typed("multipart/form-data", b"x").problem(400);
    typed("multipart/form-data; boundary=XYZ", b"not a form").problem(400);
    typed(
        "multipart/form-data; boundary=XYZ",
        b"--XYZ\r\ncontent-disposition: form-data; name=\"image\"\r\n\r\ncut",
    )
    .problem(400);
    typed("application/json", b"{\"image_id\": ").problem(400);
    typed("application/json", b"").problem(400);
    typed("application/json", b"\xff\xfe").problem(400);
    typed("application/json; charset=utf-8", format!("{{\"image_id\": {:?}}}", IMAGES[0]).as_bytes()).ok();
}

#[test]
fn private_addresses_are_refused_unless_the_operator_allows_them() {
    let host = photo_host();
    let port = host.rsplit(':').next().unwrap();
    let guarded = Server::with(ServeLimits::default(), false, 1);
    for name in ["127.0.0.1", "localhost", "2130706433", "[::ffff:127.0.0.1]", "127.1"] {
        let url = format!("http://{name}:{port}/0");
        let (code, detail) = guarded.post_json("/v1/search", &json!({"image_url": url})).problem(422);
        assert_eq!(code, "url_refused", "{detail}");
        assert!(detail.contains("--allow-private-urls"), "{detail}");
    }
}

#[test]
fn a_body_over_the_limit_is_told_so() {
    let server = Server::start();
    let large = vec![b'x'; 3 << 20];
    let (code, detail) = server.post_form("/v1/search", &[("image", Some("a"), &large)]).problem(413);
    assert_eq!(code, "too_large");
    assert!(detail.contains("1048576"), "{detail}");
    // Announced far too large: answered before it is sent.
    let announced = b"POST /v1/search HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: 99999999999\r\n\r\n";
    server.raw(announced).problem(413);
}

#[test]
fn requests_beyond_the_places_are_turned_away_and_told_when_to_come_back() {
    // Given a server with one place, taken by a caller whose picture's host does not answer,
    let server = Server::with(ServeLimits { places: 1, ..ServeLimits::default() }, true, 1);
    let (host, callers) = silent_host();
    let mut waiting = std::net::TcpStream::connect(server.address).unwrap();
    let body = json!({"image_url": format!("{host}/a.jpg")}).to_string();
    let head = format!(
        "POST /v1/search HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    std::io::Write::write_all(&mut waiting, format!("{head}{body}").as_bytes()).unwrap();
    let asked_for_the_picture = callers.recv().unwrap();
    // when another one asks,
    let ask = || server.post_json("/v1/search", &json!({"image_id": IMAGES[0]}));
    let turned_away = ask();
    // then that one is turned away, with a long body no less than with a short one, and served once the first is gone.
    assert_eq!(turned_away.problem(503).0, "busy");
    assert_eq!(turned_away.header("retry-after"), Some("1"));
    let long = server.post_json("/v1/search", &json!({"text": "x".repeat(8 << 20)}));
    assert_eq!(long.problem(503).0, "busy");
    drop((asked_for_the_picture, callers));
    assert!(std::iter::repeat_with(ask).take(20_000).any(|reply| reply.status == 200));
}

#[test]
fn callers_who_send_slowly_hold_up_nobody() {
    // Given a server with one place, and callers whose bodies do not come,
    let server = Server::with(ServeLimits { places: 1, ..ServeLimits::default() }, false, 1);
    let head = b"POST /v1/search HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n";
    let slow = || {
        let mut slow = std::net::TcpStream::connect(server.address).unwrap();
        std::io::Write::write_all(&mut slow, head).unwrap();
        let mut told = [0; 12];
        std::io::Read::read_exact(&mut slow, &mut told).unwrap();
        assert_eq!(&told, b"HTTP/1.1 100");
        slow
    };
    let _slow: Vec<_> = std::iter::repeat_with(slow).take(8).collect();
    // when another one asks, then that one is served.
    server.post_json("/v1/search", &json!({"image_id": IMAGES[0]})).ok();
}

#[test]
fn bodies_that_do_not_fit_in_memory_together_are_turned_away() {
    // Given room for four small bodies and many more of them on their way,
    let limits = ServeLimits { bodies_bytes: 256 << 10, ..ServeLimits::default() };
    let server = Server::with(limits, false, 1);
    let head = b"POST /v1/search HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 50000\r\n\r\n";
    let slow = || {
        let mut slow = std::net::TcpStream::connect(server.address).unwrap();
        std::io::Write::write_all(&mut slow, &[&head[..], &[b' '; 40_000]].concat()).unwrap();
        slow
    };
    let slow: Vec<_> = std::iter::repeat_with(slow).take(40).collect();
    // when one more comes, then it is turned away, and served once the others are gone.
    let ask = || server.post_json("/v1/search", &json!({"image_id": IMAGES[0]}));
    let turned_away = std::iter::repeat_with(ask).take(20_000).find(|reply| reply.status != 200).unwrap();
    assert_eq!(turned_away.problem(503).0, "busy");
    drop(slow);
    assert!(std::iter::repeat_with(ask).take(20_000).any(|reply| reply.status == 200));
}

#[test]
fn a_body_that_does_not_come_is_given_up() {
    let limits =
        ServeLimits { body_timeout: std::time::Duration::from_millis(100), ..ServeLimits::default() };
    let server = Server::with(limits, false, 1);
    let stalled = b"POST /v1/search HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n{";
    assert_eq!(server.raw(stalled).problem(408).0, "too_slow");
}
