//! Newtypes for ids, so that a product's id cannot be handed where an image's is meant.

use std::fmt;

/// Longest id, in bytes. Longer ones are a sign of a wrongly mapped column.
const MAX_ID_BYTES: usize = 2048;

/// An id that cannot be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidId {
    /// Nothing there.
    #[error("an id is empty")]
    Empty,
    /// Over the limit.
    #[error("an id is {0} bytes long; the longest allowed is {MAX_ID_BYTES}: is the right column mapped?")]
    TooLong(usize),
    /// NUL and other control characters, line breaks excepted (they occur in file names).
    #[error("an id holds the control character {0:?}")]
    Control(char),
}

fn validated(text: String) -> Result<String, InvalidId> {
    if text.is_empty() {
        return Err(InvalidId::Empty);
    }
    if text.len() > MAX_ID_BYTES {
        return Err(InvalidId::TooLong(text.len()));
    }
    match text.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        Some(control) => Err(InvalidId::Control(control)),
        None => Ok(text),
    }
}

macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes any text of 1 to 2048 bytes without control characters other than line breaks and tabs.
            ///
            /// # Errors
            /// When `text` is not that.
            pub fn new(text: impl Into<String>) -> Result<Self, InvalidId> {
                validated(text.into()).map(Self)
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id_type! {
    /// Names a product within its catalog.
    ProductId
}
id_type! {
    /// Names an image within its product: in a folder its path relative to the folder, elsewhere the location as
    /// the source writes it.
    ImageId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_checked_when_made() {
        assert_eq!(ProductId::new("").unwrap_err(), InvalidId::Empty);
        assert_eq!(ProductId::new("a\0b").unwrap_err(), InvalidId::Control('\0'));
        assert_eq!(ImageId::new("x".repeat(3000)).unwrap_err(), InvalidId::TooLong(3000));
        assert_eq!(ImageId::new("dev/new\nline.jpg").unwrap().as_str(), "dev/new\nline.jpg");
    }
}
