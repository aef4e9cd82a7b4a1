//! GIF, BMP and TIFF, through the `image` crate's decoders.
//!
//! Of an animated GIF the first frame is read, on its canvas; of a TIFF the first page. The crate's own size check is
//! skipped when a decoder is driven directly, so the declared size is checked here before the buffer is made.

use std::error::Error;
use std::io::{self, Cursor};

use image::codecs::{bmp::BmpDecoder, gif::GifDecoder, tiff::TiffDecoder};
use image::error::{UnsupportedError, UnsupportedErrorKind};
use image::{ColorType, ExtendedColorType, ImageDecoder, ImageError};

use super::orientation::Orientation;
use super::raster::{Layout, Raster, Upright, high_bytes_native, unit_floats_native};
use super::{DecodeError, Format, Limits};

/// Width and height as shown.
pub(super) fn probe(format: Format, bytes: &[u8], limits: &Limits) -> Result<(u32, u32), DecodeError> {
    let mut decoder = open(format, bytes, limits)?;
    Ok(orientation(decoder.as_mut()).shown_size(decoder.dimensions()))
}

pub(super) fn decode(format: Format, bytes: &[u8], limits: &Limits) -> Result<Upright, DecodeError> {
    let mut decoder = open(format, bytes, limits)?;
    let orientation = orientation(decoder.as_mut());
    let (width, height) = decoder.dimensions();
    let color = decoder.color_type();
    let mut samples = vec![0; width as usize * height as usize * usize::from(color.bytes_per_pixel())];
    decoder.read_image_boxed(&mut samples).map_err(|error| explain(format, &error, bytes))?;
    let (layout, samples) = match color {
        ColorType::L8 => (Layout::Grey, samples),
        ColorType::La8 => (Layout::GreyAlpha, samples),
        ColorType::Rgb8 => (Layout::Rgb, samples),
        ColorType::Rgba8 => (Layout::Rgba, samples),
        ColorType::L16 => (Layout::Grey, high_bytes_native(&samples)),
        ColorType::La16 => (Layout::GreyAlpha, high_bytes_native(&samples)),
        ColorType::Rgb16 => (Layout::Rgb, high_bytes_native(&samples)),
        ColorType::Rgba16 => (Layout::Rgba, high_bytes_native(&samples)),
        ColorType::Rgb32F => (Layout::Rgb, unit_floats_native(&samples)),
        ColorType::Rgba32F => (Layout::Rgba, unit_floats_native(&samples)),
        other => return Err(DecodeError::UnsupportedKind { format, kind: format!("{other:?} samples") }),
    };
    Ok(Upright { raster: Raster::new(width, height, layout, samples), orientation })
}

fn open<'a>(
    format: Format,
    bytes: &'a [u8],
    limits: &Limits,
) -> Result<Box<dyn ImageDecoder + 'a>, DecodeError> {
    let reader = Cursor::new(bytes);
    let opened = match format {
        Format::Gif => GifDecoder::new(reader).map(|decoder| Box::new(decoder) as Box<dyn ImageDecoder>),
        Format::Bmp => BmpDecoder::new(reader).map(|decoder| Box::new(decoder) as _),
        _ => TiffDecoder::new(reader).map(|decoder| Box::new(decoder) as _),
    };
    let mut decoder = opened.map_err(|error| explain(format, &error, bytes))?;
    let (width, height) = decoder.dimensions();
    limits.check_size(width, height)?;
    let mut inner = image::Limits::default();
    inner.max_alloc = Some(limits.working_bytes());
    decoder.set_limits(inner).map_err(|error| explain(format, &error, bytes))?;
    Ok(decoder)
}

/// TIFF's orientation tag; the other two have none.
fn orientation(decoder: &mut dyn ImageDecoder) -> Orientation {
    decoder.orientation().map_or(Orientation::UPRIGHT, Orientation::from)
}

fn explain(format: Format, error: &ImageError, bytes: &[u8]) -> DecodeError {
    if ran_out(error) {
        return DecodeError::Truncated { format, bytes: bytes.len() as u64 };
    }
    match error {
        ImageError::Limits(_) => DecodeError::OutOfMemory { format, reason: error.to_string() },
        ImageError::Unsupported(unsupported) => {
            DecodeError::UnsupportedKind { format, kind: kind(unsupported) }
        }
        _ => DecodeError::Corrupt { format, reason: error.to_string() },
    }
}

/// What is unusual about a file, in words.
fn kind(unsupported: &UnsupportedError) -> String {
    match unsupported.kind() {
        UnsupportedErrorKind::Color(ExtendedColorType::Unknown(bits)) => format!("{bits} bits per pixel"),
        UnsupportedErrorKind::Color(color) => format!("{color:?} samples"),
        UnsupportedErrorKind::GenericFeature(feature) => feature,
        _ => unsupported.to_string(),
    }
}

/// Whether the data ended early, somewhere down the chain of causes.
fn ran_out(error: &ImageError) -> bool {
    // An I/O error stands for itself there: its `source` is already the next one down.
    let mut cause: Option<&(dyn Error + 'static)> = match error {
        ImageError::IoError(io) => Some(io),
        _ => error.source(),
    };
    while let Some(error) = cause {
        let io_ran_out = |io: &io::Error| io.kind() == io::ErrorKind::UnexpectedEof;
        let gif_ran_out = |gif: &gif::DecodingError| matches!(gif, gif::DecodingError::UnexpectedEof);
        if error.downcast_ref().is_some_and(io_ran_out) || error.downcast_ref().is_some_and(gif_ran_out) {
            return true;
        }
        cause = error.source();
    }
    false
}
