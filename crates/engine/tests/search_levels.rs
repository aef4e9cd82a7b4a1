//! Copies that were made darker or were given a cast, in a catalog of variants of one design in colours near each other.

#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be made or an answer that is missing fails the test"
)]

use lookalike_engine::catalog::{Fields, ImageId, Location, ProductId};
use lookalike_engine::search::{Class, Searcher};
use lookalike_engine::store::embedded::EmbeddedStore;
use lookalike_engine::store::{Fingerprint, ImageWrite, NewImage, Store, Write};
use lookalike_vision::Picture;
use lookalike_vision::encoder::Encoder;
use lookalike_vision::hash::Hashes;
use lookalike_vision::look::Look;
use std::sync::Arc;

const SIDE: u32 = 240;

/// The colours that the design comes in.
const COLOURS: [(&str, [u8; 3]); 6] = [
    ("plum", [120, 60, 110]),
    ("grape", [104, 62, 122]),
    ("navy", [70, 66, 120]),
    ("slate", [84, 92, 124]),
    ("wine", [128, 54, 84]),
    ("brick", [140, 70, 70]),
];

/// A striped shirt on white.
fn shirt(colour: [u8; 3]) -> Picture {
    let pixel = |x: u32, y: u32| {
        let is_body = (70..170).contains(&x) && (40..220).contains(&y);
        let is_sleeve = (30..210).contains(&x) && (45..100).contains(&y);
        if !is_body && !is_sleeve {
            return [255; 3];
        }
        let shade = 7 + (y / 12) % 3 + (x * 5 / 240) % 2;
        colour.map(|channel| (u32::from(channel) * shade / 8).min(255) as u8)
    };
    let rgb = (0..SIDE * SIDE).flat_map(|at| pixel(at % SIDE, at / SIDE)).collect();
    Picture::new(SIDE, SIDE, rgb, None).unwrap()
}

/// Every value, 0 to 1, of every channel through `curve`.
fn through(picture: &Picture, curve: impl Fn(f32, usize) -> f32) -> Picture {
    let value =
        |(at, &value): (usize, &u8)| (curve(f32::from(value) / 255.0, at % 3).clamp(0.0, 1.0) * 255.0) as u8;
    let rgb = picture.rgb().iter().enumerate().map(value).collect();
    Picture::new(picture.width(), picture.height(), rgb, None).unwrap()
}

#[test]
fn of_near_colours_a_changed_copy_is_that_of_the_photo_it_was() {
    // Given a shirt in colours that are near each other,
    let folder = tempfile::tempdir().unwrap();
    let look = Look::default();
    let place = folder.path().join("shop.lookalike");
    let store = EmbeddedStore::create(&place, std::slice::from_ref(look.id())).unwrap();
    let product = |(name, colour): (&str, [u8; 3])| {
        let picture = shirt(colour);
        let image = NewImage {
            id: ImageId::new(format!("{name}.png")).unwrap(),
            location: Location::Url(format!("https://shop.example/{name}.png")),
            fingerprint: Fingerprint { bytes: 1, modified_ns: None, sha256: [name.len() as u8; 32] },
            width: SIDE,
            height: SIDE,
            media_type: "image/png",
            hashes: Hashes::of(&picture),
            vectors: look.encode(&[&picture]).unwrap(),
        };
        let images = vec![ImageWrite::Put(Box::new(image))];
        Write::Product { id: ProductId::new(name).unwrap(), fields: Fields::new(), images }
    };
    store.apply(&COLOURS.map(product)).unwrap();
    let searcher = Searcher::new(Arc::new(store), Arc::new(look)).unwrap();
    // when each is asked about by a copy that was made darker, in two ways, or warmer,
    let darker = |value: f32, _: usize| value.powf(1.5) - 0.08;
    let dimmed = |value: f32, _: usize| value * 0.8;
    let warmer = |value: f32, channel: usize| value * [1.12, 1.0, 0.85].get(channel).unwrap();
    for (name, colour) in COLOURS {
        let photo = shirt(colour);
        for (how, copy) in [
            ("darker", through(&photo, darker)),
            ("dimmed", through(&photo, dimmed)),
            ("warmer", through(&photo, warmer)),
        ] {
            let probe = searcher.probe(&copy, None, None).unwrap();
            let check = searcher.check(&probe, 6, None).unwrap();
            // then the photo it was comes first, as a copy.
            let order: Vec<_> = check.matches.iter().map(|m| (m.product.as_str(), m.match_percent)).collect();
            assert_eq!(order.first().unwrap().0, name, "{how}: {order:?}");
            assert_eq!(check.verdict, Class::EditedCopy, "{name}, {how}: {order:?}");
        }
    }
}
