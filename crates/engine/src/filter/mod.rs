//! Filters over products' fields: one small grammar for the command line, HTTP and every store.
//!
//! `price<50 and brand in (Acme, "Big & Co") and not has(discontinued)`. A [`Filter`] is parsed text; its
//! [`Expression`] is what a store translates into its own terms; [`Filter::matches`] is what it means, and every store's
//! answer must equal it. Grammar, meaning and examples for users are in `docs/filters.md`.
//!
//! [`Inventory`] is the other side: which fields a catalog's products have, of which types and with which values;
//! [`Facets`] count the values of the products that a filter lets through. Nothing here knows stores, searches or files.

mod error;
mod expression;
mod facets;
mod inventory;
mod item;
mod parse;
#[cfg(test)]
mod tests;

pub use error::FilterError;
pub use expression::{Bound, Condition, Expression, FieldPath, Filter, Literal, Order, Test};
pub(crate) use facets::is_shown_before;
pub use facets::{Facet, FacetCounts, FacetKind, FacetValue, Facets};
pub use inventory::{FieldFacts, FieldKind, FieldSummary, FieldType, FieldValue, Inventory};
pub use item::Item;
pub(crate) use item::reach;
pub use parse::{DEEPEST, MOST_BYTES, MOST_FIELDS, MOST_TERMS};
