//! From text to [`Expression`]: recursive descent, a function for each rule of the grammar in `docs/filters.md`.
//!
//! Nothing is repaired or guessed. Whatever is wrong is told with its place and what could have stood there.

use super::FilterError;
use super::expression::{Bound, Condition, Expression, FieldPath, Literal, Order, Test};
use super::item::{folded, is_number, number_of};
use std::collections::BTreeSet;

/// Longest filter, in bytes.
pub const MOST_BYTES: usize = 16 * 1024;
/// How deep parentheses and `not` may nest.
pub const DEEPEST: usize = 32;
/// Most different fields in a filter: a store may have to read each of all products.
pub const MOST_FIELDS: usize = 32;
/// Most conditions in a filter, each further value of a list counted as one.
pub const MOST_TERMS: usize = 512;

const FIELD: &str = "a field, `not`, `has(` or `(`";
const OPERATOR: &str = "`=`, `!=`, `<`, `<=`, `>`, `>=`, `^=`, `in` or `not in`";
const VALUE: &str = "a value (in quotes, where it holds more than letters, digits and a few signs)";

/// Reads a whole filter.
pub(super) fn expression(text: &str) -> Result<Expression, FilterError> {
    if text.len() > MOST_BYTES {
        return Err(FilterError::TooLong { bytes: text.len() });
    }
    let mut parser = Parser { text, at: 0, terms: 0, fields: BTreeSet::new() };
    let expression = parser.any(0)?;
    parser.skip_blanks();
    if parser.rest().is_empty() {
        return Ok(expression);
    }
    Err(parser.expected("`and`, `or` or the end (text with blanks is put in quotes)"))
}

/// fields = field { "," field }
pub(super) fn fields(text: &str) -> Result<Vec<FieldPath>, FilterError> {
    if text.len() > MOST_BYTES {
        return Err(FilterError::TooLong { bytes: text.len() });
    }
    let mut parser = Parser { text, at: 0, terms: 0, fields: BTreeSet::new() };
    let mut found: Vec<FieldPath> = Vec::new();
    loop {
        parser.skip_blanks();
        let field =
            parser.field("a field (one named like a word of filters, or with blanks, is put in quotes)")?;
        if !found.contains(&field) {
            found.push(field);
        }
        if !parser.take(",") {
            break;
        }
    }
    if parser.rest().is_empty() { Ok(found) } else { Err(parser.expected("`,` or the end")) }
}

/// Whether a character may stand in a text without quotes.
pub(super) fn is_word_character(c: char) -> bool {
    if c.is_ascii() {
        c.is_ascii_alphanumeric() || "_-+./:@#%$&".contains(c)
    } else {
        !c.is_whitespace() && !c.is_control()
    }
}

/// Words of the grammar that name no field unless they are in quotes.
pub(super) fn is_reserved(word: &str) -> bool {
    ["and", "or", "not", "in", "has"].iter().any(|reserved| word.eq_ignore_ascii_case(reserved))
}

struct Parser<'t> {
    text: &'t str,
    /// In bytes, between two characters.
    at: usize,
    /// Conditions and values so far.
    terms: usize,
    /// Fields so far.
    fields: BTreeSet<FieldPath>,
}

impl<'t> Parser<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn skip_blanks(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    /// Takes `sign` if it is next.
    fn take(&mut self, sign: &str) -> bool {
        self.skip_blanks();
        let is_next = self.rest().starts_with(sign);
        self.at += if is_next { sign.len() } else { 0 };
        is_next
    }

    /// The characters from here on that need no quotes.
    fn word(&self, is_part: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        rest.split_at(rest.find(|c| !is_part(c)).unwrap_or(rest.len())).0
    }

    /// Takes a word of the grammar if it is next, in upper or lower case.
    fn take_word(&mut self, word: &str) -> bool {
        self.skip_blanks();
        let is_next = self.word(is_word_character).eq_ignore_ascii_case(word);
        self.at += if is_next { word.len() } else { 0 };
        is_next
    }

    /// `at` in characters.
    fn offset(&self, at: usize) -> usize {
        self.text.get(..at).unwrap_or(self.text).chars().count()
    }

    fn expected(&self, expected: &'static str) -> FilterError {
        const LONGEST_SHOWN: usize = 20;
        let next = match self.word(is_word_character) {
            "" => self.rest().chars().take(1).collect(),
            word if word.chars().count() > LONGEST_SHOWN => {
                word.chars().take(LONGEST_SHOWN).chain("...".chars()).collect()
            }
            word => word.to_owned(),
        };
        let found = match &*next {
            "" => "the end".to_owned(),
            "`" => "a backquote".to_owned(),
            next => format!("`{}`", next.escape_debug()),
        };
        FilterError::Expected { offset: self.offset(self.at), expected, found }
    }

    /// any = all { "or" all }
    fn any(&mut self, depth: usize) -> Result<Expression, FilterError> {
        let first = self.all(depth)?;
        let mut parts = vec![first];
        while self.take_word("or") {
            parts.push(self.all(depth)?);
        }
        Ok(alone(parts, Expression::Any))
    }

    /// all = one { "and" one }
    fn all(&mut self, depth: usize) -> Result<Expression, FilterError> {
        let mut parts = vec![self.one(depth)?];
        while self.take_word("and") {
            parts.push(self.one(depth)?);
        }
        Ok(alone(parts, Expression::All))
    }

    /// one = "not" one | "(" any ")" | "has" "(" field ")" | comparison
    fn one(&mut self, depth: usize) -> Result<Expression, FilterError> {
        self.skip_blanks();
        if depth > DEEPEST {
            return Err(FilterError::TooDeep { offset: self.offset(self.at) });
        }
        if self.take_word("not") {
            return Ok(Expression::Not(Box::new(self.one(depth + 1)?)));
        }
        if self.take("(") {
            let inner = self.any(depth + 1)?;
            return if self.take(")") { Ok(inner) } else { Err(self.expected("`and`, `or` or `)`")) };
        }
        self.count_term()?;
        if self.take_word("has") {
            if !self.take("(") {
                return Err(self.expected("`(` and a field (a field of that name is put in quotes)"));
            }
            self.skip_blanks();
            let field = self.field("a field")?;
            if !self.take(")") {
                return Err(self.expected("`)`"));
            }
            return Ok(Expression::Condition(Condition { field, test: Test::Present }));
        }
        self.comparison()
    }

    /// comparison = field ( operator value | [ "not" ] "in" "(" value { "," value } ")" )
    fn comparison(&mut self) -> Result<Expression, FilterError> {
        let field = self.field(FIELD)?;
        self.skip_blanks();
        let start = self.at;
        let is_negated = self.take_word("not");
        if self.take_word("in") {
            let condition = Expression::Condition(Condition { field, test: self.list()? });
            return Ok(if is_negated { Expression::Not(Box::new(condition)) } else { condition });
        }
        self.at = start;
        // The longer sign before the one it begins with.
        let signs = ["!=", "<=", ">=", "^=", "=", "<", ">"];
        let Some(sign) = signs.into_iter().find(|sign| self.take(sign)) else {
            return Err(self.expected(OPERATOR));
        };
        self.skip_blanks();
        let test = match sign {
            "^=" => Test::Prefix(self.spelling()?.0),
            "=" | "!=" => Test::OneOf(vec![self.literal()?]),
            "<" => Test::Order(Order::Less, self.bound()?),
            "<=" => Test::Order(Order::AtMost, self.bound()?),
            ">" => Test::Order(Order::More, self.bound()?),
            _ => Test::Order(Order::AtLeast, self.bound()?),
        };
        let condition = Expression::Condition(Condition { field, test });
        Ok(if sign == "!=" { Expression::Not(Box::new(condition)) } else { condition })
    }

    fn list(&mut self) -> Result<Test, FilterError> {
        if !self.take("(") {
            return Err(self.expected("`(` and values"));
        }
        let mut literals = Vec::new();
        loop {
            self.skip_blanks();
            if !literals.is_empty() {
                self.count_term()?;
            }
            literals.push(self.literal()?);
            if self.take(")") {
                break;
            }
            if !self.take(",") {
                return Err(self.expected("`,` or `)` (text with blanks is put in quotes)"));
            }
        }
        literals.sort_unstable();
        literals.dedup();
        Ok(Test::OneOf(literals))
    }

    /// field = name { "." name }, without blanks
    fn field(&mut self, expected: &'static str) -> Result<FieldPath, FilterError> {
        let start = self.at;
        let mut names = Vec::new();
        loop {
            let name = match self.quoted()? {
                Some(text) => text,
                None => match self.word(|c| is_word_character(c) && c != '.') {
                    "" => {
                        return Err(self.expected(if names.is_empty() {
                            expected
                        } else {
                            "a field's name"
                        }));
                    }
                    word if is_reserved(word) => return Err(self.expected(expected)),
                    word => {
                        self.at += word.len();
                        word.to_owned()
                    }
                },
            };
            names.push(name);
            if !self.rest().starts_with('.') {
                let field = FieldPath(names);
                self.fields.insert(field.clone());
                return if self.fields.len() > MOST_FIELDS {
                    Err(FilterError::TooManyFields { offset: self.offset(start) })
                } else {
                    Ok(field)
                };
            }
            self.at += 1;
        }
    }

    /// A value with its spelling in lower case, and whether it stood in quotes.
    fn spelling(&mut self) -> Result<(Box<str>, bool), FilterError> {
        if let Some(text) = self.quoted()? {
            return Ok((folded(&text), true));
        }
        match self.word(is_word_character) {
            "" => Err(self.expected(VALUE)),
            word => {
                self.at += word.len();
                Ok((folded(word), false))
            }
        }
    }

    fn literal(&mut self) -> Result<Literal, FilterError> {
        let start = self.at;
        let (text, is_quoted) = self.spelling()?;
        Ok(match &*text {
            _ if is_quoted => Literal::Text(text),
            "true" => Literal::Boolean(true),
            "false" => Literal::Boolean(false),
            word if is_number(word) => Literal::Number(self.number(word, start)?),
            _ => Literal::Text(text),
        })
    }

    fn bound(&mut self) -> Result<Bound, FilterError> {
        let start = self.at;
        let (text, is_quoted) = self.spelling()?;
        match &*text {
            _ if is_quoted => Ok(Bound::Text(text)),
            word if is_number(word) => Ok(Bound::Number(self.number(word, start)?)),
            _ => {
                self.at = start;
                Err(self.expected("a number, or text in quotes"))
            }
        }
    }

    fn number(&self, word: &str, start: usize) -> Result<f64, FilterError> {
        number_of(word).ok_or_else(|| FilterError::OutOfRange { offset: self.offset(start) })
    }

    /// Takes a text in quotes if it is next.
    fn quoted(&mut self) -> Result<Option<String>, FilterError> {
        let start = self.at;
        let Some(quote) = self.rest().chars().next().filter(|c| matches!(c, '"' | '\'')) else {
            return Ok(None);
        };
        self.at += 1;
        let mut text = String::new();
        loop {
            let Some(c) = self.rest().chars().next() else {
                return Err(FilterError::Unclosed { offset: self.offset(start), quote });
            };
            match c {
                '\\' => text.push(self.escaped()?),
                c => {
                    self.at += c.len_utf8();
                    if c == quote {
                        return Ok(Some(text));
                    }
                    text.push(c);
                }
            }
        }
    }

    /// Takes a backslash and what it gives a meaning to.
    fn escaped(&mut self) -> Result<char, FilterError> {
        let unknown = FilterError::Escape { offset: self.offset(self.at) };
        let (c, length) = match self.rest().chars().nth(1) {
            Some(c @ ('\\' | '"' | '\'')) => (c, 2),
            Some('n') => ('\n', 2),
            Some('r') => ('\r', 2),
            Some('t') => ('\t', 2),
            Some('u') => {
                let digits = self.rest().strip_prefix("\\u{").and_then(|rest| Some(rest.split_once('}')?.0));
                let digits = digits.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
                let c = digits.and_then(|digits| char::from_u32(u32::from_str_radix(digits, 16).ok()?));
                (c.ok_or_else(|| unknown.clone())?, digits.map_or(0, str::len) + 4)
            }
            _ => return Err(unknown),
        };
        self.at += length;
        Ok(c)
    }

    fn count_term(&mut self) -> Result<(), FilterError> {
        self.terms += 1;
        if self.terms > MOST_TERMS {
            return Err(FilterError::TooMany { offset: self.offset(self.at) });
        }
        Ok(())
    }
}

/// The only part, or all of them joined.
fn alone(mut parts: Vec<Expression>, join: fn(Vec<Expression>) -> Expression) -> Expression {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        last => {
            parts.extend(last);
            join(parts)
        }
    }
}
