// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <numeric>

#include "compile/graph/ops.h"
#include "golden/bounds/float_error_rules.h"
#include "golden/floating/broadcast.h"
#include "golden/floating/function.h"

namespace assay {
namespace {

struct Bounded {
  double value, error;
  double magnitude() const { return std::fabs(value) + 2 * error; }
};

Bounded at(const BoundedTensor& x, std::size_t i) { return {x.value[i], x.error[i]}; }

Bounded sum_of(Bounded a, Bounded b) {
  const Bounded sum{a.value + b.value, a.error + b.error};
  return {sum.value, sum.error + kUnit * sum.magnitude()};
}
Bounded difference_of(Bounded a, Bounded b) { return sum_of(a, {-b.value, b.error}); }

Bounded product_of(Bounded a, Bounded b) {
  const double error =
      std::fabs(a.value) * b.error + std::fabs(b.value) * a.error + a.error * b.error;
  const Bounded product{a.value * b.value, error};
  return {product.value, error + kUnit * product.magnitude() + kUnderflow};
}

Bounded quotient_of(Bounded a, Bounded b) {
  const double least = std::fabs(b.value) - 2 * b.error, quotient = a.value / b.value;
  if (!(least > 0)) return {quotient, HUGE_VAL};
  const Bounded result{quotient, (a.error + std::fabs(quotient) * b.error) / least};
  return {quotient, result.error + kUnit * result.magnitude() + kUnderflow};
}

/// A power is monotone in each argument where it is defined, apart from a bend at base 0.
Bounded power_of(Bounded a, Bounded b) {
  const double value = std::pow(a.value, b.value);
  double error = 0;
  for (const double x : {a.value - a.error, a.value + a.error, 0.0}) {
    if (x == 0 && std::fabs(a.value) > a.error) continue;
    for (const double y : {b.value - b.error, b.value + b.error})
      error = std::max(error, std::fabs(std::pow(x, y) - value));
  }
  if (std::isnan(error)) error = HUGE_VAL;
  return {value, error + 2 * kUnit * (std::fabs(value) + error) + kUnderflow};
}

template <typename Rule>
bool binary(const BoundedInputs& in, BoundedTensor& out, Rule rule) {
  const BroadcastIndex first(in.at(0)->shape, out.shape), second(in.at(1)->shape, out.shape);
  for (std::size_t i = 0; i < out.value.size(); ++i) {
    const auto k = static_cast<std::int64_t>(i);
    const Bounded result = rule(at(*in[0], static_cast<std::size_t>(first(k))),
                                at(*in[1], static_cast<std::size_t>(second(k))));
    out.value[i] = result.value;
    out.error[i] = result.error;
  }
  return true;
}

/// What exact operands give where float32 has it; not a number elsewhere. Double has products, and
/// what is left of a sum when either operand is taken away again tells whether it has that.
double exact_sum(double a, double b) {
  const double sum = a + b;
  return sum - a == b && sum - b == a ? sum : NAN;
}
double exact_difference(double a, double b) { return exact_sum(a, -b); }
double exact_product(double a, double b) { return a * b; }
double exact_quotient(double a, double b) {
  const double quotient = a / b;
  return is_float32(quotient) && quotient * b == a ? quotient : NAN;
}

/// `rule`, but nothing rounds where the exact result is a float32 number.
template <typename Exact, typename Rule>
bool exact_or(const BoundedInputs& in, BoundedTensor& out, Exact exact, Rule rule) {
  return binary(in, out, [&](Bounded a, Bounded b) {
    if (a.error == 0 && b.error == 0)
      if (const double result = exact(a.value, b.value); is_float32(result))
        return Bounded{result, 0};
    return rule(a, b);
  });
}

template <typename Rule>
bool unary(const BoundedInputs& in, BoundedTensor& out, Rule rule) {
  for (std::size_t i = 0; i < out.value.size(); ++i) {
    const Bounded result = rule(at(*in.at(0), i));
    out.value[i] = result.value;
    out.error[i] = result.error;
  }
  return true;
}

bool clip(const BoundedInputs& in, BoundedTensor& out) {
  const auto bound = [&](std::size_t i, double otherwise) {
    return in.size() > i && in[i] ? at(*in[i], 0) : Bounded{otherwise, 0};
  };
  const Bounded lo = bound(1, -HUGE_VAL), hi = bound(2, HUGE_VAL);
  const double range = hi.value + hi.error - (lo.value - lo.error);  // both results are inside
  return unary(in, out, [&](Bounded x) {
    return Bounded{std::min(std::max(x.value, lo.value), hi.value),
                   std::min(std::max({x.error, lo.error, hi.error}), range)};
  });
}

bool cast(const Node& node, const ops::Cast& op, const BoundedInputs& in, BoundedTensor& out) {
  if (op.to == 1 || node.inputs.at(0)->container != Container::kFloat32)
    return unary(in, out, [](Bounded x) { return x; });
  return unary(in, out, [](Bounded x) {
    const double below = std::trunc(x.value - x.error), above = std::trunc(x.value + x.error);
    return Bounded{std::trunc(x.value), above - below};
  });
}

// ---- BatchNormalization
// -----------------------------------------------------------------------------------------------

struct Normalisation {
  Bounded gain, bias, mean, root;  ///< root: sqrt(var + eps) as float32 has it
  Bounded slope, shift;            ///< of x * slope + shift

  Normalisation(const BoundedInputs& in, std::size_t c, double epsilon)
      : gain(at(*in.at(1), c)), bias(at(*in.at(2), c)), mean(at(*in.at(3), c)) {
    const Bounded sum = sum_of(at(*in.at(4), c), {epsilon, 0});
    root.value = std::sqrt(sum.value);
    root.error = root.value - std::sqrt(std::max(sum.value - sum.error, 0.0));
    root.error += kUnit * root.magnitude();
    // g * (1/root) rounds twice, g / root once: the former's bound holds for both.
    slope = product_of(gain, quotient_of({1, 0}, root));
    shift = difference_of(bias, product_of(mean, slope));
  }

  /// The worst of the forms in use.
  Bounded apply(Bounded x) const {
    const Bounded affine = sum_of(product_of(x, slope), shift);
    const Bounded centred = sum_of(product_of(difference_of(x, mean), slope), bias);
    const Bounded divided =
        sum_of(product_of(quotient_of(difference_of(x, mean), root), gain), bias);
    return {affine.value, std::max({affine.error, centred.error, divided.error})};
  }
};

bool batch_norm(const ops::BatchNormalization& op, const BoundedInputs& in, BoundedTensor& out) {
  std::vector<Normalisation> channels;
  for (std::size_t c = 0; c < in.at(1)->value.size(); ++c)
    channels.emplace_back(in, c, static_cast<double>(op.epsilon));
  const auto index =
      BroadcastIndex::along_axis(static_cast<std::int64_t>(channels.size()), 1, out.shape);
  for (std::size_t i = 0; i < out.value.size(); ++i) {
    const auto c = static_cast<std::size_t>(index(static_cast<std::int64_t>(i)));
    const Bounded y = channels[c].apply(at(*in[0], i));
    out.value[i] = y.value;
    out.error[i] = y.error;
  }
  return true;
}

// ---- Softmax
// ----------------------------------------------------------------------------------------------------------

void softmax_lane(const BoundedTensor& x, BoundedTensor& y, std::size_t from, std::size_t size,
                  std::size_t stride) {
  double largest = x.value[from], worst = 0, sum = 0, reach = 0;
  for (std::size_t k = 0; k < size; ++k) largest = std::max(largest, x.value[from + k * stride]);
  for (std::size_t k = 0; k < size; ++k) {
    const std::size_t i = from + k * stride;
    worst = std::max(worst, x.error[i]);
    reach = std::max(reach, largest - x.value[i]);
    sum += y.value[i] = std::exp(x.value[i] - largest);
  }
  // Each exponent x - max is off by both errors and a rounding; numerator and sum are off by a
  // factor each.
  const double exponent = 2 * worst + kUnit * (reach + 4 * worst);
  const double factor = std::expm1(2 * exponent) +
                        gamma_of(static_cast<std::int64_t>(size) + 12) * std::exp(2 * exponent);
  for (std::size_t k = 0; k < size; ++k) {
    const std::size_t i = from + k * stride;
    y.value[i] /= sum;
    y.error[i] = y.value[i] * factor + static_cast<double>(size + 2) * kUnderflow;
  }
}

bool softmax(const ops::Softmax& op, const BoundedInputs& in, BoundedTensor& out) {
  const Shape& shape = out.shape;
  const std::size_t axis = ops::normalise_axis(op.axis, shape.size());
  const auto size = static_cast<std::size_t>(shape[axis]);
  const auto stride = static_cast<std::size_t>(
      std::accumulate(shape.begin() + static_cast<std::ptrdiff_t>(axis) + 1, shape.end(),
                      std::int64_t{1}, std::multiplies<>()));
  for (std::size_t lane = 0; size > 0 && lane < out.value.size() / size; ++lane)
    softmax_lane(*in.at(0), out, lane / stride * stride * size + lane % stride, size, stride);
  return true;
}

bool log_softmax(const ops::LogSoftmax& op, const BoundedInputs& in, BoundedTensor& out) {
  const Shape& shape = out.shape;
  const std::size_t axis = ops::normalise_axis(op.axis, shape.size());
  const auto size = static_cast<std::size_t>(shape[axis]);
  std::size_t stride = 1;
  for (std::size_t i = axis + 1; i < shape.size(); ++i)
    stride *= static_cast<std::size_t>(shape[i]);
  const BoundedTensor& x = *in.at(0);
  for (std::size_t lane = 0; size > 0 && lane < out.value.size() / size; ++lane) {
    const std::size_t from = lane / stride * stride * size + lane % stride;
    double largest = x.value[from], least = largest, worst = 0, sum = 0;
    for (std::size_t k = 0; k < size; ++k) {
      largest = std::max(largest, x.value[from + k * stride]);
      least = std::min(least, x.value[from + k * stride]);
      worst = std::max(worst, x.error[from + k * stride]);
    }
    for (std::size_t k = 0; k < size; ++k) sum += std::exp(x.value[from + k * stride] - largest);
    const double reach = largest - least + 4 * worst + std::log(sum);
    for (std::size_t k = 0; k < size; ++k) {
      const std::size_t i = from + k * stride;
      out.value[i] = x.value[i] - largest - std::log(sum);
      // The logarithm of the sum is off by what its terms are off by, relatively.
      out.error[i] = 4 * worst + gamma_of(static_cast<std::int64_t>(size) + 16) * (1 + reach);
    }
  }
  return true;
}

// ---- Functions
// --------------------------------------------------------------------------------------------------------

/// A rising function: at the ends of its argument's range. Libraries differ in these functions;
/// each is taken to be within kLibrary of the truth, relatively and, as their results are of that
/// size, of 1.
Bounded rising(ops::Function f, Bounded x) {
  constexpr double kLibrary = 0x1p-20;
  const double value = function_value(f, x.value);
  double error = std::max(function_value(f, x.value + x.error) - value,
                          value - function_value(f, x.value - x.error));
  if (std::isnan(error)) error = HUGE_VAL;
  return {value, error + kLibrary * (1 + std::fabs(value) + error)};
}

}  // namespace

bool bound_elementwise(const Node& node, const BoundedInputs& in,
                       std::vector<BoundedTensor>& outputs) {
  BoundedTensor& out = outputs[0];
  if (node.as<ops::Add>()) return exact_or(in, out, exact_sum, sum_of);
  if (node.as<ops::Sub>()) return exact_or(in, out, exact_difference, difference_of);
  if (node.as<ops::Mul>()) return exact_or(in, out, exact_product, product_of);
  if (node.as<ops::Div>()) return exact_or(in, out, exact_quotient, quotient_of);
  if (node.as<ops::Pow>()) return binary(in, out, power_of);
  if (node.as<ops::Relu>())
    return unary(in, out, [](Bounded x) { return Bounded{std::max(x.value, 0.0), x.error}; });
  if (node.as<ops::Sign>())
    return unary(in, out, [](Bounded x) {
      const double sign = x.value > 0 ? 1 : x.value < 0 ? -1 : 0;
      return Bounded{sign, std::fabs(x.value) > x.error || x.error == 0 ? 0.0 : 2.0};
    });
  if (node.as<ops::Clip>()) return clip(in, out);
  if (const auto* op = node.as<ops::Cast>()) return cast(node, *op, in, out);
  if (const auto* op = node.as<ops::BatchNormalization>()) return batch_norm(*op, in, out);
  if (const auto* op = node.as<ops::Softmax>()) return softmax(*op, in, out);
  if (const auto* op = node.as<ops::LogSoftmax>()) return log_softmax(*op, in, out);
  if (const auto* op = node.as<ops::FunctionOp>())
    return unary(in, out, [op](Bounded x) { return rising(op->function(), x); });
  return false;
}

}  // namespace assay
