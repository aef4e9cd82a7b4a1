//! A catalog as lines of JSON.

use super::error::ExportError;
use super::format::{CatalogLine, ImageLine, Line, NAME, ProductLine, VERSION};
use crate::store::{Dump, Piece};
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

/// How much has been written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Exported {
    /// Products.
    pub products: u64,
    /// Images.
    pub images: u64,
}

/// Writes everything that `store` holds to `out`, as it is at one moment. `tell` hears now and then how far it has come
/// and of how many images.
///
/// # Errors
/// When the catalog cannot be read, `out` cannot be written, or `stop` was raised; `out` then has a part of it.
pub fn export(
    store: &dyn Dump,
    out: &mut dyn Write,
    tell: &mut dyn FnMut(Exported, u64),
    stop: &AtomicBool,
) -> Result<Exported, ExportError> {
    let (mut done, mut encoders, mut expected) = (Exported::default(), Vec::new(), 0);
    walk(store, stop, &mut |piece| {
        let line = match piece {
            Piece::Catalog { products, images, encoders: found } => {
                let listed = found.iter().map(Into::into).collect();
                (encoders, expected) = (found, images);
                let (format, version) = (NAME.to_owned(), VERSION);
                Line::Catalog(CatalogLine { format, version, products, images, encoders: listed })
            }
            Piece::Product { id, fields, images } => {
                done.products += 1;
                Line::Product(ProductLine { id: id.to_string(), fields, images })
            }
            Piece::Image(image) => {
                done.images += 1;
                Line::Image(Box::new(ImageLine::of(&image, &encoders)))
            }
        };
        serde_json::to_writer(&mut *out, &line)?;
        out.write_all(b"\n")?;
        tell(done, expected);
        Ok(())
    })?;
    out.flush().map_err(|source| ExportError::Write { source })?;
    Ok(done)
}

/// Goes through a catalog and hands each piece to what writes it.
pub(super) fn walk(
    store: &dyn Dump,
    stop: &AtomicBool,
    write: &mut dyn FnMut(Piece) -> io::Result<()>,
) -> Result<(), ExportError> {
    let mut failed = None;
    store.dump(&mut |piece| {
        let written = match stop.load(Ordering::Relaxed) {
            true => Err(ExportError::Stopped),
            false => write(piece).map_err(|source| ExportError::Write { source }),
        };
        match written {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        }
    })?;
    failed.map_or(Ok(()), Err)
}
