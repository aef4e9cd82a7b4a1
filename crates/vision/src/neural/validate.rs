//! Whether a model is worth adding: it is loaded, run on drawn probes, and what comes out is judged.
//!
//! A model that passes gives, for each of two probe pictures (and two texts), a finite vector of the described length;
//! different probes get different vectors; and two items at once get what each gets alone. Reading the files, and
//! keeping them, is for `lookalike-engine`'s `models`.

use super::Description;
use super::encoder::{ModelBytes, NeuralEncoder, NeuralError};
use super::session::{Engine, SessionOptions};
use crate::Picture;
use crate::encoder::EncoderId;
use std::num::NonZero;

/// What was found out about a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Validated {
    /// Length of its vectors.
    pub dimensions: usize,
    /// Name of the output that holds a picture's vector.
    pub image_output: String,
    /// Name of the output that holds a text's vector, where text is read.
    pub text_output: Option<String>,
}

/// How far the vectors of two engines, or of two precisions, agree on the probes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Agreement {
    /// Lowest cosine over the probe pictures.
    pub image: f32,
    /// Lowest cosine over the probe texts, where both read text.
    pub text: Option<f32>,
}

/// Tries a model as an encoder.
///
/// # Errors
/// Names what is wrong with it, and the cure where we know one.
pub fn validate(
    description: &Description,
    files: &ModelBytes<'_>,
    engine: Engine,
) -> Result<Validated, NeuralError> {
    let id = EncoderId {
        name: description.name.clone(),
        digest: String::new(),
        dimensions: description.dimensions,
    };
    let options = SessionOptions { threads: NonZero::<usize>::MIN };
    let encoder = NeuralEncoder::open(id, description, *files, engine, &options)?;
    let pictures = probe_pictures();
    let pictures: Vec<&Picture> = pictures.iter().collect();
    judge(encoder.image_output(), &pictures, |pictures| encoder.vectors(pictures))?;
    if let Some(output) = encoder.text_output() {
        judge(output, &PROBE_TEXTS, |texts| text_vectors(&encoder, texts))?;
    }
    Ok(Validated {
        dimensions: description.dimensions,
        image_output: encoder.image_output().to_owned(),
        text_output: encoder.text_output().map(str::to_owned),
    })
}

/// Compares two encoders that should give the same vectors: one file in two engines, or two precisions of one model.
///
/// # Errors
/// When one of them cannot be run.
pub fn agreement(one: &NeuralEncoder, other: &NeuralEncoder) -> Result<Agreement, NeuralError> {
    let pictures = probe_pictures();
    let pictures: Vec<&Picture> = pictures.iter().collect();
    let image = lowest_cosine(&one.vectors(&pictures)?, &other.vectors(&pictures)?);
    let both_read = one.text_output().is_some() && other.text_output().is_some();
    let text = if both_read {
        let texts = (text_vectors(one, &PROBE_TEXTS)?, text_vectors(other, &PROBE_TEXTS)?);
        Some(lowest_cosine(&texts.0, &texts.1))
    } else {
        None
    };
    Ok(Agreement { image, text })
}

const PROBE_TEXTS: [&str; 2] = ["a red leather shoe on a white table", "three green glass bottles"];

/// How much less than 1 a cosine may be where two vectors should be the same.
const SAME: f32 = 1e-3;

/// Above this cosine, two probes have one vector. Networks trained to compare pictures often give cosines above .9.
const TOLD_APART: f32 = 1.0 - 1e-6;

fn text_vectors(encoder: &NeuralEncoder, texts: &[&str]) -> Result<Vec<Vec<f32>>, NeuralError> {
    let texts = encoder.text_vectors(texts).transpose()?.unwrap_or_default();
    Ok(texts.into_iter().map(|text| text.vector).collect())
}

/// Runs two probes, alone and together.
fn judge<T: Copy>(
    output: &str,
    probes: &[T],
    run: impl Fn(&[T]) -> Result<Vec<Vec<f32>>, NeuralError>,
) -> Result<(), NeuralError> {
    let mut alone = Vec::new();
    for probe in probes {
        alone.extend(run(&[*probe])?);
    }
    if let [one, other, ..] = alone.as_slice()
        && cosine(one, other) > TOLD_APART
    {
        return Err(NeuralError::Constant(output.to_owned()));
    }
    let cosine = lowest_cosine(&run(probes)?, &alone);
    if cosine < 1.0 - SAME {
        return Err(NeuralError::BatchMixed { output: output.to_owned(), cosine });
    }
    Ok(())
}

fn lowest_cosine(ours: &[Vec<f32>], theirs: &[Vec<f32>]) -> f32 {
    ours.iter().zip(theirs).map(|(one, other)| cosine(one, other)).fold(1.0, f32::min)
}

/// Of vectors of unit length.
fn cosine(one: &[f32], other: &[f32]) -> f32 {
    one.iter().zip(other).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>() as f32
}

/// Two drawn pictures that share neither colours nor shapes: a red disc on a shaded ground, and stripes.
fn probe_pictures() -> Vec<Picture> {
    const SIDE: u32 = 256;
    let draw = |colour: &dyn Fn(i32, i32) -> [u8; 3]| {
        let side = SIDE as i32;
        let rgb = (0..side).flat_map(|y| (0..side).flat_map(move |x| colour(x, y))).collect();
        Picture::new(SIDE, SIDE, rgb, None).ok()
    };
    let disc = draw(&|x, y| {
        let inside = (x - 110).pow(2) + (y - 140).pow(2) < 70 * 70;
        if inside { [200, (x / 4) as u8, 30] } else { [180, 200 - (y / 3) as u8, 235] }
    });
    let stripes =
        draw(&|x, y| if (x + 2 * y) / 17 % 2 == 0 { [20, 120, 60] } else { [250, 240, (y / 2) as u8] });
    disc.into_iter().chain(stripes).collect()
}
