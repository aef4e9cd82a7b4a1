//! Parquet files as catalogs, written by pyarrow (`fixtures/parquet/listings.py`), and vectors written as Parquet.

#![cfg_attr(
    feature = "parquet",
    expect(clippy::unwrap_used, reason = "what a scenario needs and does not get is its failure")
)]

use lookalike_engine::source::{Mapping, SourceOptions, open};
use std::path::{Path, PathBuf};

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/parquet/listings.parquet")
}

#[cfg(not(feature = "parquet"))]
#[test]
fn a_build_without_parquet_says_so() {
    let error = open(&fixture(), &SourceOptions::default()).err().unwrap().to_string();
    assert!(error.contains("is a Parquet file") && error.contains("--features parquet"), "{error}");
    assert!(Mapping::parse("id=a").is_ok());
}

#[cfg(feature = "parquet")]
mod with_the_feature {
    use super::{Mapping, SourceOptions, fixture, open};
    use lookalike_engine::catalog::{Location, Product};
    use lookalike_engine::source::RowFailure;
    use serde_json::{Value, json};

    fn options() -> SourceOptions {
        SourceOptions {
            map: Mapping::parse("id=item_id,image=images.url").unwrap(),
            ..SourceOptions::default()
        }
    }

    #[test]
    fn nested_columns_lists_and_every_codec_are_read() {
        let source = open(&fixture(), &options()).unwrap();
        assert!(source.describe().starts_with("Parquet ") && source.describe().ends_with("listings.parquet"));
        assert_eq!(source.images_expected(), Some(5));
        let read: Vec<Result<Product, RowFailure>> = source.products().unwrap().collect();
        let folder = fixture().canonicalize().unwrap().parent().unwrap().to_owned();
        let first = read[0].as_ref().unwrap();
        assert_eq!(first.id.as_str(), "item-0");
        assert_eq!(first.images[0].location, Location::File(folder.join("0.png")));
        let expected = json!({
            "images": [{"url": "0.png", "width": 60}],
            "title": {"en": "Mug 0", "de": "Becher 0"},
            "price": "19.95",
            "stock": 9_007_199_254_740_993_i64,
            "weight": 0.1,
            "added": "2024-02-29 12:30:00.000 +00:00",
            "tags": ["new", "red, blue"],
            "sealed": true,
            "code": "AP8=",
        });
        assert_eq!(Value::Object(first.fields.clone()), expected);
        let second = read[1].as_ref().unwrap();
        let names: Vec<&str> = second.images.iter().map(|image| image.id.as_str()).collect();
        assert_eq!(names, ["1.png", "2.png"]);
        let bare = read[2].as_ref().unwrap();
        assert_eq!((bare.id.as_str(), bare.images.len(), bare.fields.len()), ("item-2", 0, 0));
        let failed = read[3].as_ref().unwrap_err();
        assert!(failed.place.ends_with("listings.parquet row 4"), "{failed:?}");
        assert!(failed.reason.contains("has no product id"), "{failed:?}");
        assert_eq!(
            read[4].as_ref().unwrap().fields["title"],
            json!({"en": "quoted \"text\"\nin two lines", "de": null})
        );
        assert_eq!(read.len(), 5);
    }

    #[test]
    fn a_column_that_is_not_there_and_a_damaged_file_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let error = |name: &str, bytes: &[u8], options: &SourceOptions| {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            open(&path, options).err().unwrap().to_string()
        };
        let whole = std::fs::read(fixture()).unwrap();
        let wrong = SourceOptions {
            map: Mapping::parse("id=item,image=images.url").unwrap(),
            ..SourceOptions::default()
        };
        let missing = error("a.parquet", &whole, &wrong);
        assert!(missing.contains("a.parquet: there is no column `item`"), "{missing}");
        for length in [4, 8, 100, whole.len() / 2, whole.len() - 1] {
            let cut = error("cut.bin", &whole[..length], &options());
            assert!(cut.contains("cut.bin: is a damaged Parquet file"), "{length}: {cut}");
        }
        // Whatever a byte is changed to, the answer is an error or rows, never a fault.
        for place in (4..whole.len()).step_by(97) {
            let mut broken = whole.clone();
            broken[place] ^= 0xFF;
            let path = folder.path().join("broken.parquet");
            std::fs::write(&path, broken).unwrap();
            if let Ok(source) = open(&path, &options()) {
                source.products().unwrap().for_each(drop);
            }
        }
    }
}
