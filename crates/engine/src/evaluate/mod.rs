//! How well a catalog answers, measured on the catalog itself.
