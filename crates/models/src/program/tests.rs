//! Programs against ONNX Runtime.
