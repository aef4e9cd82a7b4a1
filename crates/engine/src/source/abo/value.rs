//! A listing's JSON, borrowed from its line.
//!
//! Most of a line is texts in languages that are not taken, so nothing is copied that has no escapes in it. Only the shape
//! is known here; what the names mean, `listing` says.

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value};
use std::borrow::Cow;
use std::fmt;

/// A text, borrowed unless it has escapes in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Str<'a>(pub(super) Cow<'a, str>);

impl<'de> Deserialize<'de> for Str<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Str<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Str(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Str(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

/// What a name in a listing stands for.
#[derive(Debug)]
pub(super) enum Attribute<'a> {
    Text(Cow<'a, str>),
    Number(Number),
    /// Null, true, false.
    Void,
    List(Vec<Attribute<'a>>),
    Object(Vec<(Str<'a>, Attribute<'a>)>),
}

impl<'a> Attribute<'a> {
    /// As a field has it; lists and objects are not to be met here.
    pub(super) fn scalar(&self) -> Option<Value> {
        match self {
            Self::Text(text) if !text.trim().is_empty() => Some(Value::String(text.trim().to_owned())),
            Self::Number(number) => Some(Value::Number(number.clone())),
            _ => None,
        }
    }

    pub(super) fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text.trim()).filter(|text| !text.is_empty()) } else { None }
    }

    pub(super) fn list(&self) -> &[Attribute<'a>] {
        if let Self::List(list) = self { list } else { &[] }
    }

    /// The value of `name`, if this is an object that has it.
    pub(super) fn get(&self, name: &str) -> Option<&Attribute<'a>> {
        let Self::Object(pairs) = self else { return None };
        pairs.iter().find(|(key, _)| key.0 == name).map(|(_, value)| value)
    }
}

impl<'de> Deserialize<'de> for Attribute<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Attribute<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Attribute::Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Attribute::Text(Cow::Owned(text.to_owned())))
            }
            fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
                Ok(Attribute::Number(number.into()))
            }
            fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
                Ok(Attribute::Number(number.into()))
            }
            fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
                Ok(Number::from_f64(number).map_or(Attribute::Void, Attribute::Number))
            }
            fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
                Ok(Attribute::Void)
            }
            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Attribute::Void)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
                let mut list = Vec::new();
                while let Some(element) = elements.next_element()? {
                    list.push(element);
                }
                Ok(Attribute::List(list))
            }
            fn visit_map<A: MapAccess<'de>>(self, pairs: A) -> Result<Self::Value, A::Error> {
                object(pairs).map(Attribute::Object)
            }
        }
        deserializer.deserialize_any(Any)
    }
}

fn object<'de, A: MapAccess<'de>>(mut pairs: A) -> Result<Vec<(Str<'de>, Attribute<'de>)>, A::Error> {
    // Two or three in most: a language and a value.
    let mut object = Vec::with_capacity(3);
    while let Some(pair) = pairs.next_entry()? {
        object.push(pair);
    }
    Ok(object)
}

/// A whole line.
pub(super) struct Line<'a>(pub(super) Vec<(Str<'a>, Attribute<'a>)>);

impl<'de> Deserialize<'de> for Line<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Line<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }
            fn visit_map<A: MapAccess<'de>>(self, pairs: A) -> Result<Self::Value, A::Error> {
                object(pairs).map(Line)
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

/// Whether a line of JSON looks like a listing: told by three of its names, whatever comes after them.
pub(super) fn is_listing(line: &[u8]) -> bool {
    let has = |name: &[u8]| line.windows(name.len()).any(|part| part == name);
    let complete = serde_json::from_slice::<IgnoredAny>(line).is_ok() || line.len() >= 32 << 10;
    complete
        && has(b"\"item_id\"")
        && has(b"\"domain_name\"")
        && (has(b"\"main_image_id\"") || has(b"\"marketplace\""))
}
