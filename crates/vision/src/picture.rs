//! A decoded photo: upright 8-bit RGB, with its transparency kept apart.
//!
//! Everything that makes a signature takes a [`Picture`]. How bytes become one is `decode`'s business.

use crate::pixels::{Rect, crop_rgb};
use std::borrow::Cow;

/// Upright RGB pixels, rows top to bottom, three bytes per pixel.
///
/// Transparency is kept beside the colours rather than blended in, because the hashes ignore it (as the
/// reference implementation does) while descriptors want the picture as a white page would show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    width: u32,
    height: u32,
    rgb: Vec<u8>,
    alpha: Option<Vec<u8>>,
}

/// The pixel buffer handed in does not fit the size that was named with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a picture of {width}x{height} pixels cannot have {rgb_bytes} colour and {alpha_bytes:?} alpha bytes"
)]
pub struct SizeMismatch {
    width: u32,
    height: u32,
    rgb_bytes: usize,
    alpha_bytes: Option<usize>,
}

impl Picture {
    /// Makes a picture from `3 * width * height` RGB bytes and, where it is not opaque, `width * height` alpha
    /// bytes (255 is opaque).
    ///
    /// # Errors
    /// When a side is zero or a buffer's length does not fit.
    pub fn new(width: u32, height: u32, rgb: Vec<u8>, alpha: Option<Vec<u8>>) -> Result<Self, SizeMismatch> {
        let pixels = width as usize * height as usize;
        let fits = pixels > 0 && rgb.len() == 3 * pixels && alpha.as_ref().is_none_or(|a| a.len() == pixels);
        if !fits {
            let alpha_bytes = alpha.map(|a| a.len());
            return Err(SizeMismatch { width, height, rgb_bytes: rgb.len(), alpha_bytes });
        }
        Ok(Self { width, height, rgb, alpha })
    }

    /// Width in pixels, at least 1.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height in pixels, at least 1.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// The colours with transparency ignored: `3 * width * height` bytes.
    pub fn rgb(&self) -> &[u8] {
        &self.rgb
    }

    /// Opacity, one byte per pixel, or `None` for an opaque picture.
    pub fn alpha(&self) -> Option<&[u8]> {
        self.alpha.as_deref()
    }

    /// What `rect` shows of it.
    ///
    /// # Errors
    /// When the rectangle is empty or reaches over an edge.
    pub fn crop(&self, rect: Rect) -> Result<Self, SizeMismatch> {
        let rows = |alpha: &Vec<u8>| {
            let rows =
                alpha.chunks_exact(self.width as usize).skip(rect.y as usize).take(rect.height as usize);
            rows.flat_map(|row| row.iter().skip(rect.x as usize).take(rect.width as usize)).copied().collect()
        };
        let alpha = self.alpha.as_ref().map(rows);
        Self::new(rect.width, rect.height, crop_rgb(&self.rgb, self.width, rect), alpha)
    }

    /// The colours as seen on a white page: borrowed when opaque, blended otherwise.
    pub fn on_white(&self) -> Cow<'_, [u8]> {
        let Some(alpha) = &self.alpha else {
            return Cow::Borrowed(&self.rgb);
        };
        let blended = self.rgb.chunks_exact(3).zip(alpha).flat_map(|(pixel, &opacity)| {
            let opacity = u32::from(opacity);
            [0, 1, 2].map(|channel| {
                let colour = pixel.get(channel).copied().map_or(0, u32::from);
                // Rounded division by 255; both terms are at most 255 * 255.
                ((colour * opacity + 255 * (255 - opacity) + 127) / 255) as u8
            })
        });
        Cow::Owned(blended.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_of_the_wrong_length_is_refused() {
        assert!(Picture::new(2, 2, vec![0; 11], None).is_err());
        assert!(Picture::new(0, 2, vec![], None).is_err());
        assert!(Picture::new(2, 2, vec![0; 12], Some(vec![0; 3])).is_err());
        assert!(Picture::new(2, 2, vec![0; 12], Some(vec![0; 4])).is_ok());
    }

    #[test]
    fn a_part_keeps_its_colours_and_its_transparency() {
        let rgb = (0..4 * 3 * 3).collect();
        let picture = Picture::new(4, 3, rgb, Some((0..12).collect())).unwrap();
        let part = picture.crop(Rect { x: 1, y: 2, width: 2, height: 1 }).unwrap();
        assert_eq!((part.rgb(), part.alpha()), (&[27, 28, 29, 30, 31, 32][..], Some(&[9, 10][..])));
        assert!(picture.crop(Rect { x: 3, y: 0, width: 2, height: 1 }).is_err());
        assert!(picture.crop(Rect { x: 0, y: 0, width: 0, height: 1 }).is_err());
    }

    #[test]
    fn transparency_is_shown_on_white() {
        let picture =
            Picture::new(3, 1, vec![10, 20, 30, 0, 0, 0, 9, 9, 9], Some(vec![255, 128, 0])).unwrap();
        assert_eq!(picture.on_white().as_ref(), [10, 20, 30, 127, 127, 127, 255, 255, 255]);
    }
}
