//! The built-in descriptor: what colours a product has and where its edges run. It needs no weights.
//!
//! A picture is shown on white, its uniform border trimmed ([`trim`]), what is left squashed to 64x64, and two
//! classic descriptors are taken of that: a CIELAB colour histogram under the Hellinger map ([`colour`]) and a
//! 4x4 grid of gradient orientations ([`gradient`]). Both are scaled to unit length, weighted and concatenated,
//! so that a dot product is a cosine.
//!
//! It knows nothing of what things *are*; learned encoders do. It is kept small for that reason.

mod colour;
mod gradient;
mod trim;

use crate::Picture;
use crate::encoder::{EncodeError, Encoder, EncoderId};
use crate::pixels::{Filter, ResizeError, Size, crop_rgb, resize_rgb};

/// Colour bins plus gradient bins.
pub const DIMENSIONS: usize = colour::BINS + gradient::BINS;

/// Side of the square that is described, in pixels.
const SIDE_PX: u32 = 64;

/// The border is found on a picture whose longer side is at most this, so that it costs the same for any photo and
/// a copy at another size is trimmed alike.
const TRIM_PX: u32 = 256;

/// How much colour counts against shape, by length before the common normalisation. Measured on labelled product
/// photos: 0.7 favours same class, 2.0 same product; 1.4 keeps most of both.
const COLOUR_WEIGHT: f32 = 1.4;

/// The recipe's version; changes whenever the numbers would.
const RECIPE: &str = "lab577-hog448-v1";

/// The descriptor as an [`Encoder`] named `look-0`.
#[derive(Debug, Clone)]
pub struct Look {
    id: EncoderId,
}

impl Default for Look {
    fn default() -> Self {
        let id = EncoderId { name: "look-0".to_owned(), digest: RECIPE.to_owned(), dimensions: DIMENSIONS };
        Self { id }
    }
}

impl Encoder for Look {
    fn id(&self) -> &EncoderId {
        &self.id
    }

    fn encode(&self, pictures: &[&Picture]) -> Result<Vec<Vec<f32>>, EncodeError> {
        let failed =
            |error: ResizeError| EncodeError { encoder: self.id.name.clone(), reason: error.to_string() };
        pictures.iter().map(|picture| describe(picture).map_err(failed)).collect()
    }
}

/// The descriptor of one picture: [`DIMENSIONS`] numbers, none negative, of unit length.
///
/// # Errors
/// When the resampler refuses the size; it refuses none that a picture can have.
pub fn describe(picture: &Picture) -> Result<Vec<f32>, ResizeError> {
    let square = squashed_subject(picture)?;
    let mut vector = Vec::with_capacity(DIMENSIONS);
    vector.extend(unit(colour::histogram(&square)).into_iter().map(|value| value * COLOUR_WEIGHT));
    vector.extend(unit(gradient::orientations(&square, SIDE_PX as usize)));
    Ok(unit(vector))
}

/// The picture without its uniform border, as 64x64 RGB.
fn squashed_subject(picture: &Picture) -> Result<Vec<u8>, ResizeError> {
    let size = Size::new(picture.width(), picture.height());
    let white = picture.on_white();
    let scale = f64::from(TRIM_PX) / f64::from(size.width.max(size.height));
    let (size, small) = if scale < 1.0 {
        let side = |px: u32| ((f64::from(px) * scale).round() as u32).max(1);
        let smaller = Size::new(side(size.width), side(size.height));
        (smaller, resize_rgb(&white, size, smaller, Filter::Bilinear)?)
    } else {
        (size, white.into_owned())
    };
    let subject = trim::subject(&small, size.width, size.height);
    let cropped = crop_rgb(&small, size.width, subject);
    let cropped_size = Size::new(subject.width, subject.height);
    resize_rgb(&cropped, cropped_size, Size::new(SIDE_PX, SIDE_PX), Filter::Bilinear)
}

/// `values` at unit length; a zero vector stays zero.
fn unit(mut values: Vec<f32>) -> Vec<f32> {
    let norm = values.iter().map(|value| value * value).sum::<f32>().sqrt();
    if norm > f32::EPSILON {
        values.iter_mut().for_each(|value| *value /= norm);
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square_on(background: [u8; 3], colour: [u8; 3], side: u32, margin: u32) -> Picture {
        let inside = |v: u32| v >= margin && v < side - margin;
        let rgb = (0..side * side)
            .flat_map(|i| if inside(i % side) && inside(i / side) { colour } else { background })
            .collect();
        Picture::new(side, side, rgb, None).unwrap()
    }

    fn cosine(a: &Picture, b: &Picture) -> f32 {
        describe(a).unwrap().iter().zip(describe(b).unwrap()).map(|(x, y)| x * y).sum()
    }

    #[test]
    fn vectors_are_finite_and_of_unit_length_even_for_one_pixel() {
        for picture in [
            Picture::new(1, 1, vec![0; 3], None).unwrap(),
            Picture::new(1, 900, vec![255; 2700], Some(vec![0; 900])).unwrap(),
            square_on([255; 3], [200, 30, 30], 300, 60),
        ] {
            let vector = describe(&picture).unwrap();
            assert_eq!(vector.len(), DIMENSIONS);
            let norm: f32 = vector.iter().map(|v| v * v).sum();
            assert!((norm - 1.0).abs() < 1e-4, "{norm}");
        }
    }

    #[test]
    fn a_wider_white_border_changes_little_and_another_colour_much() {
        let red = square_on([255; 3], [200, 30, 30], 200, 20);
        let red_padded = square_on([255; 3], [200, 30, 30], 200, 60);
        let blue = square_on([255; 3], [30, 30, 200], 200, 20);
        assert!(cosine(&red, &red_padded) > 0.97);
        assert!(cosine(&red, &blue) < 0.6);
    }
}
