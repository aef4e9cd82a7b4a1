//! A file from hubs that refuse, stall, drop, lie about lengths and contents, and redirect to where they should not.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a scenario that cannot go on fails right there"
)]

mod hub_server;

use hub_server::{COMMIT, HubServer};
use lookalike_engine::models::Digest;
use lookalike_engine::models::hub::{Hub, HubError, HubOptions, Received, Wanted};
use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tempfile::TempDir;

const TAG: &str = "\"a-tag\"";

/// Bytes that are not the same anywhere.
fn body() -> Vec<u8> {
    (0..300_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect()
}

fn options(base: &str) -> HubOptions {
    HubOptions {
        endpoint: base.to_owned(),
        proxies: false,
        stall_timeout: Duration::from_millis(400),
        attempts: 3,
        first_wait: Duration::from_millis(1),
        longest_wait: Duration::from_secs(2),
        ..HubOptions::default()
    }
}

/// A folder to fetch into, and what is wanted.
struct Desk {
    folder: TempDir,
    sha256: Option<Digest>,
    bytes: Option<u64>,
    stop: AtomicBool,
}

impl Desk {
    fn new() -> Self {
        let (body, folder) = (body(), tempfile::tempdir().unwrap());
        let stop = AtomicBool::new(false);
        Self { folder, sha256: Some(Digest::of(&body)), bytes: Some(body.len() as u64), stop }
    }

    /// Nothing known of the file.
    fn unpinned() -> Self {
        Self { sha256: None, bytes: None, ..Self::new() }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("image.onnx")
    }

    fn part(&self) -> PathBuf {
        self.folder.path().join("image.onnx.part")
    }

    fn fetch_with(
        &self,
        options: HubOptions,
        progress: &mut dyn FnMut(u64, Option<u64>),
    ) -> Result<Received, HubError> {
        let wanted = Wanted {
            repository: "somebody/model",
            revision: COMMIT,
            path: "onnx/model.onnx",
            bytes: self.bytes,
            sha256: self.sha256,
            limit_bytes: 2_000_000,
        };
        Hub::new(options)?.fetch(&wanted, &self.file(), progress, &self.stop)
    }

    fn fetch(&self, server: &HubServer) -> Result<Received, HubError> {
        self.fetch_with(options(&server.base), &mut |_, _| {})
    }

    fn is_whole(&self) -> bool {
        fs::read(self.file()).unwrap() == body()
    }

    /// What is in the folder.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<String> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

#[test]
fn a_file_arrives_whole_and_with_its_commit() {
    let server = HubServer::start(|request, answer| match request.target.as_str() {
        "/cdn" => answer.file(request, &body(), TAG),
        _ => answer.redirect("/cdn"),
    });
    let desk = Desk::unpinned();
    let mut told = Vec::new();
    let received =
        desk.fetch_with(options(&server.base), &mut |done, total| told.push((done, total))).unwrap();
    assert_eq!(received.sha256, Digest::of(&body()));
    assert_eq!((received.bytes, received.revision.as_deref()), (body().len() as u64, Some(COMMIT)));
    assert!(desk.is_whole());
    assert_eq!(desk.names(), ["image.onnx"]);
    let all = body().len() as u64;
    assert_eq!((told[0], *told.last().unwrap()), ((0, Some(all)), (all, Some(all))));
    assert!(told.is_sorted());
    let asked = format!("/somebody/model/resolve/{COMMIT}/onnx/model.onnx");
    assert_eq!(server.requests()[0].target, asked);
}

#[test]
fn a_connection_that_drops_is_taken_up_where_it_broke() {
    let server = HubServer::start(|request, answer| match request.earlier {
        0 => answer.drop_after(&body(), 400_000, TAG),
        _ => answer.file(request, &body(), TAG),
    });
    let desk = Desk::new();
    desk.fetch(&server).unwrap();
    assert!(desk.is_whole());
    let asked = &server.requests()[1];
    // The kernel may have thrown away the last of what was sent.
    assert!((1..=400_000).contains(&asked.range().unwrap()), "{asked:?}");
    assert_eq!(asked.header("if-range"), Some(TAG));
}

#[test]
fn a_pull_that_was_interrupted_goes_on_in_the_next_run() {
    let server = HubServer::start(|request, answer| match request.earlier {
        0..3 => answer.drop_after(&body(), 50_000, TAG),
        _ => answer.file(request, &body(), TAG),
    });
    // Whatever a server sends with 200 replaces what was there, so each of the three drops begins anew.
    let desk = Desk::unpinned();
    let error = desk.fetch(&server).unwrap_err();
    let kept = fs::metadata(desk.part()).unwrap().len();
    assert!(kept > 0 && !desk.file().exists());
    assert!(error.to_string().contains(&format!("the {kept} bytes that came stay")), "{error}");
    desk.fetch(&server).unwrap();
    assert_eq!(server.requests()[3].range(), Some(kept as usize));
    assert!(desk.is_whole());
}

#[test]
fn a_file_that_changed_meanwhile_is_not_glued_to_the_old_beginning() {
    let server = HubServer::start(|request, answer| answer.file(request, &body(), "\"new\""));
    let desk = Desk::unpinned();
    fs::write(desk.part(), vec![0; 1000]).unwrap();
    fs::write(desk.folder.path().join("image.onnx.part.etag"), "\"old\"").unwrap();
    desk.fetch(&server).unwrap();
    assert!(desk.is_whole());
    assert_eq!((server.requests()[0].range(), server.requests().len()), (Some(1000), 1));
}

#[test]
fn without_a_tag_or_a_digest_a_part_is_begun_again() {
    let server = HubServer::start(|request, answer| answer.file(request, &body(), "W/\"weak\""));
    let desk = Desk::unpinned();
    fs::write(desk.part(), vec![0; 1000]).unwrap();
    desk.fetch(&server).unwrap();
    assert!(desk.is_whole());
    assert_eq!(server.requests()[0].range(), None);
}

#[test]
fn a_server_that_ignores_ranges_is_read_from_the_beginning() {
    let server = HubServer::start(|_, answer| answer.reply("200 OK", "", &body()));
    let desk = Desk::new();
    fs::write(desk.part(), &body()[..5000]).unwrap();
    desk.fetch(&server).unwrap();
    assert_eq!(server.requests()[0].range(), Some(5000));
    assert!(desk.is_whole());
}

#[test]
fn a_server_that_sends_another_part_is_not_believed() {
    let server = HubServer::start(|request, answer| match request.range() {
        Some(_) => {
            let range = format!("content-range: bytes 0-9/{}\r\n", body().len());
            answer.reply("206 Partial Content", &range, &body()[..10]);
        }
        None => answer.file(request, &body(), TAG),
    });
    let desk = Desk::new();
    fs::write(desk.part(), &body()[..5000]).unwrap();
    desk.fetch(&server).unwrap();
    assert!(desk.is_whole());
}

#[test]
fn a_part_that_is_longer_than_the_file_or_wrong_is_begun_again() {
    let server = HubServer::start(|request, answer| answer.file(request, &body(), TAG));
    for part in [vec![1; body().len() + 1], vec![1; 5000], vec![1; body().len()]] {
        let desk = Desk::new();
        fs::write(desk.part(), &part).unwrap();
        desk.fetch(&server).unwrap();
        assert!(desk.is_whole(), "{}", part.len());
        assert_eq!(desk.names(), ["image.onnx"]);
    }
}

#[test]
fn a_part_that_is_all_there_is_not_asked_for_again() {
    let server = HubServer::start(|_, answer| answer.status("500 Internal Server Error"));
    let desk = Desk::new();
    fs::write(desk.part(), body()).unwrap();
    desk.fetch(&server).unwrap();
    assert!(server.requests().is_empty());
    assert!(desk.is_whole());
}

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
fn a_hub_that_stalls_is_given_up_and_what_came_stays() {
    let server = HubServer::start(|_, answer| {
        answer.drop_after(&body(), 70_000, TAG);
        answer.stall();
    });
    let desk = Desk::new();
    let error = desk.fetch(&server).unwrap_err();
    assert!(matches!(error, HubError::Stalled { kept_bytes: 70_000, .. }), "{error:?}");
    assert!(fs::read(desk.part()).unwrap() == body()[..70_000]);
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

#[test]
fn a_stop_ends_the_fetch_and_keeps_what_came() {
    let server = HubServer::start(|_, answer| {
        answer.drop_after(&body(), 60_000, TAG);
        answer.stall();
    });
    let desk = Desk::new();
    let patient = HubOptions { stall_timeout: Duration::from_secs(60), ..options(&server.base) };
    let error = desk.fetch_with(patient, &mut |done, _| desk.stop.store(done == 60_000, Ordering::SeqCst));
    assert!(matches!(error, Err(HubError::Stopped)), "{error:?}");
    assert_eq!(fs::metadata(desk.part()).unwrap().len(), 60_000);
}
