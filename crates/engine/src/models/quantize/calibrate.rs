//! Which sizes the values inside a network take on pictures.
//!
//! Every value of the plan is made an output of the graph, in memory, and the float graph is run; nothing is kept of a
//! picture but counts. One pass serves every way of choosing ranges.

use super::histogram::{Histogram, Range, RangeRule};
use super::network::Uses;
use super::plan::Plan;
use super::{
    Event, Opener, QuantizeError, Watch,
    pictures::{Feed, Pictures},
};
use crate::models::onnx::{self, GraphProto, ModelProto, ValueInfoProto, data_type};
use lookalike_vision::neural::session::{Input, Output};
use std::collections::{BTreeMap, HashMap, HashSet};

/// What was seen of every value of a plan.
#[derive(Debug, Default)]
pub(super) struct Seen(BTreeMap<String, Value>);

#[derive(Debug)]
struct Value {
    histogram: Histogram,
    /// Sum over each channel, and how many elements that were.
    sums: Vec<f64>,
    elements: u64,
    means: Vec<f64>,
}

impl Value {
    fn new() -> Self {
        Self { histogram: Histogram::new(), sums: Vec::new(), elements: 0, means: Vec::new() }
    }

    fn add(&mut self, shape: &[usize], values: &[f32]) {
        self.histogram.add(values);
        // Channels are the second of four axes, and the last of fewer.
        let (channels, run) = match *shape {
            [_, channels, rows, columns] => (channels, rows * columns),
            [.., channels] => (channels, 1),
            [] => return,
        };
        if channels == 0 || run == 0 {
            return;
        }
        self.sums.resize(channels, 0.0);
        for whole in values.chunks(channels * run) {
            for (sum, channel) in self.sums.iter_mut().zip(whole.chunks(run)) {
                *sum += channel.iter().map(|&value| f64::from(value)).sum::<f64>();
            }
        }
        self.elements += (values.len() / channels) as u64;
        self.means = self.sums.iter().map(|sum| sum / self.elements as f64).collect();
    }
}

impl Seen {
    /// The range of every 8-bit value of a plan; values of one group have the same.
    pub(super) fn ranges<'a>(&self, plan: &'a Plan, rule: RangeRule) -> HashMap<&'a str, Range> {
        let mut joined: HashMap<usize, Histogram> = HashMap::new();
        for (value, group) in &plan.groups {
            if let Some(seen) = self.0.get(value) {
                joined.entry(*group).or_insert_with(Histogram::new).merge(&seen.histogram);
            }
        }
        let ranges: HashMap<usize, Range> =
            joined.into_iter().map(|(group, histogram)| (group, histogram.range(rule))).collect();
        plan.groups.iter().filter_map(|(value, group)| Some((value.as_str(), *ranges.get(group)?))).collect()
    }

    /// How many elements of a value were seen.
    pub(super) fn elements(&self, value: &str) -> u64 {
        self.0.get(value).map_or(0, |seen| seen.histogram.finite())
    }

    /// Mean of each channel of a value.
    pub(super) fn means(&self, value: &str) -> Option<&[f64]> {
        self.0.get(value).map(|seen| seen.means.as_slice())
    }
}

/// Runs the float graph on the pictures at `places`.
///
/// # Errors
/// When it cannot be run, when a value is not finite, or when asked to stop.
pub(super) fn observe(
    model: &ModelProto,
    plan: &Plan,
    pictures: &Pictures,
    places: &[usize],
    open: Opener<'_>,
    watch: Watch<'_>,
) -> Result<Seen, QuantizeError> {
    let mut model = model.clone();
    let graph = model.graph.get_or_insert_default();
    let entering: HashSet<String> = graph.input.iter().filter_map(|input| input.name.clone()).collect();
    let mut inner: Vec<&str> =
        plan.groups.keys().filter(|value| !entering.contains(*value)).map(String::as_str).collect();
    // In the order in which they are made, so that the first that is no number is the one told.
    let uses = Uses::of(graph);
    inner.sort_by_key(|value| uses.maker.get(*value));
    expose(graph, &inner);
    let session = open(&onnx::write(&model)?)?;
    drop(model);
    let Feed { input, batch, at_least } = pictures.fits(&*session, 1)?;
    let mut seen = Seen::default();
    for (done, chunk) in places.chunks(batch).enumerate() {
        watch(Event::Calibrating { done: done * batch, total: places.len() })?;
        let (shape, tensor) = pictures.batch(chunk, at_least);
        let outputs = session.run_many(&[(&input, Input::F32(&shape, &tensor))], &inner)?;
        let entered =
            plan.groups.contains_key(&input).then_some((input.as_str(), Output { shape, values: tensor }));
        for (value, output) in entered.into_iter().chain(inner.iter().copied().zip(outputs)) {
            let kept = seen.0.entry(value.to_owned()).or_insert_with(Value::new);
            kept.add(&output.shape, &output.values);
            if kept.histogram.not_finite() > 0 {
                return Err(QuantizeError::NotFinite(value.to_owned()));
            }
        }
    }
    Ok(seen)
}

/// Makes values outputs of the graph, where they are not.
fn expose(graph: &mut GraphProto, values: &[&str]) {
    let there: HashSet<String> = graph.output.iter().filter_map(|output| output.name.clone()).collect();
    let new = values.iter().filter(|value| !there.contains(**value));
    graph.output.extend(new.map(|value| ValueInfoProto::tensor(value, data_type::FLOAT)));
}
