//! Hubs that refuse, lie or lead astray: each is told apart, named, and tried again only where that helps.

use crate::desk::{Desk, TAG, body, options};
use crate::hub_server::HubServer;
use lookalike_engine::models::Digest;
use lookalike_engine::models::hub::{HubError, HubOptions};
use std::fs;
use std::net::TcpListener;
use std::sync::Arc;

#[test]
fn refusals_are_told_apart_and_not_repeated() {
    for (status, token, named) in [
        ("401 Unauthorized", None, "set HF_TOKEN to a token of yours"),
        ("401 Unauthorized", Some("hf_x"), "the token in HF_TOKEN is not accepted"),
        ("403 Forbidden", None, "/somebody/model and set HF_TOKEN"),
        ("403 Forbidden", Some("hf_x"), "check that account's HF_TOKEN"),
        ("404 Not Found", None, "no longer has this revision or file"),
        ("418 I'm a teapot", None, "answered with status 418"),
    ] {
        let server = HubServer::start(move |_, answer| answer.status(status));
        let token = token.map(str::to_owned);
        let error = Desk::new().fetch_with(HubOptions { token, ..options(&server.base) }, &mut |_, _| {});
        let error = error.unwrap_err().to_string();
        assert!(error.contains(named) && error.contains(&server.base), "{status}: {error}");
        assert!(!error.contains("hf_x"), "{error}");
        assert_eq!(server.requests().len(), 1, "{status}");
    }
}

#[test]
fn too_many_requests_are_waited_out_when_the_hub_says_for_how_long() {
    let server = HubServer::start(|request, answer| match request.earlier {
        0 => answer.reply("429 Too Many Requests", "retry-after: 1\r\n", b""),
        _ => answer.file(request, &body(), TAG),
    });
    Desk::new().fetch(&server).unwrap();
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn too_many_requests_without_end_are_given_up() {
    let server = HubServer::start(|_, answer| answer.status("429 Too Many Requests"));
    let error = Desk::new().fetch(&server).unwrap_err();
    assert!(matches!(error, HubError::TooManyRequests { wait: None, .. }), "{error:?}");
    assert_eq!(server.requests().len(), 3);

    let server =
        HubServer::start(|_, answer| answer.reply("429 Too Many Requests", "retry-after: 3600\r\n", b""));
    let error = Desk::new().fetch(&server).unwrap_err().to_string();
    assert!(error.contains("to wait 3600 s: try again later, or set HF_TOKEN"), "{error}");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_fault_of_the_server_is_tried_again_and_then_named() {
    let server = HubServer::start(|request, answer| match request.earlier {
        0 | 1 => answer.status("502 Bad Gateway"),
        _ => answer.file(request, &body(), TAG),
    });
    Desk::new().fetch(&server).unwrap();
    let server = HubServer::start(|_, answer| answer.status("500 Internal Server Error"));
    let error = Desk::new().fetch(&server).unwrap_err();
    assert!(matches!(error, HubError::ServerFault { status: 500, .. }), "{error:?}");
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn a_wrong_content_is_named_by_both_digests_and_deleted() {
    let mut wrong = body();
    wrong[77] ^= 1;
    let sent = wrong.clone();
    let server = HubServer::start(move |request, answer| answer.file(request, &sent, TAG));
    let desk = Desk::new();
    let error = desk.fetch(&server).unwrap_err().to_string();
    for digest in [Digest::of(&body()), Digest::of(&wrong)] {
        assert!(error.contains(&digest.to_string()), "{error}");
    }
    assert!(desk.names().is_empty(), "{:?}", desk.names());
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn what_the_hub_says_of_a_file_is_checked_where_nothing_is_pinned() {
    let server = HubServer::start(|request, answer| match request.target.as_str() {
        "/cdn" => answer.file(request, b"something else", TAG),
        _ => {
            let linked = format!("location: /cdn\r\nx-linked-etag: \"{}\"\r\n", Digest::of(&body()));
            answer.reply("302 Found", &linked, b"");
        }
    });
    let error = Desk::unpinned().fetch(&server).unwrap_err();
    assert!(matches!(error, HubError::Checksum { .. }), "{error:?}");
}

#[test]
fn a_wrong_length_is_refused_before_anything_is_kept() {
    for announced in [body().len() - 1, body().len() + 1, 14] {
        let server = HubServer::start(move |_, answer| answer.reply("200 OK", "", &vec![7; announced]));
        let desk = Desk::new();
        let error = desk.fetch(&server).unwrap_err();
        let expected = body().len() as u64;
        let named = matches!(error, HubError::Length { expected: e, found, .. } if e == expected && found == announced as u64);
        assert!(named, "{error:?}");
        assert!(fs::metadata(desk.part()).is_ok_and(|part| part.len() == 0));
    }
}

#[test]
fn more_than_the_limit_is_not_taken_whether_announced_or_not() {
    let server = HubServer::start(|request, answer| match request.earlier {
        0 => answer.send(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\nx"),
        _ => {
            answer.send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
            let chunk = [b"10000\r\n".to_vec(), vec![b'x'; 0x10000], b"\r\n".to_vec()].concat();
            for _ in 0..64 {
                answer.send(&chunk);
            }
        }
    });
    for _ in 0..2 {
        let desk = Desk::unpinned();
        let error = desk.fetch(&server).unwrap_err();
        assert!(matches!(error, HubError::TooLarge { limit_bytes: 2_000_000, .. }), "{error:?}");
        assert!(fs::metadata(desk.part()).is_ok_and(|part| part.len() == 0));
    }
}

#[test]
fn a_token_is_given_to_the_hub_and_to_nobody_it_redirects_to() {
    let elsewhere = Arc::new(HubServer::start(|request, answer| answer.file(request, &body(), TAG)));
    let to = format!("{}/bucket?X-Signature=secret", elsewhere.base);
    let hub = HubServer::start(move |_, answer| answer.redirect(&to));
    let token = Some("hf_secret".to_owned());
    Desk::new().fetch_with(HubOptions { token, ..options(&hub.base) }, &mut |_, _| {}).unwrap();
    assert_eq!(hub.requests()[0].header("authorization"), Some("Bearer hf_secret"));
    let [asked] = &elsewhere.requests()[..] else { unreachable!("one request") };
    assert_eq!(asked.header("authorization"), None);
    assert!(!format!("{asked:?}").contains("hf_secret"));
}

#[test]
fn redirects_end_and_lead_to_web_addresses_only() {
    let server = HubServer::start(|request, answer| match request.target.as_str() {
        "/a" => answer.redirect("/b"),
        _ => answer.redirect("/a"),
    });
    let error = Desk::new().fetch(&server).unwrap_err();
    assert!(matches!(error, HubError::Redirects { .. }), "{error:?}");
    let server = HubServer::start(|request, answer| answer.redirect(&format!("/{}", request.earlier)));
    let error = Desk::new().fetch(&server).unwrap_err();
    assert!(matches!(error, HubError::Redirects { limit: 10, .. }), "{error:?}");
    assert_eq!(server.requests().len(), 11);
    let server = HubServer::start(|_, answer| answer.redirect("file:///etc/passwd"));
    let error = Desk::new().fetch(&server).unwrap_err();
    assert!(matches!(error, HubError::BadRedirect { .. }), "{error:?}");
}

#[test]
fn a_hub_that_is_not_there_is_named_with_the_cure() {
    // A port nobody listens on: bound, then let go.
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for base in [format!("http://{free}"), "http://no-such-host.invalid".to_owned()] {
        let error = Desk::new().fetch_with(options(&base), &mut |_, _| {}).unwrap_err();
        assert!(matches!(error, HubError::Unreachable { .. }), "{error:?}");
        let said = error.to_string();
        assert!(
            said.contains(&base) && said.contains("HTTPS_PROXY") && said.contains("HF_ENDPOINT"),
            "{said}"
        );
    }
    for base in ["", "huggingface.co", "ftp://huggingface.co", "http://"] {
        let error = Desk::new().fetch_with(options(base), &mut |_, _| {}).unwrap_err();
        assert!(matches!(error, HubError::Endpoint(_)), "{base}: {error:?}");
    }
}
