//! A second encoder for a catalog that is filled already: what is stored is encoded, and nothing else is read.

use crate::kit::{MeanColour, Shop, bmp};
use lookalike_engine::catalog::{Fields, ImageId, Location, ProductId};
use lookalike_engine::fetch::photo::{Photo, PhotoReader, ReadError, Stat};
use lookalike_engine::fetch::{CachingReader, PhotoCache};
use lookalike_engine::ingest::{AddReport, Event, Failure, Ingest, IngestError, Stage, Unreadable};
use lookalike_engine::store::{Fingerprint, ImageWrite, NewImage, Store as _, Write};
use lookalike_vision::Picture;
use lookalike_vision::decode::{Limits, decode};
use lookalike_vision::encoder::{EncodeError, Encoder, EncoderId};
use lookalike_vision::hash::Hashes;
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::fs;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex};
use std::time::Duration;

/// The first pixel as a vector of four; notes its batches, and waits for company where it is told to.
struct FirstPixel {
    id: EncoderId,
    batches: Mutex<Vec<usize>>,
    /// How many calls must be under way at one time, once.
    company: usize,
    under_way: Mutex<usize>,
    met: Condvar,
    has_met: AtomicBool,
}

impl FirstPixel {
    fn new() -> Self {
        Self::with_company(0)
    }

    fn with_company(company: usize) -> Self {
        let id = EncoderId { name: "first-pixel".into(), digest: "v1".into(), dimensions: 4 };
        let (batches, under_way, met, has_met) = Default::default();
        Self { id, batches, company, under_way, met, has_met }
    }

    fn of(picture: &Picture) -> Vec<f32> {
        let [red, green, blue] = [0, 1, 2].map(|channel| f32::from(picture.rgb()[channel]));
        vec![red, green, blue, 1.0]
    }
}

impl Encoder for FirstPixel {
    fn id(&self) -> &EncoderId {
        &self.id
    }

    fn batch(&self) -> usize {
        5
    }

    fn encode(&self, pictures: &[&Picture]) -> Result<Vec<Vec<f32>>, EncodeError> {
        self.batches.lock().unwrap().push(pictures.len());
        *self.under_way.lock().unwrap() += 1;
        self.met.notify_all();
        if !self.has_met.load(Ordering::SeqCst) && self.company > 0 {
            let under_way = self.under_way.lock().unwrap();
            let waited = self.met.wait_timeout_while(under_way, Duration::from_secs(20), |now| {
                *now < self.company && !self.has_met.load(Ordering::SeqCst)
            });
            if !waited.unwrap().1.timed_out() {
                self.has_met.store(true, Ordering::SeqCst);
            }
            self.met.notify_all();
        }
        *self.under_way.lock().unwrap() -= 1;
        Ok(pictures.iter().map(|picture| Self::of(picture)).collect())
    }
}

/// Adds an encoder; gives the report and what failed.
fn add(
    shop: &mut Shop,
    encoder: &dyn Encoder,
    reader: &dyn PhotoReader,
    unreadable: Unreadable,
) -> (AddReport, Vec<Failure>) {
    let mut failures = Vec::new();
    let mut listen = |event| {
        if let Event::Failed(failure) = event {
            failures.push(failure);
        }
    };
    let never = AtomicBool::new(false);
    let ingest = shop.ingest.clone();
    let report =
        ingest.add_encoder(&mut shop.store, encoder, reader, unreadable, &mut listen, &never).unwrap();
    let counts = report.report.counts;
    assert_eq!(counts.seen, counts.stored + counts.failed + counts.not_reached);
    assert_eq!(counts.failed, failures.len() as u64);
    assert_eq!(shop.store.verify().unwrap(), []);
    (report, failures)
}

fn add_from_disk(shop: &mut Shop, unreadable: Unreadable) -> (AddReport, Vec<Failure>) {
    let reader = lookalike_engine::fetch::local::LocalReader;
    add(shop, &FirstPixel::new(), &reader, unreadable)
}

#[test]
fn what_is_stored_is_encoded_without_its_source() {
    let mut shop = Shop::with_photos(300);
    shop.run();
    let (report, _) = add_from_disk(&mut shop, Unreadable::Wait);
    assert!(report.finished && !report.report.cancelled);
    assert_eq!((report.report.counts.stored, report.report.counts.failed), (300, 0));
    assert_eq!(shop.store.encoders().len(), 2);
    for image in shop.store.scan(None, 300).unwrap() {
        let bytes = fs::read(image.location.to_string()).unwrap();
        assert_eq!(image.vectors[1], FirstPixel::of(&decode(&bytes, &Limits::default()).unwrap()));
    }
    let again = shop.ingest.add_encoder(
        &mut shop.store,
        &FirstPixel::new(),
        &shop.reader,
        Unreadable::Wait,
        &mut |_| {},
        &AtomicBool::new(false),
    );
    let error = again.unwrap_err();
    assert!(matches!(error, IngestError::Encoder(_)), "{error}");
    assert!(error.to_string().contains("there is nothing to add"), "{error}");
}

#[test]
fn a_run_that_is_stopped_goes_on_where_it_was() {
    let mut shop = Shop::with_photos(400);
    shop.run();
    shop.ingest.write_every = Duration::ZERO;
    let (mut rounds, mut stored) = (0, 0);
    loop {
        rounds += 1;
        let cancel = AtomicBool::new(false);
        let ingest = shop.ingest.clone();
        let encoder = FirstPixel::new();
        let seen = AtomicU64::new(0);
        let listen = &mut |event: Event| {
            if let Event::Progress(counts) = event {
                seen.store(counts.stored, Ordering::Relaxed);
            }
            cancel.store(rounds <= 2, Ordering::Relaxed);
        };
        // Stopped before it begins, then at its first word, then not.
        cancel.store(rounds == 1, Ordering::Relaxed);
        let reader = lookalike_engine::fetch::local::LocalReader;
        let AddReport { report, finished } = ingest
            .add_encoder(&mut shop.store, &encoder, &reader, Unreadable::Wait, listen, &cancel)
            .unwrap();
        stored += report.counts.stored;
        if finished {
            break;
        }
        assert!(report.cancelled);
        assert_eq!(shop.store.summary().unwrap().adding[0].lacking, 400 - stored);
        assert_eq!(shop.store.verify().unwrap(), []);
        assert!(rounds < 4);
    }
    assert_eq!((stored, shop.store.encoders().len()), (400, 2));
    assert!(rounds > 1);
}

#[test]
fn photos_that_are_not_what_they_were_are_named_and_keep_the_encoder_unfinished() {
    let mut shop = Shop::with_photos(10);
    shop.run();
    fs::remove_file(shop.path("0001.bmp")).unwrap();
    shop.write("0002.bmp", bmp(12, 9, 99));
    let (report, mut failures) = add_from_disk(&mut shop, Unreadable::Wait);
    assert_eq!((report.finished, report.report.counts.stored), (false, 8));
    failures.sort_by(|a, b| a.place.cmp(&b.place));
    assert!(failures[0].place.ends_with("0001.bmp") && failures[0].reason == "does not exist");
    assert!(failures[1].place.ends_with("0002.bmp"), "{failures:?}");
    assert_eq!(failures[1].reason, "has changed since it was stored: index its source again");
    assert!(failures.iter().all(|failure| failure.stage == Stage::Fetch));
    assert_eq!(shop.store.encoders().len(), 1);

    // The cure for the one that changed: the source brings it, and it lacks the vector like any new one.
    assert_eq!(shop.run().report.counts.stored, 1);
    let (report, failures) = add_from_disk(&mut shop, Unreadable::Wait);
    assert_eq!((report.finished, report.report.counts.stored, failures.len()), (false, 1, 1));
    // For the one that is gone: going on without it.
    let (report, failures) = add_from_disk(&mut shop, Unreadable::LeaveOut);
    assert_eq!((report.finished, report.report.counts.stored, failures.len()), (true, 0, 1));
    assert_eq!(shop.store.encoders().len(), 2);
    let gone = shop.store.find_image(&ImageId::new("0001.bmp").unwrap()).unwrap().unwrap();
    let found = shop.store.nearest_vectors(1, &[1.0, 1.0, 1.0, 0.0], 100).unwrap();
    assert_eq!((found.len(), found.last()), (10, Some(&(gone, 0.0))));
    assert_eq!(
        shop.store.nearest_phashes(shop.store.images(&[gone]).unwrap()[0].hashes.phash, 1).unwrap()[0].1,
        0
    );
}

#[test]
fn every_worker_encodes_while_others_do_and_batches_are_as_large_as_the_encoder_wants() {
    let mut shop = Shop::with_photos(200);
    shop.run();
    shop.ingest = Ingest { workers: 3, readers: 4, ..Ingest::default() };
    // No call returns before three are under way at once: workers that waited for each other would time out.
    let encoder = FirstPixel::with_company(3);
    let reader = lookalike_engine::fetch::local::LocalReader;
    let (report, _) = add(&mut shop, &encoder, &reader, Unreadable::Wait);
    assert!(report.finished);
    assert!(encoder.has_met.load(Ordering::SeqCst), "workers encoded one after the other");
    let batches = encoder.batches.lock().unwrap().clone();
    assert!(batches.iter().all(|batch| *batch <= 5), "{batches:?}");
    assert!(batches.contains(&5), "{batches:?}");

    // The same when photos are indexed; here large pictures, of which the budget takes few while they are decoded.
    let mut shop = Shop::new();
    (0..40).for_each(|seed| shop.write(&format!("{seed}.bmp"), bmp(64, 64, seed)));
    shop.ingest = Ingest {
        workers: 2,
        readers: 4,
        pixel_bytes: 64 * 64 * 8 * 5,
        encode_batch: Some(4),
        ..Ingest::default()
    };
    let run = shop.run();
    assert_eq!(run.numbers(), [40, 40, 0, 0]);
}

/// A shop on the web: photos by URL, and how often each was asked for.
struct Web {
    photos: Mutex<HashMap<String, Vec<u8>>>,
    asked: AtomicUsize,
}

impl PhotoReader for &Web {
    fn stat(&self, _: &Location) -> Result<Option<Stat>, ReadError> {
        Ok(None)
    }

    fn read(&self, location: &Location, _: &Limits) -> Result<Photo, ReadError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let photos = self.photos.lock().unwrap();
        let bytes = photos.get(&location.to_string()).ok_or(ReadError::Missing)?.clone();
        Ok(Photo { bytes: bytes.into(), modified_ns: None })
    }
}

fn url(n: u32) -> String {
    format!("https://shop.example/{n}.bmp")
}

/// Stores photo `n` of the web as the ingest would have.
fn store_from_web(shop: &Shop, web: &Web, n: u32) {
    let bytes = web.photos.lock().unwrap()[&url(n)].clone();
    let picture = decode(&bytes, &Limits::default()).unwrap();
    let image = NewImage {
        id: ImageId::new(url(n)).unwrap(),
        location: Location::Url(url(n)),
        fingerprint: Fingerprint {
            bytes: bytes.len() as u64,
            modified_ns: None,
            sha256: Sha256::digest(&bytes).into(),
        },
        width: picture.width(),
        height: picture.height(),
        media_type: "image/bmp",
        hashes: Hashes::of(&picture),
        vectors: MeanColour::new().encode(&[&picture]).unwrap(),
    };
    let product = Write::Product {
        id: ProductId::new(n.to_string()).unwrap(),
        fields: Fields::new(),
        images: vec![ImageWrite::Put(Box::new(image))],
    };
    shop.store.apply(&[product]).unwrap();
}

#[test]
fn photos_from_the_web_come_from_the_cache_and_else_only_as_they_were() {
    let mut shop = Shop::new();
    let photos = (0..6).map(|n| (url(n), bmp(12, 9, n))).collect();
    let web = Web { photos: Mutex::new(photos), asked: AtomicUsize::new(0) };
    (0..6).for_each(|n| store_from_web(&shop, &web, n));
    let cache = || PhotoCache::new(&shop.path("../catalog"), 1 << 20);
    // Three were kept when they were stored; of the others one is another photo now and one is gone.
    for n in 0..3 {
        let bytes = web.photos.lock().unwrap()[&url(n)].clone();
        cache().put(&Sha256::digest(&bytes).into(), &bytes);
    }
    web.photos.lock().unwrap().insert(url(4), bmp(12, 9, 44));
    web.photos.lock().unwrap().remove(&url(5));
    let reader = CachingReader::new(&web, cache());
    let (report, mut failures) = add(&mut shop, &FirstPixel::new(), &reader, Unreadable::Wait);
    assert_eq!((report.report.counts.stored, report.finished), (4, false));
    failures.sort_by(|a, b| a.place.cmp(&b.place));
    assert_eq!(
        failures[0].to_string(),
        format!("{}: has changed since it was stored: index its source again", url(4))
    );
    assert_eq!(failures[1].to_string(), format!("{}: does not exist", url(5)));
    assert_eq!(web.asked.load(Ordering::SeqCst), 3);
    // What had to be fetched is kept for the next time; what is another photo now is not.
    assert_eq!(reader_cache_size(&shop), 4);
}

fn reader_cache_size(shop: &Shop) -> u64 {
    PhotoCache::new(&shop.path("../catalog"), 1 << 20).size().unwrap().0
}
