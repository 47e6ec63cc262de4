// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/cleanup/preprocessing.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "compile/graph/ops.h"

namespace assay {
namespace {

constexpr float kByteMax = 255;

/// Four axes of which nothing is said are NCHW.
Graph graph_with_input(std::string_view name, const Shape& shape, Layout layout) {
  Graph graph;
  graph.name = name;
  if (layout == Layout::kUnknown && shape.size() == 4) layout = Layout::kNCHW;
  graph.add_input("global_in", shape)->layout = layout;
  return graph;
}

/// The axis of the channels: the second where the layout does not say.
std::size_t channel_axis(const Tensor& input) {
  const std::size_t axis = layout_name(input.layout).find('C');
  return axis == std::string_view::npos ? 1 : axis;
}

constexpr std::size_t kMaxDigits = 64;        ///< of a number that is typed
constexpr std::ptrdiff_t kDoubleDigits = 17;  ///< that tell any two doubles apart
constexpr std::int64_t kMaxExponent = 64;     ///< float32 numbers have less

[[noreturn]] void not_a_number(const std::string& text, std::string_view what) {
  user_error("{} '{}' is not a decimal number; write for example 0.4914, or 63/255", what,
             printable(text));
}

/// A decimal as the rational number that it is: digits, a point, an exponent.
mpq_class exact_decimal(std::string_view text) {
  std::string digits;
  std::int64_t exponent = 0;
  bool point = false;
  std::size_t at = text.starts_with('-') ? 1 : 0;
  for (; at < text.size() && text[at] != 'e' && text[at] != 'E'; ++at) {
    if (text[at] == '.') {
      point = true;
    } else {
      digits += text[at];
      exponent -= point ? 1 : 0;
    }
  }
  if (at < text.size()) {
    const std::size_t sign = text[at + 1] == '+' ? 1 : 0;
    std::int64_t value = 0;
    std::from_chars(text.data() + at + 1 + sign, text.data() + text.size(), value);
    exponent += value;
  }
  mpz_class power;
  mpz_ui_pow_ui(power.get_mpz_t(), 10, static_cast<unsigned long>(std::abs(exponent)));
  const mpz_class mantissa(digits, 10);
  mpq_class value = exponent < 0 ? mpq_class(mantissa, power) : mpq_class(mantissa * power);
  value.canonicalize();
  return text.starts_with('-') ? mpq_class(-value) : value;
}

std::ptrdiff_t significant_digits(std::string_view text) {
  text = text.substr(0, text.find_first_of("eE"));
  const std::size_t first = text.find_first_of("123456789");
  if (first == std::string_view::npos) return 0;
  return std::ranges::count_if(text.substr(first), [](char c) { return c != '.'; });
}

/// What is typed stands for itself, exactly. A float32 that was printed in all its digits stands
/// for the decimal of at most six that was rounded to it, as 0.24699999392032623 does for 0.247, or
/// for itself when there is none.
mpq_class decimal(const std::string& text, std::string_view what) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool read = error == std::errc() && end == text.data() + text.size() && !text.empty();
  const auto magnitude = std::abs(value);
  const bool small = magnitude == 0 || (magnitude < std::pow(10.0, kMaxExponent) &&
                                        magnitude > std::pow(10.0, -kMaxExponent));
  if (!read || !small || text.size() > kMaxDigits) not_a_number(text, what);
  const auto single = static_cast<float>(value);
  mpq_class exact = exact_decimal(text);
  const bool printed = significant_digits(text) <= kDoubleDigits && value == single;
  if (!printed && !(std::isfinite(single) && exact == Real::of(single).rational())) return exact;
  const std::string few = fmt::format("{:.{}g}", single, std::numeric_limits<float>::digits10);
  float back = 0;
  std::from_chars(few.data(), few.data() + few.size(), back);
  return back == single ? exact_decimal(few) : Real::of(value).rational();
}

/// A decimal, or the quotient of two.
mpq_class number(const std::string& text, std::string_view what) {
  const std::size_t slash = text.find('/');
  mpq_class value = decimal(text.substr(0, slash), what);
  if (slash != std::string::npos) {
    const mpq_class divisor = decimal(text.substr(slash + 1), what);
    if (divisor == 0) not_a_number(text, what);
    value /= divisor;
  }
  if (!std::isfinite(Real(value).to_float())) not_a_number(text, what);
  return value;
}

Constant per_channel(const Tensor& input, const std::vector<std::string>& texts,
                     std::string_view what) {
  const Shape& shape = *input.shape;
  if (shape.size() < 2) user_error("shape {} has no channel axis to normalise", shape_text(shape));
  const std::size_t axis = channel_axis(input);
  const auto count = static_cast<std::int64_t>(texts.size());
  if (count != 1 && count != shape[axis])
    user_error("{} values for the {} do not fit {} channels; give one value, or one per channel",
               count, what, shape[axis]);
  std::vector<Real> values;
  for (const std::string& text : texts) values.emplace_back(number(text, what));
  Shape parameter(shape.size(), 1);
  parameter[axis] = count;
  return {parameter, std::move(values)};
}

}  // namespace

Graph to_tensor_graph(const Shape& shape, Layout layout) {
  Graph graph = graph_with_input("ToTensor", shape, layout);
  Tensor* input = graph.inputs()[0];
  input->dtype = DataType::uint(8);
  Tensor* divisor = graph.add_constant("byte_max", Constant({}, std::vector<float>{kByteMax}));
  graph.add_output(graph.add(std::make_unique<ops::Div>(), {input, divisor}, "to_tensor"));
  infer_shapes(graph);
  return graph;
}

Graph dequantise_graph(const Shape& shape, const DataType& dtype, const Real& scale,
                       const Real& offset, Layout layout) {
  Graph graph = graph_with_input("Dequantise", shape, layout);
  Tensor* value = graph.inputs()[0];
  value->dtype = dtype;
  const auto constant = [&](const char* name, const Real& real) {
    return graph.add_constant(name, Constant({}, std::vector<Real>{real}));
  };
  value = graph.add(std::make_unique<ops::Mul>(), {value, constant("scale", scale)}, "dequantised");
  if (!offset.is_zero())
    value = graph.add(std::make_unique<ops::Add>(), {value, constant("offset", offset)}, "shifted");
  graph.add_output(value);
  infer_shapes(graph);
  return graph;
}

Graph normalize_graph(const Shape& shape, const std::vector<std::string>& mean,
                      const std::vector<std::string>& std, Layout layout) {
  Graph graph = graph_with_input("Normalize", shape, layout);
  const Tensor& input = *graph.inputs()[0];
  Constant means = per_channel(input, mean, "mean"),
           deviations = per_channel(input, std, "standard deviation");
  for (std::int64_t i = 0; i < deviations.size(); ++i)
    if (!(deviations.to_float(i) > 0))
      user_error("standard deviation '{}' is not positive in float32",
                 printable(std[static_cast<std::size_t>(i)]));
  Tensor* centred =
      graph.add(std::make_unique<ops::Sub>(),
                {graph.inputs()[0], graph.add_constant("mean", std::move(means))}, "centred");
  Tensor* normalised =
      graph.add(std::make_unique<ops::Div>(),
                {centred, graph.add_constant("std", std::move(deviations))}, "normalised");
  graph.add_output(normalised);
  infer_shapes(graph);
  return graph;
}

}  // namespace assay
