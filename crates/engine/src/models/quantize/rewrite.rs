//! Writes the int8 graph: `QuantizeLinear` and `DequantizeLinear` around every value and weight of the plan.
//!
//! This is the form (QDQ) that ONNX Runtime's own tool writes: any runtime can run it as it stands, in floats, and those
//! that have int8 kernels join a product with what surrounds it into one. Inputs and outputs stay float and keep their
//! names.

use super::QuantizeError;
use super::calibrate::Seen;
use super::histogram::{Range, RangeRule, Scale};
use super::network::{FreshNames, NodeParts, Uses, constants};
use super::plan::Plan;
use super::weights::quantise;
use crate::models::onnx::graph::attribute_type;
use crate::models::onnx::{AttributeProto, GraphProto, NodeProto, TensorProto, data_type};
use std::collections::{BTreeMap, HashMap, HashSet};

/// The int8 graph of a folded one.
///
/// # Errors
/// When a constant cannot be read.
pub(super) fn rewrite(
    folded: &GraphProto,
    plan: &Plan,
    seen: &Seen,
    rule: RangeRule,
) -> Result<GraphProto, QuantizeError> {
    let mut writer = Writer {
        plan,
        seen,
        ranges: seen.ranges(plan, rule),
        names: FreshNames::of(folded),
        constants: constants(folded),
        written: Vec::new(),
        added: Vec::new(),
        scales: BTreeMap::new(),
    };
    let dropped = writer.dropped_activations(folded);
    let wide = writer.values(folded, &dropped)?;
    let Writer { written, added, .. } = writer;
    let mut graph = folded.clone();
    graph.node = written;
    graph.initializer.extend(added);
    let uses = Uses::of(&graph);
    graph.initializer.retain(|tensor| {
        let name = tensor.name.as_deref().unwrap_or_default();
        uses.readers.contains_key(name) || uses.kept.contains(name)
    });
    let made = |name: &str| uses.maker.contains_key(name) || uses.readers.contains_key(name);
    graph.value_info.retain(|info| info.name.as_deref().is_some_and(made));
    debug_assert!(wide.values().all(|name| made(name)));
    Ok(graph)
}

struct Writer<'a> {
    plan: &'a Plan,
    seen: &'a Seen,
    ranges: HashMap<&'a str, Range>,
    names: FreshNames,
    constants: HashMap<&'a str, &'a TensorProto>,
    written: Vec<NodeProto>,
    added: Vec<TensorProto>,
    /// Names of a group's scale and zero point.
    scales: BTreeMap<usize, (String, String)>,
}

impl<'a> Writer<'a> {
    /// Activations whose work the range of their value does: it begins at 0 and ends where they do.
    fn dropped_activations(&self, graph: &GraphProto) -> HashSet<usize> {
        let fits = |value: &str, ceiling: f32| {
            self.ranges.get(value).is_some_and(|range| range.low >= 0.0 && range.high <= ceiling)
        };
        let activations = self.plan.steps.values().filter_map(|step| Some((step, step.activation?)));
        activations
            .filter(|(step, activation)| {
                fits(&step.makes, activation.ceiling) && activation.node < graph.node.len()
            })
            .map(|(_, activation)| activation.node)
            .collect()
    }

    /// Writes all nodes; gives the names by which 8-bit values are read.
    fn values(
        &mut self,
        graph: &'a GraphProto,
        dropped: &HashSet<usize>,
    ) -> Result<HashMap<String, String>, QuantizeError> {
        // Values that are made narrow are read so by everybody, others by whoever wants them narrow.
        let narrow: HashSet<&str> =
            self.plan.steps.values().filter(|step| step.narrow).map(|step| step.makes.as_str()).collect();
        let mut wide: HashMap<String, String> = HashMap::new();
        for input in graph.input.iter().filter_map(|input| input.name.as_deref()) {
            self.around(input, &mut wide);
        }
        for (place, node) in graph.node.iter().enumerate() {
            if dropped.contains(&place) {
                continue;
            }
            let step = self.plan.steps.get(&place);
            let mut node = node.clone();
            for (at, input) in node.input.iter_mut().enumerate() {
                let wanted = step.is_some_and(|step| step.reads.contains(&at));
                if (wanted || narrow.contains(input.as_str()))
                    && let Some(name) = wide.get(input)
                {
                    input.clone_from(name);
                }
            }
            if let Some(step) = step {
                if step.activation.is_some_and(|activation| dropped.contains(&activation.node)) {
                    node.output = vec![step.makes.clone()];
                }
                if let Some(product) = &step.product {
                    let read = graph.node.get(place).map_or("", |original| original.reads(0));
                    self.product(&mut node, product, read)?;
                }
            }
            let outputs = node.output.clone();
            self.written.push(node);
            for output in &outputs {
                self.around(output, &mut wide);
            }
        }
        Ok(wide)
    }

    /// After a value of the plan: down to 8 bits and back.
    fn around(&mut self, value: &str, wide: &mut HashMap<String, String>) {
        let Some(&group) = self.plan.groups.get(value) else { return };
        let Scale { scale, zero_point } = self.scale(value);
        let (names, added) = (&mut self.names, &mut self.added);
        let (scale, zero_point) = self.scales.entry(group).or_insert_with(|| {
            let scale_name = names.take(value, "_scale");
            let zero_name = names.take(value, "_zero_point");
            added.push(TensorProto::floats(&scale_name, &[], &[scale]));
            added.push(TensorProto::raw(&zero_name, &[], data_type::UINT8, vec![zero_point]));
            (scale_name, zero_name)
        });
        let quantised = self.names.take(value, "_quantized");
        let back = self.names.take(value, "_dequantized");
        let parameters = [scale.clone(), zero_point.clone()];
        self.written.push(linear("QuantizeLinear", value, &parameters, &quantised, None));
        self.written.push(linear("DequantizeLinear", &quantised, &parameters, &back, None));
        wide.insert(value.to_owned(), back);
    }

    fn scale(&self, value: &str) -> Scale {
        self.ranges.get(value).map_or(Range { low: 0.0, high: 0.0 }, |range| *range).scale()
    }

    /// Puts int8 weights, and what is added as 32-bit integers, in front of a product.
    fn product(
        &mut self,
        node: &mut NodeProto,
        product: &super::product::Product,
        read: &str,
    ) -> Result<(), QuantizeError> {
        let floats = |name: &str| -> Result<(Vec<usize>, Vec<f32>), QuantizeError> {
            match self.constants.get(name) {
                Some(tensor) => Ok((tensor.shape()?, tensor.to_f32()?.unwrap_or_default())),
                None => Ok((Vec::new(), Vec::new())),
            }
        };
        let (shape, values) = floats(&product.weights)?;
        let bias = product.bias.as_deref().map(floats).transpose()?.map(|(_, values)| values);
        let activation = self.scale(read);
        let means = self.seen.means(read);
        let done = quantise(product, &shape, &values, bias.as_deref(), activation, means);
        let dims: Vec<i64> = shape.iter().map(|&length| length as i64).collect();
        let channels = [done.scales.len() as i64];
        let bytes = done.weights.iter().map(|&weight| weight.to_le_bytes()[0]).collect();
        let zeros = vec![0; done.scales.len()];
        let integers = self.names.take(&product.weights, "_quantized");
        let weights = [
            TensorProto::raw(&integers, &dims, data_type::INT8, bytes),
            TensorProto::floats(&self.names.take(&product.weights, "_scale"), &channels, &done.scales),
            TensorProto::raw(
                &self.names.take(&product.weights, "_zero_point"),
                &channels,
                data_type::INT8,
                zeros,
            ),
        ];
        let weights = self.dequantised(&product.weights, weights, product.axis);
        node.input.truncate(1);
        node.input.push(weights);
        if let Some(added) = done.added {
            let base = product.bias.clone().unwrap_or_else(|| format!("{}_bias", product.weights));
            let scales: Vec<f32> = done.scales.iter().map(|&scale| scale * activation.scale).collect();
            let zeros = vec![0; added.len()];
            let added = [
                TensorProto::int32(&self.names.take(&base, "_quantized"), &channels, &added),
                TensorProto::floats(&self.names.take(&base, "_scale"), &channels, &scales),
                TensorProto::int32(&self.names.take(&base, "_zero_point"), &channels, &zeros),
            ];
            let added = self.dequantised(&base, added, 0);
            node.input.push(added);
        }
        Ok(())
    }

    /// Keeps three constants (integers, scales, zero points) and gives the name of the floats they stand for.
    fn dequantised(&mut self, base: &str, tensors: [TensorProto; 3], axis: usize) -> String {
        let name = |tensor: &TensorProto| tensor.name.clone().unwrap_or_default();
        let [integers, scale, zero_point] = &tensors;
        let back = self.names.take(base, "_dequantized");
        let parameters = [name(scale), name(zero_point)];
        self.written.push(linear("DequantizeLinear", &name(integers), &parameters, &back, Some(axis)));
        self.added.extend(tensors);
        back
    }
}

fn linear(operator: &str, reads: &str, scale: &[String; 2], makes: &str, axis: Option<usize>) -> NodeProto {
    let [scale, zero_point] = scale.clone();
    let axis = axis.map(|axis| AttributeProto {
        name: Some("axis".to_owned()),
        i: Some(axis as i64),
        r#type: Some(attribute_type::INT),
        ..AttributeProto::default()
    });
    NodeProto {
        input: vec![reads.to_owned(), scale, zero_point],
        output: vec![makes.to_owned()],
        name: Some(format!("{makes}_node")),
        op_type: Some(operator.to_owned()),
        attribute: axis.into_iter().collect(),
        ..NodeProto::default()
    }
}
