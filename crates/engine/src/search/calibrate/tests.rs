//! What both ways of judging promise: monotone, classes that follow the evidence, colour variants that are no copies.

use super::*;
use crate::store::SampledVector;

/// A scale on which `unrelated` is measured.
fn scale(unrelated: f32) -> Scale {
    let vector = |n: usize| {
        let own = (0..64).map(|m| if m == n { (1.0 - unrelated).sqrt() } else { 0.0 });
        std::iter::once(unrelated.sqrt()).chain(own).collect()
    };
    let sample: Vec<SampledVector> =
        (0..64).map(|n| SampledVector { product: n as u64, vector: vector(n) }).collect();
    Scale::measured(&sample, None)
}

/// An encoder nobody fitted weights for, and the one they were fitted for.
fn judges() -> [Judge; 2] {
    ["resnet50-v1", "look-1"].map(|name| Judge::of_encoder(name, scale(0.1), scale(0.1)))
}

fn by_hashes() -> Judge {
    judges()[0]
}

fn fitted() -> Judge {
    judges()[1]
}

fn evidence(phash_bits: u32, pdq_bits: u32, cosine: f32) -> Evidence {
    Evidence {
        same_bytes: false,
        phash_bits,
        pdq_bits,
        pdq_quality: 100,
        orientation: Orientation::Upright,
        cosine,
        likeness: cosine,
        region: None,
        region_cosine: cosine,
        background: 0.35,
        colour: 0.2,
        has_vector: true,
        colours: Some(cosine.max(0.0)),
        colours_before: None,
    }
}

/// A pair without vectors, with the cosine of its colours where that is known.
fn unaided(phash_bits: u32, pdq_bits: u32, colours: Option<f32>) -> Evidence {
    Evidence { has_vector: false, colours, ..evidence(phash_bits, pdq_bits, 0.0) }
}

#[test]
fn more_agreement_never_scores_lower() {
    for judge in judges() {
        for mode in [Mode::Auto, Mode::Duplicate, Mode::Similar] {
            for colour in [0.0, 0.2] {
                for bits in 0..64 {
                    for cosine in [-0.3, 0.0, 0.31, 0.5, 0.69, 0.71, 0.9, 0.99] {
                        let of = |phash, pdq, cosine, region_cosine| {
                            let evidence = Evidence { colour, region_cosine, ..evidence(phash, pdq, cosine) };
                            judge.judge(&evidence, mode).score
                        };
                        let nearer = of(bits, bits * 4, cosine, cosine);
                        assert!(nearer >= of(bits + 1, bits * 4, cosine, cosine));
                        assert!(nearer >= of(bits, bits * 4 + 1, cosine, cosine));
                        assert!(nearer >= of(bits, bits * 4, cosine - 0.01, cosine - 0.01));
                        assert!(nearer <= of(bits, bits * 4, cosine, cosine + 0.01));
                        let recoloured = Evidence {
                            colour,
                            colours: Some((cosine - 0.02).max(0.0)),
                            ..evidence(bits, bits * 4, cosine)
                        };
                        assert!(nearer >= judge.judge(&recoloured, mode).score);
                    }
                }
            }
        }
    }
}

#[test]
fn what_the_colours_may_have_been_can_only_raise_a_score() {
    let of = |before| {
        let compared = Evidence { colours: Some(0.74), colours_before: before, ..evidence(4, 32, 0.88) };
        fitted().judge(&compared, Mode::Duplicate).score
    };
    assert_eq!((of(Some(0.2)), of(Some(0.74))), (of(None), of(None)));
    assert!(of(Some(0.995)) > of(None) && of(Some(1.0)) > of(Some(0.995)));
}

#[test]
fn classes_follow_the_evidence() {
    for judge in judges() {
        let class = |evidence: &Evidence| judge.judge(evidence, Mode::Auto).class;
        let same = Evidence { same_bytes: true, ..evidence(0, 0, 1.0) };
        assert_eq!(judge.judge(&same, Mode::Similar).match_percent(), 100.0);
        assert_eq!(class(&evidence(0, 4, 0.999)), Class::Identical);
        assert_eq!(judge.judge(&evidence(0, 4, 0.999), Mode::Auto).match_percent(), 99.9);
        assert_eq!(class(&evidence(4, 20, 0.95)), Class::EditedCopy);
        assert_eq!(class(&evidence(30, 120, 0.65)), Class::Similar);
        assert_eq!(class(&evidence(30, 120, 0.2)), Class::None);
        // Nothing but the very same bytes reads 100 %.
        assert!(judge.judge(&evidence(0, 0, 1.0), Mode::Auto).match_percent() < 100.0);
    }
}

#[test]
fn of_two_sure_copies_the_surer_scores_higher_and_neither_reads_identical() {
    let of = |pdq, cosine| fitted().judge(&evidence(6, pdq, cosine), Mode::Auto);
    let (sure, surer) = (of(24, 0.95), of(8, 0.98));
    assert_eq!((sure.class, surer.class), (Class::EditedCopy, Class::EditedCopy));
    assert!(0.98 < sure.score && sure.score < surer.score && surer.score < 0.99, "{sure:?} {surer:?}");
}

#[test]
fn an_image_without_a_vector_is_judged_by_its_hashes() {
    for judge in judges() {
        let without = |phash, pdq, mode| judge.judge(&unaided(phash, pdq, None), mode);
        assert_eq!(without(0, 4, Mode::Auto).class, Class::EditedCopy);
        assert_eq!(without(4, 20, Mode::Auto).class, Class::EditedCopy);
        assert_eq!(without(30, 120, Mode::Auto).class, Class::None);
        assert_eq!(without(4, 20, Mode::Similar).score, 0.0);
        let same = Evidence { same_bytes: true, ..unaided(0, 0, None) };
        assert_eq!(judge.judge(&same, Mode::Duplicate).match_percent(), 100.0);
    }
}

#[test]
fn without_vectors_more_agreement_never_scores_lower() {
    let of = |phash, pdq, colours| without_vectors(&unaided(phash, pdq, colours), Mode::Duplicate).score;
    for colours in (0..=20).map(|twentieth| twentieth as f32 / 20.0) {
        for phash in 0..64 {
            for pdq in (0..200).step_by(4) {
                let score = of(phash, pdq, Some(colours));
                assert!(score >= of(phash + 1, pdq, Some(colours)), "{phash} {pdq} {colours}");
                assert!(score >= of(phash, pdq + 4, Some(colours)), "{phash} {pdq} {colours}");
                assert!(score >= of(phash, pdq, Some(colours - 0.05)), "{phash} {pdq} {colours}");
            }
            assert!(of(phash, 40, None) >= of(phash + 1, 40, None));
            assert!(of(20, phash, None) >= of(20, phash + 1, None));
        }
    }
}

#[test]
fn without_vectors_a_percent_says_how_likely_a_copy_is() {
    let percent = |evidence: &Evidence| without_vectors(evidence, Mode::Duplicate).match_percent();
    // The nearest neighbour that a photo with nothing like it has among a thousand is no copy, whatever its colours.
    for colours in [None, Some(0.2), Some(0.99)] {
        assert!(percent(&unaided(14, 110, colours)) < 5.0, "{colours:?}");
    }
    // A red mug and a blue one, photographed alike: the less their colours have in common, the less it can be one photo.
    let mugs = |colours| percent(&unaided(2, 16, Some(colours)));
    assert!(mugs(0.3) < 5.0 && mugs(0.6) < 30.0, "{} {}", mugs(0.3), mugs(0.6));
    // The same photo, saved again: identical where its colours say so too, and not by grey hashes alone.
    let saved_again = |colours| without_vectors(&unaided(0, 4, colours), Mode::Duplicate);
    assert_eq!(saved_again(Some(0.995)).class, Class::Identical);
    let by_hashes = saved_again(None);
    assert_eq!(by_hashes.class, Class::EditedCopy);
    assert!((80.0..98.9).contains(&by_hashes.match_percent()), "{by_hashes:?}");
    // PDQ of pictures with little in them says nothing.
    let featureless = Evidence { pdq_quality: 10, ..unaided(20, 0, None) };
    assert!(percent(&featureless) < 5.0);
}

#[test]
fn a_turned_copy_of_good_quality_is_found_by_pdq_and_a_featureless_one_is_not() {
    let turned = Evidence { orientation: Orientation::Turned, ..evidence(34, 6, 0.9) };
    for judge in judges() {
        assert_eq!(judge.judge(&turned, Mode::Duplicate).class, Class::EditedCopy);
    }
    let featureless = Evidence { pdq_quality: 10, ..turned };
    assert_eq!(by_hashes().judge(&featureless, Mode::Duplicate).score, 0.0);
}

#[test]
fn photos_of_two_colours_taken_alike_are_no_copies() {
    // Given hashes that see little or no difference and vectors that do, as those of recoloured shop photos,
    // then fitted weights say so however well the hashes agree,
    for (phash, pdq) in [(0, 0), (0, 8), (2, 16), (6, 30)] {
        let class = fitted().judge(&evidence(phash, pdq, 0.35), Mode::Auto).class;
        assert!(class < Class::EditedCopy, "{class:?} {phash}");
    }
    // and without them vectors object where the hashes differ at all.
    let class = by_hashes().judge(&evidence(6, 30, 0.35), Mode::Auto).class;
    assert!(class < Class::EditedCopy, "{class:?}");
}

#[test]
fn a_part_that_shows_the_photo_makes_it_a_copy_where_the_whole_does_not() {
    // Given a collage: the whole has little in common with the photo, a quarter of it much.
    let whole = evidence(33, 126, 0.35);
    let part = Evidence { region: Some(crate::search::Region::UpperLeft), region_cosine: 0.93, ..whole };
    assert_eq!(fitted().judge(&whole, Mode::Auto).class, Class::None);
    assert_eq!(fitted().judge(&part, Mode::Auto).class, Class::EditedCopy);
}

#[test]
fn a_query_of_which_there_are_many_alike_needs_a_greater_cosine() {
    let of = |background| Evidence { background, ..evidence(28, 100, 0.8) };
    let score = |background| fitted().judge(&of(background), Mode::Duplicate).score;
    assert!(score(0.2) >= score(0.5) && score(0.5) >= score(0.75));
}

#[test]
fn classes_mean_the_same_under_encoders_that_fill_their_space_otherwise() {
    for unrelated in [0.3, 0.45, 0.75] {
        let judge = Judge::of_encoder("some-network", scale(unrelated), scale(unrelated));
        let at = |similarity: f32| unrelated + (1.0 - unrelated) * similarity;
        let class =
            |phash, pdq, similarity| judge.judge(&evidence(phash, pdq, at(similarity)), Mode::Auto).class;
        assert_eq!(class(30, 120, 0.0), Class::None);
        assert_eq!(class(30, 120, 0.6), Class::Similar);
        assert_eq!(class(4, 20, 0.92), Class::EditedCopy);
        assert_eq!(class(0, 4, 0.999), Class::Identical);
        // Photographed alike and of another colour: no copy.
        assert_ne!(class(6, 30, -0.8), Class::EditedCopy);
    }
}
