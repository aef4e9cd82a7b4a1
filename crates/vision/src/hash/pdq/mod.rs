//! PDQ, the 256-bit hash of Meta's ThreatExchange, with its quality and its eight orientations.
//!
//! The reference (`pdq/cpp` in github.com/facebook/ThreatExchange, and the Python package `pdqhash` around it)
//! blurs the full-size luma with two box filters each way, picks 64x64 points, takes 16x16 frequencies of their DCT
//! and keeps one bit each: whether it is above the median. Here the blur is worked out only at the points picked
//! ([`sampled`]), which is the same sum at a fraction of the work; the rest is done in the same order and precision.
//! The reference's running sums in single precision make its values drift by a few 1e-4 of a grey level, so a
//! frequency that close to the median may fall on its other side.
//!
//! Pictures with a side under 5 pixels have no PDQ hash: all bits 0, quality 0.

use super::{Pdq, PdqHash};
use crate::Picture;

mod frequencies;
mod sampled;

/// The shortest side that is hashed.
const SHORTEST_SIDE: u32 = 5;

/// Points of the blurred picture: 64 rows of 64.
type Points = [[f32; 64]; 64];

/// The PDQ hash of `picture` and its quality, transparency ignored.
pub fn pdq(picture: &Picture) -> Pdq {
    let Some(points) = points(picture) else {
        return Pdq { hash: PdqHash([0; 4]), quality: 0 };
    };
    Pdq { hash: frequencies::lowest(&points).hash(), quality: quality(&points) }
}

/// The PDQ hashes of the picture's 8 dihedral orientations, the upright one first: a query with these finds a
/// stored photo that was turned or mirrored.
///
/// They follow from the upright frequencies by transposition and change of signs; the picture is read once. The
/// order is the reference's (`pdqhash.compute_dihedral`), seen in the picture hashed: upright, turned by 90 degrees
/// counter-clockwise, by 180, by 270, mirrored top to bottom, mirrored left to right, mirrored at the main
/// diagonal (transposed), mirrored at the other diagonal.
pub fn pdq_orientations(picture: &Picture) -> [PdqHash; 8] {
    pdq_with_orientations(picture).1
}

/// The quality of [`pdq`] and [`pdq_orientations`], of one reading of the picture.
pub fn pdq_with_orientations(picture: &Picture) -> (u8, [PdqHash; 8]) {
    let Some(points) = points(picture) else { return (0, [PdqHash([0; 4]); 8]) };
    let upright = frequencies::lowest(&points);
    let hashes = frequencies::ORIENTATIONS.map(|orientation| upright.turned(orientation).hash());
    (quality(&points), hashes)
}

fn points(picture: &Picture) -> Option<Box<Points>> {
    let (width, height) = (picture.width(), picture.height());
    (width.min(height) >= SHORTEST_SIDE)
        .then(|| sampled::blurred_luma(picture.rgb(), width as usize, height as usize))
}

/// How much is going on: the sum of brightness steps between neighbouring points, each in whole percents, so that
/// noise does not count. Scaled as the reference does.
fn quality(points: &Points) -> u8 {
    let step = |a: f32, b: f32| (((a - b) * 100.0 / 255.0) as i32).unsigned_abs();
    let down = points.iter().zip(points.iter().skip(1)).flat_map(|(row, next)| row.iter().zip(next));
    let across = points.iter().flat_map(|row| row.iter().zip(row.iter().skip(1)));
    let sum: u32 = down.chain(across).map(|(&a, &b)| step(a, b)).sum();
    (sum / 90).min(100) as u8
}

#[cfg(test)]
mod tests;
