//! What is compared where products are asked for, and not copies.
//!
//! An edited copy may have another tone; another photo of a red shirt shows a red shirt. `look-1` keeps colours apart from
//! the rest of its vector, so one stored vector answers both questions: the query says what counts how much. Other encoders'
//! vectors are compared as they are. What the numbers then mean is [`Scale`](super::Scale)'s business.

use lookalike_vision::look::{self, Colours};
use std::borrow::Cow;

/// The query to compare stored vectors with, where other photos of a product are asked for by `vector` of the encoder of that
/// name. Dot products with it are at most about 1.
pub fn likeness_query<'a>(encoder: &str, vector: &'a [f32]) -> Cow<'a, [f32]> {
    if encoder == look::NAME { Cow::Owned(look::for_products(vector)) } else { Cow::Borrowed(vector) }
}

/// The colours that `vector` of the encoder of that name holds, where it holds any.
pub(super) fn colours_of(encoder: &str, vector: &[f32]) -> Option<Colours> {
    if encoder == look::NAME { Colours::in_vector(vector) } else { None }
}
