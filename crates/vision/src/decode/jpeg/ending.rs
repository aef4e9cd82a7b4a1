//! Whether a JPEG lacks nothing but its end marker.
//!
//! Some writers leave the marker out, and every viewer shows their pictures. But a progressive file cut between two
//! scans looks the same while it lacks detail, so the scans must have sent every bit of every coefficient. Reads
//! segment headers alone (ITU-T T.81, annex B); that the last scan is whole is for the decoder to find out.

/// True when the file ends inside its last scan's data, without an end marker, and its scans' headers promise every
/// coefficient of every component in full.
pub(super) fn is_all_that_lacks(bytes: &[u8]) -> bool {
    unsent_coefficients(bytes)
        .is_some_and(|unsent| !unsent.is_empty() && unsent.iter().all(|&(_, bits)| bits == 0))
}

/// Per component its id and a bit for each coefficient not sent in full; `None` when an end marker is there, or the
/// file ends inside a header.
fn unsent_coefficients(bytes: &[u8]) -> Option<Vec<(u8, u64)>> {
    let mut unsent = Vec::new();
    let mut rest = bytes.get(2..)?;
    while let Some((marker, after)) = next_marker(rest) {
        if marker == 0xD9 {
            return None;
        }
        let length = usize::from(u16::from_be_bytes(*after.first_chunk()?));
        let segment = after.get(2..length)?;
        match marker {
            // Start of a baseline, extended or progressive frame.
            0xC0..=0xC2 => {
                let components = segment.get(6..)?.as_chunks::<3>().0;
                unsent = components.iter().map(|&[id, _, _]| (id, u64::MAX)).collect();
            }
            // Start of a scan.
            0xDA => {
                let (&count, rest) = segment.split_first()?;
                let (selectors, spectrum) = rest.split_at_checked(2 * usize::from(count))?;
                let &[first, last, approximation] = spectrum.first_chunk()?;
                if approximation & 0x0F == 0 && first <= last && last < 64 {
                    let sent = (u64::MAX >> (63 - (last - first))) << first;
                    for &[id, _] in selectors.as_chunks::<2>().0 {
                        unsent.iter_mut().filter(|(own, _)| *own == id).for_each(|(_, bits)| *bits &= !sent);
                    }
                }
            }
            _ => {}
        }
        rest = after.get(length..)?;
    }
    Some(unsent)
}

/// The next marker that is not a restart, and what follows it.
fn next_marker(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let marker = |pair: &[u8]| matches!(pair, [0xFF, code] if !matches!(code, 0 | 1 | 0xD0..=0xD7 | 0xFF));
    let at = bytes.windows(2).position(marker)?;
    Some((*bytes.get(at + 1)?, bytes.get(at + 2..)?))
}
