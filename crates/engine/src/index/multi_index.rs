//! Multi-index hashing: all 64-bit hashes within a small radius without looking at most of them (Norouzi, Punjani,
//! Fleet, "Fast Search in Hamming Space with Multi-Index Hashing", CVPR 2012).
//!
//! Hashes are cut into `m` substrings, each with a table from its value to the rows that have it. Two hashes that
//! differ in at most `r = m·s + a` bits agree, up to `s` bits, in one of the first `a + 1` substrings, or, up to
//! `s - 1` bits, in one of the others; so only rows in the buckets around the query's substrings need be compared.
//! The answer is exact for every radius; beyond a handful of bits there are so many buckets that a scan is faster,
//! and [`MultiIndex::within`] then scans. The hashes themselves stay with the caller.

use lookalike_vision::hash::hamming::{self, Neighbour};

/// Widest substring: its table has 2^24 entries.
const MAX_BITS: u32 = 24;

/// Time to look into a bucket and to compare a row met in one, both of which wait for memory, in units of the time to
/// compare a row in a scan, which does not. Fitted to searches among 10 million hashes.
const BUCKET_COST: f64 = 400.0;
const CANDIDATE_COST: f64 = 150.0;

/// Tables over the substrings of a slice of hashes.
#[derive(Debug)]
pub struct MultiIndex {
    tables: Vec<Table>,
    rows: usize,
}

/// One substring's values and the rows that have them.
#[derive(Debug)]
struct Table {
    shift: u32,
    bits: u32,
    /// Where each value's rows begin in `rows`, and one entry more for where the last ends.
    starts: Vec<u32>,
    rows: Vec<u32>,
}

impl Table {
    fn value(&self, hash: u64) -> u64 {
        value_at(hash, self.shift, self.bits)
    }

    /// Groups rows by value, by counting.
    #[expect(
        clippy::indexing_slicing,
        reason = "values are below 2^bits and positions below the number of rows"
    )]
    fn build(hashes: &[u64], shift: u32, bits: u32) -> Self {
        let mut starts = vec![0_u32; (1 << bits) + 1];
        for &hash in hashes {
            starts[value_at(hash, shift, bits) as usize + 1] += 1;
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        // Filling moves each start to its end, which is the next one's start: so they are shifted back afterwards.
        let mut rows = vec![0_u32; hashes.len()];
        for (row, &hash) in (0_u32..).zip(hashes) {
            let next = &mut starts[value_at(hash, shift, bits) as usize];
            rows[*next as usize] = row;
            *next += 1;
        }
        starts.rotate_right(1);
        starts[0] = 0;
        Self { shift, bits, starts, rows }
    }

    /// Rows whose substring is `value`, ascending.
    fn bucket(&self, value: u64) -> &[u32] {
        let at = value as usize;
        let bounds = self.starts.get(at).zip(self.starts.get(at + 1));
        bounds.and_then(|(&from, &to)| self.rows.get(from as usize..to as usize)).unwrap_or_default()
    }
}

fn value_at(hash: u64, shift: u32, bits: u32) -> u64 {
    hash >> shift & ((1 << bits) - 1)
}

impl MultiIndex {
    /// Tables for `hashes`, cut so that searches within `radius` are fastest. Takes 4 bytes per row and table, and
    /// 4 bytes per value of a substring; builds the tables on as many threads as there are processors.
    ///
    /// There is nothing to build, and searches scan, when `hashes` are few, or too many to number (2^32).
    pub fn build(hashes: &[u64], radius: u32) -> Self {
        let rows = hashes.len();
        let count = (3..=8).min_by(|&a, &b| cost(rows, a, radius).total_cmp(&cost(rows, b, radius)));
        let Some(count) = count
            .filter(|&count| u32::try_from(rows).is_ok() && cost(rows, count, radius) < rows as f64 / 2.0)
        else {
            return Self { tables: Vec::new(), rows };
        };
        let cuts: Vec<(u32, u32)> = substrings(count).collect();
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let tables = std::thread::scope(|scope| {
            let mut tables = Vec::with_capacity(cuts.len());
            for cuts in cuts.chunks(threads) {
                let building: Vec<_> = cuts
                    .iter()
                    .map(|&(shift, bits)| scope.spawn(move || Table::build(hashes, shift, bits)))
                    .collect();
                for table in building {
                    tables.push(table.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
                }
            }
            tables
        });
        Self { tables, rows }
    }

    /// Number of substrings; 0 when searches scan.
    pub fn substrings(&self) -> usize {
        self.tables.len()
    }

    /// Memory it takes, in bytes.
    pub fn memory_bytes(&self) -> usize {
        self.tables.iter().map(|table| 4 * (table.starts.len() + table.rows.len())).sum()
    }

    /// All rows of `hashes` at most `radius` from `query`, nearest first, the smaller row first among equals, each
    /// once. `hashes` must be those it was built from; with a slice of another length it scans.
    pub fn within(&self, hashes: &[u64], query: u64, radius: u32) -> Vec<Neighbour> {
        let count = self.tables.len() as u32;
        if count == 0 || hashes.len() != self.rows || cost(self.rows, count, radius) > self.rows as f64 {
            return hamming::within(hashes, &[query], radius);
        }
        let reach = |table: usize| substring_radius(radius, count, table);
        let mut found = Vec::new();
        for (number, table) in self.tables.iter().enumerate() {
            let Some(reach_here) = reach(number) else { continue };
            let value = table.value(query);
            for_each_mask(table.bits, reach_here, &mut |mask| {
                for &row in table.bucket(value ^ mask) {
                    let Some(&hash) = hashes.get(row as usize) else { continue };
                    let differing = hash ^ query;
                    if differing.count_ones() > radius {
                        continue;
                    }
                    // An earlier table that leads to this row has reported it.
                    let is_known = self.tables.iter().enumerate().take(number).any(|(earlier, table)| {
                        reach(earlier).is_some_and(|reach| table.value(differing).count_ones() <= reach)
                    });
                    if !is_known {
                        found.push(Neighbour { distance: differing.count_ones(), row: row as usize });
                    }
                }
            });
        }
        found.sort_unstable();
        found
    }
}

/// Shift and width of each of `count` substrings, as even as 64 bits can be cut.
fn substrings(count: u32) -> impl Iterator<Item = (u32, u32)> {
    (0..count).map(move |number| {
        let (from, to) = (64 * number / count, 64 * (number + 1) / count);
        (from, to - from)
    })
}

/// In how many bits the substring `table` of `count` may differ where a pair within `radius` must be found by it;
/// `None` where it need not be looked at.
fn substring_radius(radius: u32, count: u32, table: usize) -> Option<u32> {
    let (share, left_over) = (radius / count, radius % count);
    if table as u64 <= u64::from(left_over) { Some(share) } else { share.checked_sub(1) }
}

/// Expected time of a search among `rows` random hashes, in rows scanned.
fn cost(rows: usize, count: u32, radius: u32) -> f64 {
    substrings(count)
        .enumerate()
        .filter_map(|(table, (_, bits))| {
            if bits > MAX_BITS {
                return Some(f64::INFINITY);
            }
            let reach = substring_radius(radius, count, table)?.min(bits);
            let buckets: f64 = (0..=reach).map(|chosen| binomial(bits, chosen)).sum();
            let per_bucket = rows as f64 / f64::from(bits).exp2();
            Some(buckets * (BUCKET_COST + per_bucket * CANDIDATE_COST))
        })
        .sum()
}

fn binomial(n: u32, k: u32) -> f64 {
    (0..k).fold(1.0, |product, i| product * f64::from(n - i) / f64::from(i + 1))
}

/// Calls `visit` with every number of `bits` bits of which at most `radius` are set.
fn for_each_mask(bits: u32, radius: u32, visit: &mut dyn FnMut(u64)) {
    visit(0);
    for chosen in 1..=radius.min(bits) {
        let mut mask: u64 = (1 << chosen) - 1;
        while mask < 1 << bits {
            visit(mask);
            // The next greater number with as many bits set (Gosper).
            let lowest = mask & mask.wrapping_neg();
            let ripple = mask + lowest;
            mask = (((ripple ^ mask) >> 2) / lowest) | ripple;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    /// An index with tables however few the rows, since the choice is about time only.
    fn forced(hashes: &[u64], count: u32) -> MultiIndex {
        let tables = substrings(count).map(|(shift, bits)| Table::build(hashes, shift, bits)).collect();
        MultiIndex { tables, rows: hashes.len() }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]
        #[test]
        fn finds_what_the_scan_finds_each_once(
            seeds in vec(any::<u64>(), 1..20), flips in vec((0..20_usize, vec(0..64_u32, 0..10)), 1..200),
            query in any::<proptest::sample::Index>(), count in 4..9_u32,
        ) {
            // Given hashes in clusters, so that there is much to find at every radius,
            let hashes: Vec<u64> = flips
                .iter()
                .map(|(seed, bits)| bits.iter().fold(seeds[seed % seeds.len()], |hash, bit| hash ^ 1 << bit))
                .collect();
            let query = hashes[query.index(hashes.len())];
            let index = forced(&hashes, count);
            for radius in 0..12 {
                let mut found = vec![];
                for (number, table) in index.tables.iter().enumerate() {
                    // then the tables alone are enough to find every row,
                    if let Some(reach) = substring_radius(radius, count, number) {
                        for_each_mask(table.bits, reach, &mut |mask| {
                            found.extend_from_slice(table.bucket(table.value(query) ^ mask));
                        });
                    }
                }
                let scanned = hamming::within(&hashes, &[query], radius);
                prop_assert!(scanned.iter().all(|near| found.contains(&(near.row as u32))));
            }
        }
    }

    #[test]
    fn a_large_set_is_searched_by_tables_with_the_answers_of_the_scan() {
        // Given 300,000 random hashes, with neighbours planted at each distance up to 10 from the first,
        let mut state = 1_u64;
        let mut hashes: Vec<u64> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state ^ state >> 29
        })
        .take(300_000)
        .collect();
        for row in 0..2000 {
            let distance = row % 11;
            let flips = (0..distance).fold(0_u64, |flips, i| flips | 1 << ((row * 7 + i * 5) % 64));
            hashes[1000 + row * 20] = hashes[0] ^ flips;
        }
        // when it is indexed for each of some radii,
        for built_for in [3, 5, 6] {
            let index = MultiIndex::build(&hashes, built_for);
            assert!(index.substrings() >= 3, "radius {built_for} is worth tables");
            assert!(index.memory_bytes() >= 4 * 3 * hashes.len());
            // then every radius, also those that it was not built for, gives what the scan gives.
            for radius in 0..=20 {
                for query in [hashes[0], hashes[77], !hashes[0]] {
                    let scanned = hamming::within(&hashes, &[query], radius);
                    assert_eq!(index.within(&hashes, query, radius), scanned, "radius {radius}");
                }
            }
        }
    }

    #[test]
    fn few_rows_are_scanned() {
        let index = MultiIndex::build(&[1, 2, 3], 6);
        assert_eq!((index.substrings(), index.memory_bytes()), (0, 0));
        assert_eq!(index.within(&[1, 2, 3], 3, 1).len(), 3);
        assert!(MultiIndex::build(&[], 6).within(&[], 3, 64).is_empty());
    }

    #[test]
    fn masks_are_all_those_with_few_bits() {
        let mut masks = vec![];
        for_each_mask(6, 2, &mut |mask| masks.push(mask));
        masks.sort();
        let expected: Vec<u64> = (0..64_u64).filter(|mask| mask.count_ones() <= 2).collect();
        assert_eq!(masks, expected);
    }
}
