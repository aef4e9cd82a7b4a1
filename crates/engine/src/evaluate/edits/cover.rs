//! Edits that put something over the photo or the photo into something: bands, logos, words, a phone's screen, a collage.

use super::{Seeded, Tiles, resized};
use crate::evaluate::glyphs::{fill, write};
use image::{Rgb, RgbImage, imageops};

/// A phone's screen in pixels, and the most of it that the photo may fill.
const SCREEN: (u32, u32) = (360, 760);
const SCREEN_PHOTO_HEIGHT: u32 = 480;
/// Side of a collage's tiles in pixels.
const TILE: u32 = 200;

const LETTERS: &[u8; 42] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ 0123456789 .,-!";

/// A band over a fifth of the height, at the top or the foot, with words on it.
pub(super) fn band(source: &RgbImage, chance: &mut Seeded) -> RgbImage {
    let mut image = source.clone();
    let (width, height) = (image.width() as f32, image.height() as f32);
    let thick = (height / 5.0).floor().max(1.0);
    let top = chance.either(0.0, height - thick);
    let colour = chance.colour();
    fill(&mut image, (0.0, top), (width, top + thick), colour);
    let dark = colour.iter().map(|&value| u32::from(value)).sum::<u32>() < 380;
    let ink = if dark { [255; 3] } else { [0; 3] };
    write(&mut image, "SALE -30% TODAY", (width / 12.0, top + 0.4 * thick), width * 0.06, ink);
    image
}

/// A red disc with two letters in one of the corners, a quarter of the shorter side across.
pub(super) fn logo(source: &RgbImage, chance: &mut Seeded) -> RgbImage {
    let mut image = source.clone();
    let (width, height) = (image.width() as f32, image.height() as f32);
    let radius = (width.min(height) / 8.0).floor().max(1.0);
    let x = chance.either(radius, width - radius);
    let y = chance.either(radius, height - radius);
    for (column, row, pixel) in image.enumerate_pixels_mut() {
        let (dx, dy) = (column as f32 - x, row as f32 - y);
        if dx * dx + dy * dy <= radius * radius {
            *pixel = Rgb([200, 20, 40]);
        }
    }
    write(&mut image, "MK", (x - 0.5 * radius, y - 0.3 * radius), 0.6 * radius, [255; 3]);
    image
}

/// Lines of white words all over, which cover 60 %.
pub(super) fn text(source: &RgbImage) -> RgbImage {
    let mut over = source.clone();
    let (width, height) = (over.width() as f32, over.height() as f32);
    for line in [1.0 / 6.0, 5.0 / 12.0, 2.0 / 3.0, 11.0 / 12.0] {
        let high = width * 0.05;
        let place = (width / 20.0, height * line - high);
        write(&mut over, "www.shop.example  copy", place, high, [255; 3]);
    }
    for (over, under) in over.iter_mut().zip(source.iter()) {
        *over = (0.4 * f32::from(*under) + 0.6 * f32::from(*over)).round() as u8;
    }
    over
}

/// A phone's screen: status bar, title, the photo over the full width, text and a button.
pub(super) fn screenshot(source: &RgbImage, chance: &mut Seeded) -> RgbImage {
    let (width, height) = SCREEN;
    let tall = (source.height() as f32 * width as f32 / source.width().max(1) as f32).round() as u32;
    // Of a very tall photo only what is seen is made.
    let seen = if tall > SCREEN_PHOTO_HEIGHT {
        let rows = (source.height() as f32 * SCREEN_PHOTO_HEIGHT as f32 / tall as f32) as u32;
        imageops::crop_imm(source, 0, 0, source.width(), rows.max(1)).to_image()
    } else {
        source.clone()
    };
    let photo = resized(&seen, width, tall.min(SCREEN_PHOTO_HEIGHT));
    let mut page = RgbImage::from_pixel(width, height, Rgb([255; 3]));
    let right = width as f32;
    fill(&mut page, (0.0, 0.0), (right, 28.0), [30, 30, 34]);
    write(&mut page, "12:41", (8.0, 9.0), 11.0, [255; 3]);
    paragraph(&mut page, (12.0, 32.0), (right - 12.0, 62.0), [20; 3], chance);
    imageops::replace(&mut page, &photo, 0, 70);
    let below = 80.0 + photo.height() as f32;
    paragraph(&mut page, (12.0, below), (right - 12.0, (below + 110.0).min(690.0)), [60; 3], chance);
    fill(&mut page, (20.0, 700.0), (right - 20.0, 745.0), [230, 90, 20]);
    page
}

/// Lines of letters within a box.
fn paragraph(page: &mut RgbImage, from: (f32, f32), to: (f32, f32), ink: [u8; 3], chance: &mut Seeded) {
    let line = chance.between(6, 15) as f32;
    let mut y = from.1;
    while y + line < to.1 {
        let most = (2.0 * (to.0 - from.0) / line) as u32 + 4;
        let words: String = (0..chance.between(3, most))
            .filter_map(|_| LETTERS.get(chance.between(0, LETTERS.len() as u32) as usize))
            .map(|&letter| char::from(letter))
            .collect();
        write(page, &words, (from.0, y), line * 0.9, ink);
        y += line * 1.5;
    }
}

/// Four equal tiles, each the square middle of a photo.
pub(super) fn collage(source: &RgbImage, chance: &mut Seeded, tiles: &Tiles) -> RgbImage {
    let others = tiles.three(chance);
    let own = chance.between(0, 4) as usize;
    let mut others = others.iter();
    let mut page = RgbImage::new(2 * TILE, 2 * TILE);
    for place in 0..4_usize {
        let tile = if place == own { Some(source) } else { others.next() };
        let Some(tile) = tile else { continue };
        let side = tile.width().min(tile.height());
        let (x, y) = ((tile.width() - side) / 2, (tile.height() - side) / 2);
        let square = imageops::crop_imm(tile, x, y, side, side).to_image();
        let (column, row) = (i64::from(TILE) * (place as i64 % 2), i64::from(TILE) * (place as i64 / 2));
        imageops::replace(&mut page, &resized(&square, TILE, TILE), column, row);
    }
    page
}
