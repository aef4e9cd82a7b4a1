//! Byte-pair encoding of one word: its bytes, merged pair by pair in the order the vocabulary learnt them.
//!
//! Results are those of the `bpe` function of OpenAI's `simple_tokenizer.py`, which merges all occurrences of the best
//! pair from left to right before it looks for the next one. A heap finds the next one, so that a word of thousands of
//! letters does not take the square of its length.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

/// A token's id.
pub(super) type Id = u32;

/// Tokens of single bytes, and what pairs of tokens become.
#[derive(Debug)]
pub(super) struct BytePairs {
    /// Each byte's token within a word.
    pub(super) bytes: Box<[Id; 256]>,
    /// Each byte's token at the end of a word.
    pub(super) last_bytes: Box<[Id; 256]>,
    /// For two neighbours, when they are merged (low ranks first) and into what.
    pub(super) merges: HashMap<(Id, Id), Merge>,
}

/// What two neighbours become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Merge {
    pub(super) rank: u32,
    pub(super) into: Id,
}

/// A symbol of the word under way, linked to its neighbours.
#[derive(Debug, Clone, Copy)]
struct Symbol {
    id: Id,
    before: Option<usize>,
    after: Option<usize>,
    /// Merged into the one before it.
    gone: bool,
}

impl BytePairs {
    /// Appends the tokens of a word.
    pub(super) fn encode(&self, word: &str, out: &mut Vec<Id>) {
        let mut symbols = self.symbols(word.as_bytes());
        // Best rank first, and of the same rank the leftmost.
        let mut candidates = BinaryHeap::new();
        for left in 0..symbols.len() {
            candidates.extend(self.candidate(&symbols, left));
        }
        let mut changed = Vec::new();
        while let Some(&Reverse((rank, _))) = candidates.peek() {
            changed.clear();
            while let Some(&Reverse((same, left))) = candidates.peek()
                && same == rank
            {
                candidates.pop();
                if self.merge(&mut symbols, left, rank) {
                    changed.push(left);
                }
            }
            // Only now are the pairs looked at that these merges made.
            for &left in &changed {
                let before = symbols.get(left).and_then(|symbol| symbol.before);
                for left in before.into_iter().chain([left]) {
                    candidates.extend(self.candidate(&symbols, left));
                }
            }
        }
        out.extend(symbols.iter().filter(|symbol| !symbol.gone).map(|symbol| symbol.id));
    }

    fn symbols(&self, bytes: &[u8]) -> Vec<Symbol> {
        let last = bytes.len().saturating_sub(1);
        let symbol = |(index, &byte): (usize, &u8)| {
            let table = if index == last { &self.last_bytes } else { &self.bytes };
            Symbol {
                id: table.get(usize::from(byte)).copied().unwrap_or_default(),
                before: index.checked_sub(1),
                after: (index < last).then_some(index + 1),
                gone: false,
            }
        };
        bytes.iter().enumerate().map(symbol).collect()
    }

    /// The merge that the symbol at `left` and the one after it are up for.
    fn candidate(&self, symbols: &[Symbol], left: usize) -> Option<Reverse<(u32, usize)>> {
        self.merge_of(symbols, left).map(|merge| Reverse((merge.rank, left)))
    }

    fn merge_of(&self, symbols: &[Symbol], left: usize) -> Option<Merge> {
        let first = symbols.get(left).filter(|symbol| !symbol.gone)?;
        let second = symbols.get(first.after?)?;
        self.merges.get(&(first.id, second.id)).copied()
    }

    /// Merges the symbol at `left` with the one after it, unless they changed since they were up for it.
    fn merge(&self, symbols: &mut [Symbol], left: usize, rank: u32) -> bool {
        let Some(merge) = self.merge_of(symbols, left).filter(|merge| merge.rank == rank) else {
            return false;
        };
        let Some(right) = symbols.get(left).and_then(|symbol| symbol.after) else { return false };
        let Some(after) = symbols.get_mut(right).map(|symbol| {
            symbol.gone = true;
            symbol.after
        }) else {
            return false;
        };
        if let Some(symbol) = symbols.get_mut(left) {
            (symbol.id, symbol.after) = (merge.into, after);
        }
        if let Some(symbol) = after.and_then(|after| symbols.get_mut(after)) {
            symbol.before = Some(left);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Bytes are their own tokens, 300 more at a word's end; merges are numbered from 1000.
    fn vocabulary(merges: &[(Id, Id, Id)]) -> BytePairs {
        let table = |offset: u32| Box::new(std::array::from_fn(|byte| byte as u32 + offset));
        let merges = (0..).zip(merges).map(|(rank, &(a, b, into))| ((a, b), Merge { rank, into })).collect();
        BytePairs { bytes: table(0), last_bytes: table(300), merges }
    }

    /// OpenAI's loop.
    fn by_the_book(pairs: &BytePairs, word: &str) -> Vec<Id> {
        let mut ids: Vec<Id> = word.bytes().map(u32::from).collect();
        if let Some(last) = ids.last_mut() {
            *last += 300;
        }
        while let Some((pair, merge)) = ids
            .windows(2)
            .filter_map(|w| pairs.merges.get(&(w[0], w[1])).map(|merge| ((w[0], w[1]), *merge)))
            .min_by_key(|(_, merge)| merge.rank)
        {
            let mut next = Vec::new();
            let mut at = 0;
            while at < ids.len() {
                if at + 1 < ids.len() && (ids[at], ids[at + 1]) == pair {
                    next.push(merge.into);
                    at += 2;
                } else {
                    next.push(ids[at]);
                    at += 1;
                }
            }
            ids = next;
        }
        ids
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]
        #[test]
        fn any_vocabulary_gives_what_openais_loop_gives(
            word in "[abc]{1,40}",
            picks in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0_u32..3), 0..30),
        ) {
            let mut known: Vec<Id> = vec![97, 98, 99, 397, 398, 399];
            let mut merges = Vec::new();
            for (number, (a, b, again)) in (1000..).zip(picks) {
                // Now and then two merges give the same token.
                let into = if again == 0 && number > 1000 { number - 1 } else { number };
                merges.push((*a.get(&known), *b.get(&known), into));
                known.push(into);
            }
            let pairs = vocabulary(&merges);
            let mut ids = Vec::new();
            pairs.encode(&word, &mut ids);
            prop_assert_eq!(ids, by_the_book(&pairs, &word));
        }
    }

    #[test]
    fn a_long_word_of_one_letter_is_merged_from_the_left() {
        let pairs = vocabulary(&[(97, 97, 1000), (1000, 1000, 1001)]);
        let mut ids = Vec::new();
        pairs.encode(&"a".repeat(100_000), &mut ids);
        assert_eq!(ids.len(), 25_000 + 1 + 1);
        assert_eq!(ids[24_998..], [1001, 1000, 97, 397]);
    }
}
