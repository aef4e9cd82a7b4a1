//! Edits of values: every pixel stays where it is.

use super::Seeded;
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, RgbImage};

/// Encoded as JPEG and decoded again.
pub(super) fn through_jpeg(source: &RgbImage, quality: u8) -> RgbImage {
    let mut bytes = Vec::new();
    let encoded = JpegEncoder::new_with_quality(&mut bytes, quality).encode_image(source);
    let decoded =
        encoded.and_then(|()| image::load_from_memory_with_format(&bytes, image::ImageFormat::Jpeg));
    // Photos are far smaller than the 65,535 pixels a side that a JPEG cannot hold, and what was just encoded decodes.
    decoded.map_or_else(|_| source.clone(), DynamicImage::into_rgb8)
}

pub(super) fn noise(source: &RgbImage, deviation: f32, chance: &mut Seeded) -> RgbImage {
    let mut image = source.clone();
    for value in image.iter_mut() {
        // Cut off and not rounded, as the reference does.
        *value = (f32::from(*value) + deviation * chance.normal()).clamp(0.0, 255.0) as u8;
    }
    image
}

/// Every value, from 0 to 1, through `curve`.
pub(super) fn levels(source: &RgbImage, curve: impl Fn(f32) -> f32) -> RgbImage {
    let mut image = source.clone();
    for value in image.iter_mut() {
        *value = (curve(f32::from(*value) / 255.0) * 255.0).clamp(0.0, 255.0) as u8;
    }
    image
}

/// Each channel times its factor.
pub(super) fn channels(source: &RgbImage, factors: [f32; 3]) -> RgbImage {
    let mut image = source.clone();
    for pixel in image.pixels_mut() {
        for (value, factor) in pixel.0.iter_mut().zip(factors) {
            *value = (f32::from(*value) * factor).clamp(0.0, 255.0) as u8;
        }
    }
    image
}

pub(super) fn grey(source: &RgbImage) -> RgbImage {
    let mut image = source.clone();
    for pixel in image.pixels_mut() {
        let [red, green, blue] = pixel.0.map(f32::from);
        pixel.0 = [(0.299 * red + 0.587 * green + 0.114 * blue).round() as u8; 3];
    }
    image
}
