//! Fitting a picture into a square without changing its proportions.
//!
//! Only the arithmetic of sizes and offsets is here, because being off by one pixel changes a hash; resizing and
//! painting are done by whoever needs the result.

use super::resize::Size;

/// Where a picture lands in a square.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Letterbox {
    /// The picture's size inside the square; the longer side fills it (up to float truncation).
    pub inner: Size,
    /// Columns to its left.
    pub left: u32,
    /// Rows above it.
    pub top: u32,
}

impl Letterbox {
    /// Scales a picture up or down until its longer side is `square` pixels and centres it, in the arithmetic of
    /// `ratio = square / max(w, h); (int(w * ratio), int(h * ratio))` and `(square - side) // 2`.
    ///
    /// Truncation makes a side shorter than a pixel 0, which cannot be resized to; it becomes 1.
    pub fn new(picture: Size, square: u32) -> Self {
        let ratio = f64::from(square) / f64::from(picture.width.max(picture.height).max(1));
        let fit = |side: u32| ((f64::from(side) * ratio) as u32).clamp(1, square.max(1));
        let inner = Size { width: fit(picture.width), height: fit(picture.height) };
        let before = |side: u32| square.saturating_sub(side) / 2;
        Self { inner, left: before(inner.width), top: before(inner.height) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inner(width: u32, height: u32) -> (u32, u32, u32, u32) {
        let fit = Letterbox::new(Size::new(width, height), 512);
        (fit.inner.width, fit.inner.height, fit.left, fit.top)
    }

    #[test]
    fn sides_are_truncated_and_offsets_halved_down() {
        assert_eq!(inner(707, 1000), (361, 512, 75, 0));
        assert_eq!(inner(640, 480), (512, 384, 0, 64));
        assert_eq!(inner(83, 110), (386, 512, 63, 0));
        assert_eq!(inner(1000, 13), (512, 6, 0, 253));
        assert_eq!(inner(1, 1), (512, 512, 0, 0));
    }

    #[test]
    fn a_side_that_would_vanish_is_one_pixel() {
        assert_eq!(inner(5000, 1), (512, 1, 0, 255));
        assert_eq!(inner(1, 100_000_000), (1, 512, 255, 0));
    }

    #[test]
    fn float_truncation_is_pythons() {
        // 512 / n * n falls short of 512 for some n: Python's int() then gives 511.
        let short: Vec<u32> = (1..3000).filter(|&n| inner(n, 1).0 == 511).collect();
        let expected: Vec<u32> =
            (1..3000).filter(|&n| f64::from(n) * (512.0 / f64::from(n)) < 512.0).collect();
        assert_eq!(short, expected);
        assert!(short.contains(&49), "{short:?}");
    }
}
