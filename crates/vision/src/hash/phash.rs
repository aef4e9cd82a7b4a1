//! The DCT hash, in two recipes that differ in how the picture becomes 32x32 grey pixels.
//!
//! [`phash_plain`] is ImageHash's `phash`: grey, 32x32 by Lanczos. [`phash`] first fits the picture into a white
//! 512x512 square (longer side 512 by Lanczos, centred), so that proportions count; that is what the first system's
//! stored hashes are. From there both take the two-dimensional DCT-II and keep one bit for each of the 8x8 lowest
//! frequencies, the constant one included: whether it is above their median. Row by row, most significant first.

use super::dct::{SIDE, lowest_frequencies};
use super::{PHash, thumbnail};
use crate::Picture;
use crate::pixels::grey::fill_grey;
use crate::pixels::{Axis, Filter, Isa, LONGEST_SIDE, Letterbox, Resampler, Size, Strip, resize_rgb};
use std::sync::{Arc, LazyLock};

/// The thumbnail the DCT is taken of.
pub(super) const SIZE: Size = Size { width: SIDE as u32, height: SIDE as u32 };

/// Side of the white square.
const SQUARE: usize = 512;

/// The letterboxed pHash of `picture`, transparency ignored.
pub fn phash(picture: &Picture) -> PHash {
    from_grey(&letterboxed_grey(picture))
}

/// ImageHash's own pHash of `picture`, transparency ignored.
pub fn phash_plain(picture: &Picture) -> PHash {
    let [grey] = thumbnail::grey(picture, [SIZE]);
    from_grey(&grey)
}

/// The pHash of a 32x32 grey thumbnail.
pub(super) fn from_grey(grey: &[u8]) -> PHash {
    let lowest = lowest_frequencies(grey);
    let mut sorted = lowest;
    sorted.sort_unstable_by(f64::total_cmp);
    let [.., low, high] = sorted.first_chunk::<33>().copied().unwrap_or([0.0; 33]);
    let median = (low + high) / 2.0;
    PHash(lowest.iter().fold(0, |bits, &frequency| bits << 1 | u64::from(frequency > median)))
}

/// The 32x32 grey thumbnail of the picture on its white square, row by row.
fn letterboxed_grey(picture: &Picture) -> Vec<u8> {
    let from = Size::new(picture.width(), picture.height());
    let fit = Letterbox::new(from, SQUARE as u32);
    let isa = Isa::best();
    let mut square = Square::new(isa);
    square.white_rows(fit.top as usize);
    let mut paste = |_: usize, row: &[u8]| square.paste(fit.left as usize, row);

    let (width, height) = (from.width as usize, from.height as usize);
    if fit.inner == from {
        picture.rgb().chunks(3 * width).for_each(|row| paste(0, row));
    } else if width.max(height) > LONGEST_SIDE {
        // A picture's buffer always fits its size, and no fitted side is empty.
        let inner = resize_rgb(picture.rgb(), from, fit.inner, Filter::Lanczos).unwrap_or_default();
        inner.chunks(3 * fit.inner.width as usize).for_each(|row| paste(0, row));
    } else {
        let axis = |from: usize, to: u32| {
            (from != to as usize).then(|| Arc::new(Axis::new(Filter::Lanczos, from, to as usize)))
        };
        let horizontal = axis(width, fit.inner.width);
        let mut strip = Strip::new(isa, 3, width, height);
        let mut resampler = Resampler::new(&strip, horizontal.clone(), axis(height, fit.inner.height));
        for rows in picture.rgb().chunks(strip.full_rows() * 3 * width) {
            if horizontal.is_some() {
                strip.fill(rows);
            }
            resampler.push(&strip, rows, &mut paste);
        }
    }
    square.finish()
}

/// The white square being filled from the top, as grey, and its thumbnail being made of what is there.
struct Square {
    isa: Isa,
    strip: Strip,
    resampler: Resampler,
    /// Grey rows that have not been handed on.
    waiting: Vec<u8>,
    rows_started: usize,
    thumbnail: Vec<u8>,
}

impl Square {
    fn new(isa: Isa) -> Self {
        static AXIS: LazyLock<Arc<Axis>> =
            LazyLock::new(|| Arc::new(Axis::new(Filter::Lanczos, SQUARE, SIDE)));
        let strip = Strip::new(isa, 1, SQUARE, SQUARE);
        let resampler = Resampler::new(&strip, Some(AXIS.clone()), Some(AXIS.clone()));
        let waiting = Vec::with_capacity(strip.full_rows() * SQUARE);
        Self { isa, strip, resampler, waiting, rows_started: 0, thumbnail: Vec::with_capacity(SIDE * SIDE) }
    }

    fn white_rows(&mut self, count: usize) {
        for _ in 0..count {
            self.start_row();
            self.hand_on_when_full();
        }
    }

    /// Adds a row with `rgb` from column `left` on. Grey after pasting is grey before it, pixel by pixel.
    fn paste(&mut self, left: usize, rgb: &[u8]) {
        let start = self.start_row();
        let row = self.waiting.get_mut(start + left..).unwrap_or_default();
        fill_grey(self.isa, rgb, row.get_mut(..rgb.len() / 3).unwrap_or_default());
        self.hand_on_when_full();
    }

    /// Appends a white row and says where it begins.
    fn start_row(&mut self) -> usize {
        let start = self.waiting.len();
        self.waiting.resize(start + SQUARE, 255);
        self.rows_started += 1;
        start
    }

    fn hand_on_when_full(&mut self) {
        if self.waiting.len() == self.strip.full_rows() * SQUARE {
            self.strip.fill(&self.waiting);
            let thumbnail = &mut self.thumbnail;
            self.resampler.push(&self.strip, &self.waiting, &mut |_, row| thumbnail.extend_from_slice(row));
            self.waiting.clear();
        }
    }

    fn finish(mut self) -> Vec<u8> {
        self.white_rows(SQUARE - self.rows_started.min(SQUARE));
        self.thumbnail
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(width: u32, height: u32, colour: [u8; 3]) -> Picture {
        let pixels = width as usize * height as usize;
        Picture::new(width, height, colour.iter().copied().cycle().take(3 * pixels).collect(), None).unwrap()
    }

    #[test]
    fn flat_pictures_have_nothing_but_their_constant() {
        for (width, height) in [(100, 100), (512, 512), (1, 1), (700, 700)] {
            assert_eq!(phash(&flat(width, height, [255; 3])), PHash(1 << 63));
            assert_eq!(phash(&flat(width, height, [0; 3])), PHash(0));
            assert_eq!(phash_plain(&flat(width, height, [9, 200, 77])), PHash(1 << 63));
        }
    }

    #[test]
    fn a_black_line_however_thin_is_drawn() {
        for (width, height) in [(5000, 1), (1, 5000), (1024, 1)] {
            let grey = letterboxed_grey(&flat(width, height, [0; 3]));
            assert_eq!(grey.len(), SIDE * SIDE);
            assert!(grey.iter().any(|&value| value < 255), "{width}x{height}");
        }
    }

    #[test]
    fn transparency_does_not_count() {
        let rgb: Vec<u8> = (0..3 * 40 * 30).map(|n| (n * n % 251) as u8).collect();
        let opaque = Picture::new(40, 30, rgb.clone(), None).unwrap();
        let clear = Picture::new(40, 30, rgb, Some(vec![0; 1200])).unwrap();
        assert_eq!(phash(&opaque), phash(&clear));
        assert_eq!(phash_plain(&opaque), phash_plain(&clear));
    }
}
