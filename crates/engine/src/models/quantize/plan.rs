//! Which nodes run in int8 and which values must be 8-bit for it.
//!
//! Products with constant weights ([`super::product`]) are what takes the time. Around them, sums, pools and the like are
//! made 8-bit where a product reads what they make, so that values need not be widened between; what leads to an
//! output of the graph through anything but a product stays float, so that vectors lose as little as possible.
//! An activation that follows is absorbed: clamping to the 8-bit range does its work.

use super::QuantizeError;
use super::network::{NodeParts, Uses, constants};
use super::product::{Kind, Product, product};
use crate::models::onnx::{GraphProto, TensorProto};
use std::collections::{BTreeMap, HashMap, HashSet};

/// What is to be done with one node.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Step {
    /// Set for products.
    pub(super) product: Option<Product>,
    /// Which of its inputs are 8-bit.
    pub(super) reads: Vec<usize>,
    /// The value it makes, after the activation that it absorbs.
    pub(super) makes: String,
    /// Whether what it makes is 8-bit.
    pub(super) narrow: bool,
    /// The activation's node, where one follows.
    pub(super) activation: Option<Activation>,
}

/// A `Relu` or a `Clip` from 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Activation {
    /// Its node.
    pub(super) node: usize,
    /// Where it clips at the top.
    pub(super) ceiling: f32,
}

/// What is to be done with a graph.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Plan {
    /// Nodes that run in int8, by place.
    pub(super) steps: BTreeMap<usize, Step>,
    /// Values that are 8-bit, each with its group: values of one group have one range.
    pub(super) groups: BTreeMap<String, usize>,
}

impl Plan {
    /// Plans a folded graph. Products at the places in `float` are left as they are.
    ///
    /// # Errors
    /// When a constant cannot be read.
    pub(super) fn of(graph: &GraphProto, float: &[usize]) -> Result<Self, QuantizeError> {
        let uses = Uses::of(graph);
        let constants = constants(graph);
        let mut products = HashMap::new();
        for (place, node) in graph.node.iter().enumerate().filter(|(place, _)| !float.contains(place)) {
            if let Some(product) = product(node, &constants)? {
                // A convolution whose result leaves the graph gains nothing: its result must stay float.
                let made = activation(graph, &uses, &constants, place).map_or(place, |found| found.node);
                let leaves = graph.node.get(made).is_some_and(|node| uses.kept.contains(node.makes()));
                if product.kind != Kind::Convolution || !leaves {
                    products.insert(place, product);
                }
            }
        }
        let near = near_outputs(graph, &uses, &products);
        let mut plan = Self::default();
        let mut wanted: HashSet<String> = HashSet::new();
        // Backwards, so that whoever reads a value has been seen before whoever makes it.
        for (place, node) in graph.node.iter().enumerate().rev() {
            let activation = activation(graph, &uses, &constants, place);
            let makes = match activation.and_then(|activation| graph.node.get(activation.node)) {
                Some(follower) => follower.makes().to_owned(),
                None => node.makes().to_owned(),
            };
            // Joining parts that are 8-bit anyway loses nothing more.
            let may = wanted.contains(&makes) && (!near.contains(&makes) || node.operator() == "Concat");
            let step = if let Some(product) = products.remove(&place) {
                let narrow = product.kind == Kind::Convolution || may;
                // What stays float keeps its activation.
                let activation = activation.filter(|_| narrow);
                let makes = if narrow { makes } else { node.makes().to_owned() };
                Step { product: Some(product), reads: vec![0], makes, narrow, activation }
            } else if may && node.output.len() == 1 {
                let Some(reads) = between(node.operator(), node.input.len()) else { continue };
                let computed = |&at: &usize| {
                    let name = node.reads(at);
                    !name.is_empty() && !constants.contains_key(name)
                };
                if reads.is_empty() || !reads.iter().all(computed) {
                    continue;
                }
                Step { product: None, reads, makes, narrow: true, activation }
            } else {
                continue;
            };
            wanted.extend(step.reads.iter().map(|&at| node.reads(at).to_owned()));
            plan.steps.insert(place, step);
        }
        plan.prune(graph);
        plan.group(graph, &uses);
        Ok(plan)
    }

    /// Leaves out what would only be narrowed to be moved: between two products a pool of 8-bit values is quicker, but
    /// after something that stays float the values are narrowed after it.
    fn prune(&mut self, graph: &GraphProto) {
        let mut narrow: HashSet<String> = HashSet::new();
        self.steps.retain(|&place, step| {
            let reads =
                |&at: &usize| graph.node.get(place).is_some_and(|node| narrow.contains(node.reads(at)));
            let stays = step.product.is_some() || step.reads.iter().any(reads);
            if stays && step.narrow {
                narrow.insert(step.makes.clone());
            }
            stays
        });
    }

    /// How many products run in int8.
    pub(super) fn products(&self) -> usize {
        self.steps.values().filter(|step| step.product.is_some()).count()
    }

    /// Places of the products of one kind.
    pub(super) fn places(&self, kind: Kind) -> Vec<usize> {
        let of_kind = |step: &Step| step.product.as_ref().is_some_and(|product| product.kind == kind);
        self.steps.iter().filter(|(_, step)| of_kind(step)).map(|(&place, _)| place).collect()
    }

    /// Where values that are nowhere below 0 end, for those of which an activation decides it.
    fn bounds<'a>(&'a self, graph: &'a GraphProto) -> HashMap<&'a str, f32> {
        let mut bounds: HashMap<&str, f32> = HashMap::new();
        for (&place, step) in &self.steps {
            let Some(node) = graph.node.get(place) else { continue };
            let bound = match step.activation {
                Some(activation) => Some(activation.ceiling),
                None if keeps_values(node.operator()) || node.operator() == "Concat" => {
                    let mut parts = step.reads.iter().map(|&at| bounds.get(node.reads(at)).copied());
                    let first = parts.next().flatten();
                    first.filter(|_| parts.all(|part| part == first))
                }
                None => None,
            };
            if let Some(bound) = bound {
                bounds.insert(&step.makes, bound);
            }
        }
        bounds
    }

    /// Finds the values that are 8-bit and which of them share a range.
    fn group(&mut self, graph: &GraphProto, uses: &Uses) {
        let mut next = 0;
        let mut number = |groups: &mut BTreeMap<String, usize>, value: &str| {
            *groups.entry(value.to_owned()).or_insert_with(|| {
                next += 1;
                next - 1
            })
        };
        let mut groups = BTreeMap::new();
        for (&place, step) in &self.steps {
            let Some(node) = graph.node.get(place) else { continue };
            for &at in &step.reads {
                number(&mut groups, node.reads(at));
            }
            if step.narrow {
                number(&mut groups, &step.makes);
            }
        }
        let bounds = self.bounds(graph);
        for (&place, step) in &self.steps {
            let Some(node) = graph.node.get(place) else { continue };
            // With a part that goes below 0 in its range, an activation would no longer be absorbed.
            let alike = |value: &str| bounds.get(value) == bounds.get(step.makes.as_str());
            let alone = |value: &str| uses.only_reader(value).is_some() && alike(value);
            for &at in &step.reads {
                let value = node.reads(at);
                // Moving values about must not change them. Joining does not either where nobody else reads the parts.
                if keeps_values(node.operator()) || node.operator() == "Concat" && alone(value) {
                    let (one, other) = (groups.get(value).copied(), groups.get(&step.makes).copied());
                    if let (Some(one), Some(other)) = (one, other) {
                        groups.values_mut().filter(|group| **group == other).for_each(|group| *group = one);
                    }
                }
            }
        }
        self.groups = groups;
    }
}

/// Operators that only choose or move values.
pub(super) fn keeps_values(operator: &str) -> bool {
    matches!(operator, "MaxPool" | "Reshape" | "Flatten" | "Transpose" | "Squeeze" | "Unsqueeze")
}

/// For operators that are worth running in 8 bits between products: which inputs are values.
fn between(operator: &str, inputs: usize) -> Option<Vec<usize>> {
    match operator {
        "Add" | "Mul" => Some(vec![0, 1]),
        "Concat" => Some((0..inputs).collect()),
        "AveragePool" | "GlobalAveragePool" => Some(vec![0]),
        operator if keeps_values(operator) => Some(vec![0]),
        _ => None,
    }
}

/// Values that reach an output of the graph without passing through a product or a sum.
fn near_outputs(graph: &GraphProto, uses: &Uses, products: &HashMap<usize, Product>) -> HashSet<String> {
    let mut near = uses.kept.clone();
    for (place, node) in graph.node.iter().enumerate().rev() {
        let through = !products.contains_key(&place) && !matches!(node.operator(), "Add" | "Mul");
        if through && node.output.iter().any(|output| near.contains(output)) {
            near.extend(node.input.iter().cloned());
        }
    }
    near
}

/// The activation that alone reads what a node makes.
fn activation(
    graph: &GraphProto,
    uses: &Uses,
    constants: &HashMap<&str, &TensorProto>,
    place: usize,
) -> Option<Activation> {
    let node = graph.node.get(place)?;
    if !matches!(node.operator(), "Conv" | "Gemm" | "Add" | "Mul") {
        return None;
    }
    let follower = uses.only_reader(node.makes())?;
    let next = graph.node.get(follower)?;
    let number = |at: usize| match next.reads(at) {
        "" => None,
        name => constants.get(name)?.to_f32().ok()??.first().copied(),
    };
    match next.operator() {
        "Relu" => Some(Activation { node: follower, ceiling: f32::INFINITY }),
        "Clip" if number(1) == Some(0.0) => {
            let ceiling = if next.reads(2).is_empty() { Some(f32::INFINITY) } else { number(2) };
            Some(Activation { node: follower, ceiling: ceiling.filter(|&top| top > 0.0)? })
        }
        _ => None,
    }
}
