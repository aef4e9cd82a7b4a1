//! Fetching that is polite: it tries again what may pass and nothing else, keeps the pauses it is asked for, asks one host
//! for a few photos at a time, and has nothing sent twice.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a scenario that cannot go on fails right there"
)]

use lookalike_engine::catalog::Location;
use lookalike_engine::fetch::photo::{Brought, PhotoReader, ReadError};
use lookalike_engine::fetch::{BlockingFetcher, FetchError, FetchOptions, Validators};
use lookalike_vision::decode::Limits;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

const PHOTO: &[u8] = b"\x89PNG\r\n\x1A\nnot decoded here";

/// A server that answers each request by its own counting: the request's head, and which one it is.
struct Server {
    base: String,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start(answer: impl Fn(&str, usize, &mut TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
        let (heads, answer) = (Arc::new(Mutex::new(Vec::new())), Arc::new(answer));
        let all = Arc::clone(&heads);
        thread::spawn(move || {
            for socket in listener.incoming() {
                let (mut socket, answer, heads) = (socket.unwrap(), Arc::clone(&answer), Arc::clone(&all));
                thread::spawn(move || {
                    let mut request = [0; 4096];
                    let length = socket.read(&mut request).unwrap_or(0);
                    let head = String::from_utf8_lossy(&request[..length]).to_lowercase();
                    let count = {
                        let mut heads = heads.lock().unwrap();
                        heads.push(head.clone());
                        heads.len()
                    };
                    answer(&head, count, &mut socket);
                });
            }
        });
        Self { base, heads }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    fn asked(&self) -> usize {
        self.heads.lock().unwrap().len()
    }
}

/// The other side may hang up at any time.
fn send(socket: &mut TcpStream, status: &str, headers: &str, body: &[u8]) {
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n");
    let _ = socket.write_all(&[head.as_bytes(), body].concat());
}

/// Tries three times, at once.
fn options() -> FetchOptions {
    FetchOptions {
        allow_private: true,
        retries: 2,
        first_pause: Duration::from_millis(1),
        pictures_only: true,
        ..FetchOptions::default()
    }
}

fn fetcher(options: FetchOptions) -> BlockingFetcher {
    BlockingFetcher::new(options).unwrap()
}

#[test]
fn what_may_pass_is_tried_again_and_what_will_not_is_not() {
    for passing in ["429 Too Many", "500 Oops", "502 Bad", "503 Busy", "504 Late", "408 Late"] {
        let server = Server::start(move |_, count, socket| match count {
            1 | 2 => send(socket, passing, "", b""),
            _ => send(socket, "200 OK", "", PHOTO),
        });
        assert_eq!(fetcher(options()).get(&server.url("/a")).unwrap().bytes, PHOTO, "{passing}");
        assert_eq!(server.asked(), 3);
    }
    for lasting in ["404 None", "403 No", "401 Who", "410 Gone", "400 What", "501 Never"] {
        let server = Server::start(move |_, _, socket| send(socket, lasting, "", b""));
        let error = fetcher(options()).get(&server.url("/a")).unwrap_err();
        assert!(matches!(error, FetchError::Status { .. }), "{error:?}");
        assert_eq!(server.asked(), 1, "{lasting}");
    }
    let forever = Server::start(|_, _, socket| send(socket, "503 Busy", "", b""));
    let error = fetcher(options()).get(&forever.url("/a")).unwrap_err();
    assert!(matches!(error, FetchError::Tried { times: 3, .. }), "{error:?}");
    assert!(error.to_string().ends_with("/a answered with status 503 (tried 3 times)"), "{error}");
}

#[test]
fn a_connection_that_is_lost_is_tried_again_and_one_that_speaks_otherwise_is_not() {
    let drops = Server::start(|_, count, socket| match count {
        1 => drop(socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nhalf")),
        _ => send(socket, "200 OK", "", PHOTO),
    });
    assert_eq!(fetcher(options()).get(&drops.url("/a")).unwrap().bytes, PHOTO);
    let other = Server::start(|_, _, socket| drop(socket.write_all(b"SSH-2.0-OpenSSH_9.2\r\n")));
    let error = fetcher(options()).get(&other.url("/a")).unwrap_err();
    assert!(matches!(error, FetchError::Unreachable { lasting: true, .. }), "{error:?}");
    assert_eq!(other.asked(), 1);
}

#[test]
fn a_server_that_asks_for_a_pause_gets_it_as_long_as_there_is_time() {
    let soon = Server::start(|_, count, socket| match count {
        1 => send(socket, "429 Slow", "retry-after: 0\r\n", b""),
        2 => send(socket, "503 Slow", "retry-after: Wed, 21 Oct 2015 07:28:00 GMT\r\n", b""),
        _ => send(socket, "200 OK", "", PHOTO),
    });
    assert_eq!(fetcher(options()).get(&soon.url("/a")).unwrap().bytes, PHOTO);
    // An hour is longer than the 30 s a photo may take: it is told at once, and the host is left alone by all.
    let late = Server::start(|_, _, socket| send(socket, "429 Slow", "retry-after: 3600\r\n", b""));
    let fetcher = fetcher(options());
    for path in ["/a", "/b", "/c"] {
        let error = fetcher.get(&late.url(path)).unwrap_err();
        assert!(matches!(error.last(), FetchError::AskedToWait { seconds: 3590..=3600, .. }), "{error:?}");
        assert!(error.to_string().contains("run again then"), "{error}");
    }
    assert_eq!(late.asked(), 1);
}

#[test]
fn a_host_that_never_answers_well_is_not_asked_again_and_again_for_each_photo() {
    let server = Server::start(|_, _, socket| send(socket, "500 Oops", "", b""));
    let fetcher = fetcher(options());
    for n in 0..40 {
        fetcher.get(&server.url(&format!("/{n}"))).unwrap_err();
    }
    // 16 photos are tried three times, the others once.
    assert_eq!(server.asked(), 16 * 3 + 24);
}

#[test]
fn one_host_is_asked_for_a_few_photos_at_a_time() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (inner, seen) = (Arc::clone(&now), Arc::clone(&most));
    let server = Server::start(move |_, _, socket| {
        seen.fetch_max(inner.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        thread::sleep(Duration::from_millis(5));
        inner.fetch_sub(1, Ordering::SeqCst);
        send(socket, "200 OK", "", PHOTO);
    });
    let fetcher = fetcher(FetchOptions { per_host: 3, ..options() });
    thread::scope(|scope| {
        for n in 0..30 {
            let (fetcher, url) = (&fetcher, server.url(&format!("/{n}")));
            scope.spawn(move || assert_eq!(fetcher.get(&url).unwrap().bytes, PHOTO));
        }
    });
    assert!((1..=3).contains(&most.load(Ordering::SeqCst)), "{most:?}");
}

#[test]
fn what_is_known_is_not_sent_again() {
    let server = Server::start(|head, _, socket| {
        let headers = "etag: \"v1\"\r\nlast-modified: Wed, 21 Oct 2015 07:28:00 GMT\r\n";
        if head.contains("if-none-match: \"v1\"") {
            return send(socket, "304 Not Modified", headers, b"");
        }
        send(socket, "200 OK", headers, PHOTO);
    });
    let fetcher = fetcher(options());
    let location = Location::Url(server.url("/a"));
    let ask = |known: Option<&Validators>| fetcher.read_unless_same(&location, known, &Limits::default());
    let Brought::Photo(photo, Some(said)) = ask(None).unwrap() else { unreachable!("it is not known") };
    assert_eq!((&*photo.bytes, said.etag.as_deref()), (PHOTO, Some("\"v1\"")));
    assert_eq!(ask(Some(&said)).unwrap(), Brought::Same);
    assert!(server.heads.lock().unwrap()[1].contains("if-modified-since: wed, 21 oct 2015 07:28:00 gmt"));
    let other = Validators { etag: Some("\"v0\"".into()), last_modified: None };
    assert!(matches!(ask(Some(&other)).unwrap(), Brought::Photo(..)));
    // Said without being asked, it is no answer.
    let odd = Server::start(|_, _, socket| send(socket, "304 Not Modified", "", b""));
    assert!(matches!(fetcher.get(&odd.url("/a")), Err(FetchError::Status { status: 304, .. })));
}

#[test]
fn a_body_that_is_no_picture_is_given_up_at_its_front_whatever_it_is_called() {
    let page = [b"<!DOCTYPE html><html>".as_slice(), &[b' '; 4000]].concat();
    let endless = Server::start(move |_, _, socket| {
        let _ = socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: image/jpeg\r\n\r\n");
        // Without end, until the client hangs up.
        while socket.write_all(&page).is_ok() {}
    });
    let error = fetcher(options()).get(&endless.url("/a.jpg")).unwrap_err();
    assert!(matches!(error, FetchError::NotAPicture { .. }), "{error:?}");
    assert!(error.to_string().ends_with("/a.jpg is an HTML page, not a picture"), "{error}");

    let bomb = Server::start(|_, _, socket| {
        send(socket, "200 OK", "content-encoding: gzip\r\n", b"\x1f\x8b\x08\0\0\0\0\0small and deep");
    });
    let error = fetcher(options()).get(&bomb.url("/a.jpg")).unwrap_err().to_string();
    assert!(
        error.ends_with(
            "was sent compressed (\"gzip\") although it was asked for as it is, and is not unpacked"
        ),
        "{error}"
    );

    let liar = Server::start(|_, _, socket| send(socket, "200 OK", "content-encoding: br\r\n", PHOTO));
    assert_eq!(fetcher(options()).get(&liar.url("/a.jpg")).unwrap().bytes, PHOTO, "the bytes are believed");
}

#[test]
fn heads_without_end_and_heads_that_trickle_are_given_up() {
    let endless = Server::start(|_, _, socket| {
        let _ = socket.write_all(b"HTTP/1.1 200 OK\r\n");
        let line = [b"x-filler: ".as_slice(), &[b'x'; 1000], b"\r\n"].concat();
        while socket.write_all(&line).is_ok() {}
    });
    let error = fetcher(options()).get(&endless.url("/a")).unwrap_err();
    assert!(matches!(error.last(), FetchError::Unreachable { .. }), "{error:?}");
    let trickle = Server::start(|_, _, socket| {
        let _ = socket.write_all(b"HTTP/1.1 200 OK\r\n");
        while socket.write_all(b"x").is_ok() {
            thread::sleep(Duration::from_millis(20));
        }
    });
    let impatient = FetchOptions { try_timeout: Duration::from_millis(150), retries: 1, ..options() };
    let error = fetcher(impatient).get(&trickle.url("/a")).unwrap_err();
    assert!(matches!(error.last(), FetchError::TimedOut { .. }), "{error:?}");
    assert_eq!(trickle.asked(), 2, "once more, as it might have been the network");
}

#[test]
fn an_old_server_that_ends_by_hanging_up_is_understood() {
    let server = Server::start(|_, _, socket| {
        let _ = socket.write_all(&[b"HTTP/1.0 200 OK\r\n\r\n".as_slice(), PHOTO].concat());
    });
    assert_eq!(fetcher(options()).get(&server.url("/a")).unwrap().bytes, PHOTO);
}

#[test]
fn the_program_names_itself_and_where_its_people_are() {
    let server = Server::start(|_, _, socket| send(socket, "200 OK", "", PHOTO));
    fetcher(options()).get(&server.url("/a")).unwrap();
    let head = server.heads.lock().unwrap()[0].clone();
    let agent = head.lines().find_map(|line| line.strip_prefix("user-agent: ")).unwrap();
    assert!(agent.starts_with("lookalike/") && agent.contains("(+https://"), "{agent}");
}

#[test]
fn what_is_under_way_is_given_up_when_the_run_is_over() {
    let server = Server::start(|_, _, _| thread::sleep(Duration::from_secs(60)));
    let over = Arc::new(AtomicBool::new(false));
    let is_over = Arc::clone(&over);
    let fetcher = fetcher(options()).until(move || is_over.load(Ordering::SeqCst));
    thread::scope(|scope| {
        let waiting = scope.spawn(|| fetcher.read(&Location::Url(server.url("/a")), &Limits::default()));
        while server.asked() == 0 {
            thread::sleep(Duration::from_millis(1));
        }
        over.store(true, Ordering::SeqCst);
        assert!(matches!(waiting.join().unwrap(), Err(ReadError::Stopped)));
    });
    assert!(matches!(fetcher.get(&server.url("/b")), Err(FetchError::Stopped { .. })));
    assert_eq!(server.asked(), 1, "nothing is begun any more");
}

#[test]
fn a_proxy_is_the_operators_and_gets_every_request_the_guard_lets_pass() {
    let proxy = Server::start(|_, _, socket| send(socket, "200 OK", "", PHOTO));
    let port = proxy.base.rsplit(':').next().unwrap();
    // Inner addresses are not allowed; the proxy may have one, by name or by number.
    for host in ["127.0.0.1", "localhost"] {
        let through =
            FetchOptions { allow_private: false, proxy: Some(format!("http://{host}:{port}")), ..options() };
        let fetcher = fetcher(through);
        assert_eq!(fetcher.get("http://shop.example/a.png").unwrap().bytes, PHOTO, "{host}");
        for inner in ["http://127.0.0.1/a.png", "http://[::1]/a.png", "http://169.254.169.254/"] {
            assert!(matches!(fetcher.get(inner), Err(FetchError::Refused { .. })), "{inner}");
        }
    }
    assert_eq!(proxy.asked(), 2);
    assert!(proxy.heads.lock().unwrap()[0].starts_with("get http://shop.example/a.png http/1.1"));
    for wrong in ["", "proxy:3128", "ftp://proxy/", "http://"] {
        let options = FetchOptions { proxy: Some(wrong.into()), ..options() };
        assert!(matches!(BlockingFetcher::new(options), Err(FetchError::Setup { .. })), "{wrong}");
    }
}
