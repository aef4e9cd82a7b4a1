//! Hashes against values the reference implementations gave: the shared goldens where they are, and our own fixtures.
//!
//! `fixtures/hashes.json` is written by `parity/fixtures.py`, which also draws the pictures beside it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests, where a failure is the answer")]

use lookalike_vision::Picture;
use lookalike_vision::hash::{Hashes, PdqHash, pdq_orientations};
use serde_json::Value;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The picture as Pillow's `convert("RGB")` has it. These PNGs are 8-bit, where every decoder agrees.
fn open(path: &Path) -> Picture {
    let decoded = image::open(path).unwrap();
    let (width, height) = (decoded.width(), decoded.height());
    let rgba = decoded.to_rgba8();
    let rgb = rgba.pixels().flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
    Picture::new(width, height, rgb, None).unwrap()
}

fn entries(path: &Path) -> Vec<Value> {
    let entries: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    entries.as_array().unwrap().clone()
}

fn text<'a>(entry: &'a Value, key: &str) -> &'a str {
    entry[key].as_str().unwrap_or_else(|| panic!("{key} is missing in {entry}"))
}

#[test]
fn the_shared_goldens_are_met_bit_by_bit() {
    let folder = root().join("../shared/golden/phash");
    if !folder.exists() {
        println!("skipped: {} does not exist", folder.display());
        return;
    }
    let entries = entries(&folder.join("golden.json"));
    assert_eq!(entries.len(), 11);
    for entry in entries {
        let file = text(&entry, "file");
        let hashes = Hashes::of(&open(&folder.join(file)));
        assert_eq!(hashes.phash.to_string(), text(&entry, "phash"), "{file}, letterboxed");
        assert_eq!(hashes.phash_plain.to_string(), text(&entry, "phash_no_letterbox"), "{file}");
    }
}

#[test]
fn our_fixtures_are_met_bit_by_bit() {
    let folder = root().join("fixtures/hashes");
    let entries = entries(&root().join("fixtures/hashes.json"));
    assert!(entries.len() >= 12);
    let mut all_decided = 0;
    for entry in entries {
        let file = text(&entry, "file");
        let picture = open(&folder.join(file));
        let hashes = Hashes::of(&picture);
        assert_eq!(hashes.phash.to_string(), text(&entry, "phash"), "{file}, letterboxed");
        assert_eq!(hashes.phash_plain.to_string(), text(&entry, "phash_plain"), "{file}");
        assert_eq!(hashes.dhash.to_string(), text(&entry, "dhash"), "{file}");
        let expected: PdqHash = text(&entry, "pdq").parse().unwrap();
        let undecided: PdqHash = text(&entry, "pdq_undecided").parse().unwrap();
        let wrong = [0, 1, 2, 3].map(|n| (hashes.pdq.hash.0[n] ^ expected.0[n]) & !undecided.0[n]);
        assert_eq!(wrong, [0; 4], "{file}: PDQ is {}, expected {expected}", hashes.pdq.hash);
        assert_eq!(u64::from(hashes.pdq.quality), entry["pdq_quality"].as_u64().unwrap(), "{file}");
        if undecided != PdqHash([0; 4]) || picture.width().min(picture.height()) < 5 {
            continue;
        }
        all_decided += 1;
        let expected = entry["pdq_orientations"].as_array().unwrap();
        for (index, (ours, expected)) in pdq_orientations(&picture).iter().zip(expected).enumerate() {
            assert_eq!(ours.to_string(), expected.as_str().unwrap(), "{file}, orientation {index}");
        }
    }
    assert!(all_decided >= 7, "only {all_decided} fixtures test the orientations");
}
