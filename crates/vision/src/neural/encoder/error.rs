//! Why a network is no encoder, or failed to be one just now.

use crate::neural::description::DescriptionError;
use crate::neural::session::{PortError, SessionError};
use crate::neural::tokenizer::TokenizerError;

/// A network that cannot be used as its description says.
#[derive(Debug, thiserror::Error)]
pub enum NeuralError {
    /// The description makes no sense.
    #[error(transparent)]
    Description(#[from] DescriptionError),
    /// The engine cannot load or run it.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// It lacks an input or output.
    #[error("{0} (`input` and `output` in the description say which are used)")]
    Port(#[from] PortError),
    /// The tokenizer's file cannot be used.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// A file is missing.
    #[error("the description has a `[text]` part, but no {0} was given")]
    Missing(&'static str),
    /// A file too many.
    #[error(
        "a text model was given, but the description has no `[text]` part: add one, or leave the file away"
    )]
    TextNotDescribed,
    /// An input of another kind than expected.
    #[error("the input `{input}` takes {takes}, so this is no {wanted} network: were the two files swapped?")]
    InputKind {
        /// The input's name.
        input: String,
        /// What it takes.
        takes: &'static str,
        /// What it was given as.
        wanted: &'static str,
    },
    /// An input that would be left without a value.
    #[error("the model also wants the input `{input}`: {cure}")]
    InputLeft {
        /// The input's name.
        input: String,
        /// What to do.
        cure: &'static str,
    },
    /// The description makes tensors that do not fit.
    #[error("the input `{input}` wants the shape {wants}, but the description makes {makes}: {cure}")]
    InputShape {
        /// The input's name.
        input: String,
        /// As the file says.
        wants: String,
        /// As the description says.
        makes: String,
        /// What to change.
        cure: &'static str,
    },
    /// The output holds something else than a vector for each item.
    #[error(
        "the output `{output}` has the shape {shape:?} for {items} items: it must be ({items}, dimensions), so name \
         an output that is pooled"
    )]
    OutputShape {
        /// The output's name.
        output: String,
        /// What came.
        shape: Vec<usize>,
        /// How many items were given.
        items: usize,
    },
    /// Vectors of another length than described.
    #[error("the output `{output}` has {found} dimensions, but the description says {described}")]
    Dimensions {
        /// The output's name.
        output: String,
        /// What came.
        found: usize,
        /// What was described.
        described: usize,
    },
    /// Infinite or no numbers.
    #[error(
        "the output `{0}` holds numbers that are not finite: the weights are damaged, or the input range is wrong"
    )]
    NotFinite(String),
    /// A vector without direction.
    #[error("the output `{0}` is zero throughout, which has no direction to compare")]
    Zero(String),
    /// A vector that should have had length 1.
    #[error("the output `{output}` has length {length}, not 1: set `normalise = true` in the description")]
    NotUnit {
        /// The output's name.
        output: String,
        /// Its Euclidean length.
        length: f32,
    },
    /// Different items, the same vector.
    #[error(
        "the output `{0}` is the same for different probes: the weights are damaged, or it is the wrong output"
    )]
    Constant(String),
    /// An item's vector depends on its neighbours.
    #[error(
        "the output `{output}` for two items at once differs from each alone (cosine {cosine:.5}): export the model \
         for inference, with a dynamic batch axis"
    )]
    BatchMixed {
        /// The output's name.
        output: String,
        /// Of the pair that differs most.
        cosine: f32,
    },
}
