//! Pictures with a side of more than a million pixels.
//!
//! Pillow itself would need gigabytes for them, and so would planning their resize. Their overlong side is first brought
//! below the limit by averaging whole runs of pixels, so their tensors are near the reference's, not equal to it. No
//! JPEG, WebP or GIF can be that long; a hostile PNG, TIFF or BMP can.

use std::borrow::Cow;

/// The picture with no side longer than `longest`, and its new width and height. Borrowed where it is short enough.
pub(super) fn shortened(
    rgb: &[u8],
    (width, height): (usize, usize),
    longest: usize,
) -> (Cow<'_, [u8]>, (usize, usize)) {
    let run = (width.div_ceil(longest).max(1), height.div_ceil(longest).max(1));
    if run == (1, 1) {
        return (Cow::Borrowed(rgb), (width, height));
    }
    let short = (width.div_ceil(run.0), height.div_ceil(run.1));
    let mut out = Vec::with_capacity(3 * short.0 * short.1);
    let mut sums = vec![[0_u64; 3]; short.0];
    for rows in rgb.chunks(3 * width * run.1) {
        sums.fill([0; 3]);
        for row in rows.chunks(3 * width) {
            for (sum, pixels) in sums.iter_mut().zip(row.as_chunks::<3>().0.chunks(run.0)) {
                for pixel in pixels {
                    for (sum, &colour) in sum.iter_mut().zip(pixel) {
                        *sum += u64::from(colour);
                    }
                }
            }
        }
        let rows = rows.len() / (3 * width);
        for (index, sum) in sums.iter().enumerate() {
            let count = (rows * run.0.min(width - index * run.0)) as u64;
            out.extend(sum.map(|sum| ((sum + count / 2) / count) as u8));
        }
    }
    (Cow::Owned(out), short)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_averaged_and_the_last_may_be_shorter() {
        let grey = |values: &[u8]| values.iter().flat_map(|&value| [value; 3]).collect::<Vec<_>>();
        let wide = grey(&[0, 10, 20, 31, 7, 100, 110, 120, 130, 9]);
        let (short, size) = shortened(&wide, (5, 2), 3);
        assert_eq!((short.as_ref(), size), (grey(&[5, 26, 7, 105, 125, 9]).as_slice(), (3, 2)));
        let (short, size) = shortened(&wide, (2, 5), 3);
        assert_eq!((short.as_ref(), size), (grey(&[10, 21, 59, 110, 130, 9]).as_slice(), (2, 3)));
        assert!(matches!(shortened(&wide, (5, 2), 5), (Cow::Borrowed(_), (5, 2))));
    }
}
