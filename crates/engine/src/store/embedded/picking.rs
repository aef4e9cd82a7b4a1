//! Some fields out of a product's JSON, without making values of the others.
//!
//! A column is filled from the JSON of every product, of which it needs one field; reading past the others takes a
//! fraction of the time that making them takes.

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use std::fmt;

/// The values of the outermost fields `names` in a JSON object, in that order; `None` for what it has not.
///
/// # Errors
/// When `json` is no JSON object.
pub(super) fn pick(json: &str, names: &[&str]) -> serde_json::Result<Vec<Option<Value>>> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let picked = deserializer.deserialize_map(Picking { names })?;
    deserializer.end()?;
    Ok(picked)
}

struct Picking<'n> {
    names: &'n [&'n str],
}

impl<'de> Visitor<'de> for Picking<'_> {
    type Value = Vec<Option<Value>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut picked = vec![None; self.names.len()];
        while let Some(wanted) = map.next_key_seed(Name { names: self.names })? {
            match wanted.and_then(|at| picked.get_mut(at)) {
                Some(place) => *place = Some(map.next_value()?),
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(picked)
    }
}

/// A field's name, as its place among those wanted.
struct Name<'n> {
    names: &'n [&'n str],
}

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field's name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.names.iter().position(|wanted| *wanted == name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_picked_is_what_reading_everything_gives() {
        let json = json!({"a": 1, "b": [{"a": 2}], "é\n\"": "x", "c": {"a": null}, "d": null}).to_string();
        let names = ["c", "a", "é\n\"", "gone", "d"];
        let expected = [Some(json!({"a": null})), Some(json!(1)), Some(json!("x")), None, Some(json!(null))];
        assert_eq!(pick(&json, &names).unwrap(), expected);
        for damaged in ["", "[1]", "{\"a\":1", "{\"a\":1}x", "5"] {
            assert!(pick(damaged, &names).is_err(), "{damaged}");
        }
    }
}
