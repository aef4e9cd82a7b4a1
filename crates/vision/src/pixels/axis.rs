//! What one axis of a resize does: which input pixels each output pixel sums, and with which weights.
//!
//! Positions, weights, their normalisation and their rounding to 22 fractional bits follow Pillow's
//! `precompute_coeffs` and `normalize_coeffs_8bpc`. What is new is the form they are kept in: taps in pairs that
//! start at an even pixel, each 23-bit weight split into two 16-bit halves, which is what the multiply-and-add
//! instructions of every instruction set want. Sums of integers do not depend on their order, so this changes no
//! result.

use super::Filter;
use std::ops::Range;

/// Fractional bits of a weight. Eight bits are left for the pixel and two for sums below 0 and above 1.
pub(super) const PRECISION_BITS: u32 = 32 - 8 - 2;

/// The first input pixel of an output pixel, and one weight for each from there on.
pub(super) struct Taps {
    pub(super) first: usize,
    pub(super) weights: Vec<i32>,
}

/// The weights of output pixel `index`, rounded as Pillow does.
pub(super) fn taps(filter: Filter, input: usize, output: usize, index: usize) -> Taps {
    let mut weights = Vec::new();
    let first = float_weights(filter, input, output, index, &mut weights);
    Taps { first, weights: weights.into_iter().map(fixed_point).collect() }
}

/// Fills `weights` with the normalised weights of output pixel `index` and returns the first input pixel.
fn float_weights(filter: Filter, input: usize, output: usize, index: usize, weights: &mut Vec<f64>) -> usize {
    // Pillow keeps the resized box in single precision.
    let scale = f64::from(input as f32) / output as f64;
    if filter == Filter::Area && scale > 1.0 {
        return covered_parts(scale, input, index, weights);
    }
    let stretch = scale.max(1.0);
    let support = filter.support() * stretch;
    let centre = (index as f64 + 0.5) * scale;
    let inverse = 1.0 / stretch;
    // Float-to-integer casts cut towards zero and saturate, so the lower bound cannot go below 0.
    let first = (centre - support + 0.5) as usize;
    let end = ((centre + support + 0.5) as usize).min(input);

    weights.clear();
    let offset = first as f64 - centre + 0.5;
    weights.extend((0..end.saturating_sub(first)).map(|x| (x as f64 + offset) * inverse));
    filter.replace_by_values(weights);
    let sum: f64 = weights.iter().sum();
    if sum != 0.0 {
        weights.iter_mut().for_each(|weight| *weight /= sum);
    }
    first
}

/// [`Filter::Area`] where a side shrinks: how much of each input pixel lies within output pixel `index`.
fn covered_parts(scale: f64, input: usize, index: usize, weights: &mut Vec<f64>) -> usize {
    let last = input.saturating_sub(1);
    let (begin, end) = (index as f64 * scale, ((index + 1) as f64 * scale).min(input as f64));
    let first = (begin as usize).min(last);
    weights.clear();
    for pixel in first..=last {
        let covered = end.min(pixel as f64 + 1.0) - begin.max(pixel as f64);
        // Less than this is the rounding of `begin` and `end`, and no weight of its own.
        if covered <= 1e-9 * scale && pixel > first {
            break;
        }
        weights.push(covered.max(0.0));
    }
    let sum: f64 = weights.iter().sum();
    weights.iter_mut().for_each(|weight| *weight /= sum);
    first
}

fn fixed_point(weight: f64) -> i32 {
    let scaled = weight * f64::from(1 << PRECISION_BITS);
    (if weight < 0.0 { scaled - 0.5 } else { scaled + 0.5 }) as i32
}

/// The weights of two neighbouring pixels: `high * 65536 + low` is the weight.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[repr(C)]
pub(super) struct PairWeights {
    pub(super) high: [i16; 2],
    pub(super) low: [i16; 2],
}

impl PairWeights {
    fn new(weights: [i32; 2]) -> Self {
        let low = weights.map(|weight| weight as i16);
        let high = weights.map(|weight| ((weight - i32::from(weight as i16)) >> 16) as i16);
        Self { high, low }
    }

    pub(super) fn whole(self) -> [i32; 2] {
        let [h0, h1] = self.high.map(|half| i32::from(half) << 16);
        let [l0, l1] = self.low.map(i32::from);
        [h0 + l0, h1 + l1]
    }
}

/// One output pixel: the pairs of input pixels it sums, from pair number `first_pair` on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window<'a> {
    pub(super) first_pair: usize,
    pub(super) weights: &'a [PairWeights],
}

/// All windows of one axis.
#[derive(Debug, Clone)]
pub(crate) struct Axis {
    longest_window: usize,
    /// First pair and where the weights end in `weights`; they begin where the one before ends.
    spans: Vec<(usize, usize)>,
    weights: Vec<PairWeights>,
}

impl Axis {
    /// Plans the resampling of `input` pixels to `output`; both at least 1.
    pub(crate) fn new(filter: Filter, input: usize, output: usize) -> Self {
        let (mut axis, covered) = Self::part(filter, input, output, 0..output);
        for (first_pair, _) in &mut axis.spans {
            *first_pair += covered.start / 2;
        }
        axis
    }

    /// Plans only the output pixels `kept`, and says which input pixels they need. Windows count from the first of
    /// those, which has an even number.
    pub(crate) fn part(
        filter: Filter,
        input: usize,
        output: usize,
        kept: Range<usize>,
    ) -> (Self, Range<usize>) {
        let mut spans = Vec::with_capacity(kept.len());
        let stretch = (input as f64 / output as f64).max(1.0);
        let pairs_each = (filter.support() * stretch) as usize + 2;
        let mut weights = Vec::with_capacity(kept.len() * pairs_each);
        let mut floats = Vec::new();
        let mut longest_window = 0;
        let mut covered: Option<Range<usize>> = None;
        for index in kept {
            let first = float_weights(filter, input, output, index, &mut floats);
            let before = weights.len();
            let mut fixed = floats.iter().copied().map(fixed_point);
            if first % 2 == 1 {
                weights.push(PairWeights::new([0, fixed.next().unwrap_or(0)]));
            }
            while let Some(even) = fixed.next() {
                weights.push(PairWeights::new([even, fixed.next().unwrap_or(0)]));
            }
            longest_window = longest_window.max(weights.len() - before);
            // Windows move to the right with their output pixels, so the first one begins first.
            let covered = covered.get_or_insert(first / 2 * 2..0);
            covered.end = covered.end.max(first + floats.len());
            spans.push((first / 2 - covered.start / 2, weights.len()));
        }
        (Self { longest_window, spans, weights }, covered.unwrap_or(0..0))
    }

    /// Output pixels.
    pub(super) fn output(&self) -> usize {
        self.spans.len()
    }

    /// Pairs in the longest window.
    pub(super) fn longest_window(&self) -> usize {
        self.longest_window
    }

    /// The windows, first output pixel first.
    pub(super) fn windows(&self) -> impl Iterator<Item = Window<'_>> {
        (0..self.spans.len()).filter_map(|index| self.window(index))
    }

    /// The window of one output pixel.
    pub(super) fn window(&self, index: usize) -> Option<Window<'_>> {
        let &(first_pair, end) = self.spans.get(index)?;
        let start = index.checked_sub(1).and_then(|before| self.spans.get(before)).map_or(0, |span| span.1);
        Some(Window { first_pair, weights: self.weights.get(start..end)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::PI;

    /// Pillow's own formulas, line by line.
    fn by_the_book(input: usize, output: usize, index: usize) -> (usize, Vec<i32>) {
        let sinc = |x: f64| if x == 0.0 { 1.0 } else { (x * PI).sin() / (x * PI) };
        let lanczos = |x: f64| if (-3.0..3.0).contains(&x) { sinc(x) * sinc(x / 3.0) } else { 0.0 };
        let scale = f64::from(input as f32) / output as f64;
        let stretch = if scale < 1.0 { 1.0 } else { scale };
        let support = 3.0 * stretch;
        let centre = (index as f64 + 0.5) * scale;
        let first = ((centre - support + 0.5) as i64).max(0);
        let end = ((centre + support + 0.5) as i64).min(input as i64);
        let raw: Vec<f64> = (0..end - first)
            .map(|x| lanczos(((x + first) as f64 - centre + 0.5) * (1.0 / stretch)))
            .collect();
        let sum: f64 = raw.iter().sum();
        let fixed = raw.iter().map(|w| {
            let scaled = w / sum * f64::from(1 << 22);
            (if scaled < 0.0 { scaled - 0.5 } else { scaled + 0.5 }) as i32
        });
        (first as usize, fixed.collect())
    }

    #[test]
    fn weights_are_pillows_for_every_size_that_matters() {
        let sizes = [
            (1000, 366),
            (1400, 512),
            (707, 361),
            (1, 512),
            (2, 9),
            (13, 6),
            (512, 32),
            (3000, 32),
            (9, 8),
            (4000, 9),
            (333, 512),
            (65_500, 512),
            (31, 32),
            (33, 32),
            (600, 599),
        ];
        for (input, output) in sizes {
            for index in 0..output {
                let (first, expected) = by_the_book(input, output, index);
                let ours = taps(Filter::Lanczos, input, output, index);
                assert_eq!((ours.first, &ours.weights), (first, &expected), "{input} to {output}, {index}");
            }
        }
    }

    #[test]
    fn areas_cover_each_input_pixel_once_and_all_alike() {
        for (input, output) in
            [(512, 112), (113, 112), (160, 112), (224, 112), (4000, 112), (65_500, 112), (7, 3)]
        {
            let mut sums = vec![0_i64; input];
            for index in 0..output {
                let Taps { first, weights } = taps(Filter::Area, input, output, index);
                let total: i32 = weights.iter().sum();
                assert!(
                    (total - (1 << PRECISION_BITS)).unsigned_abs() as usize <= weights.len(),
                    "{input} to {output}"
                );
                for (sum, weight) in sums[first..].iter_mut().zip(weights) {
                    *sum += i64::from(weight);
                }
            }
            let each = (output << PRECISION_BITS) as f64 / input as f64;
            for (pixel, sum) in sums.into_iter().enumerate() {
                assert!(
                    (sum as f64 - each).abs() <= 2.0,
                    "{input} to {output}, pixel {pixel}: {sum}, not {each}"
                );
            }
        }
        assert_eq!(taps(Filter::Area, 3, 2, 0).weights, [2_796_203, 1_398_101]);
        assert_eq!(taps(Filter::Area, 3, 7, 2).weights, taps(Filter::Bilinear, 3, 7, 2).weights);
    }

    #[test]
    fn pairs_hold_the_same_weights() {
        for (input, output) in [(101, 7), (7, 101), (1, 3), (64, 64), (1000, 3)] {
            let all = [
                Filter::Box,
                Filter::Bilinear,
                Filter::Hamming,
                Filter::Bicubic,
                Filter::Lanczos,
                Filter::Area,
            ];
            for filter in all {
                let axis = Axis::new(filter, input, output);
                assert_eq!(axis.output(), output);
                for (index, window) in axis.windows().enumerate() {
                    let taps = taps(filter, input, output, index);
                    let mut expected = vec![0; window.weights.len() * 2];
                    let lead = taps.first - 2 * window.first_pair;
                    expected[lead..lead + taps.weights.len()].copy_from_slice(&taps.weights);
                    let whole: Vec<i32> = window.weights.iter().flat_map(|pair| pair.whole()).collect();
                    assert_eq!(whole, expected);
                    assert!(window.first_pair + window.weights.len() <= input.div_ceil(2));
                    assert!(window.weights.len() <= axis.longest_window());
                }
            }
        }
    }
}
