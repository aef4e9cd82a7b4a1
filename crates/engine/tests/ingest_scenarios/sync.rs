//! Staying in step: what is new, changed, unchanged, gone and broken, counted by products and by images; what a preview
//! says; what is removed and when it is not; and what a deadline leaves for the next run.

use crate::kit::{MeanColour, Run, Shop, bmp};
use lookalike_engine::catalog::{Fields, ImageId, ImageRef, Location, Product, ProductId};
use lookalike_engine::ingest::{Counts, Event, Missing, NotRemoved, Report, Stage, Unreadable};
use lookalike_engine::source::{Mapping, Products, RowFailure, Source, SourceError, open};
use lookalike_engine::store::Store as _;
use lookalike_vision::Picture;
use lookalike_vision::encoder::{EncodeError, Encoder, EncoderId};
use std::fs::{self, File};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

/// New, changed, unchanged, removed, failed.
fn five(counts: &Counts) -> [[u64; 5]; 2] {
    let products = &counts.products;
    [
        [counts.added(), counts.changed, counts.unchanged, counts.removed, counts.failed],
        [products.added(), products.changed, products.unchanged, products.removed, products.failed],
    ]
}

fn preview(shop: &Shop, name: &str) -> Report {
    let source = open(&shop.path(name), &shop.options).unwrap();
    let never = AtomicBool::new(false);
    shop.ingest.preview(source.as_ref(), Some(&shop.store), &shop.reader, &mut |_| {}, &never).unwrap()
}

/// A shop of a hundred products, all from one table.
fn shop_of_100() -> Shop {
    let mut shop = Shop::with_photos(100);
    shop.options.map = Mapping::parse("id=id,image=image").unwrap();
    write_table(&shop, 0..100, "");
    assert_eq!(shop.run_at("shop.csv").numbers(), [100, 100, 0, 0]);
    shop
}

fn write_table(shop: &Shop, photos: impl Iterator<Item = u32>, more: &str) {
    let rows: String = photos.map(|n| format!("p{n},{n:04}.bmp,Title {n}\n")).collect();
    shop.write("shop.csv", format!("id,image,title\n{rows}{more}"));
}

#[test]
fn a_run_says_what_is_new_changed_unchanged_removed_and_failed_and_a_preview_says_it_before() {
    let mut shop = shop_of_100();
    // Another photo, another title, one photo more, one less, a broken one, a new product, a missing one.
    shop.write("0000.bmp", bmp(12, 9, 1_000));
    shop.write("more.bmp", bmp(12, 9, 1_001));
    shop.write("new.bmp", bmp(12, 9, 1_002));
    shop.write("broken.bmp", b"");
    write_table(&shop, (0..98).filter(|n| ![1, 2].contains(n)), "");
    let rows = fs::read_to_string(shop.path("shop.csv")).unwrap();
    let more = "p1,0001.bmp,Another title\np2,0002.bmp,Title 2\np2,more.bmp,Title 2\nnew,new.bmp,New\n\
                p98,0097.bmp,Title 98\nlost,broken.bmp,Lost\n";
    shop.write("shop.csv", rows + more);
    shop.ingest.missing = Missing::Remove;

    let before = shop.contents();
    let told = preview(&shop, "shop.csv");
    assert_eq!(shop.contents(), before, "a preview does nothing");
    let run = shop.run_at("shop.csv");
    let expected = [
        // p0 has another photo; p2 one more, new has one, p98 another under another name; p98's own and p99's are gone.
        [3, 1, 97, 2, 1],
        [1, 4, 95, 1, 1],
    ];
    assert_eq!(five(&run.report.counts), expected);
    // Of what is empty a preview does not know that it is.
    assert_eq!(five(&told.counts), [[4, 1, 97, 2, 0], [2, 4, 95, 1, 0]]);
    assert!(told.counts.add_up() && told.not_removed.is_none() && run.report.not_removed.is_none());
    assert!(shop.images_of("p99").is_none());
    assert_eq!(shop.images_of("p98").unwrap(), ["0097.bmp"]);
    assert_eq!(shop.store.verify().unwrap(), []);
    let again = shop.run_at("shop.csv").report.counts;
    assert_eq!(five(&again), [[0, 0, 101, 0, 1], [0, 0, 100, 0, 1]]);
}

#[test]
fn without_a_catalog_a_preview_finds_everything_new() {
    let shop = Shop::with_photos(3);
    let source = open(&shop.path(""), &shop.options).unwrap();
    let never = AtomicBool::new(false);
    let told = shop.ingest.preview(source.as_ref(), None, &shop.reader, &mut |_| {}, &never).unwrap();
    assert_eq!(five(&told.counts), [[3, 0, 0, 0, 0], [3, 0, 0, 0, 0]]);
    assert_eq!(shop.reader.reads.load(Ordering::Relaxed), 0);
}

#[test]
fn what_is_missing_stays_unless_asked_and_half_a_catalog_stays_unless_told_twice() {
    let mut shop = shop_of_100();
    write_table(&shop, 0..49, "");
    assert_eq!(shop.run_at("shop.csv").report.counts.products.removed, 0);
    shop.ingest.missing = Missing::Remove;
    let refused = shop.run_at("shop.csv").report;
    assert_eq!(refused.not_removed, Some(NotRemoved::TooMany { missing: 51, of: 100 }));
    assert!(refused.not_removed.unwrap().to_string().contains("--delete-missing=all"));
    assert_eq!((refused.counts.products.removed, shop.contents().len()), (0, 100));
    assert_eq!(preview(&shop, "shop.csv").not_removed, refused.not_removed);
    write_table(&shop, 0..50, "");
    assert_eq!(shop.run_at("shop.csv").report.counts.products.removed, 50);
    write_table(&shop, 49..50, "");
    shop.ingest.missing = Missing::RemoveAny;
    assert_eq!(shop.run_at("shop.csv").report.counts.products.removed, 49);
    assert_eq!(shop.contents().len(), 1);
    assert_eq!(shop.store.verify().unwrap(), []);
}

#[test]
fn other_ids_for_everything_do_not_pass_for_half_a_catalog() {
    let mut shop = shop_of_100();
    shop.ingest.missing = Missing::Remove;
    let rows: String = (0..100).map(|n| format!("new-{n},{n:04}.bmp\n")).collect();
    shop.write("shop.csv", format!("id,image\n{rows}"));
    let run = shop.run_at("shop.csv").report;
    assert_eq!(run.not_removed, Some(NotRemoved::TooMany { missing: 100, of: 100 }));
    assert_eq!(shop.contents().len(), 200);
}

#[test]
fn a_source_with_rows_that_failed_removes_nothing_unless_told() {
    let mut shop = shop_of_100();
    write_table(&shop, 0..98, "\"p98,0098.bmp\n");
    shop.ingest.missing = Missing::Remove;
    let run = shop.run_at("shop.csv");
    assert_eq!(run.report.not_removed, Some(NotRemoved::RowsFailed(1)), "{:?}", run.failures());
    assert_eq!(shop.contents().len(), 100);
    shop.ingest.missing = Missing::RemoveAny;
    assert_eq!(shop.run_at("shop.csv").report.counts.products.removed, 2);
}

/// A list of products that is cut short.
struct Cut<'a>(&'a Shop, u32);

impl Source for Cut<'_> {
    fn describe(&self) -> String {
        "a list".into()
    }
    fn images_expected(&self) -> Option<u64> {
        None
    }
    fn ended_early(&self) -> bool {
        true
    }
    fn products(&self) -> Result<Products<'_>, SourceError> {
        let product = |n: u32| -> Result<Product, RowFailure> {
            let name = format!("{n:04}.bmp");
            let id = ImageId::new(name.as_str()).unwrap();
            let image = ImageRef { id, location: Location::File(self.0.path(&name)) };
            Ok(Product {
                id: ProductId::new(format!("p{n}")).unwrap(),
                fields: Fields::new(),
                images: vec![image],
            })
        };
        Ok(Box::new((0..self.1).map(product)))
    }
}

#[test]
fn a_source_that_broke_or_a_run_that_was_stopped_never_removes_anything() {
    let mut shop = shop_of_100();
    shop.ingest.missing = Missing::RemoveAny;
    let never = AtomicBool::new(false);
    let run = shop.run_source(&Cut(&shop, 90), &shop.store, &mut |_| {}, &never).unwrap();
    assert_eq!(run.report.not_removed, Some(NotRemoved::SourceBroke));
    write_table(&shop, 0..90, "");
    let source = open(&shop.path("shop.csv"), &shop.options).unwrap();
    let stopped = shop.run_source(source.as_ref(), &shop.store, &mut |_| {}, &AtomicBool::new(true)).unwrap();
    assert_eq!(stopped.report.not_removed, Some(NotRemoved::Stopped));
    assert_eq!(shop.contents().len(), 100);
}

#[test]
fn a_removal_that_is_stopped_is_gone_on_with_by_the_next_run() {
    let mut shop = Shop::with_photos(900);
    shop.run();
    (0..400).for_each(|n| fs::remove_file(shop.path(&format!("{n:04}.bmp"))).unwrap());
    shop.ingest.missing = Missing::Remove;
    let (source, cancel) = (open(&shop.path(""), &shop.options).unwrap(), AtomicBool::new(false));
    let mut stop_at_the_first = |event: &Event| {
        if matches!(event, Event::Removed { .. }) {
            cancel.store(true, Ordering::Relaxed);
        }
    };
    let first =
        shop.run_source(source.as_ref(), &shop.store, &mut stop_at_the_first, &cancel).unwrap().report;
    let removed = first.counts.products.removed;
    assert!((1..400).contains(&removed), "{removed}");
    assert_eq!(first.not_removed, Some(NotRemoved::Stopped));
    let second = shop.run().report;
    assert_eq!((second.counts.products.removed, second.not_removed), (400 - removed, None));
    assert_eq!(shop.contents().len(), 500);
    assert_eq!(shop.store.verify().unwrap(), []);
}

#[test]
fn five_thousand_products_again_are_neither_read_nor_decoded_and_one_in_a_hundred_costs_itself() {
    let mut shop = Shop::with_photos(5_000);
    shop.ingest.missing = Missing::Remove;
    assert_eq!(shop.run().numbers(), [5_000, 5_000, 0, 0]);
    let second = shop.run();
    assert_eq!((second.reads, second.report.counts.bytes, second.report.peak_bytes), (0, 0, 0));
    assert_eq!(five(&second.report.counts), [[0, 0, 5_000, 0, 0], [0, 0, 5_000, 0, 0]]);
    for n in (0..5_000).step_by(100) {
        shop.write(&format!("{n:04}.bmp"), bmp(12, 9, 10_000 + n));
        let file = File::options().write(true).open(shop.path(&format!("{n:04}.bmp"))).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000)).unwrap();
    }
    let third = shop.run();
    assert_eq!(third.reads, 50);
    assert_eq!(five(&third.report.counts), [[0, 50, 4_950, 0, 0], [0, 50, 4_950, 0, 0]]);
}

#[test]
fn a_folder_that_moved_is_read_and_compared_and_not_decoded() {
    let shop = Shop::with_photos(20);
    shop.run();
    let keys =
        |shop: &Shop| shop.store.scan(None, 100).unwrap().into_iter().map(|i| i.key).collect::<Vec<_>>();
    let before = keys(&shop);
    fs::create_dir(shop.path("../moved")).unwrap();
    for n in 0..20 {
        let name = format!("{n:04}.bmp");
        fs::rename(shop.path(&name), shop.path(&format!("../moved/{name}"))).unwrap();
    }
    let run = shop.run_at("../moved");
    assert_eq!(run.reads, 20);
    assert_eq!(five(&run.report.counts), [[0, 0, 20, 0, 0], [0, 0, 20, 0, 0]]);
    assert_eq!(keys(&shop), before, "no image was replaced");
    let stored = shop.store.scan(None, 100).unwrap();
    assert!(stored.iter().all(|image| image.location.to_string().contains("/moved/")));
    let again = shop.run_at("../moved");
    assert_eq!((again.reads, five(&again.report.counts)[0]), (0, [0, 0, 20, 0, 0]));
}

/// Any picture is like any other.
struct One(EncoderId);

impl Encoder for One {
    fn id(&self) -> &EncoderId {
        &self.0
    }
    fn encode(&self, pictures: &[&Picture]) -> Result<Vec<Vec<f32>>, EncodeError> {
        Ok(pictures.iter().map(|_| vec![1.0]).collect())
    }
}

#[test]
fn a_photo_that_was_left_out_of_an_encoder_gets_its_vector_where_it_turns_up_again() {
    let mut shop = Shop::with_photos(2);
    shop.run();
    fs::create_dir(shop.path("../moved")).unwrap();
    for name in ["0000.bmp", "0001.bmp"] {
        fs::rename(shop.path(name), shop.path(&format!("../moved/{name}"))).unwrap();
    }
    let one = One(EncoderId { name: "one".into(), digest: "1".into(), dimensions: 1 });
    let (ingest, never) = (shop.ingest.clone(), AtomicBool::new(false));
    let leave_out = Unreadable::LeaveOut;
    let reader = &shop.reader;
    let added = ingest.add_encoder(&mut shop.store, &one, reader, leave_out, &mut |_| {}, &never).unwrap();
    assert!(added.finished);
    let source = open(&shop.path("../moved"), &shop.options).unwrap();
    let encoders: [&dyn Encoder; 2] = [&MeanColour::new(), &one];
    let run = ingest.run(source.as_ref(), &shop.store, &encoders, &shop.reader, &mut |_| {}, &never).unwrap();
    assert_eq!(five(&run.counts)[0], [0, 2, 0, 0, 0]);
    let stored = shop.store.scan(None, 9).unwrap();
    assert!(stored.iter().all(|image| image.vectors[1] == [1.0]), "{stored:?}");
}

#[test]
fn at_the_deadline_everything_that_was_not_reached_is_named_and_the_next_run_goes_on() {
    let mut shop = Shop::with_photos(300);
    shop.ingest.deadline = Some(Instant::now());
    let run: Run = shop.run();
    let counts = run.report.counts;
    assert!(run.report.cancelled && counts.add_up());
    assert_eq!((counts.seen, counts.not_reached, counts.products.not_reached, run.reads), (300, 300, 300, 0));
    let named = run.events.iter().filter_map(|event| match event {
        Event::NotReached(named) => Some(named),
        _ => None,
    });
    let mut names: Vec<&str> = named
        .map(|named| {
            assert_eq!(named.stage, Stage::Deadline);
            named.place.as_str()
        })
        .collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 300);
    shop.ingest.deadline = Some(Instant::now() + Duration::from_secs(3600));
    assert_eq!(shop.run().numbers(), [300, 300, 0, 0]);
}
