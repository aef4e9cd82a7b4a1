//! Given a CSV file, when it is read as a catalog, then rows become products, and a bad row costs itself and is told
//! with its line.

#![expect(clippy::unwrap_used, reason = "a scenario that cannot go on fails right there")]

use lookalike_engine::catalog::{Location, Product};
use lookalike_engine::source::{
    ImageBase, ImageSeparator, Mapping, RowFailure, SourceError, SourceFormat, SourceOptions, open,
};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

struct Read {
    products: Vec<Product>,
    failures: Vec<RowFailure>,
    notices: String,
    expected: u64,
    folder: PathBuf,
}

fn try_read(bytes: impl AsRef<[u8]>, options: &SourceOptions) -> Result<Read, SourceError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.csv");
    fs::write(&path, bytes).unwrap();
    let source = open(&path, options)?;
    let mut failures = Vec::new();
    let products = source.products()?.filter_map(|item| item.map_err(|f| failures.push(f)).ok()).collect();
    let (notices, expected) = (source.notices().join("\n"), source.images_expected().unwrap());
    Ok(Read { products, failures, notices, expected, folder: fs::canonicalize(folder.path()).unwrap() })
}

fn read(bytes: impl AsRef<[u8]>) -> Read {
    try_read(bytes, &SourceOptions::default()).unwrap()
}

fn with_map(map: &str) -> SourceOptions {
    SourceOptions { map: Mapping::parse(map).unwrap(), ..SourceOptions::default() }
}

fn ids(products: &[Product]) -> Vec<(&str, Vec<&str>)> {
    products
        .iter()
        .map(|product| (product.id.as_str(), product.images.iter().map(|image| image.id.as_str()).collect()))
        .collect()
}

fn lines(failures: &[RowFailure]) -> Vec<String> {
    failures.iter().map(|f| f.place.rsplit(' ').next().unwrap().to_owned()).collect()
}

#[test]
fn rows_of_one_product_are_gathered_wherever_they_stand() {
    let read =
        read("sku,image,title,price\nb,b1.jpg,Bag,10\na,a1.jpg,Ape,\nb,b2.jpg,Bag,10\na,a2.jpg,Ape,5\n");
    assert_eq!(ids(&read.products), [("b", vec!["b1.jpg", "b2.jpg"]), ("a", vec!["a1.jpg", "a2.jpg"])]);
    assert_eq!(read.products[0].images[1].location, Location::File(read.folder.join("b2.jpg")));
    let fields = serde_json::to_string(&read.products[1].fields).unwrap();
    assert_eq!(fields, r#"{"title":"Ape","price":"5"}"#, "a later row fills what the first left empty");
    assert_eq!((read.failures.len(), read.expected), (0, 4));
    assert!(read.notices.contains("`sku` as the product's id and `image` as its photos"), "{}", read.notices);
    assert!(read.notices.contains("1 products have rows that differ"), "{}", read.notices);
}

#[test]
fn each_bad_row_is_told_with_its_line_and_costs_itself() {
    let read = read(
        "id,image,title\n\
         1,one.jpg,One\n\
         2,two.jpg\n\
         3,three.jpg,Three,extra\n\
         ,four.jpg,Four\n\
         5,\"five\"x.jpg,Five\n\
         \n\
         1,one.jpg,One\n\
         7,,No image\n\
         7,,No image again\n\
         8,eight.jpg,\"two\nlines\"\n\
         9,ftp://host/nine.jpg,Nine\n\
         10,ten.jpg,\"never closed\n\
         11,eleven.jpg,Eleven\n",
    );
    let all = [("1", vec!["one.jpg"]), ("7", vec![]), ("8", vec!["eight.jpg"]), ("11", vec!["eleven.jpg"])];
    assert_eq!(ids(&read.products), all);
    assert_eq!(lines(&read.failures), ["8", "3", "4", "5", "6", "10", "13", "14"]);
    let reasons: Vec<_> = read.failures.iter().map(|failure| failure.reason.as_str()).collect();
    assert!(reasons[0].contains("duplicated: line 2"), "{reasons:?}");
    assert!(reasons[1].contains("2 cells where the header has 3"), "{reasons:?}");
    assert!(reasons[2].contains("4 cells where the header has 3"), "{reasons:?}");
    assert!(reasons[3].contains("`id` is empty"), "{reasons:?}");
    assert!(reasons[4].contains("not doubled"), "{reasons:?}");
    assert!(reasons[5].contains("repeats product 7"), "{reasons:?}");
    assert!(reasons[6].contains("ftp://"), "{reasons:?}");
    assert!(reasons[7].contains("never closed"), "{reasons:?}");
    assert!(read.failures.iter().all(|f| f.place.contains("shop.csv line ") && !f.reason.contains('\n')));
}

#[test]
fn byte_order_mark_line_ends_and_delimiters_make_no_difference() {
    let expected = [("1", vec!["a.jpg"]), ("2", vec!["b.jpg"])];
    for text in [
        "\u{feff}id,image\n1,a.jpg\n2,b.jpg\n",
        "id;image\r\n1;a.jpg\r\n2;b.jpg",
        "id\timage\n1\ta.jpg\n\n2\tb.jpg\n",
        "\"id\"|\"image\"\n\"1\"|\"a.jpg\"\n2|b.jpg",
    ] {
        let read = read(text);
        assert_eq!((ids(&read.products).as_slice(), read.failures.len()), (&expected[..], 0), "{text:?}");
    }
}

#[test]
fn latin_1_and_utf_16_are_read_and_told() {
    let mut bytes = b"id,image,title\n1,a.jpg,caf\xe9 \x80\n".to_vec();
    bytes.extend("2,b.jpg,größe\n".as_bytes());
    let read = read(&bytes);
    assert_eq!(read.products[0].fields["title"], "café €");
    assert_eq!(read.products[1].fields["title"], "größe");
    assert!(
        read.notices.contains("1 rows are not UTF-8") && read.notices.contains("line 2"),
        "{}",
        read.notices
    );

    let utf16: Vec<u8> = [0xFF, 0xFE]
        .into_iter()
        .chain("id,image\n1,größe.jpg\n".encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    let csv = SourceOptions { format: Some(SourceFormat::Csv), ..SourceOptions::default() };
    for options in [SourceOptions::default(), csv] {
        let read = try_read(&utf16, &options).unwrap();
        assert_eq!(ids(&read.products), [("1", vec!["größe.jpg"])]);
        assert!(read.notices.contains("is written in UTF-16"), "{}", read.notices);
        let error = try_read(&utf16[2..], &options).err().unwrap().to_string();
        assert!(error.contains("NUL") && error.contains("saved as UTF-8"), "{error}");
    }
}

#[test]
fn a_missing_column_is_named_with_those_there_are() {
    let text = "product_id,file,title\n1,a.jpg,A\n";
    let error = try_read(text, &with_map("id=product_id,image=fle")).err().unwrap().to_string();
    assert!(
        error.contains("shop.csv") && error.contains("`fle`") && error.contains("did you mean `file`"),
        "{error}"
    );
    let error = try_read("name,title\na,b\n", &SourceOptions::default()).err().unwrap().to_string();
    assert!(error.contains("--map id=") && error.contains("name, title"), "{error}");
    let error = try_read("id,title\na,b\n", &SourceOptions::default()).err().unwrap().to_string();
    assert!(error.contains("--map image=") && error.contains("id, title"), "{error}");
}

#[test]
fn empty_and_misplaced_files_are_errors_that_say_what_was_expected() {
    for (text, expected) in [("", "header row"), ("\n \n", "header row"), ("id,image\n", "has no rows")] {
        let error = try_read(text, &SourceOptions::default()).err().unwrap().to_string();
        assert!(error.contains("shop.csv") && error.contains(expected), "{error}");
    }
    let error = try_read("\"id,image\n1,a.jpg\n", &SourceOptions::default()).err().unwrap().to_string();
    assert!(error.contains("header row (line 1)") && error.contains("never closed"), "{error}");
    let options = SourceOptions { product_per_folder: true, ..SourceOptions::default() };
    let error = try_read("id,image\n1,a.jpg\n", &options).err().unwrap().to_string();
    assert!(error.contains("--product-per-folder"), "{error}");
}

#[test]
fn columns_without_a_name_or_with_the_same_one_are_kept_apart() {
    let read = read("id,image,price,,price\n1,a.jpg,5,x,6\n");
    let fields = serde_json::to_string(&read.products[0].fields).unwrap();
    assert_eq!(fields, r#"{"price":"5","column 4":"x","price (2)":"6"}"#);
}

#[test]
fn a_cell_names_several_images_only_when_asked() {
    let text = "id,image,more\n1,a.jpg|b|.jpg,\"[\"\"c.jpg\"\", \"\"d.jpg\"\"]\"\n";
    assert_eq!(ids(&read(text).products), [("1", vec!["a.jpg|b|.jpg"])]);
    let mut options = with_map("id=id,image=image");
    options.image_separator = ImageSeparator::parse("|");
    assert_eq!(ids(&try_read(text, &options).unwrap().products), [("1", vec!["a.jpg", "b", ".jpg"])]);
    let mut options = with_map("id=id,image=more");
    options.image_separator = ImageSeparator::parse("json");
    assert_eq!(ids(&try_read(text, &options).unwrap().products), [("1", vec!["c.jpg", "d.jpg"])]);
    let both = try_read("id,front,back\n1,a.jpg,b.jpg\n", &with_map("image=front,image=back")).unwrap();
    assert_eq!(ids(&both.products), [("1", vec!["a.jpg", "b.jpg"])]);
}

#[test]
fn images_are_relative_to_the_base_and_addresses_stay() {
    let text = "id,image\n1,a.jpg\n2,https://x.example/b.jpg\n3,../c.jpg\n4,/abs/d.jpg\n";
    let located = |base: Option<&str>| {
        let options = SourceOptions { image_base: base.map(ImageBase::parse), ..SourceOptions::default() };
        let read = try_read(text, &options).unwrap();
        let places =
            read.products.iter().map(|product| product.images[0].location.to_string()).collect::<Vec<_>>();
        (places, read.folder)
    };
    let (places, folder) = located(None);
    let file = |name: &str| folder.join(name).display().to_string();
    assert_eq!(
        places,
        [file("a.jpg"), "https://x.example/b.jpg".into(), file("../c.jpg"), "/abs/d.jpg".into()]
    );
    let (places, _) = located(Some("https://cdn.example/m"));
    assert_eq!(places[0], "https://cdn.example/m/a.jpg");
    assert_eq!(places[1], "https://x.example/b.jpg");
    let missing =
        SourceOptions { image_base: Some(ImageBase::parse("/no/such/folder")), ..SourceOptions::default() };
    assert!(matches!(try_read(text, &missing), Err(SourceError::Io { .. })));
}

#[test]
fn an_open_quote_does_not_swallow_a_long_file() {
    let mut text = "id,image,title\n1,1.jpg,\"open\n".to_owned();
    for row in 2..=5_000 {
        writeln!(text, "{row},{row}.jpg,title {row}").unwrap();
    }
    let read = read(text);
    assert_eq!((read.products.len(), lines(&read.failures)), (4_999, vec!["2".to_owned()]));
    assert_eq!(read.expected, 5_000);
}

#[test]
fn a_file_that_changed_since_it_was_opened_is_not_mixed_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.csv");
    fs::write(&path, "id,image\n1,a.jpg\n").unwrap();
    let source = open(&path, &SourceOptions::default()).unwrap();
    fs::write(&path, "id,image\n22,a.jpg\n").unwrap();
    assert!(source.products().err().unwrap().to_string().contains("has changed"));
}

#[test]
fn the_real_labels_name_every_photo_by_product_and_by_file() {
    let labels = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/images/labels.csv");
    if !labels.is_file() {
        println!("skipped: no {}", labels.display());
        return;
    }
    for (map, count) in [("", 632), ("id=file", 1349), ("id=product_id,image=file", 632)] {
        let source = open(&labels, &with_map(map)).unwrap();
        let products: Vec<_> = source.products().unwrap().map(Result::unwrap).collect();
        assert_eq!(products.len(), count, "{map}");
        assert_eq!(products.iter().map(|product| product.images.len()).sum::<usize>(), 1349);
        assert_eq!(source.images_expected(), Some(1349));
        for image in products.iter().flat_map(|product| &product.images) {
            let Location::File(path) = &image.location else { panic!("a file") };
            assert!(path.is_file(), "{}", path.display());
        }
    }
}
