// SPDX-License-Identifier: Apache-2.0
// Operators that move streams.
#include <algorithm>
#include <functional>
#include <numeric>

#include "compile/base/printable.h"
#include "compile/hw/constants.h"
#include "compile/passes/layers/hw_inference.h"
#include "compile/passes/rewrite/constant_tools.h"
#include "compile/passes/rewrite/nearest.h"

namespace assay::hw_inference {
namespace {

/// A type that holds what all inputs may hold.
DataType common_type(const std::vector<Tensor*>& inputs) {
  DataType type = inputs[0]->dtype;
  for (const Tensor* input : inputs)
    if (input->dtype != type)
      type = DataType::smallest_for(std::min(type.min(), input->dtype.min()),
                                    std::max(type.max(), input->dtype.max()));
  return type;
}

/// Streams joined along an axis: along the last one of vectors that begin at that axis.
void infer_concat(Inference& inference, Node& node, const ops::Concat& op) {
  const Shape& out = known_shape(*node.outputs[0]);
  const std::size_t axis = ops::normalise_axis(op.axis, out.size());
  for (const Tensor* input : node.inputs)
    if (input->constant) throw NoLayer{"it joins a constant; only streams have a layer"};
  if (node.inputs.size() > static_cast<std::size_t>(hw::StreamingConcat::kMaxInputs))
    throw NoLayer{fmt::format("it joins {} streams, more than {}; join them in two steps",
                              node.inputs.size(), hw::StreamingConcat::kMaxInputs)};
  const auto vectors = [&](const Shape& shape) {
    Shape vectors(shape.begin(), shape.begin() + static_cast<std::ptrdiff_t>(axis));
    vectors.push_back(element_count(shape) / element_count(vectors));
    return vectors;
  };
  const DataType type = common_type(node.inputs);
  std::vector<Tensor*> inputs;
  for (std::size_t i = 0; i < node.inputs.size(); ++i)
    inputs.push_back(inference.viewed(node.inputs[i], vectors(known_shape(*node.inputs[i])),
                                      fmt::format("{}_vectors{}", node.name, i)));
  node.outputs[0]->dtype = type;
  if (vectors(out) == out)
    return inference.replace({&node}, hw::StreamingConcat{}, inputs, {node.outputs[0]});
  inference.replace_by_view(
      node, inference.add(hw::StreamingConcat{}, inputs, node.name + "_joined", type));
}

/// The numbers 0 to size - 1.
Ints all_of(std::int64_t size) {
  Ints picks(static_cast<std::size_t>(size));
  std::iota(picks.begin(), picks.end(), std::int64_t{0});
  return picks;
}

/// Picks rows and columns of X [N,H,W,C] in the place of the node. What picks in front of it, for it
/// alone, becomes part of it.
void replace_by_pick(Inference& inference, Node& node, Ints rows, Ints columns) {
  Tensor* x = node.inputs[0];
  node.outputs[0]->dtype = x->dtype;
  hw::Pick op;
  const auto* before = x->producer ? x->producer->as<hw::Pick>() : nullptr;
  if (before && inference.only_reader(x) == &node) {
    for (std::int64_t& r : rows) r = before->rows[static_cast<std::size_t>(r)];
    for (std::int64_t& c : columns) c = before->columns[static_cast<std::size_t>(c)];
    x = x->producer->inputs[0];
  }
  op.rows = std::move(rows);
  op.columns = std::move(columns);
  inference.replace({&node}, op, {x}, {node.outputs[0]});
}

/// Whether every position reads the element at position / scale.
bool repeats(const Ints& positions, std::int64_t n) {
  const std::int64_t scale = std::ssize(positions) / n;
  if (std::ssize(positions) % n != 0) return false;
  for (std::int64_t i = 0; i < std::ssize(positions); ++i)
    if (positions[static_cast<std::size_t>(i)] != i / scale) return false;
  return true;
}

void infer_resize(Inference& inference, Node& node, const ops::Resize& op) {
  const Shape &in = known_shape(*node.inputs[0]), &out = known_shape(*node.outputs[0]);
  const bool spatial = in.size() == 4 && in[0] == out[0] && in[3] == out[3];
  if (!spatial || op.mode != "nearest")
    throw NoLayer{
        fmt::format("it resizes {} to {} in mode {}; only rows and columns by nearest have "
                    "a layer",
                    shape_text(in), shape_text(out), printable(op.mode))};
  auto rows = nearest_positions(op, in[1], out[1]), columns = nearest_positions(op, in[2], out[2]);
  if (!rows || !columns)
    throw NoLayer{
        fmt::format("its coordinates '{}' are no positions that are known beforehand; use "
                    "asymmetric",
                    printable(op.coordinate_transformation_mode))};
  if (in == out && *rows == all_of(in[1]) && *columns == all_of(in[2]) &&
      inference.drop(node, node.inputs[0]))
    return;
  if (!repeats(*rows, in[1]) || !repeats(*columns, in[2]))
    return replace_by_pick(inference, node, std::move(*rows), std::move(*columns));
  hw::UpsampleNearestNeighbour up;
  up.scale = {out[1] / in[1], out[2] / in[2]};
  node.outputs[0]->dtype = node.inputs[0]->dtype;
  inference.replace({&node}, up, {node.inputs[0]}, {node.outputs[0]});
}

/// Blocks of elements at `places`, in the place of the node.
void replace_by_blocks(Inference& inference, Node& node, Ints places, std::int64_t block) {
  Tensor* x = node.inputs[0];
  node.outputs[0]->dtype = x->dtype;
  hw::Pick op;
  op.rows = std::move(places);
  x = inference.viewed(x, {1, element_count(known_shape(*x)) / block, 1, block},
                       node.name + "_blocks");
  inference.replace_by_view(node, inference.add(op, {x}, node.name + "_picked", x->dtype));
}

/// Entries of an axis at constant places.
void infer_gather(Inference& inference, Node& node, const ops::Gather& op) {
  const Shape& x = known_shape(*node.inputs[0]);
  const std::size_t axis = ops::normalise_axis(op.axis, x.size());
  if (!constant_input(node, 1))
    throw NoLayer{"its places are not constant; only such have a layer"};
  Ints places = hw::integer_constant(node, 1);
  for (std::int64_t& place : places)
    if (place < 0) place += x[axis];
  const bool keeps_rank = known_shape(*node.inputs[1]).size() == 1;
  if (x.size() == 4 && axis == 1 && keeps_rank)
    return replace_by_pick(inference, node, std::move(places), all_of(x[2]));
  if (x.size() == 4 && axis == 2 && keeps_rank)
    return replace_by_pick(inference, node, all_of(x[1]), std::move(places));
  const auto count = [](auto begin, auto end) {
    return std::accumulate(begin, end, std::int64_t{1}, std::multiplies());
  };
  const auto at = x.begin() + static_cast<std::ptrdiff_t>(axis);
  Ints blocks;
  for (std::int64_t outer = 0; outer < count(x.begin(), at); ++outer)
    for (const std::int64_t place : places) blocks.push_back(outer * *at + place);
  replace_by_blocks(inference, node, std::move(blocks), count(at + 1, x.end()));
}

/// A Transpose that moves elements. What it keeps at the end moves as a block.
void infer_transpose(Inference& inference, Node& node, const ops::Transpose& op) {
  const Shape& x = known_shape(*node.inputs[0]);
  std::int64_t block = 1;
  for (std::size_t axis = x.size(); axis-- > 0 && op.perm[axis] == static_cast<std::int64_t>(axis);)
    block *= x[axis];
  Ints places;
  const Ints sources = transpose_sources(x, op.perm);
  for (std::size_t i = 0; i < sources.size(); i += static_cast<std::size_t>(block))
    places.push_back(sources[i] / block);
  replace_by_blocks(inference, node, std::move(places), block);
}

bool is_read(const Graph& graph, const Tensor* tensor) {
  return !tensor->consumers.empty() || graph.is_output(tensor) ||
         std::ranges::any_of(graph.checkpoints(), [&](const Checkpoint& checkpoint) {
           return checkpoint.tensor == tensor;
         });
}

void infer_top_k(Inference& inference, Node& node, const ops::TopK& op) {
  const Shape& x = known_shape(*node.inputs[0]);
  if (!constant_input(node, 1)) throw NoLayer{"its k is not constant"};
  if (ops::normalise_axis(op.axis, x.size()) + 1 != x.size() || element_count(x) != x.back())
    throw NoLayer{fmt::format("it ranks {} along axis {}; only one vector of classes has a layer",
                              shape_text(x), op.axis)};
  hw::LabelSelect select;
  select.k = hw::integer_constant(node, 1)[0];
  select.largest = op.largest;
  std::vector<Tensor*> outputs = node.outputs;
  for (Tensor*& tensor : outputs)
    if (tensor && !is_read(inference.graph, tensor)) tensor = nullptr;
  if (outputs[0]) outputs[0]->dtype = node.inputs[0]->dtype;
  if (outputs.size() > 1 && outputs[1]) outputs[1]->dtype = DataType::smallest_for(0, x.back() - 1);
  inference.replace({&node}, select, {node.inputs[0]}, outputs);
}

}  // namespace

bool infer_move(Inference& inference, Node& node) {
  if (const auto* concat = node.as<ops::Concat>())
    infer_concat(inference, node, *concat);
  else if (const auto* resize = node.as<ops::Resize>())
    infer_resize(inference, node, *resize);
  else if (const auto* top = node.as<ops::TopK>())
    infer_top_k(inference, node, *top);
  else if (node.as<ops::Identity>())
    return inference.drop(node, node.inputs[0]);
  else if (const auto* transpose = node.as<ops::Transpose>())
    infer_transpose(inference, node, *transpose);
  else if (const auto* gather = node.as<ops::Gather>())
    infer_gather(inference, node, *gather);
  else
    return false;
  return true;
}

}  // namespace assay::hw_inference
