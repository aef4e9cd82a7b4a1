//! The inner loops in plain Rust: the meaning of every kernel, and what runs where nothing better is known.
#![expect(clippy::indexing_slicing, reason = "fixed-size lanes; bounds are the callers' layout, tested")]

use super::{Eight, Lanes, Ring};
use crate::pixels::axis::{Axis, PRECISION_BITS};

const BIAS: i32 = 1 << (PRECISION_BITS - 1);

pub(super) fn gather_rgb(rows: &[&[u8]; 8], out: &mut [Lanes]) {
    for (pair, channels) in out.chunks_exact_mut(3).enumerate() {
        for (channel, lanes) in channels.iter_mut().enumerate() {
            for (lane, row) in lanes.0.chunks_exact_mut(2).zip(rows) {
                lane[0] = row.get(pair * 6 + channel).copied().map_or(0, i16::from);
                lane[1] = row.get(pair * 6 + 3 + channel).copied().map_or(0, i16::from);
            }
        }
    }
}

pub(super) fn gather_grey(rows: &[&[u8]; 8], plane: usize, planes: usize, out: &mut [Lanes]) {
    for (pair, group) in out.chunks_exact_mut(planes).enumerate() {
        for (lane, row) in group[plane].0.chunks_exact_mut(2).zip(rows) {
            lane[0] = row.get(pair * 2).copied().map_or(0, i16::from);
            lane[1] = row.get(pair * 2 + 1).copied().map_or(0, i16::from);
        }
    }
}

/// Adds the weighted pair of each lane. Sums wrap on the way, as they may: only the last one must fit.
fn accumulate(sums: &mut [i32; 8], lanes: &Lanes, weights: [i32; 2]) {
    for (sum, lane) in sums.iter_mut().zip(lanes.0.chunks_exact(2)) {
        let weighted = i32::from(lane[0]) * weights[0] + i32::from(lane[1]) * weights[1];
        *sum = sum.wrapping_add(weighted);
    }
}

fn clamp(sum: i32) -> i16 {
    (sum >> PRECISION_BITS).clamp(0, 255) as i16
}

pub(super) fn horizontal(axis: &Axis, planes: usize, pairs: &[Lanes], out: &mut [Eight]) {
    for (window, out) in axis.windows().zip(out.chunks_exact_mut(planes)) {
        for (plane, eight) in out.iter_mut().enumerate() {
            let mut sums = [BIAS; 8];
            let column = pairs[window.first_pair * planes + plane..].iter().step_by(planes);
            for (weights, lanes) in window.weights.iter().zip(column) {
                accumulate(&mut sums, lanes, weights.whole());
            }
            eight.0 = sums.map(clamp);
        }
    }
}

pub(super) fn turn(columns: &[Eight], step: usize, mut out: [&mut [Lanes]; 4]) {
    for (index, eight) in columns.iter().step_by(step).enumerate() {
        for (pair, row) in out.iter_mut().enumerate() {
            let lane = 2 * (index % 8);
            row[index / 8].0[lane..lane + 2].copy_from_slice(&eight.0[2 * pair..2 * pair + 2]);
        }
    }
}

pub(super) fn vertical(axis: &Axis, index: usize, ring: Ring<'_>, out: &mut [u8]) {
    let Some(window) = axis.window(index) else { return };
    for (block, out) in out.chunks_exact_mut(8).enumerate() {
        let mut sums = [BIAS; 8];
        for (pair, weights) in window.weights.iter().enumerate() {
            let slot = (window.first_pair + pair) % ring.slots;
            accumulate(&mut sums, &ring.lanes[slot * ring.stride + block], weights.whole());
        }
        for (out, sum) in out.iter_mut().zip(sums) {
            *out = clamp(sum) as u8;
        }
    }
}

pub(super) fn grey(rgb: &[u8], grey: &mut [u8]) {
    for (pixel, grey) in rgb.chunks_exact(3).zip(grey) {
        let [r, g, b] = [pixel[0], pixel[1], pixel[2]].map(u32::from);
        *grey = ((r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16) as u8;
    }
}
