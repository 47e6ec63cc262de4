// SPDX-License-Identifier: Apache-2.0
// Operators that treat every element alike or by its channel: they follow their input's order.
#include <algorithm>
#include <optional>

#include "compile/passes/lower/lowering.h"
#include "compile/passes/rewrite/constant_tools.h"
#include "compile/passes/rewrite/rewrite.h"

namespace assay::lowering {
namespace {

bool is_elementwise(const Node& node) {
  const Elements elements = node.traits().elements;
  return elements == Elements::kSame || elements == Elements::kMapped ||
         node.as<ops::MultiThreshold>() || node.as<ops::JoinThreshold>();
}

/// The order in which the node works: one in which a computed input is held, channels last if
/// possible. Nothing when an input is of lower rank and has to be stretched.
std::optional<Axes> common_order(const Lowering& lowering, const Node& node) {
  const std::size_t rank = known_shape(*node.outputs[0]).size();
  const Axes last = channels_last_perm(rank);
  const auto is_stretched = [&](const Tensor* input) {
    return lowering.is_computed(input) && known_shape(*input).size() != rank;
  };
  if (std::ranges::any_of(node.inputs, is_stretched)) return {};
  std::optional<Axes> chosen;
  for (const Tensor* input : node.inputs) {
    if (!lowering.is_computed(input)) continue;
    const auto& views = lowering.views(input);
    if (std::ranges::find(views, last, &View::perm) != views.end()) return last;
    if (!chosen) chosen = views.front().perm;
  }
  return chosen;
}

/// A constant that broadcasts to a tensor of `rank` axes, and has `extra` axes behind them, for a
/// tensor held in the order `perm`.
Constant follow(const Constant& value, const Axes& perm, std::size_t extra) {
  if (value.size() == 1 && extra == 0) return value;
  Shape shape = value.shape();
  if (shape.size() < perm.size() + extra)
    shape.insert(shape.begin(), perm.size() + extra - shape.size(), 1);
  Axes axes = inverse_perm(perm);
  while (axes.size() < shape.size()) axes.push_back(static_cast<std::int64_t>(axes.size()));
  return transposed(value.reshaped(shape), axes);
}

/// The layout that names the channel axis of thresholds held in the order `perm`; kUnknown: none
/// does.
Layout threshold_layout(const ops::MultiThreshold& op, const Axes& perm) {
  const std::size_t rank = perm.size();
  const bool last = layout_name(op.data_layout).ends_with('C');
  const auto channel = static_cast<std::size_t>(perm[last ? rank - 1 : 1]);
  if (rank == 2) return channel == 1 ? Layout::kNC : Layout::kUnknown;
  if (channel == rank - 1) return rank == 3 ? Layout::kNWC : Layout::kNHWC;
  if (channel == 1) return rank == 3 ? Layout::kNCW : Layout::kNCHW;
  return Layout::kUnknown;
}

/// How many axes of constant input `index` are not those of X; nothing: the constant does not
/// depend on the order.
std::optional<std::size_t> extra_axes(const Node& node, std::size_t index) {
  if (node.as<ops::MultiThreshold>() || node.as<ops::Clip>()) return {};
  const auto* join = node.as<ops::JoinThreshold>();
  if (!join) return 0;
  const bool line = node.inputs[1] != nullptr;
  return index == 0 && !line && node.inputs.size() == ops::JoinThreshold::kFirstX + 2 ? 2 : 1;
}

}  // namespace

bool lower_elementwise(Lowering& lowering, const Node& node) {
  if (!is_elementwise(node)) return false;
  const std::optional<Axes> perm = common_order(lowering, node);
  if (!perm) return false;
  std::unique_ptr<Op> op = node.op->clone();
  if (auto* thresholds = dynamic_cast<ops::MultiThreshold*>(op.get())) {
    const Layout layout = threshold_layout(*thresholds, *perm);
    if (layout == Layout::kUnknown) return false;
    thresholds->data_layout = layout;
  }
  std::vector<Tensor*> inputs;
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    const Tensor* input = node.inputs[i];
    const auto extra = extra_axes(node, i);
    if (lowering.is_computed(input))
      inputs.push_back(lowering.in_order(input, *perm, node));
    else if (!input || !extra || *perm == identity_perm(perm->size()))
      inputs.push_back(lowering.constant(input));
    else
      inputs.push_back(lowering.constant_like(*input, follow(*input->constant, *perm, *extra)));
  }
  lowering.emit(node, std::move(op), std::move(inputs), *perm);
  return true;
}

}  // namespace assay::lowering
