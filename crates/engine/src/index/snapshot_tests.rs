//! What a snapshot file goes through: written, read, cut, flipped, taken for another.

use super::tests::{Made, encoder, made, write};
use super::*;
use crate::store::ImageKey;
use lookalike_vision::encoder::EncoderId;
use std::fs;

const DIMENSIONS: usize = 40;

#[test]
fn a_snapshot_says_what_it_holds() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    let snapshot = write(&path, &made(500, DIMENSIONS, 1), DIMENSIONS);
    assert_eq!((snapshot.rows(), snapshot.sequence()), (500, 42));
    assert_eq!(snapshot.encoder(), &encoder(DIMENSIONS));
    snapshot.verify().unwrap();
    let index = Index::with_base(snapshot);
    assert_eq!((index.sequence(), index.len(), index.dimensions()), (Some(42), 500, DIMENSIONS));
    let names: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["index"]);
}

#[test]
fn a_snapshot_may_hold_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let snapshot = write(&folder.path().join("index"), &[], DIMENSIONS);
    snapshot.verify().unwrap();
    let index = Index::with_base(snapshot);
    assert!(index.is_empty());
    assert!(index.nearest_vectors(&[0.5; DIMENSIONS], 3).unwrap().is_empty());
    assert!(index.within_phash(lookalike_vision::hash::PHash(0), 64).is_empty());
}

#[test]
fn a_missing_or_foreign_file_is_to_be_rebuilt() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    let open = || Snapshot::open(&path, &encoder(DIMENSIONS)).unwrap_err();
    assert!(matches!(open(), IndexError::Missing(_)) && open().is_rebuildable());
    for content in [&b""[..], b"look", b"SQLite format 3\0 and then some"] {
        fs::write(&path, content).unwrap();
        assert!(matches!(open(), IndexError::NotASnapshot(_)) && open().is_rebuildable());
    }
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(!open().is_rebuildable(), "{}", open());
}

#[test]
fn a_cut_file_is_noticed_wherever_it_is_cut() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    drop(write(&path, &made(300, DIMENSIONS, 1), DIMENSIONS));
    let whole = fs::read(&path).unwrap();
    for length in (8..whole.len()).step_by(whole.len() / 50).chain([whole.len() - 1]) {
        fs::write(&path, &whole[..length]).unwrap();
        let error = Snapshot::open(&path, &encoder(DIMENSIONS)).unwrap_err();
        assert!(matches!(error, IndexError::Truncated { .. }), "{length} bytes: {error}");
        assert!(error.is_rebuildable());
    }
}

#[test]
fn a_flipped_bit_is_noticed_in_the_header_at_once_and_in_the_body_by_verify() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    // Full to the last row that was announced, so that there is no unused space where a flip would not matter.
    let images = made(1024, 64, 1);
    let mut writer = SnapshotWriter::create(&path, &encoder(64), 1, 1024).unwrap();
    images.iter().for_each(|image| writer.push(&image.row()).unwrap());
    writer.finish().unwrap();
    let whole = fs::read(&path).unwrap();
    let mut parts = std::collections::BTreeSet::new();
    for at in (8..4096).step_by(97).chain((4096..whole.len()).step_by(1021)) {
        let mut flipped = whole.clone();
        flipped[at] ^= 0x10;
        fs::write(&path, &flipped).unwrap();
        let result = Snapshot::open(&path, &encoder(64)).and_then(|snapshot| snapshot.verify());
        match result.unwrap_err() {
            IndexError::Corrupt { part, .. } => parts.insert(part),
            IndexError::OtherVersion { .. } if at < 12 => true,
            other => panic!("byte {at}: {other}"),
        };
    }
    let expected = ["codes", "errors", "floats", "header", "keys", "pdqs", "phashes", "products", "scales"];
    assert_eq!(parts.into_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn vectors_of_another_encoder_are_not_taken() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    drop(write(&path, &made(9, DIMENSIONS, 1), DIMENSIONS));
    for other in [
        EncoderId { name: "look-1".into(), ..encoder(DIMENSIONS) },
        EncoderId { digest: "recipe 2".into(), ..encoder(DIMENSIONS) },
        encoder(DIMENSIONS + 1),
    ] {
        let error = Snapshot::open(&path, &other).unwrap_err();
        assert!(matches!(error, IndexError::OtherEncoder { .. }) && error.is_rebuildable(), "{error}");
    }
}

#[test]
fn rows_that_do_not_fit_are_refused_one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    let mut writer = SnapshotWriter::create(&path, &encoder(2), 1, 2).unwrap();
    let row = |key, vector| Row { key: ImageKey(key), product: 0, phash: 0, pdq: [0; 4], vector };
    writer.push(&row(5, &[1.0, 0.0])).unwrap();
    assert!(matches!(writer.push(&row(5, &[1.0, 0.0])), Err(IndexError::KeyOrder { key: 5, previous: 5 })));
    assert!(matches!(writer.push(&row(6, &[1.0])), Err(IndexError::Dimensions { found: 1, expected: 2 })));
    assert!(matches!(writer.push(&row(6, &[f32::NAN, 0.0])), Err(IndexError::NotFinite)));
    writer.push(&row(6, &[0.0, 1.0])).unwrap();
    assert!(matches!(writer.push(&row(7, &[0.0, 1.0])), Err(IndexError::TooManyRows(2))));
    writer.finish().unwrap();
    let snapshot = Snapshot::open(&path, &encoder(2)).unwrap();
    snapshot.verify().unwrap();
    assert_eq!(snapshot.rows(), 2);

    let long = EncoderId { name: "x".repeat(2000), ..encoder(2) };
    assert!(matches!(SnapshotWriter::create(&path, &long, 1, 2), Err(IndexError::EncoderName(_))));
    assert!(matches!(
        SnapshotWriter::create(&path, &encoder(2), 1, u64::MAX),
        Err(IndexError::TooManyRows(_))
    ));
}

#[test]
fn an_unfinished_snapshot_leaves_the_one_before() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    let images: Vec<Made> = made(300, DIMENSIONS, 1);
    drop(write(&path, &images[..200], DIMENSIONS));
    // A writer that was killed leaves its file, the next one does not mind,
    fs::write(folder.path().join("index.partial"), b"half a snap").unwrap();
    let mut writer = SnapshotWriter::create(&path, &encoder(DIMENSIONS), 43, 300).unwrap();
    images.iter().for_each(|image| writer.push(&image.row()).unwrap());
    // and one that gives up cleans up.
    drop(writer);
    assert!(!folder.path().join("index.partial").exists());
    let old = Snapshot::open(&path, &encoder(DIMENSIONS)).unwrap();
    assert_eq!(old.rows(), 200);

    // When it is replaced while it is open, then who has it open keeps it.
    drop(write(&path, &images, DIMENSIONS));
    old.verify().unwrap();
    let index = Index::with_base(old);
    assert_eq!(index.nearest_vectors(&images[0].vector, 1000).unwrap().len(), 200);
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gone").join("index");
    let error = SnapshotWriter::create(&path, &encoder(2), 1, 2).unwrap_err();
    assert!(matches!(error, IndexError::Io { action: "create", .. }) && !error.is_rebuildable(), "{error}");
    assert!(error.to_string().contains("gone"), "{error}");
}
