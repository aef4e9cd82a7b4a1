//! A shop in a temporary folder, and stand-ins for what can go wrong around it.

use lookalike_engine::catalog::{Location, ProductId};
use lookalike_engine::fetch::local::LocalReader;
use lookalike_engine::fetch::photo::{Photo, PhotoReader, ReadError, Stat};
use lookalike_engine::ingest::{Event, Failure, Ingest, IngestError, Report, Stage};
use lookalike_engine::source::{Source, SourceOptions, open};
use lookalike_engine::store::embedded::EmbeddedStore;
use lookalike_engine::store::{Store, StoredImage};
use lookalike_vision::Picture;
use lookalike_vision::decode::Limits;
use lookalike_vision::encoder::{EncodeError, Encoder, EncoderId};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// A 24-bit BMP whose pixels depend on `seed`.
pub(crate) fn bmp(width: u32, height: u32, seed: u32) -> Vec<u8> {
    let row = (width * 3).next_multiple_of(4);
    let size = 54 + row * height;
    let mut bytes = b"BM".to_vec();
    for word in [size, 0, 54, 40, width, height, 1 | 24 << 16, 0, row * height, 2835, 2835, 0, 0] {
        bytes.extend(word.to_le_bytes());
    }
    let mut state = u64::from(seed) * 2 + 1;
    bytes.extend((0..row * height).map(|_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    }));
    bytes
}

/// Mean colour as a vector of three; panics at white pictures and refuses black ones.
pub(crate) struct MeanColour(EncoderId);

impl MeanColour {
    pub(crate) fn new() -> Self {
        Self(EncoderId { name: "mean-colour".into(), digest: "v1".into(), dimensions: 3 })
    }
}

impl Encoder for MeanColour {
    fn id(&self) -> &EncoderId {
        &self.0
    }

    fn encode(&self, pictures: &[&Picture]) -> Result<Vec<Vec<f32>>, EncodeError> {
        let vector = |picture: &&Picture| {
            let sums = picture.rgb().chunks_exact(3).fold([1.0_f32; 3], |sums, pixel| {
                [0, 1, 2].map(|channel| sums[channel] + f32::from(pixel[channel]))
            });
            assert!(picture.rgb().iter().any(|&value| value < 255), "white is too much for me");
            if picture.rgb().iter().all(|&value| value == 0) {
                return Err(EncodeError { encoder: "mean-colour".into(), reason: "too dark".into() });
            }
            let length = sums.iter().map(|x| x * x).sum::<f32>().sqrt();
            Ok(sums.map(|x| x / length).to_vec())
        };
        pictures.iter().map(vector).collect()
    }
}

/// Reads from disk and counts; fails where it is told to.
#[derive(Default)]
pub(crate) struct Watched {
    pub(crate) reads: AtomicU64,
    pub(crate) fails: Option<fn(&Path) -> bool>,
}

impl PhotoReader for Watched {
    fn stat(&self, location: &Location) -> Result<Option<Stat>, ReadError> {
        LocalReader.stat(location)
    }

    fn read(&self, location: &Location, limits: &Limits) -> Result<Photo, ReadError> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        let Location::File(path) = location else { panic!("a file") };
        match self.fails {
            Some(fails) if fails(path) => Err(ReadError::Failed("as told".into())),
            _ => LocalReader.read(location, limits),
        }
    }
}

/// A product's id, and its images' ids and sums.
pub(crate) type Contents = (String, Vec<(String, [u8; 32])>);

/// A folder of photos and a catalog beside it.
pub(crate) struct Shop {
    folder: tempfile::TempDir,
    pub(crate) store: EmbeddedStore,
    pub(crate) options: SourceOptions,
    pub(crate) ingest: Ingest,
    pub(crate) reader: Watched,
}

/// A run's end and what it told.
pub(crate) struct Run {
    pub(crate) report: Report,
    pub(crate) events: Vec<Event>,
    pub(crate) reads: u64,
}

impl Run {
    pub(crate) fn failures(&self) -> Vec<&Failure> {
        let failures = self.events.iter().filter_map(|event| match event {
            Event::Failed(failure) => Some(failure),
            _ => None,
        });
        failures.collect()
    }

    /// Seen, stored, unchanged, failed.
    pub(crate) fn numbers(&self) -> [u64; 4] {
        let counts = self.report.counts;
        [counts.seen, counts.stored, counts.unchanged, counts.failed]
    }

    pub(crate) fn failure(&self, place: &str) -> &Failure {
        let found: Vec<_> = self.failures().into_iter().filter(|f| f.place.ends_with(place)).collect();
        assert_eq!(found.len(), 1, "one failure for {place} in {:?}", self.failures());
        found[0]
    }
}

impl Shop {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("photos")).unwrap();
        let store =
            EmbeddedStore::create(&folder.path().join("catalog"), &[MeanColour::new().id().clone()]).unwrap();
        let (options, ingest, reader) = (SourceOptions::default(), Ingest::default(), Watched::default());
        Self { folder, store, options, ingest, reader }
    }

    pub(crate) fn with_photos(count: u32) -> Self {
        let shop = Self::new();
        (0..count).for_each(|seed| shop.write(&format!("{seed:04}.bmp"), bmp(12, 9, seed)));
        shop
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("photos").join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// Over the folder of photos.
    pub(crate) fn run(&self) -> Run {
        self.run_at("")
    }

    /// Over something in it.
    pub(crate) fn run_at(&self, name: &str) -> Run {
        let source = open(&self.path(name), &self.options).unwrap();
        self.run_source(source.as_ref(), &self.store, &mut |_| {}, &AtomicBool::new(false)).unwrap()
    }

    pub(crate) fn run_source(
        &self,
        source: &dyn Source,
        store: &dyn Store,
        on_event: &mut dyn FnMut(&Event),
        cancel: &AtomicBool,
    ) -> Result<Run, IngestError> {
        let encoder = MeanColour::new();
        let before = self.reader.reads.load(Ordering::Relaxed);
        let mut events = Vec::new();
        let mut listen = |event: Event| {
            on_event(&event);
            if !matches!(event, Event::Progress(_)) {
                events.push(event);
            }
        };
        let report = self.ingest.run(source, store, &[&encoder], &self.reader, &mut listen, cancel)?;
        let counts = report.counts;
        assert!(counts.add_up(), "{counts:?}");
        let run = Run { report, events, reads: self.reader.reads.load(Ordering::Relaxed) - before };
        let told = |which: fn(&Event) -> u64| run.events.iter().map(which).sum::<u64>();
        assert_eq!(told(|e| if let Event::Stored { images, .. } = e { *images } else { 0 }), counts.stored);
        let of_product = |f: &Failure| f.stage == Stage::Store && f.place.starts_with("product ");
        let of_items = |e: &Event| matches!(e, Event::Failed(failure) if !of_product(failure));
        assert_eq!(run.events.iter().filter(|event| of_items(event)).count() as u64, counts.failed);
        Ok(run)
    }

    /// Product, image and sha256 of everything stored, in the order of ids.
    pub(crate) fn contents(&self) -> Vec<Contents> {
        let stored = self.store.scan(None, 1_000_000).unwrap();
        let mut products: Vec<ProductId> = stored.iter().map(|image| image.product.clone()).collect();
        products.sort();
        products.dedup();
        let find = |product: &ProductId, id: &_| -> &StoredImage {
            stored.iter().find(|image| image.product == *product && image.id == *id).unwrap()
        };
        let contents = self.store.products(&products).unwrap().into_iter().map(|product| {
            let image = |id: &_| find(&product.id, id).fingerprint.sha256;
            let images = product.images.iter().map(|id| (id.to_string(), image(id))).collect();
            (product.id.to_string(), images)
        });
        contents.collect()
    }

    /// The ids of a product's images as they are stored.
    pub(crate) fn images_of(&self, product: &str) -> Option<Vec<String>> {
        let known = self.store.known(&ProductId::new(product).unwrap()).unwrap()?;
        Some(known.images.into_iter().map(|image| image.id.to_string()).collect())
    }
}
