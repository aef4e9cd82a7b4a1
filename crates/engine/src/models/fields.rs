//! The fields of a protobuf message, one after the other, without copying what is in them.
//!
//! For a look into files of hundreds of megabytes (`exposed`, `spelled_out`); what is to be changed all over is read with
//! `onnx`. Which number means what is the caller's to know.

/// The fields of a message, in order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

/// One of them.
#[derive(Debug)]
pub(super) struct Field<'a> {
    /// Which, by the schema.
    pub(super) number: u64,
    /// Key, length and content.
    pub(super) whole: &'a [u8],
    /// What a length is given for; absent for numbers.
    content: Option<&'a [u8]>,
}

impl<'a> Field<'a> {
    /// What it holds, where it is that of this number.
    pub(super) fn message(&self, number: u64) -> Option<&'a [u8]> {
        self.content.filter(|_| self.number == number)
    }
}

impl<'a> Fields<'a> {
    /// What the fields of one number hold. Ends where the message is malformed.
    pub(super) fn messages(self, number: u64) -> impl Iterator<Item = &'a [u8]> {
        self.map_while(Result::ok).filter_map(move |field| field.message(number))
    }

    /// Whether one of them is this text.
    pub(super) fn hold(self, number: u64, text: &str) -> bool {
        self.messages(number).any(|message| message == text.as_bytes())
    }
}

/// The bytes are no message.
#[derive(Debug)]
pub(super) struct Malformed;

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = read_field(self.0);
        self.0 = field.as_ref().and_then(|field| self.0.get(field.whole.len()..)).unwrap_or_default();
        Some(field.ok_or(Malformed))
    }
}

fn read_field(bytes: &[u8]) -> Option<Field<'_>> {
    let (key, key_length) = read_varint(bytes)?;
    let rest = bytes.get(key_length..)?;
    let (skipped, content_length) = match key & 7 {
        0 => (read_varint(rest)?.1, None),
        1 => (8, None),
        2 => {
            let (length, length_length) = read_varint(rest)?;
            (length_length, Some(usize::try_from(length).ok()?))
        }
        5 => (4, None),
        _ => return None,
    };
    let begin = key_length.checked_add(skipped)?;
    let end = begin.checked_add(content_length.unwrap_or(0))?;
    let content = content_length.and_then(|_| bytes.get(begin..end));
    Some(Field { number: key >> 3, whole: bytes.get(..end)?, content })
}

fn read_varint(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut value = 0;
    for (n, byte) in bytes.iter().take(10).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * n as u32);
        if byte & 0x80 == 0 {
            return Some((value, n + 1));
        }
    }
    None
}
