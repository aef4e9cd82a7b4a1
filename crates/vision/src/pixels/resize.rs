//! Resizing a whole picture to a whole picture, equal to Pillow's `Image.resize` for 8-bit RGB and grey.
//!
//! For callers that want rows as they are finished, or several sizes at once, there is `resampler` underneath.
//! Boxes, reducing gaps and other pixel types are not offered.

use super::axis::Axis;
use super::filter::Filter;
use super::kernels::Isa;
use super::plain;
use super::resampler::{LONGEST_SIDE, Resampler, Strip};
use std::sync::Arc;

/// Width and height in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Size {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

impl Size {
    /// `width` columns by `height` rows.
    pub fn new(width: u32, height: u32) -> Self {
        Self { width, height }
    }
}

/// Why a picture cannot be resized.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ResizeError {
    /// A side of the source or of the target is 0.
    #[error("cannot resize {}x{} to {}x{}: every side must be at least 1", from.width, from.height, to.width, to.height)]
    EmptySide {
        /// The source's size as given.
        from: Size,
        /// The target's size as given.
        to: Size,
    },
    /// The buffer is not the source's size.
    #[error("{bytes} bytes are not {channels} for each pixel of {}x{}", from.width, from.height)]
    BufferLength {
        /// Bytes given.
        bytes: usize,
        /// Bytes a pixel has.
        channels: usize,
        /// The source's size as given.
        from: Size,
    },
}

/// Resizes interleaved RGB, three bytes per pixel, rows top to bottom.
///
/// # Errors
/// When a side is 0 or `rgb` is not `3 * width * height` bytes long.
pub fn resize_rgb(rgb: &[u8], from: Size, to: Size, filter: Filter) -> Result<Vec<u8>, ResizeError> {
    resize(rgb, 3, from, to, filter, Isa::best())
}

/// Resizes 8-bit grey, one byte per pixel, rows top to bottom.
///
/// # Errors
/// When a side is 0 or `grey` is not `width * height` bytes long.
pub fn resize_grey(grey: &[u8], from: Size, to: Size, filter: Filter) -> Result<Vec<u8>, ResizeError> {
    resize(grey, 1, from, to, filter, Isa::best())
}

pub(super) fn resize(
    pixels: &[u8],
    channels: usize,
    from: Size,
    to: Size,
    filter: Filter,
    isa: Isa,
) -> Result<Vec<u8>, ResizeError> {
    let sides = [from.width, from.height, to.width, to.height].map(|side| side as usize);
    if sides.contains(&0) {
        return Err(ResizeError::EmptySide { from, to });
    }
    let [from_width, from_height, to_width, to_height] = sides;
    if (from_width * from_height).checked_mul(channels) != Some(pixels.len()) {
        return Err(ResizeError::BufferLength { bytes: pixels.len(), channels, from });
    }
    if sides.iter().any(|&side| side > LONGEST_SIDE) {
        return Ok(plain::resize(pixels, channels, from, to, filter));
    }
    let axis = |from: usize, to: usize| (from != to).then(|| Arc::new(Axis::new(filter, from, to)));
    let horizontal = axis(from_width, to_width);
    let mut strip = Strip::new(isa, channels, from_width, from_height);
    let mut resampler = Resampler::new(&strip, horizontal.clone(), axis(from_height, to_height));
    let mut out = Vec::with_capacity(to_width * to_height * channels);
    for rows in pixels.chunks(strip.full_rows() * from_width * channels) {
        if horizontal.is_some() {
            strip.fill(rows);
        }
        resampler.push(&strip, rows, &mut |_, row| out.extend_from_slice(row));
    }
    Ok(out)
}

#[cfg(test)]
mod tests;
