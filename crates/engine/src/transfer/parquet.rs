//! One encoder's vectors as a Parquet file: columns `product_id`, `image_id` and `vector`, a list of 32-bit floats.
//!
//! Neighbour: `matrix` writes the same for NumPy.

use super::error::ExportError;
use super::export::{Exported, walk};
use super::matrix::chosen;
use crate::store::{Dump, Piece};
use parquet::basic::{Compression, Encoding};
use parquet::data_type::{ByteArray, ByteArrayType, FloatType};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::ColumnPath;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

const SCHEMA: &str = "message vectors {
    REQUIRED BYTE_ARRAY product_id (STRING);
    REQUIRED BYTE_ARRAY image_id (STRING);
    REQUIRED GROUP vector (LIST) { REPEATED GROUP list { REQUIRED FLOAT element; } }
}";
/// Numbers in a row group, which is held in memory.
const GROUP_NUMBERS: usize = 2 << 20;

/// Writes the vectors of `encoder` (the primary one where none is named) to `out`, a row for each image, as the catalog
/// is at one moment. `tell` hears how many rows are written, of how many.
///
/// # Errors
/// When the catalog has no such encoder or cannot be read, `out` cannot be written, or `stop` was raised.
pub fn write_parquet(
    store: &dyn Dump,
    encoder: Option<&str>,
    out: &mut (dyn Write + Send),
    tell: &mut dyn FnMut(Exported, u64),
    stop: &AtomicBool,
) -> Result<Exported, ExportError> {
    let failed = |error: ParquetError| ExportError::Write { source: of(error) };
    let vector = ColumnPath::new(["vector", "list", "element"].map(str::to_owned).into());
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        // Floats of unit vectors neither repeat nor compress.
        .set_column_dictionary_enabled(vector.clone(), false)
        .set_column_encoding(vector.clone(), Encoding::PLAIN)
        .set_column_compression(vector, Compression::UNCOMPRESSED);
    let schema = Arc::new(parse_message_type(SCHEMA).map_err(failed)?);
    let mut file = SerializedFileWriter::new(out, schema, Arc::new(properties.build())).map_err(failed)?;
    let (mut done, mut expected, mut place, mut unknown) = (Exported::default(), 0, 0, None);
    let mut group = Group::default();
    let walked = walk(store, stop, &mut |piece| {
        match piece {
            Piece::Catalog { images, encoders, .. } => match chosen(encoder, &encoders) {
                Ok((number, _)) => (expected, place) = (images, number),
                Err(error) => {
                    unknown = Some(error);
                    return Err(io::ErrorKind::NotFound.into());
                }
            },
            Piece::Product { .. } => done.products += 1,
            Piece::Image(mut image) => {
                done.images += 1;
                let vector = image.vectors.get_mut(place).map(std::mem::take).unwrap_or_default();
                group.push(image.product.as_str(), image.id.as_str(), &vector);
                if group.numbers.len() >= GROUP_NUMBERS {
                    group.write(&mut file).map_err(of)?;
                }
                tell(done, expected);
            }
        }
        Ok(())
    });
    unknown.map_or(walked, Err)?;
    group.write(&mut file).and_then(|()| file.close()).map_err(failed)?;
    Ok(done)
}

fn of(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(source) => match source.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(other) => io::Error::other(other),
        },
        other => io::Error::other(other),
    }
}

/// Rows that are written together.
#[derive(Default)]
struct Group {
    products: Vec<ByteArray>,
    images: Vec<ByteArray>,
    numbers: Vec<f32>,
    /// 0 for the first number of a row, 1 for the others; Dremel's repetition levels.
    repetition: Vec<i16>,
}

impl Group {
    fn push(&mut self, product: &str, image: &str, vector: &[f32]) {
        self.products.push(product.into());
        self.images.push(image.into());
        self.numbers.extend_from_slice(vector);
        self.repetition.extend((0..vector.len()).map(|place| i16::from(place > 0)));
    }

    /// Writes the rows and is empty again.
    fn write<W: Write + Send>(&mut self, file: &mut SerializedFileWriter<W>) -> Result<(), ParquetError> {
        let Self { products, images, numbers, repetition } = std::mem::take(self);
        if products.is_empty() {
            return Ok(());
        }
        let mut rows = file.next_row_group()?;
        for ids in [&products, &images] {
            if let Some(mut column) = rows.next_column()? {
                column.typed::<ByteArrayType>().write_batch(ids, None, None)?;
                column.close()?;
            }
        }
        if let Some(mut column) = rows.next_column()? {
            // Every number is there: no list is empty.
            let definition = vec![1; numbers.len()];
            column.typed::<FloatType>().write_batch(&numbers, Some(&definition), Some(&repetition))?;
            column.close()?;
        }
        rows.close().map(|_| ())
    }
}
