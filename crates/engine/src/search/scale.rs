//! What a cosine means under one encoder.
//!
//! Encoders fill their spaces differently: two photos with nothing in common have a cosine of about 0.1 under `look-1`,
//! 0.3 to 0.6 under networks trained on ImageNet, 0.5 to 0.8 under CLIP. Where "unrelated" begins is therefore measured
//! on the catalog itself: among the cosines between up to 256 of its photos, those of different products, it is the one
//! that 30 % stay below. From there to 1 the scale is linear. On mixed shop and amateur photos a ResNet-50 gets 0.605, a
//! MobileNetV2 0.303, a SqueezeNet 0.344.
//!
//! The sample is spread evenly over the catalog and the same as long as the catalog does not change, so two processes
//! measure the same. Few photos say little: what is measured on few pairs is drawn towards what is usual under that encoder,
//! or under encoders in general ([`USUAL_UNRELATED`]) where that is not known.

use crate::store::SampledVector;

/// Vectors that a scale is measured on; their 32,000 pairs take some 10 ms once.
pub(super) const SAMPLE: usize = 256;
/// What is taken for unrelated where neither the catalog nor the encoder's fit can say.
pub(super) const USUAL_UNRELATED: f32 = 0.5;
/// What is usual counts as if it had been seen on so many pairs.
const USUAL_PAIRS: f32 = 32.0;
/// The share of unrelated pairs that lies below the scale's beginning.
const UNRELATED_SHARE: f32 = 0.3;
/// A scale never begins above this: encoders that find everything alike must not make noise count.
const LAST_BEGINNING: f32 = 0.95;

/// The scale of one encoder's cosines.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    unrelated: f32,
}

impl Scale {
    /// Measured on vectors of one encoder, under which `usual` is the cosine of unrelated photos as far as is known.
    pub fn measured(sample: &[SampledVector], usual: Option<f32>) -> Self {
        Self::between(sample, |one, other| cosine(&one.vector, &other.vector), usual)
    }

    /// The same of what `compare` says of two vectors, which takes the place of their cosine: as 1 for equal ones.
    pub(super) fn between(
        sample: &[SampledVector],
        compare: impl Fn(&SampledVector, &SampledVector) -> f32,
        usual: Option<f32>,
    ) -> Self {
        let usual = usual.unwrap_or(USUAL_UNRELATED);
        let mut cosines: Vec<f32> = Vec::new();
        for (at, one) in sample.iter().enumerate() {
            let others = sample.iter().take(at).filter(|other| other.product != one.product);
            cosines.extend(others.map(|other| compare(one, other)));
        }
        cosines.sort_unstable_by(f32::total_cmp);
        let pairs = cosines.len() as f32;
        let seen = cosines.get((pairs * UNRELATED_SHARE) as usize).copied().unwrap_or(usual);
        let drawn = (pairs * seen + USUAL_PAIRS * usual) / (pairs + USUAL_PAIRS);
        Self { unrelated: drawn.clamp(0.0, LAST_BEGINNING) }
    }

    /// The cosine at which two photos have nothing in common.
    pub fn unrelated(self) -> f32 {
        self.unrelated
    }

    /// How alike, linearly: 0 for unrelated photos, 1 for equal vectors; below 0 where they differ more than unrelated
    /// ones do.
    pub fn similarity(self, cosine: f32) -> f32 {
        (cosine - self.unrelated) / (1.0 - self.unrelated)
    }
}

/// Of vectors that need not be of unit length.
pub(super) fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>();
    let lengths = (dot(a, a) * dot(b, b)).sqrt();
    if lengths > 0.0 { (dot(a, b) / lengths).clamp(-1.0, 1.0) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(products: u64, cosine_between: f32) -> Vec<SampledVector> {
        // One shared direction and one of its own for each product.
        let shared = cosine_between.sqrt();
        let vector = |product: u64| {
            let mut vector = vec![0.0; 1 + products as usize];
            vector[0] = shared;
            vector[1 + product as usize] = (1.0 - cosine_between).sqrt();
            vector
        };
        (0..products).flat_map(|p| [0, 1].map(|_| SampledVector { product: p, vector: vector(p) })).collect()
    }

    #[test]
    fn the_scale_begins_where_different_products_lie() {
        for cosine in [0.2, 0.45, 0.8] {
            let scale = Scale::measured(&sample(40, cosine), None);
            assert!((scale.unrelated() - cosine).abs() < 0.01, "{cosine}: {scale:?}");
            assert!(scale.similarity(cosine).abs() < 0.05);
            assert_eq!(scale.similarity(1.0), 1.0);
        }
        assert_eq!(Scale::measured(&sample(40, 0.999), None).unrelated(), LAST_BEGINNING);
    }

    #[test]
    fn few_photos_say_little_and_none_nothing() {
        for (known, usual) in [(None, USUAL_UNRELATED), (Some(0.1), 0.1)] {
            let unrelated = |products| Scale::measured(&sample(products, 0.9), known).unrelated();
            assert_eq!(Scale::measured(&[], known).unrelated(), usual);
            assert_eq!(unrelated(1), usual);
            assert!((unrelated(2) - usual).abs() < 0.1);
        }
    }
}
