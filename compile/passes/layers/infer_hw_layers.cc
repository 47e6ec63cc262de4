// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/layers/infer_hw_layers.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "compile/base/printable.h"
#include "compile/graph/views.h"
#include "compile/hw/constants.h"
#include "compile/hw/layer.h"
#include "compile/passes/layers/hw_inference.h"
#include "compile/passes/lower/lowering.h"

namespace assay {
namespace hw_inference {
namespace {

/// A shape as Reshape takes it.
Constant sizes_of(const Shape& shape) { return Constant(Shape{std::ssize(shape)}, shape); }

}  // namespace

Tensor* Inference::add(std::unique_ptr<Op> op, std::vector<Tensor*> inputs, const std::string& name,
                       DataType dtype) {
  Tensor* out = graph.add_tensor(name);
  std::vector<InferInput> known;
  for (const Tensor* input : inputs)
    known.push_back({&known_shape(*input), input->container,
                     input->constant ? &*input->constant : nullptr, true});
  const Node* node = graph.add_node(std::move(op), std::move(inputs), {out}, name);
  InferContext context(*node, std::move(known), 1);
  node->op->infer(context);
  out->shape = context.outputs[0].shape;
  out->dtype = dtype;
  if (out->shape->size() == 4) out->layout = Layout::kNHWC;
  return out;
}

void Inference::replace(const std::vector<Node*>& old, std::unique_ptr<Op> op,
                        std::vector<Tensor*> inputs, std::vector<Tensor*> outputs) {
  const std::string name = old.front()->name;
  for (Node* node : old) {
    gone_.insert(node);
    graph.erase(node);
  }
  graph.add_node(std::move(op), std::move(inputs), std::move(outputs), name);
}

bool Inference::drop(Node& node, Tensor* x) {
  const bool ends = graph.is_output(node.outputs[0]);
  if (!bypass(graph, x, node.outputs[0])) return false;
  gone_.insert(&node);
  if (!ends) graph.erase(&node);  // else bypass() has done it
  return true;
}

Tensor* Inference::viewed(Tensor* x, Shape shape, const std::string& name) {
  if (known_shape(*x) == shape) return x;
  return add(std::make_unique<ops::Reshape>(),
             {x, graph.add_constant(name + "_shape", sizes_of(shape))}, name, x->dtype);
}

void Inference::replace_by_view(Node& node, Tensor* x) {
  Tensor *out = node.outputs[0],
         *shape = graph.add_constant(node.name + "_shape", sizes_of(known_shape(*out)));
  replace({&node}, std::make_unique<ops::Reshape>(), {x, shape}, {out});
}

void Inference::drop_or_view(Node& node, Tensor* x) {
  if (!drop(node, x)) replace_by_view(node, x);
}

Tensor* Inference::parameter(const std::string& name, Shape shape, Ints values) {
  const auto [low, high] = std::ranges::minmax(values);
  Tensor* tensor = graph.add_constant(name, Constant(std::move(shape), std::move(values)));
  tensor->container = Container::kFloat32;
  tensor->dtype = DataType::smallest_for(low, high);
  return tensor;
}

Node* Inference::only_reader(const Tensor* tensor) const {
  if (tensor->consumers.size() != 1 || graph.is_output(tensor)) return nullptr;
  const bool shown = std::ranges::any_of(graph.checkpoints(), [&](const Checkpoint& checkpoint) {
    return checkpoint.tensor == tensor;
  });
  return shown ? nullptr : tensor->consumers[0];
}

Tensor* Inference::typed(Tensor* x, DataType dtype, const std::string& name) {
  if (x->dtype == dtype) return x;
  return add(hw::ChannelwiseOp{}, {x, parameter(name + "_zero", {1}, {0})}, name, dtype);
}

const hw::FMPadding* Inference::padding_of(const Node& user, const Tensor* x) const {
  return x->producer && only_reader(x) == &user ? x->producer->as<hw::FMPadding>() : nullptr;
}

std::int64_t Inference::removable(const Node& user, const Tensor* x, std::size_t axis) const {
  const hw::FMPadding* before = padding_of(user, x);
  return before ? before->pads[2 + axis] : 0;
}

Tensor* Inference::cropped(Tensor* x, const Ints& pads, const std::string& name) {
  const Shape& shape = known_shape(*x);
  const auto kept = [&](std::size_t axis) {
    const std::int64_t first = std::max<std::int64_t>(-pads[axis], 0),
                       last = shape[1 + axis] + std::min<std::int64_t>(pads[2 + axis], 0);
    if (first >= last)
      throw NoLayer{fmt::format("it cuts all {} entries of an axis off; leave it out of the model",
                                shape[1 + axis])};
    Ints entries(static_cast<std::size_t>(last - first));
    std::iota(entries.begin(), entries.end(), first);
    return entries;
  };
  hw::Pick op;
  op.rows = kept(0);
  op.columns = kept(1);
  return add(op, {x}, name, x->dtype);
}

Tensor* Inference::padded(Node& user, Tensor* x, Ints pads, std::int64_t value, DataType dtype) {
  hw::FMPadding op;
  op.pads = pads;
  op.pad_value = value;
  const bool nothing = std::ranges::all_of(op.pads, [](std::int64_t p) { return p == 0; });
  if (nothing) return x;
  const hw::FMPadding* before = padding_of(user, x);
  // What only takes away does so from padding of any value.
  const bool takes_away = std::ranges::all_of(op.pads, [](std::int64_t p) { return p <= 0; });
  if (before && (before->pad_value == value || takes_away)) {
    op.pad_value = before->pad_value;
    op.insert = before->insert;
    for (std::size_t i = 0; i < op.pads.size(); ++i) op.pads[i] += before->pads[i];
  } else {
    before = nullptr;
  }
  if (std::ranges::any_of(op.pads, [](std::int64_t p) { return p < 0; })) {
    x = cropped(x, pads, user.name + "_crop");
    for (std::int64_t& p : pads) p = std::max<std::int64_t>(p, 0);
    return padded(user, x, std::move(pads), value, dtype);
  }
  const std::string name = user.name + "_pad";
  if (!before) return add(op, {typed(x, dtype, user.name + "_type")}, name, dtype);
  Tensor* from = x->producer->inputs[0];
  const DataType type = x->dtype;
  // The old padding goes when nobody reads it any more.
  return add(op, {from}, name, type);
}

std::optional<Ints> channel_values(const Node& node, std::size_t input) {
  if (!constant_input(node, input)) return {};
  const Shape& shape = known_shape(*node.inputs[input]);
  const std::int64_t channels = shape.empty() ? 1 : shape.back();
  if (element_count(shape) != channels) return {};
  const std::int64_t wanted = known_shape(*node.outputs[0]).back();
  if (channels != 1 && channels != wanted) return {};
  return hw::integer_constant(node, input);
}

}  // namespace hw_inference

namespace {

using hw_inference::Inference;
using hw_inference::NoLayer;

/// Whether data that reaches the node flows into hardware.
bool is_streamed(const Graph& graph, const Node& node) {
  if (node.op->domain() == hw::kHwDomain) return true;
  if (!is_view(node)) return false;
  const Tensor* out = node.outputs[0];
  return graph.is_output(out) || std::ranges::any_of(out->consumers, [&](const Node* next) {
           return is_streamed(graph, *next);
         });
}

/// Whether the tensor comes out of hardware.
bool is_from_hardware(const Tensor* tensor) {
  const Node* node = tensor->producer;
  while (node && is_view(*node)) node = node->inputs[0]->producer;
  return node && node->op->domain() == hw::kHwDomain;
}

/// A use of a tensor: input `index` of `node`, or, without one, an output of the graph.
struct Use {
  Node* node = nullptr;
  std::size_t index = 0;
};

/// The uses of a tensor that need a stream each.
std::vector<Use> streams_of(const Graph& graph, const Tensor* tensor) {
  const bool leaves = is_from_hardware(tensor);
  std::vector<Use> uses;
  if (leaves && graph.is_output(tensor)) uses.push_back({});
  std::vector<Node*> readers;
  for (Node* node : tensor->consumers)
    if (std::ranges::find(readers, node) == readers.end()) readers.push_back(node);
  for (Node* node : readers)
    for (std::size_t i = 0; i < node->inputs.size(); ++i)
      if (node->inputs[i] == tensor && (leaves || is_streamed(graph, *node)))
        uses.push_back({node, i});
  return uses;
}

bool duplicate(Graph& graph, Tensor* tensor) {
  std::vector<Use> uses = streams_of(graph, tensor);
  if (uses.size() < 2) return false;
  Tensor* source = tensor;
  std::vector<Tensor*> copies;
  const auto like = [&](const std::string& name) {
    Tensor* copy = graph.add_tensor(name);
    copy->dtype = tensor->dtype;
    copy->shape = tensor->shape;
    copy->layout = tensor->layout;
    copy->container = tensor->container;
    return copy;
  };
  if (!uses.front().node) {
    // The output of the graph keeps its tensor.
    source = like(tensor->name + "_stream");
    graph.move_producer(tensor, source);
    copies.push_back(tensor);
    uses.erase(uses.begin());
  }
  for (const Use& use : uses) {
    copies.push_back(like(tensor->name + "_copy"));
    graph.set_input(use.node, use.index, copies.back());
  }
  graph.add_node(std::make_unique<hw::DuplicateStreams>(), {source}, copies,
                 tensor->name + "_duplicate");
  return true;
}

bool duplicate_streams(Graph& graph) {
  std::vector<Tensor*> tensors;
  for (const auto& tensor : graph.tensors())
    if (!tensor->constant) tensors.push_back(tensor.get());
  bool changed = false;
  for (Tensor* tensor : tensors) changed |= duplicate(graph, tensor);
  return changed;
}

/// Checks what every layer needs of the node's data.
void check_data(const Node& node) {
  for (const auto* side : {&node.inputs, &node.outputs})
    for (const Tensor* tensor : *side)
      if (tensor && !tensor->constant && !tensor->dtype.is_integer())
        throw NoLayer{fmt::format("'{}' has the data type {}; run the steps up to widths first",
                                  printable(tensor->name), tensor->dtype.name())};
  if (node.outputs[0] && known_shape(*node.outputs[0]).empty())
    throw NoLayer{"it computes a scalar; give its input a channel axis"};
}

/// An operator of which a layer's own file says that it is this layer alone.
bool infer_taken(Inference& inference, Node& node) {
  for (const hw::LayerKind& kind : hw::layer_kinds()) {
    std::optional<hw::Taken> taken = kind.takes ? kind.takes(node) : std::nullopt;
    if (!taken) continue;
    if (!taken->op) throw NoLayer{taken->why};
    inference.replace({&node}, std::move(taken->op), std::move(taken->inputs), {node.outputs[0]});
    return true;
  }
  return false;
}

bool infer(Inference& inference, Node& node) {
  check_data(node);
  if (infer_window(inference, node) || infer_product(inference, node) ||
      infer_thresholds(inference, node) || infer_elementwise(inference, node) ||
      infer_move(inference, node) || infer_taken(inference, node))
    return true;
  throw NoLayer{"no layer computes this; replace it in the model or leave it to software"};
}

/// A view stays, unless it belongs to an insertion of zeros. It has the type of what it shows.
bool infer_view(Inference& inference, Node& node) {
  if (infer_window(inference, node)) return true;
  const DataType type = node.inputs[0]->dtype;
  return std::exchange(node.outputs[0]->dtype, type) != type;
}

void check_batch(const Graph& graph) {
  for (const Tensor* input : graph.inputs())
    if (!known_shape(*input).empty() && known_shape(*input)[0] != 1)
      user_error(
          "input '{}' has the shape {}; hardware takes one image at a time, set the batch "
          "size to 1",
          printable(input->name), shape_text(known_shape(*input)));
}

/// `left` is called for every node that has no layer, before it would stay.
template <typename F>
bool infer_all(Graph& graph, bool standalone_thresholds, F left) {
  check_batch(graph);
  Inference inference(graph, standalone_thresholds);
  bool changed = false;
  for (Node* node : graph.topological_order()) {
    if (inference.is_gone(node) || node->op->domain() == hw::kHwDomain) continue;
    try {
      changed |= is_view(*node) ? infer_view(inference, *node) : infer(inference, *node);
    } catch (const NoLayer& refusal) {
      left(*node, refusal.why);
    }
  }
  graph.remove_dead();
  changed |= duplicate_streams(graph);
  return finish(graph, changed);
}

}  // namespace

bool infer_hw_layers(Graph& graph, PassContext& context) {
  return infer_all(graph, context.options.standalone_thresholds,
                   [&](const Node& node, const std::string& why) {
                     if (!context.options.allow_software)
                       user_error("{}: has no hardware layer: {}", node.label(), why);
                     context.report.remarks.push_back({node.name, "stays in software: " + why});
                   });
}

std::vector<Refusal> hw_layer_refusals(Graph& graph, const PassOptions& options) {
  std::vector<Refusal> found;
  infer_all(graph, options.standalone_thresholds, [&](const Node& node, const std::string& why) {
    found.push_back({node.label(), "has no hardware layer: " + why});
  });
  return found;
}

}  // namespace assay
