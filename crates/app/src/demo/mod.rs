//! `lookalike demo`: a shop's catalog drawn by this program, with nothing fetched and nothing shipped.
pub(crate) mod backdrop;
pub(crate) mod dice;
pub(crate) mod field;
pub(crate) mod garment;
pub(crate) mod lower;
pub(crate) mod mesh;
pub(crate) mod palette;
pub(crate) mod pattern;
pub(crate) mod print;
pub(crate) mod raster;
pub(crate) mod shading;
pub(crate) mod sheet;
pub(crate) mod shoe;
pub(crate) mod space;
pub(crate) mod tailor;
pub(crate) mod view;

#[cfg(test)]
mod tests;
