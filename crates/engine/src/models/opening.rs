//! What is asked of `vision::neural` about files that are at hand: whether they are what a description says, what the
//! description leaves open, and the encoder they make.
//!
//! An output that is named but is an inner value of the network is made an output first (`exposed`), and what rten needs
//! said is said to it (`spelled_out`). Bytes come in here; reading them from files and judging their digests is `load`'s
//! and `add`'s.

use super::damage::damaged_weights;
use super::exposed::exposed;
use super::runtime;
use super::spelled_out::spelled_out;
use lookalike_vision::encoder::{Encoder, EncoderId};
use lookalike_vision::neural::description::{ImageTower, TextTower};
use lookalike_vision::neural::session::{self, Engine, Port, Session, SessionError, SessionOptions};
use lookalike_vision::neural::{self, Description, NeuralEncoder, NeuralError};
use std::borrow::Cow;
use std::iter;
use std::num::NonZero;
use std::sync::Arc;

pub(super) use lookalike_vision::neural::ModelBytes as Parts;

/// How exporters call the input that says which tokens count.
const MASK: &str = "attention_mask";

/// The engine asked for, or the best there is. ONNX Runtime is looked for unless it is not wanted.
pub(super) fn engine(asked: Option<Engine>) -> Engine {
    if asked != Some(Engine::Rten) {
        runtime::find_and_load();
    }
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
    let opened = prepared(description, parts, engine, |parts| {
        NeuralEncoder::open(id, description, parts, engine, &options)
    });
    Ok(Arc::new(opened.map_err(|error| error.to_string())?))
}

/// Runs drawn pictures, and texts where there is a text half, and judges what comes out.
pub(super) fn validate(description: &Description, parts: Parts<'_>, engine: Engine) -> Result<(), String> {
    let tried = prepared(description, parts, engine, |parts| neural::validate(description, &parts, engine));
    tried.map_err(with_cure)?;
    // What a network does with them may hide them from what comes out: rten clips them to zero.
    match iter::once(parts.image).chain(parts.text).find_map(damaged_weights) {
        Some(name) => Err(format!(
            "its weights `{name}` hold values that are no numbers: the file is damaged, so compare it with its source, \
             or export it again"
        )),
        None => Ok(()),
    }
}

/// What is wrong, and what to do where the engine's words do not say so.
fn with_cure(error: NeuralError) -> String {
    match error {
        NeuralError::Session(SessionError::Run { .. }) => {
            format!("{error}: compare the file with its source, or export it again")
        }
        NeuralError::Port(_) | NeuralError::OutputShape { .. } => {
            format!("{error} (--output says which holds the vector)")
        }
        error => error.to_string(),
    }
}

/// Hands on the files as the engine takes them, with the outputs that the description names.
fn prepared<T>(
    description: &Description,
    parts: Parts<'_>,
    engine: Engine,
    then: impl FnOnce(Parts<'_>) -> T,
) -> T {
    let image = network(parts.image, description.image.output.as_deref(), engine);
    let output = description.text.as_ref().and_then(|text| text.output.as_deref());
    let text = parts.text.map(|text| network(text, output, engine));
    then(Parts { image: &image, text: text.as_deref(), tokenizer: parts.tokenizer })
}

/// A network with this output, as the engine takes it.
fn network<'a>(model: &'a [u8], output: Option<&str>, engine: Engine) -> Cow<'a, [u8]> {
    let model = exposed(model, output);
    if engine != Engine::Rten {
        return model;
    }
    let said = match spelled_out(&model) {
        Cow::Owned(said) => Some(said),
        Cow::Borrowed(_) => None,
    };
    said.map_or(model, Cow::Owned)
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
        fit_text(tower, &*session(&network(bytes, tower.output.as_deref(), engine))?, open);
    }
    if open.names {
        let session = session(&network(parts.image, description.image.output.as_deref(), engine))?;
        fit_image(&mut description.image, &*session, open);
    }
    if open.dimensions {
        description.dimensions = dimensions(description, parts.image, engine)?;
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

/// The length of the vectors that come out, told by running it.
fn dimensions(description: &Description, image: &[u8], engine: Engine) -> Result<usize, String> {
    let pictures = Description { dimensions: 1, text: None, ..description.clone() };
    let parts = Parts { image, text: None, tokenizer: None };
    match prepared(&pictures, parts, engine, |parts| neural::validate(&pictures, &parts, engine)) {
        Ok(tried) => Ok(tried.dimensions),
        Err(NeuralError::Dimensions { found, .. }) => Ok(found),
        Err(error) => Err(with_cure(error)),
    }
}
