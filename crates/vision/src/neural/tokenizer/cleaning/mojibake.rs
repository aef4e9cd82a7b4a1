//! ftfy's repair of text that was decoded in the wrong encoding, once or several times over.
//!
//! Text that looks like mojibake is encoded in each single-byte encoding it could have come from, and where the bytes are
//! UTF-8 (or nearly: a lost no-break space, a lost byte, a surrogate pair) that is what was meant. Decisions and their
//! order are those of ftfy 6.3's `fix_encoding`; [`utf8`] reads the bytes.

mod utf8;

use super::characters::c1_meant;
use super::tables::{
    BADNESS, CODE_PAGES, UTF8_CONTINUATION, UTF8_CONTINUATION_STRICT, UTF8_FIRST_OF_2, UTF8_FIRST_OF_3,
    UTF8_FIRST_OF_4,
};
use regex::Regex;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

/// Steps of repair one text is given; none that ends needs as many, as each takes an encoding off.
const MOST_STEPS: usize = 1000;

/// A single-byte encoding.
struct CodePage {
    name: &'static str,
    /// Bytes of the characters outside ASCII.
    bytes: HashMap<char, u8>,
}

impl CodePage {
    fn is_sloppy(&self) -> bool {
        self.name.starts_with("sloppy")
    }

    /// The text in this encoding, where it has all characters. In sloppy ones U+FFFD stands for a byte that was lost,
    /// and has the place of the control character 0x1a.
    fn encode(&self, text: &str) -> Option<Vec<u8>> {
        let byte = |character: char| match character {
            '\u{fffd}' if self.is_sloppy() => Some(utf8::LOST),
            '\u{1a}' if self.is_sloppy() => None,
            ascii if ascii.is_ascii() => u8::try_from(ascii).ok(),
            other => self.bytes.get(&other).copied(),
        };
        text.chars().map(byte).collect()
    }
}

static PAGES: LazyLock<Vec<CodePage>> = LazyLock::new(|| {
    let page = |&(name, characters): &(&'static str, &str)| CodePage {
        name,
        bytes: characters.chars().zip(0x80..=0xff).collect(),
    };
    CODE_PAGES.iter().map(page).collect()
});

/// Whether the text has a sequence of characters that is unlikely but as mojibake.
fn is_bad(text: &str) -> bool {
    static BAD: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(&BADNESS.join("|")).ok());
    BAD.as_ref().is_some_and(|bad| bad.is_match(text))
}

/// The text as it was meant.
pub(super) fn fix_encoding(text: &str) -> Cow<'_, str> {
    let mut fixed = Cow::Borrowed(text);
    for _ in 0..MOST_STEPS {
        match one_step(&fixed) {
            Some(next) if next != fixed => fixed = Cow::Owned(next),
            _ => break,
        }
    }
    fixed
}

/// Takes one encoding off, where there is one.
fn one_step(text: &str) -> Option<String> {
    if text.is_ascii() || !is_bad(text) {
        return None;
    }
    for page in PAGES.iter() {
        let Some(mut bytes) = page.encode(text) else { continue };
        // In MacRoman a lost no-break space looks like a dash before a space.
        if page.name != "macroman" {
            bytes = utf8::with_lost_spaces(bytes);
        }
        if page.is_sloppy() {
            bytes = utf8::with_lost_bytes(bytes);
        }
        if let Some(fixed) = utf8::decode(&bytes) {
            return Some(fixed);
        }
    }
    if let Some(fixed) = fix_embedded(text) {
        return Some(fixed);
    }
    // Characters of Latin-1 that Windows has other characters for.
    let c1 = |character: char| ('\u{80}'..='\u{9f}').contains(&character);
    text.contains(c1).then(|| text.chars().map(c1_meant).collect())
}

/// Repairs the parts that look like UTF-8 by themselves, where the text as a whole is in no one encoding.
fn fix_embedded(text: &str) -> Option<String> {
    let characters: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let (mut at, mut before) = (0, None);
    while let Some(&character) = characters.get(at) {
        let length = match before {
            Some(before) if is_in(UTF8_CONTINUATION_STRICT, before) => 0,
            _ => utf8_like(characters.get(at..).unwrap_or_default()),
        };
        if length == 0 {
            out.push(character);
            (at, before) = (at + 1, Some(character));
            continue;
        }
        let part = characters.get(at..at + length).unwrap_or_default();
        let part_text: String = part.iter().collect();
        // A part that is the whole text would be repaired for ever.
        if length < characters.len() && is_bad(&part_text) {
            out.push_str(&fix_encoding(&part_text));
        } else {
            out.push_str(&part_text);
        }
        (at, before) = (at + length, part.last().copied());
    }
    (out != text).then_some(out)
}

/// How many of the first characters look like UTF-8 sequences read in a single-byte encoding.
fn utf8_like(characters: &[char]) -> usize {
    let continues = |from: usize, count: usize| {
        characters
            .get(from..from + count)
            .is_some_and(|part| part.iter().all(|&c| is_in(UTF8_CONTINUATION, c)))
    };
    let mut length = 0;
    while let Some(&first) = characters.get(length) {
        let sequence = [(UTF8_FIRST_OF_2, 1), (UTF8_FIRST_OF_3, 2), (UTF8_FIRST_OF_4, 3)]
            .into_iter()
            .find(|&(class, count)| is_in(class, first) && continues(length + 1, count));
        match sequence {
            Some((_, count)) => length += 1 + count,
            None => break,
        }
    }
    length
}

/// Whether a class of [`super::tables`], the first and last characters of ranges in turn, has `character`.
fn is_in(class: &str, character: char) -> bool {
    let mut ends = class.chars();
    while let (Some(first), Some(last)) = (ends.next(), ends.next()) {
        if (first..=last).contains(&character) {
            return true;
        }
    }
    false
}
