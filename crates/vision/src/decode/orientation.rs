//! The eight EXIF orientations: read from a raw EXIF block, applied to pixels.
//!
//! A broken block counts as no block: a photo is worth more than its metadata. Nothing else of EXIF is read.
//! Source: EXIF 2.32, tag 0x0112; the transposition is what Pillow's `ImageOps.exif_transpose` does.

#![expect(
    clippy::indexing_slicing,
    reason = "the offsets are computed from the buffer's own width and height"
)]

use super::raster::Raster;

/// How stored pixels must be turned to stand upright, as EXIF numbers it (1 to 8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Orientation(u8);

impl Orientation {
    pub(super) const UPRIGHT: Self = Self(1);

    /// The orientation in a raw EXIF block (a TIFF header and its directory), upright when there is none that is
    /// valid. Some writers put JPEG's `Exif\0\0` prefix where it does not belong; it is skipped.
    pub(super) fn from_exif(block: &[u8]) -> Self {
        let tiff = block.strip_prefix(b"Exif\0\0").unwrap_or(block);
        image::metadata::Orientation::from_exif_chunk(tiff).map_or(Self::UPRIGHT, Self::from)
    }

    /// Whether width and height change places.
    pub(super) fn swaps_sides(self) -> bool {
        self.0 >= 5
    }

    /// The size as shown of a picture stored as `width` by `height`.
    pub(super) fn shown_size(self, (width, height): (u32, u32)) -> (u32, u32) {
        if self.swaps_sides() { (height, width) } else { (width, height) }
    }

    /// Turns stored pixels upright.
    pub(super) fn apply(self, raster: Raster) -> Raster {
        if self == Self::UPRIGHT {
            return raster;
        }
        let (stored_width, stored_height) = (raster.width as usize, raster.height as usize);
        let (width, height) = self.shown_size((raster.width, raster.height));
        Raster {
            width,
            height,
            rgb: self.turn::<3>(&raster.rgb, stored_width, stored_height),
            alpha: raster.alpha.map(|alpha| self.turn::<1>(&alpha, stored_width, stored_height)),
        }
    }

    /// Gathers pixels of `N` bytes in their upright order.
    fn turn<const N: usize>(self, stored: &[u8], stored_width: usize, stored_height: usize) -> Vec<u8> {
        let (right, bottom) = (stored_width - 1, stored_height - 1);
        let (width, height) =
            if self.swaps_sides() { (stored_height, stored_width) } else { (stored_width, stored_height) };
        let mut upright = vec![0; stored.len()];
        for (y, row) in upright.chunks_exact_mut(width * N).enumerate().take(height) {
            for (x, pixel) in row.chunks_exact_mut(N).enumerate() {
                let (from_x, from_y) = match self.0 {
                    2 => (right - x, y),
                    3 => (right - x, bottom - y),
                    4 => (x, bottom - y),
                    5 => (y, x),
                    6 => (y, bottom - x),
                    7 => (right - y, bottom - x),
                    8 => (right - y, x),
                    _ => (x, y),
                };
                let from = (from_y * stored_width + from_x) * N;
                pixel.copy_from_slice(&stored[from..from + N]);
            }
        }
        upright
    }
}

impl From<image::metadata::Orientation> for Orientation {
    fn from(orientation: image::metadata::Orientation) -> Self {
        Self(orientation.to_exif())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Six grey values, 3 wide and 2 high, stored so that orientation `number` shows them as 1..=6 in reading order.
    fn shown(number: u8) -> (u32, u32, Vec<u8>) {
        let (width, height, values) = match number {
            1 => (3, 2, [1, 2, 3, 4, 5, 6]),
            2 => (3, 2, [3, 2, 1, 6, 5, 4]),
            3 => (3, 2, [6, 5, 4, 3, 2, 1]),
            4 => (3, 2, [4, 5, 6, 1, 2, 3]),
            5 => (2, 3, [1, 4, 2, 5, 3, 6]),
            6 => (2, 3, [3, 6, 2, 5, 1, 4]),
            7 => (2, 3, [6, 3, 5, 2, 4, 1]),
            _ => (2, 3, [4, 1, 5, 2, 6, 3]),
        };
        let rgb = values.iter().flat_map(|&value| [value; 3]).collect();
        let raster = Raster { width, height, rgb, alpha: Some(values.to_vec()) };
        let upright = Orientation(number).apply(raster);
        assert_eq!(
            upright.rgb,
            upright.alpha.clone().unwrap().iter().flat_map(|&v| [v; 3]).collect::<Vec<_>>()
        );
        (upright.width, upright.height, upright.alpha.unwrap())
    }

    #[test]
    fn every_orientation_comes_out_in_reading_order() {
        for number in 1..=8 {
            assert_eq!(shown(number), (3, 2, vec![1, 2, 3, 4, 5, 6]), "orientation {number}");
        }
    }

    #[test]
    fn a_broken_block_means_upright() {
        let broken: [&[u8]; 5] =
            [b"", b"Exif\0\0", b"II*\0\xFF\xFF\xFF\xFF", b"MM\0*\0\0\0\x08\xFF\xFF\x01\x12", b"rubbish"];
        for block in broken {
            assert_eq!(Orientation::from_exif(block), Orientation::UPRIGHT);
        }
        let nine = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x09\0\0\0";
        assert_eq!(Orientation::from_exif(nine), Orientation::UPRIGHT);
        let six = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0";
        assert_eq!(Orientation::from_exif(six), Orientation(6));
    }
}
