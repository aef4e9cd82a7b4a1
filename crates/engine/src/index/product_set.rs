//! Products that a search is limited to: one bit for each number a store may have given.

/// A set of products below some number. Two sets are only combined when they were made for the same number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProductSet {
    words: Vec<u64>,
    end: usize,
}

impl ProductSet {
    /// The products below `end` that `contains` names.
    pub fn of(end: usize, mut contains: impl FnMut(usize) -> bool) -> Self {
        let word = |word: usize| {
            let products = word * 64..end.min(word * 64 + 64);
            products.rev().fold(0, |bits, product| bits << 1 | u64::from(contains(product)))
        };
        Self { words: (0..end.div_ceil(64)).map(word).collect(), end }
    }

    /// Whether the product is in the set.
    pub fn contains(&self, product: u64) -> bool {
        let word = usize::try_from(product / 64).ok().and_then(|word| self.words.get(word));
        word.is_some_and(|word| word >> (product % 64) & 1 == 1)
    }

    /// Number of products in the set.
    pub fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// The products in the set, ascending.
    pub fn iter(&self) -> impl Iterator<Item = usize> {
        self.words.iter().enumerate().flat_map(|(at, word)| {
            let mut rest = *word;
            std::iter::from_fn(move || {
                let bit = (rest != 0).then(|| rest.trailing_zeros() as usize)?;
                rest &= rest - 1;
                Some(at * 64 + bit)
            })
        })
    }

    /// Keeps what is in both.
    pub fn intersect(&mut self, other: &Self) {
        self.combine(other, |own, others| own & others);
    }

    /// Adds what is in the other.
    pub fn unite(&mut self, other: &Self) {
        self.combine(other, |own, others| own | others);
    }

    /// Exchanges what is in for what is out, below the number it was made for.
    pub fn invert(&mut self) {
        self.words.iter_mut().for_each(|word| *word = !*word);
        if let (Some(last), used @ 1..) = (self.words.last_mut(), self.end % 64) {
            *last &= (1 << used) - 1;
        }
    }

    fn combine(&mut self, other: &Self, combined: impl Fn(u64, u64) -> u64) {
        debug_assert_eq!(self.end, other.end, "sets of different catalogs");
        for (own, others) in self.words.iter_mut().zip(&other.words) {
            *own = combined(*own, *others);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_combined_bit_by_bit() {
        for end in [0, 1, 63, 64, 65, 1000] {
            let (twos, threes) = (ProductSet::of(end, |p| p % 2 == 0), ProductSet::of(end, |p| p % 3 == 0));
            let members = |set: &ProductSet| (0..2000).filter(|p| set.contains(*p)).collect::<Vec<u64>>();
            let expected =
                |is_in: fn(u64) -> bool| (0..end as u64).filter(|p| is_in(*p)).collect::<Vec<u64>>();
            let (mut both, mut either, mut odd) = (twos.clone(), twos.clone(), twos.clone());
            both.intersect(&threes);
            either.unite(&threes);
            odd.invert();
            assert_eq!(members(&both), expected(|p| p % 6 == 0));
            assert_eq!(members(&either), expected(|p| p % 2 == 0 || p % 3 == 0));
            assert_eq!(members(&odd), expected(|p| p % 2 == 1));
            assert_eq!(odd.count(), end / 2);
            assert!(odd.iter().eq(expected(|p| p % 2 == 1).into_iter().map(|p| p as usize)));
            assert!(!odd.contains(u64::MAX));
        }
    }
}
