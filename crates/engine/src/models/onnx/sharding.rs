//! How a model is split over devices (onnx.proto, IR version 11 on): kept, never looked at.

use prost::{Message, Oneof};

/// A set of devices.
#[derive(Clone, PartialEq, Message)]
pub struct DeviceConfigurationProto {
    /// Its name.
    #[prost(string, optional, tag = "1")]
    pub name: Option<String>,
    /// How many.
    #[prost(int32, optional, tag = "2")]
    pub num_devices: Option<i32>,
    /// Which.
    #[prost(string, repeated, tag = "3")]
    pub device: Vec<String>,
}

/// How one node is split over a set of devices.
#[derive(Clone, PartialEq, Message)]
pub struct NodeDeviceConfigurationProto {
    /// Name of the set.
    #[prost(string, optional, tag = "1")]
    pub configuration_id: Option<String>,
    /// By value.
    #[prost(message, repeated, tag = "2")]
    pub sharding_spec: Vec<ShardingSpecProto>,
    /// In a pipeline.
    #[prost(int32, optional, tag = "3")]
    pub pipeline_stage: Option<i32>,
}

/// How one value is split.
#[derive(Clone, PartialEq, Message)]
pub struct ShardingSpecProto {
    /// The value.
    #[prost(string, optional, tag = "1")]
    pub tensor_name: Option<String>,
    /// Devices that hold it.
    #[prost(int64, repeated, packed = "false", tag = "2")]
    pub device: Vec<i64>,
    /// Groups of devices.
    #[prost(message, repeated, tag = "3")]
    pub index_to_device_group_map: Vec<IntIntListEntryProto>,
    /// By axis.
    #[prost(message, repeated, tag = "4")]
    pub sharded_dim: Vec<ShardedDimProto>,
}

/// A number and its numbers.
#[derive(Clone, PartialEq, Message)]
pub struct IntIntListEntryProto {
    /// The number.
    #[prost(int64, optional, tag = "1")]
    pub key: Option<i64>,
    /// Its numbers.
    #[prost(int64, repeated, packed = "false", tag = "2")]
    pub value: Vec<i64>,
}

/// How one axis is split.
#[derive(Clone, PartialEq, Message)]
pub struct ShardedDimProto {
    /// The axis.
    #[prost(int64, optional, tag = "1")]
    pub axis: Option<i64>,
    /// In which parts.
    #[prost(message, repeated, tag = "2")]
    pub simple_sharding: Vec<SimpleShardedDimProto>,
}

/// A number of parts.
#[derive(Clone, PartialEq, Message)]
pub struct SimpleShardedDimProto {
    /// Length of the axis.
    #[prost(oneof = "ShardedLength", tags = "1, 2")]
    pub dim: Option<ShardedLength>,
    /// How many.
    #[prost(int64, optional, tag = "3")]
    pub num_shards: Option<i64>,
}

/// Length of an axis that is split.
#[derive(Clone, PartialEq, Oneof)]
pub enum ShardedLength {
    /// Known.
    #[prost(int64, tag = "1")]
    Value(i64),
    /// Named.
    #[prost(string, tag = "2")]
    Param(String),
}
