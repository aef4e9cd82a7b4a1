//! A catalog in a folder: SQLite for what must not be lost, mapped matrices derived from it for speed.

/// Why a catalog folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// No catalog there.
    #[error("{0} is not a catalog: make one with `lookalike index {0} SOURCE`")]
    NotACatalog(String),
}
