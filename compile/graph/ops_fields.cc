// SPDX-License-Identifier: Apache-2.0
#include "compile/graph/ops.h"

namespace assay::ops {
namespace {

void visit_window(FieldVisitor& v, Window& window, bool dilated = true) {
  v.visit("kernel_shape", window.kernel_shape, true);
  v.visit("strides", window.strides);
  v.visit("pads", window.pads);
  if (dilated) v.visit("dilations", window.dilations);
}

}  // namespace

void Quant::fields(FieldVisitor& v) {
  v.visit("signed", is_signed);
  v.visit("narrow", narrow);
  v.visit("rounding_mode", rounding_mode);
}
void Trunc::fields(FieldVisitor& v) {
  v.visit("rounding_mode", rounding_mode);
  if (version < 2) return;
  v.visit("signed", is_signed);
  v.visit("narrow", narrow);
}
void FloatQuant::fields(FieldVisitor& v) {
  v.visit("has_inf", has_inf, true);
  v.visit("has_nan", has_nan, true);
  v.visit("has_subnormal", has_subnormal, true);
  v.visit("saturation", saturation, true);
  v.visit("rounding_mode", rounding_mode);
}
void MultiThreshold::fields(FieldVisitor& v) {
  v.visit("out_dtype", out_dtype, true);
  v.visit("out_scale", out_scale);
  v.visit("out_bias", out_bias);
  v.visit("data_layout", data_layout);
}
void JoinThreshold::fields(FieldVisitor& v) {
  v.visit("out_dtype", out_dtype, true);
  v.visit("out_scale", out_scale);
  v.visit("out_bias", out_bias);
  v.visit("table_min", table_min);
}
void QuantizeLinear::fields(FieldVisitor& v) { v.visit("axis", axis); }
void DequantizeLinear::fields(FieldVisitor& v) { v.visit("axis", axis); }
void Conv::fields(FieldVisitor& v) {
  visit_window(v, window);
  v.visit("group", group);
}
void ConvTranspose::fields(FieldVisitor& v) {
  visit_window(v, window);
  v.visit("output_padding", output_padding);
  v.visit("group", group);
}
void Gemm::fields(FieldVisitor& v) {
  v.visit("alpha", alpha);
  v.visit("beta", beta);
  v.visit("transA", trans_a);
  v.visit("transB", trans_b);
}
void DebugMarker::fields(FieldVisitor& v) { v.visit("export_debug_name", export_debug_name, true); }
void Cast::fields(FieldVisitor& v) { v.visit("to", to, true); }
void BatchNormalization::fields(FieldVisitor& v) {
  v.visit("epsilon", epsilon);
  v.visit("momentum", momentum);
}
void MaxPool::fields(FieldVisitor& v) {
  visit_window(v, window);
  v.visit("ceil_mode", ceil_mode);
}
void AveragePool::fields(FieldVisitor& v) {
  visit_window(v, window, false);
  v.visit("ceil_mode", ceil_mode);
  v.visit("count_include_pad", count_include_pad);
}
void QuantAvgPool2d::fields(FieldVisitor& v) {
  v.visit("stride", stride, true);
  v.visit("kernel", kernel, true);
  v.visit("ibits", ibits, true);
  v.visit("obits", obits, true);
  v.visit("signed", is_signed, true);
  v.visit("data_layout", data_layout);
}
void MaxPoolNHWC::fields(FieldVisitor& v) {
  visit_window(v, window, false);
  v.visit("ceil_mode", ceil_mode);
}
void SumPool::fields(FieldVisitor& v) {
  visit_window(v, window, false);
  v.visit("data_layout", data_layout);
}
void Flatten::fields(FieldVisitor& v) { v.visit("axis", axis); }
void Reshape::fields(FieldVisitor& v) { v.visit("allowzero", allowzero); }
void Transpose::fields(FieldVisitor& v) { v.visit("perm", perm); }
void Concat::fields(FieldVisitor& v) { v.visit("axis", axis, true); }
void Pad::fields(FieldVisitor& v) { v.visit("mode", mode); }
void Resize::fields(FieldVisitor& v) {
  v.visit("mode", mode);
  v.visit("coordinate_transformation_mode", coordinate_transformation_mode);
  v.visit("nearest_mode", nearest_mode);
}
void DepthToSpace::fields(FieldVisitor& v) {
  v.visit("blocksize", blocksize, true);
  v.visit("mode", mode);
}
void Im2Col::fields(FieldVisitor& v) {
  v.visit("stride", stride, true);
  v.visit("kernel_size", kernel_size, true);
  v.visit("input_shape", input_shape, true);
  v.visit("pad_amount", pad_amount);
  v.visit("pad_value", pad_value);
  v.visit("depthwise", depthwise);
  v.visit("dilations", dilations);
}
void Gather::fields(FieldVisitor& v) { v.visit("axis", axis); }
void TopK::fields(FieldVisitor& v) {
  v.visit("axis", axis);
  v.visit("largest", largest);
  v.visit("sorted", sorted);
}

}  // namespace assay::ops
