//! Pictures as the tensors a network takes, and the batches they go in.

use super::QuantizeError;
use lookalike_vision::neural::session::{Element, Session};

/// Pictures, each a tensor of the network's input without its first axis, ready to be fed.
#[derive(Debug, Clone, PartialEq)]
pub struct Pictures {
    shape: Vec<usize>,
    tensors: Vec<Vec<f32>>,
}

impl Pictures {
    /// Tensors of one shape, such as `[3, 224, 224]`.
    ///
    /// # Errors
    /// When there is none, or one is not as long as the shape says.
    pub fn new(shape: &[usize], tensors: Vec<Vec<f32>>) -> Result<Self, QuantizeError> {
        if tensors.is_empty() {
            return Err(QuantizeError::NoPictures);
        }
        let expected: usize = shape.iter().product();
        match tensors.iter().find(|tensor| tensor.len() != expected) {
            Some(tensor) => Err(QuantizeError::Shape { shape: shape.to_vec(), given: tensor.len() }),
            None => Ok(Self { shape: shape.to_vec(), tensors }),
        }
    }

    /// How many there are; never 0.
    #[expect(clippy::len_without_is_empty, reason = "there is always one")]
    pub fn len(&self) -> usize {
        self.tensors.len()
    }

    /// The pictures at some places one after the other, the last again until the batch is full, and the shape of it.
    pub(super) fn batch(&self, places: &[usize], at_least: usize) -> (Vec<usize>, Vec<f32>) {
        let tensors = || places.iter().filter_map(|&place| self.tensors.get(place));
        let again = tensors().next_back().into_iter().cycle().take(at_least.saturating_sub(places.len()));
        let values = tensors().chain(again).flatten().copied().collect();
        let mut shape = vec![places.len().max(at_least)];
        shape.extend(&self.shape);
        (shape, values)
    }

    /// How a network is to be fed: `wanted` pictures at a time, or what it insists on.
    ///
    /// # Errors
    /// When it has not exactly one input of floats that these pictures fit.
    pub(super) fn fits(&self, session: &dyn Session, wanted: usize) -> Result<Feed, QuantizeError> {
        let [input] = session.inputs() else { return Err(QuantizeError::Inputs(session.inputs().len())) };
        if input.element != Element::F32 {
            return Err(QuantizeError::NoFloatInput(input.name.clone()));
        }
        let any = Feed { input: input.name.clone(), batch: wanted, at_least: 0 };
        let Some(shape) = &input.shape else { return Ok(any) };
        let unfit = || QuantizeError::Unfit { input: input.name.clone(), shape: self.shape.clone() };
        let (first, rest) = shape.split_first().ok_or_else(unfit)?;
        let agree = rest.len() == self.shape.len()
            && rest.iter().zip(&self.shape).all(|(axis, length)| axis.is_none_or(|axis| axis == *length));
        if !agree {
            return Err(unfit());
        }
        Ok(match *first {
            Some(batch) => Feed { batch: batch.max(1), at_least: batch.max(1), ..any },
            None => any,
        })
    }
}

/// How a network is fed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Feed {
    /// Name of its input.
    pub(super) input: String,
    /// Pictures at a time.
    pub(super) batch: usize,
    /// Not fewer than this at a time; 0 where any number goes.
    pub(super) at_least: usize,
}
