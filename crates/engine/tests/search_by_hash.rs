//! What a question about hashes alone finds, and what its percent is worth, over a real catalog folder.

#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be made or an answer that is missing fails the test"
)]

use lookalike_engine::catalog::{Fields, ImageId, Location, ProductId};
use lookalike_engine::search::{Class, EncoderSource, EncoderUnavailable, HashProbe, Match, Searcher};
use lookalike_engine::store::embedded::EmbeddedStore;
use lookalike_engine::store::{Fingerprint, ImageWrite, NewImage, Store, Write};
use lookalike_vision::Picture;
use lookalike_vision::encoder::{EncodeError, Encoder, EncoderId};
use lookalike_vision::hash::Hashes;
use lookalike_vision::look::Look;
use std::sync::Arc;
use tempfile::TempDir;

const RED: [u8; 3] = [200, 30, 30];
/// As bright as the red.
const BLUE: [u8; 3] = [30, 83, 200];
const SIDE: u32 = 240;

/// A mug on white: its glaze in `colour`, light and dark in the pattern of that number.
fn mug(colour: [u8; 3], pattern: u32) -> Picture {
    let pixel = |x: u32, y: u32| {
        let is_body = (50..170).contains(&x) && (40..210).contains(&y);
        let from_handle = (x as f32 - 175.0).hypot(y as f32 - 120.0);
        if !is_body && !(28.0..44.0).contains(&from_handle) {
            return [255; 3];
        }
        let cell = (x / 24).wrapping_mul(pattern | 1).wrapping_add((y / 30).wrapping_mul(7 + pattern)) % 5;
        colour.map(|channel| (u32::from(channel) * (5 + cell) / 9) as u8)
    };
    let rgb = (0..SIDE * SIDE).flat_map(|at| pixel(at % SIDE, at / SIDE)).collect();
    Picture::new(SIDE, SIDE, rgb, None).unwrap()
}

/// The same photo, saved again with a little loss.
fn saved_again(picture: &Picture) -> Picture {
    let rgb = picture.rgb().iter().zip(0_u32..).map(|(&value, at)| value ^ u8::from(at % 7 == 0)).collect();
    Picture::new(picture.width(), picture.height(), rgb, None).unwrap()
}

/// Colours of the middle pixel; an encoder that nothing was fitted for.
struct MiddlePixel(EncoderId);

impl Encoder for MiddlePixel {
    fn id(&self) -> &EncoderId {
        &self.0
    }

    fn encode(&self, pictures: &[&Picture]) -> Result<Vec<Vec<f32>>, EncodeError> {
        let vector = |picture: &&Picture| {
            let pixels = picture.rgb().as_chunks::<3>().0;
            let [red, green, blue] = pixels.get(pixels.len() / 2).unwrap().map(f32::from);
            let length = (red * red + green * green + blue * blue + 1.0).sqrt();
            [red, green, blue, 1.0].map(|value| value / length).to_vec()
        };
        Ok(pictures.iter().map(vector).collect())
    }
}

fn middle_pixel() -> MiddlePixel {
    MiddlePixel(EncoderId { name: "middle-pixel".into(), digest: "1".into(), dimensions: 4 })
}

/// A source without any model.
struct Nowhere;

impl EncoderSource for Nowhere {
    fn load(&self, name: &str) -> Result<Arc<dyn Encoder>, EncoderUnavailable> {
        Err(EncoderUnavailable(format!("the model of {name} is lost")))
    }

    fn reads_text(&self, _: &str) -> bool {
        false
    }
}

/// What stands for the bytes that photo `number` was decoded from.
fn sha256(number: u8) -> [u8; 32] {
    [number; 32]
}

fn image(id: &str, number: u8, picture: &Picture, encoder: &dyn Encoder) -> ImageWrite {
    ImageWrite::Put(Box::new(NewImage {
        id: ImageId::new(id).unwrap(),
        location: Location::Url(format!("https://shop.example/{id}")),
        fingerprint: Fingerprint { bytes: 1, modified_ns: None, sha256: sha256(number) },
        width: picture.width(),
        height: picture.height(),
        media_type: "image/png",
        hashes: Hashes::of(picture),
        vectors: encoder.encode(&[picture]).unwrap(),
    }))
}

fn product(id: &str, images: Vec<ImageWrite>) -> Write {
    Write::Product { id: ProductId::new(id).unwrap(), fields: Fields::new(), images }
}

/// A red mug, the same in blue, and others with patterns of their own; no model is at hand to ask with.
fn shop(encoder: &dyn Encoder) -> (TempDir, Searcher) {
    let folder = tempfile::tempdir().unwrap();
    let store =
        EmbeddedStore::create(&folder.path().join("shop.lookalike"), std::slice::from_ref(encoder.id()))
            .unwrap();
    let mut batch = vec![
        product("blue", vec![image("blue.png", 2, &mug(BLUE, 1), encoder)]),
        product("red", vec![image("red.png", 1, &mug(RED, 1), encoder)]),
    ];
    batch.extend((3..9).map(|number| {
        let photo = image(&format!("{number}.png"), number, &mug(RED, u32::from(number) * 11), encoder);
        product(&format!("other-{number}"), vec![photo])
    }));
    store.apply(&batch).unwrap();
    (folder, Searcher::with_encoders(Arc::new(store), Arc::new(Nowhere)))
}

fn found<'m>(matches: &'m [Match], product: &str) -> &'m Match {
    matches.iter().find(|found| found.product.as_str() == product).unwrap()
}

#[test]
fn a_photo_saved_again_is_identical_and_its_variant_in_another_colour_is_not() {
    // Given mugs that hashes hardly tell apart,
    let (_folder, searcher) = shop(&Look::default());
    let asked = HashProbe::new(saved_again(&mug(RED, 1)), None);
    // when one is asked about by a copy of its photo, and no network can be run,
    let matches = searcher.by_phash(&asked, 3).unwrap();
    let (red, blue) = (found(&matches, "red"), found(&matches, "blue"));
    assert!(red.evidence.phash_bits <= 4 && blue.evidence.phash_bits <= 4, "{red:?} {blue:?}");
    // then it is found, and the other is less likely to be it.
    assert_eq!(red.class, Class::Identical);
    assert!((99.0..100.0).contains(&red.match_percent), "{red:?}");
    assert!(blue.match_percent < 60.0, "{blue:?}");
}

#[test]
fn the_very_same_bytes_are_certain_and_come_first_of_those_as_near() {
    for encoder in [&Look::default() as &dyn Encoder, &middle_pixel()] {
        let (_folder, searcher) = shop(encoder);
        let asked = HashProbe::new(mug(RED, 1), Some(sha256(1)));
        let matches = searcher.by_phash(&asked, 8).unwrap();
        assert_eq!((matches[0].product.as_str(), matches[0].match_percent), ("red", 100.0));
        assert!(matches[1..].iter().all(|other| other.match_percent < 99.0), "{matches:?}");
        // Nearest first, each product once.
        assert_eq!(matches.len(), 8);
        assert!(matches.is_sorted_by_key(|found| found.evidence.phash_bits), "{matches:?}");
    }
}

#[test]
fn hashes_alone_call_nothing_identical() {
    // Given a catalog whose vectors hold no colours that could be compared without its model,
    let (_folder, searcher) = shop(&middle_pixel());
    let matches = searcher.by_phash(&HashProbe::new(saved_again(&mug(RED, 1)), None), 2).unwrap();
    // then neither mug is more than likely.
    for product in ["red", "blue"] {
        let of_product = found(&matches, product);
        assert!(of_product.match_percent < 97.0, "{of_product:?}");
        assert!(of_product.class < Class::Identical);
    }
}

#[test]
fn a_grey_copy_is_judged_by_its_hashes() {
    let (_folder, searcher) = shop(&Look::default());
    let red = mug(RED, 1);
    let grey = red.rgb().as_chunks::<3>().0.iter().flat_map(|&[red, green, blue]| {
        [(0.299 * f32::from(red) + 0.587 * f32::from(green) + 0.114 * f32::from(blue)) as u8; 3]
    });
    let grey = Picture::new(SIDE, SIDE, grey.collect(), None).unwrap();
    let matches = searcher.by_phash(&HashProbe::new(grey, None), 2).unwrap();
    // It may be either's.
    for product in ["red", "blue"] {
        assert_eq!(found(&matches, product).class, Class::EditedCopy, "{matches:?}");
    }
}

#[test]
fn products_with_very_many_photos_are_each_found_once() {
    // Given three products of 90 photos each, all of the same hashes,
    let folder = tempfile::tempdir().unwrap();
    let encoder = middle_pixel();
    let place = folder.path().join("shop.lookalike");
    let store = EmbeddedStore::create(&place, &[encoder.id().clone()]).unwrap();
    let photo = mug(RED, 1);
    for number in 0..3_u8 {
        let images =
            (0..90).map(|at| image(&format!("{number}-{at}.png"), number, &photo, &encoder)).collect();
        store.apply(&[product(&format!("product-{number}"), images)]).unwrap();
    }
    let searcher = Searcher::with_encoders(Arc::new(store), Arc::new(Nowhere));
    // when one is asked about by its bytes,
    let matches = searcher.by_phash(&HashProbe::new(photo, Some(sha256(2))), 3).unwrap();
    // then it comes first, and the others once each.
    let products: Vec<&str> = matches.iter().map(|found| found.product.as_str()).collect();
    assert_eq!((products.len(), products[0]), (3, "product-2"), "{products:?}");
    assert_eq!(searcher.by_phash(&HashProbe::new(mug(BLUE, 5), None), 1).unwrap().len(), 1);
}
