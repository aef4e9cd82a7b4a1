//! Weights as 8-bit integers with a scale for each channel, and what is added to a product as 32-bit integers.
//!
//! On x86 without VNNI (AVX2 and early AVX-512) runtimes multiply unsigned activations by signed weights with
//! `vpmaddubsw`, which adds two neighbouring products in 16 bits and clips: 255 * 127 * 2 is twice what fits. The usual
//! remedy is to keep weights to 7 bits. Here scales are chosen so that no two neighbours along the summed axis add up to
//! more than 128 either way, which costs far less than a bit and makes results the same on every machine.
//! See <https://oneapi-src.github.io/oneDNN/dev_guide_int8_computations.html>.

use super::histogram::Scale;
use super::product::{Kind, Product};

/// What two neighbours may add up to: 255 * 128 fits into 16 bits with a sign.
const MOST_OF_A_PAIR: i32 = 128;
/// Scales tried between the finest and the one at which every pair fits.
const TRIED: usize = 4;
/// Smallest product of an activation's and a weight's scale, so that it stays a normal number.
const LEAST_SCALE: f64 = 1e-30;
/// What is added keeps this far from the ends of 32 bits, so that sums do not run over.
const LARGEST_ADDED: f64 = (1_u32 << 29) as f64;

/// Weights of one product.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Quantised {
    /// As many as there were, in the same order.
    pub(super) weights: Vec<i8>,
    /// One for each channel.
    pub(super) scales: Vec<f32>,
    /// What is added, in steps of the activation's scale times the channel's.
    pub(super) added: Option<Vec<i32>>,
}

/// Where the weights of one channel lie, in the order in which a kernel sums them.
struct Channel<'a> {
    product: &'a Product,
    shape: &'a [usize],
    number: usize,
}

impl Channel<'_> {
    /// Places of the weights, inner channels fastest (kernels sum convolutions in the order row, column, channel).
    fn places(&self) -> Vec<usize> {
        match (self.product.kind, self.shape) {
            (Kind::Convolution, &[_, inner, rows, columns]) => {
                let area = rows * columns;
                let first = self.number * inner * area;
                (0..area)
                    .flat_map(|spot| (0..inner).map(move |channel| first + channel * area + spot))
                    .collect()
            }
            (_, &[results, inner]) if self.product.axis == 0 => {
                debug_assert!(self.number < results);
                (self.number * inner..(self.number + 1) * inner).collect()
            }
            (_, &[inner, results]) => (0..inner).map(|row| row * results + self.number).collect(),
            _ => Vec::new(),
        }
    }

    /// What a place is multiplied by on average: the input channel.
    fn input(&self, order: usize) -> usize {
        match (self.product.kind, self.shape) {
            (Kind::Convolution, &[results, inner, _, _]) => {
                let per_group = (results / self.product.groups.max(1)).max(1);
                self.number / per_group * inner + order % inner.max(1)
            }
            _ => order,
        }
    }
}

/// Quantises the weights of a product.
///
/// `added` is what the product adds; `activation` how its input is quantised; `means` the mean of each input channel
/// over the pictures, with which the error that rounding makes on average is taken out of what is added (Nagel et al.
/// 2019, section 4.2).
pub(super) fn quantise(
    product: &Product,
    shape: &[usize],
    values: &[f32],
    added: Option<&[f32]>,
    activation: Scale,
    means: Option<&[f64]>,
) -> Quantised {
    let results = shape.get(product.axis).copied().unwrap_or(0);
    let step = f64::from(activation.scale);
    let mut weights = vec![0_i8; values.len()];
    let mut scales = Vec::with_capacity(results);
    let mut sums = Vec::with_capacity(results);
    // Kernels for convolutions of a channel with itself do not add pairs.
    let depthwise =
        product.kind == Kind::Convolution && shape.get(1) == Some(&1) && product.groups == results;
    for number in 0..results {
        let channel = Channel { product, shape, number };
        let places = channel.places();
        let own: Vec<f32> = places.iter().filter_map(|&place| values.get(place).copied()).collect();
        let bias = added.and_then(|added| added.get(number)).copied().unwrap_or(0.0);
        let least = (f64::from(bias.abs()) / LARGEST_ADDED / step).max(LEAST_SCALE / step);
        let (scale, integers) = channel_of(&own, least, !depthwise);
        let mut sum = f64::from(bias);
        for (order, ((&place, &value), &integer)) in places.iter().zip(&own).zip(&integers).enumerate() {
            if let Some(weight) = weights.get_mut(place) {
                *weight = integer;
            }
            let error = f64::from(integer) * f64::from(scale) - f64::from(value);
            sum -= error * means.and_then(|means| means.get(channel.input(order))).copied().unwrap_or(0.0);
        }
        scales.push(scale);
        sums.push(sum);
    }
    let wanted = product.kind != Kind::MatMul && (added.is_some() || means.is_some());
    let added = wanted.then(|| {
        sums.iter()
            .zip(&scales)
            .map(|(&sum, &scale)| (sum / (step * f64::from(scale))).round() as i32)
            .collect()
    });
    Quantised { weights, scales, added }
}

/// One channel's scale and integers: of a few scales the one with the least squared error.
fn channel_of(values: &[f32], least: f64, pairs: bool) -> (f32, Vec<i8>) {
    let largest = values.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
    let finest = (f64::from(largest) / 127.0).max(least);
    let coarsest =
        if pairs { (largest_pair(values) / f64::from(MOST_OF_A_PAIR - 1)).max(finest) } else { finest };
    let tried = if coarsest > finest { TRIED } else { 1 };
    (0..tried)
        .map(|part| {
            let share = part as f64 / (TRIED - 1) as f64;
            let scale = (finest + (coarsest - finest) * share) as f32;
            let mut integers: Vec<i8> = values.iter().map(|&value| round(value, scale)).collect();
            if pairs {
                integers.chunks_mut(2).for_each(fit_pair);
            }
            let error: f64 = values
                .iter()
                .zip(&integers)
                .map(|(&value, &integer)| (f64::from(value) - f64::from(integer) * f64::from(scale)).powi(2))
                .sum();
            (error, scale, integers)
        })
        .min_by(|a, b| a.0.total_cmp(&b.0))
        .map_or((1.0, Vec::new()), |(_, scale, integers)| (scale, integers))
}

fn round(value: f32, scale: f32) -> i8 {
    // Between the bounds of the type already; the cast cannot clip.
    (value / scale).round_ties_even().clamp(-127.0, 127.0) as i8
}

/// The largest sum of two neighbours' positive or negative parts.
fn largest_pair(values: &[f32]) -> f64 {
    let side =
        |pair: &[f32], sign: f64| pair.iter().map(|&value| (sign * f64::from(value)).max(0.0)).sum::<f64>();
    values.chunks(2).fold(0.0, |largest, pair| largest.max(side(pair, 1.0)).max(side(pair, -1.0)))
}

/// Takes from both of a pair alike what is more than fits.
fn fit_pair(pair: &mut [i8]) {
    if let [one, other] = pair {
        let (a, b) = (i32::from(*one), i32::from(*other));
        if a.signum() == b.signum() {
            let over = (a + b).abs() - MOST_OF_A_PAIR;
            if over > 0 {
                let half = over / 2 * a.signum();
                let rest = (over - over / 2) * a.signum();
                // Both stay within the type: they move towards zero.
                (*one, *other) = ((a - half) as i8, (b - rest) as i8);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const UNIT: Scale = Scale { scale: 0.02, zero_point: 0 };

    fn gemm(axis: usize) -> Product {
        Product { kind: Kind::Gemm, weights: "w".to_owned(), bias: None, axis, groups: 1 }
    }

    proptest! {
        #[test]
        fn weights_come_back_within_their_steps_and_pairs_never_overflow(
            values in proptest::collection::vec(-3.0_f32..3.0, 24),
        ) {
            let done = quantise(&gemm(0), &[3, 8], &values, Some(&[0.5, -0.5, 0.0]), UNIT, None);
            for (row, (integers, &scale)) in values.chunks(8).zip(done.weights.chunks(8).zip(&done.scales)) {
                for pair in integers.chunks(2) {
                    let total = |sign: i32| pair.iter().map(|&w| (sign * i32::from(w)).max(0)).sum::<i32>();
                    prop_assert!(255 * total(1) <= 32_767 && 255 * total(-1) <= 32_768);
                }
                let largest = row.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
                // Twice the finest step at most.
                prop_assert!(scale <= largest / 127.0 * 2.02);
                let error: f32 = row.iter().zip(integers).map(|(v, &w)| (v - f32::from(w) * scale).powi(2)).sum();
                prop_assert!(error <= 8.0 * (largest / 127.0).powi(2), "{error}");
            }
        }

        #[test]
        fn columns_are_quantised_as_rows_are(values in proptest::collection::vec(-3.0_f32..3.0, 12)) {
            let turned: Vec<f32> = (0..12).map(|at| values[at % 4 * 3 + at / 4]).collect();
            let columns = quantise(&gemm(1), &[4, 3], &values, None, UNIT, None);
            let rows = quantise(&gemm(0), &[3, 4], &turned, None, UNIT, None);
            prop_assert_eq!(columns.scales, rows.scales);
            let back: Vec<i8> = (0..12).map(|at| rows.weights[at % 3 * 4 + at / 3]).collect();
            prop_assert_eq!(columns.weights, back);
        }
    }

    #[test]
    fn a_channel_without_weights_keeps_what_it_adds() {
        let done = quantise(&gemm(0), &[2, 2], &[0.0; 4], Some(&[0.731, 0.0]), UNIT, None);
        let added = done.added.unwrap();
        let back = f64::from(added[0]) * f64::from(done.scales[0]) * f64::from(UNIT.scale);
        assert!((back - 0.731).abs() < 1e-6, "{back}");
        assert_eq!(added[1], 0);
        assert!(done.scales.iter().all(|scale| *scale > 0.0 && scale.is_finite()));
    }

    #[test]
    fn what_is_added_fits_however_small_the_weights_are() {
        let done = quantise(&gemm(0), &[1, 2], &[1e-12, -1e-12], Some(&[5.0]), UNIT, None);
        let back = f64::from(done.added.unwrap()[0]) * f64::from(done.scales[0]) * f64::from(UNIT.scale);
        assert!((back - 5.0).abs() < 1e-5, "{back}");
    }

    #[test]
    fn the_mean_error_of_rounding_is_taken_out() {
        let values = [1.0, 0.3337, 0.2251, -0.7713];
        let means = [2.0, 5.0, 1.0, 3.0];
        let done = quantise(&gemm(0), &[1, 4], &values, None, UNIT, Some(&means));
        let scale = f64::from(done.scales[0]);
        let exact: f64 = values.iter().zip(means).map(|(&v, m)| f64::from(v) * m).sum();
        let rounded: f64 = done.weights.iter().zip(means).map(|(&w, m)| f64::from(w) * scale * m).sum();
        let added = f64::from(done.added.unwrap()[0]) * scale * f64::from(UNIT.scale);
        assert!((rounded + added - exact).abs() <= scale * f64::from(UNIT.scale));
    }
}
