//! Which products a filter lets through, as the catalog is now, and how often values occur among them.
//!
//! A field is read into a [`Column`] when a filter first asks about it in this process, in one pass over the products;
//! from then on a filter takes milliseconds. Columns are in memory and not on disk because whoever asks may have the
//! catalog open for reading only. They are brought up to date before each answer, product by product, by the numbers of
//! writes. A field whose values would take too much memory is not kept: filters on it go over all products.
//!
//! Questions with a filter wait for each other here, those without do not come here.

use super::EmbeddedError;
use super::changes;
use super::columns::{self, Column, Columns};
use super::connection;
use super::folder::Folder;
use super::picking::pick;
use super::rows::{self, damaged};
use crate::filter::{Facet, Facets, FieldPath, FieldSummary, Filter, Inventory, Item, reach};
use crate::index::ProductSet;
use rusqlite::{Connection, Transaction};
use serde_json::Value;
use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

/// A field that takes more is not kept.
const MOST_COLUMN_BYTES: usize = if cfg!(test) { 64 * 1024 } else { 128 << 20 };
/// All fields together; those not asked for longest go first.
const MOST_BYTES: usize = if cfg!(test) { 256 * 1024 } else { 256 << 20 };
/// Values that are read between looks at how much memory they take together.
const LOOKED_AT_EVERY: u64 = if cfg!(test) { 64 } else { 16 * 1024 };
/// Answers that are kept until the next write: one question asks several times.
const MOST_ANSWERS: usize = 8;
/// Values of a field that its summary lists.
const MOST_VALUES: usize = 20;

/// Answers filters, for all threads of a store.
#[derive(Debug)]
pub(super) struct Selecting {
    folder: Folder,
    /// Once anybody asked.
    state: Mutex<Option<State>>,
    summary: Mutex<Option<(i64, Arc<FieldSummary>)>>,
}

#[derive(Debug)]
struct State {
    connection: Connection,
    /// `data_version` when what is kept was last brought up to date.
    seen: Option<i64>,
    kept: Kept,
}

/// What was read of the catalog, all of one moment.
#[derive(Debug, Default)]
struct Kept {
    /// The number of the last write then; none before anything was read.
    seq: Option<i64>,
    /// Numbers of products are below this.
    end: usize,
    columns: Columns,
    /// The products that there are; none before anybody asked.
    present: Option<Arc<ProductSet>>,
    /// Fields that take too much memory.
    too_large: HashSet<FieldPath>,
    answers: VecDeque<(Filter, Arc<ProductSet>)>,
}

impl Selecting {
    pub(super) fn new(folder: Folder) -> Self {
        Self { folder, state: Mutex::default(), summary: Mutex::default() }
    }

    /// The products that `filter` lets through now.
    pub(super) fn chosen(&self, filter: &Filter) -> Result<Arc<ProductSet>, EmbeddedError> {
        self.with_state("reading fields for a filter", |state| state.chosen(filter))
    }

    /// How often values of `fields` occur in the products that `filter` lets through now.
    pub(super) fn facets(
        &self,
        fields: &[FieldPath],
        filter: Option<&Filter>,
        most_values: usize,
    ) -> Result<Facets, EmbeddedError> {
        self.with_state("counting values", |state| state.facets(fields, filter, most_values))
    }

    fn with_state<T>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&mut State) -> rusqlite::Result<T>,
    ) -> Result<T, EmbeddedError> {
        let mut kept = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let run = || {
            let mut state = match kept.take() {
                Some(state) => state,
                None => {
                    let connection = connection::reader(&self.folder.database())?;
                    State { connection, seen: None, kept: Kept::default() }
                }
            };
            // Dropped where it fails: whatever was half done is done anew.
            let answer = work(&mut state)?;
            *kept = Some(state);
            Ok(answer)
        };
        run().map_err(|error| EmbeddedError::sqlite(&self.folder, doing, error))
    }

    /// Which fields products have; gathered anew after each write.
    pub(super) fn summary(&self) -> Result<Arc<FieldSummary>, EmbeddedError> {
        let mut kept = self.summary.lock().unwrap_or_else(PoisonError::into_inner);
        let mut summarise = || {
            let reader = connection::reader(&self.folder.database())?;
            let moment = reader.unchecked_transaction()?;
            let seq = changes::position(&moment)?.seq;
            if let Some((of, summary)) = &*kept
                && *of == seq
            {
                return Ok(Arc::clone(summary));
            }
            let mut inventory = Inventory::default();
            each_product(&moment, None, |_, json| {
                inventory.add(&rows::fields(json)?);
                Ok(())
            })?;
            let summary = Arc::new(inventory.summary(MOST_VALUES));
            *kept = Some((seq, Arc::clone(&summary)));
            Ok(summary)
        };
        summarise().map_err(|error| EmbeddedError::sqlite(&self.folder, "reading its fields", error))
    }
}

impl State {
    fn chosen(&mut self, filter: &Filter) -> rusqlite::Result<Arc<ProductSet>> {
        let fields = filter.fields();
        // Asked before reading: what is committed in between is read now and once more next time.
        let version = self.connection.pragma_query_value(None, "data_version", |row| row.get(0))?;
        if self.seen == Some(version)
            && let Some(answer) = self.kept.answer(filter, &fields)
        {
            return Ok(answer);
        }
        let moment = self.connection.unchecked_transaction()?;
        let answer = self.kept.chosen(&moment, filter, &fields)?;
        self.seen = Some(version);
        Ok(answer)
    }

    fn facets(
        &mut self,
        fields: &[FieldPath],
        filter: Option<&Filter>,
        most_values: usize,
    ) -> rusqlite::Result<Facets> {
        let version = self.connection.pragma_query_value(None, "data_version", |row| row.get(0))?;
        let moment = self.connection.unchecked_transaction()?;
        self.kept.advance(&moment)?;
        let mut products = ProductSet::clone(&*self.kept.present(&moment)?);
        if let Some(filter) = filter {
            products.intersect(&*self.kept.chosen(&moment, filter, &filter.fields())?);
        }
        let asked: Vec<&FieldPath> = fields.iter().collect();
        self.kept.fill(&moment, &asked)?;
        self.seen = Some(version);
        let columns = &self.kept.columns;
        let facet = |field: &FieldPath| {
            let counts = columns.get(field).map(|column| column.counts(&products, most_values));
            Facet { field: field.clone(), counts }
        };
        let facets = Facets { products: products.count() as u64, facets: fields.iter().map(facet).collect() };
        self.kept.columns.touch(&asked, MOST_BYTES);
        Ok(facets)
    }
}

impl Kept {
    /// The products that `filter`, which asks about `fields`, lets through at this moment.
    fn chosen(
        &mut self,
        moment: &Transaction<'_>,
        filter: &Filter,
        fields: &[&FieldPath],
    ) -> rusqlite::Result<Arc<ProductSet>> {
        self.advance(moment)?;
        self.fill(moment, fields)?;
        match self.answer(filter, fields) {
            Some(answer) => Ok(answer),
            None => {
                let set = going_over_all(moment, filter, self.end)?;
                Ok(self.keep(filter, set))
            }
        }
    }

    /// The products that there are: numbers of deleted ones stay in columns.
    fn present(&mut self, moment: &Transaction<'_>) -> rusqlite::Result<Arc<ProductSet>> {
        if let Some(present) = &self.present {
            return Ok(Arc::clone(present));
        }
        let mut statement = moment.prepare_cached("SELECT row FROM product ORDER BY row")?;
        let mut rows = statement.query(())?;
        let mut there = vec![false; self.end];
        while let Some(row) = rows.next()? {
            if let Some(place) = there.get_mut(number(row.get(0)?)?) {
                *place = true;
            }
        }
        let present = ProductSet::of(self.end, |product| there.get(product).copied().unwrap_or_default());
        Ok(Arc::clone(self.present.insert(Arc::new(present))))
    }

    /// The answer, if what is kept gives it.
    fn answer(&mut self, filter: &Filter, fields: &[&FieldPath]) -> Option<Arc<ProductSet>> {
        if let Some((_, answer)) = self.answers.iter().find(|(answered, _)| answered == filter) {
            return Some(Arc::clone(answer));
        }
        let set = columns::chosen(filter, self.end, &|field| self.columns.get(field))?;
        self.columns.touch(fields, MOST_BYTES);
        Some(self.keep(filter, set))
    }

    fn keep(&mut self, filter: &Filter, set: ProductSet) -> Arc<ProductSet> {
        let answer = Arc::new(set);
        self.answers.truncate(MOST_ANSWERS - 1);
        self.answers.push_front((filter.clone(), Arc::clone(&answer)));
        answer
    }

    /// Brings the columns to `moment`.
    fn advance(&mut self, moment: &Transaction<'_>) -> rusqlite::Result<()> {
        let seq = changes::position(moment)?.seq;
        if self.seq == Some(seq) {
            return Ok(());
        }
        if self.seq.is_some_and(|kept| seq < kept) {
            // Another history: the catalog was replaced by a backup.
            *self = Self::default();
        }
        self.answers.clear();
        self.present = None;
        self.columns.drop_worn();
        let fields: Vec<FieldPath> = self.columns.fields().cloned().collect();
        if !fields.is_empty() {
            let columns = &mut self.columns;
            each_picked(moment, self.seq, &fields.iter().collect::<Vec<_>>(), |product, field, items| {
                if let Some(column) = fields.get(field).and_then(|field| columns.get_mut(field)) {
                    column.set(product, items);
                }
            })?;
        }
        self.end = end(moment)?;
        self.seq = Some(seq);
        Ok(())
    }

    /// Reads those of `fields` that have no column and may have one, all in one pass.
    fn fill(&mut self, moment: &Transaction<'_>, fields: &[&FieldPath]) -> rusqlite::Result<()> {
        let is_new = |field: &FieldPath| self.columns.get(field).is_none() && !self.too_large.contains(field);
        let fields: Vec<&FieldPath> = fields.iter().copied().filter(|field| is_new(field)).collect();
        if fields.is_empty() {
            return Ok(());
        }
        let mut filling: Vec<(&FieldPath, Option<Column>)> =
            fields.iter().map(|field| (*field, Some(Column::default()))).collect();
        let mut calls = 0_u64;
        each_picked(moment, None, &fields, |product, field, items| {
            calls += 1;
            if calls.is_multiple_of(LOOKED_AT_EVERY) {
                drop_largest(&mut filling);
            }
            let Some((_, column)) = filling.get_mut(field) else { return };
            if let Some(filled) = column {
                filled.set(product, items);
                if filled.bytes() > MOST_COLUMN_BYTES {
                    *column = None;
                }
            }
        })?;
        for (field, column) in filling {
            match column {
                Some(column) => self.columns.put(field.clone(), column),
                None => {
                    self.too_large.insert(field.clone());
                }
            }
        }
        Ok(())
    }
}

/// Gives up the largest columns until the others take no more than all may.
fn drop_largest(filling: &mut [(&FieldPath, Option<Column>)]) {
    let bytes = |column: &Option<Column>| column.as_ref().map_or(0, Column::bytes);
    while filling.iter().map(|(_, column)| bytes(column)).sum::<usize>() > MOST_BYTES {
        let Some((_, largest)) = filling.iter_mut().max_by_key(|(_, column)| bytes(column)) else { return };
        *largest = None;
    }
}

/// Products' numbers are below this.
fn end(moment: &Transaction<'_>) -> rusqlite::Result<usize> {
    let last: i64 = moment.query_row("SELECT coalesce(max(row), 0) FROM product", (), |row| row.get(0))?;
    Ok(number(last)? + 1)
}

fn number(row: i64) -> rusqlite::Result<usize> {
    let number = u32::try_from(row).map_err(|_| damaged(format!("a product has the row number {row}")))?;
    Ok(number as usize)
}

/// Hands number and fields of every product to `each`, or of those that changed after write `since`.
fn each_product(
    moment: &Transaction<'_>,
    since: Option<i64>,
    mut each: impl FnMut(usize, &str) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    let sql = match since {
        Some(_) => "SELECT row, fields FROM product WHERE seq > ?1",
        None => "SELECT row, fields FROM product WHERE ?1 IS NULL",
    };
    let mut statement = moment.prepare_cached(sql)?;
    let mut found = statement.query((since,))?;
    while let Some(row) = found.next()? {
        let json = row.get_ref(1)?.as_str().map_err(|error| damaged(error.to_string()))?;
        each(number(row.get(0)?)?, json)?;
    }
    Ok(())
}

/// Hands what each of `fields` reaches, by its place among them, in every product to `each`, or in those that changed after
/// write `since`.
fn each_picked(
    moment: &Transaction<'_>,
    since: Option<i64>,
    fields: &[&FieldPath],
    mut each: impl FnMut(usize, usize, Vec<(Item, Option<Box<str>>)>),
) -> rusqlite::Result<()> {
    let split: Vec<(&str, &[String])> = fields
        .iter()
        .map(|field| field.names().split_first().map_or(("", &[][..]), |(first, rest)| (&**first, rest)))
        .collect();
    let mut names: Vec<&str> = split.iter().map(|(first, _)| *first).collect();
    names.sort_unstable();
    names.dedup();
    each_product(moment, since, |product, json| {
        let picked = pick(json, &names)
            .map_err(|error| damaged(format!("a product's fields are not a JSON object: {error}")))?;
        for (field, (first, rest)) in split.iter().enumerate() {
            let value = names.binary_search(first).ok().and_then(|at| picked.get(at)?.as_ref());
            let mut items = Vec::new();
            if let Some(value) = value {
                reach(value, rest, &mut |item, value| {
                    let written = written(&item, value);
                    items.push((item, written));
                });
            }
            each(product, field, items);
        }
        Ok(())
    })
}

/// A text as it is written, where the item does not say so.
fn written(item: &Item, value: &Value) -> Option<Box<str>> {
    let (Item::Text { folded, .. }, Value::String(text)) = (item, value) else { return None };
    (**folded != **text).then(|| text.as_str().into())
}

/// The products below `end` that `filter` lets through, by reading each.
fn going_over_all(moment: &Transaction<'_>, filter: &Filter, end: usize) -> rusqlite::Result<ProductSet> {
    let mut chosen = HashSet::new();
    each_product(moment, None, |product, json| {
        if filter.matches(&rows::fields(json)?) {
            chosen.insert(product);
        }
        Ok(())
    })?;
    Ok(ProductSet::of(end, |product| chosen.contains(&product)))
}
