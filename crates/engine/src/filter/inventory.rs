//! Which fields products have: their types, how many products have them, and their values as far as they can be counted.
//!
//! One pass over all products in bounded memory: values are counted up to [`MOST_DISTINCT`] of a field, fields up to
//! [`MOST_FIELDS`] of a catalog. Two values are one where no filter tells them apart.

use super::FieldPath;
use super::facets::is_shown_before;
use super::item::{Item, number_of};
use crate::catalog::Fields;
use serde::{Serialize, Serializer};
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

/// Values of a field that are counted; of a field with more it is only said that it has more.
const MOST_DISTINCT: usize = 1000;
/// Fields that are told apart. A catalog with more has ids for names.
const MOST_FIELDS: usize = 500;
/// Longer texts are counted and not shown.
const LONGEST_SHOWN_CHARS: usize = 80;
/// Examples of a field whose values are too many to count.
const EXAMPLES: usize = 3;

/// The fields of a catalog's products.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct FieldSummary {
    /// Number of products.
    pub products: u64,
    /// The fields, in the order in which they were first seen.
    pub fields: Vec<FieldFacts>,
    /// Whether there are more fields than are told apart (500).
    pub more_fields: bool,
}

/// What is known of a field.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FieldFacts {
    /// As a filter names it: `color`, `size.width`, `"screen size"`.
    pub name: String,
    /// Types of its values, each once.
    pub types: Vec<FieldType>,
    /// How many products have it.
    pub products: u64,
    /// How many different values it has; `None` for more than 1,000.
    pub distinct: Option<u64>,
    /// The least of its numbers and of its texts that read as numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// The greatest of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// Its values, those of the most products first; without long texts, and empty where they are too many to count.
    pub values: Vec<FieldValue>,
    /// Some values where there are too many to count, as they are first seen.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<Value>,
}

/// A value of a field.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FieldValue {
    /// Of a text's spellings one with both small letters and capitals, if there is one.
    pub value: Value,
    /// How many products have it.
    pub products: u64,
}

/// The type of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldType {
    /// The type itself, or that of a list's values.
    pub kind: FieldKind,
    /// Whether it stands in a list.
    pub is_listed: bool,
}

/// The type of a single value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FieldKind {
    /// Text that is no number.
    Text,
    /// Text that is a number from end to end, as in a CSV; filters compare it as both.
    NumericText,
    /// A number.
    Number,
    /// A truth value.
    Boolean,
}

impl fmt::Display for FieldType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_listed { "list of " } else { "" })?;
        f.write_str(match self.kind {
            FieldKind::Text => "text",
            FieldKind::NumericText => "numeric text",
            FieldKind::Number => "number",
            FieldKind::Boolean => "boolean",
        })
    }
}

impl Serialize for FieldType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Gathers a [`FieldSummary`], product by product.
#[derive(Debug, Default)]
pub struct Inventory {
    products: u64,
    /// Names at each level, in the order first seen.
    root: Node,
    /// Nodes made so far.
    nodes: usize,
    more_fields: bool,
}

/// A name at one level, with what stands under it.
#[derive(Debug, Default)]
struct Node {
    children: Vec<(String, Node)>,
    by_name: HashMap<String, usize>,
    seen: Seen,
}

/// What was seen of a field.
#[derive(Debug, Default)]
struct Seen {
    products: u64,
    last_product: u64,
    types: BTreeSet<FieldType>,
    min: Option<f64>,
    max: Option<f64>,
    /// By the hash of the item, so that long texts take no room; two of a thousand agree once in 10^13 catalogs.
    values: HashMap<u64, Counted>,
    /// There are more than were counted.
    is_beyond: bool,
    /// The order in which values are first seen.
    examples: Vec<Value>,
}

#[derive(Debug)]
struct Counted {
    products: u64,
    last_product: u64,
    /// Unless it is too long.
    shown: Option<Value>,
}

impl Inventory {
    /// Adds a product's fields.
    pub fn add(&mut self, fields: &Fields) {
        self.products += 1;
        let mut walk =
            Walk { product: self.products, nodes: &mut self.nodes, more_fields: &mut self.more_fields };
        fields.iter().for_each(|(name, value)| walk.field(&mut self.root, name, value, false));
    }

    /// What was gathered, with up to `most_values` values of each field.
    pub fn summary(&self, most_values: usize) -> FieldSummary {
        let mut fields = Vec::new();
        summarise(&self.root, &mut Vec::new(), most_values, &mut fields);
        FieldSummary { products: self.products, fields, more_fields: self.more_fields }
    }
}

/// One product's way through the names.
struct Walk<'i> {
    product: u64,
    nodes: &'i mut usize,
    more_fields: &'i mut bool,
}

impl Walk<'_> {
    fn field(&mut self, parent: &mut Node, name: &str, value: &Value, is_listed: bool) {
        if value.is_null() {
            return;
        }
        let at = match parent.by_name.get(name) {
            Some(at) => *at,
            None if *self.nodes >= MOST_FIELDS => {
                *self.more_fields = true;
                return;
            }
            None => {
                *self.nodes += 1;
                parent.by_name.insert(name.to_owned(), parent.children.len());
                parent.children.push((name.to_owned(), Node::default()));
                parent.children.len() - 1
            }
        };
        if let Some((_, node)) = parent.children.get_mut(at) {
            self.value(node, value, is_listed);
        }
    }

    fn value(&mut self, node: &mut Node, value: &Value, is_listed: bool) {
        match value {
            Value::Null => {}
            Value::Array(values) => values.iter().for_each(|value| self.value(node, value, true)),
            Value::Object(fields) => {
                fields.iter().for_each(|(name, value)| self.field(node, name, value, is_listed));
            }
            value => node.seen.add(self.product, value, is_listed),
        }
    }
}

impl Seen {
    fn add(&mut self, product: u64, value: &Value, is_listed: bool) {
        if self.last_product != product {
            self.last_product = product;
            self.products += 1;
        }
        let number = value.as_f64().or_else(|| number_of(value.as_str()?));
        let kind = match (value, number) {
            (Value::Bool(_), _) => FieldKind::Boolean,
            (Value::Number(_), _) => FieldKind::Number,
            (_, Some(_)) => FieldKind::NumericText,
            (_, None) => FieldKind::Text,
        };
        self.types.insert(FieldType { kind, is_listed });
        if let Some(number) = number {
            self.min = Some(self.min.map_or(number, |min| min.min(number)));
            self.max = Some(self.max.map_or(number, |max| max.max(number)));
        }
        if self.is_beyond {
            return;
        }
        let Some(item) = Item::of(value) else { return };
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(&item);
        if let Some(counted) = self.values.get_mut(&hash) {
            if counted.last_product != product {
                counted.last_product = product;
                counted.products += 1;
            }
            if let (Some(Value::String(shown)), Value::String(text)) = (&mut counted.shown, value)
                && is_shown_before(text, shown)
            {
                shown.clone_from(text);
            }
        } else if self.values.len() == MOST_DISTINCT {
            self.is_beyond = true;
            self.values = HashMap::new();
        } else {
            let is_short = |text: &str| text.chars().nth(LONGEST_SHOWN_CHARS).is_none();
            let shown = Some(value).filter(|value| value.as_str().is_none_or(is_short)).cloned();
            if self.examples.len() < EXAMPLES {
                self.examples.extend(shown.clone());
            }
            self.values.insert(hash, Counted { products: 1, last_product: product, shown });
        }
    }

    fn facts(&self, name: String, most_values: usize) -> FieldFacts {
        let mut values: Vec<FieldValue> = self
            .values
            .values()
            .filter_map(|counted| {
                Some(FieldValue { value: counted.shown.clone()?, products: counted.products })
            })
            .collect();
        values.sort_by_cached_key(|one| (std::cmp::Reverse(one.products), one.value.to_string()));
        values.truncate(most_values);
        FieldFacts {
            name,
            types: self.types.iter().copied().collect(),
            products: self.products,
            distinct: (!self.is_beyond).then_some(self.values.len() as u64),
            min: self.min,
            max: self.max,
            values,
            examples: if self.is_beyond { self.examples.clone() } else { Vec::new() },
        }
    }
}

fn summarise(node: &Node, path: &mut Vec<String>, most_values: usize, found: &mut Vec<FieldFacts>) {
    for (name, child) in &node.children {
        path.push(name.clone());
        if child.seen.products > 0 {
            found.push(child.seen.facts(FieldPath(path.clone()).to_string(), most_values));
        }
        summarise(child, path, most_values, found);
        path.pop();
    }
}
