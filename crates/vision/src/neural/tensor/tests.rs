//! Scenarios of one tensor; the comparison with the reference libraries is `tests/neural_tensors.rs`.

use super::*;
use crate::neural::Description;

fn preprocessor(image: &str) -> Preprocessor {
    let page = format!("name = \"a\"\ndimensions = 1\nlicence = \"MIT\"\n[image]\n{image}\n");
    Preprocessor::new(&Description::parse(&page).unwrap().image)
}

fn tensor(preprocessor: &Preprocessor, picture: &Picture) -> Vec<f32> {
    let mut out = vec![f32::NAN; preprocessor.len()];
    preprocessor.fill(picture, &mut out);
    assert!(out.iter().all(|value| value.is_finite()), "something was left unwritten");
    out
}

fn plain(width: u32, height: u32, colour: [u8; 3]) -> Picture {
    Picture::new(width, height, colour.repeat((width * height) as usize), None).unwrap()
}

const UNSCALED: &str = "mean = [0, 0, 0]\nstd = [1, 1, 1]";

#[test]
fn each_layout_and_order_of_channels_has_the_colour_in_its_place() {
    let picture = plain(5, 3, [255, 0, 51]);
    for (keys, expected) in [
        ("", [1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.2, 0.2, 0.2, 0.2]),
        ("channels = \"bgr\"", [0.2, 0.2, 0.2, 0.2, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0]),
        ("layout = \"nhwc\"", [1.0, 0.0, 0.2, 1.0, 0.0, 0.2, 1.0, 0.0, 0.2, 1.0, 0.0, 0.2]),
    ] {
        for library in ["pillow", "tensorflow"] {
            let image = format!(
                "resize = {{ rule = \"squash\", px = 2, library = \"{library}\", filter = \"bicubic\" }}\n{UNSCALED}\n{keys}"
            );
            for (value, expected) in tensor(&preprocessor(&image), &picture).iter().zip(expected) {
                assert!((value - expected).abs() < 1e-6, "{value} is not {expected}: {image}");
            }
        }
    }
}

#[test]
fn what_is_transparent_is_white() {
    let rgb = [0, 0, 0].repeat(16);
    let picture = Picture::new(4, 4, rgb, Some(vec![0; 16])).unwrap();
    let image = format!("resize = {{ rule = \"squash\", px = 2, filter = \"bilinear\" }}\n{UNSCALED}");
    assert_eq!(tensor(&preprocessor(&image), &picture), [1.0; 12]);
}

#[test]
fn bars_beside_a_letterboxed_picture_are_white() {
    let image = format!("resize = {{ rule = \"letterbox\", px = 4, filter = \"bilinear\" }}\n{UNSCALED}");
    let red = tensor(&preprocessor(&image), &plain(2, 4, [0, 0, 0]))[..16].to_vec();
    assert_eq!(red, [1.0, 0.0, 0.0, 1.0].repeat(4));
    let missed = format!("{image}\ncrop_px = 1").replace("px = 4", "px = 224");
    assert_eq!(tensor(&preprocessor(&missed), &plain(1, 10_000, [0, 0, 0])), [1.0; 3]);
}

#[test]
fn pictures_of_every_proportion_fill_their_tensor() {
    for rule in ["shorter-side", "squash", "letterbox"] {
        for (library, filter) in [
            ("pillow", "bilinear"),
            ("pillow", "lanczos"),
            ("tensorflow", "bilinear"),
            ("tensorflow", "bicubic"),
        ] {
            let image = format!(
                "resize = {{ rule = \"{rule}\", px = 31, library = \"{library}\", filter = \"{filter}\" }}\n\
                 crop_px = 17\n{UNSCALED}"
            );
            let preprocessor = preprocessor(&image);
            for (width, height) in
                [(1, 1), (1, 3000), (3000, 1), (31, 31), (17, 40), (2, 2_200_000), (1_100_000, 1)]
            {
                tensor(&preprocessor, &plain(width, height, [10, 20, 30]));
            }
        }
    }
}

#[test]
#[should_panic(expected = "wrong length")]
fn a_buffer_of_another_length_is_a_mistake_of_the_caller() {
    let image = format!("resize = {{ rule = \"squash\", px = 2, filter = \"bilinear\" }}\n{UNSCALED}");
    preprocessor(&image).fill(&plain(2, 2, [0; 3]), &mut [0.0; 11]);
}
