//! Scenarios that hold for any weights; how near the vectors are to the training's is `tests/look_vectors.rs`.

use super::*;
use crate::neural::tests::engines;
use crate::neural::{agreement, validate};

fn square_on(background: [u8; 3], colour: [u8; 3], side: u32, margin: u32) -> Picture {
    let inside = |v: u32| v >= margin && v < side - margin;
    let rgb = (0..side * side)
        .flat_map(|i| if inside(i % side) && inside(i / side) { colour } else { background })
        .collect();
    Picture::new(side, side, rgb, None).unwrap()
}

fn length(vector: &[f32]) -> f32 {
    vector.iter().map(|value| value * value).sum::<f32>().sqrt()
}

#[test]
fn the_description_makes_sense_and_the_weights_are_what_it_says_in_every_engine() {
    description().check().unwrap();
    let files = ModelBytes { image: WEIGHTS, text: None, tokenizer: None };
    for engine in engines() {
        let found = validate(description(), &files, engine).unwrap();
        assert_eq!((found.dimensions, found.image_output.as_str()), (NETWORK_DIMENSIONS, "embedding"));
    }
    assert!(WEIGHTS.len() <= 6_000_000, "{} bytes are too many for the binary", WEIGHTS.len());
}

#[test]
fn engines_agree_and_share_an_identity() {
    let engines = engines();
    let open = |&engine: &Engine| Look::new(engine, NonZero::<usize>::MIN);
    let looks: Vec<Look> = engines.iter().map(open).collect();
    for look in &looks {
        assert_eq!(look.id(), id());
        let agreement = agreement(look.network().unwrap(), looks[0].network().unwrap()).unwrap();
        assert!(agreement.image > 0.9999, "{agreement:?}");
    }
}

#[test]
fn the_digest_is_not_the_networks_alone() {
    let files = FileDigests { image: identity::sha256(WEIGHTS), text: None, tokenizer: None };
    assert_ne!(id().digest, identity::digest(description(), &files));
    assert_eq!(id().dimensions, DIMENSIONS);
}

#[test]
fn a_cosine_is_the_mean_of_what_the_network_the_colours_and_the_edges_say() {
    let look = Look::default();
    let striped = |colours: [[u8; 3]; 2], step: u32| {
        let rgb =
            (0..200 * 200).flat_map(|i| colours[usize::from(((i % 200 + i / 200) / step).is_multiple_of(2))]);
        Picture::new(200, 200, rgb.collect(), None).unwrap()
    };
    let (a, b) = (striped([[200, 30, 30], [90, 90, 20]], 31), striped([[30, 60, 200], [90, 90, 20]], 17));
    let (a, b) = (&a, &b);
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>();
    let whole = look.encode(&[a, b]).unwrap();
    let network = look.by_network(&[a, b]).unwrap();
    let [one, two] = [a, b].map(|picture| Descriptor::of(picture).unwrap());
    let mean = |weights: Beside| {
        let all = weights.all();
        (dot(&network[0], &network[1])
            + weights.colours * dot(&one.colours, &two.colours)
            + weights.edges * dot(&one.edges, &two.edges))
            / all
    };
    assert!((dot(&whole[0], &whole[1]) - mean(WEIGHTS_FOR_COPIES)).abs() < 1e-5);
    // And a query for products weighs the same stored vector otherwise.
    let [from_a, from_b] = [0, 1].map(|at| for_products(&whole[at]));
    assert!((dot(&from_a, &whole[1]) - mean(WEIGHTS_FOR_PRODUCTS)).abs() < 1e-5);
    assert!((dot(&whole[0], &from_b) - mean(WEIGHTS_FOR_PRODUCTS)).abs() < 1e-5);
    assert!((dot(&from_a, &whole[0]) - 1.0).abs() < 1e-5);
    assert_eq!(for_products(&[0.5, 0.5]), [0.5, 0.5]);
}

#[test]
fn colours_are_compared_without_the_network_as_with_it() {
    let look = Look::default();
    // Given two mugs photographed alike, one red and one blue, as a catalog has them,
    let (red, blue) =
        (square_on([255; 3], [200, 30, 30], 200, 40), square_on([255; 3], [30, 60, 200], 200, 40));
    let stored = look.encode(&[&red, &blue]).unwrap();
    let stored_red = Colours::in_vector(&stored[0]).unwrap();
    // then the colours of the red one, taken alone, say of both what their vectors say:
    let asked = Colours::of(&red).unwrap();
    let with = |colours: &Colours, vector: &[f32]| colours.cosine_with(vector).unwrap();
    assert!((with(&asked, &stored[1]) - with(&stored_red, &stored[1])).abs() < 1e-5);
    // they are its own, and not the blue one's.
    assert!(with(&asked, &stored[0]) > 0.9999);
    assert!(with(&asked, &stored[1]) < 0.6);
    // Of what could not be encoded, or is another encoder's, nothing is said.
    assert_eq!(Colours::in_vector(&[0.0; DIMENSIONS]), None);
    assert_eq!(Colours::in_vector(&stored[0][1..]), None);
    assert_eq!(asked.cosine_with(&stored[0][1..]), None);
}

#[test]
fn pictures_of_every_shape_get_a_vector_of_unit_length() {
    let look = Look::default();
    let pictures = [
        Picture::new(1, 1, vec![0; 3], None).unwrap(),
        Picture::new(1, 900, vec![255; 2700], Some(vec![0; 900])).unwrap(),
        Picture::new(900, 1, vec![255; 2700], None).unwrap(),
        square_on([255; 3], [200, 30, 30], 300, 60),
    ];
    let pictures: Vec<&Picture> = pictures.iter().collect();
    let vectors = look.encode(&pictures).unwrap();
    assert_eq!(vectors.len(), pictures.len());
    for vector in vectors {
        assert_eq!(vector.len(), DIMENSIONS);
        assert!((length(&vector) - 1.0).abs() < 1e-4);
    }
    assert!(look.encode(&[]).unwrap().is_empty());
}

#[test]
fn a_vector_does_not_depend_on_the_pictures_it_is_made_with_to_the_bit() {
    let picture = |n: u8| {
        square_on([255, 250, n], [n.wrapping_mul(37), 200 - n, 90], 200 + u32::from(n), 20 + u32::from(n))
    };
    let pictures: Vec<Picture> = (0..9).map(picture).collect();
    let pictures: Vec<&Picture> = pictures.iter().collect();
    for engine in engines() {
        let look = Look::new(engine, NonZero::<usize>::MIN);
        let together = look.encode(&pictures).unwrap();
        for (picture, vector) in pictures.iter().zip(&together) {
            assert_eq!(look.encode(&[picture]).unwrap()[0], *vector, "{engine}");
        }
    }
}

#[test]
fn several_threads_may_be_the_first_to_ask() {
    let (look, picture) = (Look::default(), square_on([255; 3], [200, 30, 30], 90, 20));
    let vectors = std::thread::scope(|scope| {
        let ask = || look.encode(&[&picture]).unwrap();
        let asked: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
        asked.into_iter().map(|asked| asked.join().unwrap()).collect::<Vec<_>>()
    });
    assert!(vectors.windows(2).all(|pair| pair[0] == pair[1]));
}
