//! Lines of JSON into a catalog.
//!
//! A line that is wrong costs what it says and is told with its number; the rest goes on. What the catalog has already,
//! to the bit, is left alone, so an import that was interrupted is run again and goes on. A product becomes what the
//! file says: images of it that the file does not list are removed, unless lines of it were lost. Products that the file
//! does not name stay.

use super::error::ImportError;
use super::format::{CatalogLine, ImageLine, Line, NAME, ProductLine, VERSION};
use super::lines::{Found, Lines};
use super::product::{Gathering, Part};
use super::report::{ImportCounts, ImportEvent, ImportReport, LineFailure, Tally};
use crate::catalog::ProductId;
use crate::source::shown::one_line;
use crate::store::Store;
use lookalike_vision::encoder::EncoderId;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::io::BufRead;
use std::sync::atomic::{AtomicBool, Ordering};

/// Images written at once, so held in memory.
const IMAGES_PER_BATCH: usize = 256;
/// Products written at once.
const PRODUCTS_PER_BATCH: usize = 256;

/// An export whose first line has been read.
#[derive(Debug)]
pub struct Import<R> {
    lines: Lines<R>,
    encoders: Vec<EncoderId>,
    products: u64,
    images: u64,
}

impl<R: BufRead> Import<R> {
    /// Reads the first line.
    ///
    /// # Errors
    /// When `input` cannot be read or does not begin as an export of a version that is known here.
    pub fn open(input: R) -> Result<Self, ImportError> {
        let mut lines = Lines::new(input);
        let mut found = Found::default();
        let is_there = lines.read(&mut found).map_err(|source| ImportError::Read { line: 1, source })?;
        if !is_there {
            return Err(ImportError::NotAnExport("is not there, the file is empty".to_owned()));
        }
        match parse(&found) {
            // A later version may have members that are not known here.
            Ok(Line::Catalog(CatalogLine { format, version, products, images, encoders }))
                if format == NAME =>
            {
                if version != VERSION {
                    return Err(ImportError::Newer { found: version, known: VERSION });
                }
                let encoders = encoders.into_iter().map(Into::into).collect();
                Ok(Self { lines, encoders, products, images })
            }
            Ok(_) => {
                Err(ImportError::NotAnExport("does not say of which encoders the vectors are".to_owned()))
            }
            Err(reason) => Err(ImportError::NotAnExport(reason)),
        }
    }

    /// What made the file's vectors, the primary one first.
    pub fn encoders(&self) -> &[EncoderId] {
        &self.encoders
    }

    /// How many images the file says it has.
    pub fn images(&self) -> u64 {
        self.images
    }

    /// Brings everything into `store`, until the end or until `stop` is raised.
    ///
    /// # Errors
    /// When the file cannot be read on, the catalog cannot be written, or has other encoders. What was told as written
    /// stays.
    pub fn run(
        mut self,
        store: &dyn Store,
        tell: &mut dyn FnMut(ImportEvent),
        stop: &AtomicBool,
    ) -> Result<ImportReport, ImportError> {
        self.check_encoders(store.encoders())?;
        let mut importing = Importing {
            store,
            tell,
            ids: (RandomState::new(), RandomState::new()),
            seen: HashMap::new(),
            product: None,
            batch: Vec::new(),
            puts: 0,
            counts: ImportCounts::default(),
            read: [0, 0],
            unreadable: 0,
        };
        let mut found = Found::default();
        let mut cancelled = false;
        loop {
            if stop.load(Ordering::Relaxed) {
                cancelled = true;
                break;
            }
            let is_there = self.lines.read(&mut found);
            let line = self.lines.number();
            if !is_there.map_err(|source| ImportError::Read { line: line + 1, source })? {
                break;
            }
            match parse(&found) {
                Ok(Line::Product(product)) => importing.begin(product, line)?,
                Ok(Line::Image(image)) => importing.image(*image, line)?,
                Ok(Line::Catalog(_)) => {
                    importing.fail(line, "begins another export: import what follows by itself".to_owned());
                    break;
                }
                Err(reason) => importing.lose(line, reason),
            }
        }
        if cancelled {
            // A product that is half read is read again the next time.
            importing.product = None;
        }
        importing.finish()?;
        importing.write()?;
        if !cancelled {
            importing.close(self.lines.number(), [self.products, self.images]);
        }
        Ok(ImportReport { counts: importing.counts, cancelled })
    }

    fn check_encoders(&self, stored: &[EncoderId]) -> Result<(), ImportError> {
        let is_same =
            stored.len() == self.encoders.len() && stored.iter().all(|id| self.encoders.contains(id));
        if is_same {
            return Ok(());
        }
        let list = |ids: &[EncoderId]| ids.iter().map(EncoderId::to_string).collect::<Vec<_>>().join(", ");
        Err(ImportError::OtherEncoders { offered: list(&self.encoders), stored: list(stored) })
    }
}

/// The line, or a fragment that says what it is instead.
fn parse(found: &Found) -> Result<Line, String> {
    if found.is_too_long {
        return Err("is longer than any line of an export".to_owned());
    }
    serde_json::from_slice(&found.bytes).map_err(|error| {
        if error.is_eof() && found.is_open {
            return "is cut off: the file ends within it".to_owned();
        }
        // The place within this one line is all that helps; serde_json always calls the line 1.
        let text = error.to_string();
        let what = text.split(" at line ").next().unwrap_or_default();
        let is_json =
            error.is_data() || serde_json::from_slice::<serde::de::IgnoredAny>(&found.bytes).is_ok();
        let kind = if is_json { "is no line of an export" } else { "is not JSON" };
        one_line(&format!("{kind}: {what} at column {}", error.column()))
    })
}

/// An import under way.
struct Importing<'a> {
    store: &'a dyn Store,
    tell: &'a mut dyn FnMut(ImportEvent),
    /// Ids are kept as 128 bits of two keyed hashes: two ids that agree in both are not to be met.
    ids: (RandomState, RandomState),
    /// The line of each product.
    seen: HashMap<(u64, u64), u64>,
    product: Option<(Gathering, u64)>,
    batch: Vec<Entry>,
    /// Images in the batch that are to be written.
    puts: usize,
    counts: ImportCounts,
    /// Products and images whose lines were understood.
    read: [u64; 2],
    /// Lines that say nothing.
    unreadable: u64,
}

/// A write that waits for its batch.
struct Entry {
    part: Part,
    line: u64,
    /// It is the product's last.
    is_last: bool,
}

impl Importing<'_> {
    fn begin(&mut self, line: ProductLine, number: u64) -> Result<(), ImportError> {
        self.finish()?;
        self.read[0] += 1;
        let ProductLine { id, fields, images } = line;
        let id = match ProductId::new(id) {
            Ok(id) => id,
            Err(error) => {
                self.counts.products.failed += 1;
                self.fail(number, format!("has a product id that is not one: {error}"));
                return Ok(());
            }
        };
        let key = (self.ids.0.hash_one(&id), self.ids.1.hash_one(&id));
        if let Some(earlier) = self.seen.get(&key) {
            let reason = format!("is duplicated: line {earlier} is product {id} already");
            self.counts.products.failed += 1;
            self.fail(number, reason);
            return Ok(());
        }
        self.seen.insert(key, number);
        self.product = Some((Gathering::new(self.store, id, fields, images)?, number));
        Ok(())
    }

    fn image(&mut self, line: ImageLine, number: u64) -> Result<(), ImportError> {
        self.read[1] += 1;
        let belongs = self.product.as_ref().is_some_and(|(product, _)| product.id.as_str() == line.product);
        let Some((product, _)) = self.product.as_mut().filter(|_| belongs) else {
            let id = line.product;
            self.counts.images.failed += 1;
            self.fail(
                number,
                format!("is an image of product {id}, whose line does not precede it or is wrong"),
            );
            return Ok(());
        };
        let failure = match line.image(self.store.encoders()) {
            Ok(_) if product.is_refused => {
                Some(format!("is an image of product {}, which was refused", product.id))
            }
            Ok(image) => match product.line_of(&image.id) {
                Some(earlier) => {
                    Some(format!("is duplicated: line {earlier} is the same image of the same product"))
                }
                None => {
                    product.take(self.store, image, number)?;
                    None
                }
            },
            Err(reason) => {
                product.has_lost = true;
                Some(reason)
            }
        };
        if let Some(reason) = failure {
            self.counts.images.failed += 1;
            self.fail(number, reason);
        } else if product.puts() >= IMAGES_PER_BATCH {
            self.write_part()?;
        }
        Ok(())
    }

    /// A line that cannot be understood, so that it may be anything.
    fn lose(&mut self, line: u64, reason: String) {
        self.unreadable += 1;
        if let Some((product, _)) = &mut self.product {
            product.has_lost = true;
        }
        self.fail(line, reason);
    }

    fn fail(&mut self, line: u64, reason: String) {
        (self.tell)(ImportEvent::Failed(LineFailure { line, reason: one_line(&reason) }));
    }

    /// The product at hand has come to its end.
    fn finish(&mut self) -> Result<(), ImportError> {
        let Some((product, line)) = self.product.take() else { return Ok(()) };
        if product.is_refused {
            self.counts.products.failed += 1;
            return Ok(());
        }
        let (part, is_new) = product.finish();
        if !is_new {
            self.counts.products.unchanged += 1;
            self.counts.images.unchanged += part.unchanged;
            return Ok(());
        }
        self.puts += part.stored as usize;
        self.batch.push(Entry { part, line, is_last: true });
        if self.batch.len() >= PRODUCTS_PER_BATCH || self.puts >= IMAGES_PER_BATCH {
            self.write()?;
        }
        Ok(())
    }

    /// Writes what is there of the product at hand.
    fn write_part(&mut self) -> Result<(), ImportError> {
        self.write()?;
        let Some((product, line)) = &mut self.product else { return Ok(()) };
        let entry = Entry { part: product.part(), line: *line, is_last: false };
        self.batch.push(entry);
        let is_refused = !self.write()?;
        if let Some((product, _)) = &mut self.product {
            product.is_refused = is_refused;
        }
        Ok(())
    }

    /// Writes the batch; false when not all of it was taken.
    fn write(&mut self) -> Result<bool, ImportError> {
        let entries = std::mem::take(&mut self.batch);
        self.puts = 0;
        if entries.is_empty() {
            return Ok(true);
        }
        let (writes, entries): (Vec<_>, Vec<_>) = entries
            .into_iter()
            .map(|Entry { part: Part { write, stored, unchanged }, line, is_last }| {
                (write, (stored, unchanged, line, is_last))
            })
            .unzip();
        let whole = match self.store.apply(&writes) {
            Err(error) if !error.is_refusal() => return Err(error.into()),
            outcome => outcome.is_ok(),
        };
        let mut all = true;
        for (write, (stored, unchanged, line, is_last)) in writes.chunks(1).zip(entries) {
            // One product spoiled the batch; find out which.
            let taken = if whole { Ok(()) } else { self.store.apply(write) };
            let Tally { stored: products, failed, .. } = &mut self.counts.products;
            match taken {
                Ok(()) => {
                    *products += u64::from(is_last);
                    self.counts.images.stored += stored;
                    self.counts.images.unchanged += unchanged;
                }
                Err(error) if error.is_refusal() => {
                    *failed += u64::from(is_last);
                    self.counts.images.failed += stored + unchanged;
                    all = false;
                    self.fail(line, format!("was refused: {error}"));
                }
                Err(error) => return Err(error.into()),
            }
        }
        (self.tell)(ImportEvent::Progress(self.counts));
        Ok(all)
    }

    /// Compares what was read with what the first line said.
    fn close(&mut self, last_line: u64, announced: [u64; 2]) {
        let ([products, images], [seen_products, seen_images]) = (announced, self.read);
        let (products, images) = (products.saturating_sub(seen_products), images.saturating_sub(seen_images));
        self.counts.products.failed += products;
        self.counts.images.failed += images;
        if products + images > self.unreadable {
            let reason = format!(
                "is the last, and {products} products and {images} images that the first line announces are missing: \
                 the file was cut off"
            );
            self.fail(last_line, reason);
        }
    }
}
