//! Fast search over signatures, derived from a store and rebuildable from it at any time.
