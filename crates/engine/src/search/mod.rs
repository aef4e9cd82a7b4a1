//! From a query picture to products, best first.
//!
//! A query becomes a [`probe`](Probe): its hashes, its vector, the digest of its bytes. The store names candidates by
//! each signature the [`Mode`] asks for; every candidate is then compared by *all* signatures ([`Evidence`]), judged
//! ([`calibrate`]), and grouped by product with its best image. Distances come from the store and the kernels;
//! what they mean is decided here and nowhere else.
//!
//! A catalog may have several encoders. A question names one or takes the default, and is compared by that encoder's
//! vectors alone; what its cosines mean is measured on the catalog ([`Scale`]). Questions in words are [`text`]'s, those of a picture and
//! words [`together`]'s, those about hashes alone [`by_phash`]'s.

pub mod batching;
mod by_phash;
pub mod calibrate;
mod candidates;
mod encoders;
mod error;
mod evidence;
mod fold;
mod likeness;
mod parts;
mod probe;
mod scale;
mod searcher;
mod text;
mod together;

pub use batching::Batching;
pub use by_phash::HashProbe;
pub use calibrate::{Class, Judge, Judgement};
pub use encoders::{EncoderSource, EncoderUnavailable};
pub use error::SearchError;
pub use evidence::{Background, Evidence, Orientation};
pub use likeness::likeness_query;
pub use parts::Region;
pub use probe::Probe;
pub use scale::Scale;
pub use searcher::{Check, Match, Request, Searcher};
pub use text::{LONGEST_TEXT, MatchedBy, TextAnswer, TextEvidence, TextMatch, TextRequest};

/// What kind of match is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Copies and look-alikes, fused: a match counts by the better of its two scores.
    #[default]
    Auto,
    /// Copies of the same photo, by hashes.
    Duplicate,
    /// Products that look alike, by vector.
    Similar,
}
