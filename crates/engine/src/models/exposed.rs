//! One value of a network as its only output: the pooled features of a classifier whose file offers class scores, alone or
//! beside them. What only the other outputs need is then not computed.
//!
//! Only the list of outputs in the bytes handed to an engine is replaced; files stay as they are, and so do their digests.
//! The walk through the file (`fields`) follows ONNX's protobuf schema (`onnx.proto`: `ModelProto.graph` = 7, `GraphProto.node` = 1,
//! `.output` = 12, `NodeProto.output` = 2, `ValueInfoProto.name` = 1) and understands nothing else of it. What a file
//! must otherwise be is the engines' business.

use super::fields::Fields;
use std::borrow::Cow;

const MODEL_GRAPH: u64 = 7;
const GRAPH_NODE: u64 = 1;
const GRAPH_OUTPUT: u64 = 12;
const NODE_OUTPUT: u64 = 2;
const NAME: u64 = 1;
/// `type { tensor_type { elem_type: FLOAT } }` of a `ValueInfoProto`, its shape left open.
const FLOAT_TENSOR: [u8; 6] = [0x12, 4, 0x0a, 2, 0x08, 1];

/// The network with `output` as its one output, where that is the name of an inner value or of one among several outputs;
/// else the network as it is.
pub(super) fn exposed<'a>(model: &'a [u8], output: Option<&str>) -> Cow<'a, [u8]> {
    output.and_then(|output| replaced(model, output)).map_or(Cow::Borrowed(model), Cow::Owned)
}

fn replaced(model: &[u8], output: &str) -> Option<Vec<u8>> {
    let graph = Fields(model).find_map(|field| field.ok()?.message(MODEL_GRAPH))?;
    let (mut inner, mut outputs, mut offered) = (false, 0, None);
    for field in Fields(graph) {
        let field = field.ok()?;
        if let Some(value) = field.message(GRAPH_OUTPUT) {
            outputs += 1;
            offered = offered.or(Fields(value).hold(NAME, output).then_some(value));
        }
        inner |= field.message(GRAPH_NODE).is_some_and(|node| Fields(node).hold(NODE_OUTPUT, output));
    }
    let value = match offered {
        Some(_) if outputs == 1 => return None,
        Some(value) => value.to_vec(),
        None if inner => {
            let mut value = Vec::new();
            write_message(&mut value, NAME, output.as_bytes());
            value.extend_from_slice(&FLOAT_TENSOR);
            value
        }
        None => return None,
    };
    let mut new_graph = Vec::with_capacity(graph.len() + value.len() + 16);
    for field in Fields(graph) {
        let field = field.ok()?;
        if field.number != GRAPH_OUTPUT {
            new_graph.extend_from_slice(field.whole);
        }
    }
    write_message(&mut new_graph, GRAPH_OUTPUT, &value);
    let mut new_model = Vec::with_capacity(model.len() + value.len() + 32);
    for field in Fields(model) {
        let field = field.ok()?;
        if field.number != MODEL_GRAPH {
            new_model.extend_from_slice(field.whole);
        }
    }
    write_message(&mut new_model, MODEL_GRAPH, &new_graph);
    Some(new_model)
}

fn write_message(out: &mut Vec<u8>, number: u64, bytes: &[u8]) {
    write_varint(out, number << 3 | 2);
    write_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn write_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;
    use lookalike_vision::neural::session::{Engine, Input, Session, SessionOptions, onnxruntime, open};
    use std::num::NonZero;
    use std::path::Path;

    fn fixture() -> Vec<u8> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/neural/sessions");
        std::fs::read(Path::new(folder).join("nan.onnx")).unwrap()
    }

    fn engines() -> Vec<Engine> {
        let Some(path) = std::env::var_os("ORT_DYLIB_PATH").filter(|path| !path.is_empty()) else {
            println!("skipped with ONNX Runtime: ORT_DYLIB_PATH names no library");
            return vec![Engine::Rten];
        };
        onnxruntime::load(Path::new(&path)).unwrap();
        vec![Engine::Rten, Engine::OnnxRuntime]
    }

    #[test]
    fn an_inner_value_comes_out_and_nothing_after_it_matters() {
        let model = fixture();
        let options = SessionOptions { threads: NonZero::<usize>::MIN };
        let pooled = exposed(&model, Some("pooled"));
        for engine in engines() {
            // The values after it are not numbers in this file.
            let session = open(engine, &pooled, &options).unwrap();
            assert_eq!(
                session.outputs().iter().map(|port| port.name.as_str()).collect::<Vec<_>>(),
                ["pooled"]
            );
            let grey = vec![0.5; 2 * 3 * 64];
            let out = session.run(&[("input", Input::F32(&[2, 3, 8, 8], &grey))], "pooled").unwrap();
            assert_eq!(out.shape, [2, 6, 1, 1]);
            assert!(out.values.iter().all(|value| value.is_finite()));
        }
    }

    #[test]
    fn of_several_outputs_the_one_asked_for_is_kept_as_it_was() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/neural/sessions");
        let model = std::fs::read(Path::new(folder).join("image.onnx")).unwrap();
        let options = SessionOptions { threads: NonZero::<usize>::MIN };
        let embedding = exposed(&model, Some("embedding"));
        for engine in engines() {
            let (whole, alone) =
                (open(engine, &model, &options).unwrap(), open(engine, &embedding, &options).unwrap());
            assert_eq!((whole.outputs().len(), alone.outputs()), (2, &whole.outputs()[..1]));
            let picture: Vec<f32> = (0..3 * 64).map(|n| (n as f32).sin()).collect();
            let run = |session: &dyn Session| {
                session.run(&[("input", Input::F32(&[1, 3, 8, 8], &picture))], "embedding")
            };
            assert_eq!(run(&*whole).unwrap(), run(&*alone).unwrap());
        }
    }

    #[test]
    fn outputs_that_are_there_or_nowhere_change_nothing() {
        let model = fixture();
        for output in [None, Some("embedding"), Some("nothing"), Some("w1")] {
            assert!(matches!(exposed(&model, output), Cow::Borrowed(_)), "{output:?}");
        }
    }

    #[test]
    fn no_bytes_are_too_broken() {
        let model = fixture();
        for end in 0..model.len() {
            exposed(&model[..end], Some("pooled"));
        }
        for at in 0..300 {
            for value in [0, 0x7f, 0xff] {
                let mut bytes = model.clone();
                bytes[at] = value;
                exposed(&bytes, Some("pooled"));
            }
        }
    }
}
