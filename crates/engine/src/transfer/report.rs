//! What an import tells: what became of products and images, and which lines were not taken over.
//!
//! Numbers and lines alone; who tells them to whom is `import`'s and the app's business.

/// A line that could not be taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineFailure {
    /// Its number; the first is 1.
    pub line: u64,
    /// Why, on one line; follows its number.
    pub reason: String,
}

/// What became of products or images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// New or changed, and durable.
    pub stored: u64,
    /// In the catalog already, just so.
    pub unchanged: u64,
    /// Told as [`LineFailure`], or missing from the file.
    pub failed: u64,
}

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ImportCounts {
    /// Of its products.
    pub products: Tally,
    /// Of its images.
    pub images: Tally,
}

/// Something an import tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportEvent {
    /// A line was not taken over.
    Failed(LineFailure),
    /// What is written so far.
    Progress(ImportCounts),
}

/// An import that came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImportReport {
    /// What became of everything.
    pub counts: ImportCounts,
    /// It was stopped before the end; run again, it goes on.
    pub cancelled: bool,
}
