//! What is said of a value: its type and shape, as onnx.proto has them.

use super::graph::StringStringEntryProto;
use prost::{Message, Oneof};

/// A value's name and type.
#[derive(Clone, PartialEq, Message)]
pub struct ValueInfoProto {
    /// Its name.
    #[prost(string, optional, tag = "1")]
    pub name: Option<String>,
    /// Its type, where known.
    #[prost(message, optional, tag = "2")]
    pub r#type: Option<TypeProto>,
    /// For people.
    #[prost(string, optional, tag = "3")]
    pub doc_string: Option<String>,
    /// Named texts.
    #[prost(message, repeated, tag = "4")]
    pub metadata_props: Vec<StringStringEntryProto>,
}

/// A type.
#[derive(Clone, PartialEq, Message)]
pub struct TypeProto {
    /// Of which kind.
    #[prost(oneof = "TypeKind", tags = "1, 4, 5, 7, 8, 9")]
    pub value: Option<TypeKind>,
    /// A standard meaning.
    #[prost(string, optional, tag = "6")]
    pub denotation: Option<String>,
}

/// Kinds of types.
#[derive(Clone, PartialEq, Oneof)]
pub enum TypeKind {
    /// A dense tensor.
    #[prost(message, tag = "1")]
    Tensor(TensorType),
    /// A list.
    #[prost(message, tag = "4")]
    Sequence(Box<ElementType>),
    /// A table.
    #[prost(message, tag = "5")]
    Map(Box<MapType>),
    /// Something of a type that is not described.
    #[prost(message, tag = "7")]
    Opaque(OpaqueType),
    /// A sparse tensor.
    #[prost(message, tag = "8")]
    SparseTensor(TensorType),
    /// A value or none.
    #[prost(message, tag = "9")]
    Optional(Box<ElementType>),
}

/// A tensor, dense or sparse.
#[derive(Clone, PartialEq, Message)]
pub struct TensorType {
    /// Kind of its elements ([`super::tensor::data_type`]).
    #[prost(int32, optional, tag = "1")]
    pub elem_type: Option<i32>,
    /// Its shape; absent when not even the number of axes is known.
    #[prost(message, optional, tag = "2")]
    pub shape: Option<TensorShapeProto>,
}

/// A list's or optional value's type.
#[derive(Clone, PartialEq, Message)]
pub struct ElementType {
    /// Type of what is within.
    #[prost(message, optional, boxed, tag = "1")]
    pub elem_type: Option<Box<TypeProto>>,
}

/// A table's types.
#[derive(Clone, PartialEq, Message)]
pub struct MapType {
    /// Kind of its keys.
    #[prost(int32, optional, tag = "1")]
    pub key_type: Option<i32>,
    /// Type of its values.
    #[prost(message, optional, boxed, tag = "2")]
    pub value_type: Option<Box<TypeProto>>,
}

/// A type that is only named.
#[derive(Clone, PartialEq, Message)]
pub struct OpaqueType {
    /// Whose.
    #[prost(string, optional, tag = "1")]
    pub domain: Option<String>,
    /// Its name.
    #[prost(string, optional, tag = "2")]
    pub name: Option<String>,
}

/// Axes.
#[derive(Clone, PartialEq, Message)]
pub struct TensorShapeProto {
    /// The slowest first.
    #[prost(message, repeated, tag = "1")]
    pub dim: Vec<Dimension>,
}

/// An axis.
#[derive(Clone, PartialEq, Message)]
pub struct Dimension {
    /// Its length.
    #[prost(oneof = "DimensionLength", tags = "1, 2")]
    pub value: Option<DimensionLength>,
    /// A standard meaning.
    #[prost(string, optional, tag = "3")]
    pub denotation: Option<String>,
}

/// Length of an axis.
#[derive(Clone, PartialEq, Oneof)]
pub enum DimensionLength {
    /// Known.
    #[prost(int64, tag = "1")]
    Value(i64),
    /// Named: axes of one name are of one length.
    #[prost(string, tag = "2")]
    Param(String),
}

impl ValueInfoProto {
    /// A tensor of which only the kind of elements is known.
    pub fn tensor(name: &str, elem_type: i32) -> Self {
        let tensor = TensorType { elem_type: Some(elem_type), shape: None };
        let kind = TypeProto { value: Some(TypeKind::Tensor(tensor)), denotation: None };
        Self { name: Some(name.to_owned()), r#type: Some(kind), ..Self::default() }
    }

    /// Kind of the elements, where this is a tensor.
    pub fn elements(&self) -> Option<i32> {
        match self.r#type.as_ref()?.value.as_ref()? {
            TypeKind::Tensor(tensor) => tensor.elem_type,
            _ => None,
        }
    }
}
