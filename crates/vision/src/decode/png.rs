//! PNG, through the `png` crate rather than `image`, which reads text chunks that can unpack to gigabytes.
//!
//! Palettes, tRNS and 1 to 16 bits are expanded to 8-bit samples; 16 bits keep their high byte (see `raster`). Of an
//! animated PNG the still picture is read, as every viewer without animation shows it.

use std::io::{Cursor, ErrorKind};

use png::{ColorType, Decoder, DecodingError, Transformations};

use super::orientation::Orientation;
use super::raster::{Layout, Raster, Upright};
use super::{DecodeError, Format, Limits};

/// What the decoder may allocate besides the picture: rows and small chunks.
const WORKING_BYTES: usize = 64 << 20;

/// Width and height as shown.
pub(super) fn probe(bytes: &[u8], limits: &Limits) -> Result<(u32, u32), DecodeError> {
    let (_, size) = open(bytes, limits)?;
    Ok(orientation(bytes).shown_size(size))
}

pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Upright, DecodeError> {
    let (decoder, (width, height)) = open(bytes, limits)?;
    let mut reader = decoder.read_info().map_err(|error| explain(&error, bytes))?;
    let layout = match reader.output_color_type().0 {
        ColorType::Grayscale => Layout::Grey,
        ColorType::GrayscaleAlpha => Layout::GreyAlpha,
        ColorType::Rgb | ColorType::Indexed => Layout::Rgb,
        ColorType::Rgba => Layout::Rgba,
    };
    let mut samples = vec![0; width as usize * height as usize * layout.channels()];
    reader.next_frame(&mut samples).map_err(|error| explain(&error, bytes))?;
    let raster = Raster::new(width, height, layout, samples);
    Ok(Upright { raster, orientation: orientation(bytes) })
}

type Opened<'a> = (Decoder<Cursor<&'a [u8]>>, (u32, u32));

/// Reads the first chunk and refuses a size over the limits.
fn open<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Opened<'a>, DecodeError> {
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), png::Limits { bytes: WORKING_BYTES });
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    let size = decoder.read_header_info().map_err(|error| explain(&error, bytes))?.size();
    limits.check_size(size.0, size.1)?;
    Ok((decoder, size))
}

/// The orientation in the `eXIf` chunk, wherever in the file it stands.
fn orientation(bytes: &[u8]) -> Orientation {
    let mut rest = bytes.get(8..).unwrap_or_default();
    while let Some(([length @ .., _, _, _, _], after)) = rest.split_first_chunk::<8>() {
        let length = u32::from_be_bytes(*length) as usize;
        if rest.get(4..8) == Some(b"eXIf") {
            return after.get(..length).map_or(Orientation::UPRIGHT, Orientation::from_exif);
        }
        // The checksum follows the data.
        rest = after.get(length.saturating_add(4)..).unwrap_or_default();
    }
    Orientation::UPRIGHT
}

fn explain(error: &DecodingError, bytes: &[u8]) -> DecodeError {
    let format = Format::Png;
    match error {
        DecodingError::IoError(io) if io.kind() == ErrorKind::UnexpectedEof => {
            DecodeError::Truncated { format, bytes: bytes.len() as u64 }
        }
        DecodingError::LimitsExceeded => DecodeError::OutOfMemory { format, reason: error.to_string() },
        _ => DecodeError::Corrupt { format, reason: in_words(&error.to_string()) },
    }
}

/// The decoder's words with chunks called by their names, where it writes out its own structures.
fn in_words(text: &str) -> String {
    let mut words = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, (name, after))) =
        rest.split_once("ChunkType { type: ").and_then(|(before, found)| {
            let (fields, after) = found.split_once(" }")?;
            Some((before, (fields.split(',').next()?, after)))
        })
    {
        words.push_str(before);
        words.push_str(name);
        rest = after;
    }
    words.push_str(rest);
    words.trim_end_matches('.').to_owned()
}
