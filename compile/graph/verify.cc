// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <map>
#include <unordered_set>
#include <utility>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "compile/graph/constant_check.h"
#include "compile/graph/graph.h"

namespace assay {
namespace {

std::string quoted(const Tensor& tensor) { return "tensor '" + printable(tensor.name) + "'"; }

/// Every value of a constant belongs to its data type.
void verify_constant(const Tensor& tensor) {
  const Constant& value = *tensor.constant;
  if (!tensor.shape || *tensor.shape != value.shape())
    user_error("{} has a constant of another shape", quoted(tensor));
  if (surely_within(value, tensor.dtype)) return;
  if (!value.all_finite()) user_error("{} holds NaN or infinity", quoted(tensor));
  if (!tensor.dtype.is_integer()) return;
  for (std::int64_t i = 0; i < value.size(); ++i) {
    if (value.is_float()) {
      const float v = value.floats()[static_cast<std::size_t>(i)];
      if (v == std::nearbyint(v) && std::abs(v) < 0x1p62F &&
          tensor.dtype.allows(static_cast<std::int64_t>(v)))
        continue;
    } else if (value.is_int() && tensor.dtype.allows(value.ints()[static_cast<std::size_t>(i)])) {
      continue;
    }
    user_error("{} is annotated {} but element {} is {}", quoted(tensor), tensor.dtype.name(), i,
               value.real(i).str());
  }
}

void verify_links(const Graph& graph, const std::unordered_set<const Tensor*>& tensors) {
  // Uses that a tensor records must be those that nodes make, one for one.
  std::map<std::pair<const Tensor*, const Node*>, int> unmatched;
  for (const auto& tensor : graph.tensors())
    for (const Node* user : tensor->consumers) ++unmatched[{tensor.get(), user}];
  for (const auto& node : graph.nodes()) {
    for (const Tensor* input : node->inputs) {
      if (!input) continue;
      ASSAY_INVARIANT(tensors.contains(input), node->label() + " uses a tensor of another graph");
      --unmatched[{input, node.get()}];
    }
    for (const Tensor* output : node->outputs)
      ASSAY_INVARIANT(!output || (tensors.contains(output) && output->producer == node.get()),
                      node->label() + " does not own its output");
  }
  for (const auto& [use, count] : unmatched)
    ASSAY_INVARIANT(count == 0, quoted(*use.first) + " records other uses than the nodes make");
  for (const auto& tensor : graph.tensors()) {
    const int sources = (tensor->producer ? 1 : 0) + (tensor->constant ? 1 : 0) +
                        (graph.is_input(tensor.get()) ? 1 : 0);
    if (sources > 1) user_error("{} is assigned {} times", quoted(*tensor), sources);
    if (sources == 0 && (!tensor->consumers.empty() || graph.is_output(tensor.get())))
      user_error("{} is used by {} but nothing produces it", quoted(*tensor),
                 tensor->consumers.empty() ? "the graph's outputs" : tensor->consumers[0]->label());
  }
}

/// Whether `from` broadcasts to exactly `to`.
bool stretches_to(const Shape& from, const Shape& to) {
  return from.size() <= to.size() &&
         std::equal(from.rbegin(), from.rend(), to.rbegin(),
                    [](std::int64_t f, std::int64_t t) { return f == t || f == 1; });
}

void verify_perm(const Checkpoint& checkpoint) {
  if (checkpoint.perm.empty()) return;
  std::vector<std::int64_t> axes = checkpoint.perm;
  std::ranges::sort(axes);
  bool valid = axes.size() == checkpoint.tensor->shape->size();
  for (std::size_t i = 0; valid && i < axes.size(); ++i)
    valid = axes[i] == static_cast<std::int64_t>(i);
  if (!valid)
    user_error("checkpoint '{}' has an order of axes that does not fit its tensor",
               printable(checkpoint.name));
}

void verify_checkpoints(const Graph& graph, const std::unordered_set<const Tensor*>& tensors) {
  std::unordered_set<std::string> names;
  for (const Checkpoint& checkpoint : graph.checkpoints()) {
    ASSAY_INVARIANT(tensors.contains(checkpoint.tensor),
                    "checkpoint '" + checkpoint.name + "' points outside the graph");
    if (!names.insert(checkpoint.name).second)
      user_error("checkpoint '{}' occurs twice", printable(checkpoint.name));
    if (!checkpoint.tensor->shape) continue;
    verify_perm(checkpoint);
    const Shape shape = checkpoint.shape();
    for (const RealArray* map :
         {&checkpoint.scale, &checkpoint.offset, &checkpoint.unit, &checkpoint.shift})
      if (!stretches_to(map->shape, shape))
        user_error("checkpoint '{}' has a scale or offset that does not fit its tensor",
                   printable(checkpoint.name));
    if (checkpoint.has_map &&
        std::ranges::any_of(checkpoint.unit.values, [](const Real& u) { return u.is_zero(); }))
      user_error("checkpoint '{}' has a unit of zero", printable(checkpoint.name));
    if (checkpoint.has_map &&
        std::ranges::any_of(checkpoint.scale.values, [](const Real& s) { return s.is_zero(); }))
      user_error("checkpoint '{}' has a scale of zero", printable(checkpoint.name));
  }
}

}  // namespace

void verify(const Graph& graph) {
  std::unordered_set<const Tensor*> tensors;
  std::unordered_set<std::string_view> names, node_names;
  for (const auto& tensor : graph.tensors()) {
    tensors.insert(tensor.get());
    if (!names.insert(tensor->name).second) user_error("{} occurs twice", quoted(*tensor));
    if (tensor->constant) verify_constant(*tensor);
  }
  for (const auto& node : graph.nodes())
    if (!node_names.insert(node->name).second) user_error("{} occurs twice", node->label());
  verify_links(graph, tensors);
  for (const Tensor* output : graph.outputs())
    ASSAY_INVARIANT(tensors.contains(output), "an output is not in the graph");
  if (graph.outputs().empty()) user_error("the graph has no outputs");
  verify_checkpoints(graph, tensors);
  Graph copy = graph;  // infer_shapes compares what is recorded with what follows from the inputs
  infer_shapes(copy);
}

}  // namespace assay
