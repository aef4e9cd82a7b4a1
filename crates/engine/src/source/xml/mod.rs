//! Catalogs in XML: product feeds as Google reads them, and sitemaps.
//!
//! A file is read from front to end, one record (`item`, `entry`, `url`) at a time, so memory is that of one record.
//! Document type declarations are refused, and with them every entity but XML's own five and HTML's: that is where
//! files come from that unpack to gigabytes or read other files. A file that is broken in the middle gives what
//! stands before, and a failure with the line.

mod google;
mod record;
mod sitemap;

use super::location::ImageBase;
use super::shown::{one_line, path_line};
use super::text::Text;
use super::{Products, RowFailure, Source, SourceError};
use crate::catalog::{Fields, ImageId, ImageRef, Product, ProductId};
use record::{Record, Records};
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};

/// What the records of a file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Vocabulary {
    Google,
    Sitemap,
}

impl Vocabulary {
    /// Told from the root element's name, without its prefix.
    ///
    /// # Errors
    /// What the file is, if it is something else that people have: a fragment that follows its name.
    pub(super) fn of_root(root: &str) -> Result<Self, String> {
        match root {
            "rss" | "feed" | "RDF" => Ok(Self::Google),
            "urlset" => Ok(Self::Sitemap),
            "sitemapindex" => {
                Err("is a sitemap index, which only names other sitemaps, and those are not followed: \
                                   download them, and give each of them in turn"
                    .to_owned())
            }
            "html" => {
                Err("is a web page, not a list of products: was it downloaded without being signed in?"
                    .to_owned())
            }
            other => Err(format!(
                "is XML of an unknown kind, <{}>: product feeds (RSS or Atom with g:id and g:image_link) and sitemaps \
                 are read; convert it to CSV or JSON lines",
                one_line(other)
            )),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Google => "Google Merchant feed",
            Self::Sitemap => "sitemap",
        }
    }

    fn is_record(self, element: &str) -> bool {
        match self {
            Self::Google => matches!(element, "item" | "entry"),
            Self::Sitemap => element == "url",
        }
    }

    /// What a record says: an id, fields and images' names.
    fn read(self, record: Record) -> Result<Listing, String> {
        match self {
            Self::Google => google::listing(record),
            Self::Sitemap => sitemap::listing(record),
        }
    }

    fn meaning(self) -> &'static str {
        match self {
            Self::Google => {
                "took `g:id` as the product's id, `g:image_link` and `g:additional_image_link` as its photos"
            }
            Self::Sitemap => {
                "took each page's address as the product's id and its `image:image`s as its photos"
            }
        }
    }
}

/// What a record says.
#[derive(Debug, Default)]
struct Listing {
    id: String,
    fields: Fields,
    images: Vec<String>,
    /// It is of no product, and is left out.
    is_void: bool,
}

/// An XML file as a source.
#[derive(Debug)]
pub(super) struct XmlSource {
    text: Text,
    vocabulary: Vocabulary,
    base: Option<ImageBase>,
    items: u64,
    notices: Vec<String>,
    /// The last pass did not get to the end.
    broke: AtomicBool,
}

impl XmlSource {
    /// Goes through `text` once.
    ///
    /// # Errors
    /// When it has a document type, is of no known vocabulary, or has no record.
    pub(super) fn open(text: Text, base: Option<ImageBase>) -> Result<Self, SourceError> {
        let malformed = |reason: String| SourceError::malformed(text.path(), reason);
        let root = record::root(&text).map_err(malformed)?;
        let vocabulary = Vocabulary::of_root(&root).map_err(malformed)?;
        let (mut items, mut void, mut records) = (0, 0, 0_u64);
        for record in Records::new(&text, vocabulary) {
            records += 1;
            match record {
                // Nothing is to be had from a file whose first record cannot be read.
                Err((line, reason)) if records == 1 => {
                    return Err(malformed(format!("line {line} {reason}")));
                }
                Err(_) => items += 1,
                Ok((_, record)) => match vocabulary.read(record) {
                    Ok(listing) if listing.is_void => void += 1,
                    Ok(listing) => items += listing.images.len() as u64,
                    Err(_) => items += 1,
                },
            }
        }
        if records == 0 {
            return Err(malformed(
                "has no product in it: <item>, <entry> or <url> elements were expected".to_owned(),
            ));
        }
        if void == records {
            return Err(malformed(
                "names pages but no images: a sitemap with the image extension (image:image, image:loc) was expected"
                    .to_owned(),
            ));
        }
        let mut notices = vec![vocabulary.meaning().to_owned()];
        notices.extend(text.notices().iter().map(|notice| format!("{} {notice}", path_line(text.path()))));
        if void > 0 {
            notices.push(format!("ignored {void} pages that name no image"));
        }
        Ok(Self { text, vocabulary, base, items, notices, broke: AtomicBool::new(false) })
    }

    /// The product, and what is wrong with its images.
    fn product(&self, listing: Listing) -> (Option<Product>, Vec<String>) {
        let Listing { id, fields, images, .. } = listing;
        let id = match ProductId::new(id) {
            Ok(id) => id,
            Err(error) => return (None, vec![format!("the product's id is not one: {error}")]),
        };
        let named = !images.is_empty();
        let (mut seen, mut refs, mut faults) = (HashSet::new(), Vec::with_capacity(images.len()), Vec::new());
        // The main image is often among the further ones too.
        for name in images.into_iter().filter(|name| seen.insert(name.clone())) {
            let location = match &self.base {
                Some(base) => super::location::resolve(&name, base),
                None => super::location::resolve_web(&name),
            };
            let id = ImageId::new(name).map_err(|error| format!("the image's name is not one: {error}"));
            match location.and_then(|location| Ok(ImageRef { id: id?, location })) {
                Ok(image) => refs.push(image),
                Err(fault) => faults.push(fault),
            }
        }
        // A product none of whose images can even be looked for has been reported, and is not one without images.
        let is_lost = named && refs.is_empty();
        ((!is_lost).then_some(Product { id, fields, images: refs }), faults)
    }
}

impl Source for XmlSource {
    fn describe(&self) -> String {
        format!("{} {}", self.vocabulary.name(), path_line(self.text.path()))
    }

    fn images_expected(&self) -> Option<u64> {
        Some(self.items)
    }

    fn notices(&self) -> Vec<String> {
        self.notices.clone()
    }

    fn ended_early(&self) -> bool {
        self.broke.load(Ordering::Relaxed) || self.text.expect_unchanged().is_err()
    }

    fn products(&self) -> Result<Products<'_>, SourceError> {
        self.broke.store(false, Ordering::Relaxed);
        self.text.expect_unchanged()?;
        let place = path_line(self.text.path());
        let products = Records::new(&self.text, self.vocabulary).flat_map(move |record| {
            let (line, read) = match record {
                Ok((line, record)) => (line, self.vocabulary.read(record)),
                // Nothing is read beyond what is broken.
                Err((line, reason)) => {
                    self.broke.store(true, Ordering::Relaxed);
                    (line, Err(reason))
                }
            };
            let (product, faults) = match read {
                Ok(listing) if listing.is_void => (None, Vec::new()),
                Ok(listing) => self.product(listing),
                Err(reason) => (None, vec![reason]),
            };
            let place = format!("{place} line {line}");
            let failure =
                move |reason: String| RowFailure { place: place.clone(), reason: one_line(&reason) };
            faults.into_iter().map(move |reason| Err(failure(reason))).chain(product.map(Ok))
        });
        Ok(Box::new(products))
    }
}

pub(super) use record::root;
