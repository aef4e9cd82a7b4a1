//! Constant tensors as onnx.proto has them, and their elements as numbers.
//!
//! Elements lie in `raw_data` (little-endian) or in the list of their kind; both are read, `raw_data` is written.
//! Elements in a file beside the model are refused: a model is one file here.

use super::OnnxError;
use super::graph::StringStringEntryProto;
use prost::Message;

/// A constant.
#[derive(Clone, PartialEq, Message)]
pub struct TensorProto {
    /// Length of each axis, the slowest first; none is a single number.
    #[prost(int64, repeated, packed = "false", tag = "1")]
    pub dims: Vec<i64>,
    /// Kind of the elements ([`data_type`]).
    #[prost(int32, optional, tag = "2")]
    pub data_type: Option<i32>,
    /// Which part of a larger one this is.
    #[prost(message, optional, tag = "3")]
    pub segment: Option<Segment>,
    /// Elements that are floats.
    #[prost(float, repeated, tag = "4")]
    pub float_data: Vec<f32>,
    /// Elements that are integers of up to 32 bits, or 16-bit floats by their bits.
    #[prost(int32, repeated, tag = "5")]
    pub int32_data: Vec<i32>,
    /// Elements that are texts.
    #[prost(bytes = "vec", repeated, tag = "6")]
    pub string_data: Vec<Vec<u8>>,
    /// Elements that are 64-bit integers.
    #[prost(int64, repeated, tag = "7")]
    pub int64_data: Vec<i64>,
    /// Its name in the graph.
    #[prost(string, optional, tag = "8")]
    pub name: Option<String>,
    /// Elements, little-endian.
    #[prost(bytes = "vec", optional, tag = "9")]
    pub raw_data: Option<Vec<u8>>,
    /// Elements that are doubles.
    #[prost(double, repeated, tag = "10")]
    pub double_data: Vec<f64>,
    /// Elements that are unsigned.
    #[prost(uint64, repeated, tag = "11")]
    pub uint64_data: Vec<u64>,
    /// For people.
    #[prost(string, optional, tag = "12")]
    pub doc_string: Option<String>,
    /// Where in which other file the elements lie.
    #[prost(message, repeated, tag = "13")]
    pub external_data: Vec<StringStringEntryProto>,
    /// 1 when the elements lie in another file.
    #[prost(int32, optional, tag = "14")]
    pub data_location: Option<i32>,
    /// Named texts.
    #[prost(message, repeated, tag = "16")]
    pub metadata_props: Vec<StringStringEntryProto>,
}

/// A part of a tensor.
#[derive(Clone, PartialEq, Message)]
pub struct Segment {
    /// First element.
    #[prost(int64, optional, tag = "1")]
    pub begin: Option<i64>,
    /// After the last.
    #[prost(int64, optional, tag = "2")]
    pub end: Option<i64>,
}

/// A constant that is mostly zeros.
#[derive(Clone, PartialEq, Message)]
pub struct SparseTensorProto {
    /// The others.
    #[prost(message, optional, tag = "1")]
    pub values: Option<TensorProto>,
    /// Where they are.
    #[prost(message, optional, tag = "2")]
    pub indices: Option<TensorProto>,
    /// Length of each axis.
    #[prost(int64, repeated, packed = "false", tag = "3")]
    pub dims: Vec<i64>,
}

/// Kinds of elements ([`TensorProto::data_type`]).
pub mod data_type {
    /// 32-bit floating point.
    pub const FLOAT: i32 = 1;
    /// Unsigned 8-bit.
    pub const UINT8: i32 = 2;
    /// 8-bit.
    pub const INT8: i32 = 3;
    /// Unsigned 16-bit.
    pub const UINT16: i32 = 4;
    /// 16-bit.
    pub const INT16: i32 = 5;
    /// 32-bit.
    pub const INT32: i32 = 6;
    /// 64-bit.
    pub const INT64: i32 = 7;
    /// One byte, 0 or 1.
    pub const BOOL: i32 = 9;
    /// 16-bit floating point.
    pub const FLOAT16: i32 = 10;
    /// 64-bit floating point.
    pub const DOUBLE: i32 = 11;
    /// The upper half of a 32-bit floating point number.
    pub const BFLOAT16: i32 = 16;
}

impl TensorProto {
    /// A constant of floats.
    pub fn floats(name: &str, dims: &[i64], values: &[f32]) -> Self {
        let raw = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        Self::raw(name, dims, data_type::FLOAT, raw)
    }

    /// A constant of 32-bit integers.
    pub fn int32(name: &str, dims: &[i64], values: &[i32]) -> Self {
        let raw = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        Self::raw(name, dims, data_type::INT32, raw)
    }

    /// A constant of 64-bit integers.
    pub fn int64(name: &str, dims: &[i64], values: &[i64]) -> Self {
        let raw = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        Self::raw(name, dims, data_type::INT64, raw)
    }

    /// A constant by its little-endian bytes.
    pub fn raw(name: &str, dims: &[i64], kind: i32, raw: Vec<u8>) -> Self {
        Self {
            name: Some(name.to_owned()),
            dims: dims.to_vec(),
            data_type: Some(kind),
            raw_data: Some(raw),
            ..Self::default()
        }
    }

    /// Length of each axis.
    ///
    /// # Errors
    /// When one is negative or the whole has more than 2³¹ elements.
    pub fn shape(&self) -> Result<Vec<usize>, OnnxError> {
        let wrong = || self.wrong("its shape is negative or too large");
        let shape: Vec<usize> = self
            .dims
            .iter()
            .map(|&length| usize::try_from(length))
            .collect::<Result<_, _>>()
            .map_err(|_| wrong())?;
        shape
            .iter()
            .try_fold(1_usize, |whole, &length| whole.checked_mul(length).filter(|&n| n <= MOST_ELEMENTS))
            .ok_or_else(wrong)?;
        Ok(shape)
    }

    /// The elements as 32-bit floats, of whatever numeric kind they are, rounded as a cast rounds; `None` where they
    /// are no numbers.
    ///
    /// # Errors
    /// When the elements lie elsewhere or are not as many as the shape says.
    pub fn to_f32(&self) -> Result<Option<Vec<f32>>, OnnxError> {
        let values = match self.data_type.unwrap_or_default() {
            data_type::FLOAT if self.raw_data.is_none() => self.float_data.clone(),
            data_type::DOUBLE if self.raw_data.is_none() => {
                self.double_data.iter().map(|&value| value as f32).collect()
            }
            data_type::FLOAT => self.chunks(f32::from_le_bytes)?,
            data_type::DOUBLE => self.chunks(|bytes| f64::from_le_bytes(bytes) as f32)?,
            data_type::FLOAT16 => self.narrow(2)?.into_iter().map(|bits| half(bits as u16)).collect(),
            data_type::BFLOAT16 => {
                self.narrow(2)?.into_iter().map(|bits| f32::from_bits((bits as u32) << 16)).collect()
            }
            data_type::UINT8 | data_type::BOOL => {
                self.narrow(1)?.into_iter().map(|value| f32::from(value as u8)).collect()
            }
            data_type::INT8 => self.narrow(1)?.into_iter().map(|value| f32::from(value as i8)).collect(),
            data_type::UINT16 => self.narrow(2)?.into_iter().map(|value| f32::from(value as u16)).collect(),
            data_type::INT16 => self.narrow(2)?.into_iter().map(|value| f32::from(value as i16)).collect(),
            data_type::INT32 | data_type::INT64 => {
                let integers = self.to_i64()?.unwrap_or_default();
                integers.into_iter().map(|value| value as f32).collect()
            }
            _ => return Ok(None),
        };
        self.counted(values).map(Some)
    }

    /// The elements as integers; `None` where they are none.
    ///
    /// # Errors
    /// When the elements lie elsewhere or are not as many as the shape says.
    pub fn to_i64(&self) -> Result<Option<Vec<i64>>, OnnxError> {
        let values = match self.data_type.unwrap_or_default() {
            data_type::INT64 if self.raw_data.is_none() => self.int64_data.clone(),
            data_type::INT32 if self.raw_data.is_none() => {
                self.int32_data.iter().map(|&value| i64::from(value)).collect()
            }
            data_type::INT64 => self.chunks(i64::from_le_bytes)?,
            data_type::INT32 => self.chunks(|bytes| i64::from(i32::from_le_bytes(bytes)))?,
            data_type::UINT8 => self.narrow(1)?.into_iter().map(|value| i64::from(value as u8)).collect(),
            data_type::INT8 => self.narrow(1)?.into_iter().map(|value| i64::from(value as i8)).collect(),
            _ => return Ok(None),
        };
        self.counted(values).map(Some)
    }

    /// Elements of `width` bytes, 1 or 2, by their bits.
    fn narrow(&self, width: usize) -> Result<Vec<i32>, OnnxError> {
        Ok(match (&self.raw_data, width) {
            (None, _) => self.int32_data.clone(),
            (Some(raw), 1) => raw.iter().map(|&byte| i32::from(byte)).collect(),
            (Some(_), _) => self.chunks(|bytes| i32::from(u16::from_le_bytes(bytes)))?,
        })
    }

    fn chunks<const WIDTH: usize, T>(&self, read: impl Fn([u8; WIDTH]) -> T) -> Result<Vec<T>, OnnxError> {
        let raw = self.raw_data.as_deref().unwrap_or_default();
        let (chunks, rest) = raw.as_chunks::<WIDTH>();
        if !rest.is_empty() {
            return Err(self.wrong("its bytes are not a whole number of elements"));
        }
        Ok(chunks.iter().map(|chunk| read(*chunk)).collect())
    }

    fn counted<T>(&self, values: Vec<T>) -> Result<Vec<T>, OnnxError> {
        if self.is_external() {
            return Err(self.wrong("its elements lie in another file; save the model as a single file first"));
        }
        let expected: usize = self.shape()?.iter().product();
        if values.len() != expected {
            return Err(self.wrong("it has not as many elements as its shape says"));
        }
        Ok(values)
    }

    /// Whether the elements lie in another file.
    pub fn is_external(&self) -> bool {
        self.data_location == Some(1)
    }

    fn wrong(&self, reason: &'static str) -> OnnxError {
        OnnxError::Tensor { name: self.name.clone().unwrap_or_default(), reason }
    }
}

/// Elements of one constant; protobuf cannot hold more than 2 GiB anyhow.
const MOST_ELEMENTS: usize = 1 << 31;

/// An IEEE 754 half by its bits.
fn half(bits: u16) -> f32 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let fraction = f32::from(bits & 0x03FF);
    match (bits >> 10) & 0x1F {
        0 => sign * fraction * 2_f32.powi(-24),
        31 if fraction == 0.0 => sign * f32::INFINITY,
        31 => f32::NAN,
        exponent => sign * (1024.0 + fraction) * 2_f32.powi(i32::from(exponent) - 25),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_from_bytes_and_from_lists_alike() {
        let raw = TensorProto::floats("w", &[3], &[1.0, -2.5, 0.0]);
        let listed = TensorProto { raw_data: None, float_data: vec![1.0, -2.5, 0.0], ..raw.clone() };
        assert_eq!(raw.to_f32().unwrap(), listed.to_f32().unwrap());
        let bytes = TensorProto::raw("q", &[2], data_type::INT8, vec![0xFF, 0x7F]);
        let listed = TensorProto { raw_data: None, int32_data: vec![-1, 127], ..bytes.clone() };
        assert_eq!(bytes.to_f32().unwrap().unwrap(), [-1.0, 127.0]);
        assert_eq!(bytes.to_f32().unwrap(), listed.to_f32().unwrap());
        assert_eq!(TensorProto::int64("n", &[1], &[-7]).to_i64().unwrap().unwrap(), [-7]);
    }

    #[test]
    fn halves_are_what_ieee_754_says() {
        for (bits, value) in [
            (0x3C00, 1.0),
            (0xC000, -2.0),
            (0x7BFF, 65504.0),
            (0x0001, 5.960_464_5e-8),
            (0x3555, 0.333_251_95),
        ] {
            assert_eq!(half(bits), value);
        }
        assert!(half(0x7E00).is_nan());
        assert_eq!(half(0xFC00), f32::NEG_INFINITY);
    }

    #[test]
    fn a_shape_that_lies_is_an_error_that_names_the_tensor() {
        let short = TensorProto::floats("conv1.weight", &[4], &[1.0]);
        assert!(short.to_f32().unwrap_err().to_string().contains("conv1.weight"));
        let negative = TensorProto::floats("w", &[-1], &[1.0]);
        assert!(negative.to_f32().is_err());
        let vast = TensorProto::floats("w", &[i64::MAX, i64::MAX], &[]);
        assert!(vast.to_f32().is_err());
        let torn = TensorProto::raw("w", &[1], data_type::FLOAT, vec![0; 5]);
        assert!(torn.to_f32().is_err());
        let elsewhere = TensorProto { data_location: Some(1), ..TensorProto::floats("w", &[0], &[]) };
        assert!(elsewhere.to_f32().unwrap_err().to_string().contains("single file"));
    }
}
