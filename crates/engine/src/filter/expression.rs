//! A filter as data: what stores translate, and how it is written out again.

use super::FilterError;
use super::item::is_number;
use super::parse::{self, is_reserved, is_word_character};
use std::cmp::Ordering;
use std::fmt::{self, Write};
use std::str::FromStr;

/// Which products a search may answer with. Made by [`Filter::parse`] alone, so that its size and depth are bounded
/// ([`MOST_BYTES`](super::MOST_BYTES), [`DEEPEST`](super::DEEPEST), [`MOST_TERMS`](super::MOST_TERMS)).
///
/// Written out, it is a text that parses to an equal filter: in lower case, with `!=` as `not … =`.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    pub(super) expression: Expression,
}

impl Filter {
    /// Reads a filter; the grammar is in `docs/filters.md`.
    ///
    /// # Errors
    /// When `text` is none, with the place.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        Ok(Self { expression: parse::expression(text)? })
    }

    /// What a store translates.
    pub fn expression(&self) -> &Expression {
        &self.expression
    }

    /// The fields it asks about, each once.
    pub fn fields(&self) -> Vec<&FieldPath> {
        fn gather<'f>(expression: &'f Expression, found: &mut Vec<&'f FieldPath>) {
            match expression {
                Expression::All(parts) | Expression::Any(parts) => {
                    parts.iter().for_each(|part| gather(part, found));
                }
                Expression::Not(part) => gather(part, found),
                Expression::Condition(Condition { field, .. }) => found.push(field),
            }
        }
        let mut found = Vec::new();
        gather(&self.expression, &mut found);
        found.sort_unstable();
        found.dedup();
        found
    }
}

impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        Self::parse(text)
    }
}

/// What a filter says.
#[derive(Debug, Clone, PartialEq)]
pub enum Expression {
    /// `and`: two or more, all of which must hold.
    All(Vec<Expression>),
    /// `or`: two or more, any of which must hold.
    Any(Vec<Expression>),
    /// `not`: it must not hold. A comparison with a field that is not there does not hold, so its `not` does.
    Not(Box<Expression>),
    /// Something asked of one field.
    Condition(Condition),
}

/// Something asked of one field: it holds when `test` holds of any [`Item`](super::Item) that `field` reaches.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// Which field.
    pub field: FieldPath,
    /// What is asked.
    pub test: Test,
}

/// What is asked of a field's values. Texts here are in lower case and compared with values in lower case.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// `has(field)`: there is a value other than null.
    Present,
    /// `=` and `in`: equal to any of these, one or more, ascending and different.
    OneOf(Vec<Literal>),
    /// `<`, `<=`, `>`, `>=`.
    Order(Order, Bound),
    /// `^=`: a text that begins so.
    Prefix(Box<str>),
}

/// A value that fields are compared with.
#[derive(Debug, Clone)]
pub enum Literal {
    /// Equal to booleans, and to the texts `true` or `false`.
    Boolean(bool),
    /// Equal to numbers, and to texts that are a number from end to end. Finite; compared as 64-bit floats.
    Number(f64),
    /// Equal to texts.
    Text(Box<str>),
}

/// What values are ordered by.
#[derive(Debug, Clone, PartialEq)]
pub enum Bound {
    /// Numbers and texts that are a number from end to end, by size.
    Number(f64),
    /// Texts, by code points.
    Text(Box<str>),
}

/// How a value stands to a [`Bound`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    More,
    /// `>=`
    AtLeast,
}

/// Which field: names from the outside in, at least one. Each step goes into an object, through any lists on the way.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FieldPath(pub(super) Vec<String>);

impl FieldPath {
    /// The names, from the outside in.
    pub fn names(&self) -> &[String] {
        &self.0
    }

    /// Reads fields as filters name them, separated by commas: `color, size.width, "screen, inches"`; one to
    /// [`MOST_FIELDS`](super::MOST_FIELDS) different ones, each taken once.
    ///
    /// # Errors
    /// When `text` is no such list, with the place.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, FilterError> {
        parse::fields(text)
    }
}

impl PartialEq for Literal {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Literal {}

impl PartialOrd for Literal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Literal {
    /// Booleans, then numbers by size, then texts by code points.
    fn cmp(&self, other: &Self) -> Ordering {
        let kind = |literal: &Self| match literal {
            Self::Boolean(_) => 0,
            Self::Number(_) => 1,
            Self::Text(_) => 2,
        };
        match (self, other) {
            (Self::Boolean(a), Self::Boolean(b)) => a.cmp(b),
            (Self::Number(a), Self::Number(b)) => a.total_cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            _ => kind(self).cmp(&kind(other)),
        }
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expression.fmt(f)
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joined =
            |f: &mut fmt::Formatter<'_>, parts: &[Self], word: &str, is_tighter: fn(&Self) -> bool| {
                for (number, part) in parts.iter().enumerate() {
                    if number > 0 {
                        write!(f, " {word} ")?;
                    }
                    if is_tighter(part) { write!(f, "{part}")? } else { write!(f, "({part})")? }
                }
                Ok(())
            };
        match self {
            Self::All(parts) => {
                joined(f, parts, "and", |part| matches!(part, Self::Not(_) | Self::Condition(_)))
            }
            Self::Any(parts) => joined(f, parts, "or", |part| !matches!(part, Self::Any(_))),
            Self::Not(part) if matches!(**part, Self::All(_) | Self::Any(_)) => write!(f, "not ({part})"),
            Self::Not(part) => write!(f, "not {part}"),
            Self::Condition(condition) => condition.fmt(f),
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { field, test } = self;
        match test {
            Test::Present => write!(f, "has({field})"),
            Test::OneOf(literals) => match &literals[..] {
                [literal] => write!(f, "{field} = {literal}"),
                literals => {
                    let literals: Vec<String> = literals.iter().map(ToString::to_string).collect();
                    write!(f, "{field} in ({})", literals.join(", "))
                }
            },
            Test::Order(order, Bound::Number(bound)) => write!(f, "{field} {order} {}", Number(*bound)),
            Test::Order(order, Bound::Text(bound)) => write!(f, "{field} {order} {}", Quoted(bound)),
            Test::Prefix(prefix) => write!(f, "{field} ^= {}", Quoted(prefix)),
        }
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::More => ">",
            Self::AtLeast => ">=",
        })
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean(value) => write!(f, "{value}"),
            Self::Number(number) => Number(*number).fmt(f),
            Self::Text(text) => {
                let means_itself = !text.is_empty()
                    && text.chars().all(is_word_character)
                    && !is_number(text)
                    && !matches!(&**text, "true" | "false");
                if means_itself { f.write_str(text) } else { Quoted(text).fmt(f) }
            }
        }
    }
}

impl fmt::Display for FieldPath {
    /// As a filter names it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, name) in self.0.iter().enumerate() {
            if number > 0 {
                f.write_char('.')?;
            }
            let means_itself = !name.is_empty()
                && name.chars().all(|c| is_word_character(c) && c != '.')
                && !is_reserved(name);
            if means_itself { f.write_str(name)? } else { Quoted(name).fmt(f)? }
        }
        Ok(())
    }
}

/// A number in as few digits as bring it back.
struct Number(f64);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.0.abs();
        if size != 0.0 && !(1e-6..1e16).contains(&size) {
            write!(f, "{:e}", self.0)
        } else {
            write!(f, "{}", self.0)
        }
    }
}

/// A text in quotes.
struct Quoted<'t>(&'t str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for c in self.0.chars() {
            match c {
                '"' | '\\' => write!(f, "\\{c}")?,
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                c if c.is_control() => write!(f, "\\u{{{:x}}}", u32::from(c))?,
                c => f.write_char(c)?,
            }
        }
        f.write_char('"')
    }
}
