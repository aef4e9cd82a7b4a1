//! `look-1` in the list of models: part of the program, and so neither pulled nor added nor removed.

use super::models::{HEAD, megabytes};
use lookalike_vision::look;
use serde_json::{Value, json};

/// What its card says in full.
const TRAINED_ON: &str = "photos of clothes, fruit and vegetables in shops, cartons and a shop's studio photos, and drawn \
                          products; no weights of others";
const MADE_FOR: &str =
    "finding a picture again after it was edited, and other photos of the same product; not for people";
const CARD: &str = "training/CARD.md in the source of this program";

/// Its line in the table.
pub(super) fn row() -> [String; HEAD.len()] {
    let page = look::description();
    let (dimensions, size) = (look::DIMENSIONS.to_string(), megabytes(bytes()));
    [look::NAME, &dimensions, "no", &page.licence, &size, "built in", "yes", "-"].map(str::to_owned)
}

/// The same for a program.
pub(super) fn as_json() -> Value {
    let page = look::description();
    json!({
        "name": page.name,
        "dimensions": look::DIMENSIONS,
        "text": false,
        "licence": page.licence,
        "bytes": bytes(),
        "state": "built-in",
        "verified": true,
        "pinned": null,
        "error": null,
    })
}

/// What is known of it, for a person.
pub(super) fn record() -> Vec<(&'static str, String)> {
    let page = look::description();
    let row = |name, value: &str| (name, value.to_owned());
    vec![
        row("state", "built in"),
        row("dimensions", &look::DIMENSIONS.to_string()),
        row("licence", &page.licence),
        row("encoder digest", &look::id().digest),
        row("weights", &format!("{} bytes", bytes())),
        row("made for", MADE_FOR),
        row("trained on", TRAINED_ON),
        row("card", CARD),
    ]
}

/// The same for a program, beside what [`as_json`] says.
pub(super) fn details() -> Vec<(&'static str, Value)> {
    vec![
        ("description", serde_json::to_value(look::description()).unwrap_or_default()),
        ("encoder_digest", json!(look::id().digest)),
        ("made_for", json!(MADE_FOR)),
        ("trained_on", json!(TRAINED_ON)),
        ("card", json!(CARD)),
    ]
}

fn bytes() -> u64 {
    look::WEIGHTS.len() as u64
}
