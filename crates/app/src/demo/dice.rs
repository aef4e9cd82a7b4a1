//! Seeded chance and smooth noise: the only sources of variety in the demo.
//!
//! Everything drawn is a pure function of the catalog's seed, so this room knows no clock and no
//! operating-system randomness. The generator is SplitMix64 (Steele, Lea, Flood 2014); the noise is value
//! noise on an integer lattice. Neither is meant for anything that must be hard to guess.

#![expect(clippy::indexing_slicing, reason = "`below` stays under the length it is given")]

/// A stream of seeded choices. Streams forked under different labels do not disturb each other, so adding a
/// choice in one place leaves every other picture as it was.
#[derive(Clone, Debug)]
pub(crate) struct Dice {
    state: u64,
}

fn scramble(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: scramble(seed) }
    }

    /// A stream of its own for `label`, the same whatever was drawn from `self` after it was made.
    pub(crate) fn fork(&self, label: &str) -> Self {
        let hash = label.bytes().fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
        });
        Self { state: scramble(self.state ^ hash) }
    }

    pub(crate) fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        scramble(self.state)
    }

    /// Uniform in `[0, 1)`.
    pub(crate) fn unit(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1_u64 << 24) as f32
    }

    /// Uniform in `[low, high)`.
    pub(crate) fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    /// Uniform in `0..count`; `0` when `count` is 0.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        (self.bits() % (count.max(1) as u64)) as usize
    }

    pub(crate) fn chance(&mut self, probability: f32) -> bool {
        self.unit() < probability
    }

    /// One of a table's entries. The tables are this crate's own constants and never empty.
    pub(crate) fn pick<T: Copy>(&mut self, table: &[T]) -> T {
        table[self.below(table.len())]
    }
}

fn lattice(x: i32, y: i32, seed: u32) -> f32 {
    let mut h = (x as u32).wrapping_mul(0x85EB_CA6B)
        ^ (y as u32).wrapping_mul(0xC2B2_AE35)
        ^ seed.wrapping_mul(0x27D4_EB2F);
    h = (h ^ (h >> 15)).wrapping_mul(0x2C1B_3C6D);
    h = (h ^ (h >> 12)).wrapping_mul(0x297A_2D39);
    (h >> 8) as f32 / (1 << 24) as f32
}

/// A fixed value in `[0, 1)` for each lattice cell: the choice "which way does this petal point".
pub(crate) fn cell(x: i32, y: i32, seed: u32) -> f32 {
    lattice(x, y, seed)
}

/// Smooth value noise in `[0, 1)`, one bump per unit.
pub(crate) fn noise(x: f32, y: f32, seed: u32) -> f32 {
    // Baseline x86-64 has no instruction for `floor`, and this is the innermost loop of every texture.
    let below = |v: f32| {
        let whole = v as i32;
        if whole as f32 > v { whole - 1 } else { whole }
    };
    let (ix, iy) = (below(x), below(y));
    let (fx, fy) = (ix as f32, iy as f32);
    let ease = |t: f32| t * t * (3.0 - 2.0 * t);
    let (tx, ty) = (ease(x - fx), ease(y - fy));
    let top = lattice(ix, iy, seed) * (1.0 - tx) + lattice(ix + 1, iy, seed) * tx;
    let low = lattice(ix, iy + 1, seed) * (1.0 - tx) + lattice(ix + 1, iy + 1, seed) * tx;
    top * (1.0 - ty) + low * ty
}

/// Three octaves of [`noise`], in `[0, 1)`.
pub(crate) fn clouds(x: f32, y: f32, seed: u32) -> f32 {
    let mut sum = 0.0;
    let (mut scale, mut weight) = (1.0, 0.571);
    for octave in 0..3 {
        sum += weight * noise(x * scale, y * scale, seed.wrapping_add(octave * 101));
        scale *= 2.03;
        weight *= 0.5;
    }
    sum
}

/// `0` below `low`, `1` above `high`, smooth between.
pub(crate) fn ramp(low: f32, high: f32, value: f32) -> f32 {
    let t = ((value - low) / (high - low)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}
