//! Why a search cannot be answered, in words that name what was asked and the cure.

use super::EncoderUnavailable;
use crate::store::StoreError;
use lookalike_vision::encoder::{EncodeError, EncoderId};

/// A search could not be answered.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// The catalog has no vectors of the encoder asked for.
    #[error(
        "the catalog has no encoder {asked:?}, it has {known}: ask with one of these, or add it with `lookalike \
         encoders add`"
    )]
    UnknownEncoder {
        /// The name.
        asked: String,
        /// Those it has, the primary one first.
        known: String,
    },
    /// The model at hand is not the one that made the catalog's vectors.
    #[error(
        "the catalog's vectors were made by {stored}, and the model at hand is {offered}: bring back the model that made \
         them (`lookalike models`), or remove the encoder from the catalog and add it anew (`lookalike encoders`)"
    )]
    EncoderDiffers {
        /// What made the catalog's vectors.
        stored: Box<EncoderId>,
        /// What is at hand.
        offered: Box<EncoderId>,
    },
    /// The model is not at hand.
    #[error(transparent)]
    EncoderUnavailable(#[from] EncoderUnavailable),
    /// The encoder was removed from the catalog since it was opened.
    #[error("{0} was removed from the catalog since it was opened: open it again (restart what serves it)")]
    EncoderGone(String),
    /// Words for an encoder that reads none.
    #[error(
        "{asked} reads pictures, not words: {}leave the encoder out to search the products' own words",
        with_text.as_ref().map_or_else(String::new, |names| format!("ask with {names}, or "))
    )]
    ReadsNoText {
        /// The encoder asked for.
        asked: String,
        /// Those of the catalog that read words.
        with_text: Option<String>,
    },
    /// Words without any.
    #[error("the text is blank: give words to look for")]
    BlankText,
    /// Words without a letter or digit, where no encoder reads them.
    #[error(
        "the text holds no letter and no digit, and the products' words are looked through: give words to look for"
    )]
    NoWords,
    /// More words than any question needs.
    #[error("the text is {chars} characters long; the longest allowed is {most}")]
    LongText {
        /// Its length.
        chars: usize,
        /// The limit.
        most: usize,
    },
    /// The stored image of the query is gone.
    #[error("the image asked about is no longer in the catalog")]
    QueryGone,
    /// The query could not be encoded.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The store failed.
    #[error(transparent)]
    Store(StoreError),
}

/// Names in a row.
pub(super) fn names<'a>(ids: impl Iterator<Item = &'a EncoderId>) -> String {
    ids.map(|id| id.name.as_str()).collect::<Vec<_>>().join(", ")
}
