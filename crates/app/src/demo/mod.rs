//! `lookalike demo`: a shop's catalog drawn by this program; nothing is fetched and nothing is shipped.
//!
//! [`catalog`] says what the shop sells, [`write`] draws it into a folder. Each product is a small model in three
//! dimensions: painted flat sheets ([`sheet`]) bent into shape ([`mesh`]), lit and photographed from several sides
//! ([`raster`], [`view`]), so that the views and colours of one design belong together the way real photos do.
//! Everything follows from a seed. This room does not index, search or serve: the subcommand
//! does that with what lies in the folder.

mod accessory;
mod backdrop;
mod bag;
mod catalog;
mod dice;
mod edits;
mod field;
mod garment;
mod household;
mod lower;
mod mesh;
mod palette;
mod pattern;
mod pottery;
mod print;
mod raster;
mod shading;
mod shape;
mod sheet;
mod shoe;
mod space;
mod stock;
mod tailor;
mod upper;
mod view;
mod write;

pub(crate) use write::{DemoOptions, Written, write};

#[cfg(test)]
mod tests;
