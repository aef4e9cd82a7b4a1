//! The real engines that `engines/run.py` starts, and plain requests to fill them.

#![allow(dead_code, reason = "each scenario file uses a part of it")]
#![expect(clippy::print_stdout, reason = "a test that is skipped says so")]

use crate::cli_kit::{Ran, Shop};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

/// Where an engine listens, as `engines/run.py` tells; or says that a test is skipped.
pub(crate) fn engine(name: &str) -> Option<String> {
    let found = std::env::var(format!("LOOKALIKE_TEST_{name}")).ok();
    if found.is_none() {
        println!(
            "skipped: no {name} server; run it with `engines/run.py -- cargo test …`, as `make test` does"
        );
    }
    found
}

/// One request; gives the status and the body of the answer.
pub(crate) fn request(endpoint: &str, method: &str, path: &str, headers: &str, body: &[u8]) -> (u16, String) {
    let host = endpoint.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

/// A command with credentials that every local engine takes, and S3 at `endpoint`.
pub(crate) fn run_at(shop: &Shop, endpoint: &str, arguments: &[&str]) -> Ran {
    let mut command = shop.command(arguments);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("AWS_")) {
        command.env_remove(name);
    }
    command
        .env("AWS_ACCESS_KEY_ID", "AKIATEST")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ENDPOINT_URL", endpoint);
    Ran::from(command.output().unwrap())
}
