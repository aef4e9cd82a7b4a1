//! Gathers the rows of each product: a first pass over the file, and the passes that give products.

use super::{Frame, Lines, Row, RowFormat, RowImage, Table};
use crate::catalog::{Fields, ImageId, ImageRef, Product, ProductId};
use crate::source::RowFailure;
use crate::source::shown::one_line;
use serde_json::Value;
use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::sync::atomic::Ordering;

/// Where a row is and whose it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct RowAt {
    offset: u64,
    line: u64,
    /// Counts products, and rows that are none, in the order of their first appearance.
    group: u32,
}

/// What the first pass leaves.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    /// By group, and by place within a group.
    pub(super) rows: Vec<RowAt>,
    /// Images named and rows that are no product.
    pub(super) items: u64,
    /// Products whose rows differ in a field.
    differing: u64,
    not_utf8: u64,
    first_not_utf8: u64,
}

impl Gathered {
    pub(super) fn notices(&self) -> Vec<String> {
        let mut notices = Vec::new();
        if self.not_utf8 > 0 {
            notices.push(format!(
                "{} rows are not UTF-8 and were read as Windows-1252 (Latin-1), the first on line {}",
                self.not_utf8, self.first_not_utf8
            ));
        }
        if self.differing > 0 {
            notices.push(format!(
                "{} products have rows that differ in their fields: of each field the first value is kept (to keep \
                 them all, map the id to a column that differs from row to row)",
                self.differing
            ));
        }
        notices
    }
}

struct GroupSoFar {
    group: u32,
    fields: u64,
    differs: bool,
}

/// The first pass.
pub(super) fn gather(format: &impl RowFormat, lines: &mut Lines) -> io::Result<Gathered> {
    let mut found = Gathered::default();
    // Ids are kept as 128 bits of two keyed hashes: two ids that agree in both are not to be met.
    let keys = (RandomState::new(), RandomState::new());
    let mut groups: HashMap<(u64, u64), GroupSoFar> = HashMap::new();
    let mut images = HashSet::new();
    let mut next_group = 0_u32;
    let mut frame = Frame::default();
    while format.frame(lines, &mut frame)? {
        let parsed = if frame.fault.is_none() { format.parse(&frame).ok() } else { None };
        let mut group = next_group;
        if let Some(row) = parsed {
            // Rows of variants differ anyhow, and nothing is lost of it.
            let fields = match format.has_variants() {
                true => 0,
                false => keys.0.hash_one(serde_json::to_string(&row.fields).unwrap_or_default()),
            };
            let known = groups
                .entry((keys.0.hash_one(&row.id), keys.1.hash_one(&row.id)))
                .or_insert_with(|| GroupSoFar { group, fields, differs: false });
            if known.fields != fields && !known.differs {
                known.differs = true;
                found.differing += 1;
            }
            group = known.group;
            found.items += match format.has_variants() {
                false => row.images.len() as u64,
                true => {
                    let new = |image: &&RowImage| images.insert(keys.0.hash_one((group, &image.name)));
                    row.images.iter().filter(new).count() as u64
                }
            };
            if row.not_utf8 {
                found.not_utf8 += 1;
                if found.not_utf8 == 1 {
                    found.first_not_utf8 = frame.line;
                }
            }
        } else {
            found.items += 1;
        }
        if group == next_group {
            next_group = next_group
                .checked_add(1)
                .ok_or_else(|| io::Error::other("more than 4,294,967,295 products in one file: split it"))?;
        }
        found.rows.push(RowAt { offset: frame.offset, line: frame.line, group });
    }
    // Stable, so that a product's rows stay in the file's order.
    found.rows.sort_by_key(|row| row.group);
    found.rows.shrink_to_fit();
    Ok(found)
}

/// A pass that gives products.
pub(super) struct Run<'a, F> {
    table: &'a Table<F>,
    lines: Lines,
    next: usize,
    frame: Frame,
    ready: VecDeque<Result<Product, RowFailure>>,
    broken: bool,
}

/// A product while its rows are read.
#[derive(Default)]
struct Gathering {
    id: Option<(String, ProductId)>,
    fields: Fields,
    images: Vec<(u32, ImageRef)>,
    /// The line each image was first named on.
    named: HashMap<String, u64>,
    /// An image was named in a way that leads nowhere.
    lost_image: bool,
}

impl<'a, F: RowFormat> Run<'a, F> {
    pub(super) fn new(table: &'a Table<F>, lines: Lines) -> Self {
        let (next, frame, ready, broken) = (0, Frame::default(), VecDeque::new(), false);
        Self { table, lines, next, frame, ready, broken }
    }

    /// Reads the next group's rows; false when there is none.
    fn gather(&mut self) -> bool {
        let rest = self.table.gathered.rows.get(self.next..).unwrap_or_default();
        let Some(first) = rest.first() else { return false };
        let rows = rest.iter().take_while(|row| row.group == first.group);
        let mut product = Gathering::default();
        for &at in rows {
            self.next += 1;
            let taken = self.row(at).map(|row| product.take(row, at.line, self.table));
            match taken {
                Ok(failures) => {
                    let place = self.table.place(at.line);
                    let failed =
                        |reason: String| RowFailure { place: place.clone(), reason: one_line(&reason) };
                    self.ready.extend(failures.into_iter().map(|reason| Err(failed(reason))));
                }
                Err(reason) => {
                    let place = self.table.place(at.line);
                    self.ready.push_back(Err(RowFailure { place, reason: one_line(&reason) }));
                    if self.broken {
                        return true;
                    }
                }
            }
        }
        // A product none of whose images can even be looked for has been reported, and is not one without images.
        let lost = product.images.is_empty() && product.lost_image;
        if let (Some((_, id)), false) = (product.id, lost) {
            let (mut fields, mut images) = (product.fields, product.images);
            self.table.format.finish(&mut fields);
            images.sort_by_key(|(rank, _)| *rank);
            let images = images.into_iter().map(|(_, image)| image).collect();
            self.ready.push_back(Ok(Product { id, fields, images }));
        }
        true
    }

    fn breaks(&mut self) {
        self.broken = true;
        self.table.broke.store(true, Ordering::Relaxed);
    }

    fn row(&mut self, at: RowAt) -> Result<Row, String> {
        let framed = self
            .lines
            .seek(at.offset, at.line)
            .and_then(|()| self.table.format.frame(&mut self.lines, &mut self.frame));
        match framed {
            Err(error) => {
                self.breaks();
                return Err(format!("cannot be read, and neither can what comes after it: {error}"));
            }
            Ok(false) => {
                self.breaks();
                return Err("is gone: the file became shorter while it was read; start again".to_owned());
            }
            Ok(true) => {}
        }
        if let Some(fault) = self.frame.fault.take() {
            return Err(fault);
        }
        self.table.format.parse(&self.frame)
    }
}

impl Gathering {
    /// Takes a row over; gives what is wrong with it.
    fn take<F: RowFormat>(&mut self, row: Row, line: u64, table: &Table<F>) -> Vec<String> {
        let repeats = match &self.id {
            None => match ProductId::new(row.id.clone()) {
                Err(error) => return vec![format!("the product's id is not one: {error}")],
                Ok(id) => {
                    self.id = Some((row.id, id));
                    false
                }
            },
            Some((first, _)) if *first != row.id => {
                return vec!["the file changed while it was read: start again".to_owned()];
            }
            Some(_) => true,
        };
        for (name, value) in row.fields {
            match self.fields.get_mut(&name) {
                None => {
                    self.fields.insert(name, value);
                }
                Some(known) if table.format.gathers(&name) => add_value(known, value),
                Some(_) => {}
            }
        }
        if repeats && row.images.is_empty() && !table.format.has_variants() {
            let id = self.id.as_ref().map(|(text, _)| text.as_str()).unwrap_or_default();
            return vec![format!("repeats product {id} without naming another image")];
        }
        row.images.into_iter().filter_map(|image| self.image(image, line, table).err()).collect()
    }

    fn image<F: RowFormat>(&mut self, image: RowImage, line: u64, table: &Table<F>) -> Result<(), String> {
        let RowImage { name, rank } = image;
        if let Some(earlier) = self.named.get(&name) {
            if table.format.has_variants() {
                let known = self.images.iter_mut().find(|(_, known)| known.id.as_str() == name);
                if let Some((known, _)) = known {
                    *known = rank.min(*known);
                }
                return Ok(());
            }
            return Err(format!("is duplicated: line {earlier} names the same product and image ({name})"));
        }
        let id = ImageId::new(name.clone()).map_err(|error| {
            self.lost_image = true;
            format!("the image's name is not one: {error}")
        })?;
        let location = table.locate(&name).inspect_err(|_| self.lost_image = true)?;
        self.images.push((rank, ImageRef { id, location }));
        self.named.insert(name, line);
        Ok(())
    }
}

/// Makes an array of two different values, or adds one to it.
fn add_value(known: &mut Value, value: Value) {
    match known {
        Value::Array(values) if values.contains(&value) => {}
        Value::Array(values) => values.push(value),
        one if *one == value => {}
        one => *one = Value::Array(vec![one.take(), value]),
    }
}

impl<F: RowFormat> Iterator for Run<'_, F> {
    type Item = Result<Product, RowFailure>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(ready) = self.ready.pop_front() {
                return Some(ready);
            }
            if self.broken || !self.gather() {
                return None;
            }
        }
    }
}
