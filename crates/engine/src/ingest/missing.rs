//! Products that the source does not name any more.
//!
//! A source that is broken, cut short, or not mounted names nothing, and must not empty a catalog: products are removed
//! only after the source was read to its end, and with [`Missing::Remove`] only when each of its rows could be read and
//! no more than half of the catalog would go. What was seen is remembered as 16 bytes per product, keyed hashes of the
//! ids: two ids that agree in them are not to be met, and would keep a product, not remove one. Stopped midway, the next
//! run goes on: what is gone is not missing.

use super::event::Event;
use super::report::Counts;
use super::stop::Stop;
use crate::catalog::ProductId;
use crate::store::{Store, StoreError, Write};
use std::collections::HashSet;
use std::fmt;
use std::hash::{BuildHasher, RandomState};

/// Ids asked of the store at a time, and products removed in one transaction.
const PAGE: usize = 256;

/// What becomes of products that the source does not name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Missing {
    /// They stay.
    #[default]
    Keep,
    /// They are removed, unless a row of the source could not be read or more than half of the catalog would go.
    Remove,
    /// They are removed once the source was read to its end.
    RemoveAny,
}

/// Why missing products were not removed although that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotRemoved {
    /// Not everything the source names is known.
    Stopped,
    /// The source ended before its end.
    SourceBroke,
    /// Rows that could not be read, and may name what seems to be missing.
    RowsFailed(u64),
    /// More than half of the catalog.
    TooMany {
        /// So many are missing.
        missing: u64,
        /// Of so many that were stored before the run.
        of: u64,
    },
}

impl fmt::Display for NotRemoved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped => f.write_str("the run was stopped before everything was compared: run again"),
            Self::SourceBroke => f.write_str(
                "the source could not be read to its end, so what is missing in it is not known: mend it and run again",
            ),
            Self::RowsFailed(rows) => write!(
                f,
                "{rows} rows of the source could not be read, and may be products that seem to be missing: mend them, or \
                 say --delete-missing=all"
            ),
            Self::TooMany { missing, of } => write!(
                f,
                "{missing} of {of} products are missing in the source, more than half: see whether it is whole, and if so \
                 say --delete-missing=all"
            ),
        }
    }
}

/// The products a run has seen.
pub(super) struct Seen {
    keys: (RandomState, RandomState),
    ids: HashSet<(u64, u64)>,
}

impl Seen {
    pub(super) fn new() -> Self {
        Self { keys: (RandomState::new(), RandomState::new()), ids: HashSet::new() }
    }

    fn hashes(&self, id: &ProductId) -> (u64, u64) {
        (self.keys.0.hash_one(id), self.keys.1.hash_one(id))
    }

    /// Takes an id down; false when it was seen before.
    pub(super) fn insert(&mut self, id: &ProductId) -> bool {
        let hashes = self.hashes(id);
        self.ids.insert(hashes)
    }

    fn contains(&self, id: &ProductId) -> bool {
        self.ids.contains(&self.hashes(id))
    }
}

/// How a source was gone through.
pub(super) struct Gone {
    pub(super) seen: Seen,
    /// To its end.
    pub(super) is_whole: bool,
    /// Items that are no products.
    pub(super) failed_rows: u64,
}

/// Removes what is missing, or counts it.
pub(super) struct Removing<'a> {
    pub(super) store: &'a dyn Store,
    pub(super) missing: Missing,
    /// Products that were stored before the run.
    pub(super) before: u64,
    /// Nothing is removed.
    pub(super) is_preview: bool,
    pub(super) stop: &'a Stop<'a>,
}

impl Removing<'_> {
    /// Gives why nothing was removed, where that is so.
    pub(super) fn run(
        &self,
        gone: &Gone,
        source_broke: bool,
        counts: &mut Counts,
        tell: &mut dyn FnMut(Event),
    ) -> Result<Option<NotRemoved>, StoreError> {
        if self.missing == Missing::Keep {
            return Ok(None);
        }
        if source_broke {
            return Ok(Some(NotRemoved::SourceBroke));
        }
        if !gone.is_whole || self.stop.requested() {
            return Ok(Some(NotRemoved::Stopped));
        }
        if self.missing == Missing::Remove {
            if gone.failed_rows > 0 {
                return Ok(Some(NotRemoved::RowsFailed(gone.failed_rows)));
            }
            let mut missing = 0;
            self.walk(&gone.seen, &mut |page| {
                missing += page.len() as u64;
                Ok(())
            })?;
            if missing * 2 > self.before {
                return Ok(Some(NotRemoved::TooMany { missing, of: self.before }));
            }
        }
        let is_whole = self.walk(&gone.seen, &mut |page| self.remove(page, counts, tell))?;
        Ok((!is_whole).then_some(NotRemoved::Stopped))
    }

    /// Goes through the missing ones, a page of the catalog's products at a time; false when it was stopped.
    fn walk(
        &self,
        seen: &Seen,
        each: &mut dyn FnMut(Vec<ProductId>) -> Result<(), StoreError>,
    ) -> Result<bool, StoreError> {
        let mut after = None;
        loop {
            if self.stop.requested() {
                return Ok(false);
            }
            let page = self.store.product_ids(after.as_ref(), PAGE)?;
            let Some(last) = page.last() else { return Ok(true) };
            after = Some(last.clone());
            let missing: Vec<ProductId> = page.into_iter().filter(|id| !seen.contains(id)).collect();
            if !missing.is_empty() {
                each(missing)?;
            }
        }
    }

    fn remove(
        &self,
        ids: Vec<ProductId>,
        counts: &mut Counts,
        tell: &mut dyn FnMut(Event),
    ) -> Result<(), StoreError> {
        let stored = self.store.products(&ids)?;
        if !self.is_preview {
            self.store.apply(&ids.into_iter().map(Write::Delete).collect::<Vec<_>>())?;
        }
        for product in stored {
            let images = product.images.len() as u64;
            counts.removed += images;
            counts.products.removed += 1;
            tell(Event::Removed { product: product.id, images });
        }
        tell(Event::Progress(*counts));
        Ok(())
    }
}
