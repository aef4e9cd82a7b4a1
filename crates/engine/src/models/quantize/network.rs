//! A graph with its names looked up: who makes a value, who reads it, what is constant.
//!
//! Graphs inside nodes (branches, loop bodies) read values of the graph around them by name; such values are
//! *captured* and left as they are.

use crate::models::onnx::{AttributeProto, GraphProto, NodeProto, TensorProto};
use std::collections::{HashMap, HashSet};

/// Where each value of a graph is made and read. Nodes are named by their place in the graph.
#[derive(Debug, Default)]
pub(super) struct Uses {
    /// The node that makes a value.
    pub(super) maker: HashMap<String, usize>,
    /// The nodes that read a value, in order, one entry for each time.
    pub(super) readers: HashMap<String, Vec<usize>>,
    /// Values that leave the graph or are read by a graph inside a node.
    pub(super) kept: HashSet<String>,
}

impl Uses {
    pub(super) fn of(graph: &GraphProto) -> Self {
        let mut uses = Self::default();
        for (place, node) in graph.node.iter().enumerate() {
            for output in node.output.iter().filter(|name| !name.is_empty()) {
                uses.maker.insert(output.clone(), place);
            }
            for input in node.input.iter().filter(|name| !name.is_empty()) {
                uses.readers.entry(input.clone()).or_default().push(place);
            }
            for inner in node.attribute.iter().flat_map(AttributeProto::graphs) {
                capture(inner, &mut uses.kept);
            }
        }
        uses.kept.extend(graph.output.iter().filter_map(|output| output.name.clone()));
        uses
    }

    /// The only node that reads a value, where there is exactly one and nothing else needs the value.
    pub(super) fn only_reader(&self, value: &str) -> Option<usize> {
        match self.readers.get(value).map(Vec::as_slice) {
            Some(&[reader]) if !self.kept.contains(value) => Some(reader),
            _ => None,
        }
    }
}

/// Every name that a graph inside a node mentions.
fn capture(graph: &GraphProto, names: &mut HashSet<String>) {
    for node in &graph.node {
        names.extend(node.input.iter().cloned());
        for inner in node.attribute.iter().flat_map(AttributeProto::graphs) {
            capture(inner, names);
        }
    }
    names.extend(graph.output.iter().filter_map(|output| output.name.clone()));
}

/// The constants of a graph by name.
pub(super) fn constants(graph: &GraphProto) -> HashMap<&str, &TensorProto> {
    graph.initializer.iter().filter_map(|tensor| Some((tensor.name.as_deref()?, tensor))).collect()
}

/// A node as the rest of this folder asks for it.
pub(super) trait NodeParts {
    /// The operator's name, where it is one of ONNX's own; otherwise nothing that is known here.
    fn operator(&self) -> &str;
    /// The value read at a place; empty when left out.
    fn reads(&self, place: usize) -> &str;
    /// The first value made.
    fn makes(&self) -> &str;
    /// An integer parameter.
    fn integer(&self, name: &str) -> Option<i64>;
    /// A parameter that is a list of integers.
    fn integers(&self, name: &str) -> Option<&[i64]>;
    /// A float parameter.
    fn float(&self, name: &str) -> Option<f32>;
    /// A parameter by name.
    fn parameter(&self, name: &str) -> Option<&AttributeProto>;
}

impl NodeParts for NodeProto {
    fn operator(&self) -> &str {
        match self.domain.as_deref() {
            None | Some("" | "ai.onnx") => self.op_type.as_deref().unwrap_or_default(),
            _ => "",
        }
    }

    fn reads(&self, place: usize) -> &str {
        self.input.get(place).map_or("", String::as_str)
    }

    fn makes(&self) -> &str {
        self.output.first().map_or("", String::as_str)
    }

    fn integer(&self, name: &str) -> Option<i64> {
        self.parameter(name)?.i
    }

    fn integers(&self, name: &str) -> Option<&[i64]> {
        self.parameter(name).map(|attribute| attribute.ints.as_slice())
    }

    fn float(&self, name: &str) -> Option<f32> {
        self.parameter(name)?.f
    }

    fn parameter(&self, name: &str) -> Option<&AttributeProto> {
        self.attribute.iter().find(|attribute| attribute.name.as_deref() == Some(name))
    }
}

/// Names that no value of a graph has yet.
#[derive(Debug)]
pub(super) struct FreshNames(HashSet<String>);

impl FreshNames {
    pub(super) fn of(graph: &GraphProto) -> Self {
        let mut taken = HashSet::new();
        capture(graph, &mut taken);
        taken.extend(graph.node.iter().flat_map(|node| node.output.iter().cloned()));
        taken.extend(graph.node.iter().filter_map(|node| node.name.clone()));
        taken.extend(graph.initializer.iter().filter_map(|tensor| tensor.name.clone()));
        taken.extend(graph.input.iter().filter_map(|input| input.name.clone()));
        Self(taken)
    }

    /// `{base}{suffix}`, with underscores after it where that is taken.
    pub(super) fn take(&mut self, base: &str, suffix: &str) -> String {
        let mut name = format!("{base}{suffix}");
        while !self.0.insert(name.clone()) {
            name.push('_');
        }
        name
    }
}
