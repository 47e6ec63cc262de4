// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/cleanup/fold_constants.h"

#include <algorithm>

#include "compile/base/error.h"
#include "compile/graph/ops.h"
#include "compile/graph/views.h"
#include "compile/passes/rewrite/constant_tools.h"
#include "compile/passes/rewrite/rewrite.h"

namespace assay {
namespace {

using Folded = std::optional<Constant>;
constexpr std::int64_t kLargestPower = 64;

const Constant& input(const Node& node, std::size_t index) { return *node.inputs[index]->constant; }
const Shape& output_shape(const Node& node) { return known_shape(*node.outputs[0]); }

std::optional<Real> divided(const Real& a, const Real& b) {
  return b.has_inverse() ? std::optional(a * b.inverse()) : std::nullopt;
}

std::optional<Real> power(const Real& base, const Real& exponent) {
  if (exponent == Real(mpq_class(1, 2))) {
    if (!base.is_rational() || base.sign() < 0) return {};
    return Real::sqrt(base.rational());
  }
  for (std::int64_t n = 0; n <= kLargestPower; ++n) {
    if (!(exponent == Real(n)) && !(exponent == Real(-n))) continue;
    Real result(1);
    for (std::int64_t i = 0; i < n; ++i) result *= base;
    return exponent.sign() < 0 ? divided(Real(1), result) : std::optional(result);
  }
  return {};
}

std::optional<Real> arithmetic(const Node& node, const Real& a, const Real& b) {
  if (node.as<ops::Add>()) return a + b;
  if (node.as<ops::Sub>()) return a - b;
  if (node.as<ops::Mul>()) return a * b;
  if (node.as<ops::Div>()) return divided(a, b);
  return power(a, b);
}

/// Integer division truncates toward zero; a negative power has no integer value.
std::optional<std::int64_t> arithmetic(const Node& node, std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  bool overflow = false;
  if (node.as<ops::Add>()) overflow = __builtin_add_overflow(a, b, &result);
  if (node.as<ops::Sub>()) overflow = __builtin_sub_overflow(a, b, &result);
  if (node.as<ops::Mul>()) overflow = __builtin_mul_overflow(a, b, &result);
  if (node.as<ops::Div>()) {
    if (b == 0 || (b == -1 && a == INT64_MIN)) return {};
    result = a / b;
  }
  if (node.as<ops::Pow>()) {
    if (b < 0 || b > kLargestPower) return {};
    result = 1;
    for (std::int64_t i = 0; i < b; ++i) overflow |= __builtin_mul_overflow(result, a, &result);
  }
  if (overflow || !container_type(node.outputs[0]->container).allows(result)) return {};
  return result;
}

template <typename T, typename Element>
Folded fold_binary_as(const Node& node, Element element) {
  const Shape& shape = output_shape(node);
  const auto left = strided_offsets(shape, broadcast_strides(input(node, 0).shape(), shape));
  const auto right = strided_offsets(shape, broadcast_strides(input(node, 1).shape(), shape));
  std::vector<T> values;
  values.reserve(left.size());
  for (std::size_t i = 0; i < left.size(); ++i) {
    std::optional<T> value =
        arithmetic(node, element(input(node, 0), left[i]), element(input(node, 1), right[i]));
    if (!value) return {};
    values.push_back(std::move(*value));
  }
  return Constant(shape, std::move(values));
}

Folded fold_binary(const Node& node) {
  if (node.outputs[0]->container == Container::kFloat32)
    return fold_binary_as<Real>(node, [](const Constant& c, std::int64_t i) { return c.real(i); });
  if (!input(node, 0).is_int() || !input(node, 1).is_int()) return {};
  return fold_binary_as<std::int64_t>(node, [](const Constant& c, std::int64_t i) {
    return c.ints()[static_cast<std::size_t>(i)];
  });
}

/// Reals as integers, which they must be, within the node's output container.
Folded to_integers(const Node& node, const Constant& reals) {
  const DataType type = container_type(node.outputs[0]->container);
  std::vector<std::int64_t> values;
  for (std::int64_t i = 0; i < reals.size(); ++i) {
    const mpz_class value = reals.real(i).floor();
    if (!value.fits_slong_p() || !type.allows(value.get_si())) return {};
    values.push_back(value.get_si());
  }
  return Constant(reals.shape(), std::move(values));
}

/// Applies f to every element; integers stay integers.
template <typename F>
Folded fold_unary(const Node& node, F f) {
  const Folded reals =
      map_reals(input(node, 0), [&](const Real& x) { return std::optional<Real>(f(x)); });
  return node.outputs[0]->container == Container::kFloat32 ? reals : to_integers(node, *reals);
}

Folded fold_cast(const Node& node) {
  return fold_unary(node, [&](const Real& x) {
    if (node.outputs[0]->container == Container::kFloat32) return x;
    return x.sign() < 0 ? -Real(mpq_class((-x).floor())) : Real(mpq_class(x.floor()));
  });
}

Folded fold_clip(const Node& node) {
  const Constant *lo = constant_input(node, 1), *hi = constant_input(node, 2);
  return fold_unary(node, [&](const Real& x) {
    const Real raised = lo && x < lo->real(0) ? lo->real(0) : x;
    return hi && hi->real(0) < raised ? hi->real(0) : raised;
  });
}

Folded fold_pad(const Node& node) {
  const Constant& x = input(node, 0);
  const Shape& shape = output_shape(node);
  return take(x, shape, pad_sources(x.shape(), shape, input(node, 1).ints()),
              constant_input(node, 2));
}

Folded fold_gather(const Node& node) {
  const Constant& x = input(node, 0);
  const std::size_t axis = ops::normalise_axis(node.as<ops::Gather>()->axis, x.shape().size());
  return take(x, output_shape(node), gather_sources(x.shape(), axis, input(node, 1).ints()));
}

/// The inputs of a Concat laid end to end. All of one kind, or reals.
Constant joined(const Node& node, std::int64_t total) {
  const bool ints = input(node, 0).is_int();
  std::vector<std::int64_t> numbers;
  std::vector<float> floats;
  std::vector<Real> reals;
  bool all_floats = !ints;
  for (std::size_t i = 0; i < node.inputs.size(); ++i)
    all_floats = all_floats && input(node, i).is_float();
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    const Constant& part = input(node, i);
    if (ints)
      numbers.insert(numbers.end(), part.ints().begin(), part.ints().end());
    else if (all_floats)
      floats.insert(floats.end(), part.floats().begin(), part.floats().end());
    else
      for (std::int64_t j = 0; j < part.size(); ++j) reals.push_back(part.real(j));
  }
  if (ints) return {Shape{total}, std::move(numbers)};
  if (all_floats) return {Shape{total}, std::move(floats)};
  return {Shape{total}, std::move(reals)};
}

Folded fold_concat(const Node& node) {
  const Shape& shape = output_shape(node);
  const std::size_t axis = ops::normalise_axis(node.as<ops::Concat>()->axis, shape.size());
  const auto split = shape.begin() + static_cast<std::ptrdiff_t>(axis);
  const std::int64_t outer = element_count(Shape(shape.begin(), split));
  std::vector<std::int64_t> sources;
  for (std::int64_t o = 0; o < outer; ++o) {
    std::int64_t start = 0;
    for (const Tensor* part : node.inputs) {
      const std::int64_t row = part->constant->size() / std::max<std::int64_t>(outer, 1);
      for (std::int64_t i = 0; i < row; ++i) sources.push_back(start + o * row + i);
      start += part->constant->size();
    }
  }
  return take(joined(node, element_count(shape)), shape, sources);
}

bool is_arithmetic(const Node& node) {
  return node.as<ops::Add>() || node.as<ops::Sub>() || node.as<ops::Mul>() || node.as<ops::Div>() ||
         node.as<ops::Pow>();
}

bool tells_a_bit_width(const Node& clip) {
  return std::ranges::any_of(clip.outputs[0]->consumers,
                             [](const Node* n) { return n->as<ops::DequantizeLinear>(); });
}

Folded fold(const Node& node) {
  if (is_arithmetic(node)) return fold_binary(node);
  if (copies_in_order(node)) return input(node, 0).reshaped(output_shape(node));
  if (const auto* op = node.as<ops::Transpose>()) return transposed(input(node, 0), op->perm);
  if (node.as<ops::Cast>()) return fold_cast(node);
  if (node.as<ops::Sign>()) return fold_unary(node, [](const Real& x) { return Real(x.sign()); });
  if (node.as<ops::Relu>())
    return fold_unary(node, [](const Real& x) { return x.sign() < 0 ? Real() : x; });
  if (node.as<ops::Clip>() && !tells_a_bit_width(node)) return fold_clip(node);
  if (node.as<ops::Pad>()) return fold_pad(node);
  if (node.as<ops::Gather>()) return fold_gather(node);
  if (node.as<ops::Concat>()) return fold_concat(node);
  return {};
}

Folded value_of(const Node& node) {
  if (node.as<ops::Shape>()) {
    const Shape& shape = known_shape(*node.inputs[0]);
    return Constant({static_cast<std::int64_t>(shape.size())},
                    std::vector<std::int64_t>(shape.begin(), shape.end()));
  }
  for (const Tensor* tensor : node.inputs)
    if (tensor && !tensor->constant) return {};
  return fold(node);
}

/// The same; numbers that grow beyond any network's are refused by node.
Folded named(const Node& node) {
  try {
    return value_of(node);
  } catch (const UserError& error) {
    user_error("{}: {}", node.label(), error.what());
  }
}

}  // namespace

bool fold_constants(Graph& graph, PassContext&) {
  bool changed = false;
  for (Node* node : graph.topological_order()) {
    Folded value = named(*node);
    if (!value) continue;
    Tensor* output = node->outputs[0];
    graph.erase(node);
    output->constant = std::move(*value);
    changed = true;
  }
  return finish(graph, changed);
}

}  // namespace assay
