//! What is compared: the values a field path reaches in a product, and whether a condition holds of one.
//!
//! Text is folded before it is compared: each character to its lower case, by Unicode, whatever the language. Accents are
//! kept, and so is the difference between composed and decomposed letters.

use super::expression::{Bound, Condition, Expression, Filter, Literal, Order, Test};
use crate::catalog::Fields;
use serde_json::Value;
use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

/// A value that a field path reaches, as conditions see it.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// Text.
    Text {
        /// In lower case.
        folded: Box<str>,
        /// The number it reads as, where it is one from end to end.
        number: Option<f64>,
    },
    /// A number, as a 64-bit float.
    Number(f64),
    /// A truth value.
    Boolean(bool),
    /// An object with something in it. Only [`Test::Present`] holds of it.
    Object,
}

impl Eq for Item {}

impl Hash for Item {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::mem::discriminant(self).hash(state);
        match self {
            Self::Text { folded, .. } => folded.hash(state),
            Self::Number(number) => number.to_bits().hash(state),
            Self::Boolean(value) => value.hash(state),
            Self::Object => {}
        }
    }
}

impl Item {
    /// The item of a JSON value; none of null, of a list, and of an object with nothing in it.
    pub fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Null | Value::Array(_) => None,
            Value::Bool(value) => Some(Self::Boolean(*value)),
            Value::Number(number) => number.as_f64().map(Self::number),
            Value::String(text) => Some(Self::Text { folded: folded(text), number: number_of(text) }),
            Value::Object(_) => holds_anything(value).then_some(Self::Object),
        }
    }

    /// Negative zero is zero, so that equal numbers have equal bits.
    fn number(number: f64) -> Self {
        Self::Number(number + 0.0)
    }

    /// Texts by code points in lower case, numbers by size, and texts after all others.
    pub(super) fn in_order(&self, other: &Self) -> Ordering {
        let kind = |item: &Self| match item {
            Self::Boolean(_) => 0,
            Self::Number(_) => 1,
            Self::Text { .. } => 2,
            Self::Object => 3,
        };
        match (self, other) {
            (Self::Boolean(a), Self::Boolean(b)) => a.cmp(b),
            (Self::Number(a), Self::Number(b)) => a.total_cmp(b),
            (Self::Text { folded: a, .. }, Self::Text { folded: b, .. }) => a.cmp(b),
            _ => kind(self).cmp(&kind(other)),
        }
    }

    /// The number that this is or reads as.
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text { number, .. } => *number,
            Self::Boolean(_) | Self::Object => None,
        }
    }
}

fn holds_anything(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Array(values) => values.iter().any(holds_anything),
        Value::Object(fields) => fields.values().any(holds_anything),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

/// Every character in lower case.
pub(super) fn folded(text: &str) -> Box<str> {
    if text.is_ascii() {
        return text.to_ascii_lowercase().into();
    }
    text.chars().flat_map(char::to_lowercase).collect::<String>().into()
}

/// The number that a text is from end to end, written as JSON writes numbers: no blanks, no leading zeros or plus sign,
/// nothing beyond what a 64-bit float can hold.
pub(super) fn number_of(text: &str) -> Option<f64> {
    if !is_number(text) {
        return None;
    }
    text.parse().ok().filter(|number: &f64| number.is_finite()).map(|number| number + 0.0)
}

/// Whether a text is written as JSON writes numbers.
pub(super) fn is_number(text: &str) -> bool {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, mut rest) = unsigned.split_at(digits(unsigned));
    if whole.is_empty() || (whole.len() > 1 && whole.starts_with('0')) {
        return false;
    }
    if let Some(fraction) = rest.strip_prefix('.') {
        let count = digits(fraction);
        rest = fraction.split_at(count).1;
        if count == 0 {
            return false;
        }
    }
    if let Some(exponent) = rest.strip_prefix(['e', 'E']) {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        return !exponent.is_empty() && digits(exponent) == exponent.len();
    }
    rest.is_empty()
}

/// Hands every item that `path` reaches from `value`, and the value it is of, to `each`. Lists are looked into wherever they stand.
pub(crate) fn reach<'v>(value: &'v Value, path: &[String], each: &mut dyn FnMut(Item, &'v Value)) {
    match (value, path) {
        (Value::Array(values), _) => values.iter().for_each(|value| reach(value, path, each)),
        (Value::Object(fields), [name, rest @ ..]) => {
            if let Some(value) = fields.get(name) {
                reach(value, rest, each);
            }
        }
        (_, [_, ..]) => {}
        (value, []) => {
            if let Some(item) = Item::of(value) {
                each(item, value);
            }
        }
    }
}

/// Whether a text is among literals, which are in order: texts after all others.
fn lists_text(literals: &[Literal], folded: &str) -> bool {
    let compare = |literal: &Literal| match literal {
        Literal::Text(text) => (**text).cmp(folded),
        Literal::Boolean(_) | Literal::Number(_) => Ordering::Less,
    };
    literals.binary_search_by(compare).is_ok()
}

impl Test {
    /// Whether this holds of an item.
    pub fn holds(&self, item: &Item) -> bool {
        match self {
            Self::Present => true,
            Self::OneOf(literals) => match item {
                Item::Text { folded, number } => {
                    lists_text(literals, folded)
                        || number
                            .is_some_and(|number| literals.binary_search(&Literal::Number(number)).is_ok())
                        || (matches!(&**folded, "true" | "false")
                            && literals.binary_search(&Literal::Boolean(&**folded == "true")).is_ok())
                }
                Item::Number(number) => literals.binary_search(&Literal::Number(*number)).is_ok(),
                Item::Boolean(value) => literals.binary_search(&Literal::Boolean(*value)).is_ok(),
                Item::Object => false,
            },
            Self::Order(order, Bound::Number(bound)) => {
                item.as_number().is_some_and(|number| order.holds(number.total_cmp(bound)))
            }
            Self::Order(order, Bound::Text(bound)) => {
                matches!(item, Item::Text { folded, .. } if order.holds(folded.cmp(bound)))
            }
            Self::Prefix(prefix) => {
                matches!(item, Item::Text { folded, .. } if folded.starts_with(&**prefix))
            }
        }
    }
}

impl Order {
    fn holds(self, found: Ordering) -> bool {
        match self {
            Self::Less => found.is_lt(),
            Self::AtMost => found.is_le(),
            Self::More => found.is_gt(),
            Self::AtLeast => found.is_ge(),
        }
    }
}

impl Condition {
    /// Whether the test holds of any item that the field reaches.
    fn matches(&self, fields: &Fields) -> bool {
        let [first, rest @ ..] = self.field.names() else { return false };
        let Some(value) = fields.get(first) else { return false };
        let mut holds = false;
        reach(value, rest, &mut |item, _| holds = holds || self.test.holds(&item));
        holds
    }
}

impl Filter {
    /// Whether a product with these fields is let through: what a filter means, which every store's answer must equal.
    pub fn matches(&self, fields: &Fields) -> bool {
        matches(self.expression(), fields)
    }
}

fn matches(expression: &Expression, fields: &Fields) -> bool {
    match expression {
        Expression::All(parts) => parts.iter().all(|part| matches(part, fields)),
        Expression::Any(parts) => parts.iter().any(|part| matches(part, fields)),
        Expression::Not(part) => !matches(part, fields),
        Expression::Condition(condition) => condition.matches(fields),
    }
}
