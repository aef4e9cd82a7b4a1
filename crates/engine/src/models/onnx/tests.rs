//! Files that pass through unchanged, and bytes that are no files.

use super::graph::{
    FunctionProto, StringStringEntryProto, TensorAnnotation, TrainingInfoProto, attribute_type,
};
use super::sharding::*;
use super::tensor::{Segment, SparseTensorProto};
use super::types::*;
use super::*;
use proptest::prelude::*;

fn entry(key: &str) -> StringStringEntryProto {
    StringStringEntryProto { key: Some(key.to_owned()), value: Some("é".to_owned()) }
}

fn text(value: &str) -> Option<String> {
    Some(value.to_owned())
}

/// A model in which every field of every message holds something.
fn full() -> ModelProto {
    let tensor = TensorProto {
        dims: vec![1, -2, 3],
        data_type: Some(1),
        segment: Some(Segment { begin: Some(1), end: Some(2) }),
        float_data: vec![0.5, f32::MAX],
        int32_data: vec![-1, 7],
        string_data: vec![vec![0xFF, 0]],
        int64_data: vec![i64::MIN],
        name: text("w"),
        raw_data: Some(vec![1, 2, 3]),
        double_data: vec![1e300],
        uint64_data: vec![u64::MAX],
        doc_string: text("weights"),
        external_data: vec![entry("location")],
        data_location: Some(0),
        metadata_props: vec![entry("a")],
    };
    let sparse =
        SparseTensorProto { values: Some(tensor.clone()), indices: Some(tensor.clone()), dims: vec![4] };
    let dimension = |value| Dimension { value: Some(value), denotation: text("DATA_BATCH") };
    let shape = TensorShapeProto {
        dim: vec![dimension(DimensionLength::Value(0)), dimension(DimensionLength::Param("N".to_owned()))],
    };
    let dense = TensorType { elem_type: Some(1), shape: Some(shape) };
    let of = |kind| TypeProto { value: Some(kind), denotation: text("IMAGE") };
    let element = || Box::new(ElementType { elem_type: Some(Box::new(of(TypeKind::Tensor(dense.clone())))) });
    let map = MapType { key_type: Some(7), value_type: element().elem_type };
    let types = vec![
        of(TypeKind::Tensor(dense.clone())),
        of(TypeKind::Sequence(element())),
        of(TypeKind::Map(Box::new(map))),
        of(TypeKind::Opaque(OpaqueType { domain: text("d"), name: text("n") })),
        of(TypeKind::SparseTensor(dense.clone())),
        of(TypeKind::Optional(element())),
    ];
    let value = ValueInfoProto {
        name: text("x"),
        r#type: types.first().cloned(),
        doc_string: text("picture"),
        metadata_props: vec![entry("b")],
    };
    let inner = GraphProto { name: text("branch"), ..GraphProto::default() };
    let attribute = AttributeProto {
        name: text("pads"),
        f: Some(0.0),
        i: Some(0),
        s: Some(vec![0xFE]),
        t: Some(Box::new(tensor.clone())),
        g: Some(Box::new(inner.clone())),
        floats: vec![1.0, -0.0],
        ints: vec![0, -1],
        strings: vec![vec![]],
        tensors: vec![tensor.clone()],
        graphs: vec![inner],
        doc_string: text("pads"),
        tp: types.first().cloned().map(Box::new),
        type_protos: types,
        r#type: Some(attribute_type::INTS),
        ref_attr_name: text("outer"),
        sparse_tensor: Some(Box::new(sparse.clone())),
        sparse_tensors: vec![sparse.clone()],
    };
    let sharded = |length| ShardedDimProto {
        axis: Some(-1),
        simple_sharding: vec![SimpleShardedDimProto { dim: Some(length), num_shards: Some(2) }],
    };
    let node = NodeProto {
        input: vec!["x".to_owned(), String::new()],
        output: vec!["y".to_owned()],
        name: text("conv"),
        op_type: text("Conv"),
        attribute: vec![attribute.clone()],
        doc_string: text("first"),
        domain: text("ai.onnx"),
        overload: text("o"),
        metadata_props: vec![entry("c")],
        device_configurations: vec![NodeDeviceConfigurationProto {
            configuration_id: text("two"),
            sharding_spec: vec![ShardingSpecProto {
                tensor_name: text("x"),
                device: vec![0, -1],
                index_to_device_group_map: vec![IntIntListEntryProto { key: Some(-1), value: vec![0, 1] }],
                sharded_dim: vec![
                    sharded(ShardedLength::Value(8)),
                    sharded(ShardedLength::Param("N".to_owned())),
                ],
            }],
            pipeline_stage: Some(1),
        }],
    };
    let graph = GraphProto {
        node: vec![node.clone()],
        name: text("g"),
        initializer: vec![tensor],
        doc_string: text("all"),
        input: vec![value.clone()],
        output: vec![value.clone()],
        value_info: vec![value.clone()],
        quantization_annotation: vec![TensorAnnotation {
            tensor_name: text("x"),
            quant_parameter_tensor_names: vec![entry("SCALE_TENSOR")],
        }],
        sparse_initializer: vec![sparse],
        metadata_props: vec![entry("d")],
    };
    let operators = vec![OperatorSetIdProto { domain: text(""), version: Some(13) }];
    ModelProto {
        ir_version: Some(13),
        producer_name: text("p"),
        producer_version: text("1"),
        domain: text("org"),
        model_version: Some(0),
        doc_string: text("m"),
        graph: Some(graph.clone()),
        opset_import: operators.clone(),
        metadata_props: vec![entry("e")],
        training_info: vec![TrainingInfoProto {
            initialization: Some(graph.clone()),
            algorithm: Some(graph),
            initialization_binding: vec![entry("f")],
            update_binding: vec![entry("g")],
        }],
        functions: vec![FunctionProto {
            name: text("Gelu"),
            input: vec!["x".to_owned()],
            output: vec!["y".to_owned()],
            attribute: vec!["alpha".to_owned()],
            node: vec![node],
            doc_string: text("h"),
            opset_import: operators,
            domain: text("org"),
            attribute_proto: vec![attribute],
            value_info: vec![value],
            overload: text("o"),
            metadata_props: vec![entry("i")],
        }],
        configuration: vec![DeviceConfigurationProto {
            name: text("two"),
            num_devices: Some(2),
            device: vec!["a".to_owned()],
        }],
    }
}

#[test]
fn every_field_survives_being_written_and_read() {
    let model = full();
    assert_eq!(read(&write(&model).unwrap()).unwrap(), model);
}

#[test]
fn real_files_come_out_with_the_bytes_they_had() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/models");
    let Ok(entries) = std::fs::read_dir(folder) else {
        eprintln!("skipped: {folder} is not there");
        return;
    };
    let mut seen = 0;
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.extension().is_some_and(|extension| extension == "onnx") {
            let bytes = std::fs::read(&path).unwrap();
            assert!(write(&read(&bytes).unwrap()).unwrap() == bytes, "{} changed", path.display());
            seen += 1;
        }
    }
    assert!(seen > 0, "{folder} holds no model");
}

#[test]
fn weights_in_another_file_are_refused_with_the_cure() {
    let mut model = full();
    model.graph.as_mut().unwrap().initializer[0].data_location = Some(1);
    let error = read(&write(&model).unwrap()).unwrap_err().to_string();
    assert!(error.contains("`w`") && error.contains("single file"), "{error}");
    // In a branch as well.
    let mut model = full();
    let attribute = &mut model.graph.as_mut().unwrap().node[0].attribute[0];
    attribute.graphs[0].initializer =
        vec![TensorProto { name: text("inner"), data_location: Some(1), ..TensorProto::default() }];
    assert!(read(&write(&model).unwrap()).unwrap_err().to_string().contains("`inner`"));
}

#[test]
fn what_is_no_model_is_said_so() {
    let whole = write(&full()).unwrap();
    for bytes in [
        &b""[..],
        b"<!DOCTYPE html><html>",
        b"version https://git-lfs.github.com/spec/v1\n",
        &whole[..whole.len() / 2],
    ] {
        let error = read(bytes).unwrap_err().to_string();
        assert!(error.contains("not an ONNX model"), "{error}");
    }
}

#[test]
fn graphs_within_graphs_without_end_are_refused() {
    let mut graph = GraphProto::default();
    for _ in 0..60 {
        let attribute = AttributeProto { g: Some(Box::new(graph)), ..AttributeProto::default() };
        let node = NodeProto { attribute: vec![attribute], ..NodeProto::default() };
        graph = GraphProto { node: vec![node], ..GraphProto::default() };
    }
    let model = ModelProto { graph: Some(graph), ..ModelProto::default() };
    assert!(matches!(read(&write(&model).unwrap()), Err(OnnxError::TooDeep)));
}

#[test]
fn a_small_file_cannot_claim_millions_of_nodes() {
    // Tag 1 (a node), length 0: two bytes each.
    let nodes: Vec<u8> = [0x0A, 0x00].repeat(2_000_001);
    let mut bytes = vec![0x3A];
    prost::encoding::encode_varint(nodes.len() as u64, &mut bytes);
    bytes.extend(nodes);
    assert!(matches!(read(&bytes), Err(OnnxError::TooManyParts(_))));
}

proptest! {
    #[test]
    fn damaged_files_are_errors_or_models_but_never_a_panic(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        keep in any::<prop::sample::Index>(),
    ) {
        let mut bytes = write(&full()).unwrap();
        for (place, byte) in &changes {
            let place = place.index(bytes.len());
            bytes[place] = *byte;
        }
        bytes.truncate(1 + keep.index(bytes.len()));
        if let Ok(model) = read(&bytes) {
            for tensor in &model.graph.as_ref().unwrap().initializer {
                let _ = tensor.to_f32();
                let _ = tensor.to_i64();
            }
            prop_assert!(write(&model).is_ok());
        }
    }

    #[test]
    fn drawn_constants_keep_their_numbers(values in proptest::collection::vec(any::<f32>(), 0..50)) {
        let tensor = TensorProto::floats("w", &[values.len() as i64], &values);
        let graph = GraphProto { initializer: vec![tensor], ..GraphProto::default() };
        let model = ModelProto { graph: Some(graph), ..ModelProto::default() };
        let back = read(&write(&model).unwrap()).unwrap().graph.unwrap();
        let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        prop_assert_eq!(bits(&back.initializer[0].to_f32().unwrap().unwrap()), bits(&values));
    }
}
