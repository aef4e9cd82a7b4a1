//! What makes vectors comparable: the digest of a network's files and of how it is fed and read.
//!
//! The recipe is ours and written out, not a library's way of printing a structure: a catalog made today must still be
//! searchable after that library has changed. Digests of files are handed in; `lookalike-engine`'s `models` has those of
//! files on disk, [`crate::look`] that of the weights in the program.

use super::Description;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Changed when the recipe is.
const RECIPE: &str = "lookalike model 1";

/// The SHA-256 of each file of an encoder, as 64 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileDigests {
    /// Of the network for pictures.
    pub image: String,
    /// Of the network for words.
    pub text: Option<String>,
    /// Of what cuts words into tokens.
    pub tokenizer: Option<String>,
}

/// The SHA-256, as 64 hexadecimal digits, over the files' digests and over what in the description decides numbers.
///
/// That is all of it but the name, the licence and the template, which words queries and no stored vector.
pub fn digest(description: &Description, files: &FileDigests) -> String {
    sha256(format!("{}\n", lines(description, files).join("\n")).as_bytes())
}

/// The SHA-256 of bytes, as 64 hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What is digested, line by line.
pub fn lines(description: &Description, files: &FileDigests) -> Vec<String> {
    let Description { dimensions, image, text, .. } = description;
    let mut lines = vec![format!("dimensions={dimensions}"), format!("files.image={}", files.image)];
    lines.extend(files.text.as_ref().map(|digest| format!("files.text={digest}")));
    lines.extend(files.tokenizer.as_ref().map(|digest| format!("files.tokenizer={digest}")));
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
