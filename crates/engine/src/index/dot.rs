//! Integer dot products of one query with all rows of a matrix of codes, as fast as memory gives them.
//!
//! A scan hands out only rows whose product, plus what quantisation may have taken from it, reaches a threshold that
//! the receiver raises as it goes. Kernels for AVX-512 VNNI, AVX2, NEON and plain Rust compute the same integers and
//! round in the same places, so that they hand out exactly the same rows and values. What the values mean is the
//! business of `exact`; how codes are made that of `quantize`.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;
#[cfg(test)]
mod tests;

use super::quantize::QuantizedQuery;

/// A matrix of codes with what belongs to each row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Codes<'a> {
    /// Rows of [`Self::stride`] bytes, one after the other.
    pub codes: &'a [u8],
    /// Bytes of a row; a multiple of 64.
    pub stride: usize,
    /// Of each row, what a step of its codes is worth.
    pub scales: &'a [f32],
    /// Of each row, how long that is what its codes leave out.
    pub errors: &'a [f32],
}

impl<'a> Codes<'a> {
    /// The codes of one row.
    pub(super) fn row(&self, row: usize) -> &'a [u8] {
        self.codes.get(row * self.stride..(row + 1) * self.stride).unwrap_or_default()
    }
}

/// What a scan calls for each row that reaches the threshold, with the row and its score; the answer is the threshold
/// from there on.
pub(super) type Visit<'a> = &'a mut dyn FnMut(usize, f32) -> f32;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "aarch64")]
    Neon,
    Portable,
}

/// An implementation that this processor can run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kernel(Kind);

impl Kernel {
    /// Every implementation this processor can run, the fastest first.
    pub(super) fn available() -> Vec<Self> {
        let mut kernels = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512vnni")
            {
                kernels.push(Self(Kind::Avx512));
            }
            if is_x86_feature_detected!("avx2") {
                kernels.push(Self(Kind::Avx2));
            }
        }
        #[cfg(target_arch = "aarch64")]
        if std::arch::is_aarch64_feature_detected!("neon") {
            kernels.push(Self(Kind::Neon));
        }
        kernels.push(Self(Kind::Portable));
        kernels
    }

    /// The fastest one.
    pub(super) fn detect() -> Self {
        Self::available().first().copied().unwrap_or(Self(Kind::Portable))
    }

    /// Hands out, in ascending order, the rows for which `score + reach * error >= threshold`, where `score` is the
    /// integer product times both scales.
    pub(super) fn scan(
        self,
        rows: &Codes<'_>,
        query: &QuantizedQuery,
        reach: f32,
        threshold: f32,
        visit: Visit<'_>,
    ) {
        let count = rows.scales.len();
        assert!(
            rows.stride.is_multiple_of(64)
                && rows.codes.len() == count * rows.stride
                && rows.errors.len() == count
                && [query.high.len(), query.low.len(), query.wide.len()] == [rows.stride; 3],
            "rows and query do not have the same shape"
        );
        match self.0 {
            // SAFETY: a `Kernel` of this kind is only made where the processor has the features, and the shapes agree.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => unsafe { avx512::scan(rows, query, reach, threshold, visit) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => unsafe { avx2::scan(rows, query, reach, threshold, visit) },
            // SAFETY: as above.
            #[cfg(target_arch = "aarch64")]
            Kind::Neon => unsafe { neon::scan(rows, query, reach, threshold, visit) },
            Kind::Portable => portable::scan(rows, query, 0, reach, threshold, visit),
        }
    }
}

/// A row's score from its integer product. Every kernel rounds as this does.
#[inline]
#[expect(clippy::cast_precision_loss, reason = "the slack of `exact` covers the rounding")]
fn score(product: i32, row_scale: f32, query_scale: f32) -> f32 {
    product as f32 * (row_scale * query_scale)
}
