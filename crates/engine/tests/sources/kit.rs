//! What scenarios of sources share: the hand-made fixtures, and what came of reading one.

use lookalike_engine::catalog::Product;
use lookalike_engine::source::{RowFailure, SourceError, SourceOptions, open};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// A fixture of ours.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/sources")).join(name)
}

pub(crate) struct Read {
    pub(crate) products: Vec<Product>,
    pub(crate) failures: Vec<RowFailure>,
    pub(crate) described: String,
    pub(crate) notices: String,
    pub(crate) expected: Option<u64>,
    pub(crate) ended_early: bool,
}

pub(crate) fn try_read(path: &Path, options: &SourceOptions) -> Result<Read, SourceError> {
    let source = open(path, options)?;
    let mut failures = Vec::new();
    let products = source.products()?.filter_map(|item| item.map_err(|f| failures.push(f)).ok()).collect();
    let (described, notices) = (source.describe(), source.notices().join("\n"));
    let (expected, ended_early) = (source.images_expected(), source.ended_early());
    Ok(Read { products, failures, described, notices, expected, ended_early })
}

pub(crate) fn read(name: &str) -> Read {
    try_read(&fixture(name), &SourceOptions::default()).unwrap()
}

/// Why a path is no source.
#[track_caller]
pub(crate) fn refusal(path: &Path, options: &SourceOptions) -> String {
    match try_read(path, options) {
        Ok(read) => panic!("{} was read", read.described),
        Err(error) => error.to_string(),
    }
}

impl Read {
    pub(crate) fn ids(&self) -> Vec<&str> {
        self.products.iter().map(|product| product.id.as_str()).collect()
    }

    #[track_caller]
    pub(crate) fn product(&self, id: &str) -> &Product {
        self.products.iter().find(|product| product.id.as_str() == id).unwrap()
    }

    pub(crate) fn images(&self, id: &str) -> Vec<&str> {
        self.product(id).images.iter().map(|image| image.id.as_str()).collect()
    }

    pub(crate) fn fields(&self, id: &str) -> Value {
        Value::Object(self.product(id).fields.clone())
    }

    /// The line of each failure and its reason.
    pub(crate) fn failed(&self) -> Vec<(&str, &str)> {
        let line =
            |failure: &'_ RowFailure| failure.place.rsplit(' ').next().map(str::len).unwrap_or_default();
        self.failures
            .iter()
            .map(|failure| (&failure.place[failure.place.len() - line(failure)..], failure.reason.as_str()))
            .collect()
    }
}
