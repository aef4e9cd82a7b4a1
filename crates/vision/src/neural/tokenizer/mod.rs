//! Words become the token ids that a network reads, as its [`TextTower`] says.
//!
//! Only what a Hugging Face `tokenizer.json` describes.

use super::description::TextTower;

/// Cuts texts for one network.
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    tower: TextTower,
}

/// A text, cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokens {
    /// Ids, filled up to the context where the network wants that.
    pub ids: Vec<i64>,
    /// 1 for what is text, 0 for what fills.
    pub mask: Vec<i64>,
    /// The text was longer than the context.
    pub truncated: bool,
}

/// A tokenizer's file that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the tokenizer cannot be read: {0}")]
pub struct TokenizerError(String);

impl Tokenizer {
    /// From the bytes of a `tokenizer.json`.
    ///
    /// # Errors
    /// When it is none.
    pub fn new(tower: &TextTower, file: &[u8]) -> Result<Self, TokenizerError> {
        let inner = tokenizers::Tokenizer::from_bytes(file).map_err(|e| TokenizerError(e.to_string()))?;
        Ok(Self { inner, tower: tower.clone() })
    }

    /// Cuts a text.
    pub fn encode(&self, text: &str) -> Tokens {
        let text = if self.tower.lowercase { text.to_lowercase() } else { text.to_owned() };
        let encoded = self.inner.encode_fast(text, true).ok();
        let mut ids: Vec<i64> =
            encoded.map(|e| e.get_ids().iter().map(|&id| i64::from(id)).collect()).unwrap_or_default();
        let context = self.tower.context;
        let truncated = ids.len() > context;
        if truncated {
            let last = ids.last().copied();
            ids.truncate(context - 1);
            ids.extend(last);
        }
        let mut mask = vec![1; ids.len()];
        if self.tower.pad {
            ids.resize(context, self.tower.pad_id);
            mask.resize(context, 0);
        }
        Tokens { ids, mask, truncated }
    }
}
