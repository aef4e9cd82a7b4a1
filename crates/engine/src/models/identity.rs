//! What makes vectors comparable: the identity of a model, from its files and from how it is fed and read.
//!
//! The recipe is [`lookalike_vision::neural::identity`]'s; here it is given what a model's page says.

use super::page::ModelPage;
use lookalike_vision::encoder::EncoderId;
use lookalike_vision::neural::identity::{self, FileDigests};

/// Name, vector length, and the digest of what decides numbers.
pub(super) fn id(page: &ModelPage) -> EncoderId {
    let description = &page.description;
    EncoderId {
        name: description.name.clone(),
        digest: identity::digest(description, &digests(page)),
        dimensions: description.dimensions,
    }
}

fn digests(page: &ModelPage) -> FileDigests {
    let files = &page.files;
    let text = |file: &super::page::KeptFile| file.sha256.to_string();
    FileDigests {
        image: text(&files.image),
        text: files.text.as_ref().map(text),
        tokenizer: files.tokenizer.as_ref().map(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::Digest;

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
        assert_eq!(identity::lines(&page.description, &digests(&page)).join("\n"), expected);
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
