// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/widths/minimize_widths.h"

#include <algorithm>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "compile/graph/ops.h"
#include "compile/passes/rewrite/rewrite.h"
#include "compile/passes/widths/range.h"

namespace assay {
namespace {

using widths::Analysis;
using widths::Ranges;

bool is_product(const Node& node) { return node.traits().elements == Elements::kProducts; }

/// The index of a constant of thresholds; -1 when the node has none.
int threshold_input(const Node& node) {
  if (node.as<ops::MultiThreshold>()) return 1;
  return node.as<ops::JoinThreshold>() ? 0 : -1;
}

template <typename T>
DataType smallest_type(std::span<const T> values, bool weights) {
  T lo = values[0], hi = values[0];
  bool zero = false;
  for (const T value : values) {
    lo = std::min(lo, value);
    hi = std::max(hi, value);
    zero |= value == 0;
  }
  if (weights && lo == -1 && hi <= 1) {
    const bool signs = !zero;
    return signs ? DataType::bipolar() : DataType::ternary();
  }
  return DataType::smallest_for(static_cast<std::int64_t>(lo), static_cast<std::int64_t>(hi));
}

/// Precondition: a constant of integers.
DataType constant_type(const Constant& value, bool weights) {
  if (value.size() == 0) return DataType::uint(1);
  return value.is_int() ? smallest_type(value.ints(), weights)
                        : smallest_type(value.floats(), weights);
}

/// Multipliers of a join follow from the ratios of a training's scales: those of another training are of
/// either sign and may be so many times larger.
constexpr std::int64_t kMultiplierRoom = 8;
constexpr int kRoomyBits = 40;  ///< wider ones get none

DataType roomy_type(const Constant& value) {
  const DataType type = constant_type(value, false);
  if (type.bits > kRoomyBits) return type;
  const std::int64_t most = kMultiplierRoom * std::max(type.max(), -type.min());
  return DataType::smallest_for(-most, most);
}

bool set_type(Tensor& tensor, const DataType& type) {
  if (tensor.dtype == type) return false;
  tensor.dtype = type;
  return true;
}

/// Constants of shapes and axes have the container of 64-bit integers; they are no data.
bool is_data(const Tensor* tensor) {
  return tensor && tensor->constant && tensor->container == Container::kFloat32;
}

/// Weights that may become others keep the type that they were declared to have.
bool keeps_type(const Analysis& analysis, const Node& node, std::size_t input) {
  return analysis.any_weights() && is_product(node) && input == 1 &&
         node.inputs[input]->dtype.is_integer();
}

bool type_constants(const Analysis& analysis, const Node& node) {
  if (node.as<ops::Resize>()) return false;
  bool changed = false;
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    if (!is_data(node.inputs[i]) || keeps_type(analysis, node, i)) continue;
    if (node.inputs[i]->constant->is_real())
      user_error("{}: input {} holds numbers that are no integers; streamline the graph first",
                 node.label(), i);
    const bool weights = is_product(node) && i == 1;
    const bool roomy = analysis.any_weights() && node.as<ops::JoinThreshold>() && i == 1;
    const Constant& value = *node.inputs[i]->constant;
    changed |= set_type(*node.inputs[i], roomy ? roomy_type(value) : constant_type(value, weights));
  }
  return changed;
}

/// The declared output type follows the proved one.
void declare(Node& node, const DataType& type) {
  if (auto* op = node.as<ops::MultiThreshold>()) op->out_dtype = type;
  if (auto* op = node.as<ops::JoinThreshold>()) op->out_dtype = type;
}

bool move_unreachable(Graph& graph, Analysis& analysis, Node& node) {
  const int at = threshold_input(node);
  if (at < 0) return false;
  auto moved = widths::reachable_thresholds(analysis, node);
  if (!moved) return false;
  const Tensor& old = *node.inputs[static_cast<std::size_t>(at)];
  Tensor* thresholds = graph.add_constant(old.name, Constant(known_shape(old), std::move(*moved)));
  thresholds->container = Container::kFloat32;
  graph.set_input(&node, static_cast<std::size_t>(at), thresholds);
  return true;
}

Ranges ranges_of(Analysis& analysis, const Node& node) {
  for (const auto family : {widths::product_ranges, widths::threshold_ranges,
                            widths::elementwise_ranges, widths::pool_ranges, widths::moved_ranges})
    if (auto ranges = family(analysis, node)) return std::move(*ranges);
  user_error("{}: the range of its result is not known; only integer operators have one",
             node.label());
}

bool type_top_k(Analysis& analysis, const Node& node) {
  const Shape& x = known_shape(*node.inputs[0]);
  const std::int64_t classes = x[ops::normalise_axis(node.as<ops::TopK>()->axis, x.size())];
  const Ranges values = analysis.of(node.inputs[0], node).as_one();
  const Ranges indices = Ranges::all(0, std::max<std::int64_t>(classes - 1, 0));
  bool changed = false;
  for (std::size_t i = 0; i < node.outputs.size(); ++i) {
    if (!node.outputs[i]) continue;
    const Ranges& ranges = i == 0 ? values : indices;
    analysis.set(node.outputs[i], ranges);
    changed |= set_type(*node.outputs[i], ranges.type());
  }
  return changed;
}

bool type_node(Graph& graph, Analysis& analysis, Node& node, PassReport& report) {
  bool changed = move_unreachable(graph, analysis, node);
  if (node.as<ops::TopK>()) return type_top_k(analysis, node) || changed;
  WidthReport width;
  width.node = node.name;
  if (is_product(node)) {
    width.weights_before = node.inputs[1]->dtype;
    width.accumulator_before = node.outputs[0]->dtype;
  }
  changed |= type_constants(analysis, node);
  const Ranges ranges = ranges_of(analysis, node);
  const DataType type = ranges.type();
  changed |= set_type(*node.outputs[0], type);
  declare(node, type);
  if (is_product(node)) {
    width.weights = node.inputs[1]->dtype;
    width.input = node.inputs[0]->dtype;
    width.accumulator = type;
    width.min = ranges.total().lo;
    width.max = ranges.total().hi;
    report.widths.push_back(std::move(width));
  }
  analysis.set(node.outputs[0], ranges);
  return changed;
}

}  // namespace

bool minimize_widths(Graph& graph, PassContext& context) {
  Analysis analysis(context.options.runtime_weights);
  for (const Tensor* input : graph.inputs()) {
    if (!input->dtype.is_integer())
      user_error("input '{}' is annotated {}; widths follow from an integer type such as UINT8",
                 printable(input->name), input->dtype.name());
    Ranges ranges = Ranges::all(input->dtype.min(), input->dtype.max());
    ranges.bipolar = input->dtype == DataType::bipolar();
    analysis.set(input, std::move(ranges));
  }
  bool changed = false;
  for (Node* node : graph.topological_order())
    changed |= type_node(graph, analysis, *node, context.report);
  return finish(graph, changed);
}

}  // namespace assay
