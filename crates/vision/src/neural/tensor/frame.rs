//! What of a resized picture a tensor shows, and where.
//!
//! Only the arithmetic of sizes and offsets, each as its reference has it, because one pixel to the side is another
//! tensor. Resizing is done by [`super::interpolate`] and [`crate::pixels`].

use crate::neural::description::{Resize, ResizeRule};
use crate::pixels::{Letterbox, Size};
use std::ops::Range;

/// One axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Placed {
    /// Length the picture's side is brought to.
    pub(super) to: usize,
    /// Which of its pixels the tensor shows.
    pub(super) kept: Range<usize>,
    /// White pixels of the tensor before them.
    pub(super) before: usize,
}

/// Both axes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) columns: Placed,
    pub(super) rows: Placed,
}

impl Frame {
    /// For a picture of `width` by `height` and a tensor of `side`, cut from the middle.
    pub(super) fn new(resize: &Resize, side: usize, width: u32, height: u32) -> Self {
        let px = resize.px as usize;
        match resize.rule {
            ResizeRule::Squash => Self { columns: placed(px, 0, px, side), rows: placed(px, 0, px, side) },
            ResizeRule::ShorterSide => {
                let (to_width, to_height) = shorter_side_to(px, width, height);
                Self {
                    columns: placed(to_width, 0, to_width, side),
                    rows: placed(to_height, 0, to_height, side),
                }
            }
            ResizeRule::Letterbox => {
                let fit = Letterbox::new(Size::new(width, height), resize.px);
                Self {
                    columns: placed(fit.inner.width as usize, fit.left as usize, px, side),
                    rows: placed(fit.inner.height as usize, fit.top as usize, px, side),
                }
            }
        }
    }
}

/// torchvision's `_compute_resized_output_size`: the shorter side exactly, `int(size * long / short)` for the longer.
fn shorter_side_to(px: usize, width: u32, height: u32) -> (usize, usize) {
    let (short, long) = (width.min(height).max(1), width.max(height));
    // Both factors are exact in double precision, and Python's division of integers rounds as this one does.
    let longer = (px as f64 * f64::from(long) / f64::from(short)) as usize;
    if width <= height { (px, longer) } else { (longer, px) }
}

/// A side brought to `to`, lying `offset` from the edge of a canvas of which the middle `side` pixels are shown.
fn placed(to: usize, offset: usize, canvas: usize, side: usize) -> Placed {
    // torchvision's `center_crop`: Python rounds halves to even.
    let cut = (canvas.saturating_sub(side) as f64 / 2.0).round_ties_even() as usize;
    let first = offset.max(cut);
    let end = (offset + to).min(cut + side).max(first);
    Placed { to, kept: first - offset..end - offset, before: first - cut }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::neural::description::{Interpolation, Library};

    fn frame(rule: ResizeRule, px: u32, side: usize, width: u32, height: u32) -> Frame {
        let resize = Resize { rule, px, library: Library::Pillow, filter: Interpolation::Bicubic };
        Frame::new(&resize, side, width, height)
    }

    #[test]
    fn the_longer_side_is_truncated_and_the_crop_rounds_halves_to_even() {
        let Frame { columns, rows } = frame(ResizeRule::ShorterSide, 256, 224, 1000, 1333);
        assert_eq!((columns.to, columns.kept), (256, 16..240));
        // 256 * 1333 / 1000 is 341.248; (341 - 224) / 2 is 58.5.
        assert_eq!((rows.to, rows.kept), (341, 58..282));
        let Frame { columns, .. } = frame(ResizeRule::ShorterSide, 224, 224, 300, 297);
        // (226 - 224) / 2 is 1.
        assert_eq!((columns.to, columns.kept), (226, 1..225));
        let Frame { columns, .. } = frame(ResizeRule::ShorterSide, 224, 224, 304, 300);
        // (226.9 truncated - 224) / 2 is 1; 227 would give 1.5, which goes to 2.
        assert_eq!((columns.to, columns.kept), (226, 1..225));
        assert_eq!(placed(227, 0, 227, 224).kept, 2..226);
        assert_eq!(placed(225, 0, 225, 224).kept, 0..224);
    }

    #[test]
    fn a_letterboxed_picture_keeps_its_place_behind_a_crop() {
        let Frame { columns, rows } = frame(ResizeRule::Letterbox, 256, 224, 100, 200);
        assert_eq!(columns, Placed { to: 128, kept: 0..128, before: 48 });
        assert_eq!(rows, Placed { to: 256, kept: 16..240, before: 0 });
    }

    #[test]
    fn a_picture_that_the_crop_misses_leaves_nothing() {
        let Frame { columns, .. } = frame(ResizeRule::Letterbox, 224, 1, 1, 10_000);
        assert!(columns.kept.is_empty(), "{columns:?}");
    }
}
