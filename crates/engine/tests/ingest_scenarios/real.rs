//! Real photos, the real encoder, the real store.

use crate::kit::Watched;
use lookalike_engine::ingest::{Ingest, Report};
use lookalike_engine::source::{Mapping, SourceOptions, open};
use lookalike_engine::store::Store as _;
use lookalike_engine::store::embedded::EmbeddedStore;
use lookalike_vision::encoder::Encoder as _;
use lookalike_vision::look::Look;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

fn ingest(store: &EmbeddedStore, source: &Path, map: &str) -> (Report, u64) {
    let options = SourceOptions { map: Mapping::parse(map).unwrap(), ..SourceOptions::default() };
    let source = open(source, &options).unwrap();
    let (look, reader) = (Look::default(), Watched::default());
    let cancel = AtomicBool::new(false);
    let report =
        Ingest::default().run(source.as_ref(), store, &[&look], &reader, &mut |_| {}, &cancel).unwrap();
    (report, reader.reads.load(Ordering::Relaxed))
}

#[test]
fn every_real_photo_is_stored_by_folder_and_by_labels_and_not_read_again() {
    let images = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/images");
    if !images.is_dir() {
        println!("skipped: no {}", images.display());
        return;
    }
    for (source, map, products) in [("dev", "", 1349), ("labels.csv", "", 632)] {
        let folder = tempfile::tempdir().unwrap();
        let store =
            EmbeddedStore::create(&folder.path().join("catalog"), &[Look::default().id().clone()]).unwrap();
        let (first, reads) = ingest(&store, &images.join(source), map);
        println!("{source}: {}, {:.1} s, at most {} bytes", first.counts, first.seconds, first.peak_bytes);
        assert_eq!((first.counts.stored, first.counts.failed, reads), (1349, 0, 1349));
        let (second, reads) = ingest(&store, &images.join(source), map);
        println!("{source} again: {}, {:.2} s", second.counts, second.seconds);
        assert_eq!((second.counts.unchanged, second.counts.seen, reads), (1349, 1349, 0));
        let summary = store.summary().unwrap();
        assert_eq!((summary.products, summary.images), (products, 1349));
        assert!(store.verify().unwrap().is_empty());
    }
}
