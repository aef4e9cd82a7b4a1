//! CLIP's vocabulary, from either of the two files it comes in.
//!
//! `bpe_simple_vocab_16e6.txt.gz` lists merges, of which CLIP uses the first 48,894, and ids follow from their order; a
//! `tokenizer.json` has ids and merges. Files are other people's: sizes are bounded, and what is missing is named.

use super::TokenizerError;
use super::byte_pairs::{BytePairs, Id, Merge};
use flate2::read::GzDecoder;
use serde::Deserialize;
use std::collections::HashMap;
use std::io::Read;

/// Merges that CLIP uses of OpenAI's list, `49152 - 256 - 2`.
const MOST_MERGES: usize = 48_894;

/// Bytes that OpenAI's list may have when unpacked; it has 3 MB.
const LARGEST_LIST_BYTES: u64 = 32 << 20;

/// Ends a token that ends a word.
const END_OF_WORD: &str = "</w>";

/// Byte pairs and the two tokens around a text.
#[derive(Debug)]
pub(super) struct Vocabulary {
    pub(super) pairs: BytePairs,
    pub(super) start: Id,
    pub(super) end: Id,
}

/// Tokens that stand around a text, and for themselves where a text has them.
pub(super) const START: &str = "<|startoftext|>";
/// As [`START`].
pub(super) const END: &str = "<|endoftext|>";

impl Vocabulary {
    /// Reads either file.
    pub(super) fn read(file: &[u8]) -> Result<Self, TokenizerError> {
        if file.starts_with(&[0x1f, 0x8b]) { Self::from_list(file) } else { Self::from_json(file) }
    }

    fn from_list(file: &[u8]) -> Result<Self, TokenizerError> {
        let mut text = String::new();
        let read = GzDecoder::new(file).take(LARGEST_LIST_BYTES + 1).read_to_string(&mut text);
        read.map_err(|error| wrong(format!("it cannot be unpacked: {error}")))?;
        if text.len() as u64 > LARGEST_LIST_BYTES {
            return Err(wrong(format!("it has more than {LARGEST_LIST_BYTES} bytes when unpacked")));
        }
        let mut merges = Vec::new();
        // The first line is a heading.
        for line in text.lines().skip(1).filter(|line| !line.trim().is_empty()).take(MOST_MERGES) {
            let mut parts = line.split_whitespace();
            match (parts.next(), parts.next(), parts.next()) {
                (Some(first), Some(second), None) => merges.push((first.to_owned(), second.to_owned())),
                _ => return Err(wrong(format!("`{}` is no pair of tokens", shown(line)))),
            }
        }
        let letters = byte_letters();
        let single = letters.iter().map(|(_, letter)| letter.to_string());
        let last = letters.iter().map(|(_, letter)| format!("{letter}{END_OF_WORD}"));
        let merged = merges.iter().map(|(first, second)| format!("{first}{second}"));
        let special = [START, END].map(str::to_owned);
        // A token that comes up twice has its last number, as in the reference.
        let ids = single.chain(last).chain(merged).chain(special).zip(0..).collect();
        Self::new(&ids, &merges)
    }

    fn from_json(file: &[u8]) -> Result<Self, TokenizerError> {
        let file: File = serde_json::from_slice(file).map_err(|error| wrong(error.to_string()))?;
        let merges: Result<Vec<_>, _> = file.model.merges.into_iter().map(Pair::split).collect();
        let mut ids = file.model.vocab;
        ids.extend(file.added_tokens.into_iter().map(|token| (token.content, token.id)));
        Self::new(&ids, &merges?)
    }

    fn new(ids: &HashMap<String, Id>, merges: &[(String, String)]) -> Result<Self, TokenizerError> {
        let id = |token: &str| {
            let id = ids.get(token).copied();
            let id = id.ok_or_else(|| wrong(format!("it has no token `{}`", shown(token))))?;
            // Networks take ids as signed integers of 32 bits at least.
            i32::try_from(id).map_err(|_| wrong(format!("{id} is too large for the id of a token")))?;
            Ok(id)
        };
        let (mut bytes, mut last_bytes) = (Box::new([0; 256]), Box::new([0; 256]));
        for (byte, letter) in byte_letters() {
            for (table, ending) in [(&mut bytes, ""), (&mut last_bytes, END_OF_WORD)] {
                if let Some(place) = table.get_mut(usize::from(byte)) {
                    *place = id(&format!("{letter}{ending}"))?;
                }
            }
        }
        let mut ranked = HashMap::with_capacity(merges.len());
        for (rank, (first, second)) in (0..).zip(merges) {
            let into = id(&format!("{first}{second}"))?;
            ranked.insert((id(first)?, id(second)?), Merge { rank, into });
        }
        let pairs = BytePairs { bytes, last_bytes, merges: ranked };
        Ok(Self { pairs, start: id(START)?, end: id(END)? })
    }
}

fn wrong(reason: String) -> TokenizerError {
    TokenizerError::Vocabulary(reason)
}

/// The beginning of what a hostile file may have made long.
fn shown(text: &str) -> &str {
    super::beginning(text, 60).0
}

/// The letter that stands for each byte, in the order of their ids: GPT-2's `bytes_to_unicode`. Printable bytes of
/// Latin-1 stand for themselves and come first; the others are moved beyond it.
fn byte_letters() -> Vec<(u8, char)> {
    let printable = |byte: &u8| matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
    let themselves = (0..=255).filter(printable).map(|byte| (byte, char::from(byte)));
    let moved = (0..=255).filter(|byte| !printable(byte)).zip('\u{100}'..);
    themselves.chain(moved).collect()
}

/// What of a `tokenizer.json` matters here.
#[derive(Deserialize)]
struct File {
    model: Model,
    #[serde(default)]
    added_tokens: Vec<Added>,
}

#[derive(Deserialize)]
struct Model {
    vocab: HashMap<String, Id>,
    merges: Vec<Pair>,
}

#[derive(Deserialize)]
struct Added {
    id: Id,
    content: String,
}

/// Older files have merges as one string, newer ones as two.
#[derive(Deserialize)]
#[serde(untagged)]
enum Pair {
    One(String),
    Two((String, String)),
}

impl Pair {
    fn split(self) -> Result<(String, String), TokenizerError> {
        match self {
            Self::Two(pair) => Ok(pair),
            Self::One(line) => match line.split_once(' ') {
                Some((first, second)) => Ok((first.to_owned(), second.to_owned())),
                None => Err(wrong(format!("`{}` is no pair of tokens", shown(&line)))),
            },
        }
    }
}
