//! Catalogs in and out of files: everything as lines of JSON that [`Import`] takes back, or one encoder's vectors as a
//! matrix for other programs.
//!
//! The lines hold all that a catalog knows (fields, places, digests, hashes, vectors), so that a catalog made of them
//! is the same: its own export has the same bytes. Photos are not among it, and neither are those that are kept from
//! the web. `format` says how the lines look; `export`, `import` and `matrix` go through a catalog or a file in memory
//! that does not grow with it. Where files are and what they are called is the app's business.

mod error;
mod export;
mod format;
mod import;
mod lines;
mod matrix;
mod npy;
#[cfg(feature = "parquet")]
mod parquet;
mod product;
mod report;

#[cfg(feature = "parquet")]
pub use self::parquet::write_parquet;
pub use error::{ExportError, ImportError};
pub use export::{Exported, export};
pub use import::Import;
pub use matrix::write_matrix;
pub use report::{ImportCounts, ImportEvent, ImportReport, LineFailure, Tally};
