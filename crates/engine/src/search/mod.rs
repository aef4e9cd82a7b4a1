//! From a query picture to products, best first.
