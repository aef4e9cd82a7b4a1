//! Source to store: plans what is new, reads, decodes, encodes on all cores, writes in batches.
//!
//! ```text
//! source ─► plan ─► queue ─► load (readers) ─► encode (workers) ─► collect (writer) ─► store
//!             └──────────── what is unchanged, what failed ─────────────►┘
//! ```
//!
//! A run is a sync: what is new is stored, what changed is replaced, what is unchanged is not even read, and `missing`
//! removes what the source does not name any more where that is asked for; `preview` tells all that without doing it.
//! Every arrow is bounded (`queue` has a lane for each host), and the bytes of photos and pictures on their way are bounded as well, so memory
//! depends neither on the number of products nor on how many images one of them has. Whatever goes wrong with one
//! item costs that item alone and is told as an [`Event`]; the numbers are checked to add up. It knows no terminal
//! and no kind of source, store or encoder; progress bars and exit codes are the app's. `add` uses the same stages to
//! give stored images the vectors of another encoder, and `online` changes single products while the catalog is served.

mod add;
mod budget;
mod collect;
mod encode;
mod event;
mod failures;
mod load;
mod missing;
pub mod online;
mod plan;
mod preview;
mod product;
mod queue;
mod report;
mod run;
mod stop;
#[cfg(test)]
mod tests;
mod write;

pub use add::{AddReport, Unreadable};
pub use event::{Event, Failure, Stage};
pub use failures::{FailuresFile, FailuresFileError};
pub use missing::{Missing, NotRemoved};
pub use report::{Counts, ProductCounts, Report};
pub use run::{Ingest, IngestError};
