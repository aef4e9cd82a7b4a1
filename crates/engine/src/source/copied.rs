//! A source that was copied to a temporary file, since readers go through a file more than once.
//!
//! What the file's reader says of it is said of where it came from. Neighbours: `remote` copies what is elsewhere,
//! `parquet` what is not lines.

use super::{Products, RowFailure, Source, SourceError, SourceOptions, open};
use crate::fetch::spool::Spool;
use crate::source::shown::path_line;
use std::fs::File;
use std::io::{self, BufWriter, Write as _};

/// What a source is called that was turned into lines, and what each line was.
pub(super) type Kind = (&'static str, &'static str);

/// A source in a temporary file, told as what it is a copy of.
struct Copied {
    inner: Box<dyn Source>,
    names: Names,
    /// Holds the file until the source is done with.
    spool: Spool,
}

/// What is said instead of the file.
#[derive(Clone)]
struct Names {
    /// The file.
    path: String,
    /// As it is called for a person.
    name: String,
    /// What it is for a person where it is not what its copy is.
    kind: Option<Kind>,
}

impl Names {
    fn told(&self, text: &str) -> String {
        let Self { path, name, kind } = self;
        let text = match kind {
            Some((_, part)) => text.replace(&format!("{path} line "), &format!("{name} {part} ")),
            None => text.to_owned(),
        };
        text.replace(path, name)
    }
}

impl Source for Copied {
    fn describe(&self) -> String {
        match self.names.kind {
            Some((kind, _)) => format!("{kind} {}", self.names.name),
            None => self.names.told(&self.inner.describe()),
        }
    }

    fn images_expected(&self) -> Option<u64> {
        self.inner.images_expected()
    }

    fn notices(&self) -> Vec<String> {
        self.inner.notices().iter().map(|notice| self.names.told(notice)).collect()
    }

    fn ended_early(&self) -> bool {
        self.inner.ended_early()
    }

    fn products(&self) -> Result<Products<'_>, SourceError> {
        let products =
            self.inner.products().map_err(|error| renamed(error, &self.spool, &self.names.name))?;
        let names = self.names.clone();
        Ok(Box::new(products.map(move |product| {
            product.map_err(|RowFailure { place, reason }| RowFailure {
                place: names.told(&place),
                reason: names.told(&reason),
            })
        })))
    }
}

/// An error of a reader, told of where the file came from.
fn renamed(error: SourceError, spool: &Spool, name: &str) -> SourceError {
    match error {
        SourceError::Io { path, source } if path == spool.path() => {
            SourceError::Io { path: name.into(), source }
        }
        SourceError::Malformed { path, reason } if path == spool.path() => {
            SourceError::Malformed { path: name.into(), reason }
        }
        other => other,
    }
}

/// Has `bring` fill a file called `file_name`, and reads it as the source `name`.
///
/// # Errors
/// Those of `bring`, and whatever is wrong with the file.
pub(super) fn copied(
    (name, kind): (String, Option<Kind>),
    file_name: &str,
    options: &SourceOptions,
    bring: impl FnOnce(&mut BufWriter<File>) -> Result<(), String>,
) -> Result<Box<dyn Source>, SourceError> {
    let failed = |reason: String| SourceError::malformed(&name, reason);
    let no_room = |error: io::Error| failed(format!("cannot be copied to this machine: {error}"));
    let (spool, file) = Spool::create(file_name).map_err(no_room)?;
    let mut file = BufWriter::new(file);
    bring(&mut file).map_err(failed)?;
    file.flush().map_err(no_room)?;
    let inner = open(spool.path(), options).map_err(|error| renamed(error, &spool, &name))?;
    let names = Names { path: path_line(spool.path()), name, kind };
    Ok(Box::new(Copied { inner, names, spool }))
}
