// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/cleanup/infer_data_types.h"

#include <algorithm>
#include <cmath>

#include "compile/base/error.h"
#include "compile/graph/ops.h"
#include "compile/passes/rewrite/constant_tools.h"
#include "compile/passes/rewrite/rewrite.h"

namespace assay {
namespace {

/// An interval of integers, wide enough that sums of products of 64-bit types do not overflow
/// unnoticed.
struct Range {
  __int128 lo, hi;
};
using MaybeRange = std::optional<Range>;
constexpr __int128 kHuge = static_cast<__int128>(1) << 100;

Range operator+(const Range& a, const Range& b) { return {a.lo + b.lo, a.hi + b.hi}; }
Range operator-(const Range& a, const Range& b) { return {a.lo - b.hi, a.hi - b.lo}; }
Range hull(const Range& a, const Range& b) { return {std::min(a.lo, b.lo), std::max(a.hi, b.hi)}; }

MaybeRange product(const Range& a, const Range& b) {
  // 64-bit types multiply to 128 bits at most; anything that large is no integer type of ours.
  constexpr __int128 kLimit = static_cast<__int128>(1) << 62;
  for (const __int128 end : {a.lo, a.hi, b.lo, b.hi})
    if (end > kLimit || end < -kLimit) return {};
  const auto [lo, hi] = std::minmax({a.lo * b.lo, a.lo * b.hi, a.hi * b.lo, a.hi * b.hi});
  return Range{lo, hi};
}

/// `count` terms of `term`, some of which may be missing (padding).
MaybeRange sum_of(const MaybeRange& term, std::int64_t count) {
  if (!term || term->lo < -kHuge / std::max<std::int64_t>(count, 1) ||
      term->hi > kHuge / std::max<std::int64_t>(count, 1))
    return {};
  return Range{std::min<__int128>(term->lo, 0) * count, std::max<__int128>(term->hi, 0) * count};
}

DataType type_of(const MaybeRange& range) {
  if (!range || range->lo < INT64_MIN || range->hi > INT64_MAX) return DataType::float32();
  return DataType::smallest_for(static_cast<std::int64_t>(range->lo),
                                static_cast<std::int64_t>(range->hi));
}

MaybeRange range_of(const Tensor& tensor) {
  if (!tensor.dtype.is_integer()) return {};
  return Range{tensor.dtype.min(), tensor.dtype.max()};
}

MaybeRange input_range(const Node& node, std::size_t index) {
  return range_of(*node.inputs[index]);
}

/// The integer value of a one-element constant.
std::optional<std::int64_t> integer_constant(const Node& node, std::size_t index) {
  const Constant* constant = constant_input(node, index);
  if (!constant || constant->size() != 1) return {};
  const Real value = constant->real(0);
  const mpz_class floor = value.floor();
  if (!floor.fits_slong_p() || !(Real(floor.get_si()) == value)) return {};
  return floor.get_si();
}

DataType quantised(const Node& node, std::size_t scale, std::size_t zero, std::size_t bits,
                   bool is_signed) {
  const std::optional<std::int64_t> width = integer_constant(node, bits);
  if (!is_constant_of(node, scale, 1) || !is_constant_of(node, zero, 0)) return DataType::float32();
  if (!width || *width < 1 || *width > 64) return DataType::float32();
  return is_signed ? DataType::sint(static_cast<int>(*width))
                   : DataType::uint(static_cast<int>(*width));
}

/// The type of scale * n + bias for n of 0 to `steps`: the declared one if it holds them all.
DataType levels_type(const DataType& declared, std::int64_t scale, std::int64_t bias,
                     std::int64_t steps) {
  const auto [lo, hi] = std::minmax({bias, bias + scale * steps});
  bool fits = declared.is_integer() && declared.min() <= lo && declared.max() >= hi;
  if (declared == DataType::bipolar()) fits = fits && steps == 1 && std::abs(scale) == 2;  // no 0
  return fits ? declared : DataType::smallest_for(lo, hi);
}

DataType multi_threshold_type(const Node& node, const ops::MultiThreshold& op) {
  if (op.out_scale != std::nearbyint(op.out_scale) || op.out_bias != std::nearbyint(op.out_bias))
    return DataType::float32();
  if (std::abs(op.out_scale) > 0x1p30F || std::abs(op.out_bias) > 0x1p30F)
    return DataType::float32();
  return levels_type(op.out_dtype, static_cast<std::int64_t>(op.out_scale),
                     static_cast<std::int64_t>(op.out_bias), known_shape(*node.inputs[1])[1]);
}

DataType join_threshold_type(const Node& node, const ops::JoinThreshold& op) {
  constexpr std::int64_t kLimit = std::int64_t{1} << 30;
  if (std::abs(op.out_scale) > kLimit || std::abs(op.out_bias) > kLimit) return DataType::float32();
  return levels_type(op.out_dtype, op.out_scale, op.out_bias, known_shape(*node.inputs[0]).back());
}

std::optional<DataType> quantiser_type(const Node& node) {
  if (const auto* op = node.as<ops::Quant>()) {
    const DataType type = quantised(node, 1, 2, 3, op->is_signed);
    return type == DataType::sint(1) ? DataType::bipolar() : type;
  }
  if (node.as<ops::BipolarQuant>())
    return is_constant_of(node, 1, 1) ? DataType::bipolar() : DataType::float32();
  if (const auto* op = node.as<ops::Trunc>())
    return op->version == 2 ? quantised(node, 4, 2, 5, op->is_signed) : DataType::float32();
  if (const auto* op = node.as<ops::MultiThreshold>()) return multi_threshold_type(node, *op);
  if (const auto* op = node.as<ops::JoinThreshold>()) return join_threshold_type(node, *op);
  if (node.as<ops::QuantizeLinear>()) return container_type(node.outputs[0]->container);
  return {};
}

/// The number of products in one output of a product of matrices or a convolution.
std::int64_t products_per_output(const Node& node) {
  const Shape &x = known_shape(*node.inputs[0]), &w = known_shape(*node.inputs[1]);
  const auto taps = [&](std::size_t first) {
    return element_count(Shape(w.begin() + static_cast<std::ptrdiff_t>(first), w.end()));
  };
  if (node.as<ops::Conv>()) return taps(1);
  if (const auto* op = node.as<ops::ConvTranspose>()) return taps(2) * (w[0] / op->group);
  if (const auto* op = node.as<ops::Gemm>()) return x[op->trans_a ? 0 : 1];
  if (node.as<ops::DepthwiseMatMul>()) return w[0];
  return x.back();
}

MaybeRange accumulator(const Node& node) {
  const MaybeRange x = input_range(node, 0), w = input_range(node, 1);
  if (const auto* op = node.as<ops::Gemm>(); op && (op->alpha != 1 || op->beta != 1)) return {};
  if (!x || !w) return {};
  const MaybeRange sum = sum_of(product(*x, *w), products_per_output(node));
  if (!sum || node.inputs.size() < 3 || !node.inputs[2]) return sum;
  const MaybeRange bias = input_range(node, 2);
  return bias ? MaybeRange(*sum + *bias) : std::nullopt;
}

MaybeRange result_range(const Node& node) {
  const MaybeRange a = input_range(node, 0), b = input_range(node, 1);
  if (!a || !b) return {};
  if (node.as<ops::Mul>()) return product(*a, *b);
  return node.as<ops::Add>() ? *a + *b : *a - *b;
}

std::optional<DataType> arithmetic_type(const Node& node) {
  if (node.as<ops::Add>() || node.as<ops::Sub>() || node.as<ops::Mul>())
    return type_of(result_range(node));
  if (const auto* op = node.as<ops::SumPool>())
    return type_of(sum_of(input_range(node, 0), element_count(op->window.kernel_shape)));
  if (node.as<ops::XnorPopcountMatMul>()) return type_of(Range{0, products_per_output(node)});
  if (node.traits().elements == Elements::kProducts) return type_of(accumulator(node));
  if (const auto* op = node.as<ops::QuantAvgPool2d>()) {
    const MaybeRange sum = sum_of(input_range(node, 0), op->kernel * op->kernel);
    if (!sum) return DataType::float32();
    return type_of(Range{sum->lo >> op->shift(), sum->hi >> op->shift()});
  }
  return {};
}

DataType clip_type(const Node& node) {
  MaybeRange range = input_range(node, 0);
  for (const std::size_t i : {1U, 2U}) {
    if (!range || i >= node.inputs.size() || !node.inputs[i]) continue;
    const std::optional<std::int64_t> bound = integer_constant(node, i);
    if (!bound) return DataType::float32();
    const auto raise = [&](__int128 v) {
      return i == 1 ? std::max<__int128>(v, *bound) : std::min<__int128>(v, *bound);
    };
    range = Range{raise(range->lo), raise(range->hi)};
  }
  return type_of(range);
}

/// The type of `type` with `value` among its values.
DataType with_value(const DataType& type, std::optional<std::int64_t> value) {
  if (type == DataType::float32() || !value) return DataType::float32();
  if (!type.is_integer()) return *value == 0 ? type : DataType::float32();
  if (type.allows(*value)) return type;
  return DataType::smallest_for(std::min(type.min(), *value), std::max(type.max(), *value));
}

DataType sign_type(const DataType& x) {
  if (x == DataType::bipolar()) return x;
  return x.is_integer() && x.min() >= 0 ? DataType::uint(1) : DataType::ternary();
}

DataType concat_type(const Node& node) {
  const DataType first = node.inputs[0]->dtype;
  if (std::ranges::all_of(node.inputs, [&](const Tensor* t) { return t->dtype == first; }))
    return first;
  MaybeRange all = input_range(node, 0);
  for (const Tensor* input : node.inputs) {
    const MaybeRange range = range_of(*input);
    all = all && range ? MaybeRange(hull(*all, *range)) : std::nullopt;
  }
  return type_of(all);
}

DataType cast_type(const Node& node) {
  const DataType from = node.inputs[0]->dtype;
  const Container to = node.outputs[0]->container;
  if (to == Container::kFloat32) return from;
  const DataType limits = container_type(to);
  const bool fits = from.is_integer() && from.min() >= limits.min() && from.max() <= limits.max();
  return fits ? from : limits;
}

/// The type of what is moved or cut off, or moved with something to fill.
std::optional<DataType> moved_type(const Node& node) {
  const DataType x = node.inputs.empty() ? DataType::float32() : node.inputs[0]->dtype;
  if (node.as<ops::Sign>()) return sign_type(x);
  if (node.as<ops::Clip>()) return clip_type(node);
  if (node.as<ops::Concat>()) return concat_type(node);
  if (node.as<ops::Cast>()) return cast_type(node);
  if (node.as<ops::Relu>()) {
    if (!x.is_integer() || x.min() >= 0) return x;
    return DataType::smallest_for(0, x.max());
  }
  if (node.as<ops::Pad>()) {
    const bool has_value = node.inputs.size() > 2 && node.inputs[2];
    return with_value(x, has_value ? integer_constant(node, 2) : 0);
  }
  if (const auto* op = node.as<ops::Im2Col>()) {
    const bool padded = std::ranges::any_of(op->pad_amount, [](std::int64_t p) { return p != 0; });
    if (!padded) return x;
    if (op->pad_value != std::nearbyint(op->pad_value) || std::abs(op->pad_value) > 0x1p30F)
      return DataType::float32();
    return with_value(x, static_cast<std::int64_t>(op->pad_value));
  }
  return {};
}

void infer_top_k(const Node& node, std::vector<std::pair<Tensor*, DataType>>& types) {
  const Shape& x = known_shape(*node.inputs[0]);
  const std::int64_t classes = x[ops::normalise_axis(node.as<ops::TopK>()->axis, x.size())];
  if (node.outputs[0]) types.emplace_back(node.outputs[0], node.inputs[0]->dtype);
  if (node.outputs.size() > 1 && node.outputs[1])
    types.emplace_back(node.outputs[1],
                       DataType::smallest_for(0, std::max<std::int64_t>(classes - 1, 0)));
}

DataType derived_type(const Node& node) {
  std::optional<DataType> type = quantiser_type(node);
  if (!type) type = arithmetic_type(node);
  if (!type) type = moved_type(node);
  if (!type) user_error("{}: no rule says which data type its result has", node.label());
  return *type;
}

/// Nothing where the annotation of a file stays.
std::optional<DataType> result_type(const Node& node) {
  switch (node.traits().values) {
    case Values::kInputs:
      return node.inputs[0]->dtype;
    case Values::kFollow:
      return derived_type(node);
    case Values::kReals:
      return DataType::float32();
    case Values::kAnnotated:
      break;
  }
  return {};
}

std::vector<std::pair<Tensor*, DataType>> output_types(const Node& node) {
  std::vector<std::pair<Tensor*, DataType>> types;
  if (node.as<ops::TopK>()) {
    infer_top_k(node, types);
  } else if (node.outputs[0]) {
    if (const auto type = result_type(node)) types.emplace_back(node.outputs[0], *type);
  }
  return types;
}

}  // namespace

bool infer_data_types(Graph& graph, PassContext&) {
  bool changed = false;
  for (const Node* node : graph.topological_order())
    for (const auto& [tensor, type] : output_types(*node)) {
      changed = changed || tensor->dtype != type;
      tensor->dtype = type;
    }
  return changed;
}

}  // namespace assay
