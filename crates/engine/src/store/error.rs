//! Why a store could not do what was asked, as far as callers tell reasons apart.
//!
//! The words are the engines' own; nothing here knows how one works.

use super::embedded;

/// A store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The embedded engine's own.
    #[error(transparent)]
    Embedded(#[from] embedded::EmbeddedError),
}

impl StoreError {
    /// The encoder that was asked for and that another process removed since the store was opened.
    pub fn removed_encoder(&self) -> Option<&str> {
        match self {
            Self::Embedded(embedded::EmbeddedError::EncoderRemoved { name, .. }) => Some(name),
            Self::Embedded(_) => None,
        }
    }

    /// Whether another process is writing just now.
    pub fn is_taken(&self) -> bool {
        matches!(self, Self::Embedded(embedded::EmbeddedError::OpenElsewhere { .. }))
    }

    /// Whether the catalog is another one than was opened, and is to be opened again.
    pub fn is_stale(&self) -> bool {
        matches!(self, Self::Embedded(embedded::EmbeddedError::Stale(_)))
    }

    /// Whether the store was opened for reading only.
    pub fn is_read_only(&self) -> bool {
        matches!(self, Self::Embedded(embedded::EmbeddedError::OpenedForReading(_)))
    }

    /// Whether there is no room left for what was to be written.
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Embedded(embedded::EmbeddedError::DiskFull(_)))
    }

    /// Whether what was to be written is at fault, and not the store.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Embedded(embedded::EmbeddedError::Rejected(_)))
    }
}
