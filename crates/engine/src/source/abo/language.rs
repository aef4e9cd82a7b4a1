//! Which of several languages a text is taken in.
//!
//! A catalog answers in one language; listings come in up to a dozen. The order is the operator's, by patterns over the
//! tags that Amazon writes (`en_US`). Which texts have tags at all, `listing` knows.

/// An order of languages: patterns such as `en_US`, `en_*` or `*`, the best first.
///
/// What none of the patterns is written in is taken in English, or else in the language it is given in first: a text in
/// another language is worth more than none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Languages(Vec<String>);

/// A `--language` that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no language: write them as `en_US`, or `en_*` for any English, with commas between them")]
pub struct LanguageError(String);

impl Languages {
    /// Reads `en_US,en_*`; `-` stands for `_` too, and case does not matter.
    ///
    /// # Errors
    /// When a part is empty or has something else in it than letters, digits, `_`, `-` and a `*` at its end.
    pub fn parse(text: &str) -> Result<Self, LanguageError> {
        let patterns = text.split(',').map(|part| {
            let pattern: String = plain(part.trim()).collect();
            let body = pattern.strip_suffix('*').unwrap_or(&pattern);
            let is_well_formed = body.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            if is_well_formed && !pattern.is_empty() {
                Ok(pattern)
            } else {
                Err(LanguageError(part.to_owned()))
            }
        });
        patterns.collect::<Result<_, _>>().map(Self)
    }

    /// How good a language is; 0 is the best. No tag at all is the worst.
    pub(super) fn rank(&self, tag: Option<&str>) -> usize {
        let Some(tag) = tag else { return usize::MAX };
        let matches = |pattern: &String| match pattern.strip_suffix('*') {
            Some(front) => {
                starts_with(tag, front) || front.strip_suffix('_').is_some_and(|front| is(tag, front))
            }
            None => is(tag, pattern),
        };
        let listed = self.0.iter().position(matches);
        listed.unwrap_or(self.0.len() + usize::from(!starts_with(tag, "en")))
    }
}

/// As patterns are kept and tags compared: in small letters, with `_`.
fn plain(tag: &str) -> impl Iterator<Item = char> {
    tag.chars().map(|c| if c == '-' { '_' } else { c.to_ascii_lowercase() })
}

fn is(tag: &str, pattern: &str) -> bool {
    plain(tag).eq(pattern.chars())
}

fn starts_with(tag: &str, front: &str) -> bool {
    let mut tag = plain(tag);
    front.chars().all(|c| tag.next() == Some(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_pattern_that_fits_ranks_a_language() {
        let languages = Languages::parse("de-DE, fr_*").unwrap();
        let rank = |tag| languages.rank(Some(tag));
        assert_eq!((rank("de_DE"), rank("fr_CA"), rank("fr"), rank("en_IN"), rank("ja_JP")), (0, 1, 1, 2, 3));
        assert!(languages.rank(None) > 3);
        assert_eq!(Languages::default().rank(Some("en_US")), 0);
        assert_eq!(Languages::parse("*").unwrap().rank(Some("ja_JP")), 0);
        for wrong in ["", "en_US,", "en US", "*_US"] {
            assert!(Languages::parse(wrong).is_err(), "{wrong}");
        }
    }
}
