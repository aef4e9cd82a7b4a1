//! Wheels made on the spot: zip archives with whatever members a test wants.

#![allow(dead_code, reason = "each test binary uses its part")]
#![allow(clippy::unwrap_used, reason = "a scenario that cannot go on fails right there")]

use flate2::{Compression, write::DeflateEncoder};
use std::io::Write;

/// The library's name in a wheel for this system.
pub(crate) fn member() -> &'static str {
    if cfg!(target_os = "windows") {
        "onnxruntime/capi/onnxruntime.dll"
    } else if cfg!(target_os = "macos") {
        "onnxruntime/capi/libonnxruntime.1.31.1.dylib"
    } else {
        "onnxruntime/capi/libonnxruntime.so.1.31.1"
    }
}

/// Bytes that do not shrink, the same each time.
pub(crate) fn library(bytes: u32) -> Vec<u8> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..bytes).map(|_| next()).collect()
}

/// A wheel with the library beside other things.
pub(crate) fn wheel(library: &[u8]) -> Vec<u8> {
    zip(&[
        ("onnxruntime/__init__.py", b"pass\n", 8),
        ("onnxruntime/capi/libonnxruntime_providers_shared.so", b"another", 0),
        (member(), library, 8),
        ("onnxruntime-1.31.1.dist-info/METADATA", b"Name: onnxruntime\n", 0),
    ])
}

/// An archive of (name, content, method).
pub(crate) fn zip(members: &[(&str, &[u8], u16)]) -> Vec<u8> {
    let (mut archive, mut list) = (Vec::new(), Vec::new());
    for (name, content, method) in members {
        let packed = if *method == 8 {
            let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(content).unwrap();
            encoder.finish().unwrap()
        } else {
            content.to_vec()
        };
        let offset = archive.len() as u32;
        let mut facts = Vec::new();
        facts.extend([20_u16, 0, *method, 0, 0].iter().flat_map(|number| number.to_le_bytes()));
        let sizes = [crc32fast::hash(content), packed.len() as u32, content.len() as u32];
        facts.extend(sizes.iter().flat_map(|number| number.to_le_bytes()));
        facts.extend((name.len() as u16).to_le_bytes());
        archive.extend(b"PK\x03\x04");
        archive.extend(&facts);
        // Extra fields here and none in the list, as some writers do.
        archive.extend(4_u16.to_le_bytes());
        archive.extend(name.bytes());
        archive.extend([1, 0, 0, 0]);
        archive.extend(&packed);
        list.extend(b"PK\x01\x02\x14\x00");
        list.extend(&facts);
        list.extend([0; 12]);
        list.extend(offset.to_le_bytes());
        list.extend(name.bytes());
    }
    let (offset, bytes) = (archive.len() as u32, list.len() as u32);
    archive.extend(&list);
    archive.extend(b"PK\x05\x06\0\0\0\0");
    let count = members.len() as u16;
    archive.extend(count.to_le_bytes());
    archive.extend(count.to_le_bytes());
    archive.extend(bytes.to_le_bytes());
    archive.extend(offset.to_le_bytes());
    archive.extend([0, 0]);
    archive
}
