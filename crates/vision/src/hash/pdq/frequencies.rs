//! From 64x64 points to 16x16 frequencies and their bits.
//!
//! Products are summed in the reference's order and in single precision, so that equal points give equal bits.
#![expect(clippy::indexing_slicing, reason = "all arrays are of fixed size and indexed by loops over it")]

use super::{PdqHash, Points};
use std::f64::consts::PI;
use std::sync::LazyLock;

/// Frequencies 1 to 16 along both axes (the constant one is left out), vertical first.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Frequencies([[f32; 16]; 16]);

/// Row `i` holds the cosine of frequency `i + 1` at 64 points.
static COSINES: LazyLock<[[f32; 64]; 16]> = LazyLock::new(|| {
    let scale = f64::from((2.0_f64 / 64.0).sqrt() as f32);
    std::array::from_fn(|i| {
        std::array::from_fn(|j| {
            (scale * (PI / 2.0 / 64.0 * (i + 1) as f64 * (2 * j + 1) as f64).cos()) as f32
        })
    })
});

/// The DCT of `points`, its lowest 16 frequencies each way.
pub(super) fn lowest(points: &Points) -> Frequencies {
    let cosines = &*COSINES;
    let mut out = [[0.0; 16]; 16];
    for (cosine, out) in cosines.iter().zip(&mut out) {
        let mut down = [0.0_f32; 64];
        for (&weight, row) in cosine.iter().zip(points) {
            for (sum, &point) in down.iter_mut().zip(row) {
                *sum += weight * point;
            }
        }
        for (k, &value) in down.iter().enumerate() {
            for (sum, cosine) in out.iter_mut().zip(cosines) {
                *sum += value * cosine[k];
            }
        }
    }
    Frequencies(out)
}

/// An orientation: whether to transpose, and which frequencies change their sign, by (vertical, horizontal) index
/// before transposing.
#[derive(Clone, Copy)]
pub(super) struct Orientation {
    transposed: bool,
    negated: fn(usize, usize) -> bool,
}

/// In the reference's order. Index 0 is frequency 1: mirroring negates the odd frequencies, which are even indexes.
pub(super) const ORIENTATIONS: [Orientation; 8] = [
    Orientation { transposed: false, negated: |_, _| false },
    Orientation { transposed: true, negated: |_, j| j % 2 == 0 },
    Orientation { transposed: false, negated: |i, j| (i + j) % 2 == 1 },
    Orientation { transposed: true, negated: |i, _| i % 2 == 0 },
    Orientation { transposed: false, negated: |i, _| i % 2 == 0 },
    Orientation { transposed: false, negated: |_, j| j % 2 == 0 },
    Orientation { transposed: true, negated: |_, _| false },
    Orientation { transposed: true, negated: |i, j| (i + j) % 2 == 1 },
];

impl Frequencies {
    /// The frequencies of the picture in another orientation.
    pub(super) fn turned(&self, orientation: Orientation) -> Self {
        let mut out = [[0.0; 16]; 16];
        for (i, row) in self.0.iter().enumerate() {
            for (j, &value) in row.iter().enumerate() {
                let value = if (orientation.negated)(i, j) { -value } else { value };
                let (to_row, to_column) = if orientation.transposed { (j, i) } else { (i, j) };
                out[to_row][to_column] = value;
            }
        }
        Self(out)
    }

    /// One bit for each frequency above the median; the last frequency is the most significant bit. Of the two
    /// middle values the reference's median is the lower.
    pub(super) fn hash(&self) -> PdqHash {
        let mut sorted = [0.0; 256];
        sorted.copy_from_slice(self.0.as_flattened());
        let (_, &mut median, _) = sorted.select_nth_unstable_by(127, f32::total_cmp);
        let mut words = [0; 4];
        for (index, &value) in self.0.as_flattened().iter().enumerate() {
            words[3 - index / 64] |= u64::from(value > median) << (index % 64);
        }
        PdqHash(words)
    }
}
