//! Words become the token ids that a network wants, as its [`TextTower`] says.
//!
//! Two kinds: CLIP's own byte-pair encoding, equal to OpenAI's `simple_tokenizer.py` with the cleaning it does first
//! (`clip`, `cleaning`), and whatever a Hugging Face `tokenizer.json` says (`hugging_face`). Both give at most as many
//! tokens as the network reads: longer text is cut, its end token kept, and the answer says so. Templates are filled in by
//! the caller; what runs the network is [`super::session`].

mod byte_pairs;
mod cleaning;
mod clip;
mod hugging_face;
mod vocabulary;

use super::description::{TextTower, TokenizerKind};
use clip::Clip;
use hugging_face::HuggingFace;

/// Files beyond this are refused. The largest in use, Gemma's with its 256,000 tokens, has 34 MB.
const LARGEST_FILE_BYTES: usize = 64 << 20;

/// One network's tokenizer.
#[derive(Debug)]
pub struct Tokenizer {
    kind: Kind,
    /// Length that shorter answers are filled up to, and with what.
    padding: Option<(usize, i64)>,
}

#[derive(Debug)]
enum Kind {
    Clip(Clip),
    HuggingFace(Box<HuggingFace>),
}

/// A text as a network reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokens {
    /// Token ids, start and end included, as many as the network's context where shorter texts are padded.
    pub ids: Vec<i64>,
    /// 1 for each token of the text, 0 for what fills up.
    pub mask: Vec<i64>,
    /// The text was longer than the network reads: its end was left out.
    pub truncated: bool,
}

impl Tokenizer {
    /// For texts that go into `tower`, whose values make sense ([`super::Description::check`]), from the bytes of its
    /// tokenizer's file.
    ///
    /// # Errors
    /// When the file is not what the tower's kind of tokenizer wants.
    pub fn new(tower: &TextTower, file: &[u8]) -> Result<Self, TokenizerError> {
        if file.len() > LARGEST_FILE_BYTES {
            return Err(TokenizerError::TooLarge { bytes: file.len(), limit: LARGEST_FILE_BYTES });
        }
        let kind = match tower.tokenizer {
            TokenizerKind::Clip => Kind::Clip(Clip::new(file, tower.context)?),
            TokenizerKind::TokenizerJson => {
                Kind::HuggingFace(Box::new(HuggingFace::new(file, tower.context, tower.lowercase)?))
            }
        };
        Ok(Self { kind, padding: tower.pad.then_some((tower.context, tower.pad_id)) })
    }

    /// The tokens of a text.
    ///
    /// # Errors
    /// Only for a `tokenizer.json` that has no token for what it does not know.
    pub fn encode(&self, text: &str) -> Result<Tokens, TokenizerError> {
        let (mut ids, truncated) = match &self.kind {
            Kind::Clip(clip) => clip.encode(text),
            Kind::HuggingFace(tokenizer) => tokenizer.encode(text)?,
        };
        let mut mask = vec![1; ids.len()];
        if let Some((length, id)) = self.padding {
            ids.resize(length, id);
            mask.resize(length, 0);
        }
        Ok(Tokens { ids, mask, truncated })
    }
}

/// A tokenizer that cannot be made or used.
#[derive(Debug, thiserror::Error)]
pub enum TokenizerError {
    /// More bytes than any tokenizer has.
    #[error("the tokenizer file has {bytes} bytes, more than the {limit} that one may have")]
    TooLarge {
        /// What it has.
        bytes: usize,
        /// What it may have.
        limit: usize,
    },
    /// Neither form of CLIP's vocabulary.
    #[error(
        "the file is no CLIP vocabulary: {0}; expected are `bpe_simple_vocab_16e6.txt.gz` or a `tokenizer.json` with the \
         same vocabulary"
    )]
    Vocabulary(String),
    /// Not a `tokenizer.json`, or one with parts that are not known.
    #[error("the file is no usable `tokenizer.json`: {0}")]
    TokenizerJson(String),
    /// A text could not be cut into tokens.
    #[error(
        "the tokenizer has no tokens for a text: {0}; its `tokenizer.json` may lack a token for what it does not know"
    )]
    Text(String),
}

/// As many of the first bytes of `text` as fit in `most`, cut between characters, and whether that is less than all.
fn beginning(text: &str, most: usize) -> (&str, bool) {
    let end = text.floor_char_boundary(most);
    (text.get(..end).unwrap_or(text), end < text.len())
}

#[cfg(test)]
mod tests;
