//! Scenarios over the whole demo, and the contact sheets that a person looks at.

use std::collections::{HashMap, HashSet};
use std::fs;

use super::catalog::catalog;
use super::view::{Angle, photograph};
use super::write::{DemoError, DemoOptions, write};

const SMALL: DemoOptions = DemoOptions { seed: 11, products: 8 };

fn quietly(dir: &std::path::Path, options: DemoOptions) -> Result<super::Written, DemoError> {
    write(dir, options, &mut |_, _| {})
}

fn files_of(dir: &std::path::Path) -> HashMap<String, Vec<u8>> {
    let mut files = HashMap::new();
    for folder in ["pictures", "queries"] {
        for entry in fs::read_dir(dir.join(folder)).unwrap() {
            let entry = entry.unwrap();
            files.insert(
                format!("{folder}/{}", entry.file_name().to_str().unwrap()),
                fs::read(entry.path()).unwrap(),
            );
        }
    }
    files.insert("products.csv".into(), fs::read(dir.join("products.csv")).unwrap());
    files
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_does_not() {
    let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    for (dir, seed) in dirs.iter().zip([11, 11, 12]) {
        quietly(dir.path(), DemoOptions { seed, products: 2 }).unwrap();
    }
    let [first, again, other] = dirs.map(|dir| files_of(dir.path()));
    assert_eq!(first.keys().collect::<HashSet<_>>(), again.keys().collect::<HashSet<_>>());
    assert!(first.iter().all(|(name, bytes)| again[name] == *bytes));
    assert_ne!(first["products.csv"], other["products.csv"]);
    assert_ne!(first["queries/not-listed-tee.jpg"], other["queries/not-listed-tee.jpg"]);
}

#[test]
fn a_killed_run_is_finished_by_the_next_and_a_third_draws_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let whole = quietly(dir.path(), SMALL).unwrap();
    assert_eq!(whole.drawn, whole.pictures + whole.queries);
    let before = files_of(dir.path());
    let lost: Vec<&String> = before.keys().filter(|name| name.starts_with("pictures/")).take(3).collect();
    for name in &lost {
        fs::remove_file(dir.path().join(name)).unwrap();
    }
    fs::write(dir.path().join(format!("{}.part", lost[0])), b"half a pic").unwrap();
    let mut heard = Vec::new();
    let resumed = write(dir.path(), SMALL, &mut |done, total| heard.push((done, total))).unwrap();
    assert_eq!(resumed.drawn, 3);
    assert_eq!(files_of(dir.path()), before);
    assert_eq!(heard.last(), Some(&(whole.drawn, whole.drawn)));
    assert_eq!(quietly(dir.path(), SMALL).unwrap().drawn, 0);
}

#[test]
fn folders_with_something_else_in_them_are_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("thesis.txt"), "years of work").unwrap();
    let error = quietly(dir.path(), SMALL).unwrap_err();
    assert!(matches!(error, DemoError::Occupied(_)), "{error}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);

    let file = dir.path().join("thesis.txt");
    assert!(matches!(quietly(&file, SMALL).unwrap_err(), DemoError::NotAFolder(_)));

    let demo = dir.path().join("demo");
    let tiny = DemoOptions { seed: 3, products: 1 };
    quietly(&demo, tiny).unwrap();
    let error = quietly(&demo, DemoOptions { seed: 4, ..tiny }).unwrap_err();
    assert!(error.to_string().contains("seed 3 with 1 products"), "{error}");
    fs::write(demo.join("demo.json"), "not json").unwrap();
    assert!(matches!(quietly(&demo, tiny).unwrap_err(), DemoError::Manifest { .. }));
}

#[test]
fn a_folder_that_another_process_draws_into_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let lock = fs::File::create(dir.path().join(".demo.lock")).unwrap();
    lock.lock().unwrap();
    let error = quietly(dir.path(), SMALL).unwrap_err();
    assert!(matches!(error, DemoError::Busy(_)), "{error}");
}

#[test]
fn counts_that_make_no_catalog_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    for products in [0, 20_001, usize::MAX] {
        assert!(matches!(quietly(dir.path(), DemoOptions { seed: 1, products }), Err(DemoError::Count(_))));
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn the_csv_has_a_row_for_each_picture_and_tells_of_the_planted_copies() {
    let dir = tempfile::tempdir().unwrap();
    let written = quietly(dir.path(), SMALL).unwrap();
    let mut reader = csv::Reader::from_path(dir.path().join("products.csv")).unwrap();
    let rows: Vec<HashMap<String, String>> = reader.deserialize().collect::<Result<_, _>>().unwrap();
    assert_eq!(rows.len(), written.pictures);
    let ids: HashSet<&str> = rows.iter().map(|row| row["id"].as_str()).collect();
    assert_eq!(ids.len(), SMALL.products);
    for row in &rows {
        let picture = image::open(dir.path().join(&row["image"])).unwrap();
        assert!(row["price"].parse::<f32>().unwrap() > 0.0);
        if row["copy_of"].is_empty() {
            assert_eq!(picture.width().max(picture.height()), 640, "{}", row["image"]);
            assert_eq!(row["edit"], "");
        } else {
            assert!(
                ids.contains(row["copy_of"].as_str())
                    && row["copy_of"] != row["id"]
                    && !row["edit"].is_empty()
            );
        }
    }
    assert!(rows.iter().any(|row| !row["copy_of"].is_empty()));
    let names: Vec<String> = fs::read_dir(dir.path().join("queries"))
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    for beginning in ["edited-copy-of-", "other-photo-of-", "not-listed-lamp"] {
        assert!(names.iter().any(|name| name.starts_with(beginning)), "{beginning}: {names:?}");
    }
}

#[test]
fn a_full_catalog_is_varied_and_its_ids_are_unique() {
    let products = catalog(7, 240);
    assert_eq!(products.len(), 240);
    assert_eq!(products.iter().map(|p| &p.id).collect::<HashSet<_>>().len(), 240);
    assert!(products.iter().map(|p| p.kind).collect::<HashSet<_>>().len() >= 20);
    let copies: Vec<_> = products.iter().filter_map(|p| p.copy.as_ref()).collect();
    assert_eq!(copies.len(), 12);
    assert_eq!(copies.iter().map(|copy| copy.edit).collect::<HashSet<_>>().len(), 10);
    for copy in copies {
        let original = products.iter().find(|p| p.id == copy.of).unwrap();
        assert!(original.copy.is_none(), "{} is itself a copy", copy.of);
    }
    let pictures: usize = products.iter().map(|p| p.views.len()).sum();
    assert!((600..840).contains(&pictures), "{pictures}");
    let styles: HashSet<_> = products.iter().map(|p| &p.style).collect();
    assert!(styles.len() < 160, "{} styles: designs have colour variants", styles.len());
}

#[test]
fn no_two_products_look_alike_to_the_eye() {
    let mut seen: Vec<(String, Vec<u8>)> = Vec::new();
    for product in catalog(5, 24) {
        if product.copy.is_some() {
            continue;
        }
        let picture = photograph(&product.model().unwrap(), Angle::Front, product.camera());
        let small = image::imageops::thumbnail(&picture, 24, 24).into_raw();
        let spread = small.iter().max().unwrap() - small.iter().min().unwrap();
        assert!(spread > 20, "{} is blank", product.id);
        for (id, other) in &seen {
            let apart: u32 = small.iter().zip(other).map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
            assert!(apart > 24 * 24, "{} looks like {id}", product.id);
        }
        seen.push((product.id, small));
    }
}

/// `DEMO_CONTACT_SHEET=sheet.png cargo test --release -p lookalike contact_sheet` draws a page of the catalog:
/// `DEMO_SEED`, `DEMO_KIND` (an id's first part) and `DEMO_ROWS` choose which.
#[test]
fn contact_sheet() {
    let Some(out) = std::env::var_os("DEMO_CONTACT_SHEET") else {
        println!("skipped: DEMO_CONTACT_SHEET does not name a file to draw into");
        return;
    };
    let number = |name: &str, otherwise: usize| {
        std::env::var(name).ok().and_then(|s| s.parse().ok()).unwrap_or(otherwise)
    };
    let kind = std::env::var("DEMO_KIND").unwrap_or_default();
    let rows = number("DEMO_ROWS", 6);
    let mut styles = HashSet::new();
    let products: Vec<_> = catalog(number("DEMO_SEED", 7) as u64, 600)
        .into_iter()
        .filter(|p| {
            p.copy.is_none() && p.style.starts_with(&kind) && (!kind.is_empty() || styles.insert(p.category))
        })
        .take(rows)
        .collect();
    let cell = 300;
    let mut sheet = image::RgbImage::new(5 * cell, products.len() as u32 * cell);
    for (row, product) in products.iter().enumerate() {
        let model = product.model().unwrap();
        let angles = [Angle::Front, Angle::Back, Angle::ThreeQuarter, Angle::Detail, Angle::Lifestyle];
        for (column, angle) in angles.into_iter().enumerate() {
            let picture = photograph(&model, angle, product.camera());
            let small = image::imageops::thumbnail(
                &picture,
                picture.width() * cell / 640,
                picture.height() * cell / 640,
            );
            image::imageops::replace(
                &mut sheet,
                &small,
                column as i64 * i64::from(cell),
                row as i64 * i64::from(cell),
            );
        }
    }
    sheet.save(out).unwrap();
}
