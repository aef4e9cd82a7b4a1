//! Given Amazon Berkeley Objects as it is published, when it is read, then each listing is a product in one language.

use crate::kit::{Read, fixture, refusal, try_read};
use lookalike_engine::source::{ImageBase, Languages, Mapping, SourceOptions};
use serde_json::json;
use std::fs;
use std::path::Path;

const WEB: &str = "https://photos.example/small/";

fn options(languages: &str) -> SourceOptions {
    SourceOptions {
        image_base: Some(ImageBase::parse(WEB)),
        languages: if languages.is_empty() {
            Languages::default()
        } else {
            Languages::parse(languages).unwrap()
        },
        ..SourceOptions::default()
    }
}

fn read(languages: &str) -> Read {
    try_read(&fixture("abo"), &options(languages)).unwrap()
}

#[test]
fn listings_become_products_with_their_images_and_measures() {
    let read = read("en_US");
    assert_eq!(
        read.ids(),
        ["B06X9STHNG@amazon.nl", "B075YQXRBS@amazon.com", "B075YQXRBS@amazon.co.uk", "B000000001@amazon.in"]
    );
    assert!(read.described.contains("2 files of listings, 3 images"), "{}", read.described);
    let shoes = read.product("B06X9STHNG@amazon.nl");
    let located: Vec<String> = shoes.images.iter().map(|image| image.location.to_string()).collect();
    assert_eq!(located, [format!("{WEB}8c/8ccb5859.jpg"), format!("{WEB}b4/b4f9d0cc.jpg")]);
    assert_eq!(read.images("B06X9STHNG@amazon.nl"), ["81iZlv3bjpL", "91mIRxgziUL"], "none twice");
    assert_eq!(
        read.fields("B06X9STHNG@amazon.nl"),
        json!({
            "brand": "find.",
            "bullet_point": ["Schoen in loafer-stijl", "Platte zool"],
            "color": "Veelkleurig vrouw blauw",
            "color_standardized": "Meerkleurig",
            "item_id": "B06X9STHNG",
            "item_name": "find. Dames leren schoenen, größe 5",
            "model_number": "37753",
            "model_year": 2017,
            "product_type": "SHOES",
            "style": "Gesloten",
            "item_keywords": ["schoenen", "dames"],
            "country": "NL",
            "marketplace": "Amazon",
            "domain_name": "amazon.nl",
            "node": "/Categorieën/Dames/Pumps",
            "node_id": 1_111_175_031,
        })
    );
    let chair = read.fields("B075YQXRBS@amazon.com");
    assert_eq!(
        (&chair["item_weight_pounds"], &chair["item_height_inches"], &chair["item_width_inches"]),
        (&json!(55.5), &json!(32), &json!(29.5))
    );
    assert_eq!(
        (&chair["item_name"], &chair["product_description"]),
        (&json!("Armchair, gray"), &json!("Soft & wide"))
    );
    assert_eq!((&chair["3dmodel_id"], &chair["spin_id"]), (&json!("B075YQXRBS"), &json!("61c91265")));
}

#[test]
fn the_language_that_is_preferred_is_taken_and_another_where_there_is_none() {
    let name = |languages: &str| read(languages).fields("B075YQXRBS@amazon.com")["item_name"].clone();
    assert_eq!(name("de_DE"), "Sessel");
    assert_eq!(name("en_US,de_DE"), "Armchair, gray");
    assert_eq!(name("fr_FR,en_*"), "Armchair, grey", "the first of any English");
    assert_eq!(name(""), "Armchair, grey", "English without a word");
    assert_eq!(name("de-de"), "Sessel");
    assert_eq!(
        read("en_US").fields("B06X9STHNG@amazon.nl")["item_name"],
        "find. Dames leren schoenen, größe 5"
    );
}

#[test]
fn broken_lines_and_images_that_nobody_knows_cost_themselves() {
    let read = read("");
    let places: Vec<_> = read.failures.iter().map(|f| f.place.rsplit('/').next().unwrap()).collect();
    let lines = [
        "listings_0.json line 3",
        "listings_0.json line 4",
        "listings_1.json line 1",
        "listings_1.json line 3",
    ];
    assert_eq!(places, lines);
    let reasons: Vec<_> = read.failures.iter().map(|failure| failure.reason.as_str()).collect();
    assert!(reasons[0].contains("not a listing in JSON"), "{reasons:?}");
    assert!(reasons[1].contains("`item_id` is missing"), "{reasons:?}");
    assert!(
        reasons[2].contains("image 00unknownxx, which is not in") && reasons[2].contains("images.csv"),
        "{reasons:?}"
    );
    assert_eq!(read.images("B075YQXRBS@amazon.co.uk"), ["71kB2SzNl8L"]);
    assert!(read.images("B000000001@amazon.in").is_empty(), "without a picture is no fault");
}

fn copy(from: &str, to: &Path, packed: bool) {
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    let bytes = fs::read(fixture(from)).unwrap();
    let bytes = if packed {
        use std::io::Write as _;
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(&bytes).unwrap();
        encoder.finish().unwrap()
    } else {
        bytes
    };
    fs::write(to, bytes).unwrap();
}

#[test]
fn compressed_parts_are_found_wherever_they_usually_lie() {
    let expected = read("").products;
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    for number in [0, 1] {
        let name = format!("abo/listings/metadata/listings_{number}.json");
        copy(&name, &root.join(format!("all/listings_{number}.json.gz")), true);
        copy(&name, &root.join(format!("abo/listings/metadata/listings_{number}.json.gz")), true);
    }
    copy("abo/images/metadata/images.csv", &root.join("all/images.csv.gz"), true);
    copy("abo/images/metadata/images.csv", &root.join("abo/images/metadata/images.csv.gz"), true);
    for place in ["all", "abo", "abo/listings/metadata"] {
        assert!(try_read(&root.join(place), &options("")).unwrap().products == expected, "{place}");
    }
    let one = try_read(&root.join("abo/listings/metadata/listings_1.json.gz"), &options("")).unwrap();
    assert_eq!(one.ids(), ["B075YQXRBS@amazon.co.uk", "B000000001@amazon.in"]);

    let nowhere = refusal(&root.join("abo"), &SourceOptions::default());
    assert!(
        nowhere.contains("--image-base FOLDER") && nowhere.contains("amazon-berkeley-objects.s3"),
        "{nowhere}"
    );
    fs::create_dir_all(root.join("abo/images/small/8c")).unwrap();
    let beside = try_read(&root.join("abo"), &SourceOptions::default()).unwrap();
    let located = beside.products[0].images[0].location.to_string();
    let small = fs::canonicalize(root.join("abo/images/small")).unwrap();
    assert_eq!(located, small.join("8c/8ccb5859.jpg").display().to_string());

    let table = root.join("all/images.csv.gz");
    fs::rename(&table, root.join("elsewhere.gz")).unwrap();
    let missing = refusal(&root.join("all"), &options(""));
    assert!(missing.contains("--image-table FILE"), "{missing}");
    let named = SourceOptions { image_table: Some(root.join("elsewhere.gz")), ..options("") };
    assert!(try_read(&root.join("all"), &named).unwrap().products == expected);
}

#[test]
fn a_file_that_is_cut_off_gives_its_front_and_the_next_file_follows() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let long: String = (0..2_000)
        .map(|n| format!("{{\"item_id\": \"A{n}\", \"domain_name\": \"x\", \"note\": \"{}\"}}\n", n * 7919))
        .collect();
    fs::write(root.join("long.json"), long).unwrap();
    let packed = root.join("listings_0.json.gz");
    let bytes = fs::read(root.join("long.json")).unwrap();
    {
        use std::io::Write as _;
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(&bytes).unwrap();
        let whole = encoder.finish().unwrap();
        fs::write(&packed, &whole[..whole.len() / 2]).unwrap();
    }
    copy("abo/listings/metadata/listings_1.json", &root.join("listings_1.json"), false);
    copy("abo/images/metadata/images.csv", &root.join("images.csv"), false);
    let read = try_read(root, &options("")).unwrap();
    assert!(read.ended_early);
    assert!(read.ids().len() > 500 && read.ids().contains(&"B000000001@amazon.in"), "{}", read.ids().len());
    assert!(
        read.failures[0].reason.contains("neither can what follows it in this file"),
        "{:?}",
        read.failures[0]
    );
}

#[test]
fn ids_are_items_alone_on_request_and_other_maps_are_refused() {
    let map = |text: &str| SourceOptions { map: Mapping::parse(text).unwrap(), ..options("") };
    let read = try_read(&fixture("abo"), &map("id=item_id")).unwrap();
    assert_eq!(read.ids(), ["B06X9STHNG", "B075YQXRBS", "B000000001"], "one product of two marketplaces");
    assert_eq!(read.images("B075YQXRBS"), ["71kB2SzNl8L"]);
    assert!(refusal(&fixture("abo"), &map("id=brand")).contains("`--map id=item_id`"));
    assert!(refusal(&fixture("abo"), &map("image=x")).contains("`image=`"));
}
