//! Bytes from anywhere to upright pixels, within limits checked before anything is allocated.
//!
//! The format is sniffed from the content; a file's name is never looked at.

use crate::Picture;

/// What a decoder may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest input, in bytes.
    pub max_bytes: u64,
    /// Largest picture, width times height.
    pub max_pixels: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_bytes: 64 << 20, max_pixels: 100_000_000 }
    }
}

/// A picture format this build reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are the formats' own")]
pub enum Format {
    Jpeg,
    Png,
    WebP,
    Gif,
    Bmp,
    Tiff,
}

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

/// Why bytes are not a picture. Messages are fragments that follow a file's name.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// Nothing to decode.
    #[error("is empty (0 bytes)")]
    Empty,
}

/// Reads the header alone.
///
/// # Errors
/// As [`decode`], as far as the header tells.
pub fn probe(_bytes: &[u8], _limits: &Limits) -> Result<Header, DecodeError> {
    Err(DecodeError::Empty)
}

/// Decodes the first frame, upright.
///
/// # Errors
/// Whatever is wrong with the bytes, in words for a person.
pub fn decode(_bytes: &[u8], _limits: &Limits) -> Result<Picture, DecodeError> {
    Err(DecodeError::Empty)
}

/// Decodes at the smallest scale whose sides are both still at least `min_side_px` (or the picture's own, where
/// that is smaller): what thumbnails and descriptors need, for a fraction of the work on a large JPEG.
///
/// # Errors
/// As [`decode`].
pub fn decode_at_least(bytes: &[u8], limits: &Limits, _min_side_px: u32) -> Result<Picture, DecodeError> {
    decode(bytes, limits)
}
