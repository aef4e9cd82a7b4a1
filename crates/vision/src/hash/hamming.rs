//! Hamming distances over many hashes at once: the nearest `k`, or all within a radius.
//!
//! Hashes are 64 bits (`u64`: pHash, dHash) or 256 bits (`[u64; 4]`: PDQ). A question may hold several queries,
//! such as the 8 orientations of one picture; a row's distance is then the smallest to any of them, found in one
//! pass over the rows. The scan runs at memory speed: only rows nearer than the best `k` so far leave the SIMD
//! loop, at most `k` times the number of bits over the whole scan, because each of them lowers a distance kept.
//! Kernels for AVX-512 (VPOPCNTDQ), AVX2, NEON and plain Rust give equal answers; the best one is chosen at run
//! time. No index is built here: `lookalike-engine` has multi-index hashing on top.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;
#[cfg(test)]
mod tests;

use std::collections::BinaryHeap;

/// A row and how far it is. Ordered by distance, then by row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Neighbour {
    /// Number of differing bits.
    pub distance: u32,
    /// Position in the slice that was searched.
    pub row: usize,
}

/// What a kernel calls for each row below its bound, with row and distance; the answer is the bound from there on.
type Visit<'a> = &'a mut dyn FnMut(usize, u32) -> u32;

mod sealed {
    pub trait Sealed {}
    impl Sealed for u64 {}
    impl Sealed for [u64; 4] {}
}

/// A hash of fixed length: `u64` or `[u64; 4]`.
pub trait Code: sealed::Sealed + Copy {
    /// Its length, which is the greatest distance there is.
    const BITS: u32;

    /// Number of bits in which two hashes differ.
    fn distance(self, other: Self) -> u32;

    #[doc(hidden)]
    fn scan(kernel: Kernel, codes: &[Self], queries: &[Self], bound: u32, visit: Visit<'_>);
}

impl Code for u64 {
    const BITS: u32 = 64;

    fn distance(self, other: Self) -> u32 {
        (self ^ other).count_ones()
    }

    fn scan(kernel: Kernel, codes: &[Self], queries: &[Self], bound: u32, visit: Visit<'_>) {
        match kernel.0 {
            // SAFETY: a `Kernel` of this kind is only made where the processor has the features.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => unsafe { avx512::scan_64(codes, queries, bound, visit) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => unsafe { avx2::scan_64(codes, queries, bound, visit) },
            // SAFETY: as above.
            #[cfg(target_arch = "aarch64")]
            Kind::Neon => unsafe { neon::scan_64(codes, queries, bound, visit) },
            Kind::Portable => portable::scan(codes, queries, 0, bound, visit),
        }
    }
}

impl Code for [u64; 4] {
    const BITS: u32 = 256;

    fn distance(self, other: Self) -> u32 {
        self.iter().zip(other).map(|(a, b)| (a ^ b).count_ones()).sum()
    }

    fn scan(kernel: Kernel, codes: &[Self], queries: &[Self], bound: u32, visit: Visit<'_>) {
        match kernel.0 {
            // SAFETY: a `Kernel` of this kind is only made where the processor has the features.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => unsafe { avx512::scan_256(codes, queries, bound, visit) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => unsafe { avx2::scan_256(codes, queries, bound, visit) },
            // SAFETY: as above.
            #[cfg(target_arch = "aarch64")]
            Kind::Neon => unsafe { neon::scan_256(codes, queries, bound, visit) },
            Kind::Portable => portable::scan(codes, queries, 0, bound, visit),
        }
    }
}

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

/// An implementation that this processor can run. All give the same answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kernel(Kind);

impl Kernel {
    /// Every implementation this processor can run, the fastest first.
    pub fn available() -> Vec<Self> {
        let mut kernels = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            // A virtual machine may hide any of these without the others, so each one that is compiled in is asked for.
            let counts = is_x86_feature_detected!("popcnt");
            if counts && is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vpopcntdq") {
                kernels.push(Self(Kind::Avx512));
            }
            if counts && is_x86_feature_detected!("avx2") {
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
    pub fn detect() -> Self {
        Self::available().first().copied().unwrap_or(Self(Kind::Portable))
    }
}

/// The `k` rows of `codes` with the smallest distance to any of `queries`, nearest first, the smaller row first
/// among equals. Fewer when there are fewer; none when `queries` is empty.
pub fn nearest<C: Code>(codes: &[C], queries: &[C], k: usize) -> Vec<Neighbour> {
    nearest_where(codes, queries, k, |_| true)
}

/// As [`nearest`], over the rows that `accept` admits; it is asked only about rows that are near enough.
pub fn nearest_where<C: Code>(
    codes: &[C],
    queries: &[C],
    k: usize,
    accept: impl FnMut(usize) -> bool,
) -> Vec<Neighbour> {
    nearest_with(Kernel::detect(), codes, queries, k, accept)
}

/// As [`nearest_where`], by a kernel of the caller's choice, for tests and measurements.
pub fn nearest_with<C: Code>(
    kernel: Kernel,
    codes: &[C],
    queries: &[C],
    k: usize,
    mut accept: impl FnMut(usize) -> bool,
) -> Vec<Neighbour> {
    if k == 0 || queries.is_empty() {
        return Vec::new();
    }
    let mut kept: BinaryHeap<Neighbour> = BinaryHeap::with_capacity(k.min(codes.len()));
    // Rows come in ascending order, so that one at the distance of the worst kept never replaces it.
    C::scan(kernel, codes, queries, C::BITS + 1, &mut |row, distance| {
        if accept(row) {
            if kept.len() == k {
                kept.pop();
            }
            kept.push(Neighbour { distance, row });
        }
        if kept.len() == k { kept.peek().map_or(0, |worst| worst.distance) } else { C::BITS + 1 }
    });
    kept.into_sorted_vec()
}

/// All rows of `codes` at most `radius` from any of `queries`, nearest first, the smaller row first among equals.
pub fn within<C: Code>(codes: &[C], queries: &[C], radius: u32) -> Vec<Neighbour> {
    within_with(Kernel::detect(), codes, queries, radius)
}

/// As [`within`], by a kernel of the caller's choice, for tests and measurements.
pub fn within_with<C: Code>(kernel: Kernel, codes: &[C], queries: &[C], radius: u32) -> Vec<Neighbour> {
    if queries.is_empty() {
        return Vec::new();
    }
    let bound = radius.min(C::BITS) + 1;
    let mut found = Vec::new();
    C::scan(kernel, codes, queries, bound, &mut |row, distance| {
        found.push(Neighbour { distance, row });
        bound
    });
    found.sort_unstable();
    found
}
