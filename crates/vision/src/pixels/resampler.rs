//! The two-pass resize as a stream: strips of input rows go in, finished output rows come out.
//!
//! Rows are resampled horizontally as they arrive and kept only as long as the vertical pass needs them, so the
//! intermediate picture never leaves the cache. Several resamplers can be fed from one [`Strip`], which is how one
//! picture becomes several hashes. Choosing sizes and filters is the callers' business.

use super::axis::Axis;
use super::kernels::{Eight, Isa, Lanes, Ring, grey_lanes, rgb_lanes};
use std::sync::Arc;

/// Sides longer than this are left to `plain`, whose memory does not grow with the side.
pub(crate) const LONGEST_SIDE: usize = 1 << 20;

/// Up to 32 input rows, laid side by side for the horizontal pass.
pub(crate) struct Strip {
    isa: Isa,
    channels: usize,
    width: usize,
    planes: usize,
    rows: usize,
    pairs: Vec<Lanes>,
}

impl Strip {
    /// For pictures of `channels` (1 or 3) interleaved bytes per pixel.
    pub(crate) fn new(isa: Isa, channels: usize, width: usize, height: usize) -> Self {
        let (planes, lanes) = if channels == 3 {
            (3, rgb_lanes(width))
        } else {
            let planes = height.div_ceil(8).clamp(1, 4);
            (planes, grey_lanes(width, planes))
        };
        Self { isa, channels, width, planes, rows: 0, pairs: vec![Lanes::ZERO; lanes] }
    }

    /// Rows that every strip but the last has.
    pub(crate) fn full_rows(&self) -> usize {
        if self.channels == 3 { 8 } else { 8 * self.planes }
    }

    /// Takes in the next rows: `full_rows` of them, or what is left at the bottom.
    pub(crate) fn fill(&mut self, rows: &[u8]) {
        let row_bytes = self.width * self.channels;
        let (isa, planes) = (self.isa, self.planes);
        self.rows = rows.len() / row_bytes;
        for (plane, group) in rows.chunks(8 * row_bytes).enumerate() {
            // A missing row repeats the first one; what comes of it is not looked at.
            let mut eight = [group.get(..row_bytes).unwrap_or_default(); 8];
            for (slot, row) in eight.iter_mut().zip(group.chunks_exact(row_bytes)) {
                *slot = row;
            }
            if self.channels == 3 {
                isa.gather_rgb(&eight, &mut self.pairs);
            } else {
                isa.gather_grey(&eight, plane, planes, &mut self.pairs);
            }
        }
    }
}

/// One resize under way. A pass whose axis is `None` keeps its side as it is, as Pillow does for equal sizes.
pub(crate) struct Resampler {
    isa: Isa,
    channels: usize,
    horizontal: Option<Arc<Axis>>,
    vertical: Option<Arc<Axis>>,
    /// Bytes in an output row.
    row_bytes: usize,
    columns: Vec<Eight>,
    ring: Vec<Lanes>,
    stride: usize,
    slots: usize,
    /// Row pairs taken in and rows given out so far.
    pairs_in: usize,
    rows_out: usize,
    row: Vec<u8>,
}

impl Resampler {
    /// Resizes pictures that arrive in strips like `strip`; `width` is theirs where `horizontal` is `None`.
    pub(crate) fn new(strip: &Strip, horizontal: Option<Arc<Axis>>, vertical: Option<Arc<Axis>>) -> Self {
        let width = horizontal.as_ref().map_or(strip.width, |axis| axis.output());
        let row_bytes = width * strip.channels;
        let planes = if strip.channels == 3 { 1 } else { strip.planes };
        let columns = if horizontal.is_some() { row_bytes * planes } else { 0 };
        let stride = row_bytes.div_ceil(32) * 4;
        let window = vertical.as_ref().map_or(0, |axis| axis.longest_window());
        let slots = (window + 4 * planes).next_multiple_of(4);
        Self {
            isa: strip.isa,
            channels: strip.channels,
            horizontal,
            vertical,
            row_bytes,
            columns: vec![Eight::ZERO; columns],
            ring: vec![Lanes::ZERO; slots * stride],
            stride,
            slots,
            pairs_in: 0,
            rows_out: 0,
            row: vec![0; stride * 8],
        }
    }

    /// Takes the next strip and hands every row that is now finished to `finished`, numbered from 0. `rows` are
    /// the rows `strip` was filled with; it need not be filled where there is no horizontal pass.
    pub(crate) fn push(&mut self, strip: &Strip, rows: &[u8], finished: &mut impl FnMut(usize, &[u8])) {
        self.take_in(strip, rows);
        let rows_in_strip = rows.len() / (strip.width * strip.channels);
        let first_pair = self.pairs_in;
        self.pairs_in += rows_in_strip.div_ceil(2);
        let Some(vertical) = self.vertical.clone() else {
            for row in 0..rows_in_strip {
                self.copy_row(first_pair + row / 2, row % 2);
                finished(self.rows_out, self.row.get(..self.row_bytes).unwrap_or_default());
                self.rows_out += 1;
            }
            return;
        };
        while let Some(window) = vertical.window(self.rows_out)
            && window.first_pair + window.weights.len() <= self.pairs_in
        {
            let ring = Ring { lanes: &self.ring, stride: self.stride, slots: self.slots };
            self.isa.vertical(&vertical, self.rows_out, ring, &mut self.row);
            finished(self.rows_out, self.row.get(..self.row_bytes).unwrap_or_default());
            self.rows_out += 1;
        }
    }

    /// Puts the strip's row pairs, horizontally resampled, into the ring.
    fn take_in(&mut self, strip: &Strip, rows: &[u8]) {
        let group_bytes = 8 * strip.width * strip.channels;
        if let Some(axis) = &self.horizontal {
            self.isa.horizontal(axis, strip.planes, &strip.pairs, &mut self.columns);
        }
        for (group, rows) in rows.chunks(group_bytes).enumerate() {
            let slot = (self.pairs_in + 4 * group) % self.slots;
            let four = self.ring.get_mut(slot * self.stride..(slot + 4) * self.stride).unwrap_or_default();
            if self.horizontal.is_some() {
                let step = if self.channels == 3 { 1 } else { strip.planes };
                let mut pairs = four.chunks_exact_mut(self.stride.max(1));
                let mut next = || pairs.next().unwrap_or_default();
                let out = [next(), next(), next(), next()];
                self.isa.turn(self.columns.get(group..).unwrap_or_default(), step, out);
            } else {
                for (pair, two) in four.chunks_exact_mut(self.stride).zip(rows.chunks(2 * self.row_bytes)) {
                    let (upper, lower) = two.split_at(self.row_bytes);
                    lay_side_by_side(upper, lower, pair);
                }
            }
        }
    }

    /// Copies one of the rows of a pair in the ring to `row`.
    fn copy_row(&mut self, pair: usize, which: usize) {
        let slot = pair % self.slots;
        let lanes = self.ring.get(slot * self.stride..(slot + 1) * self.stride).unwrap_or_default();
        let values = lanes.iter().flat_map(|lanes| lanes.0.iter().skip(which).step_by(2));
        for (byte, &value) in self.row.iter_mut().zip(values) {
            *byte = value as u8;
        }
    }
}

/// Makes a row pair of two rows; the lower one may be missing, below the last row.
fn lay_side_by_side(upper: &[u8], lower: &[u8], pair: &mut [Lanes]) {
    for (index, (lanes, upper)) in pair.iter_mut().zip(upper.chunks(8)).enumerate() {
        let lower = lower.get(index * 8..).unwrap_or_default();
        for (column, (two, &upper)) in lanes.0.as_chunks_mut::<2>().0.iter_mut().zip(upper).enumerate() {
            *two = [i16::from(upper), lower.get(column).copied().map_or(0, i16::from)];
        }
    }
}
