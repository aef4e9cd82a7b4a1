//! How often each value of a field occurs among products that were let through: what a page shows beside its results.
//!
//! The shapes alone; a store counts. Two values are one where no filter tells them apart, as in
//! [`Inventory`](super::Inventory), which goes over whole catalogs where this answers for a part of one.

use super::FieldPath;
use super::item::Item;
use serde_json::{Number, Value};

/// Counts for some fields of some products.
#[derive(Debug, Clone, PartialEq)]
pub struct Facets {
    /// How many products were let through.
    pub products: u64,
    /// One for each field asked about, in the order asked.
    pub facets: Vec<Facet>,
}

/// The values of one field.
#[derive(Debug, Clone, PartialEq)]
pub struct Facet {
    /// The field.
    pub field: FieldPath,
    /// What is known of its values; `None` where they take too much memory to be counted, as long texts do.
    pub counts: Option<FacetCounts>,
}

/// What is known of a field's values.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FacetCounts {
    /// Of what type they are; `None` where there are none.
    pub kind: Option<FacetKind>,
    /// Values, those of the most products first, as many as were asked for; without texts longer than 80 characters.
    pub values: Vec<FacetValue>,
    /// How many different values there are.
    pub distinct: u64,
    /// The least of the numbers and of the texts that read as numbers.
    pub min: Option<f64>,
    /// The greatest of them.
    pub max: Option<f64>,
    /// How many of the products have no value.
    pub missing: u64,
}

/// A value and how many products have it.
#[derive(Debug, Clone, PartialEq)]
pub struct FacetValue {
    /// A text, a number or a truth value. Of a text's spellings one with both small letters and capitals, if there is one.
    pub value: Value,
    /// Products that have it; one with several values counts for each.
    pub count: u64,
}

/// Of what type a field's values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FacetKind {
    /// Texts, of which some may read as numbers.
    Text,
    /// Numbers, and texts that are numbers from end to end.
    Number,
    /// Truth values.
    Boolean,
    /// More than one of these.
    Mixed,
}

/// Longer texts are counted and not shown.
const LONGEST_SHOWN_CHARS: usize = 80;

impl FacetCounts {
    /// Gathers items with how many products have each and, where a text is written otherwise than in lower case, how.
    /// `missing` products have none.
    pub(crate) fn gather<'i>(
        items: impl Iterator<Item = (&'i Item, Option<&'i str>, u64)>,
        missing: u64,
        most_values: usize,
    ) -> Self {
        let mut counts = Self { missing, ..Self::default() };
        let mut kinds = Kinds::default();
        // The greatest count first; among equals the value that comes first when written.
        let mut found: Vec<(&Item, Option<&str>, u64)> = Vec::new();
        for (item, written, count) in items.filter(|(item, _, count)| *count > 0 && **item != Item::Object) {
            counts.distinct += 1;
            kinds.add(item);
            if let Some(number) = item.as_number() {
                counts.min = Some(counts.min.map_or(number, |min| min.min(number)));
                counts.max = Some(counts.max.map_or(number, |max| max.max(number)));
            }
            found.push((item, written, count));
        }
        counts.kind = kinds.kind();
        if let Some(last) = most_values.checked_sub(1).filter(|last| last + 1 < found.len()) {
            // Long texts are left out below, so that a few more than wanted may be needed.
            found.retain(|(item, _, _)| is_shown(item));
            if last < found.len() {
                found.select_nth_unstable_by(last, by_count);
                found.truncate(most_values);
            }
        }
        found.sort_unstable_by(by_count);
        let shown = found.into_iter().filter(|(item, _, _)| is_shown(item));
        let shown = shown
            .filter_map(|(item, written, count)| Some(FacetValue { value: value(item, written)?, count }));
        counts.values = shown.take(most_values).collect();
        counts
    }
}

fn by_count(a: &(&Item, Option<&str>, u64), b: &(&Item, Option<&str>, u64)) -> std::cmp::Ordering {
    b.2.cmp(&a.2).then_with(|| a.0.in_order(b.0))
}

fn is_shown(item: &Item) -> bool {
    !matches!(item, Item::Text { folded, .. } if folded.chars().nth(LONGEST_SHOWN_CHARS).is_some())
}

/// Of two spellings of one text, whether `one` is shown rather than `other`: `Acme` rather than `ACME`, and that rather than
/// `acme`, in whatever order they are met.
pub(crate) fn is_shown_before(one: &str, other: &str) -> bool {
    let in_order = |text| {
        let is_mixed = str::contains(text, char::is_lowercase) && str::contains(text, char::is_uppercase);
        // Capitals come before small letters.
        (!is_mixed, text)
    };
    in_order(one) < in_order(other)
}

/// As it is shown.
fn value(item: &Item, written: Option<&str>) -> Option<Value> {
    /// Whole numbers up to here are floats without loss.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match item {
        Item::Text { folded, .. } => Some(written.unwrap_or(folded).into()),
        Item::Number(number) if number.fract() == 0.0 && number.abs() < EXACT => {
            Some((*number as i64).into())
        }
        Item::Number(number) => Number::from_f64(*number).map(Value::Number),
        Item::Boolean(value) => Some((*value).into()),
        Item::Object => None,
    }
}

/// Which types were seen.
#[derive(Debug, Default)]
struct Kinds {
    text: bool,
    /// Texts that are numbers.
    numeric_text: bool,
    number: bool,
    boolean: bool,
}

impl Kinds {
    fn add(&mut self, item: &Item) {
        match item {
            Item::Text { number: None, .. } => self.text = true,
            Item::Text { .. } => self.numeric_text = true,
            Item::Number(_) => self.number = true,
            Item::Boolean(_) => self.boolean = true,
            Item::Object => {}
        }
    }

    fn kind(&self) -> Option<FacetKind> {
        let is_numeric = self.number || self.numeric_text;
        match (self.text, is_numeric, self.boolean) {
            (false, false, false) => None,
            (true, _, false) if !self.number => Some(FacetKind::Text),
            (false, true, false) => Some(FacetKind::Number),
            (false, false, true) => Some(FacetKind::Boolean),
            _ => Some(FacetKind::Mixed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn gathered(values: &[(Value, u64)], most_values: usize) -> FacetCounts {
        let items: Vec<(Item, u64)> =
            values.iter().map(|(value, count)| (Item::of(value).unwrap(), *count)).collect();
        FacetCounts::gather(items.iter().map(|(item, count)| (item, None, *count)), 3, most_values)
    }

    #[test]
    fn the_most_frequent_values_come_first_and_equal_ones_in_order() {
        let counts = gathered(
            &[(json!("b"), 2), (json!("a"), 2), (json!("c"), 7), (json!("gone"), 0), (json!("d"), 1)],
            3,
        );
        let values: Vec<_> = counts.values.iter().map(|one| (one.value.clone(), one.count)).collect();
        assert_eq!(values, [(json!("c"), 7), (json!("a"), 2), (json!("b"), 2)]);
        assert_eq!((counts.distinct, counts.missing, counts.kind), (4, 3, Some(FacetKind::Text)));
        assert_eq!(gathered(&[(json!("a"), 1)], 0).values, []);
        assert_eq!(gathered(&[], 5).kind, None);
    }

    #[test]
    fn numbers_have_a_range_and_are_written_as_they_were() {
        let counts = gathered(&[(json!(12), 1), (json!("-0.5"), 2), (json!(1e300), 1)], 9);
        assert_eq!((counts.min, counts.max, counts.kind), (Some(-0.5), Some(1e300), Some(FacetKind::Number)));
        assert_eq!(counts.values[0].value, json!("-0.5"));
        assert_eq!((&counts.values[1].value, &counts.values[2].value), (&json!(12), &json!(1e300)));
        for (values, kind) in [
            (vec![(json!(true), 1)], FacetKind::Boolean),
            (vec![(json!("7"), 1), (json!("x"), 1)], FacetKind::Text),
            (vec![(json!(7), 1), (json!("x"), 1)], FacetKind::Mixed),
        ] {
            assert_eq!(gathered(&values, 9).kind, Some(kind));
        }
    }

    #[test]
    fn long_texts_are_counted_and_give_their_place_to_others() {
        let long = json!("x".repeat(81));
        let counts = gathered(&[(long, 9), (json!("a"), 2), (json!("b"), 1)], 2);
        let values: Vec<_> = counts.values.iter().map(|one| one.value.clone()).collect();
        assert_eq!((values, counts.distinct), (vec![json!("a"), json!("b")], 3));
    }
}
