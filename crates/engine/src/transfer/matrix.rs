//! One encoder's vectors as a matrix for other programs: a row for each image, and beside it whose row it is.
//!
//! The matrix is in NumPy's format, shape (images, dimensions), 32-bit little-endian floats.

use super::error::ExportError;
use super::export::{Exported, walk};
use super::npy;
use crate::store::{Dump, Piece};
use lookalike_vision::encoder::EncoderId;
use std::io::{self, Write};
use std::sync::atomic::AtomicBool;

/// Writes the vectors of `encoder` (the primary one where none is named) to `out`, and to `ids` a CSV with the columns
/// `product_id` and `image_id` whose rows are the matrix's, as the catalog is at one moment. Vectors are as they are
/// stored, of unit length. `tell` hears how many rows are written, of how many.
///
/// # Errors
/// When the catalog has no such encoder or cannot be read, a file cannot be written, or `stop` was raised.
pub fn write_matrix(
    store: &dyn Dump,
    encoder: Option<&str>,
    out: &mut dyn Write,
    ids: &mut dyn Write,
    tell: &mut dyn FnMut(Exported, u64),
    stop: &AtomicBool,
) -> Result<Exported, ExportError> {
    let (mut done, mut rows, mut place, mut unknown) = (Exported::default(), 0, 0, None);
    let mut ids = csv::Writer::from_writer(ids);
    let mut bytes = Vec::new();
    let walked = walk(store, stop, &mut |piece| {
        match piece {
            Piece::Catalog { images, encoders, .. } => {
                let (number, id) = match chosen(encoder, &encoders) {
                    Ok(chosen) => chosen,
                    Err(error) => {
                        unknown = Some(error);
                        return Err(io::ErrorKind::NotFound.into());
                    }
                };
                (rows, place) = (images, number);
                out.write_all(&npy::header(images, id.dimensions))?;
                ids.write_record(["product_id", "image_id"])?;
            }
            Piece::Product { .. } => done.products += 1,
            Piece::Image(image) => {
                done.images += 1;
                bytes.clear();
                let numbers = image.vectors.get(place).into_iter().flatten();
                bytes.extend(numbers.flat_map(|number| number.to_le_bytes()));
                out.write_all(&bytes)?;
                ids.write_record([image.product.as_str(), image.id.as_str()])?;
                tell(done, rows);
            }
        }
        Ok(())
    });
    unknown.map_or(walked, Err)?;
    let flushed = out.flush().and_then(|()| ids.flush());
    flushed.map_err(|source| ExportError::Write { source })?;
    Ok(done)
}

/// The encoder of that name, or the primary one, with its place among a catalog's.
pub(super) fn chosen<'a>(
    name: Option<&str>,
    encoders: &'a [EncoderId],
) -> Result<(usize, &'a EncoderId), ExportError> {
    let found = encoders.iter().enumerate().find(|(_, id)| name.is_none_or(|name| id.name == name));
    found.ok_or_else(|| {
        let known = encoders.iter().map(|id| id.name.as_str()).collect::<Vec<_>>().join(", ");
        ExportError::UnknownEncoder { asked: name.unwrap_or_default().to_owned(), known }
    })
}
