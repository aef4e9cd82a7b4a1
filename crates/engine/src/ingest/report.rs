//! The numbers of a run, and the check that they add up.

use super::missing::NotRemoved;
use std::fmt;

/// What became of the items of a source. An item is an image, or a row that is no product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Items the source named.
    pub seen: u64,
    /// Images that are in the store now and were not before, or were other ones: [`Counts::added`] and [`Counts::changed`].
    pub stored: u64,
    /// Of these, how many took the place of one with other bytes.
    pub changed: u64,
    /// Images that were in the store already.
    pub unchanged: u64,
    /// Images that the source does not name any more and that are gone. They are not among those seen.
    pub removed: u64,
    /// Items that failed; each was told.
    pub failed: u64,
    /// Items that were named before the run was stopped and not taken up any more. 0 for a run that was not.
    pub not_reached: u64,
    /// Products without any image in the source. They are stored all the same.
    pub without_image: u64,
    /// The same by products.
    pub products: ProductCounts,
    /// Bytes of photos read.
    pub bytes: u64,
}

/// What became of the products of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ProductCounts {
    /// Products the source named.
    pub seen: u64,
    /// Written, as they are new or something about them is: [`ProductCounts::added`] and [`ProductCounts::changed`].
    pub stored: u64,
    /// Of these, how many were stored before with other fields or images.
    pub changed: u64,
    /// Stored before, just so.
    pub unchanged: u64,
    /// Removed, as the source does not name them any more. They are not among those seen.
    pub removed: u64,
    /// Not stored: no image of a new product could be used, or the store refused it.
    pub failed: u64,
    /// Not finished when the run was stopped.
    pub not_reached: u64,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Report {
    /// What became of what.
    pub counts: Counts,
    /// Stopped before the source's end, on request.
    pub cancelled: bool,
    /// How long it took.
    pub seconds: f64,
    /// The most bytes of photos and of decoded pictures that were in memory at one time.
    pub peak_bytes: u64,
    /// Why products that the source does not name are still there, although they were to be removed.
    pub not_removed: Option<NotRemoved>,
}

impl Counts {
    /// Whether everything that was seen became something.
    pub fn add_up(&self) -> bool {
        let ProductCounts { seen, stored, changed, unchanged, failed, not_reached, .. } = self.products;
        self.seen == self.stored + self.unchanged + self.failed + self.not_reached
            && seen == stored + unchanged + failed + not_reached
            && self.changed <= self.stored
            && changed <= stored
    }

    /// Images that are in the store now and were not before under that name.
    pub fn added(&self) -> u64 {
        self.stored - self.changed
    }

    /// Whether something failed that a caller should be told by an exit code.
    pub fn any_failed(&self) -> bool {
        self.failed > 0 || self.products.failed > 0
    }
}

impl ProductCounts {
    /// Products that were not stored before.
    pub fn added(&self) -> u64 {
        self.stored - self.changed
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seen, changed, unchanged, failed, not_reached, .. } = self;
        let new = self.added();
        write!(f, "{seen} seen = {new} new + {changed} changed + {unchanged} unchanged + {failed} failed")?;
        if *not_reached > 0 {
            write!(f, " + {not_reached} not reached")?;
        }
        Ok(())
    }
}
