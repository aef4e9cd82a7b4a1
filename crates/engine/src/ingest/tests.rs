//! What only the inside can stage: a decoder that panics, one that dawdles.

use super::encode::Decoder;
use super::{Event, Ingest, Stage};
use crate::fetch::local::LocalReader;
use crate::source::{SourceOptions, open};
use crate::store::Store as _;
use crate::store::embedded::EmbeddedStore;
use lookalike_vision::Picture;
use lookalike_vision::decode::{DecodeError, Format, Header, Limits};
use lookalike_vision::encoder::Encoder as _;
use lookalike_vision::look::Look;
use std::sync::atomic::AtomicBool;

fn probe(bytes: &[u8], _: &Limits) -> Result<Header, DecodeError> {
    assert_ne!(bytes, b"header", "odd header");
    Ok(Header { format: Format::Png, width: 9, height: 9 })
}

fn decode(bytes: &[u8], _: &Limits) -> Result<Picture, DecodeError> {
    assert_ne!(bytes, b"body", "odd body");
    Ok(Picture::new(9, 9, bytes.iter().copied().cycle().take(9 * 9 * 3).collect(), None).unwrap())
}

#[test]
fn a_decoder_that_panics_costs_the_picture_it_was_at() {
    let folder = tempfile::tempdir().unwrap();
    let photos = folder.path().join("photos");
    std::fs::create_dir(&photos).unwrap();
    for name in ["one", "two", "header", "body", "three"] {
        std::fs::write(photos.join(format!("{name}.png")), name).unwrap();
    }
    let look = Look::default();
    let store = EmbeddedStore::create(&folder.path().join("catalog"), &[look.id().clone()]).unwrap();
    let source = open(&photos, &SourceOptions::default()).unwrap();
    let mut failures = Vec::new();
    let mut listen = |event| {
        if let Event::Failed(failure) = event {
            failures.push(failure);
        }
    };
    let ingest = Ingest { workers: 1, ..Ingest::default() };
    let report = ingest
        .run_with(
            Decoder { probe, decode },
            source.as_ref(),
            &store,
            &[&look],
            &LocalReader,
            &mut listen,
            &AtomicBool::new(false),
        )
        .unwrap();
    assert_eq!((report.counts.seen, report.counts.stored, report.counts.failed), (5, 3, 2));
    assert_eq!(store.summary().unwrap().images, 3);
    failures.sort_by(|a, b| a.place.cmp(&b.place));
    assert!(failures[0].place.ends_with("body.png") && failures[0].reason.contains("decoder fault"));
    assert!(failures[1].place.ends_with("header.png") && failures[1].reason.contains("odd header"));
    assert!(failures.iter().all(|failure| failure.stage == Stage::Decode));
}

fn decode_the_first_last(bytes: &[u8], limits: &Limits) -> Result<Picture, DecodeError> {
    if bytes == b"a" {
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    decode(bytes, limits)
}

#[test]
fn a_batch_is_written_in_the_source_s_order() {
    let folder = tempfile::tempdir().unwrap();
    let photos = folder.path().join("photos");
    std::fs::create_dir(&photos).unwrap();
    for name in ["a", "b", "c", "d", "e"] {
        std::fs::write(photos.join(format!("{name}.png")), name).unwrap();
    }
    let look = Look::default();
    let store = EmbeddedStore::create(&folder.path().join("catalog"), &[look.id().clone()]).unwrap();
    let source = open(&photos, &SourceOptions::default()).unwrap();
    let ingest = Ingest { workers: 4, write_every: std::time::Duration::from_mins(1), ..Ingest::default() };
    let decoder = Decoder { probe, decode: decode_the_first_last };
    let cancel = AtomicBool::new(false);
    ingest.run_with(decoder, source.as_ref(), &store, &[&look], &LocalReader, &mut |_| (), &cancel).unwrap();
    let stored = store.scan(None, 10).unwrap();
    let order: Vec<&str> = stored.iter().map(|image| image.product.as_str()).collect();
    assert_eq!(order, ["a", "b", "c", "d", "e"]);
}
