//! What re-uploaders do to a photo before listing it as their own.
//!
//! Works on finished pictures. Every edit leaves the product recognisable; `catalog` plants them and `write`
//! makes queries with them.

use image::imageops::{self, FilterType};
use image::{Rgb, RgbImage};

use super::dice::Dice;
use super::palette::{DYES, tone};

/// One edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Edit {
    Recompressed,
    Cropped,
    Framed,
    Banner,
    Logo,
    Mirrored,
    Brightened,
    Shrunk,
    Rotated,
    Tinted,
}

/// All edits, in the order in which the catalog plants them.
pub(crate) const EDITS: [Edit; 10] = [
    Edit::Recompressed,
    Edit::Cropped,
    Edit::Banner,
    Edit::Mirrored,
    Edit::Brightened,
    Edit::Framed,
    Edit::Shrunk,
    Edit::Rotated,
    Edit::Logo,
    Edit::Tinted,
];

impl Edit {
    /// As it stands in the catalog's `edit` column.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Recompressed => "recompressed",
            Self::Cropped => "cropped",
            Self::Framed => "framed",
            Self::Banner => "banner added",
            Self::Logo => "logo added",
            Self::Mirrored => "mirrored",
            Self::Brightened => "brightened",
            Self::Shrunk => "shrunk",
            Self::Rotated => "rotated 90 degrees",
            Self::Tinted => "warmer colours",
        }
    }

    /// The JPEG quality the re-uploader saves with.
    pub(crate) fn quality(self) -> u8 {
        match self {
            Self::Recompressed => 38,
            _ => 80,
        }
    }

    /// The edited picture.
    pub(crate) fn apply(self, picture: &RgbImage, dice: &mut Dice) -> RgbImage {
        let (width, height) = picture.dimensions();
        match self {
            Self::Recompressed => picture.clone(),
            Self::Cropped => {
                let cut = |length: u32, share: f32| (length as f32 * share) as u32;
                let (left, right) =
                    (cut(width, dice.between(0.02, 0.08)), cut(width, dice.between(0.02, 0.08)));
                let (top, bottom) =
                    (cut(height, dice.between(0.02, 0.07)), cut(height, dice.between(0.02, 0.07)));
                imageops::crop_imm(picture, left, top, width - left - right, height - top - bottom).to_image()
            }
            Self::Framed => {
                let border = (width.max(height) as f32 * dice.between(0.03, 0.06)) as u32;
                let mut out =
                    RgbImage::from_pixel(width + 2 * border, height + 2 * border, Rgb(dice.pick(&DYES).rgb));
                imageops::replace(&mut out, picture, i64::from(border), i64::from(border));
                out
            }
            Self::Banner => {
                let mut out = picture.clone();
                let tall = (height as f32 * dice.between(0.08, 0.12)) as u32;
                let colour = dice.pick(&[[206, 32, 40], [24, 88, 190], [250, 196, 30], [24, 24, 28]]);
                fill(&mut out, [0, height - tall, width, tall], colour);
                lettering(
                    &mut out,
                    [width / 12, height - tall * 3 / 4, width * 5 / 6, tall / 2],
                    tone(colour, 0.9),
                    dice,
                );
                out
            }
            Self::Logo => {
                let mut out = picture.clone();
                let (wide, tall) = (width / 4, height / 12);
                let x = if dice.chance(0.5) { width / 30 } else { width - wide - width / 30 };
                fill(&mut out, [x, height / 30, wide, tall], [255, 255, 255]);
                lettering(
                    &mut out,
                    [x + wide / 10, height / 30 + tall / 5, wide * 4 / 5, tall * 3 / 5],
                    dice.pick(&DYES).rgb,
                    dice,
                );
                out
            }
            Self::Mirrored => imageops::flip_horizontal(picture),
            Self::Brightened => {
                let gain = dice.between(1.10, 1.22);
                let lift = dice.between(2.0, 12.0);
                per_channel(picture, |value, _| value * gain + lift)
            }
            Self::Shrunk => {
                let share = dice.between(0.35, 0.55);
                let size = |length: u32| ((length as f32 * share) as u32).max(1);
                imageops::resize(picture, size(width), size(height), FilterType::Triangle)
            }
            Self::Rotated => {
                if dice.chance(0.5) {
                    imageops::rotate90(picture)
                } else {
                    imageops::rotate270(picture)
                }
            }
            Self::Tinted => {
                let warmth = dice.between(0.06, 0.11);
                per_channel(picture, |value, channel| {
                    value * [1.0 + warmth, 1.0, 1.0 - warmth].get(channel).copied().unwrap_or(1.0)
                })
            }
        }
    }
}

fn per_channel(picture: &RgbImage, change: impl Fn(f32, usize) -> f32) -> RgbImage {
    let mut out = picture.clone();
    for pixel in out.pixels_mut() {
        for (channel, value) in pixel.0.iter_mut().enumerate() {
            *value = (change(f32::from(*value), channel) + 0.5).clamp(0.0, 255.0) as u8;
        }
    }
    out
}

/// Fills the box left, top, width, height, as much of it as lies in the picture.
fn fill(picture: &mut RgbImage, [left, top, width, height]: [u32; 4], colour: [u8; 3]) {
    for y in top..(top + height).min(picture.height()) {
        for x in left..(left + width).min(picture.width()) {
            picture.put_pixel(x, y, Rgb(colour));
        }
    }
}

/// Letter-like bars in the box left, top, width, height.
fn lettering(picture: &mut RgbImage, [left, top, width, height]: [u32; 4], colour: [u8; 3], dice: &mut Dice) {
    let mut x = left;
    let stroke = (height / 5).max(1);
    while x + height < left + width {
        let wide = height * 2 / 3;
        if dice.chance(0.85) {
            fill(picture, [x, top, stroke, height], colour);
            for row in 0..3 {
                if dice.chance(0.6) {
                    fill(picture, [x, top + row * (height - stroke) / 2, wide, stroke], colour);
                }
            }
            if dice.chance(0.5) {
                fill(picture, [x + wide - stroke, top, stroke, height], colour);
            }
        }
        x += wide + stroke;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_edit_changes_the_picture_or_its_quality() {
        let picture = RgbImage::from_fn(160, 120, |x, y| {
            Rgb([(x * 3 % 251) as u8, (y * 5 % 241) as u8, ((x + y) % 256) as u8])
        });
        for edit in EDITS {
            let edited = edit.apply(&picture, &mut Dice::new(4));
            assert!(edited != picture || edit.quality() < 60, "{edit:?}");
            assert!(edited.width() >= 40 && edited.height() >= 40, "{edit:?}");
        }
    }

    #[test]
    fn edits_of_a_speck_do_not_fail() {
        for edit in EDITS {
            let edited = edit.apply(&RgbImage::new(1, 1), &mut Dice::new(4));
            assert!(edited.width() > 0 && edited.height() > 0, "{edit:?}");
        }
    }
}
