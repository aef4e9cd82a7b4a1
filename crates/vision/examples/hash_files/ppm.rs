//! Binary PPM (`P6`, 8 bit): how decoded pixels of another program are handed in.

use lookalike_vision::Picture;

/// The picture in `bytes`, or `None` when they are no 8-bit `P6`.
pub(crate) fn read(bytes: &[u8]) -> Option<Picture> {
    let mut rest = bytes.strip_prefix(b"P6")?;
    let mut numbers = [0_u32; 3];
    for number in &mut numbers {
        rest = rest.trim_ascii_start();
        let digits = rest.iter().position(|byte| !byte.is_ascii_digit())?;
        *number = std::str::from_utf8(rest.get(..digits)?).ok()?.parse().ok()?;
        rest = rest.get(digits..)?;
    }
    let [width, height, 255] = numbers else { return None };
    Picture::new(width, height, rest.get(1..)?.to_vec(), None).ok()
}
