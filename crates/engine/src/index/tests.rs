//! Searches over snapshot, tail and mask together, against scoring every row.

use super::dot::Kernel;
use super::*;
use crate::store::ImageKey;
use lookalike_vision::encoder::EncoderId;
use lookalike_vision::hash::{PHash, PdqHash};
use proptest::prelude::*;
use std::path::Path;

/// An image of our own making.
#[derive(Debug, Clone)]
pub(super) struct Made {
    pub key: u64,
    pub phash: u64,
    pub pdq: [u64; 4],
    pub vector: Vec<f32>,
}

impl Made {
    pub(super) fn row(&self) -> Row<'_> {
        Row {
            key: ImageKey(self.key),
            product: self.key / 3,
            phash: self.phash,
            pdq: self.pdq,
            vector: &self.vector,
        }
    }
}

pub(super) fn encoder(dimensions: usize) -> EncoderId {
    EncoderId { name: "one".into(), digest: "recipe 1".into(), dimensions }
}

/// Numbers without pattern, the same every time.
pub(super) struct Noise(pub u64);

impl Noise {
    pub(super) fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// About normal, of variance 1.
    fn normal(&mut self) -> f32 {
        (0..12).map(|_| (self.word() >> 40) as f32 / (1_u64 << 24) as f32).sum::<f32>() - 6.0
    }

    /// Unit vector around `centre`.
    fn near(&mut self, centre: &[f32], spread: f32) -> Vec<f32> {
        unit(centre.iter().map(|x| x + spread * self.normal()).collect())
    }
}

fn unit(mut vector: Vec<f32>) -> Vec<f32> {
    let norm = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    vector.iter_mut().for_each(|x| *x /= norm);
    vector
}

/// Images in clusters, in which the vectors of many are nearer to each other than codes can tell, and some are equal.
pub(super) fn made(count: usize, dimensions: usize, seed: u64) -> Vec<Made> {
    let mut noise = Noise(seed);
    let zero = vec![0.0; dimensions];
    let centres: Vec<Vec<f32>> = (0..5).map(|_| noise.near(&zero, 1.0)).collect();
    let mut made: Vec<Made> = vec![];
    for key in 0..count as u64 {
        let like = noise.word() as usize;
        let centre = &centres[like % centres.len()];
        let vector = match key % 7 {
            // The same vector again, the same with one value changed by a little, none at all.
            1 if key > 50 => made[like % made.len()].vector.clone(),
            2 if key > 50 => {
                let mut vector = made[like % made.len()].vector.clone();
                vector[like % dimensions] += 1e-6;
                vector
            }
            3 if key % 5 == 0 => zero.clone(),
            4 | 5 => noise.near(centre, 1e-4),
            _ => noise.near(centre, 0.05),
        };
        let phash = noise.word() & 0xff | like as u64 & 0xf00;
        let pdq = [noise.word() & 0xf, 0, u64::MAX, noise.word() & 3];
        made.push(Made { key: key * 2 + 1, phash, pdq, vector });
    }
    made
}

pub(super) fn write(path: &Path, images: &[Made], dimensions: usize) -> Snapshot {
    let mut writer = SnapshotWriter::create(path, &encoder(dimensions), 42, images.len() as u64 + 5).unwrap();
    for image in images {
        writer.push(&image.row()).unwrap();
    }
    writer.finish().unwrap();
    Snapshot::open(path, &encoder(dimensions)).unwrap()
}

/// A score as the index defines it: summed in double precision, rounded once.
fn score(a: &[f32], b: &[f32]) -> f32 {
    let sum: f64 = a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum();
    sum as f32
}

/// What scoring every image gives. Sums in another order may round otherwise, so that ties are decided by `exact::dot`.
fn brute_force(images: &[&Made], query: &[f32], k: usize) -> Vec<(ImageKey, f32)> {
    let mut all: Vec<_> =
        images.iter().map(|image| (ImageKey(image.key), exact::dot(query, &image.vector))).collect();
    all.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    all.truncate(k);
    all
}

fn nearest_codes<const WORDS: usize>(
    images: &[&Made],
    code: impl Fn(&Made) -> [u64; WORDS],
    queries: &[[u64; WORDS]],
) -> Vec<(ImageKey, u32)> {
    let bits = |a: [u64; WORDS], b: &[u64; WORDS]| a.iter().zip(b).map(|(a, b)| (a ^ b).count_ones()).sum();
    let mut all: Vec<(ImageKey, u32)> = images
        .iter()
        .map(|image| {
            (ImageKey(image.key), queries.iter().map(|query| bits(code(image), query)).min().unwrap())
        })
        .collect();
    all.sort_by_key(|&(key, distance)| (distance, key));
    all
}

/// Puts every kind of question and compares with going through `images`.
fn check_answers(index: &Index, images: &[&Made], queries: &[Vec<f32>]) {
    assert_eq!(index.len(), images.len());
    for query in queries {
        for k in [1, 10, 100, images.len() + 1] {
            let found = index.nearest_vectors(query, k).unwrap();
            assert_eq!(found, brute_force(images, query, k), "k = {k}");
        }
        let of_one_product: Vec<&Made> =
            images.iter().copied().filter(|image| image.key / 3 % 16 == 2).collect();
        let found = index.nearest_vectors_where(query, 10, &|entry| entry.product % 16 == 2).unwrap();
        assert_eq!(found, brute_force(&of_one_product, query, 10));
    }
    let mut noise = Noise(queries.len() as u64);
    for one_in in [1, 2, 4, 30, 1000] {
        let products = ProductSet::of(images.len(), |_| noise.word().is_multiple_of(one_in));
        let admitted: Vec<&Made> =
            images.iter().copied().filter(|image| products.contains(image.key / 3)).collect();
        for k in [1, 10, images.len() + 1] {
            let among = Some(&products);
            for query in queries {
                let found = index.nearest_vectors_among(query, k, among).unwrap();
                assert_eq!(found, brute_force(&admitted, query, k), "one in {one_in}, k = {k}");
            }
            let of_phash = nearest_codes(&admitted, |image| [image.phash], &[[0x55]]);
            let found = index.nearest_phashes_among(PHash(0x55), k, among);
            assert_eq!(found, of_phash[..k.min(admitted.len())], "one in {one_in}, k = {k}");
            let of_pdq = nearest_codes(&admitted, |image| image.pdq, &[[3, 0, u64::MAX, 0]]);
            let found = index.nearest_pdqs_among(&[PdqHash([3, 0, u64::MAX, 0])], k, among);
            assert_eq!(found, of_pdq[..k.min(admitted.len())], "one in {one_in}, k = {k}");
        }
    }
    for k in [0, 1, 7, 300, images.len() + 1] {
        let of_phash = nearest_codes(images, |image| [image.phash], &[[0x55]]);
        assert_eq!(index.nearest_phashes(PHash(0x55), k), of_phash[..k.min(images.len())]);
        let queries = [[3, 0, u64::MAX, 0], [12, 0, u64::MAX, 2]];
        let of_pdq = nearest_codes(images, |image| image.pdq, &queries);
        assert_eq!(index.nearest_pdqs(&queries.map(PdqHash), k), of_pdq[..k.min(images.len())]);
    }
    for radius in [0, 2, 64] {
        let mut near = nearest_codes(images, |image| [image.phash], &[[0x55]]);
        near.retain(|&(_, distance)| distance <= radius);
        assert_eq!(index.within_phash(PHash(0x55), radius), near);
    }
}

fn queries_for(images: &[Made], dimensions: usize) -> Vec<Vec<f32>> {
    let mut noise = Noise(99);
    let mut queries: Vec<Vec<f32>> = (0..6).map(|i| images[i * images.len() / 6].vector.clone()).collect();
    queries.extend((0..3).map(|i| noise.near(&images[i].vector, 0.02)));
    queries.push(noise.near(&vec![0.0; dimensions], 1.0));
    queries.push(vec![0.0; dimensions]);
    queries
}

#[test]
fn snapshot_tail_and_masks_answer_as_one() {
    let folder = tempfile::tempdir().unwrap();
    for dimensions in [1, 24, 64, 100, 512] {
        let images = made(1500, dimensions, dimensions as u64);
        let queries = queries_for(&images, dimensions);
        let all: Vec<&Made> = images.iter().collect();

        // Given all of it in a snapshot, in memory, or some in each,
        for in_snapshot in [1500, 0, 803] {
            let (base, tail) = images.split_at(in_snapshot);
            let mut index = Index::with_base(write(&folder.path().join("index"), base, dimensions));
            for image in tail {
                index.push(&image.row()).unwrap();
            }
            // then answers are those of going through all rows.
            check_answers(&index, &all, &queries);

            // When a third is deleted, then it is gone from the answers and the rest is found as before.
            let (kept, deleted): (Vec<&Made>, Vec<&Made>) =
                all.iter().partition(|image| image.phash % 3 != 0);
            let before = index.clone();
            for image in deleted {
                assert!(index.mask(ImageKey(image.key)));
                assert!(!index.mask(ImageKey(image.key)), "it is gone");
            }
            check_answers(&index, &kept, &queries);
            // Who asked for the index before still has it as it was.
            check_answers(&before, &all, &queries[..1]);
        }
    }
}

#[test]
fn every_kernel_gives_the_float_search() {
    let images = made(2000, 200, 5);
    let all: Vec<&Made> = images.iter().collect();
    let mut chunk = tail::Chunk::new(200);
    images.iter().for_each(|image| chunk.push(&image.row()).unwrap());
    for query in queries_for(&images, 200) {
        for kernel in Kernel::available() {
            let (found, _) = exact::nearest(kernel, &[chunk.segment()], &query, 25, &|_| true).unwrap();
            assert_eq!(found, brute_force(&all, &query, 25), "{kernel:?}");
        }
    }
}

#[test]
fn a_replaced_image_is_found_as_it_is_now() {
    let folder = tempfile::tempdir().unwrap();
    let images = made(6000, 32, 3);
    let mut index = Index::with_base(write(&folder.path().join("index"), &images[..900], 32));
    images[900..].iter().for_each(|image| index.push(&image.row()).unwrap());

    // When images in the snapshot and in the tail are replaced, backwards and some twice,
    let mut now = images.clone();
    let fresh = made(6000, 32, 4);
    for place in (0..6000).rev().step_by(41).chain([17, 17, 5999, 3000]) {
        now[place] = Made { key: images[place].key, ..fresh[(place * 7) % 6000].clone() };
        index.push(&now[place].row()).unwrap();
    }
    // then each is there once, as it is now, and ties are by key although rows are in another order.
    check_answers(&index, &now.iter().collect::<Vec<_>>(), &queries_for(&now, 32));
    assert_eq!(index.product(ImageKey(images[17].key)), Some(images[17].key / 3));
    assert!(index.contains(ImageKey(images[17].key)) && !index.contains(ImageKey(2)));
    assert_eq!(index.product(ImageKey(2)), None);
}

#[test]
fn images_replaced_over_and_over_take_the_room_of_few() {
    let images = made(200, 32, 3);
    let fresh = made(4000, 32, 4);
    let mut index = Index::empty(32).unwrap();
    images.iter().for_each(|image| index.push(&image.row()).unwrap());
    let mut now = images.clone();
    let mut noise = Noise(2);
    let before = index.clone();
    for round in 0..20_000 {
        let place = noise.word() as usize % now.len();
        now[place] = Made { key: images[place].key, ..fresh[round % fresh.len()].clone() };
        index.push(&now[place].row()).unwrap();
        // As many as are there once more, and in each chunk as many as are not worth the work.
        assert!(index.tail_rows() <= 2 * images.len() + 20 * 64, "{round}: {}", index.tail_rows());
    }
    check_answers(&index, &now.iter().collect::<Vec<_>>(), &queries_for(&now, 32));
    check_answers(&before, &images.iter().collect::<Vec<_>>(), &queries_for(&images, 32));
    // And when all go, nothing is left.
    images.iter().for_each(|image| assert!(index.mask(ImageKey(image.key))));
    assert!(index.is_empty() && index.tail_rows() <= 20 * 64);
}

#[test]
fn tables_over_phashes_change_no_answer() {
    let folder = tempfile::tempdir().unwrap();
    let mut images = made(3000, 2, 8);
    let mut noise = Noise(1);
    images = (0..100_000_u64)
        .map(|key| Made { key, phash: noise.word(), ..images[key as usize % 3000].clone() })
        .collect();
    let mut index = Index::with_base(write(&folder.path().join("index"), &images, 2));
    let extra = Made { key: 1_000_000, phash: images[5].phash ^ 1, ..images[5].clone() };
    index.push(&extra.row()).unwrap();
    index.mask(ImageKey(7));
    let ask = |index: &Index| -> Vec<_> {
        [5, 6, 7]
            .map(|i| (0..24).map(|radius| index.within_phash(PHash(images[i].phash), radius)).collect())
            .into()
    };
    let scanned: Vec<Vec<Vec<_>>> = ask(&index);
    index.build_phash_tables(6);
    assert_eq!(ask(&index), scanned);
    assert_eq!(scanned[0][1], [(ImageKey(5), 0), (ImageKey(1_000_000), 1)]);
}

#[test]
fn rescoring_is_limited_to_what_the_codes_cannot_tell_apart() {
    let mut noise = Noise(6);
    let mut index = Index::empty(256).unwrap();
    for key in 0..20_000 {
        let vector = noise.near(&[0.0; 256], 1.0);
        index.push(&Row { key: ImageKey(key), product: 0, phash: 0, pdq: [0; 4], vector: &vector }).unwrap();
    }
    let query = noise.near(&[0.0; 256], 1.0);
    let (found, effort) = index.nearest_vectors_with_effort(&query, 10, &|_| true).unwrap();
    assert_eq!(found.len(), 10);
    assert!((10..200).contains(&effort.rescored), "{effort:?}");
}

#[test]
fn what_is_no_vector_is_refused_and_changes_nothing() {
    let mut index = Index::empty(3).unwrap();
    let row = |vector| Row { key: ImageKey(1), product: 0, phash: 0, pdq: [0; 4], vector };
    index.push(&row(&[0.0, 0.6, 0.8])).unwrap();
    for (bad, dimensions) in [(&[f32::NAN, 0.0, 0.0][..], false), (&[1.0; 4], true), (&[], true)] {
        for error in [index.push(&row(bad)).unwrap_err(), index.nearest_vectors(bad, 1).unwrap_err()] {
            assert_eq!(matches!(error, IndexError::Dimensions { expected: 3, .. }), dimensions, "{error}");
            assert_eq!(matches!(error, IndexError::NotFinite), !dimensions, "{error}");
        }
    }
    assert_eq!(index.nearest_vectors(&[0.0, 1.0, 0.0], 5).unwrap(), [(ImageKey(1), 0.6)]);
    assert!(matches!(Index::empty(0), Err(IndexError::UnsupportedDimensions(0))));
    assert!(matches!(Index::empty(1 << 20), Err(IndexError::UnsupportedDimensions(_))));
}

#[test]
fn a_snapshot_is_due_when_enough_has_changed() {
    let mut index = Index::empty(1).unwrap();
    for key in 0..=16_384 {
        assert!(!index.snapshot_due());
        index.push(&Row { key: ImageKey(key), product: 0, phash: 0, pdq: [0; 4], vector: &[1.0] }).unwrap();
    }
    assert!(index.snapshot_due());
    assert_eq!(index.tail_rows(), 16_385);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn vectors_of_any_length_are_searched_exactly(
        (vectors, query) in (1..80_usize).prop_flat_map(|dimensions| {
            let value = || prop_oneof![-1.0..1.0_f32, Just(0.0), -1e-20..1e-20_f32, -1e4..1e4_f32, Just(1.0)];
            let vector = move || proptest::collection::vec(value(), dimensions);
            (proptest::collection::vec(vector(), 1..120), vector())
        }),
        k in 1..20_usize,
    ) {
        let images: Vec<Made> = (0..).zip(vectors)
            .map(|(key, vector)| Made { key, phash: 0, pdq: [0; 4], vector })
            .collect();
        let mut index = Index::empty(query.len()).unwrap();
        images.iter().for_each(|image| index.push(&image.row()).unwrap());
        let expected = brute_force(&images.iter().collect::<Vec<_>>(), &query, k);
        for &(ImageKey(key), found) in &expected {
            let plain = score(&query, &images[key as usize].vector);
            prop_assert!((found - plain).abs() <= plain.abs() * 1e-6 + 1e-4, "{found} is no {plain}");
        }
        prop_assert_eq!(index.nearest_vectors(&query, k).unwrap(), expected);
    }
}
