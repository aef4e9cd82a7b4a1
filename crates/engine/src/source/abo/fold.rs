//! One product of the listings that several marketplaces have of an item.
//!
//! Which items are listed more than once, a first pass finds out (16 bytes for each item while it lasts). Then only those
//! are held back, from their first listing to their last. Of a field the first listing's value is kept, of images all.

use crate::catalog::Product;
use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};

/// How often items are listed that are listed more than once.
#[derive(Debug, Default)]
pub(super) struct Repeated {
    hasher: RandomState,
    times: HashMap<u64, u32>,
}

impl Repeated {
    /// Counts `items`.
    pub(super) fn count(items: impl Iterator<Item = String>) -> Self {
        let mut repeated = Self::default();
        for item in items {
            let hash = repeated.hasher.hash_one(&item);
            *repeated.times.entry(hash).or_default() += 1;
        }
        repeated.times.retain(|_, times| *times > 1);
        repeated.times.shrink_to_fit();
        repeated
    }

    fn times(&self, item: &str) -> u32 {
        self.times.get(&self.hasher.hash_one(item)).copied().unwrap_or(1)
    }
}

/// Products that wait for further listings.
#[derive(Debug, Default)]
pub(super) struct Waiting(HashMap<String, (Option<Product>, u32)>);

impl Waiting {
    /// Takes a listing's product, if it has one; gives the item's once there are no more listings of it.
    pub(super) fn take(
        &mut self,
        item: &str,
        product: Option<Product>,
        repeated: &Repeated,
    ) -> Option<Product> {
        let times = repeated.times(item);
        if times == 1 {
            return product;
        }
        let (folded, left) = self.0.entry(item.to_owned()).or_insert((None, times));
        *left = left.saturating_sub(1);
        match (folded, product) {
            (Some(folded), Some(product)) => {
                for (name, value) in product.fields {
                    folded.fields.entry(name).or_insert(value);
                }
                for image in product.images {
                    if !folded.images.contains(&image) {
                        folded.images.push(image);
                    }
                }
            }
            (folded @ None, product) => *folded = product,
            (Some(_), None) => {}
        }
        if *left > 0 {
            return None;
        }
        self.0.remove(item).and_then(|(product, _)| product)
    }
}
