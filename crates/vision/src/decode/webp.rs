//! WebP, lossy and lossless, with or without alpha; of an animation the first frame on its canvas.
//!
//! The pixels come from `image-webp`. It believes the sizes inside the container, so they are checked here first: a
//! one-pixel canvas can hold a bitstream that declares 16383x16383. Container: RFC 9649.

use std::io::{Cursor, ErrorKind};

use image_webp::{DecodingError, WebPDecoder};

use super::orientation::Orientation;
use super::raster::{Layout, Raster, Upright};
use super::{DecodeError, Format, Limits};

/// Width and height as shown.
pub(super) fn probe(bytes: &[u8], limits: &Limits) -> Result<(u32, u32), DecodeError> {
    let mut decoder = open(bytes, limits)?;
    Ok(orientation(&mut decoder).shown_size(decoder.dimensions()))
}

pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Upright, DecodeError> {
    let mut decoder = open(bytes, limits)?;
    let (width, height) = decoder.dimensions();
    let layout = if decoder.has_alpha() { Layout::Rgba } else { Layout::Rgb };
    let mut samples = vec![0; width as usize * height as usize * layout.channels()];
    decoder.read_image(&mut samples).map_err(|error| explain(&error, bytes))?;
    let raster = Raster::new(width, height, layout, samples);
    Ok(Upright { raster, orientation: orientation(&mut decoder) })
}

fn open<'a>(bytes: &'a [u8], limits: &Limits) -> Result<WebPDecoder<Cursor<&'a [u8]>>, DecodeError> {
    // As libwebp does, a file shorter than its container declares is refused whatever is missing.
    let declared = bytes.get(4..).and_then(<[u8]>::first_chunk).map_or(0, |four| u32::from_le_bytes(*four));
    if (bytes.len() as u64) < 8 + u64::from(declared) {
        return Err(DecodeError::Truncated { format: Format::WebP, bytes: bytes.len() as u64 });
    }
    check_chunks(bytes.get(12..).unwrap_or_default(), Inside::File, bytes.len(), limits)?;
    let mut decoder = WebPDecoder::new(Cursor::new(bytes)).map_err(|error| explain(&error, bytes))?;
    decoder.set_memory_limit(usize::try_from(limits.working_bytes()).unwrap_or(usize::MAX));
    let (width, height) = decoder.dimensions();
    limits.check_size(width, height)?;
    Ok(decoder)
}

/// What chunks are in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    File,
    Frame,
}

/// Refuses a chunk that the file ends inside of, and a bitstream that declares too many pixels. Frames hold no
/// frames: looking for some would let a small file nest them until the stack is full.
fn check_chunks(
    mut rest: &[u8],
    inside: Inside,
    file_bytes: usize,
    limits: &Limits,
) -> Result<(), DecodeError> {
    while let Some(([id @ .., _, _, _, _], after)) = rest.split_first_chunk::<8>() {
        let length =
            rest.get(4..).and_then(<[u8]>::first_chunk).map_or(0, |four| u32::from_le_bytes(*four)) as usize;
        let Some((data, next)) = after.split_at_checked(length) else {
            return Err(DecodeError::Truncated { format: Format::WebP, bytes: file_bytes as u64 });
        };
        let declared = match (id, data) {
            (b"VP8 ", &[_, _, _, 0x9D, 0x01, 0x2A, w0, w1, h0, h1, ..]) => {
                let side = |low, high| u32::from(u16::from_le_bytes([low, high]) & 0x3FFF);
                Some((side(w0, w1), side(h0, h1)))
            }
            (b"VP8L", &[0x2F, b0, b1, b2, b3, ..]) => {
                let bits = u32::from_le_bytes([b0, b1, b2, b3]);
                Some(((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1))
            }
            (b"ANMF", frame) if inside == Inside::File => {
                check_chunks(frame.get(16..).unwrap_or_default(), Inside::Frame, file_bytes, limits)?;
                None
            }
            _ => None,
        };
        if let Some((width, height)) = declared {
            limits.check_size(width, height)?;
        }
        // Chunks of odd length are padded.
        rest = next.get(length % 2..).unwrap_or_default();
    }
    Ok(())
}

fn orientation(decoder: &mut WebPDecoder<Cursor<&[u8]>>) -> Orientation {
    let block = decoder.exif_metadata().ok().flatten();
    block.map_or(Orientation::UPRIGHT, |block| Orientation::from_exif(&block))
}

fn explain(error: &DecodingError, bytes: &[u8]) -> DecodeError {
    let format = Format::WebP;
    match error {
        DecodingError::IoError(io) if io.kind() == ErrorKind::UnexpectedEof => {
            DecodeError::Truncated { format, bytes: bytes.len() as u64 }
        }
        DecodingError::MemoryLimitExceeded | DecodingError::ImageTooLarge => {
            DecodeError::OutOfMemory { format, reason: error.to_string() }
        }
        _ => DecodeError::Corrupt { format, reason: error.to_string() },
    }
}
