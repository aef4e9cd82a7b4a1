//! An encoder that counts what it does.

use super::registry::{EncoderLabels, Held, Metrics};
use lookalike_vision::Picture;
use lookalike_vision::encoder::{EncodeError, Encoder, EncoderId, TextEncoder, TextVector};
use std::sync::Arc;
use std::time::Instant;

/// An encoder, and who is told what it does.
pub struct Metered {
    encoder: Arc<dyn Encoder>,
    metrics: Metrics,
    labels: EncoderLabels,
    counts: Counts,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counts {
    Runs,
    Callers,
}

impl Metered {
    /// Counts the runs of `encoder`, how long they take, and what they encode.
    pub fn runs(encoder: Arc<dyn Encoder>, metrics: Metrics) -> Self {
        Self::new(encoder, metrics, Counts::Runs)
    }

    /// Counts who is being answered by `encoder` or waits for it: for one that many share.
    pub fn callers(encoder: Arc<dyn Encoder>, metrics: Metrics) -> Self {
        Self::new(encoder, metrics, Counts::Callers)
    }

    fn new(encoder: Arc<dyn Encoder>, metrics: Metrics, counts: Counts) -> Self {
        let labels = EncoderLabels { encoder: encoder.id().name.clone() };
        // Told as 0 before anything is encoded.
        drop(metrics.encoder_callers.get_or_create(&labels));
        drop(metrics.encoder_pictures.get_or_create(&labels));
        drop(metrics.encoder_texts.get_or_create(&labels));
        drop(metrics.encoder_run_duration.get_or_create(&labels));
        Self { encoder, metrics, labels, counts }
    }

    fn counted<T>(
        &self,
        pictures: usize,
        texts: usize,
        run: impl FnOnce() -> Result<T, EncodeError>,
    ) -> Result<T, EncodeError> {
        if self.counts == Counts::Callers {
            let _caller = Held::of(&self.metrics.encoder_callers.get_or_create_owned(&self.labels));
            return run();
        }
        let begun = Instant::now();
        let made = run()?;
        let duration = self.metrics.encoder_run_duration.get_or_create_owned(&self.labels);
        duration.observe(begun.elapsed().as_secs_f64());
        self.metrics.encoder_pictures.get_or_create_owned(&self.labels).inc_by(pictures as u64);
        self.metrics.encoder_texts.get_or_create_owned(&self.labels).inc_by(texts as u64);
        Ok(made)
    }
}

impl Encoder for Metered {
    fn id(&self) -> &EncoderId {
        self.encoder.id()
    }

    fn encode(&self, pictures: &[&Picture]) -> Result<Vec<Vec<f32>>, EncodeError> {
        self.counted(pictures.len(), 0, || self.encoder.encode(pictures))
    }

    fn batch(&self) -> usize {
        self.encoder.batch()
    }

    fn text(&self) -> Option<&dyn TextEncoder> {
        self.encoder.text().map(|_| self as &dyn TextEncoder)
    }
}

impl TextEncoder for Metered {
    fn encode_text(&self, texts: &[&str]) -> Result<Vec<TextVector>, EncodeError> {
        let Some(encoder) = self.encoder.text() else {
            let encoder = self.labels.encoder.clone();
            return Err(EncodeError { encoder, reason: "it reads no text".to_owned() });
        };
        self.counted(0, texts.len(), || encoder.encode_text(texts))
    }
}
