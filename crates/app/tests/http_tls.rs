//! TLS: answers over it, and a certificate that is replaced while connections are open.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a scenario that cannot go on fails right there"
)]

mod http_server;

use http_server::Server;
use lookalike::http::{ServeOptions, Tls};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme, StreamOwned};
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

fn fixture(name: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/tls")).join(name)
}

/// Takes any certificate that the server can sign with; which one it was is looked at afterwards.
#[derive(Debug)]
struct Whoever(CryptoProvider);

impl ServerCertVerifier for Whoever {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

type Stream = StreamOwned<ClientConnection, TcpStream>;

fn connect(server: &Server) -> Stream {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Whoever(ring::default_provider())))
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let socket = TcpStream::connect(server.address).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut stream = StreamOwned::new(connection, socket);
    stream.conn.complete_io(&mut stream.sock).unwrap();
    stream
}

fn shown(stream: &Stream) -> Vec<u8> {
    stream.conn.peer_certificates().unwrap()[0].to_vec()
}

fn certificate(name: &str) -> Vec<u8> {
    CertificateDer::from_pem_file(fixture(name)).unwrap().to_vec()
}

/// Asks on a connection that stays open; gives what came, up to the end of a body of the length told.
fn ask(stream: &mut Stream, target: &str) -> String {
    write!(stream, "GET {target} HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    loop {
        let mut buffer = [0; 4096];
        let length = stream.read(&mut buffer).unwrap();
        assert_ne!(length, 0, "the connection was closed");
        answer.extend_from_slice(&buffer[..length]);
        let text = String::from_utf8_lossy(&answer);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let told = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if body.len() == told.unwrap().parse::<usize>().unwrap() {
            return text.into_owned();
        }
    }
}

/// A server with the first certificate, and the folder its files are in.
fn server() -> (Server, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let tls = Tls { certificates: folder.path().join("tls.pem"), key: folder.path().join("tls.key") };
    fs::copy(fixture("first.pem"), &tls.certificates).unwrap();
    fs::copy(fixture("first.key"), &tls.key).unwrap();
    let options = ServeOptions { tls: Some(tls), ..ServeOptions::on("127.0.0.1:0") };
    (Server::serving(options), folder)
}

#[test]
fn a_certificate_is_replaced_without_dropping_a_connection() {
    let (server, folder) = server();
    let mut old = connect(&server);
    assert_eq!(shown(&old), certificate("first.pem"));
    assert!(ask(&mut old, "/readyz").starts_with("HTTP/1.1 200"));

    // As it happens, one file after the other: in between they do not fit, and the old pair counts.
    fs::copy(fixture("second.pem"), folder.path().join("tls.pem")).unwrap();
    thread::sleep(Duration::from_millis(1500));
    assert_eq!(shown(&connect(&server)), certificate("first.pem"));
    fs::copy(fixture("second.key"), folder.path().join("tls.key")).unwrap();
    let begun = Instant::now();
    while shown(&connect(&server)) != certificate("second.pem") {
        assert!(begun.elapsed() < Duration::from_secs(60), "the new certificate is not shown");
        thread::sleep(Duration::from_millis(100));
    }
    assert!(ask(&mut old, "/readyz").starts_with("HTTP/1.1 200"), "the old connection goes on");

    // Nor does anybody notice when the files are gone.
    fs::remove_file(folder.path().join("tls.pem")).unwrap();
    thread::sleep(Duration::from_millis(1500));
    assert_eq!(shown(&connect(&server)), certificate("second.pem"));
    assert!(ask(&mut old, "/readyz").starts_with("HTTP/1.1 200"));
}

#[test]
fn addresses_in_answers_say_https() {
    let (server, _folder) = server();
    let photo = http_server::stock::photo_host();
    let answer = ask(&mut connect(&server), &format!("/find_similar/?image_url={photo}/2"));
    assert!(answer.contains("\"https://localhost/v1/images/"), "{answer}");
}

#[test]
fn who_speaks_no_tls_costs_nobody_else_anything() {
    let (server, _folder) = server();
    let mut plain = TcpStream::connect(server.address).unwrap();
    plain.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    plain.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    let _silent = TcpStream::connect(server.address).unwrap();
    let mut answer = Vec::new();
    // Whatever comes is a TLS alert, or the connection is reset.
    let _ = plain.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    assert!(ask(&mut connect(&server), "/healthz").starts_with("HTTP/1.1 200"));
}

#[test]
fn files_that_cannot_be_used_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.pem");
    fs::write(&empty, "").unwrap();
    let told = |certificates: &Path, key: &Path| {
        let tls = Tls { certificates: certificates.to_path_buf(), key: key.to_path_buf() };
        let options = ServeOptions { tls: Some(tls), ..ServeOptions::on("127.0.0.1:0") };
        http_server::refusal(&options)
    };
    let (first, second) = (fixture("first.pem"), fixture("second.key"));
    for (certificates, key, says) in [
        (folder.path().join("none.pem"), fixture("first.key"), "none.pem"),
        (empty.clone(), fixture("first.key"), "no certificate in"),
        (first.clone(), empty, "cannot read a private key"),
        (first.clone(), first.clone(), "cannot read a private key"),
        (first, second, "cannot be used together"),
    ] {
        let told = told(&certificates, &key);
        assert!(told.contains(says), "{told}");
    }
}
