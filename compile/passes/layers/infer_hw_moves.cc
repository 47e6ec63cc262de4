// SPDX-License-Identifier: Apache-2.0
// Operators that move streams.
#include <algorithm>
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

/// Whether elements stay together in blocks of so many.
bool stay_together(const Ints& sources, std::int64_t block) {
  if (std::ssize(sources) % block != 0) return false;
  for (std::int64_t i = 0; i < std::ssize(sources); ++i) {
    const std::int64_t first = sources[static_cast<std::size_t>(i - i % block)];
    if (first % block != 0 || sources[static_cast<std::size_t>(i)] != first + i % block)
      return false;
  }
  return true;
}

/// The largest product of axes from the last one on whose elements stay together.
std::int64_t common_block(const Ints& sources, const Shape& x) {
  std::int64_t block = 1;
  for (std::size_t axis = x.size(); axis-- > 0 && stay_together(sources, block * x[axis]);)
    block *= x[axis];
  return block;
}

/// Where the blocks come from.
Ints block_places(const Ints& sources, std::int64_t block) {
  Ints places;
  for (std::size_t i = 0; i < sources.size(); i += static_cast<std::size_t>(block))
    places.push_back(sources[i] / block);
  return places;
}

/// Picks from a view of X, which is called after `what`, in the place of the node.
void replace_by_pick_of(Inference& inference, Node& node, const hw::Pick& op, Shape view,
                        std::string_view what) {
  Tensor* x = node.inputs[0];
  node.outputs[0]->dtype = x->dtype;
  x = inference.viewed(x, std::move(view), fmt::format("{}_{}", node.name, what));
  inference.replace_by_view(node, inference.add(op, {x}, node.name + "_picked", x->dtype));
}

/// Elements at `sources` in the place of the node, in the largest blocks that stay together.
void replace_by_blocks(Inference& inference, Node& node, const Ints& sources) {
  const Shape& x = known_shape(*node.inputs[0]);
  const std::int64_t block = common_block(sources, x);
  hw::Pick op;
  op.rows = block_places(sources, block);
  replace_by_pick_of(inference, node, op, {1, element_count(x) / block, 1, block}, "blocks");
}

/// For every axis the positions that a nearest Resize reads.
std::vector<Ints> positions_of(const ops::Resize& op, const Shape& in, const Shape& out) {
  if (op.mode != "nearest")
    throw NoLayer{fmt::format("it resizes {} to {} in mode {}; only 'nearest' has a layer",
                              shape_text(in), shape_text(out), printable(op.mode))};
  std::vector<Ints> positions;
  for (std::size_t axis = 0; axis < in.size(); ++axis) {
    auto found = nearest_positions(op, in[axis], out[axis]);
    if (!found)
      throw NoLayer{
          fmt::format("its coordinates '{}' are no positions that are known beforehand; use "
                      "asymmetric",
                      printable(op.coordinate_transformation_mode))};
    positions.push_back(std::move(*found));
  }
  return positions;
}

/// The element of X that every element of the output is.
Ints resized_sources(const Shape& in, const std::vector<Ints>& positions) {
  Ints sources = {0};
  for (std::size_t axis = 0; axis < in.size(); ++axis) {
    Ints finer;
    for (const std::int64_t source : sources)
      for (const std::int64_t place : positions[axis]) finer.push_back(source * in[axis] + place);
    sources = std::move(finer);
  }
  return sources;
}

void infer_resize(Inference& inference, Node& node, const ops::Resize& op) {
  const Shape &in = known_shape(*node.inputs[0]), &out = known_shape(*node.outputs[0]);
  std::vector<Ints> positions = positions_of(op, in, out);
  bool same = in == out;
  for (std::size_t axis = 0; same && axis < in.size(); ++axis)
    same = positions[axis] == all_of(in[axis]);
  if (same && inference.drop(node, node.inputs[0])) return;
  const bool spatial = in.size() == 4 && in[0] == 1 && out[0] == 1 && positions[3] == all_of(in[3]);
  if (!spatial) return replace_by_blocks(inference, node, resized_sources(in, positions));
  Ints &rows = positions[1], &columns = positions[2];
  if (!repeats(rows, in[1]) || !repeats(columns, in[2]))
    return replace_by_pick(inference, node, std::move(rows), std::move(columns));
  hw::UpsampleNearestNeighbour up;
  up.scale = {out[1] / in[1], out[2] / in[2]};
  node.outputs[0]->dtype = node.inputs[0]->dtype;
  inference.replace({&node}, up, {node.inputs[0]}, {node.outputs[0]});
}

/// Entries of an axis: rows, or the same columns of every map where there are several in front of it.
void replace_by_entries(Inference& inference, Node& node, std::size_t axis, const Ints& places) {
  const Shape& shape = known_shape(*node.inputs[0]);
  const std::int64_t size = shape[axis];
  std::int64_t block = size;  // entries that stay together
  while (size % block != 0 || !stay_together(places, block)) --block;
  const std::int64_t maps =
      element_count({shape.begin(), shape.begin() + static_cast<std::ptrdiff_t>(axis)});
  const std::int64_t inner = element_count(shape) / (maps * size);
  hw::Pick op;
  (maps == 1 ? op.rows : op.columns) = block_places(places, block);
  const Shape view = maps == 1 ? Shape{1, size / block, 1, block * inner}
                               : Shape{maps, 1, size / block, block * inner};
  replace_by_pick_of(inference, node, op, view, "entries");
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
  const bool is_map = x.size() == 4 && x[0] == 1 && known_shape(*node.inputs[1]).size() == 1;
  if (is_map && axis == 1) return replace_by_pick(inference, node, places, all_of(x[2]));
  if (is_map && axis == 2) return replace_by_pick(inference, node, all_of(x[1]), places);
  replace_by_entries(inference, node, axis, places);
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
    inference.drop_or_view(node, node.inputs[0]);
  else if (const auto* transpose = node.as<ops::Transpose>())
    replace_by_blocks(inference, node,
                      transpose_sources(known_shape(*node.inputs[0]), transpose->perm));
  else if (const auto* gather = node.as<ops::Gather>())
    infer_gather(inference, node, *gather);
  else
    return false;
  return true;
}

}  // namespace assay::hw_inference
