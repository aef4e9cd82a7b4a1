//! [`Dump`] of a catalog folder: one read transaction from the first piece to the last.
//!
//! A writer goes on meanwhile; its log is copied into the file when the walk is over.

use super::catalog::EmbeddedStore;
use super::encoders;
use super::read;
use super::rows;
use crate::store::{Dump, Piece, StoreError};
use rusqlite::Transaction;
use std::ops::ControlFlow;

impl Dump for EmbeddedStore {
    fn dump(&self, each: &mut dyn FnMut(Piece) -> ControlFlow<()>) -> Result<(), StoreError> {
        let walked = self.readers.read("reading all of it", |moment| walk(moment, each));
        walked.map(|_: ControlFlow<()>| ()).map_err(StoreError::from)
    }
}

fn walk(
    moment: &Transaction<'_>,
    each: &mut dyn FnMut(Piece) -> ControlFlow<()>,
) -> rusqlite::Result<ControlFlow<()>> {
    let encoders = encoders::ready(moment)?;
    let (products, images) = read::counts(moment)?;
    if each(Piece::Catalog { products, images, encoders: encoders.ids().to_vec() }).is_break() {
        return Ok(ControlFlow::Break(()));
    }
    let mut listed = moment.prepare(
        "SELECT row, id, fields, (SELECT count(*) FROM image WHERE product = product.row) FROM product ORDER BY row",
    )?;
    let mut keys = moment.prepare("SELECT key FROM image WHERE product = ?1 ORDER BY position, key")?;
    let mut found = listed.query(())?;
    while let Some(row) = found.next()? {
        let number: i64 = row.get(0)?;
        let piece = Piece::Product {
            id: rows::product_id(row.get(1)?)?,
            fields: rows::fields(&row.get::<_, String>(2)?)?,
            images: row.get::<_, i64>(3)?.cast_unsigned(),
        };
        if each(piece).is_break() {
            return Ok(ControlFlow::Break(()));
        }
        let mut of_product = keys.query((number,))?;
        while let Some(row) = of_product.next()? {
            let key = rows::to_key(row.get(0)?);
            let image = read::image(moment, key, &encoders)?
                .ok_or_else(|| rows::damaged(format!("image {} is listed and not there", key.0)))?;
            if each(Piece::Image(Box::new(image))).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
    }
    Ok(ControlFlow::Continue(()))
}
