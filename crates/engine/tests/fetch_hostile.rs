//! Fetching from servers that stall, lie, break off and redirect to where they should not.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a scenario that cannot go on fails right there"
)]

use lookalike_engine::catalog::Location;
use lookalike_engine::fetch::photo::{PhotoReader, ReadError};
use lookalike_engine::fetch::{AnyReader, BlockingFetcher, FetchError, FetchOptions, Fetched, Refusal};
use lookalike_vision::decode::Limits;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

/// A server on this machine whose answer is chosen by the path.
struct HostileServer {
    base: String,
}

impl HostileServer {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
        let own_base = base.clone();
        thread::spawn(move || {
            for socket in listener.incoming() {
                let base = own_base.clone();
                thread::spawn(move || answer(socket.unwrap(), &base));
            }
        });
        Self { base }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }
}

fn redirect(to: &str) -> Vec<u8> {
    format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n").into_bytes()
}

fn success(headers: &str, body: &[u8]) -> Vec<u8> {
    let mut out = format!("HTTP/1.1 200 OK\r\n{headers}content-length: {}\r\n\r\n", body.len()).into_bytes();
    out.extend_from_slice(body);
    out
}

fn answer(mut socket: TcpStream, base: &str) {
    let mut request = [0; 4096];
    let length = socket.read(&mut request).unwrap_or(0);
    let head = String::from_utf8_lossy(&request[..length]).into_owned();
    let path = head.split([' ', '?']).nth(1).unwrap_or("/").to_owned();
    // The other side may hang up at any time; that is what these tests are about.
    let mut send = |bytes: &[u8]| socket.write_all(bytes).is_ok();
    let wait = || thread::sleep(Duration::from_secs(60));
    match path.as_str() {
        "/ok" => send(&success("content-type: image/png\r\n", b"photo")),
        "/empty" => send(&success("", b"")),
        "/silent" => {
            wait();
            false
        }
        "/stalls" => {
            send(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf");
            wait();
            false
        }
        "/drops" => send(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf"),
        "/drops-before" => false,
        "/garbage" => send(b"SSH-2.0-OpenSSH_9.2\r\n"),
        "/announces-too-much" => send(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\nx"),
        "/sends-too-much" => {
            send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
            let chunk = [b"1000\r\n".to_vec(), vec![b'x'; 0x1000], b"\r\n".to_vec()].concat();
            // Without end, until the client hangs up.
            while send(&chunk) {}
            false
        }
        "/sends-more-than-announced" => send(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokAND MORE"),
        "/gzipped" => send(&success("content-encoding: gzip\r\n", b"\x1f\x8b\x08not unpacked")),
        "/circle" => send(&redirect("/circle/back")),
        "/circle/back" => send(&redirect("/circle#elsewhere")),
        "/relative/a" => send(&redirect("../ok")),
        "/to-ok" => send(&redirect(&format!("{base}/ok"))),
        "/to-metadata" => send(&redirect("http://169.254.169.254/latest/meta-data/")),
        "/to-mapped-metadata" => send(&redirect("http://[::ffff:169.254.169.254]/latest/")),
        "/to-number" => send(&redirect("http://2852039166/")),
        "/to-file" => send(&redirect("file:///etc/passwd")),
        "/to-credentials" => send(&redirect("http://me:secret@127.0.0.1/")),
        "/to-nowhere" => send(b"HTTP/1.1 302 Found\r\ncontent-length: 0\r\n\r\n"),
        "/404" => send(b"HTTP/1.1 404 Not Found\r\ncontent-length: 4\r\n\r\ngone"),
        "/500" => send(b"HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n"),
        chain => match chain.strip_prefix("/chain/").and_then(|left| left.parse::<u32>().ok()) {
            Some(0) => send(&redirect("/ok")),
            Some(left) => send(&redirect(&format!("/chain/{}", left - 1))),
            None => send(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n"),
        },
    };
}

fn options() -> FetchOptions {
    FetchOptions { allow_private: true, max_bytes: 10_000, ..FetchOptions::default() }
}

fn fetch(path: &str) -> Result<Fetched, FetchError> {
    let server = HostileServer::start();
    BlockingFetcher::new(options()).unwrap().get(&server.url(path))
}

#[test]
fn a_photo_arrives_with_what_the_server_says_of_it() {
    let fetched = fetch("/ok?key=secret").unwrap();
    assert_eq!(fetched.bytes.as_ref(), b"photo");
    assert_eq!(fetched.content_type.as_deref(), Some("image/png"));
    assert!(fetched.url.ends_with("/ok?..."), "{}", fetched.url);
    assert!(fetch("/empty").unwrap().bytes.is_empty());
}

#[test]
fn nothing_is_unpacked_and_nothing_beyond_the_announced_length_is_read() {
    assert_eq!(fetch("/gzipped").unwrap().bytes.as_ref(), b"\x1f\x8b\x08not unpacked");
    assert_eq!(fetch("/sends-more-than-announced").unwrap().bytes.as_ref(), b"ok");
}

#[test]
fn this_machine_is_refused_unless_private_addresses_are_allowed() {
    let server = HostileServer::start();
    let guarded = BlockingFetcher::new(FetchOptions::default()).unwrap();
    let port = server.base.rsplit(':').next().unwrap();
    for host in ["127.0.0.1", "localhost", "127.1", "[::ffff:127.0.0.1]", "[::1]", "0x7f.1"] {
        let error = guarded.get(&format!("http://{host}:{port}/ok")).unwrap_err();
        let private = matches!(error, FetchError::Refused { reason: Refusal::Private { .. }, .. });
        assert!(private, "{host}: {error:?}");
        assert!(error.to_string().contains("--allow-private-urls"), "{error}");
    }
    let allowed = BlockingFetcher::new(options()).unwrap();
    assert!(allowed.get(&format!("http://localhost:{port}/ok")).is_ok());
}

#[test]
fn redirects_are_followed_and_each_one_is_checked() {
    assert_eq!(fetch("/to-ok").unwrap().bytes.as_ref(), b"photo");
    assert_eq!(fetch("/relative/a").unwrap().bytes.as_ref(), b"photo");
    for path in ["/to-metadata", "/to-mapped-metadata", "/to-number", "/to-file", "/to-credentials"] {
        let error = fetch(path).unwrap_err();
        assert!(matches!(error, FetchError::Refused { .. }), "{path}: {error:?}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
    assert!(matches!(fetch("/to-nowhere"), Err(FetchError::BadRedirect { .. })));
}

#[test]
fn redirects_end() {
    assert!(matches!(fetch("/circle"), Err(FetchError::RedirectLoop { .. })));
    assert_eq!(fetch("/chain/4").unwrap().bytes.as_ref(), b"photo");
    let error = fetch("/chain/5").unwrap_err();
    assert!(matches!(error, FetchError::TooManyRedirects { limit: 5, .. }), "{error:?}");
}

#[test]
fn an_answer_that_is_no_photo_names_its_status() {
    assert!(matches!(fetch("/404"), Err(FetchError::Status { status: 404, .. })));
    assert!(matches!(fetch("/500"), Err(FetchError::Status { status: 500, .. })));
}

#[test]
fn too_many_bytes_are_refused_whether_announced_or_not() {
    for path in ["/announces-too-much", "/sends-too-much"] {
        let error = fetch(path).unwrap_err();
        assert!(matches!(error, FetchError::TooLarge { limit_bytes: 10_000, .. }), "{path}: {error:?}");
    }
}

#[test]
fn a_connection_that_breaks_says_how_far_it_came() {
    assert!(matches!(fetch("/drops"), Err(FetchError::BrokenOff { received_bytes: 4, .. })));
    for path in ["/drops-before", "/garbage"] {
        let error = fetch(path).unwrap_err();
        assert!(matches!(error, FetchError::Unreachable { .. }), "{path}: {error:?}");
    }
    // A port nobody listens on: bound, then let go.
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = BlockingFetcher::new(options()).unwrap().get(&format!("http://{free}/")).unwrap_err();
    assert!(matches!(error, FetchError::Unreachable { .. }), "{error:?}");
}

#[test]
fn a_server_that_stalls_is_given_up() {
    let server = HostileServer::start();
    let impatient = FetchOptions { total_timeout: Duration::from_millis(200), ..options() };
    let fetcher = BlockingFetcher::new(impatient).unwrap();
    for path in ["/silent", "/stalls"] {
        let error = fetcher.get(&server.url(path)).unwrap_err();
        assert!(matches!(error, FetchError::TimedOut { .. }), "{path}: {error:?}");
        assert!(error.to_string().contains("0.2 s"), "{error}");
    }
}

#[test]
fn many_threads_share_one_fetcher() {
    let server = HostileServer::start();
    let fetcher = BlockingFetcher::new(options()).unwrap();
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| assert_eq!(fetcher.get(&server.url("/ok")).unwrap().bytes.as_ref(), b"photo"));
        }
    });
}

#[test]
fn a_blocking_fetcher_may_be_used_and_dropped_inside_a_runtime() {
    let server = HostileServer::start();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let fetcher = BlockingFetcher::new(options()).unwrap();
        assert!(fetcher.get(&server.url("/ok")).is_ok());
    });
}

#[test]
fn the_ingest_reads_files_and_urls_through_one_reader() {
    let server = HostileServer::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.jpg");
    std::fs::write(&file, b"from disk").unwrap();
    let reader = AnyReader::new(BlockingFetcher::new(options()).unwrap());
    let read = |location, max_bytes| reader.read(&location, &Limits { max_bytes, ..Limits::default() });

    assert_eq!(read(Location::File(file.clone()), 100).unwrap().bytes.as_ref(), b"from disk");
    assert_eq!(reader.stat(&Location::File(file)).unwrap().unwrap().bytes, 9);
    let url = |path| Location::Url(server.url(path));
    assert_eq!(read(url("/ok"), 5).unwrap().bytes.as_ref(), b"photo");
    assert!(reader.stat(&url("/ok")).unwrap().is_none());
    assert!(matches!(read(url("/ok"), 4), Err(ReadError::TooLarge { bytes: 5, max_bytes: 4 })));
    assert!(matches!(read(url("/404"), 100), Err(ReadError::Missing)));
    let refused = read(url("/to-metadata"), 100).unwrap_err().to_string();
    assert!(refused.contains("169.254.169.254"), "{refused}");
}
