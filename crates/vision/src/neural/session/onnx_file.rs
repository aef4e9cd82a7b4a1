//! What an ONNX file says of itself, read without its weights: its operators, and whether all of it is in the file.
//!
//! A file is one protobuf message (`onnx.proto3`, `ModelProto`); only the few fields needed here are looked at, the
//! rest is stepped over, so that a file of hundreds of megabytes costs microseconds. This finds what an engine would get
//! wrong in silence or could only complain of in a riddle. It does not check that the graph makes sense: engines do.

use super::Engine;
use std::collections::BTreeSet;

/// How deep graphs may lie in graphs (bodies of loops and conditions).
const DEEPEST: usize = 32;

/// What is in a file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Contents {
    /// Names of the operators used, inner graphs and functions included.
    operators: BTreeSet<String>,
    /// Name of a file that some weights are said to be in.
    outside: Option<String>,
    /// Whether a window is padded by `SAME_LOWER`.
    padded_lower: bool,
}

impl Contents {
    /// Reads a file's table of contents.
    ///
    /// # Errors
    /// When it is empty, cut short, or no ONNX file.
    pub(super) fn of(model: &[u8]) -> Result<Self, String> {
        if model.is_empty() {
            return Err("the file is empty".to_owned());
        }
        let mut contents = Self::default();
        let broken = || {
            "this is no ONNX file, or one that was cut short or damaged: compare its size and checksum with its source"
                .to_owned()
        };
        contents.model(model).ok_or_else(broken)?;
        if contents.operators.is_empty() {
            return Err("this is no ONNX file, or one without a graph".to_owned());
        }
        Ok(contents)
    }

    /// Whether `engine` may be given the file.
    ///
    /// # Errors
    /// Says what stands in the way, and what to do.
    pub(super) fn check(&self, engine: Engine) -> Result<(), String> {
        if let Some(name) = &self.outside {
            return Err(format!(
                "weights are said to be in another file, {name:?}: save the model as a single file (in Python, \
                 `onnx.save(onnx.load(path), one_file)`)"
            ));
        }
        if engine == Engine::Rten
            && let Some(name) = super::rten::REFUSED.iter().find(|name| self.operators.contains(**name))
        {
            return Err(format!(
                "its operator {name} gives wrong numbers in this engine: use ONNX Runtime (`lookalike runtime \
                 install`), or a model that is not quantised"
            ));
        }
        if engine == Engine::Rten && self.padded_lower {
            return Err("its auto_pad SAME_LOWER gives wrong numbers in this engine: use ONNX Runtime (`lookalike runtime \
                        install`), or export the model with explicit pads"
                .to_owned());
        }
        Ok(())
    }

    /// `ModelProto`: 7 is the graph, 25 are functions.
    fn model(&mut self, message: &[u8]) -> Option<()> {
        each_field(message, |number, value| match (number, value) {
            (7, Value::Bytes(graph)) => self.graph(graph, 0),
            // `FunctionProto`: 7 are nodes.
            (25, Value::Bytes(function)) => each_field(function, |number, value| match (number, value) {
                (7, Value::Bytes(node)) => self.node(node, 0),
                _ => Some(()),
            }),
            _ => Some(()),
        })
    }

    /// `GraphProto`: 1 are nodes, 5 initial values.
    fn graph(&mut self, message: &[u8], depth: usize) -> Option<()> {
        if depth > DEEPEST {
            return None;
        }
        each_field(message, |number, value| match (number, value) {
            (1, Value::Bytes(node)) => self.node(node, depth),
            (5, Value::Bytes(tensor)) => self.tensor(tensor),
            _ => Some(()),
        })
    }

    /// `NodeProto`: 4 is the operator's name, 5 are attributes, of which (`AttributeProto`) 4 is a text, 5 a tensor, 6 a graph
    /// and 11 are graphs.
    fn node(&mut self, message: &[u8], depth: usize) -> Option<()> {
        each_field(message, |number, value| match (number, value) {
            (4, Value::Bytes(name)) => {
                self.operators.insert(String::from_utf8_lossy(name).into_owned());
                Some(())
            }
            (5, Value::Bytes(attribute)) => each_field(attribute, |number, value| match (number, value) {
                (4, Value::Bytes(text)) => {
                    self.padded_lower |= text == b"SAME_LOWER";
                    Some(())
                }
                (5, Value::Bytes(tensor)) => self.tensor(tensor),
                (6 | 11, Value::Bytes(graph)) => self.graph(graph, depth + 1),
                _ => Some(()),
            }),
            _ => Some(()),
        })
    }

    /// `TensorProto`: 13 says where outside the file the values are, as keys (1) and values (2).
    fn tensor(&mut self, message: &[u8]) -> Option<()> {
        each_field(message, |number, value| match (number, value) {
            (13, Value::Bytes(entry)) => {
                let (mut key, mut named) = (&[][..], &[][..]);
                each_field(entry, |number, value| {
                    match (number, value) {
                        (1, Value::Bytes(bytes)) => key = bytes,
                        (2, Value::Bytes(bytes)) => named = bytes,
                        _ => {}
                    }
                    Some(())
                })?;
                if key == b"location" {
                    self.outside = Some(String::from_utf8_lossy(named).into_owned());
                }
                Some(())
            }
            _ => Some(()),
        })
    }
}

/// A field's value, as far as it is of interest.
enum Value<'a> {
    /// A string, bytes, or a message within.
    Bytes(&'a [u8]),
    /// A number.
    Number,
}

/// Gives each field of a message in turn. `None` when the message is malformed, or when `read` says so.
fn each_field<'a>(mut message: &'a [u8], mut read: impl FnMut(u64, Value<'a>) -> Option<()>) -> Option<()> {
    while !message.is_empty() {
        let key = number(&mut message)?;
        let value = match key & 7 {
            0 => number(&mut message).map(|_| Value::Number),
            1 => take(&mut message, 8).map(|_| Value::Number),
            2 => {
                let length = usize::try_from(number(&mut message)?).ok()?;
                take(&mut message, length).map(Value::Bytes)
            }
            5 => take(&mut message, 4).map(|_| Value::Number),
            _ => None,
        }?;
        read(key >> 3, value)?;
    }
    Some(())
}

/// Reads a number of 1 to 10 bytes, the lowest seven bits first.
fn number(message: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..70).step_by(7) {
        let (&byte, rest) = message.split_first()?;
        *message = rest;
        value |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

fn take<'a>(message: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, rest) = message.split_at_checked(length)?;
    *message = rest;
    Some(taken)
}
