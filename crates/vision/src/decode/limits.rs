//! What a decoder may cost, checked against a file's length and its header before anything is allocated.
//!
//! Does not know formats: each decoder's own inner limits are set where that decoder is called.

use super::DecodeError;

/// What a decoder may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest input, in bytes.
    pub max_bytes: u64,
    /// Largest picture, width times height.
    pub max_pixels: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_bytes: 64 << 20, max_pixels: 100_000_000 }
    }
}

impl Limits {
    /// Refuses an empty or an over-long input.
    pub(super) fn check_bytes(&self, bytes: &[u8]) -> Result<(), DecodeError> {
        match bytes.len() as u64 {
            0 => Err(DecodeError::Empty),
            length if length > self.max_bytes => {
                Err(DecodeError::TooManyBytes { bytes: length, limit: self.max_bytes })
            }
            _ => Ok(()),
        }
    }

    /// Refuses a declared size that is over the limit.
    pub(super) fn check_size(&self, width: u32, height: u32) -> Result<(), DecodeError> {
        if u64::from(width) * u64::from(height) > self.max_pixels {
            return Err(DecodeError::TooManyPixels { width, height, limit: self.max_pixels });
        }
        Ok(())
    }

    /// What a decoder's working memory may reach, in bytes: eight per allowed pixel (RGBA twice over, or once in
    /// 16 bits), and some room for tables.
    pub(super) fn working_bytes(&self) -> u64 {
        self.max_pixels.saturating_mul(8).saturating_add(16 << 20)
    }
}
