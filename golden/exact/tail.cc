// SPDX-License-Identifier: Apache-2.0
#include "golden/exact/tail.h"

#include <fmt/format.h>
#include <mpfr.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "compile/graph/ops.h"
#include "golden/exact/function.h"
#include "golden/exact/index_map.h"
#include "golden/exact/real_array.h"

namespace assay {
namespace {

/// A number of 256 bits.
class Number {
 public:
  Number() { mpfr_init2(value_, kBits); }
  explicit Number(const Real& real) : Number() {
    // Enough bits behind the point for the smallest that matters.
    mpz_class power(1);
    power <<= 2 * kBits;
    const mpz_class scaled = (real * Real(mpq_class(power))).floor();
    mpfr_set_z(value_, scaled.get_mpz_t(), MPFR_RNDN);
    mpfr_div_2ui(value_, value_, 2 * kBits, MPFR_RNDN);
  }
  Number(const Number& other) : Number() { mpfr_set(value_, other.value_, MPFR_RNDN); }
  Number& operator=(const Number& other) {
    mpfr_set(value_, other.value_, MPFR_RNDN);
    return *this;
  }
  ~Number() { mpfr_clear(value_); }
  mpfr_ptr get() { return value_; }
  mpfr_srcptr get() const { return value_; }
  double to_double() const { return mpfr_get_d(value_, MPFR_RNDN); }

 private:
  static constexpr mpfr_prec_t kBits = 256;
  mpfr_t value_;
};

struct Numbers {
  Shape shape;
  std::vector<Number> values;
};

/// Refuses an element that is made of `of` and is no number that float64 can hold.
[[noreturn]] void not_finite(const Node& node, std::size_t element, double value,
                             const std::string& of) {
  const char* what = std::isnan(value) ? "nan" : value < 0 ? "-inf" : "inf";
  user_error(
      "{}: element {} of '{}' is {}, made of {}; clip what it takes, or end the network in front "
      "of "
      "it",
      node.label(), element, printable(node.outputs[0]->name), what, of);
}

Numbers function_of(const Node& node, ops::Function f, const Numbers& x) {
  Numbers y = x;
  for (std::size_t i = 0; i < y.values.size(); ++i) {
    Number& value = y.values[i];
    exact::apply_function(f, value.get(), value.get(), MPFR_RNDN);
    if (const double rounded = value.to_double(); !std::isfinite(rounded))
      not_finite(node, i, rounded, fmt::format("{}", x.values[i].to_double()));
  }
  return y;
}

Numbers softmax_of(std::int64_t along, bool logarithm, const Numbers& x) {
  const std::size_t axis = ops::normalise_axis(along, x.shape.size());
  const std::int64_t size = x.shape[axis];
  std::int64_t stride = 1;
  for (std::size_t i = axis + 1; i < x.shape.size(); ++i) stride *= x.shape[i];
  Numbers y = x;
  for (std::int64_t lane = 0; lane < std::ssize(x.values) / size; ++lane) {
    const std::int64_t from = lane / stride * stride * size + lane % stride;
    Number sum;
    mpfr_set_zero(sum.get(), 1);
    for (std::int64_t k = 0; k < size; ++k) {
      Number& term = y.values[static_cast<std::size_t>(from + k * stride)];
      mpfr_exp(term.get(), term.get(), MPFR_RNDN);
      mpfr_add(sum.get(), sum.get(), term.get(), MPFR_RNDN);
    }
    for (std::int64_t k = 0; k < size; ++k) {
      Number& term = y.values[static_cast<std::size_t>(from + k * stride)];
      mpfr_div(term.get(), term.get(), sum.get(), MPFR_RNDN);
      if (logarithm) mpfr_log(term.get(), term.get(), MPFR_RNDN);
    }
  }
  return y;
}

using Arithmetic = int (*)(mpfr_ptr, mpfr_srcptr, mpfr_srcptr, mpfr_rnd_t);

Arithmetic arithmetic_of(const Node& node) {
  if (node.as<ops::Add>()) return mpfr_add;
  if (node.as<ops::Sub>()) return mpfr_sub;
  if (node.as<ops::Mul>()) return mpfr_mul;
  return node.as<ops::Div>() ? mpfr_div : nullptr;
}

Numbers combined(const Node& node, Arithmetic f, const Numbers& a, const Numbers& b) {
  Numbers y;
  y.shape = broadcast_shape(a.shape, b.shape);
  const std::vector<std::int64_t> from_a = broadcast_places(a.shape, y.shape),
                                  from_b = broadcast_places(b.shape, y.shape);
  y.values.resize(from_a.size());
  for (std::size_t i = 0; i < y.values.size(); ++i) {
    const Number &left = a.values[static_cast<std::size_t>(from_a[i])],
                 &right = b.values[static_cast<std::size_t>(from_b[i])];
    f(y.values[i].get(), left.get(), right.get(), MPFR_RNDN);
    if (const double rounded = y.values[i].to_double(); !std::isfinite(rounded))
      not_finite(node, i, rounded, fmt::format("{} and {}", left.to_double(), right.to_double()));
  }
  return y;
}

Numbers moved(const IndexMap& map, const std::vector<const Numbers*>& from) {
  std::vector<const Number*> elements;
  for (const Numbers* part : from)
    for (const Number& value : part->values) elements.push_back(&value);
  const Number padding(map.padding);
  Numbers y;
  y.shape = map.shape;
  for (const std::int64_t source : map.source)
    y.values.push_back(source < 0 ? padding : *elements[static_cast<std::size_t>(source)]);
  return y;
}

/// The values of the k first.
Numbers ranked(const ops::TopK& op, const Shape& shape, const Numbers& x) {
  const std::size_t axis = ops::normalise_axis(op.axis, x.shape.size());
  std::int64_t stride = 1;
  for (std::size_t i = axis + 1; i < shape.size(); ++i) stride *= shape[i];
  Numbers y;
  y.shape = shape;
  y.values.resize(static_cast<std::size_t>(element_count(shape)));
  const std::int64_t size = x.shape[axis], count = shape[axis];
  for (std::int64_t lane = 0; lane < std::ssize(x.values) / size; ++lane) {
    const std::int64_t outer = lane / stride, inner = lane % stride;
    std::vector<const Number*> row;
    for (std::int64_t k = 0; k < size; ++k)
      row.push_back(&x.values[static_cast<std::size_t>((outer * size + k) * stride + inner)]);
    std::ranges::stable_sort(row, [&](const Number* a, const Number* b) {
      const int order = mpfr_cmp(a->get(), b->get());
      return op.largest ? order > 0 : order < 0;
    });
    for (std::int64_t k = 0; k < count; ++k)
      y.values[static_cast<std::size_t>((outer * count + k) * stride + inner)] =
          *row[static_cast<std::size_t>(k)];
  }
  return y;
}

Numbers numbers_of(const Constant& constant) {
  Numbers numbers{constant.shape(), {}};
  for (std::int64_t i = 0; i < constant.size(); ++i) numbers.values.emplace_back(constant.real(i));
  return numbers;
}

Numbers numbers_of(const ExactValue& value) {
  Numbers numbers{value.shape, {}};
  for (std::int64_t i = 0; i < value.size(); ++i) numbers.values.emplace_back(value.real(i));
  return numbers;
}

/// Executes a tail, node by node.
class Evaluation {
 public:
  Evaluation(const Graph& tail, const std::vector<ExactValue>& inputs) {
    ASSAY_INVARIANT(inputs.size() == tail.inputs().size(), "a value for each input of a tail");
    for (std::size_t i = 0; i < inputs.size(); ++i)
      values_[tail.inputs()[i]] = numbers_of(inputs[i]);
    for (const Node* node : tail.topological_order()) values_[node->outputs[0]] = value_of(*node);
  }

  std::vector<double> rounded(const Tensor* output) {
    std::vector<double> out;
    for (const Number& number : of(output).values) out.push_back(number.to_double());
    return out;
  }

 private:
  const Numbers& of(const Tensor* tensor) {
    const auto [at, fresh] = values_.try_emplace(tensor);
    if (fresh) at->second = numbers_of(tensor->constant.value());
    return at->second;
  }

  Numbers value_of(const Node& node) {
    const Numbers& x = of(node.inputs[0]);
    if (const auto* function = node.as<ops::FunctionOp>())
      return function_of(node, function->function(), x);
    if (const auto* op = node.as<ops::Softmax>()) return softmax_of(op->axis, false, x);
    if (const auto* op = node.as<ops::LogSoftmax>()) return softmax_of(op->axis, true, x);
    if (const Arithmetic f = arithmetic_of(node)) return combined(node, f, x, of(node.inputs[1]));
    if (node.as<ops::Cast>()) return x;
    if (const auto* op = node.as<ops::TopK>()) return ranked(*op, *node.outputs[0]->shape, x);
    const IndexMap map = index_map(node).value();
    std::vector<const Numbers*> from;
    for (const std::size_t input : map.inputs) from.push_back(&of(node.inputs[input]));
    return moved(map, from);
  }

  std::map<const Tensor*, Numbers> values_;
};

bool is_computed(const Graph& tail, const Node& node) {
  if (node.as<ops::TopK>()) {
    const Tensor* ranks = node.outputs[1];
    return !ranks || (ranks->consumers.empty() && !tail.is_output(ranks));
  }
  if (node.as<ops::Cast>()) return node.outputs[0]->container == Container::kFloat32;
  return node.as<ops::FunctionOp>() || node.as<ops::RowsOp>() || arithmetic_of(node) ||
         index_map(node).has_value();
}

}  // namespace

void check_tail(const Graph& tail) {
  for (const auto& node : tail.nodes())
    if (!is_computed(tail, *node))
      user_error(
          "{}: it takes what is made of the real numbers of a function (exp, tanh, ...), which are "
          "only added, multiplied and moved exactly; run it with the float reference, or end the "
          "network in front of the function",
          node->label());
}

std::vector<std::vector<double>> tail_values(const Graph& tail,
                                             const std::vector<ExactValue>& inputs) {
  Evaluation evaluation(tail, inputs);
  std::vector<std::vector<double>> outputs;
  for (const Tensor* output : tail.outputs()) outputs.push_back(evaluation.rounded(output));
  return outputs;
}

}  // namespace assay
