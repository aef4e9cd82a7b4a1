//! Edits that a copied photo has typically been through.
//!
//! Every edit ends in bytes, as a copy does that comes in by upload. Deterministic.

use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageError, RgbImage, imageops};
use lookalike_vision::Picture;
use std::fmt;

/// JPEG quality of an edit that is not about quality.
const PLAIN_QUALITY: u8 = 92;

/// One way to alter a photo.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Edit {
    /// Encoded again at this JPEG quality, 1 to 100.
    Recompressed(u8),
    /// Both sides multiplied by this factor.
    Scaled(f32),
    /// Every channel multiplied by this factor.
    Brighter(f32),
    /// All of: JPEG quality, side factor, brightness factor.
    Together(u8, f32, f32),
    /// This share of each side cut away, half at each end.
    Cropped(f32),
    /// Mirrored left to right.
    Mirrored,
    /// Turned by a quarter.
    Turned,
}

/// The edits of the standard run, the combined one first.
pub const STANDARD: [Edit; 7] = [
    Edit::Together(40, 0.5, 1.05),
    Edit::Recompressed(40),
    Edit::Scaled(0.5),
    Edit::Brighter(1.05),
    Edit::Cropped(0.1),
    Edit::Mirrored,
    Edit::Turned,
];

impl fmt::Display for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |factor: f32| (factor * 100.0).round();
        match *self {
            Self::Recompressed(quality) => write!(f, "JPEG quality {quality}"),
            Self::Scaled(factor) => write!(f, "scaled to {} %", percent(factor)),
            Self::Brighter(factor) => write!(f, "brightness {} %", percent(factor)),
            Self::Together(quality, scale, brightness) => write!(
                f,
                "JPEG quality {quality}, scaled to {} %, brightness {} %",
                percent(scale),
                percent(brightness)
            ),
            Self::Cropped(share) => write!(f, "{} % of each side cut away", percent(share)),
            Self::Mirrored => f.write_str("mirrored"),
            Self::Turned => f.write_str("turned by a quarter"),
        }
    }
}

impl Edit {
    /// The edited photo as JPEG bytes.
    ///
    /// # Errors
    /// When the result is too large for a JPEG (65,535 pixels a side).
    pub fn apply(self, picture: &Picture) -> Result<Vec<u8>, ImageError> {
        // The buffer's length was checked when the picture was made.
        let source = RgbImage::from_raw(picture.width(), picture.height(), picture.on_white().into_owned())
            .unwrap_or_default();
        let (edited, quality) = match self {
            Self::Recompressed(quality) => (source, quality),
            Self::Scaled(factor) => (scaled(&source, factor), PLAIN_QUALITY),
            Self::Brighter(factor) => (brightened(source, factor), PLAIN_QUALITY),
            Self::Together(quality, scale, brightness) => {
                (brightened(scaled(&source, scale), brightness), quality)
            }
            Self::Cropped(share) => {
                let cut = |side: u32| ((side as f32 * share / 2.0) as u32).min((side - 1) / 2);
                let (x, y) = (cut(source.width()), cut(source.height()));
                let (width, height) = (source.width() - 2 * x, source.height() - 2 * y);
                (imageops::crop_imm(&source, x, y, width, height).to_image(), PLAIN_QUALITY)
            }
            Self::Mirrored => (imageops::flip_horizontal(&source), PLAIN_QUALITY),
            Self::Turned => (imageops::rotate90(&source), PLAIN_QUALITY),
        };
        let mut bytes = Vec::new();
        JpegEncoder::new_with_quality(&mut bytes, quality).encode(
            edited.as_raw(),
            edited.width(),
            edited.height(),
            ExtendedColorType::Rgb8,
        )?;
        Ok(bytes)
    }
}

fn scaled(source: &RgbImage, factor: f32) -> RgbImage {
    let side = |px: u32| ((px as f32 * factor).round() as u32).max(1);
    let filter = imageops::FilterType::Triangle;
    imageops::resize(source, side(source.width()), side(source.height()), filter)
}

fn brightened(mut source: RgbImage, factor: f32) -> RgbImage {
    for value in source.iter_mut() {
        *value = (f32::from(*value) * factor).round().min(255.0) as u8;
    }
    source
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_edit_gives_a_jpeg_even_of_one_pixel() {
        let pixel = Picture::new(1, 1, vec![200, 10, 10], None).unwrap();
        let wide = Picture::new(64, 20, vec![90; 64 * 20 * 3], None).unwrap();
        for edit in STANDARD {
            for picture in [&pixel, &wide] {
                assert!(edit.apply(picture).unwrap().starts_with(&[0xff, 0xd8]), "{edit}");
            }
        }
    }
}
