// SPDX-License-Identifier: Apache-2.0
#include "golden/bounds/level_range.h"

#include <algorithm>
#include <cmath>

#include "compile/base/error.h"
#include "compile/graph/ops.h"
#include "golden/bounds/float_error_rules.h"
#include "golden/exact/plan.h"
#include "golden/floating/geometry.h"

namespace assay {
namespace {

const Constant& constant_input(const Node& node, std::size_t index) {
  if (index >= node.inputs.size() || !node.inputs[index] || !node.inputs[index]->constant)
    user_error("{}: input {} must be a constant", node.label(), index);
  return *node.inputs[index]->constant;
}

/// The parameter that applies to row-major `element` of a tensor of `shape`.
Real parameter(const Node& node, std::size_t index, const Shape& shape, std::int64_t element) {
  const Constant& constant = constant_input(node, index);
  if (constant.size() == 1) return constant.real(0);
  const auto strides = broadcast_strides(constant.shape(), shape);
  std::int64_t at = 0;
  for (std::size_t axis = shape.size(); axis-- > 0; element /= shape[axis])
    at += element % shape[axis] * strides[axis];
  return constant.real(at);
}

Real axis_parameter(const Node& node, std::size_t index, std::int64_t axis, const Shape& shape,
                    std::int64_t element) {
  const Constant& constant = constant_input(node, index);
  if (constant.size() == 1) return constant.real(0);
  const std::size_t a = ops::normalise_axis(axis, shape.size());
  std::int64_t inner = 1;
  for (std::size_t i = a + 1; i < shape.size(); ++i) inner *= shape[i];
  return constant.real(element / inner % shape[a]);
}

std::int64_t clamped(const mpz_class& value, std::int64_t lo, std::int64_t hi) {
  const mpz_class low = static_cast<long>(lo), high = static_cast<long>(hi);
  return mpz_class(std::min(std::max(value, low), high)).get_si();
}

std::int64_t clamp_level(const Node& node, const Real& u, std::int64_t bits, bool is_signed,
                         bool narrow, RoundingMode mode) {
  if (bits < 1 || bits > 32)
    user_error("{}: a bit width of {} is outside [1, 32]", node.label(), bits);
  const std::int64_t lo = is_signed ? -(std::int64_t{1} << (bits - 1)) + (narrow ? 1 : 0) : 0;
  const std::int64_t hi = is_signed ? (std::int64_t{1} << (bits - 1)) - 1
                                    : (std::int64_t{1} << bits) - 1 - (narrow ? 1 : 0);
  return clamped(exact::round_exactly(u, mode), lo, hi);
}

std::int64_t bits_of(const Node& node, std::size_t index) {
  return std::lround(constant_input(node, index).to_float(0));
}

Real two_to(std::int64_t n) { return Real::of(std::ldexp(1.0, static_cast<int>(n))); }

std::int64_t truncated(const Node& node, const ops::Trunc& trunc, const Shape& shape,
                       std::int64_t element, const Real& u) {
  const Real whole(mpq_class(exact::round_exactly(u, RoundingMode::kHalfEven)));
  if (trunc.version == 1)
    return exact::round_exactly(whole * two_to(bits_of(node, 4) - bits_of(node, 3)),
                                trunc.rounding_mode)
        .get_si();
  const Real ratio =
      parameter(node, 4, shape, element) * parameter(node, 1, shape, element).inverse();
  const double exponent = std::log2(ratio.to_double());
  return clamp_level(node, whole * two_to(-std::lround(exponent)), bits_of(node, 5),
                     trunc.is_signed, trunc.narrow, trunc.rounding_mode);
}

std::int64_t linear_level(const Node& node, const ops::QuantizeLinear& quantize, const Shape& shape,
                          std::int64_t element, const Real& x) {
  const DataType type = container_type(node.outputs[0]->container);
  const Real u = x * axis_parameter(node, 1, quantize.axis, shape, element).inverse();
  mpz_class level = exact::round_exactly(u, RoundingMode::kHalfEven);
  if (node.inputs.size() > 2 && node.inputs[2])
    level += axis_parameter(node, 2, quantize.axis, shape, element).rational().get_num();
  return clamped(level, type.min(), type.max());
}

std::int64_t reached_thresholds(const Node& node, const ops::MultiThreshold& op, const Shape& shape,
                                std::int64_t element, const Real& x) {
  const Constant& thresholds = constant_input(node, 1);
  const std::size_t axis = layout_name(op.data_layout).ends_with('C') ? shape.size() - 1 : 1;
  std::int64_t inner = 1;
  for (std::size_t i = axis + 1; i < shape.size(); ++i) inner *= shape[i];
  const std::int64_t steps = thresholds.shape()[1];
  const std::int64_t row = thresholds.shape()[0] == 1 ? 0 : element / inner % shape[axis];
  std::int64_t count = 0;
  for (std::int64_t k = 0; k < steps; ++k) count += thresholds.real(row * steps + k) <= x ? 1 : 0;
  return count;
}

/// Whether float32 computes the quantiser's argument x / scale + zero_point without rounding: it
/// then has to decide as exact arithmetic does, ties included.
bool argument_is_exact(const Node& node, std::int64_t element, const Real& x) {
  const Shape& shape = *node.outputs[0]->shape;
  const auto is_float = [](const Real& value) { return Real::of(value.to_float()) == value; };
  Real scale(1), zero;
  if (node.as<ops::Quant>() || node.as<ops::Trunc>()) {
    scale = parameter(node, 1, shape, element);
    zero = parameter(node, 2, shape, element);
  } else if (const auto* linear = node.as<ops::QuantizeLinear>()) {
    scale = axis_parameter(node, 1, linear->axis, shape, element);
  }
  const Real quotient = x * scale.inverse(), argument = quotient + zero;
  const Real magnitude = argument.sign() < 0 ? -argument : argument;
  // The half that HALF_UP and HALF_DOWN add must not round either.
  return is_float(x) && is_float(quotient) && is_float(argument) &&
         is_float(magnitude + Real(mpq_class(1, 2)));
}

std::optional<LevelRange> constant_range(const Real& value) {
  if (!value.is_rational() || value.rational().get_den() != 1) return {};
  const std::int64_t level = value.floor().get_si();
  return LevelRange{level, level, static_cast<double>(level), 0};
}

/// What a node that computes each integer from one other makes of `level`; nothing for every other
/// node. All of them are monotone.
std::optional<std::int64_t> mapped(const Node& node, std::int64_t level) {
  if (node.as<ops::Relu>()) return std::max<std::int64_t>(level, 0);
  if (node.as<ops::Cast>()) return level;  // of an integer
  if (!node.as<ops::Clip>()) return {};
  const auto bound = [&](std::size_t index) -> std::optional<std::int64_t> {
    if (index >= node.inputs.size() || !node.inputs[index]) return {};
    return constant_input(node, index).real(0).floor().get_si();
  };
  level = std::max(level, bound(1).value_or(level));
  return std::min(level, bound(2).value_or(level));
}

}  // namespace

bool LevelRange::is_bounded() const { return std::isfinite(slack); }

std::optional<LevelRange> LevelRanges::at(const Checkpoint& checkpoint, std::int64_t element) {
  const Node* node = checkpoint.tensor->producer;
  if (!node || !is_activation_quantiser(*node)) return {};
  if (node->as<ops::DequantizeLinear>()) return integer(*node->inputs[0], element);
  return decision(*node, element);
}

/// Behind a function a number is no sum, and is known as well as double has it: the bounds allow for
/// far more.
std::optional<Real> LevelRanges::known_exactly(const Tensor& tensor, std::int64_t element) const {
  if (tensor.constant) return tensor.constant->real(element);
  const auto sum = run_.values.find(&tensor);
  if (sum == run_.values.end()) return {};
  return sum->second.real(element);
}

LevelRange LevelRanges::decision(const Node& quantiser, std::int64_t element) const {
  const Tensor& input = *quantiser.inputs[0];
  const auto found = bounds_.find(&input);
  const BoundedTensor& bounded = found != bounds_.end() ? found->second : *rules_.constant(input);
  const auto at = static_cast<std::size_t>(element);
  const double error = bounded.error[at];
  const std::optional<Real> exact = known_exactly(input, element);
  LevelRange range{.value = bounded.value[at], .slack = HUGE_VAL};
  if (!exact && !std::isfinite(range.value)) return range;
  const Real x = exact ? *exact : Real::of(range.value);
  range.value = x.to_double();
  range.slack = exact && error == 0 && argument_is_exact(quantiser, element, x)
                    ? 0.0
                    : rules_.quantiser_slack(quantiser, element, range.value, error);
  if (!range.is_bounded()) return range;
  const Real slack = Real::of(range.slack);
  range.lo = quantise_exactly(quantiser, element, x - slack);
  range.hi = quantise_exactly(quantiser, element, x + slack);
  return range;
}

std::optional<LevelRange> LevelRanges::integer(const Tensor& tensor, std::int64_t element) {
  const std::pair place(&tensor, element);
  if (const auto it = known_.find(place); it != known_.end()) return it->second;
  return known_[place] = follow(tensor, element);
}

std::optional<LevelRange> LevelRanges::follow(const Tensor& tensor, std::int64_t element) {
  if (tensor.constant) return constant_range(tensor.constant->real(element));
  const Node* node = tensor.producer;
  if (!node || node->outputs[0] != &tensor) return {};
  if (node->as<ops::QuantizeLinear>()) return decision(*node, element);
  if (node->as<ops::MaxPool>() || node->as<ops::MaxPoolNHWC>()) return largest(*node, element);
  if (!mapped(*node, 0)) return moved(*node, element);
  std::optional<LevelRange> range = integer(*node->inputs[0], element);
  if (!range) return {};
  range->lo = *mapped(*node, range->lo);
  range->hi = *mapped(*node, range->hi);
  return range;
}

/// The largest of integers that may each be anything in its range. What decided is the one that may
/// be the largest.
std::optional<LevelRange> LevelRanges::largest(const Node& pool, std::int64_t element) {
  std::optional<LevelRange> found;
  for (const std::int64_t i : origins(pool).windows[static_cast<std::size_t>(element)]) {
    std::optional<LevelRange> next = integer(*pool.inputs[0], i);
    if (!next || !next->is_bounded()) return next;
    const std::int64_t lo = found ? std::max(found->lo, next->lo) : next->lo;
    if (!found || next->hi > found->hi) found = next;
    found->lo = lo;
  }
  return found;
}

std::optional<LevelRange> LevelRanges::moved(const Node& node, std::int64_t element) {
  const std::optional<IndexMap>& map = origins(node).map;
  if (!map) return {};
  std::int64_t from = map->source[static_cast<std::size_t>(element)];
  if (from < 0) return constant_range(map->padding);
  for (const std::size_t k : map->inputs) {
    const Tensor& input = *node.inputs[k];
    const std::int64_t size = element_count(*input.shape);
    if (from < size) return integer(input, from);
    from -= size;
  }
  return {};
}

const LevelRanges::Origins& LevelRanges::origins(const Node& node) {
  const auto [it, is_new] = origins_.try_emplace(&node);
  Origins& origins = it->second;
  if (!is_new) return origins;
  if (!node.as<ops::MaxPool>() && !node.as<ops::MaxPoolNHWC>()) {
    origins.map = index_map(node);
    return origins;
  }
  origins.windows.resize(static_cast<std::size_t>(element_count(*node.outputs[0]->shape)));
  pool_geometry(node).for_each_window(
      [&](std::int64_t to, const std::vector<std::int64_t>& from, std::int64_t) {
        origins.windows[static_cast<std::size_t>(to)] = from;
      });
  return origins;
}

std::int64_t quantise_exactly(const Node& node, std::int64_t element, const Real& x) {
  const Shape& shape = *node.outputs[0]->shape;
  const auto scaled = [&] {
    return x * parameter(node, 1, shape, element).inverse() + parameter(node, 2, shape, element);
  };
  if (const auto* quant = node.as<ops::Quant>()) {
    const std::int64_t bits = bits_of(node, 3);
    if (bits == 1 && quant->is_signed) return scaled().sign() >= 0 ? 1 : -1;
    return clamp_level(node, scaled(), bits, quant->is_signed, quant->narrow, quant->rounding_mode);
  }
  if (node.as<ops::BipolarQuant>()) return x.sign() >= 0 ? 1 : -1;
  if (const auto* trunc = node.as<ops::Trunc>())
    return truncated(node, *trunc, shape, element, scaled());
  if (const auto* linear = node.as<ops::QuantizeLinear>())
    return linear_level(node, *linear, shape, element, x);
  if (const auto* thresholds = node.as<ops::MultiThreshold>())
    return reached_thresholds(node, *thresholds, shape, element, x);
  user_error("{}: is not a quantiser", node.label());
}

}  // namespace assay
