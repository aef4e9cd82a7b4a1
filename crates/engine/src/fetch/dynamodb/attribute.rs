//! DynamoDB's typed values as JSON:
//! <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html>.

use serde_json::{Map, Number, Value};

/// The JSON of an item.
///
/// # Errors
/// A fragment that says which attribute is none.
pub(super) fn item(attributes: Map<String, Value>) -> Result<Map<String, Value>, String> {
    let plain = attributes.into_iter().map(|(name, value)| {
        let value =
            plain(value).ok_or_else(|| format!("has an attribute `{name}` of a type that is not known"))?;
        Ok((name, value))
    });
    plain.collect()
}

/// `{"S": "x"}` as `"x"`: texts, numbers, truth values and null as they are, binary as base64, sets and lists as arrays.
fn plain(typed: Value) -> Option<Value> {
    let Value::Object(typed) = typed else { return None };
    let (kind, value) = typed.into_iter().next()?;
    match (kind.as_str(), value) {
        ("S" | "B", value @ Value::String(_)) | ("BOOL", value @ Value::Bool(_)) => Some(value),
        ("N", Value::String(digits)) => Some(number(digits)),
        ("NULL", _) => Some(Value::Null),
        ("SS" | "BS", value @ Value::Array(_)) => Some(value),
        ("NS", Value::Array(numbers)) => numbers
            .into_iter()
            .map(|digits| digits.as_str().map(|digits| number(digits.to_owned())))
            .collect::<Option<_>>()
            .map(Value::Array),
        ("L", Value::Array(values)) => values.into_iter().map(plain).collect::<Option<_>>().map(Value::Array),
        ("M", Value::Object(values)) => {
            let values = values.into_iter().map(|(name, value)| Some((name, plain(value)?)));
            values.collect::<Option<_>>().map(Value::Object)
        }
        _ => None,
    }
}

/// Numbers have up to 38 digits; one that JSON's readers would round stays text.
fn number(digits: String) -> Value {
    if let Ok(whole) = digits.parse::<i64>() {
        return whole.into();
    }
    let significant = digits.bytes().filter(u8::is_ascii_digit).count();
    match digits.parse::<f64>().ok().and_then(Number::from_f64) {
        // Any decimal of 15 digits comes back from a double.
        Some(number) if significant <= 15 => Value::Number(number),
        _ => Value::String(digits),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_type_has_its_json() {
        let typed = json!({
            "s": {"S": "Mug"}, "n": {"N": "42"}, "f": {"N": "-1.5e-3"}, "t": {"BOOL": true}, "z": {"NULL": true},
            "b": {"B": "AAEC"}, "ss": {"SS": ["a", "b"]}, "ns": {"NS": ["1", "2.5"]}, "bs": {"BS": ["AA=="]},
            "l": {"L": [{"S": "x"}, {"N": "1"}]}, "m": {"M": {"deep": {"L": [{"M": {"a": {"N": "7"}}}]}}},
            "long": {"N": "12345678901234567890123456789012345678"},
        });
        let Value::Object(typed) = typed else { unreachable!() };
        let expected = json!({
            "s": "Mug", "n": 42, "f": -0.0015, "t": true, "z": null, "b": "AAEC", "ss": ["a", "b"], "ns": [1, 2.5],
            "bs": ["AA=="], "l": ["x", 1], "m": {"deep": [{"a": 7}]},
            "long": "12345678901234567890123456789012345678",
        });
        assert_eq!(Value::Object(item(typed).unwrap()), expected);
        for wrong in
            [json!({"a": {"X": "y"}}), json!({"a": "plain"}), json!({"a": {"N": 7}}), json!({"a": {}})]
        {
            let Value::Object(wrong) = wrong else { unreachable!() };
            assert!(item(wrong).unwrap_err().contains("`a`"));
        }
    }
}
