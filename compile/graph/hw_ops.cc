// SPDX-License-Identifier: Apache-2.0
#include "compile/graph/hw_ops.h"

#include <fmt/format.h>

#include <numeric>

namespace assay::hw {
namespace {

using Ints = std::vector<std::int64_t>;

/// X of shape [N,H,W,C].
const Shape& image_shape(const InferContext& c) {
  const Shape& x = c.shape(0);
  if (x.size() != 4) c.fail(fmt::format("it takes [N,H,W,C], not {}", shape_text(x)));
  return x;
}

/// Sizes up to here neither overflow nor occur.
constexpr std::int64_t kMaxField = 1 << 24;

void check_pair(const InferContext& c, const Ints& values, std::string_view name) {
  const auto outside = [](std::int64_t v) { return v < 1 || v > kMaxField; };
  if (values.size() != 2 || outside(values[0]) || outside(values[1]))
    c.fail(fmt::format("{} needs two numbers between 1 and {}", name, kMaxField));
}

void keep_shape(InferContext& c) { c.outputs[0].shape = c.shape(0); }

const Shape& vectors(const InferContext& c) {
  const Shape& x = c.shape(0);
  if (x.empty()) c.fail("it takes no scalar");
  return x;
}

/// T [rows or 1, steps] at `index`, where it is present.
void check_rows(const InferContext& c, std::size_t index, std::int64_t rows) {
  if (!c.has(index)) return;
  const Shape& t = c.shape(index);
  if (t.size() != 2 || (t[0] != 1 && t[0] != rows))
    c.fail(fmt::format("thresholds {} do not fit {} channels", shape_text(t), rows));
}

/// X [.., inputs], W [.., R], T? [R or 1, steps] -> [.., R].
void infer_product(InferContext& c, std::int64_t inputs) {
  Shape shape = vectors(c);
  const Shape& w = c.shape(1);
  if (w.size() != 2 || inputs != shape.back())
    c.fail(fmt::format("weights {} do not fit an input of shape {}", shape_text(w),
                       shape_text(shape)));
  check_rows(c, 2, w[1]);
  shape.back() = w[1];
  c.outputs[0].shape = shape;
}

void all_equal(const InferContext& c, std::size_t first) {
  for (std::size_t i = first + 1; i < c.input_count(); ++i)
    if (c.shape(i) != c.shape(first))
      c.fail(fmt::format("its inputs have the shapes {} and {}", shape_text(c.shape(first)),
                         shape_text(c.shape(i))));
}

}  // namespace

void HwOp::fields(FieldVisitor& v) {
  v.visit("partition", partition);
  v.visit("ram_style", ram_style);
  v.visit("inFIFODepths", in_fifo_depths);
  v.visit("outFIFODepths", out_fifo_depths);
}
void Levels::visit(FieldVisitor& v) {
  v.visit("out_dtype", out_dtype);
  v.visit("out_scale", out_scale);
  v.visit("out_bias", out_bias);
}
void FMPadding::fields(FieldVisitor& v) {
  HwOp::fields(v);
  v.visit("pads", pads);
  v.visit("insert", insert);
  v.visit("pad_value", pad_value);
  v.visit("SIMD", simd);
}
void ConvolutionInputGenerator::fields(FieldVisitor& v) {
  HwOp::fields(v);
  v.visit("kernel", kernel, true);
  v.visit("stride", stride);
  v.visit("dilation", dilation);
  v.visit("SIMD", simd);
  v.visit("depthwise", depthwise);
  v.visit("parallel_window", parallel_window);
}
void MultiplyOp::fields(FieldVisitor& v) {
  HwOp::fields(v);
  levels.visit(v);
  v.visit("acc_dtype", acc_dtype, true);
  v.visit("PE", pe);
  v.visit("SIMD", simd);
  v.visit("mem_mode", mem_mode);
  v.visit("preferred_impl_style", preferred_impl_style);
}
void MVAU::fields(FieldVisitor& v) {
  MultiplyOp::fields(v);
  v.visit("xnor", xnor);
}
void Thresholding::fields(FieldVisitor& v) {
  HwOp::fields(v);
  levels.visit(v);
  v.visit("PE", pe);
  v.visit("preferred_impl_style", preferred_impl_style);
}
void JoinThreshold::fields(FieldVisitor& v) {
  HwOp::fields(v);
  levels.visit(v);
  v.visit("table_min", table_min);
  v.visit("PE", pe);
}
void AddStreams::fields(FieldVisitor& v) {
  HwOp::fields(v);
  v.visit("PE", pe);
}
void EltwiseMul::fields(FieldVisitor& v) {
  HwOp::fields(v);
  v.visit("PE", pe);
}
void ChannelwiseOp::fields(FieldVisitor& v) {
  HwOp::fields(v);
  v.visit("function", function, true);
  v.visit("PE", pe);
}
void Pool::fields(FieldVisitor& v) {
  HwOp::fields(v);
  v.visit("function", function, true);
  v.visit("taps", taps, true);
  v.visit("shift", shift);
  v.visit("PE", pe);
}
void GlobalAccPool::fields(FieldVisitor& v) {
  HwOp::fields(v);
  v.visit("shift", shift);
  v.visit("PE", pe);
}
void LabelSelect::fields(FieldVisitor& v) {
  HwOp::fields(v);
  v.visit("k", k);
  v.visit("PE", pe);
  v.visit("largest", largest);
}
void DuplicateStreams::fields(FieldVisitor& v) {
  HwOp::fields(v);
  v.visit("PE", pe);
}
void StreamingConcat::fields(FieldVisitor& v) {
  HwOp::fields(v);
  v.visit("PE", pe);
}
void StreamingSplit::fields(FieldVisitor& v) {
  HwOp::fields(v);
  v.visit("channels", channels, true);
  v.visit("PE", pe);
}
void UpsampleNearestNeighbour::fields(FieldVisitor& v) {
  HwOp::fields(v);
  v.visit("scale", scale);
  v.visit("SIMD", simd);
}
void StreamingDataWidthConverter::fields(FieldVisitor& v) {
  HwOp::fields(v);
  v.visit("in_lanes", in_lanes);
  v.visit("out_lanes", out_lanes);
}
void StreamingFIFO::fields(FieldVisitor& v) {
  HwOp::fields(v);
  v.visit("depth", depth);
  v.visit("lanes", lanes);
}
void TLastMarker::fields(FieldVisitor& v) {
  HwOp::fields(v);
  v.visit("lanes", lanes);
}

void FMPadding::infer(InferContext& c) const {
  const Shape& x = image_shape(c);
  check_pair(c, insert, "insert");
  if (pads.size() != 4 ||
      std::ranges::any_of(pads, [](std::int64_t p) { return p < 0 || p > kMaxField; }))
    c.fail(
        fmt::format("pads needs [top, left, bottom, right], none negative or above {}", kMaxField));
  c.outputs[0].shape = {x[0], (x[1] - 1) * insert[0] + 1 + pads[0] + pads[2],
                        (x[2] - 1) * insert[1] + 1 + pads[1] + pads[3], x[3]};
}
void ConvolutionInputGenerator::infer(InferContext& c) const {
  const Shape& x = image_shape(c);
  check_pair(c, kernel, "kernel");
  check_pair(c, stride, "stride");
  check_pair(c, dilation, "dilation");
  Shape out = x;
  for (std::size_t i = 0; i < 2; ++i) {
    const std::int64_t reach = dilation[i] * (kernel[i] - 1) + 1;
    if (reach > x[1 + i])
      c.fail(fmt::format("a window of {} does not fit {} rows or columns", reach, x[1 + i]));
    out[1 + i] = (x[1 + i] - reach) / stride[i] + 1;
  }
  out[3] = element_count({kernel[0], kernel[1], x[3]});
  c.outputs[0].shape = out;
}
void MVAU::infer(InferContext& c) const {
  infer_product(c, c.shape(1).empty() ? 0 : c.shape(1).front());
}
void VVAU::infer(InferContext& c) const { infer_product(c, element_count(c.shape(1))); }
void Thresholding::infer(InferContext& c) const {
  const Shape& x = vectors(c);
  const Shape& t = c.shape(1);
  bool fits = t.size() == 2 && (t[0] == 1 || t[0] == x.back());
  if (t.size() == x.size() + 1 && !fits) {
    fits = true;
    for (std::size_t i = 0; i < x.size(); ++i) fits = fits && (t[i] == 1 || t[i] == x[i]);
  }
  if (!fits)
    c.fail(
        fmt::format("thresholds {} do not fit an input of shape {}", shape_text(t), shape_text(x)));
  keep_shape(c);
}
void JoinThreshold::infer(InferContext& c) const {
  all_equal(c, kFirstX);
  const Shape& x = c.shape(kFirstX);
  const std::size_t count = c.input_count() - kFirstX;
  const bool line = c.has(1);
  if (count < 2 || (!line && count > 2))
    c.fail("a sum of streams needs two of them, or multipliers for more");
  const auto check = [&](std::size_t index, std::size_t extra) {
    const Shape& p = c.shape(index);
    bool fits = p.size() == x.size() + extra;
    for (std::size_t i = 0; fits && i < x.size(); ++i)
      fits = p[i] == 1 || (i + 1 == x.size() && p[i] == x[i]);
    if (!fits)
      c.fail(fmt::format("parameters of shape {} do not fit the channels of {}", shape_text(p),
                         shape_text(x)));
  };
  check(0, line ? 1 : 2);
  if (element_count(c.shape(0)) == 0) c.fail("its thresholds have no steps");
  if (line) check(1, 1);
  if (line && c.shape(1).back() != static_cast<std::int64_t>(count))
    c.fail(fmt::format("{} multipliers for {} inputs", c.shape(1).back(), count));
  c.outputs[0].shape = x;
}
void AddStreams::infer(InferContext& c) const {
  all_equal(c, 0);
  keep_shape(c);
}
void EltwiseMul::infer(InferContext& c) const {
  const Shape& a = vectors(c);
  const Shape& b = c.shape(1);
  Shape vector(a.size(), 1);
  vector.back() = a.back();
  if (b != a && b != vector)
    c.fail(fmt::format("it multiplies {} by {}; it takes a factor of the same shape or of {}",
                       shape_text(a), shape_text(b), shape_text(vector)));
  keep_shape(c);
}
void ChannelwiseOp::infer(InferContext& c) const {
  const Shape& x = vectors(c);
  const Shape& p = c.shape(1);
  if (p.size() != 1 || (p[0] != 1 && p[0] != x.back()))
    c.fail(
        fmt::format("parameters {} do not fit an input of shape {}", shape_text(p), shape_text(x)));
  if (function != "add" && function != "mul" && function != "max" && function != "min")
    c.fail("function must be add, mul, max or min");
  keep_shape(c);
}
void Pool::infer(InferContext& c) const {
  Shape shape = image_shape(c);
  if (taps < 1 || shape[3] % taps != 0)
    c.fail(fmt::format("{} taps do not divide {} elements", taps, shape[3]));
  if (function != "max" && function != "sum") c.fail("function must be max or sum");
  if (shift < 0 || shift > 62) c.fail("shift must be between 0 and 62");
  shape[3] /= taps;
  c.outputs[0].shape = shape;
}
void GlobalAccPool::infer(InferContext& c) const {
  const Shape& x = image_shape(c);
  if (shift < 0 || shift > 62) c.fail("shift must be between 0 and 62");
  c.outputs[0].shape = {x[0], 1, 1, x[3]};
}
void LabelSelect::infer(InferContext& c) const {
  Shape shape = vectors(c);
  if (element_count(shape) != shape.back()) c.fail("it takes one vector of classes");
  if (k < 1 || k > shape.back())
    c.fail(fmt::format("k is {}, which is not between 1 and the {} classes", k, shape.back()));
  shape.back() = k;
  c.outputs[0].shape = c.outputs[1].shape = shape;
  c.outputs[1].container = Container::kInt64;
}
void DuplicateStreams::infer(InferContext& c) const {
  for (InferOutput& output : c.outputs) output.shape = c.shape(0);
}
void StreamingConcat::infer(InferContext& c) const {
  Shape shape = vectors(c);
  for (std::size_t i = 1; i < c.input_count(); ++i) {
    const Shape& x = c.shape(i);
    if (x.size() != shape.size() || !std::equal(x.begin(), x.end() - 1, shape.begin()))
      c.fail(fmt::format("its inputs have the shapes {} and {}", shape_text(c.shape(0)),
                         shape_text(x)));
    shape.back() += x.back();
  }
  c.outputs[0].shape = shape;
}
void StreamingSplit::infer(InferContext& c) const {
  const Shape& x = vectors(c);
  if (channels.size() < 1 || channels.size() > c.outputs.size() ||
      std::ranges::any_of(channels, [&](std::int64_t n) { return n < 1 || n > x.back(); }) ||
      std::accumulate(channels.begin(), channels.end(), std::int64_t{0}) != x.back())
    c.fail(fmt::format("its parts do not add up to {} channels", x.back()));
  for (std::size_t i = 0; i < c.outputs.size(); ++i) {
    c.outputs[i].shape = x;
    if (i < channels.size()) c.outputs[i].shape.back() = channels[i];
  }
}
void UpsampleNearestNeighbour::infer(InferContext& c) const {
  const Shape& x = image_shape(c);
  check_pair(c, scale, "scale");
  c.outputs[0].shape = {x[0], x[1] * scale[0], x[2] * scale[1], x[3]};
}
void StreamingDataWidthConverter::infer(InferContext& c) const { keep_shape(c); }
void StreamingFIFO::infer(InferContext& c) const { keep_shape(c); }
void TLastMarker::infer(InferContext& c) const { keep_shape(c); }

}  // namespace assay::hw
