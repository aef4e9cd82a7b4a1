//! Why a text is no filter, and where.

use super::parse::{DEEPEST, MOST_BYTES, MOST_FIELDS, MOST_TERMS};

/// A text is no filter. [`Self::offset`] says where, [`Self::pointed`] shows it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// Something else was due.
    #[error("expected {expected}, found {found}, at character {}", offset + 1)]
    Expected {
        /// Where, in characters from 0.
        offset: usize,
        /// What could have stood there.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// A quoted text without its end.
    #[error("the text in quotes that begins at character {} has no closing {quote}", offset + 1)]
    Unclosed {
        /// Where it begins, in characters from 0.
        offset: usize,
        /// The quotation mark that it began with.
        quote: char,
    },
    /// A backslash before something that it gives no meaning.
    #[error(
        "no such escape at character {}: `\\\\`, `\\\"`, `\\'`, `\\n`, `\\r`, `\\t` and `\\u{{1F600}}` are known",
        offset + 1
    )]
    Escape {
        /// Where the backslash is, in characters from 0.
        offset: usize,
    },
    /// A number too great for 64-bit floats.
    #[error("the number at character {} is out of range: put it in quotes if it is text", offset + 1)]
    OutOfRange {
        /// Where it begins, in characters from 0.
        offset: usize,
    },
    /// Longer than any filter needs.
    #[error("the filter is {bytes} bytes long; the longest allowed is {MOST_BYTES}")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// Nested deeper than any filter needs.
    #[error("parentheses and `not` nest deeper than {DEEPEST} at character {}", offset + 1)]
    TooDeep {
        /// Where, in characters from 0.
        offset: usize,
    },
    /// More conditions than any filter needs.
    #[error("more than {MOST_TERMS} conditions and values at character {}", offset + 1)]
    TooMany {
        /// Where the first beyond the limit begins, in characters from 0.
        offset: usize,
    },
    /// More fields than any filter needs.
    #[error("more than {MOST_FIELDS} different fields at character {}", offset + 1)]
    TooManyFields {
        /// Where the first beyond the limit begins, in characters from 0.
        offset: usize,
    },
}

/// Characters that [`FilterError::pointed`] shows before and after the place.
const SHOWN_BEFORE: usize = 60;
const SHOWN_AFTER: usize = 20;

impl FilterError {
    /// Where in the text, in characters (Unicode code points) from 0. The text's length when its end came too early.
    pub fn offset(&self) -> usize {
        match *self {
            Self::Expected { offset, .. }
            | Self::Unclosed { offset, .. }
            | Self::Escape { offset }
            | Self::OutOfRange { offset }
            | Self::TooDeep { offset }
            | Self::TooMany { offset }
            | Self::TooManyFields { offset } => offset,
            Self::TooLong { .. } => MOST_BYTES,
        }
    }

    /// The part of `filter` around the place, and under it a caret: two lines for a terminal. Control characters are
    /// replaced.
    pub fn pointed(&self, filter: &str) -> String {
        let from = self.offset().saturating_sub(SHOWN_BEFORE);
        let cut = if from > 0 { "..." } else { "" };
        let shown = filter.chars().skip(from).take(SHOWN_BEFORE + SHOWN_AFTER);
        let shown: String = shown.map(|c| if c.is_control() { ' ' } else { c }).collect();
        let column = cut.len() + (self.offset() - from);
        format!("{cut}{shown}\n{:column$}^", "")
    }
}
