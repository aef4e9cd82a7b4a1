//! Seeded products for the scenarios of the embedded store.

#![allow(dead_code, reason = "each scenario file uses a part of it")]

use lookalike_engine::catalog::{ImageId, Location, ProductId};
use lookalike_engine::store::{Fingerprint, ImageWrite, NewImage, Write};
use lookalike_vision::encoder::EncoderId;
use lookalike_vision::hash::{DHash, Hashes, PHash, Pdq, PdqHash};
use serde_json::Value;

/// SplitMix64: <https://prng.di.unimi.it/splitmix64.c>.
pub(crate) struct Seeded(pub(crate) u64);

impl Seeded {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    pub(crate) fn unit_vector(&mut self, dimensions: usize) -> Vec<f32> {
        let raw: Vec<f32> =
            (0..dimensions).map(|_| (self.next() >> 40) as f32 / (1 << 24) as f32 - 0.5).collect();
        let norm = raw.iter().map(|x| x * x).sum::<f32>().sqrt();
        raw.iter().map(|x| x / norm).collect()
    }
}

pub(crate) fn encoder(dimensions: usize) -> EncoderId {
    EncoderId { name: format!("test-{dimensions}"), digest: "1".into(), dimensions }
}

pub(crate) fn product_id(id: &str) -> ProductId {
    ProductId::new(id).unwrap()
}

pub(crate) fn image_id(id: &str) -> ImageId {
    ImageId::new(id).unwrap()
}

/// An image whose every value follows from `seed`, with a vector for each of `encoders`.
pub(crate) fn image(id: &str, seed: u64, encoders: &[EncoderId]) -> NewImage {
    let mut seeded = Seeded(seed);
    let mut sha256 = [0; 32];
    sha256[..8].copy_from_slice(&seeded.next().to_le_bytes());
    NewImage {
        id: image_id(id),
        location: Location::File(format!("/photos/{id}").into()),
        fingerprint: Fingerprint {
            bytes: seeded.below(1 << 20),
            modified_ns: Some(seeded.below(1 << 60).cast_signed()),
            sha256,
        },
        width: 640,
        height: 480,
        media_type: "image/jpeg",
        hashes: Hashes {
            phash: PHash(seeded.next()),
            phash_plain: PHash(seeded.next()),
            dhash: DHash(seeded.next()),
            pdq: Pdq {
                hash: PdqHash([seeded.next(), seeded.next(), seeded.next(), seeded.next()]),
                quality: 100,
            },
        },
        vectors: encoders.iter().map(|encoder| seeded.unit_vector(encoder.dimensions)).collect(),
    }
}

/// A write of a product with a title and new images.
pub(crate) fn put(id: &str, title: &str, images: Vec<NewImage>) -> Write {
    let mut fields = serde_json::Map::new();
    fields.insert("title".into(), Value::from(title));
    Write::Product {
        id: product_id(id),
        fields,
        images: images.into_iter().map(|image| ImageWrite::Put(Box::new(image))).collect(),
    }
}

/// A write of a product with one seeded image called `{id}.jpg`.
pub(crate) fn one(id: &str, seed: u64, encoders: &[EncoderId]) -> Write {
    put(id, &format!("product {id}"), vec![image(&format!("{id}.jpg"), seed, encoders)])
}
