//! Chance that comes out the same on every machine: SplitMix64, and what is drawn with it.
//!
//! The suite draws its photos and the places and fillings of its edits here; nothing else in the engine draws anything.

/// A stream of numbers that its seed decides.
#[derive(Debug, Clone)]
pub(super) struct Seeded(u64);

impl Seeded {
    /// The stream of a seed and of numbers that tell streams of one seed apart.
    pub(super) fn of(seed: u64, parts: &[u64]) -> Self {
        parts.iter().fold(Self(seed), |mut stream, part| Self(stream.bits() ^ part.rotate_left(17)))
    }

    pub(super) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to below 1.
    pub(super) fn share(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1_u64 << 24) as f32
    }

    /// From `from` to below `to`; `from` where there is nothing between.
    pub(super) fn between(&mut self, from: u32, to: u32) -> u32 {
        from + (self.bits() % u64::from(to.saturating_sub(from).max(1))) as u32
    }

    pub(super) fn either<T>(&mut self, one: T, other: T) -> T {
        if self.bits() & 1 == 0 { one } else { other }
    }

    pub(super) fn colour(&mut self) -> [u8; 3] {
        [0; 3].map(|_: u8| self.bits() as u8)
    }

    /// Normally distributed around 0 with deviation 1 (Box and Muller).
    pub(super) fn normal(&mut self) -> f32 {
        let length = (-2.0 * (1.0 - self.share()).ln()).sqrt();
        length * (std::f32::consts::TAU * self.share()).cos()
    }

    /// `count` of the numbers below `of` without repetition, all of them where there are no more: the head of a
    /// Fisher-Yates shuffle.
    pub(super) fn some_of(&mut self, of: usize, count: usize) -> Vec<usize> {
        let mut pool: Vec<usize> = (0..of).collect();
        let count = count.min(of);
        for place in 0..count {
            let other = place + (self.bits() % (of - place) as u64) as usize;
            pool.swap(place, other);
        }
        pool.truncate(count);
        pool
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_decides_what_is_drawn_and_nothing_is_drawn_twice() {
        let drawn = |seed| Seeded::of(seed, &[3]).some_of(50, 20);
        assert_eq!(drawn(1), drawn(1));
        assert_ne!(drawn(1), drawn(2));
        let mut sorted = drawn(1);
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!((sorted.len(), Seeded::of(1, &[]).some_of(3, 9).len()), (20, 3));
    }

    #[test]
    fn normal_numbers_have_the_deviation_they_should() {
        let mut seeded = Seeded::of(5, &[]);
        let numbers: Vec<f32> = (0..20_000).map(|_| seeded.normal()).collect();
        let mean = numbers.iter().sum::<f32>() / 20_000.0;
        let variance = numbers.iter().map(|x| (x - mean).powi(2)).sum::<f32>() / 20_000.0;
        assert!(mean.abs() < 0.03 && (variance - 1.0).abs() < 0.05, "{mean} {variance}");
    }
}
