//! One half of an encoder: a session, the ports used, and what is made of its output.
//!
//! It knows nothing of pictures or words; tensors come in, checked vectors go out.

use super::NeuralError;
use crate::neural::session::{Element, Input, Port, Session, port};

/// A network whose one output is a vector per item.
pub(super) struct Tower {
    session: Box<dyn Session>,
    output: String,
    dimensions: usize,
    normalise: bool,
}

impl Tower {
    pub(super) fn new(
        session: Box<dyn Session>,
        output: Option<&str>,
        dimensions: usize,
        normalise: bool,
    ) -> Result<Self, NeuralError> {
        let output = port(session.outputs(), output, "output")?.name.clone();
        Ok(Self { session, output, dimensions, normalise })
    }

    pub(super) fn session(&self) -> &dyn Session {
        &*self.session
    }

    pub(super) fn output(&self) -> &str {
        &self.output
    }

    /// Runs the network for `items` items and gives a vector for each.
    pub(super) fn vectors(
        &self,
        items: usize,
        inputs: &[(&str, Input<'_>)],
    ) -> Result<Vec<Vec<f32>>, NeuralError> {
        let given = self.session.run(inputs, &self.output)?;
        let output = || self.output.clone();
        let found = match *given.shape.as_slice() {
            [n, found] | [n, found, 1, 1] if n == items => found,
            _ => return Err(NeuralError::OutputShape { output: output(), shape: given.shape, items }),
        };
        if found != self.dimensions {
            return Err(NeuralError::Dimensions { output: output(), found, described: self.dimensions });
        }
        given.values.chunks_exact(found).map(|vector| self.checked(vector)).collect()
    }

    fn checked(&self, vector: &[f32]) -> Result<Vec<f32>, NeuralError> {
        if !vector.iter().all(|value| value.is_finite()) {
            return Err(NeuralError::NotFinite(self.output.clone()));
        }
        let length = vector.iter().map(|&value| f64::from(value) * f64::from(value)).sum::<f64>().sqrt();
        if length < f64::from(f32::MIN_POSITIVE) {
            return Err(NeuralError::Zero(self.output.clone()));
        }
        if !self.normalise {
            return if (length - 1.0).abs() < LENGTH_TOLERANCE {
                Ok(vector.to_vec())
            } else {
                Err(NeuralError::NotUnit { output: self.output.clone(), length: length as f32 })
            };
        }
        Ok(vector.iter().map(|&value| (f64::from(value) / length) as f32).collect())
    }
}

/// How far from 1 the length of a vector may be that a network has normalised itself.
const LENGTH_TOLERANCE: f64 = 1e-3;

/// Whether `port` takes only one item at a time. Absent where it is fixed to several.
pub(super) fn one_at_a_time(port: &Port) -> Option<bool> {
    match port.shape.as_deref() {
        Some([Some(1), ..]) => Some(true),
        Some([Some(_), ..]) => None,
        _ => Some(false),
    }
}

/// As a person writes a shape, `?` for lengths that vary.
pub(super) fn shown(shape: &[Option<usize>]) -> String {
    let lengths: Vec<String> =
        shape.iter().map(|length| length.map_or("?".to_owned(), |length| length.to_string())).collect();
    format!("({})", lengths.join(", "))
}

/// Refuses an input of another kind than floats or, for words, integers.
pub(super) fn check_kind(port: &Port, words: bool) -> Result<(), NeuralError> {
    let (takes, wanted) = match (port.element, words) {
        (Element::F32, false) | (Element::I32 | Element::I64, true) => return Ok(()),
        (Element::F32, true) => ("floats", "text"),
        (Element::I32 | Element::I64, false) => ("integers", "image"),
        (Element::Other, true) => ("neither floats nor 32- or 64-bit integers", "text"),
        (Element::Other, false) => ("something other than 32-bit floats", "image"),
    };
    Err(NeuralError::InputKind { input: port.name.clone(), takes, wanted })
}
