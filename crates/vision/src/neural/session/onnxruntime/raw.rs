//! One run through the C interface.
//!
//! The wrapper's own `Session::run` takes `&mut self`, because with some providers (CUDA, DirectML) runs of one session
//! must not overlap. With the CPU provider, the only one used here, they may: "Multiple threads are allowed to run
//! this function; hence its thread-safe" (`onnxruntime/core/session/inference_session.h`, and its maintainers in issues
//! 114 and 22967). One session for all callers keeps one copy of the weights. Nothing else of a session is touched from
//! here: not its allocator, which the wrapper does not share between threads either.

use crate::neural::session::Output;
use ort::sys;
use ort::{AsPointer, ortsys};
use std::ffi::{CString, c_void};
use std::ptr::{self, NonNull};
use std::slice;

/// Runs `session` once for the outputs named, whose elements must be 32-bit floats.
pub(super) fn run(
    session: &ort::session::Session,
    inputs: &[(&str, *const sys::OrtValue)],
    outputs: &[&str],
) -> Result<Vec<Output>, String> {
    let c_string = |name: &str| CString::new(name).map_err(|_| "a name with a zero byte".to_owned());
    let names: Vec<CString> = inputs.iter().map(|(name, _)| c_string(name)).collect::<Result<_, _>>()?;
    let names: Vec<_> = names.iter().map(|name| name.as_ptr()).collect();
    let values: Vec<_> = inputs.iter().map(|(_, value)| *value).collect();
    let output_names: Vec<CString> = outputs.iter().map(|name| c_string(name)).collect::<Result<_, _>>()?;
    let output_names: Vec<_> = output_names.iter().map(|name| name.as_ptr()).collect();
    let mut given: Vec<*mut sys::OrtValue> = vec![ptr::null_mut(); outputs.len()];
    let mut run = || -> ort::Result<()> {
        // SAFETY: the session lives as long as it is borrowed, and its runs may overlap (see the module's page). Names
        // and values live in this call and its caller, are as many as is said, and are only read; without options the
        // pointer is null, as allowed; `given` has a place for each output, is written once, and what is in it is owned by
        // `Given` from then on.
        ortsys![
            unsafe Run(
                session.ptr().cast_mut(),
                ptr::null(),
                names.as_ptr(),
                values.as_ptr(),
                values.len(),
                output_names.as_ptr(),
                output_names.len(),
                given.as_mut_ptr()
            )?
        ];
        Ok(())
    };
    let ran = run();
    // Whatever was given is released, also when the run failed halfway.
    let given: Vec<Option<Given>> = given.into_iter().map(|value| NonNull::new(value).map(Given)).collect();
    ran.map_err(|error| error.to_string())?;
    let read = |(given, name): (Option<Given>, &&str)| {
        let given = given.ok_or("the run gave nothing")?;
        let output = given.read().map_err(|error| error.to_string())?;
        output.ok_or_else(|| format!("its output `{name}` does not hold 32-bit floats"))
    };
    given.into_iter().zip(outputs).map(read).collect()
}

/// What a run gave; released when dropped.
struct Given(NonNull<sys::OrtValue>);

impl Given {
    /// Copies a tensor of floats out; `None` when it is something else.
    fn read(&self) -> ort::Result<Option<Output>> {
        let value = self.0.as_ptr();
        let mut is_tensor = 0;
        // SAFETY: `value` is alive until this is dropped, here and below; out-pointers are to locals of the right types.
        ortsys![unsafe IsTensor(value, &mut is_tensor)?];
        if is_tensor == 0 {
            return Ok(None);
        }
        let mut info = ptr::null_mut();
        // SAFETY: `value` is a tensor.
        ortsys![unsafe GetTensorTypeAndShape(value, &mut info)?; nonNull(info)];
        let info = Info(info);
        let mut element = sys::ONNXTensorElementDataType::ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
        let (mut axes, mut count) = (0, 0);
        // SAFETY: `info` is alive until it is dropped, here and in the next two.
        ortsys![unsafe GetTensorElementType(info.0.as_ptr(), &mut element)?];
        // SAFETY: as above.
        ortsys![unsafe GetDimensionsCount(info.0.as_ptr(), &mut axes)?];
        // SAFETY: as above.
        ortsys![unsafe GetTensorShapeElementCount(info.0.as_ptr(), &mut count)?];
        if element != sys::ONNXTensorElementDataType::ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT {
            return Ok(None);
        }
        let mut lengths = vec![0_i64; axes];
        // SAFETY: `lengths` has room for as many numbers as is said.
        ortsys![unsafe GetDimensions(info.0.as_ptr(), lengths.as_mut_ptr(), lengths.len())?];
        let shape = lengths.into_iter().map(|length| usize::try_from(length).unwrap_or(0)).collect();
        if count == 0 {
            return Ok(Some(Output { shape, values: Vec::new() }));
        }
        let mut data = ptr::null_mut();
        // SAFETY: `value` is a tensor on the CPU, since no other provider is used.
        ortsys![unsafe GetTensorMutableData(value, &mut data)?; nonNull(data)];
        let data: NonNull<c_void> = data;
        // SAFETY: the tensor holds `count` floats, aligned, that nobody writes to until it is released.
        let values = unsafe { slice::from_raw_parts(data.cast::<f32>().as_ptr(), count) };
        Ok(Some(Output { shape, values: values.to_vec() }))
    }
}

impl Drop for Given {
    fn drop(&mut self) {
        // SAFETY: given to us by a run, and released once.
        ortsys![unsafe ReleaseValue(self.0.as_ptr())];
    }
}

/// Kind and shape of a tensor; released when dropped.
struct Info(NonNull<sys::OrtTensorTypeAndShapeInfo>);

impl Drop for Info {
    fn drop(&mut self) {
        // SAFETY: given to us by `GetTensorTypeAndShape`, and released once.
        ortsys![unsafe ReleaseTensorTypeAndShapeInfo(self.0.as_ptr())];
    }
}
