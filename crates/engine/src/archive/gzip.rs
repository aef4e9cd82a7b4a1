//! A gzip stream that can be read from any place, without unpacking it anywhere.
//!
//! Deflate can only be read forwards. On the first pass the decoder's state is copied every so often (its tables and
//! the last 32 KiB it wrote, about 43 KiB together); whoever wants a place later goes on from the nearest copy before it.
//! There are at most [`MOST_CHECKPOINTS`]: when there would be more, every second is given up and the distance doubles. So
//! memory is flat, and reaching a place costs the inflating of one distance, not of everything before it. Readers that
//! were used are kept and go on where they are, so that reading in order inflates nothing twice.
//!
//! RFC 1952, several streams one after another included; their check sums are verified on the way.

use super::at::read_at;
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::TINFL_FLAG_HAS_MORE_INPUT;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};
use std::fs::File;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};

/// Copies of the decoder that are kept, at most: 22 MB.
const MOST_CHECKPOINTS: usize = 512;
/// Unpacked bytes between two copies, as long as the file is small.
const LEAST_DISTANCE: u64 = 1 << 20;
/// Readers that are kept for whoever goes on reading.
const MOST_IDLE: usize = 8;
/// What deflate refers back to at most, and the size of the ring it is unpacked into.
const WINDOW_BYTES: usize = 32 << 10;
const INPUT_BYTES: usize = 64 << 10;
/// What unpacks to more than this many times its size, once that is more than so many bytes, is a trap.
const BOMB_RATIO: u64 = 100;
const BOMB_BYTES: u64 = 1 << 30;

/// A gzip file with places to go on from.
#[derive(Debug)]
pub(super) struct Gzip {
    file: Arc<File>,
    checkpoints: Vec<Inflater>,
    idle: Mutex<Vec<Inflater>>,
}

impl Gzip {
    /// Reads `length` unpacked bytes from `offset` on; fewer where the stream ends.
    pub(super) fn read_at(&self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let mut inflater = self.nearest(offset);
        let mut skipped = [0; 8 << 10];
        while inflater.out < offset {
            let step = usize::try_from(offset - inflater.out).unwrap_or(usize::MAX).min(skipped.len());
            let read = inflater.read_from(&self.file, skipped.get_mut(..step).unwrap_or_default())?;
            if read == 0 {
                return Ok(Vec::new());
            }
        }
        let mut bytes = vec![0; length];
        let mut filled = 0;
        while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match inflater.read_from(&self.file, rest)? {
                0 => break,
                read => filled += read,
            }
        }
        bytes.truncate(filled);
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() >= MOST_IDLE {
            idle.remove(0);
        }
        idle.push(inflater);
        Ok(bytes)
    }

    /// The reader or the copy that is nearest before `offset`.
    fn nearest(&self, offset: u64) -> Inflater {
        let after = self.checkpoints.partition_point(|checkpoint| checkpoint.out <= offset);
        let checkpoint = after.checked_sub(1).and_then(|index| self.checkpoints.get(index));
        let reached = checkpoint.map_or(0, |checkpoint| checkpoint.out);
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let usable = idle.iter().enumerate().filter(|(_, reader)| (reached..=offset).contains(&reader.out));
        if let Some((index, _)) = usable.max_by_key(|(_, reader)| reader.out) {
            return idle.remove(index);
        }
        checkpoint.cloned().unwrap_or_default()
    }
}

/// Reads a gzip file from front to end, and leaves places to go on from.
pub(super) struct FirstPass {
    file: Arc<File>,
    inflater: Inflater,
    checkpoints: Vec<Inflater>,
    distance: u64,
}

impl FirstPass {
    pub(super) fn new(file: Arc<File>) -> Self {
        Self { file, inflater: Inflater::default(), checkpoints: Vec::new(), distance: LEAST_DISTANCE }
    }

    /// How much was unpacked so far.
    pub(super) fn unpacked_bytes(&self) -> u64 {
        self.inflater.out
    }

    /// What can be read from any place now.
    pub(super) fn finish(self) -> Gzip {
        Gzip { file: self.file, checkpoints: self.checkpoints, idle: Mutex::default() }
    }
}

impl Read for FirstPass {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let Inflater { out, input_at, used, .. } = &self.inflater;
        if *out > BOMB_BYTES && out / BOMB_RATIO > input_at + *used as u64 {
            return Err(io::Error::other(
                "unpacks to more than a hundred times its size, which no photos do: refused",
            ));
        }
        let last = self.checkpoints.last().map_or(0, |checkpoint| checkpoint.out);
        if self.inflater.out >= last + self.distance {
            self.checkpoints.push(self.inflater.without_input());
            if self.checkpoints.len() > MOST_CHECKPOINTS {
                let mut keep = false;
                self.checkpoints.retain(|_| {
                    keep = !keep;
                    !keep
                });
                self.distance *= 2;
            }
        }
        self.inflater.read_from(&self.file, into)
    }
}

/// Where in the format an [`Inflater`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Header,
    Body,
    Trailer,
    End,
}

/// A decoder and where it is.
#[derive(Clone)]
struct Inflater {
    /// Unpacked bytes that were given.
    out: u64,
    /// Where in the file `input` begins.
    input_at: u64,
    input: Vec<u8>,
    /// How much of `input` is used.
    used: usize,
    decoder: Box<DecompressorOxide>,
    /// The last bytes unpacked, in a ring.
    window: Vec<u8>,
    /// Where in the ring what is unpacked and not yet given begins and ends.
    ready: (usize, usize),
    part: Part,
    /// Of the stream at hand.
    sum: crc32fast::Hasher,
    length: u32,
    streams: u32,
}

impl std::fmt::Debug for Inflater {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inflater").field("out", &self.out).field("part", &self.part).finish_non_exhaustive()
    }
}

impl Default for Inflater {
    fn default() -> Self {
        Self {
            out: 0,
            input_at: 0,
            input: Vec::new(),
            used: 0,
            decoder: Box::default(),
            window: vec![0; WINDOW_BYTES],
            ready: (0, 0),
            part: Part::Header,
            sum: crc32fast::Hasher::new(),
            length: 0,
            streams: 0,
        }
    }
}

impl Inflater {
    /// A copy that keeps no more than it must.
    fn without_input(&self) -> Self {
        let input_at = self.input_at + self.used as u64;
        Self { input: Vec::new(), used: 0, input_at, ..self.clone() }
    }

    /// The input that is not used yet; empty at the file's end.
    fn input(&mut self, file: &File) -> io::Result<&[u8]> {
        if self.used == self.input.len() {
            self.input_at += self.used as u64;
            self.used = 0;
            self.input.resize(INPUT_BYTES, 0);
            let read = read_at(file, &mut self.input, self.input_at);
            self.input.truncate(*read.as_ref().unwrap_or(&0));
            read?;
        }
        Ok(self.input.get(self.used..).unwrap_or_default())
    }

    fn byte(&mut self, file: &File) -> io::Result<u8> {
        let byte = self.input(file)?.first().copied().ok_or_else(cut_off)?;
        self.used += 1;
        Ok(byte)
    }

    fn number(&mut self, file: &File) -> io::Result<u32> {
        let mut bytes = [0; 4];
        for byte in &mut bytes {
            *byte = self.byte(file)?;
        }
        Ok(u32::from_le_bytes(bytes))
    }

    fn read_from(&mut self, file: &File, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() {
            return Ok(0);
        }
        loop {
            let (from, to) = self.ready;
            if from < to {
                let count = into.len().min(to - from);
                if let (Some(into), Some(unpacked)) =
                    (into.get_mut(..count), self.window.get(from..from + count))
                {
                    into.copy_from_slice(unpacked);
                }
                self.ready.0 += count;
                self.out += count as u64;
                return Ok(count);
            }
            match self.part {
                Part::Header => self.header(file)?,
                Part::Body => self.inflate(file)?,
                Part::Trailer => self.trailer(file)?,
                Part::End => return Ok(0),
            }
        }
    }

    fn header(&mut self, file: &File) -> io::Result<()> {
        // After a whole stream, whatever is no other one is padding, as for `gzip` itself.
        let is_more = self.input(file)?.first() == Some(&0x1f);
        if self.streams > 0 && !is_more {
            self.part = Part::End;
            return Ok(());
        }
        let mut fixed = [0; 10];
        for byte in &mut fixed {
            *byte = self.byte(file)?;
        }
        let [0x1f, 0x8b, 8, flags, ..] = fixed else {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "is no gzip stream"));
        };
        if flags & 4 != 0 {
            let length = u16::from_le_bytes([self.byte(file)?, self.byte(file)?]);
            for _ in 0..length {
                self.byte(file)?;
            }
        }
        for _ in 0..(flags >> 3 & 1) + (flags >> 4 & 1) {
            while self.byte(file)? != 0 {}
        }
        if flags & 2 != 0 {
            self.byte(file)?;
            self.byte(file)?;
        }
        self.decoder.init();
        self.sum = crc32fast::Hasher::new();
        (self.length, self.part) = (0, Part::Body);
        Ok(())
    }

    fn inflate(&mut self, file: &File) -> io::Result<()> {
        let at = if self.ready.1 == WINDOW_BYTES { 0 } else { self.ready.1 };
        self.input(file)?;
        let input = self.input.get(self.used..).unwrap_or_default();
        // At the file's end the decoder says itself whether it lacks anything.
        let flags = if input.is_empty() { 0 } else { TINFL_FLAG_HAS_MORE_INPUT };
        let (status, used, unpacked) = decompress(&mut self.decoder, input, &mut self.window, at, flags);
        self.used += used;
        self.ready = (at, at + unpacked);
        let bytes = self.window.get(at..at + unpacked).unwrap_or_default();
        self.sum.update(bytes);
        self.length = self.length.wrapping_add(u32::try_from(unpacked).unwrap_or_default());
        match status {
            TINFLStatus::Done => self.part = Part::Trailer,
            TINFLStatus::NeedsMoreInput | TINFLStatus::HasMoreOutput => {}
            TINFLStatus::FailedCannotMakeProgress => return Err(cut_off()),
            _ => return Err(io::Error::new(io::ErrorKind::InvalidData, "its compressed data are damaged")),
        }
        Ok(())
    }

    fn trailer(&mut self, file: &File) -> io::Result<()> {
        let (sum, length) = (self.number(file)?, self.number(file)?);
        if (sum, length) != (self.sum.clone().finalize(), self.length) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "its compressed data are damaged: their check sum differs",
            ));
        }
        self.streams = self.streams.saturating_add(1);
        self.part = Part::Header;
        Ok(())
    }
}

fn cut_off() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "its compressed data end too early: it was cut off")
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write as _;

    fn file_of(bytes: &[u8]) -> Arc<File> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        Arc::new(file)
    }

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// Bytes that compress a little, each place unlike others.
    fn mixed(count: u32) -> Vec<u8> {
        (0..count).flat_map(|n| (n.wrapping_mul(2_654_435_761) >> 9).to_le_bytes()).collect()
    }

    #[test]
    fn any_place_is_read_as_it_was_packed_also_across_streams() {
        let whole = mixed(1_500_000);
        let (first, second) = whole.split_at(2_345_678);
        let file = file_of(&[packed(first), packed(second), vec![0; 100]].concat());
        let mut pass = FirstPass::new(file);
        let mut read = Vec::new();
        pass.read_to_end(&mut read).unwrap();
        assert!(read == whole);
        let gzip = pass.finish();
        assert_eq!(gzip.checkpoints.len(), 5);
        for offset in [0, 5_999_990, 2_345_670, 70_000, 3_000_000, 3_000_500, 1] {
            let expected = &whole[offset..whole.len().min(offset + 500)];
            assert_eq!(gzip.read_at(offset as u64, 500).unwrap(), expected, "{offset}");
        }
        assert_eq!(gzip.idle.lock().unwrap().len(), 4, "those that were just before the place went on");
    }

    #[test]
    fn what_was_cut_off_or_damaged_is_told() {
        let bytes = packed(&mixed(10_000));
        let fault = |bytes: &[u8]| {
            let mut read = Vec::new();
            FirstPass::new(file_of(bytes)).read_to_end(&mut read).unwrap_err().to_string()
        };
        assert!(fault(&bytes[..bytes.len() / 2]).contains("cut off"));
        assert!(fault(&bytes[..bytes.len() - 3]).contains("cut off"));
        let mut damaged = bytes.clone();
        let sum = damaged.len() - 7;
        damaged[sum] ^= 1;
        assert!(fault(&damaged).contains("check sum"));
        assert!(fault(b"plain text").contains("no gzip"));
    }
}
