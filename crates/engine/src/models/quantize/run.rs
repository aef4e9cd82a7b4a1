//! The whole of it: read, calibrate, try, choose, measure.

use super::calibrate::{Seen, observe};
use super::histogram::RangeRule;
use super::measure::{Agreement, agreement, speed, vectors};
use super::network::constants;
use super::pictures::Pictures;
use super::plan::Plan;
use super::prepare::prepare;
use super::product::Kind;
use super::rewrite::rewrite;
use super::{QuantizeError, Stopped};
use crate::models::exposed::exposed;
use crate::models::onnx::{self, GraphProto, ModelProto, graph::StringStringEntryProto};
use lookalike_vision::neural::session::{Session, SessionError};
use std::collections::HashMap;

/// Makes a session of a file's bytes.
pub type Opener<'a> = &'a dyn Fn(&[u8]) -> Result<Box<dyn Session>, SessionError>;
/// Told how far it is; an error stops the work.
pub type Watch<'a> = &'a mut dyn FnMut(Event<'_>) -> Result<(), Stopped>;

/// One picture of four is kept aside to measure on.
const ASIDE: usize = 4;
/// With this cosine, on average, there is nothing to be won.
const ENOUGH: f64 = 0.995;
/// A convolution may be left in floats when no more than this share of all multiplications is its own: in floats it
/// takes three times as long.
const SMALL: f64 = 0.05;
/// It is left in floats when that takes away at least this share of what the cosine lacks to 1.
const WORTH: f64 = 0.25;

/// What there is to choose.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Name of the output, or of any value inside, that is the vector; without one, the only output there is. A value inside
    /// becomes the only output of the int8 file.
    pub output: Option<String>,
    /// Ways of choosing ranges; the best is taken. At least one.
    pub rules: Vec<RangeRule>,
    /// Where cosines stay below 0.995 on average, also try to leave the first and the last convolution in floats.
    pub try_float: bool,
}

impl Default for Options {
    fn default() -> Self {
        let rules = vec![
            RangeRule::MinMax,
            RangeRule::Percentile(99.999),
            RangeRule::Percentile(99.99),
            RangeRule::SquaredError,
        ];
        Self { output: None, rules, try_float: true }
    }
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Event<'a> {
    /// Running the float network and watching its values.
    Calibrating {
        /// Pictures seen.
        done: usize,
        /// Of how many.
        total: usize,
    },
    /// Measuring an int8 copy on the pictures kept aside.
    Trying {
        /// What it tries.
        rule: RangeRule,
        /// Operators left in floats.
        float: &'a [String],
        /// Pictures encoded.
        done: usize,
        /// Of how many.
        total: usize,
    },
    /// Timing both networks.
    Timing,
}

/// One int8 copy that was measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// How its ranges were chosen.
    pub rule: RangeRule,
    /// Outputs of the products left in floats.
    pub float: Vec<String>,
    /// How near its vectors come to the float network's.
    pub agreement: Agreement,
}

/// What was made and what it costs.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// What was chosen, measured on the pictures kept aside.
    pub chosen: Trial,
    /// Everything that was tried, the chosen one among it.
    pub trials: Vec<Trial>,
    /// Pictures calibrated on.
    pub calibrated: usize,
    /// Pictures kept aside and measured on; 0 when there was only one, which then served both.
    pub aside: usize,
    /// Products that run in int8.
    pub products: usize,
    /// Size of the float file in bytes.
    pub float_bytes: usize,
    /// Size of the int8 file in bytes.
    pub int8_bytes: usize,
    /// Time per picture of the float network, in milliseconds, as the sessions handed in run it.
    pub float_ms: f64,
    /// Time per picture of the int8 network, in milliseconds.
    pub int8_ms: f64,
}

/// An int8 copy of a network.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantised {
    /// A complete ONNX file with the inputs and outputs of the float one.
    pub model: Vec<u8>,
    /// What it costs.
    pub report: Report,
}

/// Makes an int8 copy of a network of floats.
///
/// `pictures` are what ranges are calibrated on, one of four being kept aside to measure with; 100 to 300 of the catalog
/// that the copy is for are enough. `open` should make sessions of ONNX Runtime: other runtimes may run the copy no
/// faster than the original.
///
/// # Errors
/// When the file is no model of pictures with something to quantise, when it cannot be run, or when `watch` stops it.
pub fn quantize(
    model: &[u8],
    pictures: &Pictures,
    options: &Options,
    open: Opener<'_>,
    watch: Watch<'_>,
) -> Result<Quantised, QuantizeError> {
    // A vector inside the network becomes its output, as when the float model is loaded.
    let model = &*exposed(model, options.output.as_deref());
    let folded = prepare(model)?;
    let graph = folded.graph.clone().unwrap_or_default();
    let whole = Plan::of(&graph, &[])?;
    if whole.products() == 0 {
        return Err(QuantizeError::Nothing);
    }
    let original = open(model)?;
    let output = output_name(&*original, options.output.as_deref())?;
    pictures.fits(&*original, 1)?;
    let (calibrated, aside): (Vec<usize>, Vec<usize>) =
        (0..pictures.len()).partition(|place| place % ASIDE != ASIDE - 1);
    let measured = if aside.is_empty() { calibrated.clone() } else { aside.clone() };
    let seen = observe(&folded, &whole, pictures, &calibrated, open, watch)?;
    let reference = vectors(&*original, &output, pictures, &measured, &mut |_| Ok(()))?;
    drop(original);
    let mut workshop = Workshop {
        folded: &folded,
        seen: &seen,
        pictures,
        measured: &measured,
        reference: &reference,
        output: &output,
        open,
        watch,
    };
    let mut best: Option<(Trial, Vec<u8>)> = None;
    let mut trials = Vec::new();
    let mut consider = |trial: Trial, bytes: Vec<u8>, best: &mut Option<(Trial, Vec<u8>)>, worth: f64| {
        trials.push(trial.clone());
        let lack = |trial: &Trial| 1.0 - trial.agreement.mean_cosine;
        if best.as_ref().is_none_or(|(so_far, _)| lack(&trial) < lack(so_far) * (1.0 - worth)) {
            *best = Some((trial, bytes));
        }
    };
    for &rule in &options.rules {
        let (trial, bytes) = workshop.attempt(&whole, rule, &[])?;
        consider(trial, bytes, &mut best, 0.0);
    }
    if options.try_float && best.as_ref().is_some_and(|(so_far, _)| so_far.agreement.mean_cosine < ENOUGH) {
        let convolutions = whole.places(Kind::Convolution);
        let shares = shares(&graph, &whole, &seen)?;
        let small = |place: &&usize| shares.get(place).is_some_and(|share| *share <= SMALL);
        let mut float: Vec<usize> = Vec::new();
        for place in [convolutions.first(), convolutions.last()].into_iter().flatten().filter(small) {
            let Some((so_far, _)) = &best else { break };
            let with: Vec<usize> = float.iter().chain([place]).copied().collect();
            let plan = Plan::of(&graph, &with)?;
            if convolutions.len() < 3 || plan.products() == 0 {
                break;
            }
            let names: Vec<String> =
                with.iter().filter_map(|place| Some(whole.steps.get(place)?.makes.clone())).collect();
            let (trial, bytes) = workshop.attempt(&plan, so_far.rule, &names)?;
            consider(trial, bytes, &mut best, WORTH);
            if best.as_ref().is_some_and(|(chosen, _)| chosen.float == names) {
                float = with;
            }
        }
    }
    let Some((chosen, bytes)) = best else { return Err(QuantizeError::Nothing) };
    (workshop.watch)(Event::Timing)?;
    let (float_ms, int8_ms) = speed(model, &bytes, &output, pictures, open)?;
    let report = Report {
        products: whole.products() - chosen.float.len(),
        chosen,
        trials,
        calibrated: calibrated.len(),
        aside: aside.len(),
        float_bytes: model.len(),
        int8_bytes: bytes.len(),
        float_ms,
        int8_ms,
    };
    Ok(Quantised { model: bytes, report })
}

/// The share of each product in all multiplications.
fn shares(graph: &GraphProto, plan: &Plan, seen: &Seen) -> Result<HashMap<usize, f64>, QuantizeError> {
    let constants = constants(graph);
    let mut costs = HashMap::new();
    for (&place, step) in &plan.steps {
        let Some(product) = &step.product else { continue };
        let Some(weights) = constants.get(product.weights.as_str()) else { continue };
        let shape = weights.shape()?;
        let results = shape.get(product.axis).copied().unwrap_or(1).max(1);
        let inner = shape.iter().product::<usize>() / results;
        // Only convolutions are asked about, and what they make is watched.
        let made = seen.elements(&step.makes).max(1);
        costs.insert(place, made as f64 * inner as f64);
    }
    let all: f64 = costs.values().sum();
    Ok(costs.into_iter().map(|(place, cost)| (place, cost / all)).collect())
}

/// What every attempt needs.
struct Workshop<'a> {
    folded: &'a ModelProto,
    seen: &'a Seen,
    pictures: &'a Pictures,
    measured: &'a [usize],
    reference: &'a [Vec<f32>],
    output: &'a str,
    open: Opener<'a>,
    watch: Watch<'a>,
}

impl Workshop<'_> {
    fn attempt(
        &mut self,
        plan: &Plan,
        rule: RangeRule,
        float: &[String],
    ) -> Result<(Trial, Vec<u8>), QuantizeError> {
        let graph = self.folded.graph.as_ref().ok_or(QuantizeError::Nothing)?;
        let mut model =
            ModelProto { graph: Some(rewrite(graph, plan, self.seen, rule)?), ..self.folded.clone() };
        model.metadata_props.push(StringStringEntryProto {
            key: Some("lookalike.quantised".to_owned()),
            value: Some(format!("static int8, ranges by {rule}")),
        });
        let bytes = onnx::write(&model)?;
        let session = (self.open)(&bytes)?;
        let total = self.measured.len();
        let watch = &mut *self.watch;
        let mut pause = |done: usize| Ok(watch(Event::Trying { rule, float, done, total })?);
        let made = vectors(&*session, self.output, self.pictures, self.measured, &mut pause)?;
        let agreement = agreement(self.reference, &made);
        Ok((Trial { rule, float: float.to_vec(), agreement }, bytes))
    }
}

fn output_name(session: &dyn Session, wanted: Option<&str>) -> Result<String, QuantizeError> {
    let there = || session.outputs().iter().map(|port| port.name.as_str());
    match (wanted, session.outputs()) {
        (Some(wanted), _) if there().any(|name| name == wanted) => Ok(wanted.to_owned()),
        (None, [only]) => Ok(only.name.clone()),
        (wanted, _) => Err(QuantizeError::Output {
            wanted: wanted.unwrap_or("").to_owned(),
            there: there().collect::<Vec<_>>().join(", "),
        }),
    }
}
