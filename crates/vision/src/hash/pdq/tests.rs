//! PDQ as a whole: orientations against really turned pictures, and pictures with little in them.

use super::*;

/// A picture whose frequencies are far apart, so that no rounding flips a bit.
fn scene(width: usize, height: usize) -> Vec<[u8; 3]> {
    let (w, h) = (width as f32, height as f32);
    let at = |x: f32, y: f32| {
        let blob = |cx: f32, cy: f32, size: f32| (-((x - cx).powi(2) + (y - cy).powi(2)) / size).exp();
        200.0 * blob(0.3, 0.2, 0.01) + 90.0 * blob(0.75, 0.6, 0.02) + 60.0 * (x * 17.0 + y * 29.0).sin().abs()
    };
    (0..width * height)
        .map(|n| {
            let value = at((n % width) as f32 / w, (n / width) as f32 / h).clamp(0.0, 255.0) as u8;
            [value, value / 2, 255 - value]
        })
        .collect()
}

fn picture(width: usize, height: usize, pixel: impl Fn(usize, usize) -> [u8; 3]) -> Picture {
    let rgb = (0..width * height).flat_map(|n| pixel(n % width, n / width)).collect();
    Picture::new(width as u32, height as u32, rgb, None).unwrap()
}

#[test]
fn orientations_are_those_of_the_turned_pictures() {
    // 640 is 64 times 10 and boxes of 5 are symmetric, so sampling is the same from every side up to half a step.
    const SIDE: usize = 640;
    let scene = scene(SIDE, SIDE);
    let last = SIDE - 1;
    let at = |x: usize, y: usize| scene[y * SIDE + x];
    let upright = pdq_orientations(&picture(SIDE, SIDE, at));
    let turned = [
        picture(SIDE, SIDE, at),
        picture(SIDE, SIDE, |x, y| at(last - y, x)),
        picture(SIDE, SIDE, |x, y| at(last - x, last - y)),
        picture(SIDE, SIDE, |x, y| at(y, last - x)),
        picture(SIDE, SIDE, |x, y| at(x, last - y)),
        picture(SIDE, SIDE, |x, y| at(last - x, y)),
        picture(SIDE, SIDE, |x, y| at(y, x)),
        picture(SIDE, SIDE, |x, y| at(last - y, last - x)),
    ];
    for (index, (turned, derived)) in turned.iter().zip(upright).enumerate() {
        let distances: Vec<u32> = upright.iter().map(|other| other.distance(pdq(turned).hash)).collect();
        assert!(pdq(turned).hash.distance(derived) <= 16, "orientation {index}: {distances:?}");
        assert!(distances.iter().enumerate().all(|(n, &d)| n == index || d > 60), "{index}: {distances:?}");
    }
}

#[test]
fn the_upright_orientation_is_the_hash() {
    let scene = scene(333, 217);
    let picture = picture(333, 217, |x, y| scene[y * 333 + x]);
    let upright = pdq(&picture);
    assert_eq!(pdq_orientations(&picture)[0], upright.hash);
    assert_eq!(pdq_with_orientations(&picture), (upright.quality, pdq_orientations(&picture)));
    assert!(upright.quality > 50);
    assert_eq!(upright.hash.0.iter().map(|word| word.count_ones()).sum::<u32>(), 128);
}

#[test]
fn pictures_with_nothing_in_them_have_no_quality() {
    for (width, height) in [(5, 5), (64, 64), (4000, 5), (129, 2100)] {
        assert_eq!(pdq(&picture(width, height, |_, _| [200; 3])).quality, 0, "{width}x{height}");
    }
    for (width, height) in [(4, 400), (400, 4), (1, 1)] {
        let noise = picture(width, height, |x, y| [(x * 77) as u8, (y * 99) as u8, 3]);
        assert_eq!(pdq(&noise), Pdq { hash: PdqHash([0; 4]), quality: 0 });
        assert_eq!(pdq_orientations(&noise), [PdqHash([0; 4]); 8]);
    }
}
