//! `/v1/products`: the products of the catalog, one by one and in batches.
//!
//! A file per call. `answer` is how a product is written in all of them; `body` reads what a product is to be, `photos`
//! brings and prepares its photos and looks for them in the catalog, `storing` has the change stored. What is asked is
//! answered by the searcher's store, so what is listed is what is searched; what is stored is durable before it is
//! answered, and the next question sees it.

mod answer;
mod batch;
mod body;
mod delete;
mod get;
mod list;
mod patch;
mod photos;
mod put;
mod storing;

pub(super) use batch::{__path_batch, batch};
pub(super) use body::media_type;
pub(super) use delete::{__path_delete, delete};
pub(super) use get::{__path_get, get};
pub(super) use list::{__path_list, list};
pub(super) use patch::{__path_patch, patch};
pub(super) use photos::PhotoCheck;
pub(super) use put::{__path_put, put};
