//! What the servers of scenarios have: drawn pictures, a catalog of them, and a host that gives them.

use super::IMAGES;
use image::{ExtendedColorType, ImageEncoder, RgbImage};
use lookalike_engine::catalog::{ImageId, Location, ProductId};
use lookalike_engine::store::embedded::EmbeddedStore;
use lookalike_engine::store::{Fingerprint, ImageWrite, NewImage, Store, Write};
use lookalike_vision::decode::{self, Limits};
use lookalike_vision::encoder::Encoder;
use lookalike_vision::hash::Hashes;
use serde_json::json;
use sha2::{Digest, Sha256};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use tempfile::TempDir;

/// Picture `n`, 300 x 400: blocks and stripes of its own, so that no two are alike.
pub(crate) fn drawing(n: usize) -> RgbImage {
    let seed = n as u32 * 2_654_435_761 + 12_345;
    RgbImage::from_fn(300, 400, |x, y| {
        let block =
            (x / 50).wrapping_mul(31).wrapping_add((y / 40).wrapping_mul(17)).wrapping_mul(seed | 1) >> 13;
        let stripe = if ((x + y * (n as u32 % 3 + 1)) / 12).is_multiple_of(2) { 60 } else { 0 };
        let level = |shift: u32| ((block >> shift) % 160 + stripe) as u8;
        image::Rgb([level(0), level(3), level(5)])
    })
}

pub(crate) fn jpeg(picture: &RgbImage, quality: u8) -> Vec<u8> {
    let mut out = Vec::new();
    let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut out, quality);
    encoder.write_image(picture, picture.width(), picture.height(), ExtendedColorType::Rgb8).unwrap();
    out
}

pub(crate) fn png(picture: &RgbImage) -> Vec<u8> {
    let mut out = Vec::new();
    let encoder = image::codecs::png::PngEncoder::new(&mut out);
    encoder.write_image(picture, picture.width(), picture.height(), ExtendedColorType::Rgb8).unwrap();
    out
}

/// The bytes of stored picture `n`, as its file has them.
pub(crate) fn photo(n: usize) -> Vec<u8> {
    if IMAGES[n].ends_with(".png") { png(&drawing(n)) } else { jpeg(&drawing(n), 90) }
}

/// Where stored picture `n` lies.
pub(crate) fn file_of(n: usize, folder: &TempDir) -> PathBuf {
    folder.path().join(format!("photo-{n}"))
}

/// A folder with a catalog of the first `count` images.
pub(super) fn stocked(encoders: &[Arc<dyn Encoder>], count: usize) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let ids: Vec<_> = encoders.iter().map(|encoder| encoder.id().clone()).collect();
    let store = EmbeddedStore::create(&folder.path().join("shop.lookalike"), &ids).unwrap();
    let batch: Vec<Write> = (0..count).map(|n| product(n, &folder, encoders)).collect();
    store.apply(&batch).unwrap();
    folder
}

/// Product `n` with its picture, whose file it writes.
pub(crate) fn product(n: usize, folder: &TempDir, encoders: &[Arc<dyn Encoder>]) -> Write {
    let bytes = photo(n);
    let file = file_of(n, folder);
    std::fs::write(&file, &bytes).unwrap();
    let picture = decode::decode(&bytes, &Limits::default()).unwrap();
    let mut fields = json!({"name": format!("Product {n}"), "price": 10 + n});
    if n == 0 {
        fields = json!({"entity_id": 4711, "sku": "RED-1", "small_image": "/media/red.jpg"});
    }
    let image = NewImage {
        id: ImageId::new(IMAGES[n]).unwrap(),
        location: Location::File(file),
        fingerprint: Fingerprint {
            bytes: bytes.len() as u64,
            modified_ns: None,
            sha256: Sha256::digest(&bytes).into(),
        },
        width: picture.width(),
        height: picture.height(),
        media_type: if IMAGES[n].ends_with(".png") { "image/png" } else { "image/jpeg" },
        hashes: Hashes::of(&picture),
        vectors: encoders.iter().map(|encoder| encoder.encode(&[&picture]).unwrap().remove(0)).collect(),
    };
    Write::Product {
        id: ProductId::new(format!("p{n}")).unwrap(),
        fields: fields.as_object().unwrap().clone(),
        images: vec![ImageWrite::Put(Box::new(image))],
    }
}

/// A server that takes requests and never answers; dropped with its last caller.
pub(crate) fn silent_host() -> (String, std::sync::mpsc::Receiver<TcpStream>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let (taken, callers) = std::sync::mpsc::channel();
    thread::spawn(move || {
        for socket in listener.incoming() {
            if taken.send(socket.unwrap()).is_err() {
                return;
            }
        }
    });
    (base, callers)
}

/// A server of photos for the server under test to fetch: `/N` is picture N, anything else 404.
pub(crate) fn photo_host() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for socket in listener.incoming() {
            let mut socket = socket.unwrap();
            let mut request = [0; 2048];
            let length = socket.read(&mut request).unwrap_or(0);
            let head = String::from_utf8_lossy(&request[..length]).into_owned();
            let path = head.split(' ').nth(1).unwrap_or("/").to_owned();
            let found = path.trim_start_matches('/').parse::<usize>().ok().map(|n| jpeg(&drawing(n), 70));
            let (status, body) = match (&*path, found) {
                (_, Some(photo)) => ("200 OK", photo),
                ("/text", _) => ("200 OK", b"no picture".to_vec()),
                ("/metadata", _) => ("302 Found\r\nlocation: http://169.254.169.254/", Vec::new()),
                _ => ("404 Not Found", Vec::new()),
            };
            let head =
                format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            let _ = socket.write_all(&[head.as_bytes(), &body].concat());
        }
    });
    base
}
