//! A hub on this machine that answers as a test tells it to, and remembers what it was asked.

#![allow(dead_code, reason = "each test binary uses its part")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a scenario that cannot go on fails right there"
)]

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// A commit, as pages name it.
pub(crate) const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// What was asked.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// The target as it stood in the request.
    pub(crate) target: String,
    /// Header fields, their names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    /// How many requests there were before this one.
    pub(crate) earlier: usize,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// Where a `Range: bytes=N-` begins.
    pub(crate) fn range(&self) -> Option<usize> {
        self.header("range")?.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()
    }
}

/// The other end of a request.
pub(crate) struct Answer {
    socket: TcpStream,
}

impl Answer {
    /// Sends bytes as they are; the client may have hung up, which is its right.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        let _ = self.socket.write_all(bytes);
        let _ = self.socket.flush();
    }

    /// A status with header lines and a body, its length announced.
    pub(crate) fn reply(&mut self, status: &str, headers: &str, body: &[u8]) {
        let length = body.len();
        self.send(
            format!("HTTP/1.1 {status}\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n")
                .as_bytes(),
        );
        self.send(body);
    }

    pub(crate) fn status(&mut self, status: &str) {
        self.reply(status, "", b"");
    }

    pub(crate) fn redirect(&mut self, to: &str) {
        self.reply("302 Found", &format!("location: {to}\r\nx-repo-commit: {COMMIT}\r\n"), b"");
    }

    /// A file the way a good server sends it: the rest of it where that was asked for and is still the same.
    pub(crate) fn file(&mut self, request: &Request, body: &[u8], tag: &str) {
        let same = request.header("if-range").is_none_or(|asked| asked == tag);
        match request.range().filter(|_| same) {
            Some(start) if start >= body.len() => self.status("416 Range Not Satisfiable"),
            Some(start) => {
                let range = format!("content-range: bytes {start}-{}/{}\r\n", body.len() - 1, body.len());
                self.reply("206 Partial Content", &format!("etag: {tag}\r\n{range}"), &body[start..]);
            }
            None => self.reply("200 OK", &format!("etag: {tag}\r\n"), body),
        }
    }

    /// Announces all of a body, sends the beginning of it, and hangs up.
    pub(crate) fn drop_after(&mut self, body: &[u8], sent: usize, tag: &str) {
        let length = body.len();
        self.send(format!("HTTP/1.1 200 OK\r\netag: {tag}\r\ncontent-length: {length}\r\n\r\n").as_bytes());
        self.send(&body[..sent]);
    }

    /// Says nothing more, for longer than any test's patience.
    pub(crate) fn stall(&mut self) {
        thread::sleep(Duration::from_secs(30));
    }
}

/// A hub.
pub(crate) struct HubServer {
    pub(crate) base: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl HubServer {
    pub(crate) fn start(answer: impl Fn(&Request, &mut Answer) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
        let requests: Arc<Mutex<Vec<Request>>> = Arc::default();
        let (seen, answer) = (Arc::clone(&requests), Arc::new(answer));
        thread::spawn(move || {
            for socket in listener.incoming() {
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                thread::spawn(move || {
                    let mut socket = socket.unwrap();
                    let Some(mut request) = read(&mut socket) else { return };
                    {
                        let mut seen = seen.lock().unwrap();
                        request.earlier = seen.len();
                        seen.push(request.clone());
                    }
                    answer(&request, &mut Answer { socket });
                });
            }
        });
        Self { base, requests }
    }

    /// All that was asked so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

fn read(socket: &mut TcpStream) -> Option<Request> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if socket.read(&mut byte).ok()? == 0 {
            return None;
        }
        head.push(byte[0]);
    }
    let text = String::from_utf8(head).unwrap();
    let mut lines = text.lines();
    let target = lines.next()?.split(' ').nth(1)?.to_owned();
    let headers = lines.filter_map(|line| line.split_once(": "));
    let headers = headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
    Some(Request { target, headers, earlier: 0 })
}
