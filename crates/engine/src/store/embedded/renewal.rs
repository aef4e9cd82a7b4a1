//! When the snapshots of a catalog that is being written are written anew.
//!
//! While writing, after as many changed images as half the snapshots' rows and at least 65,536: a growing catalog then
//! writes each row about three times, and readers never have more than that in memory. When closing, after few,
//! because the next to open has to read them one by one.

/// Fewer changed images than this are no reason to write snapshots while the catalog is open.
const DUE_WHILE_WRITING: u64 = if cfg!(test) { 300 } else { 65_536 };
/// Fewer than this are none when it is closed: they are read back in milliseconds.
const DUE_WHEN_CLOSING: u64 = 1024;

/// Counts what the snapshots do not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Renewal {
    /// Images stored or removed since.
    changed: u64,
    /// Images in the snapshots.
    rows: u64,
}

impl Renewal {
    pub(super) fn new(changed: u64, rows: u64) -> Self {
        Self { changed, rows }
    }

    pub(super) fn add(&mut self, changed: u64) {
        self.changed += changed;
    }

    pub(super) fn is_due_while_writing(self) -> bool {
        self.changed > DUE_WHILE_WRITING.max(self.rows / 2)
    }

    pub(super) fn is_due_when_closing(self) -> bool {
        self.changed > DUE_WHEN_CLOSING.max(self.rows / 64)
    }
}
