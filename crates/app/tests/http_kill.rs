//! `kill -9` of a server at random moments loses nothing that it acknowledged, and the next goes on with its jobs.
//!
//! `LOOKALIKE_KILLS` sets how many kills.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a scenario that cannot go on fails right there"
)]

mod http_server;

use http_server::stock::{drawing, jpeg};
use lookalike_engine::catalog::ProductId;
use lookalike_engine::fetch::uploads::Uploads;
use lookalike_engine::store::Store;
use lookalike_engine::store::embedded::{Access, EmbeddedStore};
use lookalike_vision::decode::Limits;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

const BINARY: &str = env!("CARGO_BIN_EXE_lookalike");

/// A server that is a process of its own.
struct Process {
    child: Child,
    address: String,
}

impl Process {
    fn serving(catalog: &Path) -> Self {
        let mut child = Command::new(BINARY)
            .arg("serve")
            .arg(catalog)
            .args(["--listen", "127.0.0.1:0"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = lines
            .by_ref()
            .find_map(|line| Some(line.unwrap().split_once("on http://")?.1.trim_end_matches('/').to_owned()))
            .expect("the server says where it listens");
        // Whatever else it says is read, so that it never waits for a reader.
        thread::spawn(move || lines.for_each(drop));
        Self { child, address }
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// The status and body of an answer; `None` when there was none.
fn ask(address: &str, method: &str, path: &str, body: &[u8], media_type: &str) -> Option<(u16, Vec<u8>)> {
    let mut socket = TcpStream::connect(address).ok()?;
    socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: {media_type}\r\n\
         content-length: {length}\r\n\r\n"
    );
    socket.write_all(&[head.as_bytes(), body].concat()).ok()?;
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).ok()?;
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let status = str::from_utf8(&answer[..end]).ok()?.split(' ').nth(1)?.parse().ok()?;
    Some((status, answer[end + 4..].to_vec()))
}

fn put(address: &str, id: &str, photo: &[u8]) -> Option<u16> {
    let mut body = format!(
        "--X\r\ncontent-disposition: form-data; name=\"fields\"\r\n\r\n{{\"name\": \"{id}\"}}\r\n\
         --X\r\ncontent-disposition: form-data; name=\"image\"; filename=\"a.jpg\"\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(photo);
    body.extend_from_slice(b"\r\n--X--\r\n");
    let path = format!("/v1/products/{id}");
    ask(address, "PUT", &path, &body, "multipart/form-data; boundary=X").map(|(status, _)| status)
}

fn kills() -> usize {
    std::env::var("LOOKALIKE_KILLS").map_or(4, |text| text.parse().expect("LOOKALIKE_KILLS is a number"))
}

fn photos(folder: &Path, count: usize) {
    fs::create_dir(folder).unwrap();
    for n in 0..count {
        fs::write(folder.join(format!("photo-{n}.jpg")), jpeg(&drawing(300 + n), 85)).unwrap();
    }
}

fn run(arguments: &[&Path]) {
    let done = Command::new(BINARY).args(arguments).output().unwrap();
    assert!(done.status.success(), "{done:?}");
}

#[test]
fn no_acknowledged_change_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = folder.path().join("shop.lookalike");
    photos(&folder.path().join("photos"), 3);
    run(&[Path::new("index"), &catalog, &folder.path().join("photos")]);

    // What the server said of each product last: `Some(true)` it is there, `Some(false)` it is gone, `None` nobody
    // knows, as it was killed before it said so.
    let known: Mutex<HashMap<String, Option<bool>>> = Mutex::default();
    let (mut dice, mut acknowledged) = (0x5eed_u64, 0);
    for round in 0..kills() {
        let server = Process::serving(&catalog);
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let (pause, enough) = (Duration::from_millis((dice >> 40) % 200), acknowledged + 2 + round);
        thread::scope(|scope| {
            for writer in 0..3 {
                let (known, address) = (&known, server.address.clone());
                scope.spawn(move || {
                    for n in 0.. {
                        let id = format!("r{round}-w{writer}-{n}");
                        let photo = jpeg(&drawing(1000 + round * 1000 + writer * 300 + n % 300), 80);
                        known.lock().unwrap().insert(id.clone(), None);
                        let Some(status) = put(&address, &id, &photo) else { return };
                        assert_eq!(status, 201);
                        known.lock().unwrap().insert(id.clone(), Some(true));
                        if n % 3 == 2 {
                            known.lock().unwrap().insert(id.clone(), None);
                            let path = format!("/v1/products/{id}");
                            let Some((status, _)) = ask(&address, "DELETE", &path, b"", "text/plain") else {
                                return;
                            };
                            assert_eq!(status, 204);
                            known.lock().unwrap().insert(id, Some(false));
                        }
                    }
                });
            }
            // Some changes first, however slow the machine is.
            while known.lock().unwrap().values().filter(|expected| expected.is_some()).count() < enough {
                thread::sleep(Duration::from_millis(5));
            }
            thread::sleep(pause);
            server.kill();
        });
        run(&[Path::new("verify"), &catalog]);
        let store = EmbeddedStore::open(&catalog, Access::ReadOnly).unwrap();
        let uploads = Uploads::new(&catalog);
        let known = known.lock().unwrap();
        for (id, expected) in known.iter() {
            let stored = store.known(&ProductId::new(id.as_str()).unwrap()).unwrap();
            if let Some(expected) = expected {
                assert_eq!(stored.is_some(), *expected, "{id} in round {round}");
            }
            // Also what was not acknowledged is there whole or not at all.
            for image in stored.iter().flat_map(|product| &product.images) {
                let photo = uploads.get(&image.fingerprint.sha256, &Limits::default()).unwrap();
                assert_eq!(<[u8; 32]>::from(Sha256::digest(&photo)), image.fingerprint.sha256, "{id}");
            }
        }
        acknowledged = known.values().filter(|expected| expected.is_some()).count();
    }
    println!("{acknowledged} acknowledged changes and {} kills", kills());
    assert!(acknowledged > 0, "no change came before a kill");

    // What photos were kept for nothing are gone after the next start.
    let server = Process::serving(&catalog);
    assert_eq!(put(&server.address, "last", &jpeg(&drawing(7), 80)), Some(201));
    server.kill();
    let store = EmbeddedStore::open(&catalog, Access::ReadOnly).unwrap();
    for digest in Uploads::new(&catalog).digests().unwrap() {
        assert!(store.shows_upload(&digest).unwrap(), "a photo of no product stays");
    }
}

#[test]
fn an_import_that_was_killed_is_finished_by_the_next_server() {
    const PHOTOS: usize = 150;
    let folder = tempfile::tempdir().unwrap();
    let (catalog, source) = (folder.path().join("shop.lookalike"), folder.path().join("photos"));
    photos(&folder.path().join("first"), 1);
    run(&[Path::new("index"), &catalog, &folder.path().join("first")]);
    photos(&source, PHOTOS);

    let server = Process::serving(&catalog);
    let request = json!({"source": source}).to_string();
    let begun = ask(&server.address, "POST", "/v1/imports", request.as_bytes(), "application/json").unwrap();
    assert_eq!(begun.0, 202);
    let begun: Value = serde_json::from_slice(&begun.1).unwrap();
    let path = format!("/v1/jobs/{}", begun["job_id"].as_str().unwrap());
    let until = |server: &Process, is_so: &dyn Fn(&Value) -> bool| loop {
        let (status, body) = ask(&server.address, "GET", &path, b"", "text/plain").unwrap();
        assert_eq!(status, 200);
        let job: Value = serde_json::from_slice(&body).unwrap();
        if is_so(&job) {
            return job;
        }
        thread::sleep(Duration::from_millis(10));
    };
    let before = until(&server, &|job| job["images"]["new"].as_u64() > Some(0));
    server.kill();
    run(&[Path::new("verify"), &catalog]);

    let server = Process::serving(&catalog);
    let after = until(&server, &|job| job["ended_unix_ms"].is_u64());
    server.kill();
    assert_eq!((&after["state"], &after["images"]["seen"]), (&json!("done"), &json!(PHOTOS)), "{after}");
    if before["state"] == "running" {
        assert_eq!(after["attempts"], 2);
        let of_both =
            after["images"]["new"].as_u64().unwrap() + after["images"]["unchanged"].as_u64().unwrap();
        assert!(of_both == PHOTOS as u64 && after["images"]["unchanged"].as_u64() > Some(0), "{after}");
    }
    let store = EmbeddedStore::open(&catalog, Access::ReadOnly).unwrap();
    // The one photo that was there before is the source's first, too.
    assert_eq!(store.summary().unwrap().products, PHOTOS as u64);
}
