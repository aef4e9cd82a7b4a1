//! Names that lie: the resolver's part of the guard, with a lookup of our own in place of DNS.

use super::client::Fetcher;
use super::error::FetchError;
use super::guard::Refusal;
use super::options::FetchOptions;
use super::resolver::Lookup;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Answers the first lookup with the first list, the second with the second, the last one for ever.
struct Scripted {
    answers: Vec<Vec<&'static str>>,
    asked: AtomicUsize,
}

impl Scripted {
    fn new(answers: &[&[&'static str]]) -> Arc<Self> {
        Arc::new(Self {
            answers: answers.iter().map(|list| list.to_vec()).collect(),
            asked: AtomicUsize::new(0),
        })
    }
}

impl Lookup for Scripted {
    fn addresses(&self, _host: String) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>> {
        let turn = self.asked.fetch_add(1, Ordering::SeqCst).min(self.answers.len() - 1);
        let answer = self.answers[turn].iter().map(|text| text.parse().unwrap()).collect();
        Box::pin(async move { Ok(answer) })
    }
}

fn fetcher(allow_private: bool, lookup: &Arc<Scripted>) -> Fetcher {
    let options = FetchOptions { allow_private, ..FetchOptions::default() };
    Fetcher::with_lookup(options, Arc::clone(lookup) as Arc<dyn Lookup>).unwrap()
}

#[tokio::test]
async fn a_name_with_an_inner_address_is_refused_even_beside_public_ones() {
    let inner: &[&[&'static str]] = &[
        &["127.0.0.1"],
        &["10.0.0.7"],
        &["1.1.1.1", "192.168.0.1"],
        &["2606:4700:4700::1111", "::ffff:127.0.0.1"],
        &["169.254.169.254", "1.1.1.1"],
        &["64:ff9b::7f00:1"],
    ];
    for answer in inner {
        let refused = fetcher(false, &Scripted::new(&[answer])).get("http://shop.example/a.jpg?key=1").await;
        let error = refused.unwrap_err();
        let is_refusal = matches!(
            &error,
            FetchError::Refused { reason: Refusal::Private { host, .. } | Refusal::Never { host, .. }, .. } if host == "shop.example"
        );
        assert!(is_refusal, "{answer:?}: {error:?}");
        for address in *answer {
            assert!(!error.to_string().contains(address), "the inner address is told: {error}");
        }
        assert!(!error.to_string().contains("key=1"), "{error}");
    }
}

#[tokio::test]
async fn the_address_that_was_checked_is_the_one_dialled() {
    // Given a name that is ours at the first lookup and would be somebody else's at a second,
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = server.local_addr().unwrap().port();
    let answering = tokio::spawn(async move {
        let (mut socket, _) = server.accept().await.unwrap();
        let mut request = vec![0; 4096];
        let length = socket.read(&mut request).await.unwrap();
        socket
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok")
            .await
            .unwrap();
        String::from_utf8(request[..length].to_vec()).unwrap()
    });
    let lookup = Scripted::new(&[&["127.0.0.1"], &["127.0.0.9"]]);
    // when it is fetched, with inner addresses allowed so that our own server may answer,
    let fetched = fetcher(true, &lookup).get(&format!("http://shop.example:{port}/a")).await.unwrap();
    // then one lookup was made, its address was dialled, and the server was asked by the name.
    assert_eq!(fetched.bytes.as_ref(), b"ok");
    assert_eq!(lookup.asked.load(Ordering::SeqCst), 1);
    let request = answering.await.unwrap().to_lowercase();
    assert!(request.contains(&format!("host: shop.example:{port}")), "{request}");
    assert!(request.contains("accept-encoding: identity"), "{request}");
}

#[tokio::test]
async fn a_name_that_turns_to_metadata_between_two_fetches_is_refused() {
    // Given a name that leads to an allowed server first and to a cloud's metadata afterwards,
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = server.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut socket, _) = server.accept().await.unwrap();
        let _ = socket.read(&mut [0; 4096]).await.unwrap();
        socket
            .write_all(b"HTTP/1.1 404 Gone\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            .await
            .unwrap();
    });
    let lookup = Scripted::new(&[&["127.0.0.1"], &["169.254.169.254"]]);
    let fetcher = fetcher(true, &lookup);
    let url = format!("http://shop.example:{port}/");
    // then the first answer counts, and the second name lookup is checked like the first.
    let first = fetcher.get(&url).await.unwrap_err();
    assert!(matches!(first, FetchError::Status { status: 404, .. }), "{first:?}");
    let second = fetcher.get(&url).await.unwrap_err();
    assert!(matches!(second, FetchError::Refused { reason: Refusal::Never { .. }, .. }), "{second:?}");
    assert_eq!(lookup.asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_name_without_addresses_says_so() {
    let error = fetcher(false, &Scripted::new(&[&[]])).get("http://nowhere.example/").await.unwrap_err();
    assert!(matches!(error, FetchError::Unresolved { .. }), "{error:?}");
    assert!(error.to_string().contains("nowhere.example"), "{error}");
}

#[tokio::test]
async fn a_literal_address_never_reaches_the_resolver() {
    let lookup = Scripted::new(&[&["1.1.1.1"]]);
    let fetcher = fetcher(false, &lookup);
    for url in [
        "http://127.1/",
        "http://2130706433/",
        "http://[::ffff:127.0.0.1]/",
        "http://0x7f.1/",
        "file:///etc/passwd",
    ] {
        assert!(matches!(fetcher.get(url).await, Err(FetchError::Refused { .. })), "{url}");
    }
    assert!(matches!(fetcher.get("not a url").await, Err(FetchError::Malformed { .. })));
    assert!(matches!(fetcher.get("").await, Err(FetchError::Malformed { .. })));
    assert_eq!(lookup.asked.load(Ordering::SeqCst), 0);
}
