//! The kernel in plain Rust: what the others are tested against, and what finishes their ragged ends.

use super::{Codes, QuantizedQuery, Visit, score};

/// Scans from `first_row` on.
pub(super) fn scan(
    rows: &Codes<'_>,
    query: &QuantizedQuery,
    first_row: usize,
    reach: f32,
    mut threshold: f32,
    visit: Visit<'_>,
) {
    let codes = rows.codes.chunks_exact(rows.stride);
    let scaled = codes.zip(rows.scales).zip(rows.errors).enumerate().skip(first_row);
    for (row, ((codes, &scale), &error)) in scaled {
        let product = codes
            .iter()
            .zip(&query.wide)
            .fold(0_i32, |sum, (&a, &b)| sum.wrapping_add(i32::from(a) * i32::from(b)))
            .wrapping_sub(query.bias);
        let score = score(product, scale, query.scale);
        if score + reach * error >= threshold {
            threshold = visit(row, score);
        }
    }
}
