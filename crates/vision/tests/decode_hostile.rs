//! Broken, truncated and hostile input: a clear error each time, never a panic, never more pixels than allowed.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a fixture that is missing fails the test")]
#![expect(clippy::indexing_slicing, reason = "damage is done at indices taken from the buffer's own length")]

use lookalike_vision::decode::{DecodeError, Format, Limits, decode, decode_at_least, probe};
use proptest::prelude::*;

/// Valid files of every format and coding, to be cut and damaged.
const VALID: [&str; 27] = [
    "jpeg_420.jpg",
    "jpeg_422.jpg",
    "jpeg_444.jpg",
    "jpeg_progressive.jpg",
    "jpeg_restart.jpg",
    "jpeg_grey.jpg",
    "jpeg_ycck.jpg",
    "oriented_6.jpg",
    "png_rgb.png",
    "png_rgba.png",
    "png_palette.png",
    "png_palette_trns.png",
    "png_1bit.png",
    "png_animated.png",
    "oriented_6.png",
    "webp_lossy.webp",
    "webp_lossy_alpha.webp",
    "webp_lossless.webp",
    "webp_animated.webp",
    "oriented_6.webp",
    "gif.gif",
    "gif_animated.gif",
    "bmp_rgb.bmp",
    "bmp_1bit.bmp",
    "tiff_rgb.tif",
    "tiff_lzw.tif",
    "tiff_deflate_rgba.tif",
];

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/../../fixtures/pictures/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn message(name: &str) -> String {
    decode(&fixture(name), &Limits::default()).expect_err(name).to_string()
}

#[test]
fn a_file_cut_at_any_tenth_says_that_it_is_truncated() {
    for name in VALID {
        let bytes = fixture(name);
        for tenth in 1..10 {
            match decode(&bytes[..bytes.len() * tenth / 10], &Limits::default()) {
                Err(DecodeError::Truncated { .. }) => {}
                // An animation's first frame may be whole before the file is.
                Ok(frame) if name.contains("animated") => {
                    assert_eq!(Some(frame), decode(&bytes, &Limits::default()).ok(), "{name}");
                }
                other => panic!("{name} cut at {tenth}0 %: {:?}", other.map(|picture| picture.width())),
            }
        }
    }
}

#[test]
fn nothing_and_next_to_nothing_are_errors() {
    assert_eq!(decode(b"", &Limits::default()).unwrap_err().to_string(), "is empty (0 bytes)");
    for byte in 0..=u8::MAX {
        assert!(decode(&[byte], &Limits::default()).is_err());
        assert!(probe(&[byte], &Limits::default()).is_err());
    }
}

#[test]
fn a_text_file_named_png_is_told_for_what_it_is() {
    let text = b"this is not the picture you are looking for";
    assert_eq!(decode(text, &Limits::default()).unwrap_err().to_string(), "is text, not a picture");
}

#[test]
fn limits_are_checked_on_what_the_header_declares() {
    for name in ["broken_png_60000.png", "broken_jpeg_60000.jpg", "broken_bmp_60000.bmp"] {
        let expected = "declares 60000x60000 pixels, more than the limit of 100000000: raise --max-pixels";
        assert_eq!(message(name), expected, "{name}");
        assert_eq!(probe(&fixture(name), &Limits::default()).unwrap_err().to_string(), expected, "{name}");
    }
    assert!(message("broken_gif_65535.gif").starts_with("declares 65535x65535 pixels"));
    assert!(message("broken_webp_inner_size.webp").starts_with("declares 16383x16383 pixels"));

    let small = Limits { max_bytes: 100, max_pixels: 100 };
    let long = decode(&[b'x'; 101], &small).unwrap_err().to_string();
    assert_eq!(long, "is 101 bytes long, more than the limit of 100: raise --max-bytes");
    let one_less = Limits { max_pixels: 20 * 14 - 1, ..Limits::default() };
    let exact = Limits { max_pixels: 20 * 14, ..Limits::default() };
    for name in ["png_rgb.png", "webp_lossy.webp", "gif.gif", "bmp_rgb.bmp", "tiff_rgb.tif"] {
        assert!(
            matches!(decode(&fixture(name), &one_less), Err(DecodeError::TooManyPixels { .. })),
            "{name}"
        );
        assert!(decode(&fixture(name), &exact).is_ok(), "{name}");
    }
}

#[test]
fn damage_is_named_with_the_format() {
    assert!(message("broken_png_crc.png").starts_with("is a damaged PNG: "));
    assert!(message("broken_png_garbage.png").starts_with("is a damaged PNG: "));
    assert!(message("broken_jpeg_garbage.jpg").contains("JPEG"));
    assert!(message("broken_gif_no_frame.gif").contains("GIF"));
}

#[test]
fn four_component_jpegs_that_the_decoder_panics_on_are_refused_first() {
    let bytes = fixture("jpeg_ycck.jpg");
    let frame = bytes.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    let mut no_height = bytes.clone();
    no_height[frame + 5..frame + 7].fill(0);
    let mut odd_sampling = bytes;
    odd_sampling[frame + 11] = 0x31;
    for (damaged, kind) in [(no_height, "its height stands after"), (odd_sampling, "unusual chroma sampling")]
    {
        let error = decode(&damaged, &Limits::default()).unwrap_err().to_string();
        assert!(error.contains(kind), "{error}");
    }
}

#[test]
fn a_jpeg_with_rows_missing_before_its_end_marker_is_truncated() {
    assert!(message("broken_jpeg_cut_then_ended.jpg").starts_with("is truncated: the JPEG data ends"));
}

#[test]
fn a_progressive_jpeg_cut_between_scans_is_truncated() {
    let bytes = fixture("jpeg_progressive.jpg");
    let scans: Vec<usize> = (0..bytes.len() - 1).filter(|&at| bytes[at..at + 2] == [0xFF, 0xDA]).collect();
    assert!(scans.len() > 3);
    for &at in &scans[1..] {
        let error = decode(&bytes[..at], &Limits::default()).unwrap_err();
        assert!(matches!(error, DecodeError::Truncated { format: Format::Jpeg, .. }), "{error}");
    }
}

/// One thing that happens to a file on its way.
#[derive(Debug, Clone)]
enum Damage {
    Set(prop::sample::Index, u8),
    Flip(prop::sample::Index, u8),
    Cut(prop::sample::Index),
    Insert(prop::sample::Index, Vec<u8>),
    Remove(prop::sample::Index, usize),
}

fn damage() -> impl Strategy<Value = Damage> {
    let at = any::<prop::sample::Index>;
    prop_oneof![
        4 => (at(), any::<u8>()).prop_map(|(at, byte)| Damage::Set(at, byte)),
        4 => (at(), 0..8_u8).prop_map(|(at, bit)| Damage::Flip(at, bit)),
        1 => at().prop_map(Damage::Cut),
        1 => (at(), prop::collection::vec(any::<u8>(), 1..9)).prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
        1 => (at(), 1..9_usize).prop_map(|(at, count)| Damage::Remove(at, count)),
    ]
}

fn apply(bytes: &mut Vec<u8>, damage: &Damage) {
    if bytes.is_empty() {
        return;
    }
    match damage {
        Damage::Set(at, byte) => {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }
        Damage::Flip(at, bit) => {
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
        }
        Damage::Cut(at) => bytes.truncate(at.index(bytes.len())),
        Damage::Insert(at, new) => {
            let at = at.index(bytes.len());
            bytes.splice(at..at, new.iter().copied());
        }
        Damage::Remove(at, count) => {
            let at = at.index(bytes.len());
            bytes.drain(at..(at + count).min(bytes.len()));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]

    #[test]
    fn damaged_files_never_panic_and_never_exceed_the_limits(
        name in prop::sample::select(&VALID[..]),
        damages in prop::collection::vec(damage(), 1..6),
        min_side_px in 0..40_u32,
    ) {
        let mut bytes = fixture(name);
        damages.iter().for_each(|damage| apply(&mut bytes, damage));
        let limits = Limits { max_bytes: 1 << 20, max_pixels: 1 << 20 };
        let header = probe(&bytes, &limits);
        for picture in [decode(&bytes, &limits), decode_at_least(&bytes, &limits, min_side_px)] {
            match picture {
                Ok(picture) => {
                    let pixels = u64::from(picture.width()) * u64::from(picture.height());
                    prop_assert!(pixels <= limits.max_pixels);
                    prop_assert_eq!(picture.rgb().len() as u64, 3 * pixels);
                    prop_assert!(header.is_ok(), "decoded what could not be probed");
                }
                Err(error) => prop_assert!(!error.to_string().contains("panicked"), "{}", error),
            }
        }
    }

    #[test]
    fn bytes_after_a_signature_never_panic(
        name in prop::sample::select(&VALID[..]),
        kept in 0..60_usize,
        rubbish in prop::collection::vec(any::<u8>(), 0..400),
    ) {
        let mut bytes = fixture(name);
        bytes.truncate(kept);
        bytes.extend(rubbish);
        let limits = Limits { max_bytes: 1 << 20, max_pixels: 1 << 20 };
        let errors = [probe(&bytes, &limits).err(), decode(&bytes, &limits).err()];
        for error in errors.iter().flatten() {
            prop_assert!(!error.to_string().contains("panicked"), "{}", error);
        }
    }
}

#[test]
fn frames_nested_in_frames_do_not_fill_the_stack() {
    // Given a WebP of a few megabytes whose frames lie in each other like Russian dolls,
    let mut nested = Vec::new();
    let depth = 200_000_usize;
    for level in 0..depth {
        nested.extend_from_slice(b"ANMF");
        nested.extend_from_slice(&((24 * (depth - level) - 8) as u32).to_le_bytes());
        nested.extend_from_slice(&[0; 16]);
    }
    let mut file = b"RIFF".to_vec();
    file.extend_from_slice(&((22 + nested.len()) as u32).to_le_bytes());
    file.extend_from_slice(b"WEBPVP8X\x0A\0\0\0\x02\0\0\0\0\0\0\0\0\0");
    file.extend_from_slice(&nested);
    // when it is looked at, then it is refused and the process lives.
    assert!(probe(&file, &Limits::default()).is_err() || decode(&file, &Limits::default()).is_err());
}
