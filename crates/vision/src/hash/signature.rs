//! The hashes as values: their types, their hexadecimal notation and their distance.
//!
//! Every hash is written in lower-case hex, most significant bit first, as its reference implementation prints it;
//! reading accepts either case. How a hash is made is in `phash`, `dhash` and `pdq`.

use std::fmt;
use std::str::FromStr;

/// 64-bit DCT hash, most significant bit first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PHash(pub u64);

/// 64-bit gradient hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DHash(pub u64);

/// 256-bit PDQ hash; word 0 holds the first 16 hex digits of the usual notation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PdqHash(pub [u64; 4]);

/// A PDQ hash and how far it can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pdq {
    /// The hash of the upright picture.
    pub hash: PdqHash,
    /// 0 (featureless) to 100. PDQ's authors advise against matching hashes of quality under 50.
    pub quality: u8,
}

/// Every hash of one picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hashes {
    /// Letterboxed on white 512x512 first.
    pub phash: PHash,
    /// ImageHash's own, without the letterbox.
    pub phash_plain: PHash,
    /// Gradient hash.
    pub dhash: DHash,
    /// PDQ with quality.
    pub pdq: Pdq,
}

/// Why a text is not a hash.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseHashError {
    /// Too short or too long.
    #[error("{kind} has {expected} hex digits, got {found} characters")]
    Length {
        /// Which hash was expected.
        kind: &'static str,
        /// Digits it has.
        expected: usize,
        /// Characters given.
        found: usize,
    },
    /// Something that is no hex digit.
    #[error("{kind} is written in hex digits 0-9 and a-f, got {found:?}")]
    Digit {
        /// Which hash was expected.
        kind: &'static str,
        /// The first character that is none.
        found: char,
    },
}

/// Reads `16 * WORDS` hex digits.
fn parse<const WORDS: usize>(kind: &'static str, text: &str) -> Result<[u64; WORDS], ParseHashError> {
    let (expected, found) = (16 * WORDS, text.chars().count());
    if found != expected {
        return Err(ParseHashError::Length { kind, expected, found });
    }
    let mut words = [0; WORDS];
    let mut digits = text.chars();
    for word in &mut words {
        for found in digits.by_ref().take(16) {
            let digit = found.to_digit(16).ok_or(ParseHashError::Digit { kind, found })?;
            *word = *word << 4 | u64::from(digit);
        }
    }
    Ok(words)
}

impl PHash {
    /// Differing bits, 0 to 64.
    pub fn distance(self, other: Self) -> u32 {
        (self.0 ^ other.0).count_ones()
    }
}

impl DHash {
    /// Differing bits, 0 to 64.
    pub fn distance(self, other: Self) -> u32 {
        (self.0 ^ other.0).count_ones()
    }
}

impl PdqHash {
    /// Differing bits, 0 to 256. PDQ's authors call two pictures alike up to 31.
    pub fn distance(self, other: Self) -> u32 {
        self.0.iter().zip(other.0).map(|(word, other)| (word ^ other).count_ones()).sum()
    }
}

impl fmt::Display for PHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Display for DHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Display for PdqHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|word| write!(f, "{word:016x}"))
    }
}

impl FromStr for PHash {
    type Err = ParseHashError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse("a pHash", text).map(|[word]| Self(word))
    }
}

impl FromStr for DHash {
    type Err = ParseHashError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse("a dHash", text).map(|[word]| Self(word))
    }
}

impl FromStr for PdqHash {
    type Err = ParseHashError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse("a PDQ hash", text).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_can_be_read(word: u64, words: [u64; 4]) {
            prop_assert_eq!(PHash(word).to_string().parse(), Ok(PHash(word)));
            prop_assert_eq!(DHash(word).to_string().to_uppercase().parse(), Ok(DHash(word)));
            prop_assert_eq!(PdqHash(words).to_string().parse(), Ok(PdqHash(words)));
        }

        #[test]
        fn any_text_is_a_hash_or_a_clear_error(text in ".{0,70}") {
            let hex = text.chars().all(|c| c.is_ascii_hexdigit());
            prop_assert_eq!(text.parse::<PHash>().is_ok(), hex && text.len() == 16);
            prop_assert_eq!(text.parse::<PdqHash>().is_ok(), hex && text.len() == 64);
        }
    }

    #[test]
    fn notation_starts_with_the_most_significant_bit_of_word_0() {
        assert_eq!(PHash(1 << 63).to_string(), "8000000000000000");
        assert_eq!(PdqHash([1 << 63, 0, 0, 1]).to_string(), format!("8{}1", "0".repeat(62)));
    }

    #[test]
    fn errors_name_the_hash_and_the_fault() {
        let short = "abc".parse::<PHash>().unwrap_err();
        assert_eq!(short.to_string(), "a pHash has 16 hex digits, got 3 characters");
        let letter = "000000000000000g".parse::<DHash>().unwrap_err();
        assert_eq!(letter.to_string(), "a dHash is written in hex digits 0-9 and a-f, got 'g'");
        assert!("é".repeat(8).parse::<PHash>().is_err());
        assert!("+123456789abcdef".parse::<PHash>().is_err());
    }

    #[test]
    fn distance_counts_differing_bits() {
        assert_eq!(PHash(0b1011).distance(PHash(0b0001)), 2);
        assert_eq!(DHash(0).distance(DHash(u64::MAX)), 64);
        assert_eq!(PdqHash([0; 4]).distance(PdqHash([1, 3, 0, u64::MAX])), 67);
    }
}
