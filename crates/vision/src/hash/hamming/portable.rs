//! The kernel in plain Rust: what the others are tested against, and what finishes their ragged ends.

use super::{Code, Visit};

/// Visits the rows below `bound` in ascending order, numbered from `first_row`.
pub(super) fn scan<C: Code>(codes: &[C], queries: &[C], first_row: usize, mut bound: u32, visit: Visit<'_>) {
    for (row, &code) in codes.iter().enumerate() {
        let distance = queries.iter().map(|&query| code.distance(query)).min().unwrap_or(u32::MAX);
        if distance < bound {
            bound = visit(first_row + row, distance);
        }
    }
}
