//! What is asked of `vision::neural` about files that are at hand: whether they are what a description says, what the
//! description leaves open, and the encoder they make.
//!
//! An output that is named but is an inner value of the network is made an output first (`exposed`). Bytes come in here; reading them from files and judging their digests is `load`'s and `add`'s.

use super::exposed::exposed;
use lookalike_vision::encoder::{Encoder, EncoderId};
use lookalike_vision::neural::description::{ImageTower, Layout, TextTower};
use lookalike_vision::neural::session::{self, Engine, Input, Port, Session, SessionOptions};
use lookalike_vision::neural::{self, Description, NeuralEncoder};
use std::num::NonZero;
use std::sync::Arc;

pub(super) use lookalike_vision::neural::ModelBytes as Parts;

/// How exporters call the input that says which tokens count.
const MASK: &str = "attention_mask";

/// The engine asked for, or the best there is.
pub(super) fn engine(asked: Option<Engine>) -> Engine {
    asked.unwrap_or_else(Engine::best)
}

/// Makes the encoder.
pub(super) fn open(
    id: EncoderId,
    description: &Description,
    parts: Parts<'_>,
    engine: Engine,
    threads: NonZero<usize>,
) -> Result<Arc<dyn Encoder>, String> {
    let options = SessionOptions { threads };
    let opened = with_outputs(description, parts, |parts| {
        NeuralEncoder::open(id, description, parts, engine, &options)
    });
    Ok(Arc::new(opened.map_err(|error| error.to_string())?))
}

/// Runs drawn pictures, and texts where there is a text half, and judges what comes out.
pub(super) fn validate(description: &Description, parts: Parts<'_>, engine: Engine) -> Result<(), String> {
    let tried = with_outputs(description, parts, |parts| neural::validate(description, &parts, engine));
    tried.map(drop).map_err(|error| error.to_string())
}

/// Hands on the files with the outputs that the description names.
fn with_outputs<T>(description: &Description, parts: Parts<'_>, then: impl FnOnce(Parts<'_>) -> T) -> T {
    let image = exposed(parts.image, description.image.output.as_deref());
    let output = description.text.as_ref().and_then(|text| text.output.as_deref());
    let text = parts.text.map(|text| exposed(text, output));
    then(Parts { image: &image, text: text.as_deref(), tokenizer: parts.tokenizer })
}

/// What of a description may follow the files.
#[derive(Debug, Clone, Copy)]
pub(super) struct Open {
    /// Names of inputs and outputs that the files do not have: they are those of another export.
    pub(super) names: bool,
    /// The name of the output for pictures, among them.
    pub(super) image_output: bool,
    /// The name of the output for texts, among them.
    pub(super) text_output: bool,
    /// The length of vectors.
    pub(super) dimensions: bool,
}

impl Open {
    /// Nothing but what the description leaves out.
    pub(super) const NOTHING: Self =
        Self { names: false, image_output: false, text_output: false, dimensions: false };
}

/// Completes a description by what the files say of themselves.
pub(super) fn fit(
    description: &mut Description,
    parts: Parts<'_>,
    engine: Engine,
    open: Open,
) -> Result<(), String> {
    let session = |bytes: &[u8]| {
        let options = SessionOptions { threads: NonZero::<usize>::MIN };
        session::open(engine, bytes, &options).map_err(|error| error.to_string())
    };
    if let (Some(tower), Some(bytes)) = (&mut description.text, parts.text) {
        fit_text(tower, &*session(&exposed(bytes, tower.output.as_deref()))?, open);
    }
    if open.names || open.dimensions {
        let session = session(&exposed(parts.image, description.image.output.as_deref()))?;
        if open.names {
            fit_image(&mut description.image, &*session, open);
        }
        if open.dimensions {
            description.dimensions = dimensions(&description.image, &*session)?;
        }
    }
    Ok(())
}

fn has(ports: &[Port], name: &str) -> bool {
    ports.iter().any(|port| port.name == name)
}

fn fit_image(tower: &mut ImageTower, session: &dyn Session, open: Open) {
    tower.input = tower.input.take().filter(|name| has(session.inputs(), name));
    if open.image_output {
        tower.output = tower.output.take().filter(|name| has(session.outputs(), name));
    }
}

fn fit_text(tower: &mut TextTower, session: &dyn Session, open: Open) {
    if open.names {
        tower.input = tower.input.take().filter(|name| has(session.inputs(), name));
        tower.mask = tower.mask.take().filter(|name| has(session.inputs(), name));
        if open.text_output {
            tower.output = tower.output.take().filter(|name| has(session.outputs(), name));
        }
    }
    if tower.mask.is_none() && has(session.inputs(), MASK) {
        tower.mask = Some(MASK.to_owned());
    }
}

/// The length of the vectors that come out, told by running it once.
fn dimensions(tower: &ImageTower, session: &dyn Session) -> Result<usize, String> {
    let named = |error: session::PortError| format!("{error} (--output says which holds the vector)");
    let input =
        session::port(session.inputs(), tower.input.as_deref(), "input").map_err(|e| e.to_string())?;
    let output = session::port(session.outputs(), tower.output.as_deref(), "output").map_err(named)?;
    let side = tower.side_px() as usize;
    let shape = match tower.layout {
        Layout::Nchw => [1, 3, side, side],
        Layout::Nhwc => [1, side, side, 3],
    };
    let grey = vec![0.0; 3 * side * side];
    let ran = session.run(&[(&input.name, Input::F32(&shape, &grey))], &output.name);
    let given = ran.map_err(|error| error.to_string())?;
    match given.shape.as_slice() {
        [1, dimensions] | [1, dimensions, 1, 1] => Ok(*dimensions),
        shape => Err(format!(
            "its output `{}` has the shape {shape:?} for one picture, and a vector has (1, dimensions): name one that is \
             pooled with --output",
            output.name
        )),
    }
}
