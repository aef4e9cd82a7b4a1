//! The numbers of a run, and the check that they add up.

use std::fmt;

/// What became of the items of a source. An item is an image, or a row that is no product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Items the source named.
    pub seen: u64,
    /// Images that are in the store now and were not before, or were other ones.
    pub stored: u64,
    /// Images that were in the store already.
    pub unchanged: u64,
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
    /// Written, as they are new or something about them is.
    pub stored: u64,
    /// Stored before, just so.
    pub unchanged: u64,
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
}

impl Counts {
    /// Whether everything that was seen became something.
    pub fn add_up(&self) -> bool {
        let ProductCounts { seen, stored, unchanged, failed, not_reached } = self.products;
        self.seen == self.stored + self.unchanged + self.failed + self.not_reached
            && seen == stored + unchanged + failed + not_reached
    }

    /// Whether something failed that a caller should be told by an exit code.
    pub fn any_failed(&self) -> bool {
        self.failed > 0 || self.products.failed > 0
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seen, stored, unchanged, failed, not_reached, .. } = self;
        write!(f, "{seen} seen = {stored} stored + {unchanged} unchanged + {failed} failed")?;
        if *not_reached > 0 {
            write!(f, " + {not_reached} not reached")?;
        }
        Ok(())
    }
}
