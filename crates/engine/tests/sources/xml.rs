//! Given a feed or a sitemap, when it is read, then its records become products; hostile and broken XML is refused.

use crate::kit::{Read, read, refusal, try_read};
use lookalike_engine::source::{ImageBase, SourceOptions};
use serde_json::json;
use std::fs;

fn read_text(text: impl AsRef<[u8]>) -> Read {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("feed.xml");
    fs::write(&path, text).unwrap();
    try_read(&path, &SourceOptions::default()).unwrap()
}

fn refused(text: impl AsRef<[u8]>) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("feed.xml");
    fs::write(&path, text).unwrap();
    refusal(&path, &SourceOptions::default())
}

fn rss(items: &str) -> String {
    format!("<rss xmlns:g=\"http://base.google.com/ns/1.0\"><channel>{items}</channel></rss>")
}

#[test]
fn a_merchants_feed_has_texts_prices_parts_and_several_images() {
    let read = read("google.xml");
    assert!(read.described.starts_with("Google Merchant feed"), "{}", read.described);
    assert!(read.notices.contains("`g:image_link`"), "{}", read.notices);
    assert_eq!(read.ids(), ["TV_1", "TV_3"]);
    assert_eq!(
        read.images("TV_1"),
        ["https://cdn.example/tv.jpg?a=1&b=2", "https://cdn.example/tv-back.jpg"]
    );
    assert_eq!(
        read.fields("TV_1"),
        json!({
            "title": "Television \"55″\" & stand",
            "description": "Bright & flat\ngröße",
            "link": "https://shop.example/tv?a=1&b=2",
            "price": 499.0,
            "shipping": {"country": "DE", "price": 4.95, "price_currency": "EUR"},
            "product_highlight": ["Four ports", "Remote included"],
            "price_currency": "EUR",
        })
    );
    assert_eq!(read.failed(), [("19", "has no product id: its `g:id` is missing or empty")]);
    assert!(read.images("TV_3").is_empty());
}

#[test]
fn an_atom_feed_links_by_attribute() {
    let read = read("google_atom.xml");
    assert_eq!((read.ids(), read.images("MUG")), (vec!["MUG"], vec!["https://cdn.example/mug.jpg"]));
    assert_eq!(read.fields("MUG"), json!({"title": "Mug", "link": "https://shop.example/mug"}));
}

#[test]
fn a_sitemaps_pages_are_products_where_they_name_images() {
    let read = read("sitemap.xml");
    assert!(read.described.starts_with("sitemap"), "{}", read.described);
    assert_eq!(read.ids(), ["https://shop.example/products/mug", "https://cdn.example/loose/poster.PNG"]);
    assert_eq!(
        read.images(read.ids()[0]),
        ["https://cdn.example/mug.jpg?v=1&w=800", "https://cdn.example/mug-back.jpg"]
    );
    assert_eq!(read.fields(read.ids()[0])["title"], "Mug, red");
    assert!(read.notices.contains("ignored 1 pages that name no image"), "{}", read.notices);
    assert_eq!((read.failures.len(), read.expected), (0, Some(3)));
    let index =
        refused("<sitemapindex><sitemap><loc>https://shop.example/a.xml</loc></sitemap></sitemapindex>");
    assert!(index.contains("sitemap index") && index.contains("not followed"), "{index}");
    let pages = refused("<urlset><url><loc>https://shop.example/about</loc></url></urlset>");
    assert!(pages.contains("image extension"), "{pages}");
}

#[test]
fn document_types_and_with_them_entities_that_explode_are_refused() {
    let bomb = "<?xml version=\"1.0\"?><!DOCTYPE lolz [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><rss><channel><item>\
                <id>&b;</id></item></channel></rss>";
    assert!(refused(bomb).contains("<!DOCTYPE>"), "{}", refused(bomb));
    let external = "<!DOCTYPE rss SYSTEM \"file:///etc/passwd\"><rss/>";
    assert!(refused(external).contains("<!DOCTYPE>"), "{}", refused(external));
    // Entities of nobody's stay as they are written.
    let read = read_text(rss("<item><g:id>1</g:id><title>&xxe; &eacute;</title></item>"));
    assert_eq!(read.fields("1")["title"], "&xxe; é");
}

#[test]
fn what_is_no_catalog_is_named() {
    assert!(refused("<!DOCTYPE html><html><body>Sign in</body></html>").contains("is a web page"));
    assert!(refused("<catalog><product/></catalog>").contains("unknown kind, <catalog>"));
    assert!(refused(rss("")).contains("has no product in it"));
    assert!(refused("<?xml version='1.0'?>").contains("no XML element"));
    assert!(refused("<").contains("XML"));
}

#[test]
fn a_feed_that_is_cut_off_or_broken_gives_what_stands_before() {
    let whole = rss(
        "<item><g:id>1</g:id><g:image_link>https://x.example/1.jpg</g:image_link></item>\n<item><g:id>2</g:id></item>",
    );
    let cut = read_text(whole.split("</g:id></item>").next().unwrap());
    assert_eq!((cut.ids(), cut.ended_early), (vec!["1"], true));
    assert!(
        cut.failures[0].place.ends_with("line 2") && cut.failures[0].reason.contains("cut off"),
        "{:?}",
        cut.failures
    );
    let broken = read_text(rss(
        "<item><g:id>1</g:id></item><item><g:id>2</g:wrong></item><item><g:id>3</g:id></item>",
    ));
    assert_eq!((broken.ids(), broken.failures.len()), (vec!["1"], 1));
    assert!(broken.failures[0].reason.contains("broken XML"), "{:?}", broken.failures);
    // Cut between two products it looks whole but for its end.
    let between = read_text(whole.split("<item><g:id>2").next().unwrap());
    assert_eq!((between.ids(), between.ended_early), (vec!["1"], true));
    assert!(between.failures[0].reason.contains("cut off"), "{:?}", between.failures);
    assert!(!read_text(whole).ended_early);
}

#[test]
fn one_endless_or_bottomless_product_does_not_fill_the_memory() {
    let long = rss(&format!(
        "<item><g:id>1</g:id></item><item><g:id>2</g:id><title>{}</title></item>",
        "x".repeat(6 << 20)
    ));
    let read = read_text(long);
    assert_eq!(read.ids(), ["1"]);
    assert!(read.failures[0].reason.contains("4194304 bytes"), "{:?}", read.failures);
    let deep = rss(&format!("<item><g:id>1</g:id></item><item>{}</item>", "<a>".repeat(100)));
    assert!(read_text(deep).failures[0].reason.contains("deep"));
}

#[test]
fn latin_1_is_read_as_its_declaration_says() {
    let mut text = b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>".to_vec();
    text.extend(rss("<item><g:id>1</g:id><title>gr\u{1}e</title></item>").bytes());
    let latin: Vec<u8> =
        text.into_iter().flat_map(|b| if b == 1 { vec![0xF6, 0xDF] } else { vec![b] }).collect();
    let read = read_text(latin);
    assert_eq!(read.fields("1")["title"], "größe");
    assert!(read.notices.contains("Latin-1"), "{}", read.notices);
}

#[test]
fn images_without_a_scheme_need_a_base_and_cost_themselves_alone() {
    let feed = rss("<item><g:id>1</g:id><g:image_link>a.jpg</g:image_link>\
                    <g:additional_image_link>https://x.example/b.jpg</g:additional_image_link></item>");
    let read = read_text(&feed);
    assert_eq!(read.images("1"), ["https://x.example/b.jpg"]);
    assert!(read.failures[0].reason.contains("--image-base"), "{:?}", read.failures);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("feed.xml");
    fs::write(&path, feed).unwrap();
    let image_base = Some(ImageBase::parse("https://cdn.example/m/"));
    let read = try_read(&path, &SourceOptions { image_base, ..SourceOptions::default() }).unwrap();
    assert_eq!(read.product("1").images[0].location.to_string(), "https://cdn.example/m/a.jpg");
}
