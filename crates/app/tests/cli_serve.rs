//! The server as a process: what it logs, what it counts, how it ends; and the dashboard over its counts.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "a scenario that cannot go on fails right there"
)]

mod cli_kit;

use cli_kit::{Shop, drawing, jpeg};
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

/// `lookalike serve` with what it says on standard error.
struct Process {
    child: Child,
    address: String,
    lines: Receiver<String>,
}

impl Process {
    fn start(shop: &Shop, arguments: &[&str]) -> Self {
        let always = ["serve", "shop", "--listen", "127.0.0.1:0"];
        let mut command = shop.command([&always, arguments].concat());
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (told, lines) = channel();
        thread::spawn(move || {
            for line in stderr.lines() {
                let _ = told.send(line.unwrap());
            }
        });
        let address = loop {
            let line: String = lines.recv_timeout(Duration::from_secs(120)).expect("it does not start");
            if let Some((_, rest)) = line.split_once("http://").filter(|_| line.starts_with("serving ")) {
                break rest.trim_end_matches('/').to_owned();
            }
        };
        Self { child, address, lines }
    }

    fn request(&self, head: &str, body: &[u8]) -> String {
        let mut socket = TcpStream::connect(&self.address).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(120))).unwrap();
        let head = format!(
            "{head} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\nx-request-id: by-the-caller\r\ncontent-type: \
             multipart/form-data; boundary=XYZ\r\ncontent-length: {}\r\n\r\n",
            self.address,
            body.len()
        );
        socket.write_all(&[head.as_bytes(), body].concat()).unwrap();
        let mut answer = Vec::new();
        socket.read_to_end(&mut answer).unwrap();
        String::from_utf8(answer).unwrap()
    }

    /// Asks it to stop; gives its exit code and what it said since it started.
    fn stop(mut self) -> (Option<i32>, Vec<String>) {
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(asked.success());
        let code = self.child.wait().unwrap().code();
        (code, self.lines.iter().collect())
    }
}

fn form(photo: &[u8]) -> Vec<u8> {
    let head = b"--XYZ\r\ncontent-disposition: form-data; name=\"image\"; filename=\"a\"\r\n\r\n".as_slice();
    [head, photo, b"\r\n--XYZ--\r\n"].concat()
}

#[test]
fn every_line_of_the_log_says_which_request_it_is_about() {
    let shop = Shop::with_catalog(2);
    let process = Process::start(&shop, &["--log", "info", "--log-format", "json"]);
    assert!(process.request("POST /v1/check", &form(&jpeg(&drawing(1), 90))).starts_with("HTTP/1.1 200"));
    std::fs::remove_file(shop.path("photos/p0.png")).unwrap();
    // This warns from another thread than the one that answers.
    assert!(process.request("GET /v1/images/p0.png?width=20", b"").starts_with("HTTP/1.1 404"));
    let (code, lines) = process.stop();
    assert_eq!(code, Some(0), "{lines:?}");
    let lines: Vec<Value> =
        lines.iter().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect();
    let about = |path: &str| lines.iter().filter(|line| line["span"]["path"] == path).collect::<Vec<_>>();
    let [answered] = about("/v1/check")[..] else { panic!("{lines:?}") };
    assert_eq!((&answered["message"], &answered["status"]), (&"answered".into(), &200.into()));
    assert_eq!(
        (&answered["span"]["id"], &answered["span"]["method"]),
        (&"by-the-caller".into(), &"POST".into())
    );
    let warned = about("/v1/images/p0.png");
    let levels: Vec<&str> = warned.iter().map(|line| line["level"].as_str().unwrap()).collect();
    assert_eq!(levels, ["WARN", "INFO"], "{lines:?}");
    assert!(warned.iter().all(|line| line["span"]["id"] == "by-the-caller"), "{lines:?}");
    let messages: Vec<&str> = lines.iter().map(|line| line["message"].as_str().unwrap()).collect();
    assert_eq!((messages[0], messages[messages.len() - 1]), ("listening", "stopped"));
}

#[test]
fn unless_told_otherwise_only_what_is_amiss_is_logged_for_people() {
    let shop = Shop::with_catalog(1);
    let process = Process::start(&shop, &[]);
    assert!(process.request("GET /v1/catalog", b"").starts_with("HTTP/1.1 200"));
    std::fs::remove_file(shop.path("photos/p0.png")).unwrap();
    assert!(process.request("GET /v1/images/p0.png", b"").starts_with("HTTP/1.1 404"));
    let (code, lines) = process.stop();
    assert_eq!((code, lines.len()), (Some(0), 1), "{lines:?}");
    let line = &lines[0];
    assert!(line.contains("WARN") && line.contains("by-the-caller") && line.contains("p0.png"), "{line}");
}

/// Names of metrics in a PromQL expression: words that begin as ours or a process's do.
fn names(expression: &str) -> impl Iterator<Item = &str> {
    let words = expression.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    words.filter(|word| word.starts_with("lookalike_") || word.starts_with("process_"))
}

/// Every `expr` in the dashboard, however deep.
fn expressions(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            found.extend(fields.get("expr").and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|value| expressions(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| expressions(value, found)),
        _ => {}
    }
}

#[test]
fn the_dashboard_asks_for_what_is_counted_and_leaves_little_out() {
    let shop = Shop::with_catalog(2);
    let process = Process::start(&shop, &[]);
    assert!(process.request("POST /v1/search", &form(&jpeg(&drawing(1), 90))).starts_with("HTTP/1.1 200"));
    let answer = process.request("GET /metrics", b"");
    let told: BTreeSet<&str> = answer
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split(['{', ' ']).next())
        .collect();
    let photos = answer
        .lines()
        .find_map(|line| line.strip_prefix("lookalike_encoder_pictures_total{encoder=\"look-1\"} "));
    assert!(photos.unwrap().parse::<u32>().unwrap() >= 1, "{answer}");

    let dashboard = include_str!("../../../deploy/grafana-dashboard.json");
    let mut asked = Vec::new();
    expressions(&serde_json::from_str(dashboard).unwrap(), &mut asked);
    assert!(asked.len() >= 12, "{asked:?}");
    for expression in &asked {
        assert!(names(expression).count() > 0, "{expression} asks for nothing");
        for name in names(expression) {
            assert!(told.contains(name), "{expression}: there is no {name} in\n{answer}");
        }
    }
    let shown: BTreeSet<&str> = asked.iter().flat_map(|expression| names(expression)).collect();
    let is_shown = |name: &str| {
        let family =
            ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
        shown.iter().any(|one| one.starts_with(family))
    };
    let unseen: Vec<&&str> =
        told.iter().filter(|name| name.starts_with("lookalike_")).filter(|name| !is_shown(name)).collect();
    assert!(unseen.is_empty(), "counted and not on the dashboard: {unseen:?}");
    assert_eq!(process.stop().0, Some(0));
}
