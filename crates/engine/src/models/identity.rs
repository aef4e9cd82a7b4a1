//! What makes vectors comparable: the identity of a model, from its files and from how it is fed and read.
//!
//! The recipe is ours and written out, not a library's way of printing a structure: a catalog made today must still be
//! searchable after that library has changed.

use super::digest::{Digest, Hasher};
use super::page::ModelPage;
use lookalike_vision::encoder::EncoderId;
use lookalike_vision::neural::Description;
use serde_json::Value;

/// Changed when the recipe is.
const RECIPE: &str = "lookalike model 1";

/// Name, vector length, and the SHA-256 over the files' digests and over what in the description decides numbers.
///
/// That is all of it but the name, the licence and the template, which words queries and no stored vector.
pub(super) fn id(page: &ModelPage) -> EncoderId {
    let Description { name, dimensions, .. } = &page.description;
    let mut hasher = Hasher::default();
    for line in lines(page) {
        hasher.add(line.as_bytes());
        hasher.add(b"\n");
    }
    EncoderId { name: name.clone(), digest: hasher.finish().to_string(), dimensions: *dimensions }
}

fn lines(page: &ModelPage) -> Vec<String> {
    let Description { dimensions, image, text, .. } = &page.description;
    let mut lines = vec![format!("dimensions={dimensions}")];
    let digests = [
        ("image", Some(&page.files.image)),
        ("text", page.files.text.as_ref()),
        ("tokenizer", page.files.tokenizer.as_ref()),
    ];
    for (kind, file) in digests {
        let digest = file.map(|file| file.sha256);
        lines.extend(digest.map(|digest: Digest| format!("files.{kind}={digest}")));
    }
    // Both are plain data and cannot fail to become JSON; a tower that did would leave its line empty, not wrong.
    write("image", &serde_json::to_value(image).unwrap_or_default(), &mut lines);
    write("text", &serde_json::to_value(text).unwrap_or_default(), &mut lines);
    lines.retain(|line| !line.starts_with("text.template="));
    lines.sort();
    lines.insert(0, RECIPE.to_owned());
    lines
}

/// One line per leaf, named by its path; what is absent has none.
fn write(path: &str, value: &Value, lines: &mut Vec<String>) {
    match value {
        Value::Null => {}
        Value::Object(fields) => {
            fields.iter().for_each(|(key, field)| write(&format!("{path}.{key}"), field, lines));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(n, item)| write(&format!("{path}.{n}"), item, lines));
        }
        leaf => lines.push(format!("{path}={leaf}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"
        name = "tiny"
        dimensions = 8
        licence = "MIT"
        [image]
        resize = { rule = "squash", px = 32, filter = "bilinear" }
        mean = [0.48145466, 0.5, 0.5]
        std = [0.5, 0.5, 0.5]
        [text]
        tokenizer = "clip"
        context = 77
        [files.image]
        name = "image.onnx"
        bytes = 3
        sha256 = "aa7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        modified_ns = 1
        pinned = "own"
        [files.text]
        name = "text.onnx"
        bytes = 3
        sha256 = "bb7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        modified_ns = 1
        pinned = "own"
        [files.tokenizer]
        name = "tokenizer.json"
        bytes = 3
        sha256 = "cc7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        modified_ns = 1
        pinned = "own"
    "#;

    fn digest_with(from: &str, to: &str) -> String {
        assert!(PAGE.contains(from), "{from}");
        id(&ModelPage::parse(&PAGE.replacen(from, to, 1)).unwrap()).digest
    }

    #[test]
    fn the_recipe_stays_as_it_is_or_gets_another_number() {
        let page = ModelPage::parse(PAGE).unwrap();
        let expected = "\
lookalike model 1
dimensions=8
files.image=aa7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad
files.text=bb7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad
files.tokenizer=cc7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad
image.channels=\"rgb\"
image.layout=\"nchw\"
image.mean.0=0.48145467042922974
image.mean.1=0.5
image.mean.2=0.5
image.normalise=true
image.resize.filter=\"bilinear\"
image.resize.library=\"pillow\"
image.resize.px=32
image.resize.rule=\"squash\"
image.std.0=0.5
image.std.1=0.5
image.std.2=0.5
text.context=77
text.lowercase=false
text.pad=true
text.pad_id=0
text.tokenizer=\"clip\"";
        assert_eq!(lines(&page).join("\n"), expected);
        assert_eq!(id(&page).digest, Digest::of(format!("{expected}\n").as_bytes()).to_string());
    }

    #[test]
    fn what_decides_numbers_decides_the_identity_and_nothing_else_does() {
        let same = digest_with("tiny", "tiny");
        for (from, to) in
            [("\"tiny\"", "\"other\""), ("\"MIT\"", "\"Apache-2.0\""), ("modified_ns = 1", "modified_ns = 2")]
        {
            assert_eq!(digest_with(from, to), same, "{from}");
        }
        assert_eq!(digest_with("context = 77", "context = 77\ntemplate = \"a photo of {query}\""), same);
        for (from, to) in [
            ("dimensions = 8", "dimensions = 9"),
            ("aa78", "ab78"),
            ("bb78", "bc78"),
            ("cc78", "cd78"),
            ("px = 32", "px = 33"),
            ("0.48145466", "0.48145469"),
            ("[image]", "[image]\noutput = \"pooled\""),
            ("context = 77", "context = 76"),
        ] {
            assert_ne!(digest_with(from, to), same, "{from}");
        }
    }
}
