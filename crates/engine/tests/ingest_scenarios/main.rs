//! Given a source of photos, when it is ingested into a catalog, then every item is stored, unchanged or told as a
//! failure, and the numbers add up, whatever the photos, the encoder and the store do.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a scenario that cannot go on fails right there"
)]

mod adding;
mod bad_input;
mod bounds;
mod kit;
mod real;
mod refusals;
mod resume;
mod sync;
