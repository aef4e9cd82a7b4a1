//! The reference's blur, worked out only where it is sampled.
//!
//! Two box filters of `w` pixels make a triangle of `2 w - 1`, and the 64 points along a side lie about that far
//! apart, so each pixel matters to about one point. Blur and sampling along a side are therefore one sparse matrix:
//! for each point a short list of weights, cut off and normalised at the edges as the reference's two passes do.
//! Down first, on the colour bytes as they are; then across, where the luma's weights are folded in.
//!
//! Sums down are exact in 16-bit integers for sides up to 2,048 pixels; beyond, and where the edge makes weights
//! fractions, they are in single precision.
#![expect(clippy::indexing_slicing, reason = "windows lie within the side by construction, tested")]

use super::Points;
use crate::pixels::Isa;

/// The reference's luma, and the order of bytes.
const LUMA: [f64; 3] = [0.299, 0.587, 0.114];

/// The widest box whose triangle times 255 still fits 16 bits.
const WIDEST_EXACT: usize = 16;

/// Values taken at once across, and what rows are padded to.
const ACROSS: usize = 8;

/// The weights of one point: `scale * whole` where all are multiples of one, else `fractions`.
struct Window {
    first: usize,
    fractions: Vec<f32>,
    whole: Option<(Vec<u16>, f32)>,
}

/// Length of the box, for 128 boxes a side.
fn box_length(side: usize) -> usize {
    side.div_ceil(128)
}

/// First and last pixel of the box around pixel `centre`, cut off at the edges.
fn box_around(centre: usize, side: usize) -> (usize, usize) {
    let length = box_length(side);
    let after = length / 2;
    (centre.saturating_sub(length - 1 - after), (centre + after).min(side - 1))
}

/// The windows of the 64 points along a side.
fn windows(side: usize) -> Vec<Window> {
    let length = box_length(side);
    (0..64)
        .map(|point| {
            let centre = ((point as f64 + 0.5) * side as f64 / 64.0) as usize;
            let outer = box_around(centre, side);
            let (first, last) = (box_around(outer.0, side).0, box_around(outer.1, side).1);
            // Steps of the two-pass weight, summed up below: each inner box adds its share from its first pixel
            // to its last.
            let mut steps = vec![0.0_f64; last - first + 2];
            let mut counts = vec![0_i64; last - first + 2];
            let mut whole = outer.1 - outer.0 + 1 == length;
            for middle in outer.0..=outer.1 {
                let inner = box_around(middle, side);
                let share = 1.0 / ((outer.1 - outer.0 + 1) * (inner.1 - inner.0 + 1)) as f64;
                whole &= inner.1 - inner.0 + 1 == length;
                steps[inner.0 - first] += share;
                steps[inner.1 + 1 - first] -= share;
                counts[inner.0 - first] += 1;
                counts[inner.1 + 1 - first] -= 1;
            }
            steps.pop();
            counts.pop();
            let fractions = running_sum(steps).into_iter().map(|weight| weight as f32).collect();
            let whole = (whole && length <= WIDEST_EXACT).then(|| {
                let counts = running_sum(counts).into_iter().map(|count| count as u16).collect();
                (counts, (1.0 / (length * length) as f64) as f32)
            });
            Window { first, fractions, whole }
        })
        .collect()
}

fn running_sum<T: Copy + std::ops::Add<Output = T>>(mut steps: Vec<T>) -> Vec<T> {
    for index in 1..steps.len() {
        steps[index] = steps[index - 1] + steps[index];
    }
    steps
}

/// Blurs the luma of interleaved RGB and samples it at 64x64 points. Both sides are at least 1.
pub(super) fn blurred_luma(rgb: &[u8], width: usize, height: usize) -> Box<Points> {
    let isa = Isa::best();
    let row_bytes = 3 * width;
    let across: Vec<(usize, Vec<f32>)> = windows(width)
        .into_iter()
        .map(|window| {
            let mut weights: Vec<f32> = window
                .fractions
                .iter()
                .flat_map(|&weight| LUMA.map(|luma| (luma * f64::from(weight)) as f32))
                .collect();
            weights.resize(weights.len().next_multiple_of(ACROSS), 0.0);
            (3 * window.first, weights)
        })
        .collect();
    let mut points: Box<Points> = Box::new([[0.0; 64]; 64]);
    // Room for the last window's padding.
    let mut row = vec![0.0; row_bytes + ACROSS];
    let mut sums = vec![0; row_bytes];
    for (window, points) in windows(height).iter().zip(points.iter_mut()) {
        let rows = &rgb[window.first * row_bytes..][..window.fractions.len() * row_bytes];
        down(isa, window, rows, &mut sums, &mut row[..row_bytes]);
        for ((first, weights), point) in across.iter().zip(points.iter_mut()) {
            *point = dot(&row[*first..*first + weights.len()], weights);
        }
    }
    points
}

/// Sum of products, in [`ACROSS`] interleaved parts. Lengths are equal and multiples of it.
#[inline(always)]
fn dot(values: &[f32], weights: &[f32]) -> f32 {
    let mut sums = [0.0_f32; ACROSS];
    for (values, weights) in values.as_chunks::<ACROSS>().0.iter().zip(weights.as_chunks::<ACROSS>().0) {
        for ((sum, value), weight) in sums.iter_mut().zip(values).zip(weights) {
            *sum += value * weight;
        }
    }
    sums.iter().sum()
}

/// The weighted mean of `rows`, column by column. `sums` is room to work in, as long as a row.
fn down(isa: Isa, window: &Window, rows: &[u8], sums: &mut [u16], mean: &mut [f32]) {
    match isa {
        Isa::Portable => down_anyhow(window, rows, sums, mean),
        // SAFETY: this variant exists only where AVX2 was detected.
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => unsafe { down_avx2(window, rows, sums, mean) },
    }
}

/// The same code, compiled for wider vectors. No fused multiply-add, so results stay the same.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn down_avx2(window: &Window, rows: &[u8], sums: &mut [u16], mean: &mut [f32]) {
    down_anyhow(window, rows, sums, mean);
}

#[inline(always)]
fn down_anyhow(window: &Window, rows: &[u8], sums: &mut [u16], mean: &mut [f32]) {
    let row_bytes = mean.len();
    if let Some((counts, scale)) = &window.whole {
        sums.fill(0);
        for (rows, counts) in rows.chunks(4 * row_bytes).zip(counts.chunks(4)) {
            add_rows(rows, counts, sums);
        }
        for (mean, &sum) in mean.iter_mut().zip(sums.iter()) {
            *mean = f32::from(sum) * scale;
        }
    } else {
        mean.fill(0.0);
        for (row, &weight) in rows.chunks_exact(row_bytes).zip(&window.fractions) {
            for (mean, &value) in mean.iter_mut().zip(row) {
                *mean += weight * f32::from(value);
            }
        }
    }
}

/// Adds up to four weighted rows; four at once, so that the sums are read and written less often.
#[inline(always)]
fn add_rows(rows: &[u8], counts: &[u16], sums: &mut [u16]) {
    if let &[a, b, c, d] = counts {
        let (first, rest) = rows.split_at(sums.len());
        let (second, rest) = rest.split_at(sums.len());
        let (third, fourth) = rest.split_at(sums.len());
        for ((((sum, &p), &q), &r), &s) in sums.iter_mut().zip(first).zip(second).zip(third).zip(fourth) {
            *sum += a * u16::from(p) + b * u16::from(q) + c * u16::from(r) + d * u16::from(s);
        }
    } else {
        for (row, &count) in rows.chunks_exact(sums.len()).zip(counts) {
            for (sum, &value) in sums.iter_mut().zip(row) {
                *sum += count * u16::from(value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One of the reference's box filters, by definition.
    fn boxed(values: &[f64]) -> Vec<f64> {
        (0..values.len())
            .map(|centre| {
                let (first, last) = box_around(centre, values.len());
                values[first..=last].iter().sum::<f64>() / (last - first + 1) as f64
            })
            .collect()
    }

    #[test]
    fn windows_are_two_boxes_and_a_choice_of_points() {
        for side in [5, 63, 64, 65, 127, 128, 129, 200, 255, 256, 257, 1000, 1400, 2048, 2049, 2999, 9001] {
            let values: Vec<f64> = (0..side).map(|n| ((n * n * 31 + n) % 256) as f64).collect();
            let blurred = boxed(&boxed(&values));
            for (point, window) in windows(side).iter().enumerate() {
                let expected = blurred[((point as f64 + 0.5) * side as f64 / 64.0) as usize];
                let covered = &values[window.first..window.first + window.fractions.len()];
                let sum: f64 = covered.iter().zip(&window.fractions).map(|(v, &w)| v * f64::from(w)).sum();
                assert!((sum - expected).abs() < 1e-3, "{side}, point {point}: {sum}, expected {expected}");
                if let Some((counts, scale)) = &window.whole {
                    let sum: f64 = covered.iter().zip(counts).map(|(v, &w)| v * f64::from(w)).sum();
                    assert!((sum * f64::from(*scale) - expected).abs() < 1e-3, "{side}, point {point}");
                    assert!(counts.iter().map(|&count| u32::from(count) * 255).sum::<u32>() <= 65_535);
                }
            }
            let whole = windows(side).iter().filter(|window| window.whole.is_some()).count();
            assert_eq!(whole >= 63, side <= 2048, "{side}: {whole}");
        }
    }

    #[test]
    fn every_instruction_set_gives_the_same_points() {
        for (side, row_bytes) in [(300, 150), (1400, 99), (3000, 33)] {
            let rgb: Vec<u8> = (0..side * row_bytes).map(|n| (n * n % 253) as u8).collect();
            for window in windows(side) {
                let rows = &rgb[window.first * row_bytes..][..window.fractions.len() * row_bytes];
                let run = |isa: Isa| {
                    let (mut sums, mut mean) = (vec![0; row_bytes], vec![0.0; row_bytes]);
                    down(isa, &window, rows, &mut sums, &mut mean);
                    mean
                };
                for isa in Isa::available() {
                    assert_eq!(run(isa), run(Isa::Portable), "{isa:?}");
                }
            }
        }
    }
}
