//! The half of an encoder that reads.

use super::tower::{self, Tower};
use super::{LARGEST_BATCH, NeuralError};
use crate::encoder::{EncodeError, TextEncoder, TextVector};
use crate::neural::description::TextTower;
use crate::neural::session::{Engine, Input, SessionOptions, open, port};
use crate::neural::tokenizer::{Tokenizer, Tokens};

/// Makes vectors from words.
pub(super) struct Words {
    /// The encoder's name, for its errors.
    name: String,
    tower: Tower,
    tokenizer: Tokenizer,
    template: String,
    ids: String,
    mask: Option<String>,
    one_at_a_time: bool,
}

impl Words {
    pub(super) fn open(
        name: &str,
        described: &TextTower,
        dimensions: usize,
        model: &[u8],
        tokenizer: &[u8],
        engine: Engine,
        options: &SessionOptions,
    ) -> Result<Self, NeuralError> {
        let tokenizer = Tokenizer::new(described, tokenizer)?;
        let session = open(engine, model, options)?;
        let tower = Tower::new(session, described.output.as_deref(), dimensions, true)?;
        let inputs = tower.session().inputs();
        let usual = "input_ids";
        let has_usual = inputs.len() > 1 && inputs.iter().any(|input| input.name == usual);
        let wanted = described.input.as_deref().or(has_usual.then_some(usual));
        let ids = port(inputs, wanted, "input")?;
        tower::check_kind(ids, true)?;
        let mask = described.mask.as_deref().map(|mask| port(inputs, Some(mask), "input")).transpose()?;
        mask.map(|mask| tower::check_kind(mask, true)).transpose()?;
        let fed = |name: &str| name == ids.name || mask.is_some_and(|mask| mask.name == name);
        if let Some(left) = inputs.iter().find(|input| !fed(&input.name)) {
            let cure = if mask.is_none() && left.name.contains("mask") {
                "name it as `mask` under `[text]`"
            } else {
                "export the text half of the model as a file of its own"
            };
            return Err(NeuralError::InputLeft { input: left.name.clone(), cure });
        }
        let one_at_a_time = tower::one_at_a_time(ids);
        let context = described.pad.then_some(described.context);
        let misfit = match ids.shape.as_deref() {
            Some([_, Some(length)]) if context.is_some_and(|context| context != *length) => {
                Some("set `context` under `[text]` to its length")
            }
            Some([_, Some(_)]) if context.is_none() => Some("set `pad = true` and `context` to its length"),
            Some([_, _]) | None if one_at_a_time.is_some() => None,
            Some([_, _]) => Some("export the model with a dynamic batch axis"),
            _ => Some("token ids have two axes: texts and tokens"),
        };
        if let Some(cure) = misfit {
            let wants = tower::shown(ids.shape.as_deref().unwrap_or_default());
            let makes = tower::shown(&[None, context]);
            return Err(NeuralError::InputShape { input: ids.name.clone(), wants, makes, cure });
        }
        Ok(Self {
            name: name.to_owned(),
            ids: ids.name.clone(),
            mask: mask.map(|mask| mask.name.clone()),
            tower,
            tokenizer,
            template: described.template.clone(),
            one_at_a_time: one_at_a_time == Some(true),
        })
    }

    pub(super) fn output(&self) -> &str {
        self.tower.output()
    }

    pub(super) fn vectors(&self, texts: &[&str]) -> Result<Vec<TextVector>, NeuralError> {
        let cut: Vec<Tokens> =
            texts.iter().map(|text| self.tokenizer.encode(&self.template.replace("{query}", text))).collect();
        let mut vectors = Vec::with_capacity(texts.len());
        // Texts that are not filled up share a run only with neighbours of their own length.
        let together = |a: &Tokens, b: &Tokens| !self.one_at_a_time && a.ids.len() == b.ids.len();
        for alike in cut.chunk_by(together) {
            for batch in alike.chunks(LARGEST_BATCH) {
                vectors.extend(self.run(batch)?);
            }
        }
        let texts = vectors.into_iter().zip(cut);
        Ok(texts.map(|(vector, tokens)| TextVector { vector, truncated: tokens.truncated }).collect())
    }

    /// Runs texts of one length.
    fn run(&self, batch: &[Tokens]) -> Result<Vec<Vec<f32>>, NeuralError> {
        let ids: Vec<i64> = batch.iter().flat_map(|tokens| tokens.ids.iter().copied()).collect();
        let mask: Vec<i64> = batch.iter().flat_map(|tokens| tokens.mask.iter().copied()).collect();
        let shape = [batch.len(), batch.first().map_or(0, |tokens| tokens.ids.len())];
        let mut inputs = vec![(self.ids.as_str(), Input::I64(&shape, &ids))];
        inputs.extend(self.mask.as_ref().map(|name| (name.as_str(), Input::I64(&shape, &mask))));
        self.tower.vectors(batch.len(), &inputs)
    }
}

impl TextEncoder for Words {
    fn encode_text(&self, texts: &[&str]) -> Result<Vec<TextVector>, EncodeError> {
        let failed =
            |error: NeuralError| EncodeError { encoder: self.name.clone(), reason: error.to_string() };
        self.vectors(texts).map_err(failed)
    }
}
