//! A web server that does what servers on the web do: the path says what. It counts who was connected.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a scenario that cannot go on fails right there"
)]

use crate::cli_kit::{drawing, jpeg, png};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// Longer than any test lets a photo take.
const STALL: Duration = Duration::from_secs(300);

/// How many `quick` answers any server gave; `held` ones wait for [`ENOUGH`] of them.
static QUICK: AtomicUsize = AtomicUsize::new(0);
pub(crate) const ENOUGH: usize = 20;

pub(crate) struct HostileWeb {
    pub(crate) port: u16,
    connections: Arc<AtomicUsize>,
    paths: Arc<Mutex<Vec<String>>>,
}

impl HostileWeb {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (connections, paths) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
        let web = Self { port, connections: Arc::clone(&connections), paths: Arc::clone(&paths) };
        thread::spawn(move || {
            for socket in listener.incoming() {
                connections.fetch_add(1, Ordering::SeqCst);
                let paths = Arc::clone(&paths);
                thread::spawn(move || answer(socket.unwrap(), &paths, port));
            }
        });
        web
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// How often a path was asked for.
    pub(crate) fn asked(&self, path: &str) -> usize {
        self.paths.lock().unwrap().iter().filter(|asked| *asked == path).count()
    }
}

fn with(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head =
        format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn answer(mut socket: TcpStream, paths: &Mutex<Vec<String>>, port: u16) {
    let mut request = [0; 4096];
    let length = socket.read(&mut request).unwrap_or(0);
    let head = String::from_utf8_lossy(&request[..length]).into_owned();
    let path = head.split(' ').nth(1).unwrap_or("/").to_owned();
    let count = {
        let mut paths = paths.lock().unwrap();
        paths.push(path.clone());
        paths.iter().filter(|asked| **asked == path).count()
    };
    let photo = png(&drawing(path.len()));
    let redirect = |to: &str| with("302 Found", &format!("location: {to}\r\n"), b"");
    // The other side hangs up when it likes; that is what these tests are about.
    let mut send = |bytes: &[u8]| socket.write_all(bytes).is_ok();
    let first = path.split(['/', '?']).nth(1).unwrap_or_default();
    match first {
        "good" => _ = send(&with("200 OK", "content-type: image/png\r\n", &photo)),
        "quick" => {
            QUICK.fetch_add(1, Ordering::SeqCst);
            send(&with("200 OK", "", &photo));
        }
        "held" => {
            while QUICK.load(Ordering::SeqCst) < ENOUGH {
                thread::sleep(Duration::from_millis(2));
            }
            send(&with("404 None", "", b""));
        }
        "etag" if head.to_lowercase().contains("if-none-match: \"one\"") => {
            _ = send(b"HTTP/1.1 304 Not Modified\r\netag: \"one\"\r\nconnection: close\r\n\r\n");
        }
        "etag" => _ = send(&with("200 OK", "etag: \"one\"\r\n", &photo)),
        "wrong-type" => _ = send(&with("200 OK", "content-type: text/html\r\n", &photo)),
        "wrong-encoding" => _ = send(&with("200 OK", "content-encoding: gzip\r\n", &photo)),
        "old" => _ = send(&[b"HTTP/1.0 200 OK\r\n\r\n".as_slice(), &photo].concat()),
        "moved" => _ = send(&redirect("/good/after")),
        "then" if count == 1 => _ = send(&with("429 Slow Down", "retry-after: 0\r\n", b"")),
        "then" => _ = send(&with("200 OK", "", &photo)),
        "flaky" if count == 1 => _ = send(b"HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\nhalf"),
        "flaky" => _ = send(&with("200 OK", "", &jpeg(&drawing(7), 90))),
        "silent" => thread::sleep(STALL),
        "stalls" => {
            send(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n\x89PNG");
            thread::sleep(STALL);
        }
        "drops" => _ = send(b"HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\nhalf"),
        "hangs-up" => {}
        "garbage" => _ = send(b"220 mail.example ESMTP\r\n"),
        "gigabyte" => _ = send(b"HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\n\xFF\xD8\xFF"),
        "endless" => {
            send(b"HTTP/1.1 200 OK\r\ncontent-type: image/jpeg\r\n\r\n\xFF\xD8\xFF\xE0");
            while send(&[0xA5; 65_536]) {}
        }
        "film" => {
            send(b"HTTP/1.1 200 OK\r\ncontent-type: image/jpeg\r\n\r\n\x1A\x45\xDF\xA3");
            while send(&[0xA5; 65_536]) {}
        }
        "short" => _ = send(&[b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n".as_slice(), &photo].concat()),
        "page" => {
            let page = [b"<!DOCTYPE html>".as_slice(), &[b' '; 4096]].concat();
            send(&with("200 OK", "content-type: image/png\r\n", &page));
        }
        "bomb" => {
            let bomb = [b"\x1f\x8b\x08\0".as_slice(), &[0; 4096]].concat();
            send(&with("200 OK", "content-encoding: gzip\r\n", &bomb));
        }
        "empty" => _ = send(&with("200 OK", "", b"")),
        "busy" => _ = send(&with("503 Busy", "", b"")),
        "later" => _ = send(&with("429 Slow Down", "retry-after: 86400\r\n", b"")),
        "none" => _ = send(&with("404 None", "", b"")),
        "forbidden" => _ = send(&with("403 No", "", b"")),
        "circle" => _ = send(&redirect("/circle")),
        "chain" => {
            let n: u64 = path.rsplit('/').next().unwrap().parse().unwrap_or(0);
            send(&redirect(&format!("/chain/{}", n + 1)));
        }
        "nowhere" => _ = send(b"HTTP/1.1 302 Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"),
        "trickle" => {
            send(b"HTTP/1.1 200 OK\r\nx: ");
            while send(b"x") {
                thread::sleep(Duration::from_millis(50));
            }
        }
        "heads" => {
            send(b"HTTP/1.1 200 OK\r\n");
            let line = [b"x: ".as_slice(), &[b'x'; 1000], b"\r\n"].concat();
            while send(&line) {}
        }
        "to-metadata" => _ = send(&redirect("http://169.254.169.254/latest/meta-data/")),
        "to-mapped" => _ = send(&redirect("http://[::ffff:169.254.169.254]/")),
        "to-number" => _ = send(&redirect("http://2852039166/")),
        "to-file" => _ = send(&redirect("file:///etc/passwd")),
        "to-user" => _ = send(&redirect(&format!("http://me:secret@127.0.0.1:{port}/good/1"))),
        _ => _ = send(&with("400 What", "", b"")),
    }
}
