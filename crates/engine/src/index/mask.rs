//! A set of rows that must not be found any more.

/// One bit per row, allocated up to the greatest row in the set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Mask {
    words: Vec<u64>,
    count: usize,
}

impl Mask {
    /// Adds `row`; whether it was not in the set.
    pub(super) fn insert(&mut self, row: usize) -> bool {
        let (word, bit) = (row / 64, 1_u64 << (row % 64));
        if self.words.len() <= word {
            self.words.resize(word + 1, 0);
        }
        let Some(word) = self.words.get_mut(word) else { return false };
        let is_new = *word & bit == 0;
        *word |= bit;
        self.count += usize::from(is_new);
        is_new
    }

    /// Whether `row` is in the set.
    pub(super) fn contains(&self, row: usize) -> bool {
        self.words.get(row / 64).is_some_and(|word| word >> (row % 64) & 1 == 1)
    }

    /// Number of rows in the set.
    pub(super) fn count(&self) -> usize {
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_counted_once() {
        let mut mask = Mask::default();
        assert!(mask.insert(200));
        assert!(!mask.insert(200));
        assert!(mask.insert(0));
        assert_eq!(mask.count(), 2);
        let members: Vec<usize> = (0..400).filter(|&row| mask.contains(row)).collect();
        assert_eq!(members, [0, 200]);
    }
}
