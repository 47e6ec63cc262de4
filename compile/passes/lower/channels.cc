// SPDX-License-Identifier: Apache-2.0
// Channels that change places, and blocks of pixels that become channels: windows and a Gather.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "compile/graph/views.h"
#include "compile/passes/lower/lowering.h"
#include "compile/passes/rewrite/constant_tools.h"
#include "compile/passes/rewrite/nearest.h"
#include "compile/passes/rewrite/rewrite.h"

namespace assay::lowering {
namespace {

using Ints = std::vector<std::int64_t>;

/// Makes what `node` puts out of channels of `x`, which lie last.
void select_channels(Lowering& lowering, const Node& node, Tensor* x, const Ints& sources,
                     const Axes& perm) {
  if (sources == identity_perm(static_cast<std::size_t>(x->shape->back())))
    return lowering.emit(node, ops::Identity{}, {x}, perm);
  ops::Gather op;
  op.axis = std::ssize(*x->shape) - 1;
  lowering.emit(node, op, {x, lowering.axes_constant(node.name + "_channels", sources)}, perm);
}

ops::Im2Col window_on(const Tensor& x, Ints kernel, Ints stride) {
  const Shape& in = *x.shape;
  ops::Im2Col op;
  op.kernel_size = std::move(kernel);
  op.stride = std::move(stride);
  op.input_shape = fmt::format("({},{},{},{})", in[0], in[1], in[2], in[3]);
  return op;
}

/// The pixels of every block of such a size side by side, in the order (row, column, channel).
Tensor* blocks_of(Lowering& lowering, Tensor* x, const Ints& block, const std::string& name) {
  const Shape& in = *x->shape;
  const Shape out = {in[0], in[1] / block[0], in[2] / block[1], in[3] * block[0] * block[1]};
  return lowering.add(window_on(*x, block, block), {x}, {name + "_im2col", out, x->dtype});
}

bool lower_gather(Lowering& lowering, const Node& node, const ops::Gather& op) {
  const Tensor* x = node.inputs[0];
  const Constant* index = constant_input(node, 1);
  const Shape& shape = known_shape(*x);
  constexpr std::size_t channels = 1;
  if (!index || index->shape().size() != 1 || shape.size() < 2 ||
      ops::normalise_axis(op.axis, shape.size()) != channels || lowering.order(x))
    return false;
  Ints sources(index->ints().begin(), index->ints().end());
  for (std::int64_t& source : sources)
    if (source < 0) source += shape[channels];
  select_channels(lowering, node, lowering.channels_last(x, node), sources,
                  channels_last_perm(shape.size()));
  return true;
}

/// Where a chain of views and Transposes begins: nobody else sees what is between.
const Tensor* beginning_of(const Graph& graph, const Tensor* end) {
  const auto shown = [&](const Tensor* tensor) {
    return tensor->consumers.size() != 1 || graph.is_output(tensor) ||
           std::ranges::any_of(graph.checkpoints(),
                               [&](const Checkpoint& c) { return c.tensor == tensor; });
  };
  const Tensor* tensor = end;
  while (tensor->producer &&
         (is_view(*tensor->producer) || tensor->producer->as<ops::Transpose>())) {
    tensor = tensor->producer->inputs[0];
    if (shown(tensor)) break;
  }
  return tensor;
}

/// For every element of `end` the element of `begin` that it is.
Ints moved_elements(const Tensor* begin, const Tensor* end) {
  std::vector<const Node*> chain;
  for (const Tensor* t = end; t != begin; t = t->producer->inputs[0]) chain.push_back(t->producer);
  Ints sources(static_cast<std::size_t>(element_count(known_shape(*begin))));
  std::iota(sources.begin(), sources.end(), std::int64_t{0});
  for (auto node = chain.rbegin(); node != chain.rend(); ++node) {
    const auto* transpose = (*node)->as<ops::Transpose>();
    if (!transpose) continue;
    Ints next;
    for (const std::int64_t i :
         transpose_sources(known_shape(*(*node)->inputs[0]), transpose->perm))
      next.push_back(sources[static_cast<std::size_t>(i)]);
    sources = std::move(next);
  }
  return sources;
}

/// A chain that regroups an image so that blocks of b x b pixels become channels (b = 1: channels
/// alone move): for each channel behind it, the one of blocks_of() that it is. Nothing where the
/// chain does anything else.
std::optional<Ints> block_channels(const Shape& in, const Shape& out, const Ints& sources,
                                   std::int64_t b) {
  Ints channels(static_cast<std::size_t>(out[1]), -1);
  for (std::int64_t i = 0; i < element_count(out); ++i) {
    const std::int64_t x = i % out[3], y = i / out[3] % out[2], c = i / (out[3] * out[2]) % out[1];
    const std::int64_t from = sources[static_cast<std::size_t>(i)];
    const std::int64_t fx = from % in[3], fy = from / in[3] % in[2],
                       fc = from / (in[3] * in[2]) % in[1];
    if (fx / b != x || fy / b != y) return {};
    const std::int64_t channel = (fy % b * b + fx % b) * in[1] + fc;
    std::int64_t& known = channels[static_cast<std::size_t>(c)];
    if (known >= 0 && known != channel) return {};
    known = channel;
  }
  return channels;
}

bool lower_regrouping(Lowering& lowering, const Node& node) {
  const Tensor* end = node.outputs[0];
  const Tensor* begin = beginning_of(lowering.old(), end);
  const Shape &in = known_shape(*begin), &out = known_shape(*end);
  if (begin == node.inputs[0] || in.size() != 4 || out.size() != 4 || in[0] != 1 || out[0] != 1 ||
      !lowering.is_computed(begin) || out[2] == 0 || in[2] % out[2] != 0)
    return false;
  const std::int64_t b = in[2] / out[2];
  if (in[3] != out[3] * b || out[1] != in[1] * b * b) return false;
  const auto channels = block_channels(in, out, moved_elements(begin, end), b);
  if (!channels) return false;
  Tensor* x = lowering.channels_last(begin, node);
  if (b > 1) x = blocks_of(lowering, x, {b, b}, node.name);
  select_channels(lowering, node, x, *channels, channels_last_perm(4));
  return true;
}

/// A Resize that keeps the first pixel of every block.
bool lower_resize_down(Lowering& lowering, const Node& node, const ops::Resize& op) {
  const Shape &in = known_shape(*node.inputs[0]), &out = known_shape(*node.outputs[0]);
  if (in.size() != 4 || in[0] != out[0] || in[1] != out[1] || op.mode != "nearest" || in == out)
    return false;
  Ints stride;
  for (const std::size_t axis : {std::size_t{2}, std::size_t{3}}) {
    if (in[axis] % out[axis] != 0) return false;
    stride.push_back(in[axis] / out[axis]);
    const auto positions = nearest_positions(op, in[axis], out[axis]);
    if (!positions) return false;
    for (std::int64_t i = 0; i < out[axis]; ++i)
      if ((*positions)[static_cast<std::size_t>(i)] != i * stride.back()) return false;
  }
  Tensor* x = lowering.channels_last(node.inputs[0], node);
  lowering.emit(node, window_on(*x, {1, 1}, stride), {x}, channels_last_perm(4));
  return true;
}

}  // namespace

bool lower_channels(Lowering& lowering, const Node& node) {
  if (!lowering.is_computed(node.inputs[0])) return false;
  if (const auto* gather = node.as<ops::Gather>()) return lower_gather(lowering, node, *gather);
  if (const auto* resize = node.as<ops::Resize>())
    return lower_resize_down(lowering, node, *resize);
  return is_view(node) && lower_regrouping(lowering, node);
}

void depth_to_space_as_convolution(Graph& graph) {
  for (Node* node : graph.topological_order()) {
    const auto* op = node->as<ops::DepthToSpace>();
    if (!op) continue;
    const std::int64_t in = known_shape(*node->inputs[0])[1], b = op->blocksize, out = in / (b * b);
    std::vector<float> weights(static_cast<std::size_t>(in * out * b * b));
    for (std::int64_t c = 0; c < out; ++c)
      for (std::int64_t block = 0; block < b * b; ++block) {
        const std::int64_t from = op->mode == "DCR" ? block * out + c : c * b * b + block;
        weights[static_cast<std::size_t>((from * out + c) * b * b + block)] = 1;
      }
    Tensor* w = graph.add_constant(node->name + "_selection",
                                   Constant(Shape{in, out, b, b}, std::move(weights)));
    w->dtype = DataType::uint(1);
    ops::ConvTranspose spread;
    spread.window = {{b, b}, {b, b}, {0, 0, 0, 0}, {1, 1}};
    spread.output_padding = {0, 0};
    Tensor *x = node->inputs[0], *y = node->outputs[0];
    const std::string name = node->name;
    graph.erase(node);
    graph.add_node(std::make_unique<ops::ConvTranspose>(spread), {x, w}, {y}, name);
  }
}

}  // namespace assay::lowering
