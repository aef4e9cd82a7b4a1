//! `/v1/products`: the products of the catalog, one by one.
//!
//! A file per call; `answer` is how a product is written in all of them. Reading comes from the searcher's store, so
//! what is listed is what is searched.

mod answer;
mod get;
mod list;

pub(super) use get::{__path_get, get};
pub(super) use list::{__path_list, list};
