//! Twenty-two edits of fixed strength that a copied photo has typically been through.
//!
//! They are those of the network's own evaluation (`training/suite.py`), so that figures of both can be laid side by
//! side. Chance decides places, directions and fillings only. [`light`] changes values, [`geometry`] where pixels lie, and
//! [`cover`] puts something over or around the photo. A photo is first brought to [`LONGEST_SIDE_PX`], because blur and noise
//! are meant for that size. Which photos are edited is the suite's business.

mod cover;
mod geometry;
mod light;

use super::seeded::Seeded;
use super::tiles::Tiles;
use image::{RgbImage, imageops};
use lookalike_vision::Picture;
use std::fmt;

/// Longest side of the photos that are edited.
pub const LONGEST_SIDE_PX: u32 = 512;

/// One way to alter a photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Edit {
    /// Encoded as JPEG of quality 15.
    Jpeg,
    /// Brought to 72 pixels.
    Thumbnail,
    /// Blurred over a 120th of the longer side.
    Blur,
    /// Noise of 22 grey levels.
    Noise,
    /// 18 % brighter.
    Brighter,
    /// Gamma 1.5 and 8 % darker.
    Darker,
    /// Contrast times 1.5.
    Contrast,
    /// 12 % more red and 15 % less blue.
    Warm,
    /// Grey.
    Grey,
    /// Mirrored left to right.
    Mirror,
    /// Turned by 5 degrees either way, the corners white.
    Rot5,
    /// Turned by 15 degrees either way, the corners white.
    Rot15,
    /// Turned by a quarter either way.
    Rot90,
    /// Turned upside down.
    Rot180,
    /// 25 % of the area cut away.
    Crop25,
    /// 50 % of the area cut away.
    Crop50,
    /// A border that makes each side 30 % longer.
    Pad30,
    /// A band with words over a fifth of it.
    Band,
    /// A disc with letters in a corner.
    Logo,
    /// Words all over, shining through.
    Text,
    /// Within a phone's screen.
    Screenshot,
    /// One of four tiles; the others are photos that are not in the index.
    Collage,
}

impl Edit {
    /// All of them, in the order of the reports.
    pub const ALL: [Self; 22] = [
        Self::Jpeg,
        Self::Thumbnail,
        Self::Blur,
        Self::Noise,
        Self::Brighter,
        Self::Darker,
        Self::Contrast,
        Self::Warm,
        Self::Grey,
        Self::Mirror,
        Self::Rot5,
        Self::Rot15,
        Self::Rot90,
        Self::Rot180,
        Self::Crop25,
        Self::Crop50,
        Self::Pad30,
        Self::Band,
        Self::Logo,
        Self::Text,
        Self::Screenshot,
        Self::Collage,
    ];

    /// The name used in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "jpeg",
            Self::Thumbnail => "thumbnail",
            Self::Blur => "blur",
            Self::Noise => "noise",
            Self::Brighter => "brighter",
            Self::Darker => "darker",
            Self::Contrast => "contrast",
            Self::Warm => "warm",
            Self::Grey => "grey",
            Self::Mirror => "mirror",
            Self::Rot5 => "rot5",
            Self::Rot15 => "rot15",
            Self::Rot90 => "rot90",
            Self::Rot180 => "rot180",
            Self::Crop25 => "crop25",
            Self::Crop50 => "crop50",
            Self::Pad30 => "pad30",
            Self::Band => "band",
            Self::Logo => "logo",
            Self::Text => "text",
            Self::Screenshot => "screenshot",
            Self::Collage => "collage",
        }
    }

    /// The edited photo. `source` is as [`prepared`] gave it.
    pub(super) fn apply(self, source: &RgbImage, chance: &mut Seeded, tiles: &Tiles) -> RgbImage {
        match self {
            Self::Jpeg => light::through_jpeg(source, 15),
            Self::Thumbnail => fitted(source, 72),
            Self::Blur => imageops::blur(source, source.width().max(source.height()) as f32 / 120.0),
            Self::Noise => light::noise(source, 22.0, chance),
            Self::Brighter => light::levels(source, |value| value + 0.18),
            Self::Darker => light::levels(source, |value| value.powf(1.5) - 0.08),
            Self::Contrast => light::levels(source, |value| (value - 0.5) * 1.5 + 0.5),
            Self::Warm => light::channels(source, [1.12, 1.0, 0.85]),
            Self::Grey => light::grey(source),
            Self::Mirror => imageops::flip_horizontal(source),
            Self::Rot5 => geometry::turned(source, chance.either(5.0, -5.0)),
            Self::Rot15 => geometry::turned(source, chance.either(15.0, -15.0)),
            Self::Rot90 => match chance.either(true, false) {
                true => imageops::rotate90(source),
                false => imageops::rotate270(source),
            },
            Self::Rot180 => imageops::rotate180(source),
            Self::Crop25 => geometry::window(source, 0.75_f32.sqrt(), chance),
            Self::Crop50 => geometry::window(source, 0.5_f32.sqrt(), chance),
            Self::Pad30 => geometry::padded(source, 0.15, chance),
            Self::Band => cover::band(source, chance),
            Self::Logo => cover::logo(source, chance),
            Self::Text => cover::text(source),
            Self::Screenshot => cover::screenshot(source, chance),
            Self::Collage => cover::collage(source, chance, tiles),
        }
    }
}

impl fmt::Display for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A photo as edits take it: on white, no side longer than [`LONGEST_SIDE_PX`].
pub(super) fn prepared(picture: &Picture) -> RgbImage {
    // The buffer's length was checked when the picture was made.
    let whole = RgbImage::from_raw(picture.width(), picture.height(), picture.on_white().into_owned())
        .unwrap_or_default();
    if whole.width().max(whole.height()) > LONGEST_SIDE_PX { fitted(&whole, LONGEST_SIDE_PX) } else { whole }
}

/// With the longer side of that length.
fn fitted(source: &RgbImage, longer_px: u32) -> RgbImage {
    let scale = longer_px as f32 / source.width().max(source.height()).max(1) as f32;
    let side = |px: u32| (px as f32 * scale).round() as u32;
    resized(source, side(source.width()), side(source.height()))
}

/// Averaged where it shrinks, bilinear where it grows; no side becomes nothing.
fn resized(source: &RgbImage, width: u32, height: u32) -> RgbImage {
    imageops::resize(source, width.max(1), height.max(1), imageops::FilterType::Triangle)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(width: u32, height: u32) -> RgbImage {
        RgbImage::from_fn(width, height, |x, y| {
            image::Rgb([(x * 3) as u8, (y * 5) as u8, ((x ^ y) * 7) as u8])
        })
    }

    #[test]
    fn every_edit_changes_a_photo_and_does_so_alike_for_one_seed() {
        let tiles = Tiles::drawn();
        let photo = checked(160, 120);
        for edit in Edit::ALL {
            let made = |seed| edit.apply(&photo, &mut Seeded::of(seed, &[]), &tiles);
            assert_ne!(made(1), photo, "{edit}");
            assert_eq!(made(1), made(1), "{edit}");
        }
    }

    #[test]
    fn every_edit_gives_a_picture_even_of_one_pixel_or_a_line() {
        let tiles = Tiles::drawn();
        for photo in [checked(1, 1), checked(512, 1), checked(1, 300), checked(7, 3)] {
            for edit in Edit::ALL {
                let made = edit.apply(&photo, &mut Seeded::of(7, &[]), &tiles);
                assert!(made.width() > 0 && made.height() > 0, "{edit} of {:?}", photo.dimensions());
            }
        }
    }

    #[test]
    fn sizes_are_those_the_edits_name() {
        let tiles = Tiles::drawn();
        let photo = checked(400, 300);
        let size = |edit: Edit| edit.apply(&photo, &mut Seeded::of(1, &[]), &tiles).dimensions();
        assert_eq!(size(Edit::Thumbnail), (72, 54));
        assert_eq!(size(Edit::Rot90), (300, 400));
        assert_eq!(size(Edit::Crop25), (346, 259));
        assert_eq!(size(Edit::Crop50), (282, 212));
        assert_eq!(size(Edit::Pad30), (520, 390));
        assert_eq!(size(Edit::Screenshot), (360, 760));
        assert_eq!(size(Edit::Collage), (400, 400));
        let large = Picture::new(2048, 100, vec![9; 2048 * 300], None).unwrap();
        assert_eq!(prepared(&large).dimensions(), (512, 25));
    }
}
