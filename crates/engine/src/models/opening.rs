//! Stand-in while sessions are being written.

use lookalike_vision::encoder::{Encoder, EncoderId};
use lookalike_vision::neural::Description;
use lookalike_vision::neural::session::Engine;
use std::num::NonZero;
use std::sync::Arc;

#[derive(Debug, Clone, Copy)]
pub(super) struct Parts<'a> {
    pub(super) image: &'a [u8],
    pub(super) text: Option<&'a [u8]>,
    pub(super) tokenizer: Option<&'a [u8]>,
}
pub(super) fn engine(asked: Option<Engine>) -> Engine {
    asked.unwrap_or(Engine::Rten)
}
pub(super) fn fit_names(_: &mut Description, _: Parts<'_>, _: Engine, _: (bool, bool)) -> Result<(), String> {
    Ok(())
}
pub(super) fn dimensions(_: &Description, _: Parts<'_>, _: Engine) -> Result<usize, String> {
    Ok(8)
}
pub(super) fn validate(_: &Description, parts: Parts<'_>, _: Engine) -> Result<(), String> {
    if parts.image.is_empty() || parts.text.is_some() != parts.tokenizer.is_some() {
        Err("x".into())
    } else {
        Ok(())
    }
}
pub(super) fn open(
    _: EncoderId,
    _: &Description,
    _: Parts<'_>,
    _: Engine,
    _: NonZero<usize>,
) -> Result<Arc<dyn Encoder>, String> {
    Err("stand-in".into())
}
