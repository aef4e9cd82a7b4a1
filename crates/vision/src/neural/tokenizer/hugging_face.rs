//! Tokenizers that are described in full by a Hugging Face `tokenizer.json`, run by that library's own code.
//!
//! The file's truncation and padding are not used: the network's description says how many tokens it reads. The library
//! panics on some files that are not of its own making; that is contained and costs the file.

use super::{TokenizerError, beginning};
use crate::contained::contained;
use tokenizers::utils::truncation::TruncationParams;

/// No more of a text is read than this and [`BYTES_PER_TOKEN`] for each token the network reads.
const LEAST_BYTES: usize = 8192;
const BYTES_PER_TOKEN: usize = 64;

/// What a new tokenizer is tried on: nothing, words, and what few vocabularies know.
const PROBES: [&str; 3] = ["", "a red dress, size 42", "ж漢😀\u{0}\u{e000}"];

/// A `tokenizer.json` made ready.
#[derive(Debug)]
pub(super) struct HuggingFace {
    tokenizer: tokenizers::Tokenizer,
    context: usize,
    lowercase: bool,
}

impl HuggingFace {
    /// Reads the file and tries it on a few texts.
    pub(super) fn new(file: &[u8], context: usize, lowercase: bool) -> Result<Self, TokenizerError> {
        let wrong = TokenizerError::TokenizerJson;
        let read = contained(|| {
            let mut tokenizer = tokenizers::Tokenizer::from_bytes(file)?;
            tokenizer.with_padding(None);
            let truncation = TruncationParams { max_length: context, ..TruncationParams::default() };
            tokenizer.with_truncation(Some(truncation))?;
            Ok::<_, tokenizers::Error>(tokenizer)
        });
        let tokenizer = match read {
            Ok(Ok(tokenizer)) => tokenizer,
            Ok(Err(error)) => return Err(wrong(error.to_string())),
            Err(_) => return Err(wrong("reading it ended in a panic".to_owned())),
        };
        let made = Self { tokenizer, context, lowercase };
        for probe in PROBES {
            made.encode(probe).map_err(|error| wrong(error.to_string()))?;
        }
        Ok(made)
    }

    /// Ids, special ones included, no more than `context`, and whether the text was cut.
    pub(super) fn encode(&self, text: &str) -> Result<(Vec<i64>, bool), TokenizerError> {
        let (text, cut) = beginning(text, LEAST_BYTES + BYTES_PER_TOKEN * self.context);
        let text = if self.lowercase { text.to_lowercase() } else { text.to_owned() };
        let encoding = match contained(|| self.tokenizer.encode(text, true)) {
            Ok(Ok(encoding)) => encoding,
            Ok(Err(error)) => return Err(TokenizerError::Text(error.to_string())),
            Err(_) => return Err(TokenizerError::Text("it ended in a panic".to_owned())),
        };
        let mut ids: Vec<i64> = encoding.get_ids().iter().copied().map(i64::from).collect();
        let mut truncated = cut || !encoding.get_overflowing().is_empty();
        if ids.len() > self.context {
            // More special tokens than the network reads.
            let last = ids.last().copied();
            ids.truncate(self.context.saturating_sub(1));
            ids.extend(last);
            truncated = true;
        }
        Ok((ids, truncated))
    }
}
