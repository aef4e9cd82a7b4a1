//! What a batch does, what it leaves alone, and what it is refused for.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "what a scenario needs and does not get is its failure"
)]

mod store_fixture;

use lookalike_engine::catalog::{Location, ProductId};
use lookalike_engine::filter::Filter;
use lookalike_engine::store::embedded::{Access, EmbeddedStore};
use lookalike_engine::store::{ImageKey, ImageWrite, NewImage, Store, StoredImage, Write};
use serde_json::json;
use store_fixture::{encoder, image, image_id, one, product_id, put};

struct Catalog {
    store: EmbeddedStore,
    _folder: tempfile::TempDir,
}

impl Catalog {
    fn new(dimensions: &[usize]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let encoders: Vec<_> = dimensions.iter().map(|d| encoder(*d)).collect();
        let store = EmbeddedStore::create(&folder.path().join("shop.lookalike"), &encoders).unwrap();
        Self { store, _folder: folder }
    }

    fn image(&self, id: &str, seed: u64) -> NewImage {
        image(id, seed, self.store.encoders())
    }

    fn key(&self, id: &str) -> Option<ImageKey> {
        self.store.find_image(&image_id(id)).unwrap()
    }

    fn stored(&self, id: &str) -> StoredImage {
        self.store.images(&[self.key(id).unwrap()]).unwrap().remove(0)
    }

    fn image_ids(&self, product: &str) -> Vec<String> {
        let found = self.store.products(&[product_id(product)]).unwrap();
        found[0].images.iter().map(|id| id.to_string()).collect()
    }

    fn refusal(&self, batch: &[Write]) -> String {
        let before = self.store.summary().unwrap();
        let error = self.store.apply(batch).unwrap_err().to_string();
        let after = self.store.summary().unwrap();
        assert_eq!((before.products, before.images), (after.products, after.images), "{error}");
        assert_eq!(self.store.verify().unwrap(), []);
        error
    }
}

fn keep(id: &str, modified_ns: Option<i64>) -> ImageWrite {
    ImageWrite::Keep { id: image_id(id), modified_ns }
}

fn product(id: &str, title: &str, images: Vec<ImageWrite>) -> Write {
    let fields = json!({ "title": title }).as_object().unwrap().clone();
    Write::Product { id: product_id(id), fields, images }
}

fn ids(found: Vec<(ProductId, f32)>) -> Vec<String> {
    found.into_iter().map(|(id, _)| id.to_string()).collect()
}

#[test]
fn an_image_comes_back_as_it_was_put() {
    let catalog = Catalog::new(&[8, 3]);
    let mut new = catalog.image("a.jpg", 1);
    new.fingerprint.bytes = u64::MAX;
    new.fingerprint.modified_ns = None;
    new.hashes.pdq.quality = 0;
    catalog.store.apply(&[put("p", "a", vec![new.clone()])]).unwrap();
    let stored = catalog.stored("a.jpg");
    assert_eq!(stored.product, product_id("p"));
    assert_eq!(
        (stored.location, stored.fingerprint, stored.hashes),
        (new.location, new.fingerprint, new.hashes)
    );
    assert_eq!((stored.width, stored.height, stored.media_type.as_str()), (640, 480, "image/jpeg"));
    assert_eq!(stored.vectors, new.vectors);
}

#[cfg(unix)]
#[test]
fn locations_need_not_be_text() {
    use std::os::unix::ffi::OsStrExt;
    let catalog = Catalog::new(&[4]);
    let raw = Location::File(std::ffi::OsStr::from_bytes(b"/photos/\xff\n.jpg").into());
    let url = Location::Url("https://shop.example/ü?a=1".into());
    let archive = std::ffi::OsStr::from_bytes(b"/photos/\xff.tar.gz").into();
    let member = Location::Member { archive, name: "größe/1.jpg".into() };
    let mut images = vec![catalog.image("raw", 1), catalog.image("url", 2), catalog.image("member", 3)];
    images[2].location = member.clone();
    images[0].location = raw.clone();
    images[1].location = url.clone();
    catalog.store.apply(&[put("p", "a", images)]).unwrap();
    let known = catalog.store.known(&product_id("p")).unwrap().unwrap();
    assert_eq!(
        known.images.iter().map(|image| image.location.clone()).collect::<Vec<_>>(),
        [raw, url, member]
    );
}

#[test]
fn fields_come_back_equal_and_in_their_order() {
    let catalog = Catalog::new(&[4]);
    let fields: serde_json::Map<_, _> = serde_json::from_str(
        r#"{"z": 1, "a": [1.1, 0.1e-7, 5e-324, 9007199254740993], "m": {"ü\u0000": null}}"#,
    )
    .unwrap();
    let write = Write::Product { id: product_id("p"), fields: fields.clone(), images: vec![] };
    catalog.store.apply(&[write]).unwrap();
    let known = catalog.store.known(&product_id("p")).unwrap().unwrap();
    assert_eq!(known.fields, fields);
    assert_eq!(known.fields.keys().collect::<Vec<_>>(), ["z", "a", "m"]);
}

#[test]
fn a_products_images_become_exactly_those_listed() {
    let catalog = Catalog::new(&[4]);
    let three = vec![catalog.image("1", 1), catalog.image("2", 2), catalog.image("3", 3)];
    catalog.store.apply(&[put("p", "a", three)]).unwrap();
    let (first, second) = (catalog.key("1"), catalog.key("2"));
    let new = ImageWrite::Put(Box::new(catalog.image("4", 4)));
    catalog.store.apply(&[product("p", "a", vec![keep("3", None), new, keep("1", Some(5))])]).unwrap();
    assert_eq!(catalog.image_ids("p"), ["3", "4", "1"]);
    assert_eq!(catalog.key("1"), first, "a kept image keeps its handle");
    assert_eq!(catalog.stored("1").fingerprint.modified_ns, Some(5));
    assert_eq!(catalog.key("2"), None);
    assert_eq!(catalog.store.images(&[second.unwrap()]).unwrap(), []);
    assert_eq!(catalog.store.verify().unwrap(), []);
}

#[test]
fn a_replaced_image_gets_a_new_handle_that_was_never_used() {
    let catalog = Catalog::new(&[4]);
    let mut seen = std::collections::HashSet::new();
    for seed in 0..5 {
        catalog.store.apply(&[put("p", "a", vec![catalog.image("1", seed)])]).unwrap();
        assert!(seen.insert(catalog.key("1").unwrap()));
        if seed % 2 == 0 {
            catalog.store.apply(&[Write::Delete(product_id("p"))]).unwrap();
            assert_eq!(catalog.key("1"), None);
        }
    }
}

#[test]
fn the_same_batch_twice_is_the_same_catalog() {
    let catalog = Catalog::new(&[4]);
    let batch = [one("a", 1, catalog.store.encoders()), one("b", 2, catalog.store.encoders())];
    catalog.store.apply(&batch).unwrap();
    let all = |store: &EmbeddedStore| {
        let mut images = store.scan(None, 10).unwrap();
        images.iter_mut().for_each(|image| image.key = ImageKey(0));
        images
    };
    let before = all(&catalog.store);
    catalog.store.apply(&batch).unwrap();
    assert_eq!(all(&catalog.store), before);
    catalog.store.apply(&[Write::Delete(product_id("nobody"))]).unwrap();
    catalog.store.apply(&[]).unwrap();
    assert_eq!(all(&catalog.store), before);
    assert_eq!(catalog.store.verify().unwrap(), []);
}

#[test]
fn writes_of_one_batch_see_each_other() {
    let catalog = Catalog::new(&[4]);
    let batch = [
        put("p", "a", vec![catalog.image("1", 1)]),
        product("p", "b", vec![keep("1", None)]),
        put("q", "c", vec![catalog.image("2", 2)]),
        Write::Delete(product_id("q")),
    ];
    catalog.store.apply(&batch).unwrap();
    assert_eq!(catalog.image_ids("p"), ["1"]);
    assert_eq!(catalog.store.known(&product_id("p")).unwrap().unwrap().fields["title"], "b");
    assert_eq!(catalog.store.known(&product_id("q")).unwrap(), None);
    assert_eq!(catalog.store.summary().unwrap().images, 1);
}

#[test]
fn a_batch_with_one_bad_write_stores_nothing_and_names_it() {
    let catalog = Catalog::new(&[4, 2]);
    catalog.store.apply(&[put("p", "a", vec![catalog.image("1", 1)])]).unwrap();
    let good = || put("good", "x", vec![catalog.image("good", 9)]);
    let with = |change: &dyn Fn(&mut NewImage)| {
        let mut new = catalog.image("bad.jpg", 2);
        change(&mut new);
        [good(), put("q", "a", vec![new])]
    };
    let message = catalog.refusal(&[good(), product("p", "a", vec![keep("other", None)])]);
    assert!(message.contains("\"other\" of product \"p\" is to be kept and is not stored"), "{message}");
    let message = catalog.refusal(&[good(), product("p", "a", vec![keep("1", None), keep("1", None)])]);
    assert!(message.contains("lists image \"1\" twice"), "{message}");
    let message = catalog.refusal(&with(&|new| new.vectors.truncate(1)));
    assert!(message.contains("\"bad.jpg\" has 1 vectors and the catalog 2 encoders"), "{message}");
    let message = catalog.refusal(&with(&|new| new.vectors[1].push(0.0)));
    assert!(message.contains("\"bad.jpg\" has a vector of 3 numbers for test-2 (2 dimensions"), "{message}");
    for bad in [f32::NAN, f32::INFINITY] {
        let message = catalog.refusal(&with(&|new| new.vectors[0][3] = bad));
        assert!(message.contains("\"bad.jpg\"") && message.contains("not finite"), "{message}");
    }
    let message = catalog.refusal(&with(&|new| new.hashes.pdq.quality = 101));
    assert!(message.contains("quality 101"), "{message}");
    let deep = (0..500).fold(json!(1), |inner, _| json!([inner]));
    let fields = json!({ "deep": deep }).as_object().unwrap().clone();
    let message =
        catalog.refusal(&[good(), Write::Product { id: product_id("deep"), fields, images: vec![] }]);
    assert!(message.contains("fields of product \"deep\" nest deeper"), "{message}");
}

#[test]
fn an_image_that_two_products_show_is_found_as_the_earlier_stored() {
    let catalog = Catalog::new(&[4]);
    catalog.store.apply(&[put("b", "x", vec![catalog.image("shared", 1)])]).unwrap();
    catalog.store.apply(&[put("a", "x", vec![catalog.image("shared", 1)])]).unwrap();
    assert_eq!(catalog.stored("shared").product, product_id("b"));
    catalog.store.apply(&[Write::Delete(product_id("b"))]).unwrap();
    assert_eq!(catalog.stored("shared").product, product_id("a"));
}

#[test]
fn a_scan_goes_through_everything_once() {
    let catalog = Catalog::new(&[4]);
    for n in 0..25_u64 {
        catalog.store.apply(&[one(&format!("p{n}"), n, catalog.store.encoders())]).unwrap();
    }
    catalog.store.apply(&[Write::Delete(product_id("p7")), Write::Delete(product_id("p24"))]).unwrap();
    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let page = catalog.store.scan(after, 4).unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.key);
        seen.extend(page.into_iter().map(|image| image.product.to_string()));
    }
    assert_eq!(seen, (0..24).filter(|n| *n != 7).map(|n| format!("p{n}")).collect::<Vec<_>>());
    assert_eq!(catalog.store.scan(None, usize::MAX).unwrap().len(), 23);
    assert_eq!(catalog.store.scan(Some(ImageKey(u64::MAX >> 1)), 5).unwrap(), []);
    assert_eq!(catalog.store.scan(None, 0).unwrap(), []);
}

#[test]
fn answers_come_in_the_order_asked_without_what_is_not_there() {
    let catalog = Catalog::new(&[4]);
    let encoders = catalog.store.encoders();
    catalog.store.apply(&[one("a", 1, encoders), one("b", 2, encoders)]).unwrap();
    let asked = ["b", "nobody", "a", "b"].map(product_id);
    let found = catalog.store.products(&asked).unwrap();
    assert_eq!(found.iter().map(|product| product.id.as_str()).collect::<Vec<_>>(), ["b", "a", "b"]);
    let (a, b) = (catalog.key("a.jpg").unwrap(), catalog.key("b.jpg").unwrap());
    let found = catalog.store.images(&[b, ImageKey(u64::MAX), ImageKey(0), a]).unwrap();
    assert_eq!(found.iter().map(|image| image.key).collect::<Vec<_>>(), [b, a]);
}

#[test]
fn a_catalog_opened_for_reading_takes_no_writes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.lookalike");
    drop(EmbeddedStore::create(&path, &[encoder(4)]).unwrap());
    let store = EmbeddedStore::open(&path, Access::ReadOnly).unwrap();
    let error = store.apply(&[one("a", 1, &[encoder(4)])]).unwrap_err().to_string();
    assert!(error.contains("opened for reading only"), "{error}");
}

#[test]
fn words_find_products_as_they_are_now() {
    let catalog = Catalog::new(&[4]);
    let titled = |id: &str, title: &str| put(id, title, vec![]);
    let batch = [titled("mug", "Red Mug, 0.3 l"), titled("cup", "red cup"), titled("jar", "Blue Jär")];
    catalog.store.apply(&batch).unwrap();
    let search = |query: &str| ids(catalog.store.search_text(query, 10).unwrap());
    assert_eq!(search("mug red"), ["mug", "cup"]);
    assert_eq!(search("JAR"), ["jar"]);
    assert_eq!(search("title"), [""; 0], "names of fields are not words of the product");
    assert_eq!(catalog.store.search_text("red", 1).unwrap().len(), 1);
    assert!(catalog.store.search_text("red", 10).unwrap().iter().all(|(_, score)| *score > 0.0));

    catalog.store.apply(&[titled("mug", "Green Mug"), Write::Delete(product_id("cup"))]).unwrap();
    assert_eq!(search("red"), [""; 0]);
    assert_eq!(search("green"), ["mug"]);
    assert_eq!(catalog.store.verify().unwrap(), []);
}

#[test]
fn what_fits_equally_well_comes_in_the_order_of_ids_whatever_was_stored_first() {
    for order in [["a", "b", "c", "d", "best"], ["d", "best", "b", "a", "c"]] {
        let catalog = Catalog::new(&[4]);
        for id in order {
            let title = if id == "best" { "red mug" } else { "blue mug" };
            catalog.store.apply(&[put(id, title, vec![])]).unwrap();
        }
        let every = Filter::parse("title != \"none\"").unwrap();
        for limit in 0..=6 {
            let expected = &["best", "a", "b", "c", "d"][..limit.min(5)];
            assert_eq!(ids(catalog.store.search_text("red mug", limit).unwrap()), expected);
            let among = catalog.store.search_text_where("red mug", limit, Some(&every)).unwrap();
            assert_eq!(ids(among), expected);
        }
    }
}

#[test]
fn nothing_in_a_query_is_an_operator() {
    let catalog = Catalog::new(&[4]);
    catalog.store.apply(&[put("p", "red mug AND \"saucer\"", vec![])]).unwrap();
    let hostile = [
        "",
        " ",
        "\"",
        "\"\"\"",
        "*",
        "red*",
        "NEAR(",
        "red AND",
        "AND",
        "NOT",
        "-red",
        "text:red",
        "^red",
        "(",
        ")",
        "red\0mug",
        "'; DROP TABLE product; --",
        "{a b}: c",
        "\u{202e}red",
        "😀",
        "a+b",
        "rowid:1",
    ];
    for query in hostile {
        catalog.store.search_text(query, 5).unwrap_or_else(|error| panic!("{query:?}: {error}"));
    }
    let long = "word ".repeat(200_000);
    assert_eq!(ids(catalog.store.search_text(&long, 5).unwrap()), [""; 0]);
    assert_eq!(ids(catalog.store.search_text("\"red\" OR NOT (mug", 5).unwrap()), ["p"]);
    assert_eq!(ids(catalog.store.search_text("and", 5).unwrap()), ["p"]);
}
