//! Amazon Berkeley Objects at its real size, made up: how fast it is read, and in how much memory.
//!
//! ```text
//! cargo run --release -p lookalike-engine --example abo_at_scale -- make FOLDER [LISTINGS] [IMAGES]
//! cargo run --release -p lookalike-engine --example abo_at_scale -- read FOLDER
//! ```
//!
//! `make` writes 147,702 listings in 16 gzip files and a table of 398,212 images, with the proportions of the published
//! data set: about a third of the listings in two to five languages, five bullet points, a score of keywords, 3.1 images for
//! each listing and of every image a size. `read` goes through all of it and prints listings per second and peak memory.

#![expect(clippy::print_stdout, reason = "what it prints is its result")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a measurement that cannot go on fails right there")]

use flate2::Compression;
use flate2::write::GzEncoder;
use lookalike_engine::source::{ImageBase, SourceOptions, open};
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::time::Instant;

const LISTINGS: u64 = 147_702;
const IMAGES: u64 = 398_212;
const WORDS: [&str; 32] = [
    "cotton",
    "blue",
    "steel",
    "kitchen",
    "women's",
    "leather",
    "case",
    "phone",
    "lamp",
    "table",
    "modern",
    "sofa",
    "cushion",
    "grey",
    "réglable",
    "größe",
    "Schuhe",
    "blanco",
    "kids",
    "storage",
    "basket",
    "wall",
    "frame",
    "wood",
    "metal",
    "ring",
    "gold",
    "pack",
    "organic",
    "cover",
    "slim",
    "printed",
];

/// A number that looks like chance and is the same each time.
fn dice(seed: u64, faces: u64) -> u64 {
    let mut x = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (x ^ (x >> 31)) % faces
}

fn words(seed: u64, count: u64) -> String {
    let word = |n| WORDS.get(usize::try_from(dice(seed + n * 31, 32)).unwrap()).copied().unwrap_or_default();
    (0..count).map(word).collect::<Vec<_>>().join(" ")
}

fn image_id(number: u64) -> String {
    const SIGNS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+-";
    (0..9).fold(String::from("71"), |mut id, n| {
        id.push(char::from(SIGNS.get(usize::try_from(dice(number * 16 + n, 64)).unwrap()).copied().unwrap()));
        id
    })
}

fn listing(number: u64, images: u64) -> Value {
    let tags = ["en_US", "en_GB", "de_DE", "fr_FR", "es_ES"];
    let languages = if dice(number, 3) == 0 { 2 + dice(number + 1, 4) } else { 1 };
    let first = dice(number + 2, 5);
    let texts = |seed: u64, each: u64, count: u64| -> Value {
        let languages = (0..languages).flat_map(|language| {
            let tag = tags.get(usize::try_from((first + language) % 5).unwrap()).copied().unwrap_or_default();
            (0..each).map(
                move |n| json!({"language_tag": tag, "value": words(seed + language * 97 + n * 7, count)}),
            )
        });
        languages.collect()
    };
    let seed = number * 1_000;
    let measure = |n: u64, unit: &str| {
        let value = dice(seed + n, 5_000) as f64 / 100.0;
        json!({"normalized_value": {"unit": unit, "value": value}, "unit": unit, "value": value})
    };
    let others = dice(number + 3, 5);
    let image = |n: u64| image_id((number * 3 + n) % images);
    json!({
        "brand": texts(seed, 1, 1),
        "bullet_point": texts(seed + 1, 5, 14),
        "color": texts(seed + 2, 1, 2),
        "item_id": format!("B0{number:08}"),
        "item_name": texts(seed + 3, 1, 12),
        "item_weight": [measure(4, "pounds")],
        "item_dimensions": {"height": measure(5, "inches"), "length": measure(6, "inches"), "width": measure(7, "inches")},
        "material": texts(seed + 8, 1, 1),
        "model_number": [{"value": format!("M{}", dice(seed, 100_000))}],
        "product_type": [{"value": WORDS.get(usize::try_from(dice(seed + 9, 32)).unwrap())}],
        "style": texts(seed + 10, 1, 2),
        "main_image_id": image(0),
        "other_image_id": (1..=others).map(image).collect::<Vec<_>>(),
        "item_keywords": texts(seed + 11, 20, 2),
        "country": "US",
        "marketplace": "Amazon",
        "domain_name": "amazon.com",
        "node": [{"node_id": dice(seed + 12, 1_000_000), "node_name": format!("/Categories/{}/{}", words(seed, 1), words(seed + 13, 2))}],
    })
}

fn make(folder: &Path, listings: u64, images: u64) {
    let (of_listings, of_images) = (folder.join("listings/metadata"), folder.join("images/metadata"));
    for folder in [&of_listings, &of_images, &folder.join("images/small")] {
        fs::create_dir_all(folder).unwrap();
    }
    let gzip = |path: &Path| BufWriter::new(GzEncoder::new(File::create(path).unwrap(), Compression::fast()));
    let mut bytes = 0_u64;
    for part in 0..16 {
        let mut out = gzip(&of_listings.join(format!("listings_{part:x}.json.gz")));
        for number in (part..listings).step_by(16) {
            let line = listing(number, images).to_string();
            bytes += line.len() as u64 + 1;
            writeln!(out, "{line}").unwrap();
        }
        out.into_inner().unwrap().finish().unwrap();
    }
    let mut out = gzip(&of_images.join("images.csv.gz"));
    writeln!(out, "image_id,height,width,path").unwrap();
    for number in 0..images {
        let hash = dice(number, u64::MAX) as u32;
        writeln!(
            out,
            "{},{},{},{:02x}/{hash:08x}.jpg",
            image_id(number),
            500 + number % 2000,
            2000,
            hash >> 24
        )
        .unwrap();
    }
    out.into_inner().unwrap().finish().unwrap();
    println!("{listings} listings of {} bytes on average, {images} images", bytes / listings.max(1));
}

/// Peak resident memory in kB, as Linux counts it.
fn peak_kb() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

fn read(folder: &Path) {
    let options = SourceOptions {
        image_base: Some(ImageBase::parse("https://photos.example/small")),
        ..SourceOptions::default()
    };
    let began = Instant::now();
    let source = open(folder, &options).unwrap();
    let opened = began.elapsed().as_secs_f64();
    println!("{}", source.describe());
    println!("opened in {opened:.2} s, {} MB", peak_kb() / 1000);
    let began = Instant::now();
    let (mut products, mut images, mut fields, mut failures) = (0_u64, 0, 0, 0_u64);
    for item in source.products().unwrap() {
        match item {
            Ok(product) => {
                products += 1;
                images += product.images.len();
                fields += product.fields.len();
            }
            Err(_) => failures += 1,
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    println!("{products} products, {images} images, {fields} fields, {failures} failures");
    println!("{:.0} listings/s, peak {} MB", products as f64 / seconds, peak_kb() / 1000);
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |index: usize, usual: u64| arguments.get(index).map_or(usual, |text| text.parse().unwrap());
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["make", folder, ..] => make(Path::new(folder), number(2, LISTINGS), number(3, IMAGES)),
        ["read", folder] => read(Path::new(folder)),
        _ => panic!("usage: abo_at_scale make FOLDER [LISTINGS] [IMAGES] | read FOLDER"),
    }
}
