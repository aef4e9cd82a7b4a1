//! Counts the parts of a file before anything is allocated for them.
//!
//! A message of two bytes becomes a struct of hundreds, so a file of empty nodes would take a hundred times its size
//! in memory. This walks the bytes without keeping anything and stops at a number no real network comes near.

use super::OnnxError;

/// Nodes, attributes, tensors and so on of one file. Large language models have about 100,000.
const MOST_PARTS: usize = 2_000_000;
/// Graphs within graphs; what prost allows too.
const DEEPEST: usize = 100;

/// What a message is, as far as its parts matter.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Model,
    Graph,
    Node,
    Attribute,
    Tensor,
    Training,
    Function,
    /// Not looked into: counted by its length.
    Other,
}

/// What a field of a message holds, where that is a message.
fn part(of: Kind, tag: u64) -> Option<Kind> {
    match (of, tag) {
        (Kind::Model, 7) | (Kind::Attribute, 6 | 11) | (Kind::Training, 1 | 2) => Some(Kind::Graph),
        (Kind::Model, 20) => Some(Kind::Training),
        (Kind::Model, 25) => Some(Kind::Function),
        (Kind::Graph, 1) | (Kind::Function, 7) => Some(Kind::Node),
        (Kind::Graph, 5) | (Kind::Attribute, 5 | 10) => Some(Kind::Tensor),
        (Kind::Node, 5) | (Kind::Function, 11) => Some(Kind::Attribute),
        (Kind::Model, 8 | 14 | 26)
        | (Kind::Graph, 11..=16)
        | (Kind::Node, 9 | 10)
        | (Kind::Attribute, 14 | 15 | 22 | 23)
        | (Kind::Tensor, 13 | 16)
        | (Kind::Training, 3 | 4)
        | (Kind::Function, 9 | 12 | 14) => Some(Kind::Other),
        _ => None,
    }
}

/// Whether a file can be decoded without taking far more memory than its size.
///
/// # Errors
/// When it has too many parts, nests too deeply or is cut off.
pub(super) fn check(bytes: &[u8]) -> Result<(), OnnxError> {
    walk(bytes, Kind::Model, 0, &mut 0)
}

fn walk(mut bytes: &[u8], kind: Kind, depth: usize, parts: &mut usize) -> Result<(), OnnxError> {
    if depth > DEEPEST {
        return Err(OnnxError::TooDeep);
    }
    while !bytes.is_empty() {
        let key = varint(&mut bytes)?;
        let within = match key & 7 {
            0 => {
                varint(&mut bytes)?;
                continue;
            }
            1 => {
                take(&mut bytes, 8)?;
                continue;
            }
            5 => {
                take(&mut bytes, 4)?;
                continue;
            }
            2 => {
                let length = varint(&mut bytes)?;
                take(&mut bytes, usize::try_from(length).unwrap_or(usize::MAX))?
            }
            _ => return Err(OnnxError::NoModel("a field of no known kind".to_owned())),
        };
        let Some(child) = part(kind, key >> 3) else { continue };
        *parts += match child {
            Kind::Other => 1 + within.len() / 8,
            _ => 1,
        };
        if *parts > MOST_PARTS {
            return Err(OnnxError::TooManyParts(MOST_PARTS));
        }
        if !matches!(child, Kind::Other) {
            walk(within, child, depth + 1, parts)?;
        }
    }
    Ok(())
}

fn cut_off() -> OnnxError {
    OnnxError::NoModel("it is cut off".to_owned())
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Result<&'a [u8], OnnxError> {
    let (taken, rest) = bytes.split_at_checked(length).ok_or_else(cut_off)?;
    *bytes = rest;
    Ok(taken)
}

fn varint(bytes: &mut &[u8]) -> Result<u64, OnnxError> {
    let mut value = 0_u64;
    for place in 0..10 {
        let &byte = take(bytes, 1)?.first().ok_or_else(cut_off)?;
        value |= u64::from(byte & 0x7F) << (7 * place);
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err(OnnxError::NoModel("a number longer than 64 bits".to_owned()))
}
