//! The inner loops, and which instruction set runs them.
//!
//! All sets share the same layouts, so that each loop can be tested against the portable one:
//! - [`Lanes`]: eight lanes of two neighbouring values. On the way into the horizontal pass a lane is an image row
//!   and its two values are neighbouring pixels; on the way into the vertical pass a lane is a column and its two
//!   values are neighbouring rows.
//! - [`Eight`]: eight rows of one output column, between the two.
//!
//! The portable loops are written lane by lane without branches; on aarch64, where NEON is always there, the
//! compiler turns them into NEON code.

use super::axis::Axis;

#[cfg(target_arch = "x86_64")]
mod avx2;
mod portable;
#[cfg(test)]
mod tests;

/// Eight lanes of two values each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C, align(32))]
pub(super) struct Lanes(pub(super) [i16; 16]);

impl Lanes {
    pub(super) const ZERO: Self = Self([0; 16]);
}

/// Eight rows of one column, already clamped to 0..=255.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C, align(16))]
pub(super) struct Eight(pub(super) [i16; 8]);

impl Eight {
    pub(super) const ZERO: Self = Self([0; 8]);
}

/// Row pairs kept for the vertical pass, in a ring: pair `n` is in slot `n % slots`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ring<'a> {
    pub(super) lanes: &'a [Lanes],
    /// Lanes in one row pair.
    pub(super) stride: usize,
    pub(super) slots: usize,
}

/// An instruction set this machine is known to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Isa {
    /// Whatever the compiler makes of plain loops.
    Portable,
    /// 256-bit integers on x86-64. Made only where detected.
    #[cfg(target_arch = "x86_64")]
    Avx2,
}

impl Isa {
    /// The fastest set this machine has.
    pub(crate) fn best() -> Self {
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") {
            return Self::Avx2;
        }
        Self::Portable
    }

    /// Every set this machine has, for tests.
    #[cfg(test)]
    pub(crate) fn available() -> Vec<Self> {
        if Self::best() == Self::Portable { vec![Self::Portable] } else { vec![Self::Portable, Self::best()] }
    }

    /// Puts eight RGB rows side by side: `out[pair * 3 + channel]`, rows as lanes. Rows are equally long; `out`
    /// holds [`rgb_lanes`] lanes.
    pub(super) fn gather_rgb(self, rows: &[&[u8]; 8], out: &mut [Lanes]) {
        match self {
            Self::Portable => portable::gather_rgb(rows, out),
            // SAFETY: this variant exists only where AVX2 was detected.
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => unsafe { avx2::gather_rgb(rows, out) },
        }
    }

    /// Puts eight grey rows side by side into plane `plane` of `planes`: `out[pair * planes + plane]`. `out` holds
    /// [`grey_lanes`] lanes.
    pub(super) fn gather_grey(self, rows: &[&[u8]; 8], plane: usize, planes: usize, out: &mut [Lanes]) {
        match self {
            Self::Portable => portable::gather_grey(rows, plane, planes, out),
            // SAFETY: this variant exists only where AVX2 was detected.
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => unsafe { avx2::gather_grey(rows, plane, planes, out) },
        }
    }

    /// The horizontal pass over gathered rows: `out[x * planes + plane]`; 1 to 4 planes.
    pub(super) fn horizontal(self, axis: &Axis, planes: usize, pairs: &[Lanes], out: &mut [Eight]) {
        match self {
            Self::Portable => portable::horizontal(axis, planes, pairs, out),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => match planes {
                // SAFETY: this variant exists only where AVX2 was detected.
                1 => unsafe { avx2::horizontal::<1>(axis, pairs, out) },
                // SAFETY: as above.
                2 => unsafe { avx2::horizontal::<2>(axis, pairs, out) },
                // SAFETY: as above.
                3 => unsafe { avx2::horizontal::<3>(axis, pairs, out) },
                // SAFETY: as above.
                _ => unsafe { avx2::horizontal::<4>(axis, pairs, out) },
            },
        }
    }

    /// Turns eight rows of columns (every `step`th of `columns`) into four row pairs, each `stride` lanes long.
    pub(super) fn turn(self, columns: &[Eight], step: usize, out: [&mut [Lanes]; 4]) {
        match self {
            Self::Portable => portable::turn(columns, step, out),
            // SAFETY: this variant exists only where AVX2 was detected.
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => unsafe { avx2::turn(columns, step, out) },
        }
    }

    /// One output row of the vertical pass, `8 * ring.stride` bytes; the stride is a multiple of 4.
    pub(super) fn vertical(self, axis: &Axis, index: usize, ring: Ring<'_>, out: &mut [u8]) {
        match self {
            Self::Portable => portable::vertical(axis, index, ring, out),
            // SAFETY: this variant exists only where AVX2 was detected.
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => unsafe { avx2::vertical(axis, index, ring, out) },
        }
    }

    /// Pillow's `L` of each RGB pixel; `grey` has a third of `rgb`'s length.
    pub(super) fn grey(self, rgb: &[u8], grey: &mut [u8]) {
        match self {
            Self::Portable => portable::grey(rgb, grey),
            // SAFETY: this variant exists only where AVX2 was detected.
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => unsafe { avx2::grey(rgb, grey) },
        }
    }
}

/// Lanes that [`Isa::gather_rgb`] fills for rows of `width` pixels.
pub(super) fn rgb_lanes(width: usize) -> usize {
    width.div_ceil(4) * 2 * 3
}

/// Lanes that [`Isa::gather_grey`] fills for rows of `width` pixels, all `planes` together.
pub(super) fn grey_lanes(width: usize, planes: usize) -> usize {
    width.div_ceil(16) * 8 * planes
}
