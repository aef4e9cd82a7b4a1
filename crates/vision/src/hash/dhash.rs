//! The difference hash: in which direction brightness goes between neighbouring cells.
//!
//! ImageHash's `dhash` with its default size: grey, 9x8 by Lanczos, and one bit for each cell that is brighter than
//! the one to its left, row by row, most significant bit first.

use super::DHash;
use super::thumbnail;
use crate::Picture;
use crate::pixels::Size;

/// The thumbnail it looks at.
pub(super) const SIZE: Size = Size { width: 9, height: 8 };

/// The dHash of `picture`, transparency ignored.
pub fn dhash(picture: &Picture) -> DHash {
    let [grey] = thumbnail::grey(picture, [SIZE]);
    from_grey(&grey)
}

/// The dHash of a 9x8 grey thumbnail.
pub(super) fn from_grey(grey: &[u8]) -> DHash {
    let steps = grey.chunks_exact(SIZE.width as usize).flat_map(|row| row.iter().zip(row.iter().skip(1)));
    DHash(steps.fold(0, |bits, (left, right)| bits << 1 | u64::from(right > left)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_that_brightens_to_the_right_is_all_ones() {
        let rgb: Vec<u8> = (0..90 * 40).flat_map(|n| [(n % 90 * 2) as u8; 3]).collect();
        let rising = Picture::new(90, 40, rgb.clone(), None).unwrap();
        assert_eq!(dhash(&rising), DHash(u64::MAX));
        let falling = Picture::new(90, 40, rgb.iter().rev().copied().collect(), None).unwrap();
        assert_eq!(dhash(&falling), DHash(0));
        assert_eq!(dhash(&Picture::new(1, 1, vec![5; 3], None).unwrap()), DHash(0));
    }
}
