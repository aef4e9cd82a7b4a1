//! Memory does not grow with the catalog: bytes on their way and images that wait are bounded.

use crate::kit::{MeanColour, Shop, bmp};
use lookalike_engine::ingest::{Event, Ingest, IngestError};
use lookalike_engine::source::open;
use lookalike_engine::store::Store as _;
use lookalike_engine::store::embedded::EmbeddedStore;
use lookalike_vision::encoder::{Encoder as _, EncoderId};
use std::sync::atomic::AtomicBool;

#[test]
fn bytes_in_flight_stay_within_the_budgets_however_many_photos_there_are() {
    let photo = bmp(32, 32, 0).len() as u64;
    let pixels = 32 * 32 * 8;
    let peak = |count: u32| {
        let mut shop = Shop::new();
        (0..count).for_each(|seed| shop.write(&format!("{seed}.bmp"), bmp(32, 32, seed)));
        shop.ingest = Ingest {
            workers: 4,
            readers: 8,
            photo_bytes: 3 * photo,
            pixel_bytes: 5 * pixels,
            ..Ingest::default()
        };
        let run = shop.run();
        assert_eq!(run.report.counts.stored, u64::from(count));
        run.report.peak_bytes
    };
    for count in [20, 400] {
        let peak = peak(count);
        assert!((photo + pixels..=3 * photo + 5 * pixels).contains(&peak), "{count} photos: {peak}");
    }
}

#[test]
fn photos_larger_than_the_budgets_are_taken_one_at_a_time() {
    let mut shop = Shop::with_photos(40);
    shop.ingest = Ingest { workers: 4, readers: 8, photo_bytes: 1, pixel_bytes: 1, ..Ingest::default() };
    let run = shop.run();
    assert_eq!(run.numbers(), [40, 40, 0, 0]);
    assert_eq!(run.report.peak_bytes, bmp(12, 9, 0).len() as u64 + 12 * 9 * 8);
}

#[test]
fn a_product_with_very_many_images_is_written_in_parts_and_in_order() {
    let mut shop = Shop::new();
    for image in 0..700 {
        shop.write(&format!("many/{image:03}.bmp"), bmp(8, 8, image));
    }
    shop.options.product_per_folder = true;
    shop.ingest.ready_images = 50;
    let run = shop.run();
    assert_eq!(run.numbers(), [700, 700, 0, 0]);
    assert_eq!(run.report.counts.products.stored, 1);
    let parts: Vec<u64> = run
        .events
        .iter()
        .filter_map(|event| if let Event::Stored { images, .. } = event { Some(*images) } else { None })
        .collect();
    assert!(parts.len() > 10 && parts.iter().all(|&images| images <= 51), "{parts:?}");
    let expected: Vec<_> = (0..700).map(|image| format!("many/{image:03}.bmp")).collect();
    assert_eq!(shop.images_of("many").unwrap(), expected);
    let again = shop.run();
    assert_eq!((again.numbers(), again.reads), ([700, 0, 700, 0], 0));
    assert_eq!(again.report.counts.products.unchanged, 1);
}

#[test]
fn encoders_that_are_not_the_catalogs_are_refused_before_anything_is_read() {
    let shop = Shop::with_photos(1);
    let other = EncoderId { name: "other".into(), digest: "v9".into(), dimensions: 3 };
    let path = shop.path("../other");
    let store = EmbeddedStore::create(&path, &[other]).unwrap();
    let source = open(&shop.path(""), &shop.options).unwrap();
    let error = shop.run_source(source.as_ref(), &store, &mut |_| {}, &AtomicBool::new(false)).err().unwrap();
    let text = error.to_string();
    assert!(matches!(error, IngestError::Encoders { .. }), "{text}");
    assert!(text.contains("other") && text.contains(&MeanColour::new().id().name), "{text}");
    assert_eq!(store.summary().unwrap().images, 0);
}
