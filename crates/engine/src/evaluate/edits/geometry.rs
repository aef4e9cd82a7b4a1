//! Edits of place: the photo is turned, cut or set into a frame.

use super::Seeded;
use image::{Rgb, RgbImage, imageops};

/// Turned about its centre, counter-clockwise, in a frame of its own size; bilinear, white where nothing lies.
pub(super) fn turned(source: &RgbImage, degrees: f32) -> RgbImage {
    let (sine, cosine) = degrees.to_radians().sin_cos();
    let (middle_x, middle_y) = (source.width() as f32 / 2.0, source.height() as f32 / 2.0);
    RgbImage::from_fn(source.width(), source.height(), |x, y| {
        let (x, y) = (x as f32 - middle_x, y as f32 - middle_y);
        bilinear(source, middle_x + cosine * x - sine * y, middle_y + sine * x + cosine * y)
    })
}

fn bilinear(source: &RgbImage, x: f32, y: f32) -> Rgb<u8> {
    let (left, top) = (x.floor(), y.floor());
    let (right_share, lower_share) = (x - left, y - top);
    let mut sum = [0.0_f32; 3];
    for (dx, dy, share) in [
        (0.0, 0.0, (1.0 - right_share) * (1.0 - lower_share)),
        (1.0, 0.0, right_share * (1.0 - lower_share)),
        (0.0, 1.0, (1.0 - right_share) * lower_share),
        (1.0, 1.0, right_share * lower_share),
    ] {
        let (x, y) = (left + dx, top + dy);
        let inside = x >= 0.0 && y >= 0.0;
        let pixel = inside.then(|| source.get_pixel_checked(x as u32, y as u32)).flatten();
        let colour = pixel.map_or([255; 3], |pixel| pixel.0);
        sum.iter_mut().zip(colour).for_each(|(sum, value)| *sum += share * f32::from(value));
    }
    Rgb(sum.map(|value| value.round() as u8))
}

/// A window of that share of each side, anywhere.
pub(super) fn window(source: &RgbImage, share: f32, chance: &mut Seeded) -> RgbImage {
    let cut = |px: u32| ((px as f32 * share) as u32).max(1);
    let (width, height) = (cut(source.width()), cut(source.height()));
    let y = chance.between(0, source.height() - height + 1);
    let x = chance.between(0, source.width() - width + 1);
    imageops::crop_imm(source, x, y, width, height).to_image()
}

/// With a border of that share of each side at either end: white, black or of any one colour.
pub(super) fn padded(source: &RgbImage, share: f32, chance: &mut Seeded) -> RgbImage {
    let colour = chance.colour();
    let fill = match chance.between(0, 3) {
        0 => [255; 3],
        1 => [0; 3],
        _ => colour,
    };
    let border = |px: u32| ((px as f32 * share) as u32).max(1);
    let (x, y) = (border(source.width()), border(source.height()));
    let mut page = RgbImage::from_pixel(source.width() + 2 * x, source.height() + 2 * y, Rgb(fill));
    imageops::replace(&mut page, source, x.into(), y.into());
    page
}
