// SPDX-License-Identifier: Apache-2.0
#include "compile/graph/hw_op.h"

#include <fmt/format.h>

namespace assay::hw {
namespace {

/// T [rows or 1, steps] at `index`, where it is present.
void check_rows(const InferContext& c, std::size_t index, std::int64_t rows) {
  if (!c.has(index)) return;
  const Shape& t = c.shape(index);
  if (t.size() != 2 || (t[0] != 1 && t[0] != rows))
    c.fail(fmt::format("thresholds {} do not fit {} channels", shape_text(t), rows));
}

}  // namespace

void HwOp::fields(FieldVisitor& v) {
  v.visit("partition", partition);
  v.visit("ram_style", ram_style);
  v.visit("inFIFODepths", in_fifo_depths);
  v.visit("outFIFODepths", out_fifo_depths);
}

const Shape& HwOp::image_shape(const InferContext& c) {
  const Shape& x = c.shape(0);
  if (x.size() != 4) c.fail(fmt::format("it takes [N,H,W,C], not {}", shape_text(x)));
  return x;
}

const Shape& HwOp::vectors(const InferContext& c) {
  const Shape& x = c.shape(0);
  if (x.empty()) c.fail("it takes no scalar");
  return x;
}

void HwOp::check_pair(const InferContext& c, const std::vector<std::int64_t>& values,
                      std::string_view name) {
  const auto outside = [](std::int64_t v) { return v < 1 || v > kMaxField; };
  if (values.size() != 2 || outside(values[0]) || outside(values[1]))
    c.fail(fmt::format("{} needs two numbers between 1 and {}", name, kMaxField));
}

void HwOp::check_equal(const InferContext& c, std::size_t first) {
  for (std::size_t i = first + 1; i < c.input_count(); ++i)
    if (c.shape(i) != c.shape(first))
      c.fail(fmt::format("its inputs have the shapes {} and {}", shape_text(c.shape(first)),
                         shape_text(c.shape(i))));
}

void HwOp::keep_shape(InferContext& c) { c.outputs[0].shape = c.shape(0); }

void Levels::visit(FieldVisitor& v) {
  v.visit("out_dtype", out_dtype);
  v.visit("out_scale", out_scale);
  v.visit("out_bias", out_bias);
}

void MultiplyOp::fields(FieldVisitor& v) {
  HwOp::fields(v);
  levels.visit(v);
  v.visit("acc_dtype", acc_dtype, true);
  v.visit("PE", pe);
  v.visit("SIMD", simd);
  v.visit("mem_mode", mem_mode);
  v.visit("preferred_impl_style", preferred_impl_style);
  v.visit("runtime_writeable_weights", runtime_writeable_weights);
}

void MultiplyOp::infer_product(InferContext& c, std::int64_t inputs) {
  Shape shape = vectors(c);
  const Shape& w = c.shape(1);
  if (w.size() != 2 || inputs != shape.back())
    c.fail(fmt::format("weights {} do not fit an input of shape {}", shape_text(w),
                       shape_text(shape)));
  check_rows(c, 2, w[1]);
  shape.back() = w[1];
  c.outputs[0].shape = shape;
}

}  // namespace assay::hw
