//! JPEG, to the byte as libjpeg-turbo decodes it: its slow integer inverse DCT and its triangle chroma upsampling.
//!
//! The pixels come from `libjpeg-turbo-rs`, in its strict mode: data that runs out before the picture does is an
//! error, not grey rows. Baseline and progressive Huffman-coded 8-bit files are read; lossless, arithmetic-coded and
//! 12-bit ones are refused by name. `ending` decides when a missing end marker is harmless.

mod ending;

use libjpeg_turbo_rs::{ComponentInfo, DecodeLimits, Decoder, JpegError, PixelFormat, ScalingFactor};

use super::orientation::Orientation;
use super::raster::{Layout, Raster, Upright};
use super::{DecodeError, Format, Limits};

/// Progressive files have about ten scans. Each costs a pass over the whole picture, however few bytes it has.
const MAX_SCANS: usize = 100;

/// Width and height as shown.
pub(super) fn probe(bytes: &[u8], limits: &Limits) -> Result<(u32, u32), DecodeError> {
    with_end(bytes, |bytes| {
        let decoder = open(bytes, limits)?;
        Ok(orientation(&decoder).shown_size(size(&decoder)))
    })
}

/// Decodes at full size, or at the smallest scale that leaves both sides at least `min_side_px`.
pub(super) fn decode(
    bytes: &[u8],
    limits: &Limits,
    min_side_px: Option<u32>,
) -> Result<Upright, DecodeError> {
    with_end(bytes, |bytes| {
        let mut decoder = open(bytes, limits)?;
        let (width, height) = size(&decoder);
        let divisor = min_side_px.map_or(1, |min_side_px| divisor(width.min(height), min_side_px));
        decoder.set_scale(ScalingFactor::try_new(1, divisor).map_err(|error| explain(&error, bytes))?);
        // Four components are inks. The conversion to RGB is ours, because it must be Pillow's.
        let inks = decoder.header().components.len() == 4;
        decoder.set_output_format(if inks { PixelFormat::Cmyk } else { PixelFormat::Rgb });
        let image = decoder.decode_image().map_err(|error| explain(&error, bytes))?;
        let (width, height) = (image.width as u32, image.height as u32);
        let raster = if inks {
            Raster::from_inverted_cmyk(width, height, &image.data)
        } else {
            Raster::new(width, height, Layout::Rgb, image.data)
        };
        Ok(Upright { raster, orientation: orientation(&decoder) })
    })
}

/// The largest of the scales' divisors that leaves a side of `side_px` at least `min_side_px` long.
fn divisor(side_px: u32, min_side_px: u32) -> u32 {
    [8, 4, 2].into_iter().find(|divisor| side_px / divisor >= min_side_px.max(1)).unwrap_or(1)
}

/// Runs `read`, and once more with an end marker appended where nothing but that marker is missing.
fn with_end<T>(bytes: &[u8], read: impl Fn(&[u8]) -> Result<T, DecodeError>) -> Result<T, DecodeError> {
    let result = read(bytes);
    if matches!(result, Err(DecodeError::Truncated { .. })) && ending::is_all_that_lacks(bytes) {
        // Where that does not help either, the error is that of the bytes as they came.
        return read(&[bytes, &[0xFF, 0xD9]].concat()).or(result);
    }
    result
}

/// Reads the header and refuses what is over the limits or of a kind that is not read.
fn open<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Decoder<'a>, DecodeError> {
    let decoder_limits = DecodeLimits {
        max_width: usize::from(u16::MAX),
        max_height: usize::from(u16::MAX),
        max_pixels: limits.max_pixels,
        max_scans: MAX_SCANS,
        // Bounded by the pixels: about nine bytes each for a progressive file without subsampling.
        max_memory: None,
    };
    let decoder = Decoder::new_with_limits(bytes, decoder_limits).map_err(|error| explain(&error, bytes))?;
    let (width, height) = size(&decoder);
    limits.check_size(width, height)?;
    let header = decoder.header();
    let unsupported = |kind: String| Err(DecodeError::UnsupportedKind { format: Format::Jpeg, kind });
    if header.is_lossless {
        return unsupported("lossless".to_owned());
    }
    if decoder.is_arithmetic() {
        return unsupported("arithmetic coding".to_owned());
    }
    if header.height == 0 {
        return unsupported("its height stands after the picture".to_owned());
    }
    if header.precision != 8 {
        return unsupported(format!("{} bits per sample", header.precision));
    }
    match header.components.len() {
        1 | 3 | 4 if is_ordinary_sampling(&header.components) => Ok(decoder),
        1 | 3 | 4 => unsupported("unusual chroma sampling".to_owned()),
        components => unsupported(format!("{components} components")),
    }
}

/// Whether brightness (and black ink) has every sample and the others a whole fraction of them, as in all that
/// encoders write. On other ratios libjpeg gives up or guesses, and `libjpeg-turbo-rs` 0.9.0 can panic.
fn is_ordinary_sampling(components: &[ComponentInfo]) -> bool {
    let sampling = |component: &ComponentInfo| (component.horizontal_sampling, component.vertical_sampling);
    let [first, others @ ..] = components else { return false };
    let (across, down) = sampling(first);
    let whole = |all: u8, part: u8| part > 0 && all.is_multiple_of(part);
    let inks_agree = match others {
        [magenta, yellow, black] => {
            sampling(magenta) == sampling(yellow) && sampling(black) == (across, down)
        }
        _ => true,
    };
    others.iter().all(|other| whole(across, sampling(other).0) && whole(down, sampling(other).1))
        && inks_agree
}

fn size(decoder: &Decoder<'_>) -> (u32, u32) {
    (u32::from(decoder.header().width), u32::from(decoder.header().height))
}

fn orientation(decoder: &Decoder<'_>) -> Orientation {
    decoder.exif_data().map_or(Orientation::UPRIGHT, Orientation::from_exif)
}

fn explain(error: &JpegError, bytes: &[u8]) -> DecodeError {
    let format = Format::Jpeg;
    match error {
        JpegError::UnexpectedEof => DecodeError::Truncated { format, bytes: bytes.len() as u64 },
        JpegError::Unsupported(kind) => DecodeError::UnsupportedKind { format, kind: kind.clone() },
        JpegError::AllocationFailed { .. } | JpegError::LimitExceeded { .. } => {
            DecodeError::OutOfMemory { format, reason: error.to_string() }
        }
        _ => DecodeError::Corrupt { format, reason: error.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_leaves_at_least_what_was_asked_for() {
        assert_eq!(divisor(1000, 224), 4);
        assert_eq!(divisor(896, 224), 4);
        assert_eq!(divisor(895, 224), 2);
        assert_eq!(divisor(3000, 224), 8);
        assert_eq!(divisor(300, 224), 1);
        assert_eq!(divisor(100, 224), 1);
        assert_eq!(divisor(8, 0), 8);
        assert_eq!(divisor(1, 0), 1);
    }
}
