//! Routes that clients of earlier systems call, names and shapes unchanged.
//!
//! One file per route. Bugs are not copied: errors are proper 4xx under the top-level key the client reads.

pub(super) mod find_similar;
