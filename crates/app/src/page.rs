//! The web page, embedded: its files as they are in `page/src`, each also compressed, and the digest of them all.
//!
//! Addresses of files carry the digest, so that browsers may keep them for good and never mix two versions: the document,
//! which is asked for anew each time, names the files of its own version. How they are answered with is `http::page`.

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::LazyLock;

/// Files by their path below `page/src`.
macro_rules! embedded {
    ($($path:literal),* $(,)?) => {
        &[$(($path, include_bytes!(concat!("../page/src/", $path)))),*]
    };
}

/// Everything but the document.
const SOURCES: &[(&str, &[u8])] = embedded![
    "icon.svg",
    "css/ask.css",
    "css/frame.css",
    "css/many.css",
    "css/product.css",
    "css/results.css",
    "css/tokens.css",
    "fonts/OFL.txt",
    "fonts/figtree-latin-ext.woff2",
    "fonts/figtree-latin.woff2",
    "js/api.js",
    "js/asking.js",
    "js/components/lk-ask.js",
    "js/components/lk-camera.js",
    "js/components/lk-catalog.js",
    "js/components/lk-compare.js",
    "js/components/lk-filters.js",
    "js/components/lk-header.js",
    "js/components/lk-imports.js",
    "js/components/lk-key.js",
    "js/components/lk-many.js",
    "js/components/lk-notice.js",
    "js/components/lk-photo.js",
    "js/components/lk-product.js",
    "js/components/lk-query.js",
    "js/components/lk-results.js",
    "js/components/lk-search.js",
    "js/components/match-card.js",
    "js/components/verdict-line.js",
    "js/cropping.js",
    "js/csv.js",
    "js/dom.js",
    "js/event-stream.js",
    "js/evidence.js",
    "js/fields.js",
    "js/filters.js",
    "js/icons.js",
    "js/language.js",
    "js/main.js",
    "js/photos.js",
    "js/problem.js",
    "js/route.js",
    "js/settings.js",
    "js/store.js",
    "js/strings/de.js",
    "js/strings/en.js",
    "js/verdicts.js",
];

const DOCUMENT: &str = include_str!("../page/src/index.html");

/// Where addresses of files begin in the sources.
const PREFIX: &str = "/page/";

/// A file of the page.
pub(crate) struct File {
    /// Below `/page/VERSION/`; empty for the document.
    pub(crate) path: &'static str,
    pub(crate) media_type: &'static str,
    pub(crate) bytes: Vec<u8>,
    /// Compressed with gzip, where that makes it smaller.
    pub(crate) gzip: Option<Vec<u8>>,
}

/// The page of this program.
pub(crate) struct Page {
    /// Changes whenever any file does.
    pub(crate) version: String,
    pub(crate) document: File,
    files: Vec<File>,
}

impl Page {
    /// The page; compressed when it is first asked for.
    pub(crate) fn get() -> &'static Self {
        static PAGE: LazyLock<Page> = LazyLock::new(Page::new);
        &PAGE
    }

    fn new() -> Self {
        let mut digest = Sha256::new_with_prefix(DOCUMENT);
        for (path, bytes) in SOURCES {
            digest.update(path);
            digest.update(bytes);
        }
        let version = digest.finalize().iter().take(8).fold(String::new(), |mut text, byte| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        });
        let document = DOCUMENT.replace(&format!("\"{PREFIX}"), &format!("\"{PREFIX}{version}/"));
        Self {
            document: File::new("", document.into_bytes()),
            files: SOURCES.iter().map(|(path, bytes)| File::new(path, bytes.to_vec())).collect(),
            version,
        }
    }

    /// The file at `path`.
    pub(crate) fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }
}

impl File {
    fn new(path: &'static str, bytes: Vec<u8>) -> Self {
        let media_type = match path.rsplit_once('.').map(|(_, ending)| ending) {
            Some("css") => "text/css; charset=utf-8",
            Some("js") => "text/javascript; charset=utf-8",
            Some("svg") => "image/svg+xml",
            Some("txt") => "text/plain; charset=utf-8",
            Some("woff2") => "font/woff2",
            _ => "text/html; charset=utf-8",
        };
        // Compression in memory cannot fail; were it to, the file would go out as it is.
        let gzip = compressed(&bytes).ok().filter(|gzip| gzip.len() < bytes.len());
        Self { path, media_type, bytes, gzip }
    }
}

fn compressed(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    fn paths_below(folder: &Path, prefix: &str) -> BTreeSet<String> {
        let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
        entries
            .flat_map(|entry| {
                let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
                if entry.file_type().unwrap().is_dir() {
                    paths_below(&entry.path(), &format!("{path}/"))
                } else {
                    BTreeSet::from([path])
                }
            })
            .collect()
    }

    #[test]
    fn every_source_of_the_page_is_embedded() {
        let mut on_disk = paths_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("page/src"), "");
        assert!(on_disk.remove("index.html"));
        let embedded: BTreeSet<String> = SOURCES.iter().map(|(path, _)| (*path).to_owned()).collect();
        assert_eq!(embedded, on_disk);
    }

    #[test]
    fn the_document_names_files_of_its_own_version_and_none_that_are_not_there() {
        let page = Page::get();
        let document = std::str::from_utf8(&page.document.bytes).unwrap();
        let named: Vec<&str> = document.split('"').filter(|part| part.starts_with(PREFIX)).collect();
        assert!(named.len() > 20, "{named:?}");
        for address in named {
            let path = address.strip_prefix(&format!("{PREFIX}{}/", page.version));
            assert!(page.file(path.unwrap()).is_some(), "{address}");
        }
    }

    #[test]
    fn every_module_is_named_in_the_document_so_that_none_waits_for_another() {
        let document = std::str::from_utf8(&Page::get().document.bytes).unwrap();
        for (path, _) in SOURCES.iter().filter(|(path, _)| path.ends_with(".js") || path.ends_with(".css")) {
            assert!(document.contains(path), "{path} is not in index.html");
        }
    }

    #[test]
    fn nothing_is_inline() {
        assert!(!DOCUMENT.contains("<style") && !DOCUMENT.contains(" style=") && !DOCUMENT.contains(" on"));
        assert!(DOCUMENT.matches("<script").all(|_| DOCUMENT.contains("<script type=\"module\" src=")));
    }
}
