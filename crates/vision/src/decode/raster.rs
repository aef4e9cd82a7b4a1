//! Decoders' sample layouts to 8-bit RGB with alpha apart.
//!
//! Does no colour management and no blending; the colours under transparent pixels stay as stored. Every decoder
//! in this room ends here, and `orientation` goes on from here.

use super::{DecodeError, Format, orientation::Orientation};
use crate::Picture;

/// Decoded pixels in stored order.
#[derive(Debug)]
pub(super) struct Raster {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) rgb: Vec<u8>,
    pub(super) alpha: Option<Vec<u8>>,
}

/// Stored pixels and how to turn them.
#[derive(Debug)]
pub(super) struct Upright {
    pub(super) raster: Raster,
    pub(super) orientation: Orientation,
}

/// What one pixel's 8-bit samples are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    Grey,
    GreyAlpha,
    Rgb,
    Rgba,
}

impl Layout {
    pub(super) fn channels(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::GreyAlpha => 2,
            Self::Rgb => 3,
            Self::Rgba => 4,
        }
    }
}

impl Raster {
    /// From interleaved 8-bit samples.
    pub(super) fn new(width: u32, height: u32, layout: Layout, samples: Vec<u8>) -> Self {
        let (rgb, alpha) = match layout {
            Layout::Rgb => (samples, None),
            Layout::Grey => (samples.iter().flat_map(|&grey| [grey; 3]).collect(), None),
            Layout::GreyAlpha => {
                let pixels = samples.as_chunks::<2>().0;
                let rgb = pixels.iter().flat_map(|&[grey, _]| [grey; 3]).collect();
                (rgb, Some(pixels.iter().map(|&[_, alpha]| alpha).collect()))
            }
            Layout::Rgba => {
                let pixels = samples.as_chunks::<4>().0;
                let mut rgb = vec![0; 3 * pixels.len()];
                for (to, &[red, green, blue, _]) in rgb.as_chunks_mut::<3>().0.iter_mut().zip(pixels) {
                    *to = [red, green, blue];
                }
                (rgb, Some(pixels.iter().map(|&[.., alpha]| alpha).collect()))
            }
        };
        let alpha = alpha.filter(|alpha: &Vec<u8>| alpha.iter().any(|&value| value != 255));
        Self { width, height, rgb, alpha }
    }

    /// From CMYK as Adobe stores it in JPEG (inverted: 255 is no ink), by Pillow's formula, so that the hashes of
    /// such files agree with those made there.
    pub(super) fn from_inverted_cmyk(width: u32, height: u32, samples: &[u8]) -> Self {
        let rgb = samples.as_chunks::<4>().0.iter().flat_map(|&[cyan, magenta, yellow, key]| {
            [cyan, magenta, yellow].map(|inverse| {
                let ink = u32::from(255 - inverse) * u32::from(key) + 128;
                // Pillow's MULDIV255: division by 255 with rounding, exact for a product of two bytes.
                let darkening = ((ink >> 8) + ink) >> 8;
                u32::from(key).saturating_sub(darkening) as u8
            })
        });
        Self { width, height, rgb: rgb.collect(), alpha: None }
    }

    pub(super) fn into_picture(self, format: Format) -> Result<Picture, DecodeError> {
        Picture::new(self.width, self.height, self.rgb, self.alpha)
            .map_err(|mismatch| DecodeError::Corrupt { format, reason: mismatch.to_string() })
    }
}

/// Sixteen bits to eight, samples in this machine's byte order: the high byte.
///
/// Rounding would be the nearer value for half of all samples, but libpng's `strip_16` and Pillow keep the high
/// byte, and a hash made here must equal one made there.
pub(super) fn high_bytes_native(samples: &[u8]) -> Vec<u8> {
    samples.as_chunks::<2>().0.iter().map(|&pair| (u16::from_ne_bytes(pair) >> 8) as u8).collect()
}

/// Floating-point samples to eight bits: 0..=1 is the whole range, as in TIFF's `SampleFormat` 3.
pub(super) fn unit_floats_native(samples: &[u8]) -> Vec<u8> {
    let floats = samples.as_chunks::<4>().0.iter().map(|&four| f32::from_ne_bytes(four));
    floats.map(|value| (value.clamp(0.0, 1.0) * 255.0).round() as u8).collect()
}
