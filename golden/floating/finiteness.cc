// SPDX-License-Identifier: Apache-2.0
#include "golden/floating/finiteness.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "compile/base/error.h"
#include "compile/base/printable.h"

namespace assay {
namespace {

/// The first element that is infinite or NaN.
std::optional<std::size_t> not_finite(const std::vector<float>& values) {
  const auto found = std::ranges::find_if_not(values, [](float x) { return std::isfinite(x); });
  if (found == values.end()) return {};
  return static_cast<std::size_t>(found - values.begin());
}

/// Without the sign that NaN may have.
float shown(float value) { return std::isnan(value) ? std::fabs(value) : value; }

/// The operands' elements where each has one for every element of the result, or one for all.
std::string made_of(const FloatInputs& operands, std::size_t element, std::size_t count) {
  std::string text;
  for (const FloatTensor* operand : operands) {
    if (!operand || (operand->data.size() != count && operand->data.size() != 1)) return {};
    const float value = operand->data[operand->data.size() == 1 ? 0 : element];
    text += fmt::format("{}{}", text.empty() ? ", made of " : " and ", value);
  }
  return text;
}

[[noreturn]] void fail(const std::string& where) {
  user_error(
      "{}, which is no finite float32; clip what the node takes to where its result is one, or end "
      "the network in front of it",
      where);
}

}  // namespace

void Finiteness::check_input(const Tensor& input, const FloatTensor& value) {
  if (const auto element = not_finite(value.data))
    user_error("element {} of input '{}' is {}; give finite numbers", *element,
               printable(input.name), shown(value.data[*element]));
}

void Finiteness::made(const Node& node, const Tensor& tensor, const FloatTensor& result,
                      const FloatInputs& operands) {
  const auto element = not_finite(result.data);
  if (!element) return;
  const auto from = std::ranges::find_if(
      node.inputs, [&](const Tensor* input) { return first_.contains(input); });
  const std::string where =
      from != node.inputs.end()
          ? first_.at(*from)
          : fmt::format("{}: element {} of '{}' is {}{}", node.label(), *element,
                        printable(tensor.name), shown(result.data[*element]),
                        made_of(operands, *element, result.data.size()));
  if (std::ranges::any_of(result.data, [](float x) { return std::isnan(x); })) fail(where);
  first_.emplace(&tensor, where);
}

void Finiteness::check_output(const Tensor& output) const {
  if (const auto it = first_.find(&output); it != first_.end()) fail(it->second);
}

}  // namespace assay
