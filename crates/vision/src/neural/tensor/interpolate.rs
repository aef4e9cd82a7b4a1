//! `tf.image.resize` of TensorFlow 2 without antialiasing: half-pixel centres, single precision, no clipping.
//!
//! Positions and weights follow TensorFlow's `image_resizer_state.h`, `resize_bilinear_op.cc` and
//! `resize_bicubic_op.cc`, the bicubic table of 1,024 steps and the weights renormalised at the edges among it. Only
//! the wanted rectangle is made. Antialiased resizing is Pillow's, in [`crate::pixels`].

use crate::pixels::Side;

/// Steps of TensorFlow's table of cubic weights.
const TABLE_STEPS: f32 = 1024.0;

/// The input pixels of one output pixel and their weights.
struct Taps<const N: usize> {
    at: [usize; N],
    weights: [f32; N],
}

/// As [`crate::pixels::resize_part`], bilinear, in floats of 0..=255.
pub(super) fn bilinear(rgb: &[u8], columns: &Side, rows: &Side, finished: &mut impl FnMut(usize, &[f32])) {
    interpolate(rgb, columns, rows, linear_taps, finished);
}

/// As [`bilinear`], with Keys' cubic (a = -0.5), which overshoots 0..=255 at edges.
pub(super) fn bicubic(rgb: &[u8], columns: &Side, rows: &Side, finished: &mut impl FnMut(usize, &[f32])) {
    interpolate(rgb, columns, rows, cubic_taps, finished);
}

fn interpolate<const N: usize>(
    rgb: &[u8],
    columns: &Side,
    rows: &Side,
    taps: impl Fn(&Side, usize) -> Taps<N>,
    finished: &mut impl FnMut(usize, &[f32]),
) {
    let pixels = rgb.as_chunks::<3>().0;
    let across: Vec<Taps<N>> = columns.kept.clone().map(|x| taps(columns, x)).collect();
    let mut line = vec![0.0; 3 * across.len()];
    for (number, y) in rows.kept.clone().enumerate() {
        let down = taps(rows, y);
        let sources = down.at.map(|row| {
            let first = row * columns.from;
            pixels.get(first..first + columns.from).unwrap_or_default()
        });
        for (out, taps) in line.as_chunks_mut::<3>().0.iter_mut().zip(&across) {
            *out = [0.0; 3];
            for (&column, &across_weight) in taps.at.iter().zip(&taps.weights) {
                let mut sum = [0.0; 3];
                for (source, &down_weight) in sources.iter().zip(&down.weights) {
                    let Some(pixel) = source.get(column) else { continue };
                    for (sum, &colour) in sum.iter_mut().zip(pixel) {
                        *sum += f32::from(colour) * down_weight;
                    }
                }
                for (out, sum) in out.iter_mut().zip(sum) {
                    *out += sum * across_weight;
                }
            }
        }
        finished(number, &line);
    }
}

/// Where output pixel `index` lies in the input: the pixel before it, and how far behind that.
fn position(side: &Side, index: usize) -> (i64, f32) {
    let scale = side.from as f32 / side.to as f32;
    let place = (index as f32 + 0.5) * scale - 0.5;
    (place.floor() as i64, place - place.floor())
}

fn within(place: i64, length: usize) -> usize {
    usize::try_from(place).unwrap_or(0).min(length.saturating_sub(1))
}

fn linear_taps(side: &Side, index: usize) -> Taps<2> {
    let (before, rest) = position(side, index);
    Taps { at: [within(before, side.from), within(before + 1, side.from)], weights: [1.0 - rest, rest] }
}

fn cubic_taps(side: &Side, index: usize) -> Taps<4> {
    let (before, rest) = position(side, index);
    // `lrintf` rounds halves to even.
    let rest = (rest * TABLE_STEPS).round_ties_even() / TABLE_STEPS;
    let distances = [1.0 + rest, rest, 1.0 - rest, 2.0 - rest];
    let mut at = [0; 4];
    let mut weights = distances.map(keys);
    for ((at, weight), offset) in at.iter_mut().zip(&mut weights).zip(-1..) {
        *at = within(before + offset, side.from);
        if i64::try_from(*at) != Ok(before + offset) {
            *weight = 0.0;
        }
    }
    let sum: f32 = weights.iter().sum();
    if sum.abs() >= 1000.0 * f32::MIN_POSITIVE {
        weights.iter_mut().for_each(|weight| *weight *= 1.0 / sum);
    }
    Taps { at, weights }
}

/// Keys' cubic with a = -0.5 at a distance from 0 to 2.
fn keys(x: f32) -> f32 {
    const A: f32 = -0.5;
    if x <= 1.0 {
        ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0
    } else {
        ((A * x - 5.0 * A) * x + 8.0 * A) * x - 4.0 * A
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(from: usize, to: usize) -> Side {
        Side { from, to, kept: 0..to }
    }

    #[test]
    fn weights_sum_to_one_and_stay_inside() {
        for (from, to) in [(1, 7), (2, 5), (3, 3), (1000, 224), (5, 224), (100_000, 7)] {
            for index in 0..to {
                let (linear, cubic) =
                    (linear_taps(&side(from, to), index), cubic_taps(&side(from, to), index));
                assert!((linear.weights.iter().sum::<f32>() - 1.0).abs() < 1e-6);
                assert!((cubic.weights.iter().sum::<f32>() - 1.0).abs() < 1e-6);
                assert!(linear.at.iter().chain(&cubic.at).all(|&at| at < from));
            }
        }
    }

    #[test]
    fn a_picture_of_the_right_size_is_left_as_it_is() {
        let rgb: Vec<u8> = (0..3 * 12).map(|n| n * 7).collect();
        let mut out = Vec::new();
        bicubic(&rgb, &side(4, 4), &side(3, 3), &mut |_, row| out.extend_from_slice(row));
        assert_eq!(out, rgb.iter().copied().map(f32::from).collect::<Vec<_>>());
    }
}
