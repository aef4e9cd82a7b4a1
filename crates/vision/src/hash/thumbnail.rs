//! Tiny grey versions of a picture: what the pHash and the dHash look at.
//!
//! Grey is made first and resized after, as `image.convert("L").resize(size, LANCZOS)` does. One walk over the
//! picture serves all sizes asked for.

use crate::Picture;
use crate::pixels::grey::{fill_grey, grey_from_rgb};
use crate::pixels::{Axis, Filter, Isa, LONGEST_SIDE, Resampler, Size, Strip, resize_grey};
use std::sync::Arc;

/// Grey thumbnails of `picture`, one of each size.
pub(super) fn grey<const SIZES: usize>(picture: &Picture, sizes: [Size; SIZES]) -> [Vec<u8>; SIZES] {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    if width.max(height) > LONGEST_SIDE {
        let from = Size::new(picture.width(), picture.height());
        let grey = grey_from_rgb(picture.rgb());
        // A picture's buffer always fits its size, and no thumbnail has an empty side.
        return sizes.map(|to| resize_grey(&grey, from, to, Filter::Lanczos).unwrap_or_default());
    }
    let isa = Isa::best();
    let mut strip = Strip::new(isa, 1, width, height);
    let axis = |from: usize, to: u32| {
        (from != to as usize).then(|| Arc::new(Axis::new(Filter::Lanczos, from, to as usize)))
    };
    let mut resamplers =
        sizes.map(|to| (Resampler::new(&strip, axis(width, to.width), axis(height, to.height)), Vec::new()));
    let mut grey = vec![0; strip.full_rows() * width];
    for rgb in picture.rgb().chunks(3 * grey.len()) {
        let rows = grey.get_mut(..rgb.len() / 3).unwrap_or_default();
        fill_grey(isa, rgb, rows);
        strip.fill(rows);
        for (resampler, thumbnail) in &mut resamplers {
            resampler.push(&strip, rows, &mut |_, row| thumbnail.extend_from_slice(row));
        }
    }
    resamplers.map(|(_, thumbnail)| thumbnail)
}
