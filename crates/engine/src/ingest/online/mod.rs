//! Single products changed while the catalog is served: one by one, at once, and durable when it is said so.
//!
//! ```text
//! photo ─► prepare (any thread) ─┐
//! photo ─► prepare ──────────────┴► Change ─► Committer (one thread) ─► store
//! ```
//!
//! Preparing is what a run from a source does with a photo (decode, hash, encode by every encoder of the catalog), and
//! costs nobody else anything. Committing is short: what is stored is looked at, the write that becomes of the change is
//! applied, and those that wait meanwhile share the next transaction. Other than in a run, a product with a photo that
//! fails is not stored at all: whoever hands it in is there to be told.

mod change;
mod committer;
mod prepare;
#[cfg(test)]
mod tests;

pub use change::{Change, ChangeError, Changed, Guard, ImageChange, Kind, merge_patch};
pub use committer::{Committer, Hold, Overfull};
pub use prepare::{HandedIn, Prepared, prepare};
