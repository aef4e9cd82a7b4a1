//! The two-pass resize written straight from its definition, weights worked out as they are needed.
//!
//! It is what the fast path is tested against, and it takes over for pictures more than a million pixels long,
//! where the fast path's planned weights and gathered rows would cost memory in proportion to the side.

use super::axis::{PRECISION_BITS, taps};
use super::filter::Filter;
use super::resize::Size;

const BIAS: i32 = 1 << (PRECISION_BITS - 1);

fn clamp(sum: i32) -> u8 {
    (sum >> PRECISION_BITS).clamp(0, 255) as u8
}

/// Resizes `channels` interleaved bytes per pixel. Sides are at least 1 and the buffer fits them.
pub(super) fn resize(pixels: &[u8], channels: usize, from: Size, to: Size, filter: Filter) -> Vec<u8> {
    let (from_width, from_height) = (from.width as usize, from.height as usize);
    let (to_width, to_height) = (to.width as usize, to.height as usize);
    let narrowed;
    let mut source = pixels;
    if to_width != from_width {
        narrowed = horizontal(pixels, channels, from_width, to_width, filter);
        source = &narrowed;
    }
    if to_height == from_height {
        return source.to_vec();
    }
    vertical(source, to_width * channels, from_height, to_height, filter)
}

fn horizontal(pixels: &[u8], channels: usize, from: usize, to: usize, filter: Filter) -> Vec<u8> {
    let rows = pixels.len() / (from * channels);
    let mut out = vec![0; rows * to * channels];
    for x in 0..to {
        let taps = taps(filter, from, to, x);
        let results = out.chunks_exact_mut(to * channels);
        for (row, result) in pixels.chunks_exact(from * channels).zip(results) {
            for (channel, value) in result.iter_mut().skip(x * channels).take(channels).enumerate() {
                let covered = row.iter().skip(taps.first * channels + channel).step_by(channels);
                *value = clamp(weighted_sum(covered, &taps.weights));
            }
        }
    }
    out
}

fn vertical(pixels: &[u8], row_bytes: usize, from: usize, to: usize, filter: Filter) -> Vec<u8> {
    let mut out = vec![0; row_bytes * to];
    for (y, result) in out.chunks_exact_mut(row_bytes).enumerate() {
        let taps = taps(filter, from, to, y);
        for (column, value) in result.iter_mut().enumerate() {
            let covered = pixels.iter().skip(taps.first * row_bytes + column).step_by(row_bytes);
            *value = clamp(weighted_sum(covered, &taps.weights));
        }
    }
    out
}

fn weighted_sum<'a>(pixels: impl Iterator<Item = &'a u8>, weights: &[i32]) -> i32 {
    pixels
        .zip(weights)
        .fold(BIAS, |sum, (&pixel, &weight)| sum.wrapping_add(i32::from(pixel).wrapping_mul(weight)))
}
