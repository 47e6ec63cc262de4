// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/cleanup/host_tail.h"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "compile/graph/ops.h"
#include "compile/graph/views.h"
#include "compile/passes/cleanup/insert_topk.h"
#include "compile/passes/rewrite/rewrite.h"

namespace assay {
namespace {

using NodeSet = std::unordered_set<const Node*>;

bool moves_all(const Node& node) {
  return copies_in_order(node) || node.traits().elements == Elements::kPermuted;
}

/// Whether it makes real numbers that are no sums of scaled integers.
bool makes_reals(const Node& node) {
  return node.as<ops::FunctionOp>() != nullptr || node.as<ops::RowsOp>() != nullptr;
}

bool is_read(const Graph& graph, const Tensor* tensor) {
  return tensor != nullptr && (!tensor->consumers.empty() || graph.is_output(tensor));
}

// ---- Rankings in front of what keeps the order

std::optional<std::int64_t> axis_of(const Row& row, const Shape& shape) {
  for (std::size_t axis = 0; axis < shape.size(); ++axis)
    if (row_along(static_cast<std::int64_t>(axis), shape) == row)
      return static_cast<std::int64_t>(axis);
  return {};
}

/// The axis of the input of a movement that becomes `axis` of its output.
std::optional<std::int64_t> axis_before(const Node& move, std::int64_t axis) {
  if (const auto* op = move.as<ops::Transpose>()) return op->perm[static_cast<std::size_t>(axis)];
  if (!copies_in_order(move)) return {};
  return axis_of(row_along(axis, *move.outputs[0]->shape), *move.inputs[0]->shape);
}

/// A tensor in front of what keeps the order of the elements along an axis, and the movements from it
/// on, the last first.
struct Ranked {
  Tensor* tensor;
  std::int64_t axis;
  std::vector<const Node*> moves;
};

/// Whether it is above 0 by what makes it.
bool is_positive(const Tensor* tensor) {
  const Node* node = tensor->producer;
  return node && (node->as<ops::Softmax>() || node->as<ops::Exp>() || node->as<ops::Sigmoid>() ||
                  node->as<ops::Softplus>());
}

/// What has no value for some numbers has no order of them.
bool keeps_order_along(const Node& node, std::int64_t axis) {
  const bool partial = node.as<ops::Log>() || node.as<ops::Sqrt>();
  if (partial && !is_positive(node.inputs[0])) return false;
  if (node.as<ops::FunctionOp>()) return node.traits().order == Order::kRises;
  const auto* rows = node.as<ops::RowsOp>();
  const Shape& shape = *node.inputs[0]->shape;
  return rows && static_cast<std::int64_t>(ops::normalise_axis(rows->axis, shape.size())) == axis;
}

/// Nothing where nothing that keeps the order is in front.
std::optional<Ranked> in_front_of_order_keepers(const Graph& graph, Tensor* ranked,
                                                std::int64_t axis) {
  std::optional<Ranked> found;
  Ranked at{ranked, axis, {}};
  while (Node* node = at.tensor->producer) {
    const bool keeper = makes_reals(*node);
    if (keeper ? !keeps_order_along(*node, at.axis) : !moves_all(*node)) break;
    Tensor* inner = node->inputs[0];
    if (inner->constant || graph.is_input(inner)) break;
    if (!keeper) {
      const std::optional<std::int64_t> before = axis_before(*node, at.axis);
      if (!before) break;
      at.axis = *before;
      at.moves.push_back(node);
    }
    at.tensor = inner;
    if (keeper) found = at;
  }
  return found;
}

Tensor* add_like(Graph& graph, std::unique_ptr<Op> op, std::vector<Tensor*> inputs,
                 const Tensor& like) {
  Tensor* output = graph.add(std::move(op), std::move(inputs), like.name);
  output->shape = like.shape;
  output->container = like.container;
  output->layout = like.layout;
  return output;
}

/// TopK of which values and ranks are read becomes two.
bool part_values_from_ranks(Graph& graph) {
  bool changed = false;
  for (Node* node : nodes_of_type<ops::TopK>(graph)) {
    Tensor* ranks = node->outputs[1];
    if (!is_read(graph, node->outputs[0]) || !is_read(graph, ranks)) continue;
    Tensor* unread = graph.add_tensor(ranks->name);
    unread->container = ranks->container;
    graph.move_producer(ranks, unread);
    graph.add_node(node->op->clone(), node->inputs, {nullptr, ranks}, node->name);
    changed = true;
  }
  return changed;
}

bool rank_in_front(Graph& graph) {
  bool changed = false;
  for (Node* node : nodes_of_type<ops::TopK>(graph)) {
    Tensor* data = node->inputs[0];
    if (is_read(graph, node->outputs[0]) || !data->shape) continue;
    const auto axis = static_cast<std::int64_t>(
        ops::normalise_axis(node->as<ops::TopK>()->axis, data->shape->size()));
    const std::optional<Ranked> front = in_front_of_order_keepers(graph, data, axis);
    if (!front) continue;
    Tensor* tensor = front->tensor;
    for (auto move = front->moves.rbegin(); move != front->moves.rend(); ++move) {
      std::vector<Tensor*> inputs = (*move)->inputs;
      inputs[0] = tensor;
      tensor = add_like(graph, (*move)->op->clone(), std::move(inputs), *(*move)->outputs[0]);
    }
    graph.set_input(node, 0, tensor);
    changed = true;
  }
  return changed;
}

// ---- What the host computes

/// Whether the ranks of a row or a map are among what it reads, through movements.
bool reads_ranks(const Node& node) {
  return std::ranges::any_of(node.inputs, [](const Tensor* tensor) {
    while (tensor && tensor->producer && moves_all(*tensor->producer))
      tensor = tensor->producer->inputs[0];
    const Node* maker = tensor ? tensor->producer : nullptr;
    return maker && maker->as<ops::TopK>() && maker->outputs[1] == tensor;
  });
}

bool ranks_one_row(const Node& node) {
  const Shape& shape = *node.inputs[0]->shape;
  return element_count(shape) == row_along(node.as<ops::TopK>()->axis, shape).size;
}

/// Who can make a tensor.
enum class Maker : std::uint8_t {
  kAccelerator,
  kQuantiser,  ///< none but a quantiser behind it: the real numbers of a function
  kHost
};

/// What starts a tail, whatever is in front of it.
Maker maker_of_itself(const Graph& graph, const Node& node, HostWork work) {
  if (node.as<ops::FunctionOp>()) return Maker::kQuantiser;
  if (node.as<ops::RowsOp>()) return Maker::kHost;
  if (node.as<ops::TopK>() && is_read(graph, node.outputs[0])) return Maker::kHost;
  if (work == HostWork::kReals) return Maker::kAccelerator;
  const bool ranks =
      node.as<ops::TopK>() ? !ranks_one_row(node) : !moves_all(node) && reads_ranks(node);
  return ranks ? Maker::kHost : Maker::kAccelerator;
}

/// Tensors that depend on an input of the network.
std::unordered_set<const Tensor*> computed_tensors(const Graph& graph) {
  std::unordered_set<const Tensor*> found(graph.inputs().begin(), graph.inputs().end());
  for (const Node* node : graph.topological_order())
    if (std::ranges::any_of(node->inputs, [&](const Tensor* t) { return found.contains(t); }))
      found.insert(node->outputs.begin(), node->outputs.end());
  return found;
}

/// Those of the computed tensors that the accelerator does not make.
std::unordered_set<const Tensor*> tensors_left(const Graph& graph, HostWork work,
                                               const std::unordered_set<const Tensor*>& computed) {
  std::unordered_map<const Tensor*, Maker> makers;
  std::unordered_set<const Tensor*> left;
  for (const Node* node : graph.topological_order()) {
    if (node->inputs.empty() || !computed.contains(node->inputs[0])) continue;
    Maker maker = maker_of_itself(graph, *node, work);
    for (const Tensor* input : node->inputs) {
      const auto known = makers.find(input);
      if (known == makers.end()) continue;
      const bool taken = known->second == Maker::kQuantiser && is_quantiser(*node);
      if (!taken) maker = std::max(maker, known->second);
    }
    if (maker == Maker::kAccelerator) continue;
    for (const Tensor* output : node->outputs) makers[output] = maker;
    left.insert(node->outputs.begin(), node->outputs.end());
  }
  return left;
}

/// The nodes that make `output` of what the accelerator puts out; nothing where one of them has
/// weights or takes an input of the network.
NodeSet tail_of(const Graph& graph, const Tensor* output,
                const std::unordered_set<const Tensor*>& left) {
  NodeSet seen;
  std::vector<const Tensor*> open{output};
  while (!open.empty()) {
    const Tensor* at = open.back();
    open.pop_back();
    if (at && graph.is_input(at)) return {};
    if (!left.contains(at) || !seen.insert(at->producer).second) continue;
    if (sums_products(*at->producer)) return {};
    open.insert(open.end(), at->producer->inputs.begin(), at->producer->inputs.end());
  }
  return seen;
}

/// Movements in front of a ranking whose results nothing else reads: of a map, which stays one.
void add_movements_in_front(const Graph& graph, const Node& ranking, NodeSet& nodes) {
  const Tensor* tensor = ranking.inputs[0];
  while (Node* node = tensor->producer) {
    const Tensor* inner = node->inputs.empty() ? nullptr : node->inputs[0];
    if (!moves_all(*node) || tensor->consumers.size() != 1 || graph.is_output(tensor) ||
        inner->constant || graph.is_input(inner) || is_row_of_classes(*inner))
      return;
    nodes.insert(node);
    tensor = inner;
  }
}

/// The computed tensor that `node` alone makes its output of, for readers among `readers`; null where
/// there are others of either.
const Tensor* single_source(const Graph& graph, const Node& node, const NodeSet& readers,
                            const std::unordered_set<const Tensor*>& computed) {
  if (is_quantiser(node) || sums_products(node)) return nullptr;
  for (const Tensor* output : node.outputs)
    if (output && (graph.is_output(output) ||
                   !std::ranges::all_of(output->consumers,
                                        [&](const Node* user) { return readers.contains(user); })))
      return nullptr;
  const Tensor* source = nullptr;
  for (const Tensor* input : node.inputs) {
    if (!input || !computed.contains(input)) continue;
    if (source && source != input) return nullptr;
    source = input;
  }
  return source;
}

/// The nodes from a tensor that the host reads as well to `taken`; nothing where there are none.
NodeSet between(const Graph& graph, const Tensor* taken, const NodeSet& nodes,
                const std::unordered_set<const Tensor*>& computed) {
  NodeSet chain, readers = nodes;
  for (const Tensor* at = taken; at->producer;) {
    const Node* node = at->producer;
    at = single_source(graph, *node, readers, computed);
    if (!at) break;
    chain.insert(node);
    readers.insert(node);
    if (std::ranges::any_of(at->consumers, [&](const Node* n) { return nodes.contains(n); }))
      return graph.is_input(at) ? NodeSet{} : chain;
  }
  return {};
}

/// Adds what would make the accelerator put out one tensor twice, in two forms: x beside x / sqrt(2),
/// as GELU takes them.
void add_between(const Graph& graph, const std::unordered_set<const Tensor*>& computed,
                 NodeSet& nodes) {
  std::vector<const Tensor*> taken;
  for (const Node* node : graph.topological_order())
    for (const Tensor* input : node->inputs)
      if (nodes.contains(node) && input && computed.contains(input) &&
          !nodes.contains(input->producer))
        taken.push_back(input);
  for (const Tensor* tensor : taken) nodes.merge(between(graph, tensor, nodes, computed));
}

NodeSet host_nodes(const Graph& graph, HostWork work,
                   const std::unordered_set<const Tensor*>& computed) {
  const auto left = tensors_left(graph, work, computed);
  NodeSet nodes;
  for (const Tensor* output : graph.outputs()) nodes.merge(tail_of(graph, output, left));
  for (const Node* node : nodes_of_type<ops::TopK>(graph))
    if (nodes.contains(node)) add_movements_in_front(graph, *node, nodes);
  add_between(graph, computed, nodes);
  return nodes;
}

/// Builds the host's graph out of nodes of a network.
class HostBuilder {
 public:
  HostBuilder(const Graph& network, const NodeSet& nodes,
              const std::unordered_set<const Tensor*>& computed)
      : network_(network), nodes_(nodes), computed_(computed) {}

  /// Everything that makes the output `index` of the network.
  void add_output(std::size_t index) {
    const Tensor* output = network_.outputs()[index];
    HostOutput made{index, output->name, {}};
    labels_ = &made.nodes;
    seen_.clear();
    tail_.graph.add_output(copy_of(output));
    tail_.outputs.push_back(std::move(made));
  }

  /// The tensors of the network that the graph takes, in the order of its inputs.
  const std::vector<const Tensor*>& taken() const { return taken_; }
  HostTail take() { return std::move(tail_); }

 private:
  bool is_host(const Node* node) const { return node != nullptr && nodes_.contains(node); }

  Tensor* copy_of(const Tensor* old) {
    if (old == nullptr) return nullptr;
    if (is_host(old->producer)) note(*old->producer);
    Tensor*& copy = copies_[old];
    if (copy != nullptr) return copy;
    if (old->constant) {
      copy = tail_.graph.add_constant(old->name, *old->constant);
    } else if (is_host(old->producer) || !computed_.contains(old)) {
      copy_node(*old->producer);
      return copies_.at(old);
    } else {
      copy = tail_.graph.add_input(old->name, *old->shape);
      taken_.push_back(old);
    }
    take_facts(*old, *copy);
    return copy;
  }

  void copy_node(const Node& node) {
    std::vector<Tensor*> inputs, outputs;
    for (const Tensor* input : node.inputs) inputs.push_back(copy_of(input));
    for (const Tensor* output : node.outputs) {
      // Runtimes want a name for what comes before an output that is read.
      outputs.push_back(tail_.graph.add_tensor(output ? output->name : node.name + "_unread"));
      if (!output) continue;
      outputs.back()->shape = output->shape;
      take_facts(*output, *outputs.back());
      copies_[output] = outputs.back();
    }
    tail_.graph.add_node(node.op->clone(), std::move(inputs), std::move(outputs), node.name);
  }

  static void take_facts(const Tensor& old, Tensor& copy) {
    copy.container = old.container;
    copy.dtype = old.dtype;
    copy.layout = old.layout;
  }

  /// The labels of `node` and of the host's nodes in front of it.
  void note(const Node& node) {
    if (!seen_.insert(&node).second) return;
    for (const Tensor* input : node.inputs)
      if (input && is_host(input->producer)) note(*input->producer);
    labels_->push_back(node.label());
  }

  const Graph& network_;
  const NodeSet& nodes_;
  const std::unordered_set<const Tensor*>& computed_;
  std::unordered_map<const Tensor*, Tensor*> copies_;
  std::vector<const Tensor*> taken_;
  NodeSet seen_;  ///< whose labels the output has
  std::vector<std::string>* labels_ = nullptr;
  HostTail tail_;
};

/// Whether what makes `output` of the tail keeps the order of the classes of one row.
bool keeps_classes(const Tensor* output) {
  for (const Node* node = output->producer; node; node = output->producer) {
    output = node->inputs[0];
    if (moves_all(*node) && node->outputs[0]->shape && is_row_of_classes(*node->outputs[0]))
      continue;
    const std::optional<std::size_t> classes = class_axis(*output);
    if (!makes_reals(*node) || !classes ||
        !keeps_order_along(*node, static_cast<std::int64_t>(*classes)))
      return false;
  }
  return true;
}

/// The outputs that the network has without the tail, whose places it notes: the network's own, and
/// what the tail takes in the place of the first that it makes.
std::vector<Tensor*> outputs_left(const Graph& graph, const std::vector<const Tensor*>& taken,
                                  HostTail& tail) {
  std::vector<Tensor*> left;
  const auto place_of = [&](const Tensor* tensor) {
    const auto at = std::ranges::find(left, tensor);
    if (at != left.end()) return static_cast<std::size_t>(at - left.begin());
    left.push_back(graph.find_tensor(tensor->name));
    return left.size() - 1;
  };
  std::size_t made = 0;
  for (std::size_t i = 0; i < graph.outputs().size(); ++i) {
    if (!tail.makes(i)) {
      tail.places.push_back(place_of(graph.outputs()[i]));
      continue;
    }
    if (made == 0)
      for (const Tensor* tensor : taken) place_of(tensor);
    tail.places.push_back(made++);
  }
  return left;
}

bool loses_classes(const std::vector<Tensor*>& left, const HostTail& tail) {
  if (tail.places.size() != 1 || left.size() != 1 || left[0]->container != Container::kFloat32 ||
      !is_row_of_classes(*left[0]))
    return false;
  return !std::ranges::all_of(tail.graph.outputs(), keeps_classes);
}

/// Where a quantiser makes it, it is no row of logits anyhow.
void mark_values(Graph& graph, Tensor* tensor) {
  const auto known = std::ranges::find(graph.checkpoints(), tensor, &Checkpoint::tensor);
  if (known == graph.checkpoints().end()) {
    Checkpoint checkpoint;
    checkpoint.name = tensor->name;
    checkpoint.kind = Checkpoint::Kind::kValues;
    checkpoint.tensor = tensor;
    graph.checkpoints().push_back(std::move(checkpoint));
  } else if (known->kind == Checkpoint::Kind::kLogits) {
    known->kind = Checkpoint::Kind::kValues;
  }
}

void end_at(Graph& graph, const std::vector<Tensor*>& outputs, const NodeSet& nodes) {
  graph.mutable_outputs() = outputs;
  std::erase_if(graph.checkpoints(), [&](const Checkpoint& checkpoint) {
    return nodes.contains(checkpoint.tensor->producer);
  });
  graph.remove_dead();
}

}  // namespace

bool HostTail::makes(std::size_t output) const {
  return std::ranges::find(outputs, output, &HostOutput::output) != outputs.end();
}

HostTail take_off_tail(Graph& graph, HostWork work) {
  const bool parted = part_values_from_ranks(graph);
  finish(graph, rank_in_front(graph) || parted);
  const auto computed = computed_tensors(graph);
  const NodeSet nodes = host_nodes(graph, work, computed);
  HostBuilder builder(graph, nodes, computed);
  for (std::size_t i = 0; i < graph.outputs().size(); ++i)
    if (nodes.contains(graph.outputs()[i]->producer)) builder.add_output(i);
  HostTail tail = builder.take();
  const std::vector<Tensor*> left = outputs_left(graph, builder.taken(), tail);
  infer_shapes(tail.graph);
  end_at(graph, left, nodes);
  if (loses_classes(left, tail)) mark_values(graph, left[0]);
  return tail;
}

}  // namespace assay
