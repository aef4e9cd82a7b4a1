//! The fast path against the definition, on every instruction set, and errors.

use super::*;
use proptest::prelude::*;

const FILTERS: [Filter; 5] =
    [Filter::Box, Filter::Bilinear, Filter::Hamming, Filter::Bicubic, Filter::Lanczos];

/// Noise with saturated patches, so that sums go below 0 and above 255.
fn pixels(count: usize, seed: u32) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2_654_435_761) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state
    };
    (0..count)
        .map(|_| match next() % 5 {
            0 => 0,
            1 => 255,
            _ => (next() >> 11) as u8,
        })
        .collect()
}

fn agree(channels: usize, from: Size, to: Size, filter: Filter, seed: u32) {
    let source = pixels((from.width * from.height) as usize * channels, seed);
    let expected = plain::resize(&source, channels, from, to, filter);
    for isa in Isa::available() {
        let fast = resize(&source, channels, from, to, filter, isa).unwrap();
        assert!(fast == expected, "{isa:?}: {channels} channels, {from:?} to {to:?} by {filter:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]
    #[test]
    fn every_instruction_set_gives_what_the_definition_says(
        (from_width, from_height) in (1_u32..90, 1_u32..90),
        (to_width, to_height) in (1_u32..90, 1_u32..90),
        filter in proptest::sample::select(FILTERS.to_vec()),
        channels in proptest::sample::select(vec![1_usize, 3]),
        keep in 0_u8..8,
        seed: u32,
    ) {
        // One in four keeps a side, where a pass is skipped.
        let to_width = if keep == 0 { from_width } else { to_width };
        let to_height = if keep == 1 { from_height } else { to_height };
        agree(channels, Size::new(from_width, from_height), Size::new(to_width, to_height), filter, seed);
    }
}

#[test]
fn photo_sizes_agree_too() {
    for (from, to) in
        [((1000, 1400), (365, 512)), ((512, 512), (32, 32)), ((301, 777), (9, 8)), ((83, 110), (386, 512))]
    {
        for channels in [1, 3] {
            agree(channels, Size::new(from.0, from.1), Size::new(to.0, to.1), Filter::Lanczos, 3);
        }
    }
}

#[test]
fn thin_and_long_pictures_agree_too() {
    for (from, to) in
        [((1, 3000), (1, 512)), ((3000, 1), (512, 1)), ((1, 1), (512, 512)), ((2, 5000), (32, 32))]
    {
        for channels in [1, 3] {
            agree(channels, Size::new(from.0, from.1), Size::new(to.0, to.1), Filter::Lanczos, 4);
        }
    }
}

#[test]
fn a_picture_longer_than_a_million_pixels_is_resized_without_planning_its_weights() {
    let from = Size::new(LONGEST_SIDE as u32 + 8, 1);
    let grey = vec![77; from.width as usize];
    assert_eq!(resize_grey(&grey, from, Size::new(4, 2), Filter::Box).unwrap(), [77; 8]);
}

#[test]
fn sides_of_zero_and_buffers_of_the_wrong_length_are_refused() {
    let (empty, full) = (Size::new(0, 3), Size::new(2, 3));
    assert_eq!(
        resize_rgb(&[], empty, full, Filter::Box),
        Err(ResizeError::EmptySide { from: empty, to: full })
    );
    let error = resize_rgb(&[0; 17], full, full, Filter::Box).unwrap_err();
    assert_eq!(error.to_string(), "17 bytes are not 3 for each pixel of 2x3");
    assert!(resize_grey(&[0; 6], full, empty, Filter::Box).is_err());
    assert_eq!(resize_grey(&[5; 6], full, full, Filter::Box).unwrap(), [5; 6]);
}
