//! What comes out of each format and mode, on the small pictures in `fixtures/pictures`.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a fixture that fails fails the test"
)]

use lookalike_vision::Picture;
use lookalike_vision::decode::{DecodeError, Format, Header, Limits, decode, decode_at_least, probe};

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/../../fixtures/pictures/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn decoded(name: &str) -> Picture {
    decode(&fixture(name), &Limits::default()).unwrap_or_else(|error| panic!("{name} {error}"))
}

fn message(name: &str) -> String {
    decode(&fixture(name), &Limits::default()).expect_err(name).to_string()
}

/// The largest difference of any colour sample.
fn distance(left: &Picture, right: &Picture) -> u8 {
    assert_eq!((left.width(), left.height()), (right.width(), right.height()));
    left.rgb().iter().zip(right.rgb()).map(|(a, b)| a.abs_diff(*b)).max().unwrap()
}

#[test]
fn a_jpeg_decodes_to_pillows_own_bytes() {
    let names = ["444", "422", "420", "progressive", "restart", "grey", "cmyk", "ycck"];
    for name in names {
        let picture = decoded(&format!("jpeg_{name}.jpg"));
        assert_eq!((picture.width(), picture.height()), (45, 35));
        assert!(picture.rgb() == fixture(&format!("expected/jpeg_{name}.rgb")), "jpeg_{name}.jpg");
        assert_eq!(picture.alpha(), None);
    }
}

#[test]
fn a_jpeg_wanted_small_decodes_to_the_bytes_of_pillows_draft() {
    // 203 x 157: each side asked for is the last one its scale still serves.
    for (min_side_px, scale) in [(78, 2), (39, 4), (19, 8)] {
        let picture = decode_at_least(&fixture("jpeg_large.jpg"), &Limits::default(), min_side_px).unwrap();
        assert_eq!((picture.width(), picture.height()), (203_u32.div_ceil(scale), 157_u32.div_ceil(scale)));
        assert!(picture.rgb() == fixture(&format!("expected/jpeg_large.{scale}.rgb")), "1/{scale}");
    }
    let whole = decode_at_least(&fixture("jpeg_large.jpg"), &Limits::default(), 80).unwrap();
    assert_eq!(whole, decoded("jpeg_large.jpg"));
}

#[test]
fn every_orientation_stands_upright_and_is_probed_so() {
    let upright = decoded("oriented_1.png");
    assert_eq!((upright.width(), upright.height()), (12, 8));
    for number in 1..=8 {
        assert_eq!(decoded(&format!("oriented_{number}.png")), upright, "PNG orientation {number}");
        let jpeg = format!("oriented_{number}.jpg");
        assert!(distance(&decoded(&jpeg), &upright) < 40, "JPEG orientation {number}");
        let header = probe(&fixture(&jpeg), &Limits::default()).unwrap();
        assert_eq!(header, Header { format: Format::Jpeg, width: 12, height: 8 });
    }
    assert_eq!(decoded("oriented_6.webp"), upright);
    assert_eq!(decoded("oriented_6.tif"), upright);
}

#[test]
fn an_orientation_after_the_picture_counts_and_a_broken_one_does_not() {
    let late = decoded("png_late_exif.png");
    assert_eq!((late.width(), late.height()), (1, 2));
    let late = probe(&fixture("png_late_exif.png"), &Limits::default()).unwrap();
    assert_eq!((late.width, late.height), (1, 2));
    assert_eq!(decoded("jpeg_bad_exif.jpg"), decoded("jpeg_420.jpg"));
}

#[test]
fn transparency_is_kept_apart_and_colours_stay_as_stored() {
    let plain = decoded("png_rgb.png");
    let with_alpha = decoded("png_rgba.png");
    assert_eq!(with_alpha.rgb(), plain.rgb());
    let first_row = &with_alpha.alpha().unwrap()[..20];
    assert_eq!((first_row[0], first_row[19]), (0, 255));
    assert!(first_row.is_sorted());
    assert_eq!(decoded("png_rgba_opaque.png"), plain, "an opaque alpha channel is none");

    let grey = decoded("png_grey_alpha.png");
    assert_eq!(grey.rgb(), decoded("png_grey.png").rgb());
    assert_eq!(grey.alpha(), with_alpha.alpha());
}

#[test]
fn palettes_bits_and_colour_keys_are_expanded() {
    let palette = decoded("png_palette_trns.png");
    assert_eq!(palette.rgb()[..6], [200, 100, 50, 10, 20, 30]);
    assert_eq!(palette.alpha().unwrap()[..4], [0, 255, 0, 255]);
    assert_eq!(decoded("png_palette.png").alpha(), None);
    assert!(decoded("png_1bit.png").rgb().iter().all(|&sample| sample == 0 || sample == 255));
    let keyed = decoded("png_rgb_trns.png");
    assert_eq!((keyed.rgb(), keyed.alpha()), (&[1, 2, 3, 4, 5, 6][..], Some(&[0, 255][..])));
    assert_eq!(decoded("png_interlaced.png").rgb(), [10, 20, 30]);
}

#[test]
fn sixteen_bits_keep_their_high_byte_and_floats_their_unit_range() {
    let expected: Vec<u8> = [0x00, 0x80, 0x12, 0xFF].iter().flat_map(|&high| [high; 3]).collect();
    for name in ["png_16bit.png", "png_16bit_grey.png", "tiff_grey16.tif"] {
        assert_eq!(decoded(name).rgb(), expected, "{name}");
    }
    assert_eq!(decoded("tiff_float.tif").rgb(), [128, 255, 255]);
    assert!(message("tiff_float_grey.tif").starts_with("is TIFF of a kind this build does not read"));
}

#[test]
fn the_other_formats_hold_the_same_picture() {
    let plain = decoded("png_rgb.png");
    for name in ["bmp_rgb.bmp", "tiff_rgb.tif", "tiff_lzw.tif"] {
        assert_eq!(decoded(name), plain, "{name}");
    }
    for name in ["tiff_deflate_rgba.tif", "webp_lossless.webp"] {
        let picture = decoded(name);
        assert_eq!(picture.rgb(), plain.rgb(), "{name}");
        let alpha = picture.alpha().unwrap();
        assert_eq!((alpha[0], alpha[alpha.len() - 1]), (0, 255), "{name}");
    }
    assert_eq!(decoded("webp_lossy_alpha.webp").alpha(), decoded("webp_lossless.webp").alpha());
    assert_eq!(decoded("webp_lossy.webp").alpha(), None);
    assert!(decoded("bmp_1bit.bmp").rgb().iter().all(|&sample| sample == 0 || sample == 255));
    let grey = decoded("bmp_grey.bmp");
    assert!(
        (grey.width(), grey.height()) == (9, 7) && grey.rgb().iter().any(|&sample| sample != grey.rgb()[0])
    );
}

#[test]
fn of_an_animation_the_first_frame_is_read_on_its_canvas() {
    assert_eq!(decoded("webp_animated.webp"), decoded("png_rgb.png"));
    assert_eq!(decoded("png_animated.png"), decoded("png_rgb.png"));
    assert_eq!(decoded("gif_animated.gif").rgb().len(), 20 * 14 * 3);
    let small = decoded("gif_small_frame.gif");
    assert_eq!((small.width(), small.height()), (3, 2));
    assert_eq!(small.alpha(), Some(&[0, 0, 0, 0, 255, 0][..]));
    assert_eq!(small.rgb()[12..15], [0x44, 0x55, 0x66]);
}

#[test]
fn a_gif_pixel_of_the_transparent_colour_is_transparent() {
    let alpha = decoded("gif_transparent.gif").alpha().unwrap().to_vec();
    assert!(alpha.contains(&0) && alpha.contains(&255));
    assert_eq!(decoded("gif.gif").alpha(), None);
}

#[test]
fn a_missing_end_marker_or_trailing_bytes_do_no_harm() {
    let plain = decoded("jpeg_420.jpg");
    assert_eq!(decoded("jpeg_no_end_marker.jpg"), plain);
    assert_eq!(decoded("jpeg_trailing_garbage.jpg"), plain);
    assert_eq!(decoded("jpeg_progressive_no_end_marker.jpg"), decoded("jpeg_progressive.jpg"));
    let header = probe(&fixture("jpeg_progressive_no_end_marker.jpg"), &Limits::default()).unwrap();
    assert_eq!((header.width, header.height), (45, 35));
}

#[test]
fn kinds_of_jpeg_that_are_not_read_are_named() {
    let kinds =
        [("lossless", "lossless"), ("arithmetic", "arithmetic coding"), ("12bit", "12 bits per sample")];
    for (name, kind) in kinds {
        let name = format!("jpeg_{name}.jpg");
        let expected =
            format!("is JPEG of a kind this build does not read ({kind}): save it as an ordinary 8-bit JPEG");
        assert_eq!(message(&name), expected);
        assert!(matches!(
            probe(&fixture(&name), &Limits::default()),
            Err(DecodeError::UnsupportedKind { format: Format::Jpeg, .. })
        ));
    }
}

#[test]
fn probe_and_decode_agree_on_every_fixture() {
    let folder = format!("{}/../../fixtures/pictures", env!("CARGO_MANIFEST_DIR"));
    let mut read = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        let Ok(picture) = decode(&bytes, &Limits::default()) else { continue };
        let header =
            probe(&bytes, &Limits::default()).unwrap_or_else(|error| panic!("{} {error}", path.display()));
        assert_eq!((header.width, header.height), (picture.width(), picture.height()), "{}", path.display());
        assert_eq!(Format::sniff(&bytes), Ok(header.format));
        read += 1;
    }
    assert!(read > 50, "only {read} fixtures were readable");
}
