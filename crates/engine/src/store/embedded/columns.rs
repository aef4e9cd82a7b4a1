//! One field of all products in memory, so that a condition on it is answered in milliseconds.
//!
//! Values that no filter tells apart are kept once, and so are equal lists of them; a product holds a number. A condition
//! is asked of every kept value by [`Test::holds`], which is what filters mean, and then looked up for every product. So
//! the answer is [`Filter::matches`]' by construction. Nothing here knows SQL; `selecting` fills columns and keeps them
//! up to date.

use crate::filter::{Expression, FacetCounts, FieldPath, Filter, Item, Test, is_shown_before};
use crate::index::ProductSet;
use indexmap::IndexSet;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// The values of one field, by product.
#[derive(Debug, Default)]
pub(super) struct Column {
    items: IndexSet<Item>,
    /// How a text is shown, by its number, where that is not in lower case.
    written: HashMap<u32, Box<str>>,
    /// Sorted numbers of items. The first is that of products without the field.
    cells: IndexSet<Box<[u32]>>,
    /// A cell's number, by product.
    products: Vec<u32>,
    /// Bytes of texts and cells.
    held_bytes: usize,
    /// Products set since it was made.
    changes: usize,
}

/// What an item, a cell and a product take besides what they point to: with the table they are found by.
const ITEM_BYTES: usize = size_of::<Item>() + 24;
const CELL_BYTES: usize = size_of::<Box<[u32]>>() + 24;
const WRITTEN_BYTES: usize = size_of::<(u32, Box<str>)>() + 8;

impl Column {
    /// Sets the values of a product: items, and texts as they are written where that is not in lower case.
    pub(super) fn set(&mut self, product: usize, items: impl IntoIterator<Item = (Item, Option<Box<str>>)>) {
        let mut cell: Vec<u32> =
            items.into_iter().map(|(item, written)| self.number_of(item, written)).collect();
        cell.sort_unstable();
        cell.dedup();
        if self.cells.is_empty() {
            self.cells.insert(Box::default());
        }
        let bytes = size_of_val(&*cell);
        let (number, is_new) = self.cells.insert_full(cell.into());
        self.held_bytes += if is_new { bytes } else { 0 };
        if self.products.len() <= product {
            self.products.resize(product + 1, 0);
        }
        if let Some(place) = self.products.get_mut(product) {
            *place = narrow(number);
        }
        self.changes += 1;
    }

    fn number_of(&mut self, item: Item, written: Option<Box<str>>) -> u32 {
        let bytes = if let Item::Text { folded, .. } = &item { folded.len() } else { 0 };
        let (number, is_new) = self.items.insert_full(item);
        self.held_bytes += if is_new { bytes } else { 0 };
        let number = narrow(number);
        if let Some(written) = written {
            match self.written.entry(number) {
                Entry::Vacant(shown) => {
                    self.held_bytes += written.len() + WRITTEN_BYTES;
                    shown.insert(written);
                }
                // Of about the same length: a text has few spellings.
                Entry::Occupied(mut shown) if is_shown_before(&written, shown.get()) => {
                    shown.insert(written);
                }
                Entry::Occupied(_) => {}
            }
        }
        number
    }

    /// How often each value occurs among `products`.
    pub(super) fn counts(&self, products: &ProductSet, most_values: usize) -> FacetCounts {
        let mut of_cells = vec![0_u64; self.cells.len().max(1)];
        for product in products.iter() {
            let cell = self.products.get(product).copied().unwrap_or_default();
            if let Some(count) = of_cells.get_mut(cell as usize) {
                *count += 1;
            }
        }
        let mut of_items = vec![0_u64; self.items.len()];
        for (cell, count) in self.cells.iter().zip(&of_cells) {
            for item in cell {
                if let Some(total) = of_items.get_mut(*item as usize) {
                    *total += count;
                }
            }
        }
        let written = |number: usize| self.written.get(&narrow(number)).map(|text| &**text);
        let items = self.items.iter().zip(of_items).enumerate();
        let missing = of_cells.first().copied().unwrap_or_default();
        FacetCounts::gather(
            items.map(|(number, (item, count))| (item, written(number), count)),
            missing,
            most_values,
        )
    }

    /// Memory it takes, about.
    pub(super) fn bytes(&self) -> usize {
        self.held_bytes
            + self.items.len() * ITEM_BYTES
            + self.cells.len() * CELL_BYTES
            + self.products.len() * size_of::<u32>()
    }

    /// Whether so many products were set again that values which none has any more may be most of it.
    pub(super) fn is_worn(&self) -> bool {
        self.changes > 2 * self.products.len() + 1000
    }

    /// The products below `end` of which `test` holds.
    fn holding(&self, test: &Test, end: usize) -> ProductSet {
        let of_items: Vec<bool> = self.items.iter().map(|item| test.holds(item)).collect();
        let holds = |item: &u32| of_items.get(*item as usize).copied().unwrap_or_default();
        let of_cells: Vec<bool> = self.cells.iter().map(|cell| cell.iter().any(holds)).collect();
        let of_product = |product| self.products.get(product).and_then(|cell| of_cells.get(*cell as usize));
        ProductSet::of(end, |product| of_product(product).copied().unwrap_or_default())
    }
}

/// A place in a set: [`MOST_COLUMN_BYTES`](super::selecting) ends a column long before there are 2^32.
fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// The products below `end` that `filter` lets through, by the columns of its fields. Without one of these, `None`.
pub(super) fn chosen<'c>(
    filter: &Filter,
    end: usize,
    column: &impl Fn(&FieldPath) -> Option<&'c Column>,
) -> Option<ProductSet> {
    chosen_by(filter.expression(), end, column)
}

fn chosen_by<'c>(
    expression: &Expression,
    end: usize,
    column: &impl Fn(&FieldPath) -> Option<&'c Column>,
) -> Option<ProductSet> {
    let joined = |parts: &[Expression], join: fn(&mut ProductSet, &ProductSet)| {
        let mut sets = parts.iter().map(|part| chosen_by(part, end, column));
        let mut all = sets.next()??;
        for set in sets {
            join(&mut all, &set?);
        }
        Some(all)
    };
    match expression {
        Expression::All(parts) => joined(parts, ProductSet::intersect),
        Expression::Any(parts) => joined(parts, ProductSet::unite),
        Expression::Not(part) => {
            let mut set = chosen_by(part, end, column)?;
            set.invert();
            Some(set)
        }
        Expression::Condition(condition) => Some(column(&condition.field)?.holding(&condition.test, end)),
    }
}

/// Columns by their fields, with when each was last asked.
#[derive(Debug, Default)]
pub(super) struct Columns {
    by_field: HashMap<FieldPath, (Column, u64)>,
    clock: u64,
}

impl Columns {
    pub(super) fn get(&self, field: &FieldPath) -> Option<&Column> {
        self.by_field.get(field).map(|(column, _)| column)
    }

    pub(super) fn fields(&self) -> impl Iterator<Item = &FieldPath> {
        self.by_field.keys()
    }

    pub(super) fn get_mut(&mut self, field: &FieldPath) -> Option<&mut Column> {
        self.by_field.get_mut(field).map(|(column, _)| column)
    }

    pub(super) fn put(&mut self, field: FieldPath, column: Column) {
        self.by_field.insert(field, (column, self.clock));
    }

    /// Forgets columns that hold too much of what is no more.
    pub(super) fn drop_worn(&mut self) {
        self.by_field.retain(|_, (column, _)| !column.is_worn());
    }

    /// Notes that these fields are asked now, and forgets those not asked for longest until all take at most
    /// `most_bytes`, or only these are left.
    pub(super) fn touch(&mut self, fields: &[&FieldPath], most_bytes: usize) {
        self.clock += 1;
        for field in fields {
            if let Some((_, asked)) = self.by_field.get_mut(*field) {
                *asked = self.clock;
            }
        }
        let mut bytes: usize = self.by_field.values().map(|(column, _)| column.bytes()).sum();
        while bytes > most_bytes {
            let oldest = self.by_field.iter().filter(|(_, (_, asked))| *asked < self.clock);
            let Some((field, _)) = oldest.min_by_key(|(_, (_, asked))| *asked) else { return };
            let field = field.clone();
            bytes -= self.by_field.remove(&field).map_or(0, |(column, _)| column.bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn column(values: &[serde_json::Value]) -> Column {
        let mut column = Column::default();
        values
            .iter()
            .enumerate()
            .for_each(|(product, value)| column.set(product, Item::of(value).map(|item| (item, None))));
        column
    }

    #[test]
    fn a_text_is_shown_the_same_in_whatever_order_its_spellings_come() {
        let spellings = ["acme", "ACME", "Acme"];
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let mut column = Column::default();
            for (product, spelling) in order.into_iter().map(|at| spellings[at]).enumerate() {
                let written = Some(spelling.into()).filter(|_| spelling != "acme");
                column.set(product, Item::of(&json!(spelling)).map(|item| (item, written)));
            }
            let counts = column.counts(&ProductSet::of(3, |_| true), 5);
            assert_eq!(
                (counts.values[0].value.clone(), counts.values[0].count),
                (json!("Acme"), 3),
                "{order:?}"
            );
        }
    }

    fn field(name: &str) -> FieldPath {
        Filter::parse(&format!("has({name})")).unwrap().fields()[0].clone()
    }

    #[test]
    fn the_columns_that_were_not_asked_for_longest_are_forgotten_first() {
        let mut columns = Columns::default();
        let one = column(&vec![json!("x"); 1000]).bytes();
        for name in ["a", "b", "c"] {
            columns.put(field(name), column(&vec![json!("x"); 1000]));
            columns.touch(&[&field(name)], 3 * one);
        }
        columns.touch(&[&field("a")], 3 * one);
        columns.put(field("d"), column(&vec![json!("x"); 1000]));
        columns.touch(&[&field("d")], 3 * one);
        let kept = ["a", "b", "c", "d"].map(|name| columns.get(&field(name)).is_some());
        assert_eq!(kept, [true, false, true, true]);
        // What is asked now stays, however little there is room for.
        columns.touch(&[&field("a"), &field("d")], 0);
        assert_eq!(columns.fields().count(), 2);
    }

    #[test]
    fn values_that_are_equal_are_kept_once() {
        let many: Vec<_> = (0..10_000).map(|n| json!(["Red", "RED", "red"][n % 3])).collect();
        let column = column(&many);
        assert_eq!((column.items.len(), column.cells.len()), (1, 2));
        assert!(column.bytes() < 50_000);
    }
}
