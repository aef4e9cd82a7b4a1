//! Running again: what is unchanged is left alone, what changed is taken over, what broke stays as it was.

use crate::kit::{Shop, bmp};
use lookalike_engine::ingest::{Event, Stage};
use lookalike_engine::source::{Mapping, open};
use lookalike_engine::store::Store as _;
use std::fs::{self, File};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

fn touch(shop: &Shop, name: &str, seconds: u64) {
    let file = File::options().write(true).open(shop.path(name)).unwrap();
    file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + seconds)).unwrap();
}

#[test]
fn a_second_run_reads_nothing() {
    let shop = Shop::with_photos(30);
    let first = shop.run();
    assert_eq!((first.numbers(), first.reads), ([30, 30, 0, 0], 30));
    let second = shop.run();
    assert_eq!((second.numbers(), second.reads), ([30, 0, 30, 0], 0));
    assert_eq!(second.report.counts.products.unchanged, 30);
    assert!(second.events.iter().all(|event| !matches!(event, Event::Stored { .. })));
}

#[test]
fn what_was_touched_is_compared_and_what_changed_is_taken_over() {
    let shop = Shop::with_photos(4);
    shop.run();
    let before = shop.contents();
    touch(&shop, "0000.bmp", 1);
    shop.write("0001.bmp", bmp(12, 9, 99));
    touch(&shop, "0001.bmp", 2);
    shop.write("new.bmp", bmp(3, 3, 7));
    let run = shop.run();
    assert_eq!((run.numbers(), run.reads), ([5, 2, 3, 0], 3));
    let products = run.report.counts.products;
    assert_eq!((products.stored, products.unchanged), (2, 3));
    let after = shop.contents();
    assert_eq!(after.len(), 5);
    assert_eq!(after[0], before[0]);
    assert_ne!(after[1].1[0].1, before[1].1[0].1, "other bytes, other sum");
    assert_eq!(shop.run().reads, 0, "the new times were taken over");
}

#[test]
fn a_stored_photo_whose_file_broke_is_kept_and_told() {
    let shop = Shop::with_photos(3);
    shop.run();
    let before = shop.contents();
    shop.write("0000.bmp", b"broken");
    shop.write("0001.bmp", b"");
    fs::remove_file(shop.path("0002.bmp")).unwrap();
    let run = shop.run();
    assert_eq!(run.numbers(), [2, 0, 0, 2]);
    assert!(run.failures().iter().all(|failure| failure.stage == Stage::Decode));
    assert_eq!(shop.contents(), before, "a product the source does not name any more stays, too");
}

#[test]
fn a_product_becomes_what_its_rows_say() {
    let mut shop = Shop::with_photos(4);
    shop.options.map = Mapping::parse("id=id,image=image").unwrap();
    let rows = "id,image,title\na,0000.bmp,Ape\na,0001.bmp,Ape\nb,0002.bmp,Bee\n";
    shop.write("shop.csv", rows);
    shop.run_at("shop.csv");
    // Another title, another order, one image less, one more.
    shop.write("shop.csv", "id,image,title\nb,0002.bmp,Bumblebee\na,0003.bmp,Ape\na,0001.bmp,Ape\n");
    let run = shop.run_at("shop.csv");
    assert_eq!((run.numbers(), run.reads), ([3, 1, 2, 0], 1));
    assert_eq!(shop.images_of("a").unwrap(), ["0003.bmp", "0001.bmp"]);
    let bee = lookalike_engine::catalog::ProductId::new("b").unwrap();
    let stored = shop.store.products(&[bee]).unwrap();
    assert_eq!(stored[0].fields["title"], "Bumblebee");
    let again = shop.run_at("shop.csv");
    assert_eq!(again.report.counts.products.unchanged, 2);
}

#[test]
fn a_run_that_is_stopped_keeps_what_it_did_and_the_next_one_finishes() {
    let mut shop = Shop::with_photos(200);
    for image in 0..300 {
        shop.write(&format!("large/{image:03}.bmp"), bmp(8, 8, 1_000 + image));
    }
    shop.options.product_per_folder = true;
    shop.ingest.write_every = Duration::ZERO;
    shop.ingest.ready_images = 20;
    let mut runs = 0;
    let mut stored = 0;
    loop {
        let source = open(&shop.path(""), &shop.options).unwrap();
        let (cancel, mut told) = (AtomicBool::new(false), 0);
        let mut listen = |event: &Event| {
            told += u64::from(matches!(event, Event::Stored { .. }));
            if told > 12 {
                cancel.store(true, Ordering::Relaxed);
            }
        };
        let run = shop.run_source(source.as_ref(), &shop.store, &mut listen, &cancel).unwrap();
        runs += 1;
        stored += run.report.counts.stored;
        assert_eq!(run.report.counts.failed, 0);
        let kept: usize = shop.contents().iter().map(|(_, images)| images.len()).sum();
        assert_eq!(kept as u64, stored, "what was told as stored is stored");
        if !run.report.cancelled {
            break;
        }
        assert!(runs < 200, "each run gets further");
    }
    assert!(runs > 1, "{runs}");
    assert_eq!(stored, 500, "nothing was done twice");
    let uninterrupted = Shop::new();
    let source = open(&shop.path(""), &shop.options).unwrap();
    let cancel = AtomicBool::new(false);
    uninterrupted.run_source(source.as_ref(), &uninterrupted.store, &mut |_| {}, &cancel).unwrap();
    assert_eq!(shop.contents(), uninterrupted.contents());
    assert!(shop.store.verify().unwrap().is_empty());
}

#[test]
fn a_run_that_is_stopped_before_it_began_does_nothing() {
    let shop = Shop::with_photos(5);
    let source = open(&shop.path(""), &shop.options).unwrap();
    let run = shop.run_source(source.as_ref(), &shop.store, &mut |_| {}, &AtomicBool::new(true)).unwrap();
    assert!(run.report.cancelled);
    assert_eq!((run.report.counts.stored, run.reads), (0, 0));
}
