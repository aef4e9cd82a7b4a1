//! Why bytes are not a picture, in words for the person who owns the file.
//!
//! Messages are lower-case fragments that follow the file's name and name the cure where there is one. Decoders'
//! own errors are kept as text: nobody branches on them, and their types change with every release.

use super::Format;

/// Why bytes are not a picture. Messages are fragments that follow a file's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// Nothing to decode.
    #[error("is empty (0 bytes)")]
    Empty,
    /// Longer than [`super::Limits::max_bytes`].
    #[error("is {bytes} bytes long, more than the limit of {limit}: raise --max-bytes")]
    TooManyBytes {
        /// Length of the input.
        bytes: u64,
        /// The limit it broke.
        limit: u64,
    },
    /// Its header declares more than [`super::Limits::max_pixels`].
    #[error("declares {width}x{height} pixels, more than the limit of {limit}: raise --max-pixels")]
    TooManyPixels {
        /// Declared width.
        width: u32,
        /// Declared height.
        height: u32,
        /// The limit it broke.
        limit: u64,
    },
    /// Recognised, and no picture at all.
    #[error("is {0}, not a picture")]
    NotAPicture(&'static str),
    /// Recognised as a picture format that is not read here.
    #[error("is {0}, which this build does not read: convert it to JPEG, PNG or WebP")]
    UnreadFormat(&'static str),
    /// Not recognised.
    #[error("is not a picture in any known format (its first bytes are {0})")]
    Unknown(String),
    /// The data stops before the picture does.
    #[error("is truncated: the {format} data ends before the picture does ({bytes} bytes are there)")]
    Truncated {
        /// By content.
        format: Format,
        /// Length of the input.
        bytes: u64,
    },
    /// The data contradicts itself.
    #[error("is a damaged {format}: {reason}")]
    Corrupt {
        /// By content.
        format: Format,
        /// The decoder's own words.
        reason: String,
    },
    /// A valid file that uses a part of its format's standard which is not read here.
    #[error("is {format} of a kind this build does not read ({kind}): save it as an ordinary 8-bit {format}")]
    UnsupportedKind {
        /// By content.
        format: Format,
        /// What is unusual about it.
        kind: String,
    },
    /// Decoding it needs more memory than its size explains, or than there is.
    #[error("needs too much memory to decode as {format}: {reason}")]
    OutOfMemory {
        /// By content.
        format: Format,
        /// The decoder's own words.
        reason: String,
    },
}
