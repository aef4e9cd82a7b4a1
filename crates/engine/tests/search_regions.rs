//! Queries that show a stored photo in a part of themselves, and when their parts are looked at.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a fixture that cannot be made or an answer that is missing fails the test"
)]

mod store_fixture;

use lookalike_engine::search::{Class, Mode, Region, Request, Searcher};
use lookalike_engine::store::embedded::EmbeddedStore;
use lookalike_engine::store::{NewImage, Store};
use lookalike_vision::Picture;
use lookalike_vision::encoder::{EncodeError, Encoder, EncoderId};
use lookalike_vision::hash::Hashes;
use lookalike_vision::pixels::{Filter, Size, resize_rgb};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use store_fixture::{image, image_id, put};

/// Colours of an 8 x 8 thumbnail, and how many pictures it was asked for.
struct Thumbnails {
    id: EncoderId,
    encoded: AtomicUsize,
}

impl Thumbnails {
    fn named(name: &str) -> Arc<Self> {
        let id = EncoderId { name: name.into(), digest: "v1".into(), dimensions: 192 };
        Arc::new(Self { id, encoded: AtomicUsize::new(0) })
    }

    fn count(&self) -> usize {
        self.encoded.swap(0, Ordering::Relaxed)
    }
}

impl Encoder for Thumbnails {
    fn id(&self) -> &EncoderId {
        &self.id
    }

    fn encode(&self, pictures: &[&Picture]) -> Result<Vec<Vec<f32>>, EncodeError> {
        self.encoded.fetch_add(pictures.len(), Ordering::Relaxed);
        let vector = |picture: &&Picture| {
            let from = Size::new(picture.width(), picture.height());
            let small = resize_rgb(picture.rgb(), from, Size::new(8, 8), Filter::Bilinear).unwrap();
            let raw: Vec<f32> = small.iter().map(|&value| f32::from(value) - 127.5).collect();
            let length = raw.iter().map(|x| x * x).sum::<f32>().sqrt();
            raw.iter().map(|x| x / length).collect()
        };
        Ok(pictures.iter().map(vector).collect())
    }
}

const SIDE: u32 = 64;

/// A chequered picture, another for each number: fields of 8 pixels of any colour.
fn chequered(number: u32) -> Picture {
    let value = |field: u32, channel: u32| {
        let mixed = (number * 1000 + field * 3 + channel + 1).wrapping_mul(0x9e37_79b1);
        ((mixed ^ (mixed >> 15)).wrapping_mul(0x85eb_ca77) >> 24) as u8
    };
    let pixel = |at: u32| {
        let field = (at / SIDE / 8) * 8 + at % SIDE / 8;
        [0, 1, 2].map(|channel| value(field, channel))
    };
    Picture::new(SIDE, SIDE, (0..SIDE * SIDE).flat_map(pixel).collect(), None).unwrap()
}

/// Four pictures, the first in the upper left corner.
fn collage(tiles: [u32; 4]) -> Picture {
    let tiles = tiles.map(chequered);
    let row = |picture: &Picture, y: u32| {
        picture.rgb()[(3 * SIDE * y) as usize..(3 * SIDE * (y + 1)) as usize].to_vec()
    };
    let half = |left: &Picture, right: &Picture| -> Vec<u8> {
        (0..SIDE).flat_map(|y| [row(left, y), row(right, y)].concat()).collect()
    };
    let rgb = [half(&tiles[0], &tiles[1]), half(&tiles[2], &tiles[3])].concat();
    Picture::new(2 * SIDE, 2 * SIDE, rgb, None).unwrap()
}

/// On a white page, with nothing else on it.
fn framed(number: u32) -> Picture {
    let photo = chequered(number);
    let pixel = |at: u32| {
        let (x, y) = (at % 150, at / 150);
        let inside = (40..40 + SIDE).contains(&x) && (50..50 + SIDE).contains(&y);
        let from = |channel: u32| photo.rgb()[(3 * ((y - 50) * SIDE + x - 40) + channel) as usize];
        if inside { [0, 1, 2].map(from) } else { [255; 3] }
    };
    Picture::new(150, 150, (0..150 * 150).flat_map(pixel).collect(), None).unwrap()
}

/// Eighty products with a chequered picture each.
fn searcher(folder: &tempfile::TempDir, encoder: &Arc<Thumbnails>) -> Searcher {
    let path = folder.path().join("shop.lookalike");
    let store = EmbeddedStore::create(&path, &[encoder.id().clone()]).unwrap();
    let photo = |number: u32| {
        let picture = chequered(number);
        let vectors = encoder.encode(&[&picture]).unwrap();
        NewImage {
            hashes: Hashes::of(&picture),
            vectors,
            ..image(&format!("{number}.png"), number.into(), &[])
        }
    };
    let batch: Vec<_> = (0..80).map(|number| put(&format!("p{number}"), "", vec![photo(number)])).collect();
    store.apply(&batch).unwrap();
    encoder.count();
    Searcher::new(Arc::new(store), Arc::clone(encoder) as Arc<dyn Encoder>).unwrap()
}

#[test]
fn a_collage_and_a_page_are_copies_of_the_listed_photo_they_show() {
    let folder = tempfile::tempdir().unwrap();
    let encoder = Thumbnails::named("look-1");
    let searcher = searcher(&folder, &encoder);
    // Given a collage of a listed photo and three that are not listed, and a page with one,
    for (picture, region, product) in [
        (collage([900, 17, 901, 902]), Region::UpperRight, "p17"),
        (collage([903, 904, 42, 905]), Region::LowerLeft, "p42"),
        (framed(63), Region::WithoutBorder, "p63"),
    ] {
        let probe = searcher.probe(&picture, None, None).unwrap();
        assert_eq!(encoder.count(), 1);
        // when it is asked whether it is listed,
        let check = searcher.check(&probe, 5, None).unwrap();
        // then it is, and the answer says in which part,
        assert_eq!(check.verdict, Class::EditedCopy);
        let best = &check.matches[0];
        assert_eq!((best.product.as_str(), best.evidence.region), (product, Some(region)));
        assert!(best.evidence.region_cosine > 0.9 && best.evidence.cosine < best.evidence.region_cosine);
        // and the parts were encoded once however often it is asked.
        assert!((5..=6).contains(&encoder.count()));
        assert_eq!(searcher.check(&probe, 5, None).unwrap(), check);
        assert_eq!(encoder.count(), 0);
    }
    // A collage of nothing that is listed is no copy.
    let probe = searcher.probe(&collage([910, 911, 912, 913]), None, None).unwrap();
    assert!(searcher.check(&probe, 5, None).unwrap().verdict < Class::EditedCopy);
}

#[test]
fn parts_are_not_looked_at_where_they_could_add_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let encoder = Thumbnails::named("look-1");
    let searcher = searcher(&folder, &encoder);
    // A photo that is found as it is leaves no doubt,
    let probe = searcher.probe(&chequered(5), None, None).unwrap();
    let check = searcher.check(&probe, 5, None).unwrap();
    assert_eq!((check.verdict, check.matches[0].evidence.region), (Class::Identical, None));
    // looks are asked of whole pictures,
    let request = Request { mode: Mode::Similar, ..Request::default() };
    let of_collage = searcher.probe(&collage([1, 2, 3, 4]), None, None).unwrap();
    searcher.search(&of_collage, &request).unwrap();
    assert_eq!(encoder.count(), 2);
    // of a stored image there are no pixels to cut parts from,
    let key = searcher.store().find_image(&image_id("7.png")).unwrap().unwrap();
    searcher.check(&searcher.probe_stored(key, None).unwrap(), 5, None).unwrap();
    assert_eq!(encoder.count(), 0);
    // and under an encoder without fitted weights nobody knows what a part is worth.
    let folder = tempfile::tempdir().unwrap();
    let other = Thumbnails::named("thumbnails");
    let searcher = self::searcher(&folder, &other);
    let probe = searcher.probe(&collage([900, 17, 901, 902]), None, None).unwrap();
    searcher.check(&probe, 5, None).unwrap();
    assert_eq!(other.count(), 1);
}
