//! `look-1`, the encoder of our own: a small network whose weights are part of the program, and two descriptors that need
//! none.
//!
//! For the network a picture is squashed to 96 x 96 pixels by averaging areas, as its training did, and 256 numbers of
//! unit length come out. [`descriptor`] says which colours the picture has and where its edges run. A vector is the three
//! one after the other, so that its dot product with another is the mean of three cosines, weighted as below. The network
//! is opened when the first picture comes: whoever only asks for the name or the digest does not wait for it. `training/`
//! makes the weights, and its CARD.md says of what; what runs them is [`crate::neural`].

use crate::Picture;
use crate::encoder::{EncodeError, Encoder, EncoderId};
use crate::neural::description::{
    Channels, Description, ImageTower, Interpolation, Layout, Library, Resize, ResizeRule,
};
use crate::neural::identity::{self, FileDigests};
use crate::neural::session::{Engine, SessionOptions};
use crate::neural::{ModelBytes, NeuralEncoder};
use descriptor::{Descriptor, unit};
use std::num::NonZero;
use std::sync::{LazyLock, OnceLock};

mod colours;
mod descriptor;
#[cfg(test)]
mod tests;

pub use colours::Colours;

/// What it is called.
pub const NAME: &str = "look-1";

/// Numbers that the network gives.
pub const NETWORK_DIMENSIONS: usize = 256;

/// Length of its vectors.
pub const DIMENSIONS: usize = NETWORK_DIMENSIONS + descriptor::COLOURS + descriptor::EDGES;

/// What a cosine is the mean of: the network's counts 1, and so much these. Measured on edited copies, see CARD.md.
const WEIGHTS_FOR_COPIES: Beside = Beside { colours: 0.5, edges: 0.4 };

/// The same where other photos of a product are asked for: an edited copy may have another tone, another photo of a red shirt
/// shows a red shirt.
const WEIGHTS_FOR_PRODUCTS: Beside = Beside { colours: 2.0, edges: 0.2 };

/// What the two descriptors count, where the network counts 1.
struct Beside {
    colours: f32,
    edges: f32,
}

impl Beside {
    const fn all(&self) -> f32 {
        1.0 + self.colours + self.edges
    }
}

/// The network as ONNX: input `input`, RGB in 0..=1; output `embedding`.
pub static WEIGHTS: &[u8] = include_bytes!("look-1.onnx");

/// Side of the square that a picture is squashed to.
const SIDE_PX: u32 = 96;

/// How the network is fed and read.
pub fn description() -> &'static Description {
    static DESCRIPTION: LazyLock<Description> = LazyLock::new(|| Description {
        name: NAME.to_owned(),
        dimensions: NETWORK_DIMENSIONS,
        licence: env!("CARGO_PKG_LICENSE").to_owned(),
        image: ImageTower {
            input: Some("input".to_owned()),
            output: Some("embedding".to_owned()),
            resize: Resize {
                rule: ResizeRule::Squash,
                px: SIDE_PX,
                library: Library::Opencv,
                filter: Interpolation::Area,
            },
            crop_px: None,
            mean: [0.0; 3],
            std: [1.0; 3],
            layout: Layout::Nchw,
            channels: Channels::Rgb,
            normalise: true,
        },
        text: None,
    });
    &DESCRIPTION
}

/// What its vectors carry. The digest is taken once, of the weights, of how they are fed and of what stands beside them,
/// whatever runs them.
pub fn id() -> &'static EncoderId {
    static ID: LazyLock<EncoderId> = LazyLock::new(|| {
        let files = FileDigests { image: identity::sha256(WEIGHTS), text: None, tokenizer: None };
        let network = identity::digest(description(), &files);
        let Beside { colours, edges } = WEIGHTS_FOR_COPIES;
        let whole = format!("{network} {} {colours} {edges}", descriptor::RECIPE);
        let digest = identity::sha256(whole.as_bytes());
        EncoderId { name: NAME.to_owned(), digest, dimensions: DIMENSIONS }
    });
    &ID
}

/// The encoder.
pub struct Look {
    engine: Engine,
    options: SessionOptions,
    network: OnceLock<Result<NeuralEncoder, String>>,
}

impl Look {
    /// Run by `engine`, with `threads` for each run.
    pub fn new(engine: Engine, threads: NonZero<usize>) -> Self {
        Self { engine, options: SessionOptions { threads }, network: OnceLock::new() }
    }

    /// The network's part, of unit length.
    fn by_network(&self, pictures: &[&Picture]) -> Result<Vec<Vec<f32>>, EncodeError> {
        let network = self.network()?;
        if self.engine != Engine::Rten {
            return network.encode(pictures);
        }
        // rten sums a batch in another order than a picture alone and gains nothing by it. One at a time, a vector does not
        // depend on the pictures beside it, not even in its last bit; ONNX Runtime's does not as it is.
        let mut vectors = Vec::with_capacity(pictures.len());
        for picture in pictures {
            vectors.extend(network.encode(&[picture])?);
        }
        Ok(vectors)
    }

    fn network(&self) -> Result<&NeuralEncoder, EncodeError> {
        let files = ModelBytes { image: WEIGHTS, text: None, tokenizer: None };
        let opened = self.network.get_or_init(|| {
            NeuralEncoder::open(id().clone(), description(), files, self.engine, &self.options)
                .map_err(|error| error.to_string())
        });
        opened.as_ref().map_err(|reason| EncodeError { encoder: NAME.to_owned(), reason: reason.clone() })
    }
}

impl Default for Look {
    /// By the engine that is built in, on one thread.
    fn default() -> Self {
        Self::new(Engine::Rten, NonZero::<usize>::MIN)
    }
}

impl Encoder for Look {
    fn id(&self) -> &EncoderId {
        id()
    }

    fn encode(&self, pictures: &[&Picture]) -> Result<Vec<Vec<f32>>, EncodeError> {
        let vectors = self.by_network(pictures)?;
        pictures.iter().zip(vectors).map(|(picture, network)| beside(picture, network)).collect()
    }
}

/// The network's part with the picture's colours and edges beside it, of unit length.
fn beside(picture: &Picture, network: Vec<f32>) -> Result<Vec<f32>, EncodeError> {
    let Descriptor { colours, edges } = Descriptor::of(picture)
        .map_err(|error| EncodeError { encoder: NAME.to_owned(), reason: error.to_string() })?;
    let mut vector = network;
    vector.extend(colours.into_iter().map(|value| value * WEIGHTS_FOR_COPIES.colours.sqrt()));
    vector.extend(edges.into_iter().map(|value| value * WEIGHTS_FOR_COPIES.edges.sqrt()));
    Ok(unit(vector))
}

/// A query by which to ask for other photos of a product: the dot product of what this makes of one vector with another
/// vector, as it is stored, is the mean of the same three cosines under other weights. It is not of unit length. What is not
/// of [`DIMENSIONS`] numbers is given back as it is.
pub fn for_products(vector: &[f32]) -> Vec<f32> {
    if vector.len() != DIMENSIONS {
        return vector.to_vec();
    }
    let (copies, products) = (WEIGHTS_FOR_COPIES, WEIGHTS_FOR_PRODUCTS);
    let network = copies.all() / products.all();
    let counts =
        [network, network * products.colours / copies.colours, network * products.edges / copies.edges];
    let lengths = [NETWORK_DIMENSIONS, descriptor::COLOURS, descriptor::EDGES];
    let factors =
        counts.into_iter().zip(lengths).flat_map(|(count, length)| std::iter::repeat_n(count, length));
    vector.iter().zip(factors).map(|(value, factor)| value * factor).collect()
}
