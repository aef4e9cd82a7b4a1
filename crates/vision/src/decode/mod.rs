//! Bytes from anywhere to upright pixels, within limits checked before anything is allocated.
//!
//! The format is sniffed from the content; a file's name is never looked at. A picture comes out upright (EXIF
//! orientation applied), as 8-bit RGB with its transparency kept apart; of an animation, the first frame on its
//! canvas. Colour profiles are ignored, text and profile chunks are never unpacked, and nothing here opens a file.
//!
//! JPEG decodes to the very bytes libjpeg-turbo (and so Pillow) gives, because the perceptual hashes are compared
//! with hashes made there. Neighbours: [`Picture`] is what leaves; `hash`, `look` and the encoders take it.

mod error;
mod format;
mod gif_bmp_tiff;
mod jpeg;
mod limits;
mod orientation;
mod png;
mod raster;
mod webp;

pub use error::DecodeError;
pub use format::Format;
pub use limits::Limits;

use crate::Picture;
use crate::contained::contained;
use raster::Upright;

/// What a picture's header says, read without decoding it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// By content, not by name.
    pub format: Format,
    /// Width in pixels as shown, after orientation.
    pub width: u32,
    /// Height in pixels as shown, after orientation.
    pub height: u32,
}

/// Reads the header alone.
///
/// # Errors
/// As [`decode`], as far as the header tells.
pub fn probe(bytes: &[u8], limits: &Limits) -> Result<Header, DecodeError> {
    limits.check_bytes(bytes)?;
    let format = Format::sniff(bytes)?;
    let (width, height) = without_panics(format, || match format {
        Format::Jpeg => jpeg::probe(bytes, limits),
        Format::Png => png::probe(bytes, limits),
        Format::WebP => webp::probe(bytes, limits),
        Format::Gif | Format::Bmp | Format::Tiff => gif_bmp_tiff::probe(format, bytes, limits),
    })?;
    Ok(Header { format, width, height })
}

/// Decodes the first frame, upright, at full size.
///
/// Sixteen bits become eight by keeping the high byte, floating-point samples (TIFF) by clamping to 0..=1 and
/// scaling to 255, CMYK by the same formula as Pillow's.
///
/// # Errors
/// Whatever is wrong with the bytes, in words for a person.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Picture, DecodeError> {
    decode_scaled(bytes, limits, None)
}

/// Decodes at the smallest scale whose sides are both still at least `min_side_px` (or the picture's own, where
/// that is smaller): what thumbnails and descriptors need, for a fraction of the work on a large JPEG.
///
/// Only JPEG has such scales (1/2, 1/4 and 1/8, in the frequency domain, the same pixels as libjpeg's); other
/// formats are decoded whole.
///
/// # Errors
/// As [`decode`].
pub fn decode_at_least(bytes: &[u8], limits: &Limits, min_side_px: u32) -> Result<Picture, DecodeError> {
    decode_scaled(bytes, limits, Some(min_side_px))
}

fn decode_scaled(bytes: &[u8], limits: &Limits, min_side_px: Option<u32>) -> Result<Picture, DecodeError> {
    limits.check_bytes(bytes)?;
    let format = Format::sniff(bytes)?;
    let Upright { raster, orientation } = without_panics(format, || match format {
        Format::Jpeg => jpeg::decode(bytes, limits, min_side_px),
        Format::Png => png::decode(bytes, limits),
        Format::WebP => webp::decode(bytes, limits),
        Format::Gif | Format::Bmp | Format::Tiff => gif_bmp_tiff::decode(format, bytes, limits),
    })?;
    orientation.apply(raster).into_picture(format)
}

/// Turns a decoder's panic into an error: one file must not be able to end an indexing run. The JPEG decoder is young;
/// fuzzing made its 0.9.0 panic twice on four-component files, which are refused by now.
fn without_panics<T>(
    format: Format,
    work: impl FnOnce() -> Result<T, DecodeError>,
) -> Result<T, DecodeError> {
    // Nothing outlives the call that a panic could leave half changed.
    contained(work).unwrap_or_else(|_| {
        Err(DecodeError::Corrupt { format, reason: "the decoder panicked on it".to_owned() })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decoder_that_panics_costs_its_file_alone() {
        let error = without_panics::<()>(Format::Gif, || panic!("broken decoder")).unwrap_err();
        assert_eq!(
            error,
            DecodeError::Corrupt { format: Format::Gif, reason: "the decoder panicked on it".to_owned() }
        );
    }
}
