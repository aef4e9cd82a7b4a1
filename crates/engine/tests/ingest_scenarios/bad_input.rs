//! What lies in real folders: each bad file costs itself and is told on one line.

use crate::kit::{Shop, bmp};
use lookalike_engine::ingest::{FailuresFile, Stage};
use lookalike_engine::source::Mapping;
use lookalike_engine::store::Store as _;
use std::fs;

/// A PNG that is nothing but a header, of 60,000 x 60,000 pixels; the checksums are right.
const PNG_BOMB: &[u8] = &[
    0x89, b'P', b'N', b'G', 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13, b'I', b'H', b'D', b'R', 0, 0, 0xEA, 0x60, 0,
    0, 0xEA, 0x60, 8, 2, 0, 0, 0, 0x0F, 0xB0, 0xE2, 0x15, 0, 0, 0, 0, b'I', b'E', b'N', b'D', 0xAE, 0x42,
    0x60, 0x82,
];

#[test]
fn every_bad_file_is_told_by_name_and_reason_and_costs_itself() {
    let shop = Shop::with_photos(3);
    shop.write("zero.jpg", b"");
    shop.write("text.png", b"I am a text");
    shop.write("bomb.png", PNG_BOMB);
    let whole = bmp(40, 30, 9);
    for tenth in 1..10 {
        shop.write(&format!("cut{tenth}.bmp"), &whole[..whole.len() * tenth / 10]);
    }
    fs::create_dir(shop.path("x.jpg")).unwrap();
    shop.write("no\nline.jpg", b"neither");
    shop.write("line\nbreak.bmp", bmp(5, 5, 50));
    let run = shop.run();
    let told = 3 + 9 + 1 + 1;
    assert_eq!(run.numbers(), [4 + told, 4, 0, told], "{:?}", run.failures());
    assert_eq!(shop.images_of("line\nbreak").unwrap(), ["line\nbreak.bmp"]);
    assert!(run.failure("zero.jpg").reason.contains("empty"));
    assert!(run.failure("bomb.png").reason.contains("60000"), "{}", run.failure("bomb.png"));
    assert_eq!(run.failure("text.png").stage, Stage::Decode);
    assert_eq!(run.failure("x.jpg").stage, Stage::Source);
    assert_eq!(run.failure("no\\nline.jpg").stage, Stage::Decode);
    for failure in run.failures() {
        assert!(!failure.place.contains('\n') && !failure.reason.contains('\n'), "{failure:?}");
    }
    assert!(shop.store.verify().unwrap().is_empty());

    let path = shop.path("../failures.csv");
    let mut file = FailuresFile::create(&path).unwrap();
    run.failures().into_iter().for_each(|failure| file.record(failure).unwrap());
    file.finish().unwrap();
    assert_eq!(fs::read_to_string(path).unwrap().lines().count() as u64, told + 1);
}

#[cfg(unix)]
#[test]
fn pipes_broken_links_and_strange_bytes_neither_block_nor_stop_the_run() {
    use std::os::unix::ffi::OsStrExt as _;
    let shop = Shop::with_photos(2);
    let strange = shop.path("").join(std::ffi::OsStr::from_bytes(b"caf\xe9.bmp"));
    fs::write(strange, bmp(6, 6, 60)).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(shop.path("pipe.jpg")).status().unwrap().success());
    std::os::unix::fs::symlink("nowhere", shop.path("broken.jpg")).unwrap();
    std::os::unix::fs::symlink("ring.jpg", shop.path("ring.jpg")).unwrap();
    let run = shop.run();
    assert_eq!(run.numbers(), [6, 3, 0, 3]);
    assert_eq!(shop.images_of("caf\\xE9").unwrap(), ["caf\\xE9.bmp"]);
    assert!(run.failure("pipe.jpg").reason.contains("a pipe"));
    assert!(run.failure("broken.jpg").reason.contains("does not exist"));
    assert!(run.failures().iter().all(|failure| failure.stage == Stage::Fetch));
}

#[test]
fn rows_of_a_csv_that_are_none_and_files_that_are_missing_are_counted() {
    let mut shop = Shop::with_photos(2);
    let rows = "id,image\na,0000.bmp\na,0000.bmp\nragged\n,0001.bmp\nb,missing.bmp\nc,0001.bmp\nd,\n";
    shop.write("shop.csv", rows);
    let run = shop.run_at("shop.csv");
    assert_eq!(run.numbers(), [6, 2, 0, 4], "{:?}", run.failures());
    assert_eq!(run.report.counts.without_image, 1);
    assert_eq!(shop.images_of("d").unwrap(), Vec::<String>::new());
    assert_eq!(shop.images_of("b"), None, "nothing of it could be stored");
    let products = run.report.counts.products;
    assert_eq!((products.seen, products.stored, products.failed), (4, 3, 1));
    assert!(run.failure("shop.csv line 3").reason.contains("duplicated"));
    assert_eq!(run.failure("missing.bmp").stage, Stage::Fetch);

    shop.options.map = Mapping::parse("id=image").unwrap();
    let by_photo = shop.run_at("shop.csv");
    assert_eq!(by_photo.report.counts.stored, 2, "{:?}", by_photo.failures());
}

#[test]
fn a_file_over_the_limits_is_refused_before_it_is_read() {
    let mut shop = Shop::with_photos(1);
    shop.write("large.bmp", bmp(100, 100, 1));
    shop.ingest.limits.max_bytes = 10_000;
    let run = shop.run();
    assert_eq!(run.numbers(), [2, 1, 0, 1]);
    assert!(run.failure("large.bmp").reason.contains("more than the 10000 allowed"));
    shop.ingest.limits.max_bytes = 1 << 20;
    shop.ingest.limits.max_pixels = 5_000;
    assert_eq!(shop.run().numbers(), [2, 0, 1, 1]);
}
