// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <string_view>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "compile/graph/ops.h"
#include "compile/onnx/builder.h"

namespace assay {
namespace {

constexpr std::int64_t kMaxBits = 32;

/// Checks on the constant inputs of one node.
class ParameterCheck {
 public:
  explicit ParameterCheck(const Node& node) : node_(node) {}

  const Constant& constant(std::size_t index, std::string_view what) const {
    const Tensor* tensor = node_.inputs.at(index);
    if (!tensor || !tensor->constant)
      user_error("{} must be a constant, but '{}' is computed", what,
                 tensor ? printable(tensor->name) : "");
    return *tensor->constant;
  }
  void positive(std::size_t index, std::string_view what) const {
    const Constant& value = constant(index, what);
    for (std::int64_t i = 0; i < value.size(); ++i)
      if (!is_positive(value, i))
        user_error("{} must be positive, but element {} is {}", what, i, number(value, i));
    if (value.size() == 0) user_error("{} is empty", what);
  }
  void integral(std::size_t index, std::string_view what) const {
    const Constant& value = constant(index, what);
    for (std::int64_t i = 0; i < value.size(); ++i)
      if (!is_integer(value, i))
        user_error("{} must be an integer, but element {} is {}", what, i, number(value, i));
    if (value.size() == 0) user_error("{} is empty", what);
  }
  /// One integer between lo and hi.
  void integer_in(std::size_t index, std::string_view what, std::int64_t lo,
                  std::int64_t hi) const {
    integral(index, what);
    const Constant& value = constant(index, what);
    if (value.size() != 1) user_error("{} must have one element, not {}", what, value.size());
    if (value.real(0) < Real(lo) || value.real(0) > Real(hi))
      user_error("{} must be between {} and {}, but is {}", what, lo, hi, number(value, 0));
  }
  void bits(std::size_t index, std::string_view what) const {
    integer_in(index, what, 1, kMaxBits);
  }
  /// Integers around which float32, in which quantisers are defined, has every integer.
  void zero_point(std::size_t index) const {
    constexpr std::int64_t kMost = std::int64_t{1} << 24;
    integral(index, "the zero point");
    const Constant& value = constant(index, "the zero point");
    for (std::int64_t i = 0; i < value.size(); ++i)
      if (value.real(i) < Real(-kMost) || value.real(i) > Real(kMost))
        user_error("the zero point must be between {} and {}, but element {} is {}", -kMost, kMost,
                   i, number(value, i));
  }
  /// Scale and zero point vary along the same axes, so that their combination is no larger than
  /// either.
  void same_axes(std::size_t scale, std::size_t zero_point) const {
    const Constant &s = constant(scale, "the scale"), &z = constant(zero_point, "the zero point");
    if (element_count(broadcast_shape(s.shape(), z.shape())) > std::max(s.size(), z.size()))
      user_error("the scale of shape {} and the zero point of shape {} vary along different axes",
                 shape_text(s.shape()), shape_text(z.shape()));
  }

 private:
  static bool is_positive(const Constant& value, std::int64_t index) {
    if (value.is_float()) return value.floats()[static_cast<std::size_t>(index)] > 0;
    return value.real(index).sign() > 0;
  }
  static bool is_integer(const Constant& value, std::int64_t index) {
    if (value.is_int()) return true;
    if (value.is_float()) return std::nearbyint(value.to_float(index)) == value.to_float(index);
    const Real real = value.real(index);
    return real.is_rational() && real.rational().get_den() == 1;
  }
  static std::string number(const Constant& value, std::int64_t index) {
    return value.is_int() ? fmt::format("{}", value.ints()[static_cast<std::size_t>(index)])
                          : fmt::format("{}", value.to_float(index));
  }
  const Node& node_;
};

void check_linear(const Node& node, const ParameterCheck& check) {
  check.positive(1, "the scale");
  if (node.inputs.size() < 3 || !node.inputs[2]) return;
  const Constant& zero = check.constant(2, "the zero point");
  if (zero.is_float() || zero.is_real()) user_error("the zero point must be of an integer type");
  if (zero.size() != 1 && zero.size() != node.inputs[1]->constant->size())
    user_error("the zero point has {} elements for {} scales", zero.size(),
               node.inputs[1]->constant->size());
  if (zero.size() == 0) user_error("the zero point is empty");
}

void check_batch_norm(const ops::BatchNormalization& op, const Node& node) {
  const Tensor* variance = GraphBuilder::behind_identities(node.inputs[4]);
  if (!variance->constant) return;
  const Constant& value = *variance->constant;
  for (std::int64_t i = 0; i < value.size(); ++i)
    if ((value.real(i) + Real::of(op.epsilon)).sign() <= 0)
      user_error("the variance plus epsilon must be positive, but element {} is {}", i,
                 value.to_float(i));
}

void check_divisor(const Node& node) {
  const Tensor* divisor = GraphBuilder::behind_identities(node.inputs[1]);
  if (!divisor->constant) return;
  for (std::int64_t i = 0; i < divisor->constant->size(); ++i)
    if (divisor->constant->real(i).is_zero()) user_error("element {} of the divisor is 0", i);
}

void check_float_quant(const ParameterCheck& check) {
  check.positive(1, "the scale");
  check.integer_in(2, "the exponent bit width", 1, 8);
  check.integer_in(3, "the mantissa bit width", 0, 23);
  check.integer_in(4, "the exponent bias", -1024, 1024);
  check.positive(5, "the largest value");
}

void check_trunc(const ops::Trunc& op, const ParameterCheck& check) {
  check.positive(1, "the scale");
  check.zero_point(2);
  check.same_axes(1, 2);
  check.bits(3, "the input bit width");
  if (op.version == 2) check.positive(4, "the output scale");
  check.bits(op.version == 2 ? 5 : 4, "the output bit width");
}

}  // namespace

void check_parameters(const Node& node) {
  const ParameterCheck check(node);
  if (node.as<ops::Quant>()) {
    check.positive(1, "the scale");
    check.zero_point(2);
    check.same_axes(1, 2);
    check.bits(3, "the bit width");
  } else if (node.as<ops::BipolarQuant>()) {
    check.positive(1, "the scale");
  } else if (const auto* trunc = node.as<ops::Trunc>()) {
    check_trunc(*trunc, check);
  } else if (node.as<ops::FloatQuant>()) {
    check_float_quant(check);
  } else if (node.as<ops::MultiThreshold>()) {
    check.constant(1, "the thresholds");
  } else if (node.as<ops::QuantizeLinear>() || node.as<ops::DequantizeLinear>()) {
    check_linear(node, check);
  } else if (const auto* norm = node.as<ops::BatchNormalization>()) {
    check_batch_norm(*norm, node);
  } else if (node.as<ops::Div>()) {
    check_divisor(node);
  }
}

}  // namespace assay
