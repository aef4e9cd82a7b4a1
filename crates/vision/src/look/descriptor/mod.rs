//! What a network of few pixels does not keep: which colours a thing has, and where its edges run. It needs no weights.
//!
//! A picture is shown on white, its border of one colour trimmed ([`Border`]), what is left squashed to 64x64, and two
//! classic descriptors are taken of that: a CIELAB colour histogram under the Hellinger map ([`colour`]) and a
//! 4x4 grid of gradient orientations ([`gradient`]). Each is of unit length.
//!
//! It knows nothing of what things *are*; the network beside it does, and [`look`](super) puts the two together.

mod colour;
mod gradient;

use crate::Picture;
use crate::pixels::{Border, Filter, Rect, ResizeError, Size, crop_rgb, resize_rgb};

/// Length of [`Descriptor::colours`].
pub(super) const COLOURS: usize = colour::BINS;
/// Length of [`Descriptor::edges`].
pub(super) const EDGES: usize = gradient::BINS;

/// Side of the square that is described, in pixels.
const SIDE_PX: u32 = 64;

/// The border is found on a picture whose longer side is at most this, so that it costs the same for any photo and
/// a copy at another size is trimmed alike.
const TRIM_PX: u32 = 128;

/// The recipe's version; changes whenever the numbers would.
pub(super) const RECIPE: &str = "lab577-hog448-v2";

/// Two descriptors of one picture. No number is negative.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Descriptor {
    /// The share of each colour, of unit length.
    pub(super) colours: Vec<f32>,
    /// How strongly edges of each direction run in each part, of unit length; all zero for a picture without any.
    pub(super) edges: Vec<f32>,
}

impl Descriptor {
    /// Of one picture.
    ///
    /// # Errors
    /// When the resampler refuses the size; it refuses none that a picture can have.
    pub(super) fn of(picture: &Picture) -> Result<Self, ResizeError> {
        let (square, border) = squashed_subject(picture)?;
        Ok(Self {
            colours: unit(colour::histogram(&square, border.as_ref())),
            edges: unit(gradient::orientations(&square, SIDE_PX as usize)),
        })
    }

    /// [`Self::colours`] alone.
    ///
    /// # Errors
    /// As [`Self::of`].
    pub(super) fn colours_of(picture: &Picture) -> Result<Vec<f32>, ResizeError> {
        let (square, border) = squashed_subject(picture)?;
        Ok(unit(colour::histogram(&square, border.as_ref())))
    }
}

/// The picture without its border, as 64x64 RGB, and that border.
fn squashed_subject(picture: &Picture) -> Result<(Vec<u8>, Option<Border>), ResizeError> {
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
    let border = Border::of(&small, size.width, size.height);
    let whole = Rect { x: 0, y: 0, width: size.width, height: size.height };
    let subject = border.as_ref().and_then(Border::subject).unwrap_or(whole);
    let cropped = crop_rgb(&small, size.width, subject);
    let cropped_size = Size::new(subject.width, subject.height);
    let square = resize_rgb(&cropped, cropped_size, Size::new(SIDE_PX, SIDE_PX), Filter::Bilinear)?;
    Ok((square, border))
}

/// `values` at unit length; a zero vector stays zero.
pub(super) fn unit(mut values: Vec<f32>) -> Vec<f32> {
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
        let colours = |picture| Descriptor::of(picture).unwrap().colours;
        colours(a).iter().zip(colours(b)).map(|(x, y)| x * y).sum()
    }

    #[test]
    fn vectors_are_finite_and_of_unit_length_even_for_one_pixel() {
        for picture in [
            Picture::new(1, 1, vec![0; 3], None).unwrap(),
            Picture::new(1, 900, vec![255; 2700], Some(vec![0; 900])).unwrap(),
            square_on([255; 3], [200, 30, 30], 300, 60),
        ] {
            let Descriptor { colours, edges } = Descriptor::of(&picture).unwrap();
            assert_eq!((colours.len(), edges.len()), (COLOURS, EDGES));
            let norm = |vector: &[f32]| vector.iter().map(|v| v * v).sum::<f32>();
            assert!((norm(&colours) - 1.0).abs() < 1e-4, "{}", norm(&colours));
            // One colour has no edges.
            let edged = norm(&edges);
            assert!((edged - 1.0).abs() < 1e-4 || edged == 0.0, "{edged}");
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
