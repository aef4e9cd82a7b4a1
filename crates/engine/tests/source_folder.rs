//! Given a folder of photos, when it is read as a catalog, then every file is a product, or told why it is none.

#![expect(clippy::unwrap_used, reason = "a scenario that cannot go on fails right there")]

use lookalike_engine::catalog::{Location, Product};
use lookalike_engine::source::{
    FolderOptions, FolderSource, ProductIdRule, RowFailure, Source, SourceError, SourceOptions, open,
};
use std::fs;
use std::path::Path;

fn write(root: &Path, names: &[&str]) {
    for name in names {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "x").unwrap();
    }
}

fn read(source: &dyn Source) -> (Vec<Product>, Vec<RowFailure>) {
    let mut failures = Vec::new();
    let products =
        source.products().unwrap().filter_map(|item| item.map_err(|f| failures.push(f)).ok()).collect();
    (products, failures)
}

fn open_folder(path: &Path, product_per_folder: bool, product_id: ProductIdRule) -> FolderSource {
    FolderSource::open(path, FolderOptions { product_per_folder, product_id }).unwrap()
}

fn ids(products: &[Product]) -> Vec<(&str, Vec<&str>)> {
    products
        .iter()
        .map(|product| (product.id.as_str(), product.images.iter().map(|image| image.id.as_str()).collect()))
        .collect()
}

#[test]
fn every_file_is_a_product_in_one_order_and_the_rest_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(root, &["b/two.JPG", "a.png", "b/deep/er/three", "zed.webp", "no\nline.jpg", "b/strange.xyz"]);
    write(root, &["labels.csv", "b/readme.TXT", "b/notes.txt", ".DS_Store", "b/.hidden.jpg", ".git/x.jpg"]);
    let source = open_folder(root, false, ProductIdRule::Stem);
    let (products, failures) = read(&source);
    assert_eq!(failures, []);
    assert_eq!(
        ids(&products),
        [
            ("a", vec!["a.png"]),
            ("three", vec!["b/deep/er/three"]),
            ("strange", vec!["b/strange.xyz"]),
            ("two", vec!["b/two.JPG"]),
            ("no\nline", vec!["no\nline.jpg"]),
            ("zed", vec!["zed.webp"]),
        ]
    );
    assert_eq!(source.images_expected(), Some(6));
    let Location::File(first) = &products[0].images[0].location else { panic!("a file") };
    assert!(first.is_absolute() && first.is_file());
    let notices = source.notices().join("\n");
    assert!(notices.contains("3 files that are no pictures") && notices.contains(".txt 2"), "{notices}");
    assert!(notices.contains("3 hidden"), "{notices}");
    assert_eq!(read(&source).0, products, "a second pass gives the same");
}

#[test]
fn a_folder_named_like_a_picture_is_walked_and_told_when_empty() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &["x.jpg/inside.png"]);
    fs::create_dir(folder.path().join("y.jpg")).unwrap();
    fs::create_dir(folder.path().join("plain")).unwrap();
    let (products, failures) = read(&open_folder(folder.path(), false, ProductIdRule::Stem));
    assert_eq!(ids(&products), [("inside", vec!["x.jpg/inside.png"])]);
    assert_eq!(failures.len(), 1);
    assert!(
        failures[0].place.ends_with("y.jpg") && failures[0].reason.contains("empty folder"),
        "{failures:?}"
    );
}

#[test]
fn files_of_one_stem_are_told_apart_by_path_on_request() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &["a.jpg", "one/a.jpg", "one/b.jpg", "one/b.png"]);
    let (products, failures) = read(&open_folder(folder.path(), false, ProductIdRule::Stem));
    assert_eq!(ids(&products), [("a", vec!["a.jpg"]), ("b", vec!["one/b.jpg"])]);
    assert_eq!(failures.len(), 2);
    assert!(failures[0].place.ends_with("one/a.jpg"), "{failures:?}");
    assert!(failures[0].reason.contains("/a.jpg") && failures[0].reason.contains("--product-id path"));
    assert!(failures[1].place.ends_with("b.png") && failures[1].reason.contains("b.jpg"), "{failures:?}");

    let (products, failures) = read(&open_folder(folder.path(), false, ProductIdRule::Path));
    assert_eq!(failures, []);
    let by_path: Vec<_> = products.iter().map(|product| product.id.as_str()).collect();
    assert_eq!(by_path, ["a", "one/a", "one/b.jpg", "one/b.png"]);
}

#[test]
fn a_first_level_folder_is_a_product_on_request() {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        &["bag/front.jpg", "bag/more/back.jpg", "loose.jpg", "shoe.png", "shoe/1.jpg", "text/a.txt"],
    );
    let source = open_folder(folder.path(), true, ProductIdRule::Stem);
    let (products, failures) = read(&source);
    assert_eq!(
        ids(&products),
        [
            ("bag", vec!["bag/front.jpg", "bag/more/back.jpg"]),
            ("loose", vec!["loose.jpg"]),
            ("shoe", vec!["shoe/1.jpg"]),
        ]
    );
    assert_eq!(failures.len(), 2, "{failures:?}");
    assert!(failures[0].place.ends_with("shoe.png") && failures[0].reason.contains("shoe"), "{failures:?}");
    assert!(failures[1].place.ends_with("text") && failures[1].reason.contains("no picture"), "{failures:?}");
}

#[test]
fn what_is_no_folder_of_pictures_is_an_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let empty = FolderSource::open(folder.path(), FolderOptions::default()).unwrap_err().to_string();
    assert!(empty.contains(folder.path().to_str().unwrap()) && empty.contains("expected JPEG"), "{empty}");
    write(folder.path(), &["only.txt"]);
    let text = FolderSource::open(folder.path(), FolderOptions::default()).unwrap_err().to_string();
    assert!(text.contains(".txt 1"), "{text}");
    let missing = folder.path().join("missing");
    let error = open(&missing, &SourceOptions::default()).err().unwrap();
    assert!(matches!(&error, SourceError::Io { path, .. } if *path == missing), "{error}");
    let file = FolderSource::open(&folder.path().join("only.txt"), FolderOptions::default()).unwrap_err();
    assert!(file.to_string().contains("is a file"), "{file}");
    write(folder.path(), &["one.jpg"]);
    let picture = open(&folder.path().join("one.jpg"), &SourceOptions::default()).err().unwrap();
    assert!(picture.to_string().contains("give the folder"), "{picture}");
}

#[test]
fn a_catalog_inside_the_source_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &["a.jpg", "shop.lookalike/catalog.sqlite3", "shop.lookalike/vectors.bin"]);
    let source = open_folder(folder.path(), false, ProductIdRule::Stem);
    assert_eq!(ids(&read(&source).0), [("a", vec!["a.jpg"])]);
    assert!(source.notices().join("\n").contains("catalogs"));
}

#[cfg(unix)]
mod unix {
    use super::*;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    #[test]
    fn bytes_that_are_no_text_are_shown_and_a_name_that_collides_by_it_is_a_failure() {
        let folder = tempfile::tempdir().unwrap();
        for name in [&b"caf\xe9.jpg"[..], b"caf\\xE9.jpg", b"\xff.jpg"] {
            fs::write(folder.path().join(OsStr::from_bytes(name)), "x").unwrap();
        }
        for rule in [ProductIdRule::Stem, ProductIdRule::Path] {
            let (products, failures) = read(&open_folder(folder.path(), false, rule));
            assert_eq!(
                ids(&products).iter().map(|(_, images)| images[0]).collect::<Vec<_>>(),
                ["caf\\xE9.jpg", "\\xFF.jpg"]
            );
            assert_eq!(failures.len(), 1);
            assert!(failures[0].reason.contains("rename one of them"), "{failures:?}");
            let Location::File(path) = &products[1].images[0].location else { panic!("a file") };
            assert!(path.is_file(), "the location keeps the bytes");
        }
    }

    #[test]
    fn a_name_with_control_characters_is_a_failure_on_one_line() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &["esc\u{1b}[31m.jpg", "a.jpg"]);
        let (products, failures) = read(&open_folder(folder.path(), false, ProductIdRule::Stem));
        assert_eq!(ids(&products), [("a", vec!["a.jpg"])]);
        assert!(failures[0].place.ends_with("esc\\u{1b}[31m.jpg"), "{failures:?}");
    }

    #[test]
    fn rings_of_links_end_and_links_out_of_the_folder_are_followed_once() {
        let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (root, outside) = (folder.path(), outside.path());
        write(root, &["a/one.jpg"]);
        write(outside, &["two.jpg"]);
        symlink(root, root.join("a/up")).unwrap();
        symlink(root.join("a"), root.join("b")).unwrap();
        symlink(outside, root.join("out")).unwrap();
        symlink(outside, root.join("out-again")).unwrap();
        symlink(root, outside.join("back")).unwrap();
        symlink(outside, outside.join("self")).unwrap();
        symlink(root.join("nothing"), root.join("broken.jpg")).unwrap();
        let source = open_folder(root, false, ProductIdRule::Stem);
        let (products, failures) = read(&source);
        assert_eq!(
            ids(&products),
            [("one", vec!["a/one.jpg"]), ("broken", vec!["broken.jpg"]), ("two", vec!["out/two.jpg"])]
        );
        assert_eq!(failures, []);
        assert!(source.notices().join("\n").contains("5 links"), "{:?}", source.notices());
    }

    #[test]
    fn a_folder_that_cannot_be_listed_is_a_failure_by_name() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &["a.jpg", "locked/b.jpg"]);
        let locked = folder.path().join("locked");
        fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).unwrap();
        if fs::read_dir(&locked).is_ok() {
            println!("skipped: this user may read everything");
            return;
        }
        let (products, failures) = read(&open_folder(folder.path(), false, ProductIdRule::Stem));
        fs::set_permissions(&locked, fs::Permissions::from_mode(0o700)).unwrap();
        assert_eq!(ids(&products), [("a", vec!["a.jpg"])]);
        assert!(failures[0].place.ends_with("locked") && failures[0].reason.contains("cannot be listed"));
    }
}

#[test]
fn the_real_photos_are_all_products() {
    let photos = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/images/dev");
    if !photos.is_dir() {
        println!("skipped: no {}", photos.display());
        return;
    }
    let source = open(&photos, &SourceOptions::default()).unwrap();
    let (products, failures) = read(source.as_ref());
    assert_eq!((products.len(), failures.len(), source.images_expected()), (1349, 0, Some(1349)));
}
