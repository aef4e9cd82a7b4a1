//! Log-odds as a sum over what agrees between two photos.
//!
//! Every feature grows with agreement and no weight is below 0, so more agreement never lowers the probability. Which
//! features there are is said in [`fitted`](super::fitted) and [`unaided`](super::unaided); the numbers are in
//! [`weights`](super::weights).

/// Weights of `FEATURES` features.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Logistic<const FEATURES: usize> {
    /// Of a pair that agrees in nothing.
    pub(super) bias: f32,
    /// For each feature; none below 0.
    pub(super) of: [f32; FEATURES],
}

impl<const FEATURES: usize> Logistic<FEATURES> {
    pub(super) fn log_odds(&self, features: &[f32; FEATURES]) -> f32 {
        self.bias + self.of.iter().zip(features).map(|(weight, feature)| weight * feature).sum::<f32>()
    }
}

/// From 0 to 1.
pub(super) fn probability(log_odds: f32) -> f32 {
    1.0 / (1.0 + (-log_odds).exp())
}

/// By how much a share is above another.
pub(super) fn above(value: f32, from: f32) -> f32 {
    (value - from).max(0.0)
}

/// The share of unrelated pictures' differing bits that do not differ.
pub(super) fn share(bits: u32, unrelated: f32) -> f32 {
    (1.0 - bits as f32 / unrelated).max(0.0)
}
