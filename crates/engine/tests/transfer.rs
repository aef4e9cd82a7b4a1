//! A catalog taken out into lines and brought back is the same catalog; lines that are wrong cost themselves.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "what a scenario needs and does not get is its failure"
)]

mod store_fixture;

use lookalike_engine::catalog::Location;
use lookalike_engine::store::embedded::{Access, EmbeddedStore};
use lookalike_engine::store::{EncoderChanges, ImageWrite, NewImage, Store, Write};
use lookalike_engine::transfer::{
    ExportError, Import, ImportError, ImportEvent, ImportReport, Tally, export, write_matrix,
};
use lookalike_vision::encoder::EncoderId;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use store_fixture::{Seeded, encoder, image, image_id, one, product_id, put};

static GO: AtomicBool = AtomicBool::new(false);

fn exported(store: &EmbeddedStore) -> Vec<u8> {
    let mut out = Vec::new();
    export(store, &mut out, &mut |_, _| {}, &GO).unwrap();
    out
}

/// What came of an import, with the lines that were named.
fn import(store: &EmbeddedStore, lines: &[u8]) -> (ImportReport, Vec<(u64, String)>) {
    let mut named = Vec::new();
    let mut tell = |event| {
        if let ImportEvent::Failed(failure) = event {
            named.push((failure.line, failure.reason));
        }
    };
    let report = Import::open(lines).unwrap().run(store, &mut tell, &GO).unwrap();
    (report, named)
}

fn created(folder: &Path, encoders: &[EncoderId]) -> EmbeddedStore {
    EmbeddedStore::create(folder, encoders).unwrap()
}

fn tally(stored: u64, unchanged: u64, failed: u64) -> Tally {
    Tally { stored, unchanged, failed }
}

/// Two encoders; products with no, one and several photos, and all that a value can be.
fn odd_catalog(folder: &Path) -> EmbeddedStore {
    let encoders = [encoder(8), encoder(3)];
    let store = created(folder, &encoders);
    let mut batch: Vec<Write> = (0..40).map(|n| one(&format!("p{n}"), n, &encoders)).collect();
    let mut odd = image("wéb \"1\"\n.jpg", 500, &encoders);
    odd.location = Location::Url("https://shop.example/a.jpg?x=1".into());
    odd.fingerprint.modified_ns = None;
    odd.media_type = "image/webp";
    odd.vectors[0] = vec![-0.0, f32::MIN_POSITIVE / 2.0, f32::MAX, -1.0, 0.1, 1e-30, 3.5, 7.0];
    let mut bytes = image("b.jpg", 501, &encoders);
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt as _;
        bytes.location =
            Location::File(Path::new(std::ffi::OsStr::from_bytes(b"/caf\xe9/\xff.jpg")).to_owned());
    }
    bytes.fingerprint.modified_ns = Some(-1);
    let fields = json!({"z": 1, "a": [1.5, 1e-7, -0.0, 18_446_744_073_709_551_615_u64, null], "ü\n": {"x": {"y": true}}, "": ""});
    let Value::Object(fields) = fields else { unreachable!() };
    let images = [odd, bytes].map(|image| ImageWrite::Put(Box::new(image))).into();
    batch.push(Write::Product { id: product_id("odd, \"one\""), fields, images });
    batch.push(put("bare", "no photo", vec![]));
    store.apply(&batch).unwrap();
    // In another order than they were stored in, and with holes.
    store.apply(&[Write::Delete(product_id("p7")), one("p3", 99, &encoders)]).unwrap();
    let keep = |id: &str| ImageWrite::Keep { id: image_id(id), modified_ns: None };
    let (id, images) = (product_id("odd, \"one\""), vec![keep("b.jpg"), keep("wéb \"1\"\n.jpg")]);
    let fields = store.products(std::slice::from_ref(&id)).unwrap().remove(0).fields;
    store.apply(&[Write::Product { id, fields, images }]).unwrap();
    store
}

#[test]
fn a_catalog_of_an_exports_lines_gives_the_same_lines() {
    let folder = tempfile::tempdir().unwrap();
    let first = odd_catalog(&folder.path().join("a"));
    let lines = exported(&first);
    let import_of = Import::open(lines.as_slice()).unwrap();
    assert_eq!(import_of.encoders(), first.encoders());
    let second = created(&folder.path().join("b"), import_of.encoders());
    let (report, named) = import(&second, &lines);
    assert_eq!((report.cancelled, named), (false, vec![]));
    assert_eq!((report.counts.products, report.counts.images), (tally(41, 0, 0), tally(41, 0, 0)));
    assert!(exported(&second) == lines, "another export");
    assert_eq!(second.verify().unwrap(), []);
    // To the bit, and in the order the products show them.
    let images = |store: &EmbeddedStore| -> Vec<_> {
        let product = store.products(&[product_id("odd, \"one\"")]).unwrap().remove(0);
        let images = store.images(&product.image_keys).unwrap();
        images
            .into_iter()
            .map(|image| {
                (image.id, image.location, image.fingerprint, image.hashes, format!("{:?}", image.vectors))
            })
            .collect()
    };
    assert_eq!(images(&first), images(&second));
    assert_eq!(images(&first)[0].0.as_str(), "b.jpg");

    let (again, _) = import(&second, &lines);
    assert_eq!((again.counts.products, again.counts.images), (tally(0, 41, 0), tally(0, 41, 0)));
}

#[test]
fn an_export_is_of_one_moment() {
    let folder = tempfile::tempdir().unwrap();
    let store = odd_catalog(folder.path());
    let before = exported(&store);
    let writer_encoders = store.encoders().to_vec();
    let (mut out, mut n) = (Vec::new(), 0);
    let mut tell = |_, _| {
        n += 1;
        store
            .apply(&[one(&format!("late{n}"), 1_000 + n, &writer_encoders), Write::Delete(product_id("p39"))])
            .unwrap();
    };
    export(&store, &mut out, &mut tell, &GO).unwrap();
    assert!(out == before, "writes were seen");
    assert!(exported(&store) != before);
}

#[test]
fn an_import_that_was_interrupted_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let encoders = [encoder(4)];
    let first = created(&folder.path().join("a"), &encoders);
    let batch: Vec<Write> = (0..700).map(|n| one(&format!("p{n}"), n, &encoders)).collect();
    first.apply(&batch).unwrap();
    let lines = exported(&first);

    let second = created(&folder.path().join("b"), &encoders);
    let stop = AtomicBool::new(false);
    let mut tell = |event| {
        if matches!(event, ImportEvent::Progress(_)) {
            stop.store(true, Ordering::Relaxed);
        }
    };
    let report = Import::open(lines.as_slice()).unwrap().run(&second, &mut tell, &stop).unwrap();
    assert!(report.cancelled && (1..700).contains(&report.counts.products.stored), "{report:?}");
    assert_eq!(second.summary().unwrap().products, report.counts.products.stored);
    let (rest, _) = import(&second, &lines);
    let (had, brought) = (report.counts.products.stored, 700 - report.counts.products.stored);
    assert_eq!(rest.counts.products, tally(brought, had, 0));
    assert!(exported(&second) == lines);
}

#[test]
fn a_product_of_many_photos_is_brought_in_parts() {
    let folder = tempfile::tempdir().unwrap();
    let encoders = [encoder(4)];
    let first = created(&folder.path().join("a"), &encoders);
    let many = |from: u64, to: u64| -> Vec<NewImage> {
        (from..to).map(|n| image(&format!("{n}.jpg"), n, &encoders)).collect()
    };
    first.apply(&[put("wall", "many", many(0, 1_000)), one("next", 7, &encoders)]).unwrap();
    let lines = exported(&first);
    let second = created(&folder.path().join("b"), &encoders);
    // It has some of them, in another order, and one that is in nobody's list.
    second.apply(&[put("wall", "old", [many(1_500, 1_501), many(400, 500), many(0, 10)].concat())]).unwrap();
    let (report, named) = import(&second, &lines);
    assert_eq!(named, []);
    assert_eq!(report.counts.products, tally(2, 0, 0));
    assert_eq!(report.counts.images.stored, 891, "110 were there");
    let of = |store: &EmbeddedStore| store.products(&[product_id("wall")]).unwrap().remove(0);
    assert_eq!((of(&second).images, of(&second).fields), (of(&first).images, of(&first).fields));
    assert_eq!(second.verify().unwrap(), []);
}

#[test]
fn wrong_lines_are_named_and_cost_themselves() {
    let folder = tempfile::tempdir().unwrap();
    let encoders = [encoder(4)];
    let first = created(&folder.path().join("a"), &encoders);
    let batch: Vec<Write> = (0..12).map(|n| one(&format!("p{n}"), n, &encoders)).collect();
    first.apply(&batch).unwrap();
    let text = String::from_utf8(exported(&first)).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    // Line 1 is the catalog; product n is on line 2n + 2, its image on the next.
    lines[1] = lines[1].replace("\"p0\"", "\"p1\"");
    lines[5] = "not JSON".to_owned();
    lines[8] = lines[8].replace("\"phash\":\"", "\"phash\":\"zz");
    lines[11] = lines[11].replace("\"p5\"", "\"\"");
    lines[13] = lines[13]
        .replace("\"title\":\"product p6\"", &format!("\"deep\":{}{}", "[".repeat(110), "]".repeat(110)));
    lines[17] = lines[17].replace("\"id\"", "\"ident\"");
    lines[20] = lines[20].replace("\"test-4\":\"", "\"test-4\":\"AAAA");
    lines[22] = lines[22].replace("/photos/", "photos/");
    lines.push(lines[24].clone());
    lines.push("{\"image\":[".to_owned());
    let second = created(&folder.path().join("b"), &encoders);
    let (report, named) = import(&second, lines.join("\n").as_bytes());
    let expected = [
        (3, "is an image of product p0, whose line does not precede it or is wrong"),
        (4, "is duplicated: line 2 is product p1 already"),
        (5, "is an image of product p1, whose line does not precede it or is wrong"),
        (6, "is not JSON: expected value at column 1"),
        (7, "is an image of product p2, whose line does not precede it or is wrong"),
        (9, "has a `phash` that is none: a pHash has 16 hex digits, got 18 characters"),
        (12, "has a product id that is not one: an id is empty"),
        (13, "is an image of product p5, whose line does not precede it or is wrong"),
        (
            18,
            "is no line of an export: unknown field `ident`, expected one of `id`, `fields`, `images` at column 19",
        ),
        (19, "is an image of product p8, whose line does not precede it or is wrong"),
        (21, "has a vector of test-4 of 19 bytes where 16 are needed"),
        (23, "has a `file` that is not absolute, so it could be anywhere"),
        (26, "is duplicated: line 25 is the same image of the same product"),
        (27, "is cut off: the file ends within it"),
        (14, "was refused: the fields of product \"p6\" nest deeper than 100 levels: flatten them"),
    ];
    assert_eq!(named, expected.map(|(line, reason)| (line, reason.to_owned())));
    let stored: Vec<String> =
        second.scan(None, 100).unwrap().into_iter().map(|image| image.product.to_string()).collect();
    assert_eq!(stored, ["p4", "p7", "p11"]);
    assert_eq!(report.counts.images.stored, 3);
    assert_eq!(second.verify().unwrap(), []);
}

#[test]
fn a_photo_whose_line_is_lost_stays_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let encoders = [encoder(4)];
    let store = created(folder.path(), &encoders);
    let images =
        || vec![image("a.jpg", 1, &encoders), image("b.jpg", 2, &encoders), image("c.jpg", 3, &encoders)];
    store.apply(&[put("p", "three", images())]).unwrap();
    let text = String::from_utf8(exported(&store)).unwrap();
    let images = |store: &EmbeddedStore| store.products(&[product_id("p")]).unwrap().remove(0).images.len();
    let broken = text.replace("\"b.jpg\"", "b.jpg");
    let (report, named) = import(&store, broken.as_bytes());
    assert_eq!((named.len(), named[0].0, images(&store), report.counts.images), (1, 4, 3, tally(0, 2, 1)));
    let cut: String = text.lines().take(3).map(|line| format!("{line}\n")).collect();
    let (report, named) = import(&store, cut.as_bytes());
    let reason = "is the last, and 0 products and 2 images that the first line announces are missing: the file was cut off";
    assert_eq!((named, images(&store)), (vec![(3, reason.to_owned())], 3));
    assert_eq!(report.counts.images, tally(0, 1, 2));
    // A whole file that lists two of them takes the third away.
    let without: String =
        text.lines().filter(|line| !line.contains("c.jpg")).map(|line| format!("{line}\n")).collect();
    let without = without.replace("\"images\":3", "\"images\":2");
    let (report, named) = import(&store, without.as_bytes());
    assert_eq!((named, images(&store), report.counts.products), (vec![], 2, tally(1, 0, 0)));
}

#[test]
fn what_is_no_export_of_these_encoders_is_refused_whole() {
    let folder = tempfile::tempdir().unwrap();
    let store = created(&folder.path().join("a"), &[encoder(4)]);
    let lines = exported(&store);
    let mut weights = encoder(4);
    weights.digest = "2".into();
    for (name, encoders) in
        [("b", vec![weights]), ("c", vec![encoder(4), encoder(5)]), ("d", vec![encoder(5)])]
    {
        let other = created(&folder.path().join(name), &encoders);
        let error = Import::open(lines.as_slice()).unwrap().run(&other, &mut |_| {}, &GO).unwrap_err();
        assert!(matches!(error, ImportError::OtherEncoders { .. }), "{error}");
        assert!(error.to_string().contains("test-4 (4 dimensions, digest 1)"), "{error}");
    }
    let text = String::from_utf8(lines).unwrap();
    let error = |text: &str| Import::open(text.as_bytes()).unwrap_err().to_string();
    let expected = ": what `lookalike export` writes was expected";
    assert_eq!(error(""), format!("line 1 is not there, the file is empty{expected}"));
    assert_eq!(error("id,image\n"), format!("line 1 is not JSON: expected value at column 1{expected}"));
    assert_eq!(error("{}"), format!("line 1 is no line of an export: expected value at column 2{expected}"));
    assert_eq!(error(&text[..40]), format!("line 1 is cut off: the file ends within it{expected}"));
    assert_eq!(
        error(&text.replace("\"version\":1", "\"version\":7")),
        "the file has format version 7 and this program reads version 1: use a newer lookalike"
    );
}

#[test]
fn an_encoder_that_is_being_added_is_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = odd_catalog(folder.path());
    let before = exported(&store);
    store.begin_encoder(&encoder(6)).unwrap();
    assert!(exported(&store) == before);
}

#[test]
fn vectors_come_as_numpy_reads_them() {
    let folder = tempfile::tempdir().unwrap();
    let store = odd_catalog(folder.path());
    let (mut matrix, mut ids) = (Vec::new(), Vec::new());
    let written = write_matrix(&store, Some("test-3"), &mut matrix, &mut ids, &mut |_, _| {}, &GO).unwrap();
    assert_eq!((written.products, written.images), (41, 41));
    let header = String::from_utf8_lossy(&matrix[..128]).into_owned();
    assert!(header.contains("'descr': '<f4', 'fortran_order': False, 'shape': (41, 3)"), "{header}");
    assert_eq!(matrix.len(), 128 + 41 * 3 * 4);
    let rows: Vec<[String; 2]> = csv::Reader::from_reader(ids.as_slice())
        .records()
        .map(|row| row.map(|row| [row[0].to_owned(), row[1].to_owned()]).unwrap())
        .collect();
    assert_eq!(rows[0], ["p0", "p0.jpg"]);
    let place = rows.iter().position(|row| row[1] == "wéb \"1\"\n.jpg").unwrap();
    let key = store.find_image(&image_id(&rows[place][1])).unwrap().unwrap();
    let vector = &store.images(&[key]).unwrap()[0].vectors[1];
    let bytes: Vec<u8> = vector.iter().flat_map(|x| x.to_le_bytes()).collect();
    assert_eq!(matrix[128 + place * 12..][..12], bytes);

    let mut primary = Vec::new();
    write_matrix(&store, None, &mut primary, &mut Vec::new(), &mut |_, _| {}, &GO).unwrap();
    assert_eq!(primary.len(), 128 + 41 * 8 * 4);
    let error =
        write_matrix(&store, Some("no"), &mut primary, &mut Vec::new(), &mut |_, _| {}, &GO).unwrap_err();
    assert_eq!(error.to_string(), "the catalog has no encoder \"no\", it has test-8, test-3");
}

#[test]
fn a_full_disk_and_a_stop_are_told() {
    struct Full(usize);
    impl std::io::Write for Full {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or(std::io::ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let folder = tempfile::tempdir().unwrap();
    drop(odd_catalog(folder.path()));
    let store = EmbeddedStore::open(folder.path(), Access::ReadOnly).unwrap();
    let error = export(&store, &mut Full(5_000), &mut |_, _| {}, &GO).unwrap_err();
    assert_eq!(error.to_string(), "cannot write what is exported: the disk is full");
    let stop = AtomicBool::new(true);
    let error = export(&store, &mut Vec::new(), &mut |_, _| {}, &stop).unwrap_err();
    assert!(matches!(error, ExportError::Stopped));
    assert!(!exported(&store).is_empty(), "the catalog is as usable as before");
}

#[test]
fn any_bytes_are_refused_without_a_fault() {
    let folder = tempfile::tempdir().unwrap();
    let store = created(folder.path(), &[encoder(4)]);
    let batch: Vec<Write> = (0..4).map(|n| one(&format!("p{n}"), n, &[encoder(4)])).collect();
    store.apply(&batch).unwrap();
    let lines = exported(&store);
    let mut seeded = Seeded(1);
    for _ in 0..300 {
        let mut broken = lines.clone();
        for _ in 0..=seeded.below(4) {
            let place = seeded.below(broken.len() as u64) as usize;
            broken[place] = seeded.next() as u8;
        }
        broken.truncate(seeded.below(broken.len() as u64 + 1) as usize);
        if let Ok(import) = Import::open(broken.as_slice()) {
            // Whatever comes of it, the catalog stays sound.
            let _ = import.run(&store, &mut |_| {}, &GO);
        }
    }
    assert_eq!(store.verify().unwrap(), []);
}

#[cfg(feature = "parquet")]
#[test]
fn vectors_come_as_parquet_with_their_ids() {
    use lookalike_engine::transfer::write_parquet;
    use parquet::file::reader::{FileReader as _, SerializedFileReader};
    let folder = tempfile::tempdir().unwrap();
    let store = odd_catalog(folder.path());
    let mut out = Vec::new();
    let written = write_parquet(&store, Some("test-3"), &mut out, &mut |_, _| {}, &GO).unwrap();
    assert_eq!((written.products, written.images), (41, 41));
    let reader = SerializedFileReader::new(bytes::Bytes::from(out)).unwrap();
    let rows: Vec<Value> =
        reader.get_row_iter(None).unwrap().map(|row| row.unwrap().to_json_value()).collect();
    assert_eq!(rows.len(), 41);
    let row = rows.iter().find(|row| row["image_id"] == "wéb \"1\"\n.jpg").unwrap();
    let key = store.find_image(&image_id("wéb \"1\"\n.jpg")).unwrap().unwrap();
    let vector = &store.images(&[key]).unwrap()[0].vectors[1];
    assert_eq!((&row["product_id"], &row["vector"]), (&json!("odd, \"one\""), &json!(vector)));
    let error = write_parquet(&store, Some("no"), &mut Vec::new(), &mut |_, _| {}, &GO).unwrap_err();
    assert_eq!(error.to_string(), "the catalog has no encoder \"no\", it has test-8, test-3");
}
