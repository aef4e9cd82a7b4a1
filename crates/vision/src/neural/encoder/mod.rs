//! An encoder made of a description and the files it describes.
//!
//! Pictures are made into tensors and run in batches of at most [`LARGEST_BATCH`], however many are handed in, so that
//! memory does not grow with them; a model whose batch axis is fixed to 1 is run picture by picture. Vectors are
//! checked on the way out: their number, length, that they are finite, and of unit length.
//!
//! `tower` runs one network, `words` is the half that reads text, `pictures` the half that sees. Whether a model is worth
//! adding at all is for [`super::validate`] to say.

mod error;
mod pictures;
#[cfg(test)]
mod tests;
mod tower;
mod words;

pub use error::NeuralError;

use super::Description;
use super::session::{Engine, SessionOptions};
use crate::Picture;
use crate::encoder::{EncodeError, Encoder, EncoderId, TextEncoder, TextVector};
use pictures::Pictures;
use words::Words;

/// Items that one run takes at most.
pub const LARGEST_BATCH: usize = 8;

/// The files of an encoder.
#[derive(Debug, Clone, Copy)]
pub struct ModelBytes<'a> {
    /// The ONNX file of the image half.
    pub image: &'a [u8],
    /// The ONNX file of the text half, where there is one.
    pub text: Option<&'a [u8]>,
    /// The tokenizer's file, where there is a text half.
    pub tokenizer: Option<&'a [u8]>,
}

/// An encoder that runs ONNX files.
pub struct NeuralEncoder {
    id: EncoderId,
    engine: Engine,
    pictures: Pictures,
    words: Option<Words>,
}

impl NeuralEncoder {
    /// Makes an encoder ready; `id` is what its vectors will carry.
    ///
    /// # Errors
    /// When a file is missing or cannot be loaded, or its inputs and outputs are not what `description` says. Shapes that
    /// only a run can tell are not checked: see [`super::validate`].
    pub fn open(
        id: EncoderId,
        description: &Description,
        files: ModelBytes<'_>,
        engine: Engine,
        options: &SessionOptions,
    ) -> Result<Self, NeuralError> {
        description.check()?;
        let words = match (&description.text, files.text, files.tokenizer) {
            (Some(_), None, _) => return Err(NeuralError::Missing("text model")),
            (Some(_), _, None) => return Err(NeuralError::Missing("tokenizer")),
            (None, Some(_), _) => return Err(NeuralError::TextNotDescribed),
            (None, None, _) => None,
            (Some(tower), Some(model), Some(tokenizer)) => Some(Words::open(
                &description.name,
                tower,
                description.dimensions,
                model,
                tokenizer,
                engine,
                options,
            )?),
        };
        let pictures =
            Pictures::open(&description.image, description.dimensions, files.image, engine, options)?;
        Ok(Self { id, engine, pictures, words })
    }

    /// What runs it.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// One vector per picture, as [`Encoder::encode`], but with the reason as it is.
    ///
    /// # Errors
    /// When a run fails, or gives something else than finite vectors of the described length.
    pub fn vectors(&self, pictures: &[&Picture]) -> Result<Vec<Vec<f32>>, NeuralError> {
        self.pictures.vectors(pictures)
    }

    /// One vector per text, as [`TextEncoder::encode_text`], but with the reason as it is. Absent where it reads no text.
    ///
    /// # Errors
    /// As [`Self::vectors`].
    pub fn text_vectors(&self, texts: &[&str]) -> Option<Result<Vec<TextVector>, NeuralError>> {
        self.words.as_ref().map(|words| words.vectors(texts))
    }

    /// Name of the output that holds a picture's vector.
    pub fn image_output(&self) -> &str {
        self.pictures.output()
    }

    /// Name of the output that holds a text's vector, where text is read.
    pub fn text_output(&self) -> Option<&str> {
        self.words.as_ref().map(Words::output)
    }
}

impl Encoder for NeuralEncoder {
    fn id(&self) -> &EncoderId {
        &self.id
    }

    fn encode(&self, pictures: &[&Picture]) -> Result<Vec<Vec<f32>>, EncodeError> {
        let failed =
            |error: NeuralError| EncodeError { encoder: self.id.name.clone(), reason: error.to_string() };
        self.vectors(pictures).map_err(failed)
    }

    fn text(&self) -> Option<&dyn TextEncoder> {
        self.words.as_ref().map(|words| words as &dyn TextEncoder)
    }
}
