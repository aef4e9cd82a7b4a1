//! The front of a NumPy file, version 1.0: <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>.

/// What precedes the numbers of a matrix of little-endian 32-bit floats, row by row. Its length is a multiple of 64.
pub(super) fn header(rows: u64, columns: usize) -> Vec<u8> {
    const ALIGNMENT: usize = 64;
    let shape = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {columns}), }}");
    let front = b"\x93NUMPY\x01\x00";
    // The text is filled up with blanks and ends with a line break; two bytes before it say how long it is.
    let total = (front.len() + 2 + shape.len() + 1).next_multiple_of(ALIGNMENT);
    let length = u16::try_from(total - front.len() - 2).unwrap_or(u16::MAX);
    let mut header = Vec::with_capacity(total);
    header.extend_from_slice(front);
    header.extend_from_slice(&length.to_le_bytes());
    header.extend_from_slice(shape.as_bytes());
    header.resize(total - 1, b' ');
    header.push(b'\n');
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_what_numpy_writes() {
        // numpy.save of zeros((3, 2), "<f4"), version 2.4.
        let expected: &[u8] =
            b"\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }";
        let header = header(3, 2);
        assert_eq!(header.len(), 128);
        assert!(header.starts_with(expected) && header.ends_with(b" \n"));
        assert_eq!(super::header(u64::MAX, usize::MAX).len(), 128);
    }
}
