// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/lower/lowering.h"

#include <algorithm>
#include <numeric>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "compile/graph/views.h"
#include "compile/passes/rewrite/rewrite.h"

namespace assay::lowering {
namespace {

Layout permuted_layout(Layout layout, const Axes& perm) {
  const std::string_view name = layout_name(layout);
  if (name.size() != perm.size()) return Layout::kUnknown;
  std::string result(name);
  for (std::size_t i = 0; i < perm.size(); ++i) result[static_cast<std::size_t>(perm[i])] = name[i];
  return parse_layout(result).value_or(Layout::kUnknown);
}

/// The Transpose that makes a view one in the order `perm`.
Axes turn_of(const View& from, const Axes& perm) {
  Axes turn(perm.size());
  for (std::size_t i = 0; i < perm.size(); ++i)
    turn[static_cast<std::size_t>(perm[i])] = from.perm[i];
  return turn;
}

/// Whether it moves axes of size 1 alone.
bool keeps_elements(const View& from, const Axes& perm) {
  return keeps_order(*from.tensor->shape, inverse_perm(turn_of(from, perm)));
}

}  // namespace

Axes identity_perm(std::size_t rank) {
  Axes perm(rank);
  std::iota(perm.begin(), perm.end(), 0);
  return perm;
}

Axes channels_last_perm(std::size_t rank) {
  Axes perm = identity_perm(rank);
  for (std::size_t i = 2; i < rank; ++i) perm[i] = static_cast<std::int64_t>(i) - 1;
  if (rank > 1) perm[1] = static_cast<std::int64_t>(rank) - 1;
  return perm;
}

Axes inverse_perm(const Axes& perm) {
  Axes inverse(perm.size());
  for (std::size_t i = 0; i < perm.size(); ++i)
    inverse[static_cast<std::size_t>(perm[i])] = static_cast<std::int64_t>(i);
  return inverse;
}

Shape permuted_shape(const Shape& shape, const Axes& perm) {
  Shape out(shape.size());
  for (std::size_t i = 0; i < perm.size(); ++i) out[static_cast<std::size_t>(perm[i])] = shape[i];
  return out;
}

DataType with_zero(const DataType& type) {
  return type == DataType::bipolar() ? DataType::ternary() : type;
}

void Lowering::add_input(const Tensor& old) {
  const Shape& shape = known_shape(old);
  const bool turns = (shape.size() == 4 && old.layout != Layout::kNHWC) ||
                     (shape.size() == 3 && old.layout == Layout::kNCW);
  const Axes perm = turns ? channels_last_perm(shape.size()) : identity_perm(shape.size());
  Tensor* input = graph.add_input(old.name, permuted_shape(shape, perm));
  input->container = old.container;
  input->dtype = old.dtype;
  input->layout = old.layout;
  if (turns) input->layout = shape.size() == 4 ? Layout::kNHWC : Layout::kNWC;
  add_view(&old, {input, perm});
}

Tensor* Lowering::in_order(const Tensor* old, const Axes& perm, const std::string& user) {
  for (const View& view : views(old))
    if (view.perm == perm) return view.tensor;
  View from = views(old).front();
  for (const View& view : views(old))
    if (keeps_elements(view, perm)) from = view;
  const Shape shape = permuted_shape(known_shape(*old), perm);
  ops::Transpose op;
  op.perm = turn_of(from, perm);
  Tensor* turned = nullptr;
  if (keeps_elements(from, perm)) {
    turned = reshape(from.tensor, old->name + "_reshaped", shape);
  } else {
    turned = add(op, {from.tensor}, {old->name + "_transposed", shape, old->dtype});
    reasons_[turned->producer->name] = user;
  }
  turned->layout = permuted_layout(old->layout, perm);
  add_view(old, {turned, perm});
  return turned;
}

bool Lowering::lies_in_order(const Tensor* old, const Axes& perm) const {
  return std::ranges::any_of(views(old),
                             [&](const View& view) { return keeps_elements(view, perm); });
}

Tensor* Lowering::channels_last(const Tensor* old, const Node& user) {
  return in_order(old, channels_last_perm(known_shape(*old).size()), user);
}

Tensor* Lowering::constant(const Tensor* old) {
  if (!old) return nullptr;
  Tensor*& copy = constants_[old];
  if (!copy) copy = constant_like(*old, *old->constant);
  return copy;
}

Tensor* Lowering::constant_like(const Tensor& like, Constant value) {
  return add_constant_like(graph, like, std::move(value));
}

Tensor* Lowering::axes_constant(const std::string& name, std::vector<std::int64_t> values) {
  const auto count = static_cast<std::int64_t>(values.size());
  return graph.add_constant(name, Constant({count}, std::move(values)));
}

void Lowering::emit(const Node& old, std::unique_ptr<Op> op, std::vector<Tensor*> inputs,
                    const Axes& perm) {
  std::vector<Tensor*> outputs;
  for (const Tensor* from : old.outputs) {
    Tensor* output = from ? graph.add_tensor(from->name) : nullptr;
    outputs.push_back(output);
    if (!from) continue;
    output->container = from->container;
    output->dtype = from->dtype;
    output->shape = permuted_shape(known_shape(*from), perm);
    output->layout = permuted_layout(from->layout, perm);
    add_view(from, {output, perm});
  }
  graph.add_node(std::move(op), std::move(inputs), std::move(outputs), old.name);
}

Tensor* Lowering::add(std::unique_ptr<Op> op, std::vector<Tensor*> inputs, const Helper& helper) {
  Tensor* output = graph.add_tensor(helper.name);
  output->shape = helper.shape;
  output->dtype = helper.dtype;
  graph.add_node(std::move(op), std::move(inputs), {output}, helper.name);
  return output;
}

Tensor* Lowering::reshape(Tensor* x, const std::string& name, const Shape& shape) {
  Tensor* out =
      add(ops::Reshape{}, {x, axes_constant(name + "_shape", shape)}, {name, shape, x->dtype});
  out->container = x->container;
  return out;
}

Tensor* Lowering::with_height(Tensor* x) {
  Tensor*& tall = with_height_[x];
  if (tall) return tall;
  const Shape& s = *x->shape;
  const std::string name = x->name + "_2d";
  tall = add(ops::Unsqueeze{}, {x, axes_constant(name + "_axes", {1})},
             {name, {s[0], 1, s[1], s[2]}, x->dtype});
  return tall;
}

Tensor* Lowering::without_height(Tensor* x, const std::string& name) {
  const Shape& s = *x->shape;
  Tensor* flat = add(ops::Squeeze{}, {x, axes_constant(name + "_axes", {1})},
                     {name, {s[0], s[2], s[3]}, x->dtype});
  with_height_[flat] = x;
  return flat;
}

Lowering::Order Lowering::order(const Tensor* old) const {
  const auto it = orders_.find(old);
  return it == orders_.end() ? nullptr : it->second;
}

/// An output leaves the accelerator as it lies there when only its channels lie elsewhere; any other
/// order would be another result to whoever reads the stream.
View Lowering::output_view(const Tensor& old) {
  const Axes identity = identity_perm(known_shape(old).size());
  if (old.is_constant()) return {constant(&old), identity};
  const View view = views(&old).front();
  const Axes last = channels_last_perm(identity.size());
  if (view.perm == last || view.perm == inverse_perm(last) || keeps_elements(view, identity))
    return view;
  return {in_order(&old, identity, fmt::format("output '{}'", printable(old.name))), identity};
}

void Lowering::add_output(const Tensor& old) {
  View view = output_view(old);
  // An output is a tensor of its own, so that every output keeps its name.
  if (graph.is_output(view.tensor) || graph.is_input(view.tensor) || view.tensor->constant)
    view.tensor = reshape(view.tensor, old.name, *view.tensor->shape);
  if (view.tensor->name != old.name && !graph.find_tensor(old.name))
    graph.rename(view.tensor, old.name);
  graph.add_output(view.tensor);
  if (!old.is_constant()) views_.at(&old).front() = view;
}

void Lowering::finish() {
  graph.name = old_.name;
  for (const Tensor* output : old_.outputs()) add_output(*output);
  for (const Checkpoint& checkpoint : old_.checkpoints()) {
    Checkpoint moved = checkpoint;
    const View& view = views(checkpoint.tensor).front();
    moved.tensor = view.tensor;
    if (moved.perm.empty()) moved.perm = identity_perm(view.perm.size());
    for (std::int64_t& axis : moved.perm) axis = view.perm[static_cast<std::size_t>(axis)];
    if (moved.perm == identity_perm(moved.perm.size())) moved.perm.clear();
    graph.checkpoints().push_back(std::move(moved));
  }
  assay::finish(graph, true);
}

void Lowering::explain(PassReport& report) const {
  for (const auto& node : graph.nodes()) {
    if (!node->as<ops::Transpose>()) continue;
    const auto it = reasons_.find(node->name);
    ASSAY_INVARIANT(it != reasons_.end(), "a Transpose that nobody asked for");
    const std::string& reason = it->second;
    report.remarks.push_back(
        {node->name, fmt::format("a Transpose stays: {} needs this order of axes", reason)});
  }
}

}  // namespace assay::lowering
