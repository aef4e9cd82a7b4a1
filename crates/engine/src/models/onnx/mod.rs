//! ONNX files as data: read, changed and written without losing anything.
//!
//! The messages are onnx.proto's, by hand ([`graph`], [`tensor`], [`types`], [`sharding`]); [`read`] and [`write()`]
//! are the way in and out. Nothing here runs a network (`lookalike_vision::neural::session` does) or checks that a
//! graph makes sense: that is the runtime's business. `models::quantize` is the caller that changes graphs.
//!
//! Source: <https://github.com/onnx/onnx/blob/main/onnx/onnx.proto>, Apache-2.0.

mod census;
pub mod graph;
pub mod sharding;
pub mod tensor;
#[cfg(test)]
mod tests;
pub mod types;

pub use graph::{AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto};
pub use tensor::{TensorProto, data_type};
pub use types::ValueInfoProto;

use prost::Message;

/// Protobuf's own limit.
const LARGEST_FILE_BYTES: usize = i32::MAX as usize;

/// Reads a model that is complete in one file.
///
/// # Errors
/// When the bytes are no ONNX model, are too large or nest too deeply, or when weights lie in another file.
pub fn read(bytes: &[u8]) -> Result<ModelProto, OnnxError> {
    if bytes.len() > LARGEST_FILE_BYTES {
        return Err(OnnxError::TooLarge(bytes.len()));
    }
    census::check(bytes)?;
    let model = ModelProto::decode(bytes).map_err(|error| OnnxError::NoModel(error.to_string()))?;
    let Some(graph) = &model.graph else {
        return Err(OnnxError::NoModel("it holds no graph".to_owned()));
    };
    if let Some(elsewhere) = first_external(graph) {
        return Err(OnnxError::External(elsewhere));
    }
    Ok(model)
}

/// Writes a model.
///
/// # Errors
/// When it would be larger than protobuf allows.
pub fn write(model: &ModelProto) -> Result<Vec<u8>, OnnxError> {
    let length = model.encoded_len();
    if length > LARGEST_FILE_BYTES {
        return Err(OnnxError::TooLarge(length));
    }
    Ok(model.encode_to_vec())
}

/// Name of the first tensor, in this graph or one within it, whose elements lie in another file.
fn first_external(graph: &GraphProto) -> Option<String> {
    let sparse =
        graph.sparse_initializer.iter().flat_map(|sparse| sparse.values.iter().chain(&sparse.indices));
    let attributes = || graph.node.iter().flat_map(|node| &node.attribute);
    let tensors = graph.initializer.iter().chain(sparse).chain(
        attributes().flat_map(|attribute| attribute.t.as_deref().into_iter().chain(&attribute.tensors)),
    );
    let mut elsewhere =
        tensors.filter(|tensor| tensor.is_external()).map(|tensor| tensor.name.clone().unwrap_or_default());
    elsewhere.next().or_else(|| attributes().flat_map(AttributeProto::graphs).find_map(first_external))
}

impl AttributeProto {
    /// The graphs in it.
    pub fn graphs(&self) -> impl Iterator<Item = &GraphProto> {
        self.g.as_deref().into_iter().chain(&self.graphs)
    }
}

/// Bytes that are no model, or a model that cannot be worked with.
#[derive(Debug, thiserror::Error)]
pub enum OnnxError {
    /// Not ONNX, or damaged.
    #[error("not an ONNX model: {0}; is the file complete?")]
    NoModel(String),
    /// More than protobuf allows.
    #[error("a model of {0} bytes is too large: ONNX files hold at most 2 GiB")]
    TooLarge(usize),
    /// Graphs in graphs in graphs.
    #[error("not an ONNX model: its graphs nest too deeply")]
    TooDeep,
    /// More than any network has.
    #[error("not an ONNX model: it claims to have more than {0} parts")]
    TooManyParts(usize),
    /// Weights beside the file.
    #[error(
        "tensor `{0}` lies in another file (ONNX external data); save the model as a single file first \
         (onnx.save_model(onnx.load(path), out))"
    )]
    External(String),
    /// One constant that cannot be read.
    #[error("tensor `{name}` cannot be read: {reason}")]
    Tensor {
        /// Which one.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
}
