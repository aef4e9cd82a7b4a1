//! The half of an encoder that sees.

use super::tower::{self, Tower};
use super::{LARGEST_BATCH, NeuralError};
use crate::Picture;
use crate::neural::description::{ImageTower, Layout};
use crate::neural::session::{Engine, Input, SessionOptions, open, port};
use crate::neural::tensor::Preprocessor;
use std::thread;

/// Makes vectors from pictures.
pub(super) struct Pictures {
    tower: Tower,
    input: String,
    preprocessor: Preprocessor,
    layout: Layout,
    side: usize,
    largest_batch: usize,
    threads: usize,
}

impl Pictures {
    pub(super) fn open(
        described: &ImageTower,
        dimensions: usize,
        model: &[u8],
        engine: Engine,
        options: &SessionOptions,
    ) -> Result<Self, NeuralError> {
        let session = open(engine, model, options)?;
        let tower = Tower::new(session, described.output.as_deref(), dimensions, described.normalise)?;
        let inputs = tower.session().inputs();
        let input = port(inputs, described.input.as_deref(), "input")?;
        tower::check_kind(input, false)?;
        if let Some(left) = inputs.iter().find(|other| other.name != input.name) {
            let cure = "export the image half of the model as a file of its own";
            return Err(NeuralError::InputLeft { input: left.name.clone(), cure });
        }
        let side = described.side_px() as usize;
        let makes = match described.layout {
            Layout::Nchw => [None, Some(3), Some(side), Some(side)],
            Layout::Nhwc => [None, Some(side), Some(side), Some(3)],
        };
        let one_at_a_time = tower::one_at_a_time(input);
        if let Some(wants) = &input.shape {
            let fits = wants.len() == makes.len()
                && wants
                    .iter()
                    .zip(&makes)
                    .all(|(wants, makes)| wants.is_none() || makes.is_none() || wants == makes);
            let cure = match (fits, one_at_a_time, wants.as_slice()) {
                (true, Some(_), _) => None,
                (true, None, _) => Some("export the model with a dynamic batch axis"),
                (false, _, [_, _, _, Some(3)]) if described.layout == Layout::Nchw => {
                    Some("set `layout = \"nhwc\"`, and `crop_px` or `px` to its side")
                }
                (false, _, [_, Some(3), _, _]) if described.layout == Layout::Nhwc => {
                    Some("set `layout = \"nchw\"`, and `crop_px` or `px` to its side")
                }
                (false, _, [_, Some(channels), _, _])
                    if *channels != 3 && described.layout == Layout::Nchw =>
                {
                    Some("it takes no colour pictures, so use a network that does")
                }
                (false, ..) => Some(
                    "set `crop_px` (or, without a crop, `px`) in the description, or --size, to its side",
                ),
            };
            if let Some(cure) = cure {
                let (wants, makes) = (tower::shown(wants), tower::shown(&makes));
                return Err(NeuralError::InputShape { input: input.name.clone(), wants, makes, cure });
            }
        }
        Ok(Self {
            input: input.name.clone(),
            preprocessor: Preprocessor::new(described),
            layout: described.layout,
            side,
            largest_batch: if one_at_a_time == Some(true) { 1 } else { LARGEST_BATCH },
            threads: options.threads.get(),
            tower,
        })
    }

    pub(super) fn output(&self) -> &str {
        self.tower.output()
    }

    pub(super) fn vectors(&self, pictures: &[&Picture]) -> Result<Vec<Vec<f32>>, NeuralError> {
        let mut vectors = Vec::with_capacity(pictures.len());
        let mut tensor = vec![0.0; self.preprocessor.len() * pictures.len().min(self.largest_batch)];
        for batch in pictures.chunks(self.largest_batch) {
            let (filled, _) = tensor.split_at_mut(self.preprocessor.len() * batch.len());
            self.fill(batch, filled);
            let (n, side) = (batch.len(), self.side);
            let shape = match self.layout {
                Layout::Nchw => [n, 3, side, side],
                Layout::Nhwc => [n, side, side, 3],
            };
            vectors.extend(self.tower.vectors(n, &[(&self.input, Input::F32(&shape, filled))])?);
        }
        Ok(vectors)
    }

    /// Makes the tensor of a batch, on as many threads as a run takes.
    fn fill(&self, batch: &[&Picture], tensor: &mut [f32]) {
        let each = |batch: &[&Picture], tensor: &mut [f32]| {
            for (picture, part) in batch.iter().zip(tensor.chunks_exact_mut(self.preprocessor.len())) {
                self.preprocessor.fill(picture, part);
            }
        };
        let share = batch.len().div_ceil(self.threads.max(1)).max(1);
        if share == batch.len() {
            return each(batch, tensor);
        }
        thread::scope(|scope| {
            for (batch, part) in batch.chunks(share).zip(tensor.chunks_mut(share * self.preprocessor.len())) {
                scope.spawn(move || each(batch, part));
            }
        });
    }
}
