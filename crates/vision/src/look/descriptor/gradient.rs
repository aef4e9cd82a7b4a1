//! Gradient orientations on a 4x4 grid.
//!
//! Histograms of oriented gradients after Dalal and Triggs, CVPR 2005: square-root grey, central differences,
//! eight unsigned orientations with linear voting; square roots of the cells in place of block normalisation,
//! which measured better at this size.

/// Cells along each side.
const CELLS: usize = 4;
/// Unsigned orientations, 22.5 degrees each.
const ORIENTATIONS: usize = 8;

/// Number of values.
pub(super) const BINS: usize = CELLS * CELLS * ORIENTATIONS;

/// Square roots of the gradient magnitude per cell and orientation, for a square RGB picture of `side` pixels.
pub(super) fn orientations(rgb: &[u8], side: usize) -> Vec<f32> {
    let (pixels, _) = rgb.as_chunks::<3>();
    let grey: Vec<f32> = pixels
        .iter()
        .map(|&[r, g, b]| {
            ((0.299 * f32::from(r) + 0.587 * f32::from(g) + 0.114 * f32::from(b)) / 255.0).sqrt()
        })
        .collect();
    let at = |x: usize, y: usize| grey.get(y * side + x).copied().unwrap_or(0.0);
    let cell = side / CELLS;
    let mut bins = vec![0.0_f32; BINS];
    for y in 0..side {
        for x in 0..side {
            let inner = |v: usize| v > 0 && v + 1 < side;
            let dx = if inner(x) { at(x + 1, y) - at(x - 1, y) } else { 0.0 };
            let dy = if inner(y) { at(x, y + 1) - at(x, y - 1) } else { 0.0 };
            let magnitude = length(dx, dy);
            if magnitude == 0.0 {
                continue;
            }
            let position = half_turn(dy.atan2(dx)) * ORIENTATIONS as f32;
            let lower = position as usize;
            let share = position - lower as f32;
            let first = ((y / cell) * CELLS + x / cell) * ORIENTATIONS;
            for (orientation, weight) in [(lower, 1.0 - share), (lower + 1, share)] {
                if let Some(bin) = bins.get_mut(first + orientation % ORIENTATIONS) {
                    *bin += magnitude * weight;
                }
            }
        }
    }
    bins.iter_mut().for_each(|bin| *bin = bin.sqrt());
    bins
}

/// `hypot` in an instruction instead of a call: in double precision squares of singles neither overflow nor vanish.
fn length(dx: f32, dy: f32) -> f32 {
    let (dx, dy) = (f64::from(dx), f64::from(dy));
    (dx * dx + dy * dy).sqrt() as f32
}

/// The share of half a turn that an angle from -pi to pi is, a half turn more or less being the same:
/// `angle.rem_euclid(PI) / PI` without a division that takes a call.
fn half_turn(angle: f32) -> f32 {
    use std::f32::consts::PI;
    let positive = match angle {
        _ if angle.abs() >= PI => 0.0,
        _ if angle < 0.0 => angle + PI,
        _ => angle,
    };
    positive / PI
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_no_call_gives_what_a_call_does() {
        for at in -2000..=2000_i16 {
            let (dx, dy) = (f32::from(at) / 2000.0, (f32::from(at) * 0.37).sin());
            for (dx, dy) in [(dx, dy), (dy, dx), (dx, 0.0), (0.0, dx), (dx, -dx), (-0.0, dx)] {
                assert_eq!(length(dx, dy), dx.hypot(dy), "{dx} {dy}");
                let angle = dy.atan2(dx);
                let called = angle.rem_euclid(std::f32::consts::PI) / std::f32::consts::PI;
                assert_eq!(half_turn(angle), called, "{angle}");
            }
        }
    }

    #[test]
    fn vertical_stripes_vote_for_horizontal_gradients_only() {
        let rgb: Vec<u8> =
            (0..64 * 64).flat_map(|i| [if i % 64 / 8 % 2 == 0 { 255 } else { 0 }; 3]).collect();
        let bins = orientations(&rgb, 64);
        for cell in bins.chunks_exact(ORIENTATIONS) {
            assert!(cell[0] > 0.0);
            assert!(cell[1..].iter().all(|&v| v < 1e-3 * cell[0]), "{cell:?}");
        }
    }
}
