//! OpenAI's CLIP tokenizer: cleaned text, cut into words by an expression, each byte-pair encoded.

use super::TokenizerError;
use super::beginning;
use super::cleaning::cleaned;
use super::vocabulary::{END, START, Vocabulary};
use regex::Regex;

/// No more of a text is read: several times what a query has, and little enough that a hostile one costs milliseconds.
const MOST_BYTES: usize = 8192;

/// OpenAI's expression. Python ignores case throughout, which matters for the fixed parts alone; and there, so that it
/// belongs to no word, for U+0345, which is no letter but folds to one.
const WORDS: &str =
    r"(?i:<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d)|\p{L}+|\p{N}|[^\s\p{L}\p{N}\u{345}]+";

/// CLIP's tokenizer.
#[derive(Debug)]
pub(super) struct Clip {
    vocabulary: Vocabulary,
    words: Regex,
    context: usize,
}

impl Clip {
    /// From either file of the vocabulary; `context` is at least 2.
    pub(super) fn new(file: &[u8], context: usize) -> Result<Self, TokenizerError> {
        let words = Regex::new(WORDS).map_err(|error| TokenizerError::Vocabulary(error.to_string()))?;
        Ok(Self { vocabulary: Vocabulary::read(file)?, words, context })
    }

    /// Ids with start and end, no more than `context`, and whether the text was cut.
    pub(super) fn encode(&self, text: &str) -> (Vec<i64>, bool) {
        let (text, mut truncated) = beginning(text, MOST_BYTES);
        let text = cleaned(text);
        let mut ids = vec![self.vocabulary.start];
        for word in self.words.find_iter(&text) {
            match word.as_str() {
                START => ids.push(self.vocabulary.start),
                END => ids.push(self.vocabulary.end),
                word => self.vocabulary.pairs.encode(word, &mut ids),
            }
            if ids.len() >= self.context {
                truncated = true;
                break;
            }
        }
        ids.truncate(self.context.saturating_sub(1));
        ids.push(self.vocabulary.end);
        (ids.into_iter().map(i64::from).collect(), truncated)
    }
}
