// SPDX-License-Identifier: Apache-2.0
#include "compile/graph/graph.h"

#include <algorithm>
#include <array>
#include <queue>
#include <unordered_set>
#include <utility>

#include "compile/base/error.h"
#include "compile/base/printable.h"

namespace assay {
namespace {

constexpr std::array<std::pair<Checkpoint::Kind, std::string_view>, 5> kCheckpointKinds = {{
    {Checkpoint::Kind::kInput, "input"},
    {Checkpoint::Kind::kActivation, "activation"},
    {Checkpoint::Kind::kLogits, "logits"},
    {Checkpoint::Kind::kValues, "values"},
    {Checkpoint::Kind::kLabel, "label"},
}};

void drop_use(Tensor* tensor, const Node* node) {
  if (!tensor) return;
  const auto it = std::ranges::find(tensor->consumers, node);
  ASSAY_INVARIANT(it != tensor->consumers.end(), "a use is not recorded");
  tensor->consumers.erase(it);
}

}  // namespace

std::string_view checkpoint_kind_name(Checkpoint::Kind kind) {
  for (const auto& [value, name] : kCheckpointKinds)
    if (value == kind) return name;
  return "?";
}

std::optional<Checkpoint::Kind> parse_checkpoint_kind(std::string_view name) {
  for (const auto& [value, text] : kCheckpointKinds)
    if (text == name) return value;
  return {};
}

std::string Node::label() const {
  return fmt::format("node '{}' ({})", printable(name), op ? op->type() : "?");
}

Graph::Graph(const Graph& other) : name(other.name) {
  std::unordered_map<const Tensor*, Tensor*> copies;
  for (const auto& tensor : other.tensors_) {
    Tensor* copy = add_tensor(tensor->name);
    copies[tensor.get()] = copy;
    copy->container = tensor->container;
    copy->dtype = tensor->dtype;
    copy->shape = tensor->shape;
    copy->layout = tensor->layout;
    copy->constant = tensor->constant;
  }
  const auto map = [&](const std::vector<Tensor*>& tensors) {
    std::vector<Tensor*> mapped;
    for (const Tensor* tensor : tensors) mapped.push_back(tensor ? copies.at(tensor) : nullptr);
    return mapped;
  };
  for (const auto& node : other.nodes_)
    add_node(node->op->clone(), map(node->inputs), map(node->outputs), node->name);
  inputs_ = map(other.inputs_);
  outputs_ = map(other.outputs_);
  checkpoints_ = other.checkpoints_;
  for (Checkpoint& checkpoint : checkpoints_) checkpoint.tensor = copies.at(checkpoint.tensor);
}

Graph& Graph::operator=(const Graph& other) {
  if (this != &other) *this = Graph(other);
  return *this;
}

std::string Graph::unique_tensor_name(std::string_view wanted) {
  std::string base = wanted.empty() ? "tensor" : std::string(wanted);
  if (!wanted.empty() && !tensor_names_.contains(base)) return base;
  std::string candidate;
  do candidate = fmt::format("{}_{}", base, next_suffix_["t:" + base]++);
  while (tensor_names_.contains(candidate));
  return candidate;
}

Tensor* Graph::add_tensor(std::string_view wanted) {
  auto tensor = std::make_unique<Tensor>();
  tensor->name = unique_tensor_name(wanted);
  tensor_names_[tensor->name] = tensor.get();
  tensors_.push_back(std::move(tensor));
  return tensors_.back().get();
}

Tensor* Graph::add_input(std::string_view wanted, Shape shape) {
  Tensor* tensor = add_tensor(wanted);
  tensor->shape = std::move(shape);
  inputs_.push_back(tensor);
  return tensor;
}

Tensor* Graph::add_constant(std::string_view wanted, Constant value) {
  Tensor* tensor = add_tensor(wanted);
  tensor->shape = value.shape();
  if (value.is_int()) {
    tensor->container = Container::kInt64;
    tensor->dtype = DataType::sint(64);
  }
  tensor->constant = std::move(value);
  return tensor;
}

Node* Graph::add_node(std::unique_ptr<Op> op, std::vector<Tensor*> inputs,
                      std::vector<Tensor*> outputs, std::string_view wanted) {
  auto node = std::make_unique<Node>();
  node->name = wanted.empty() ? std::string(op->type()) : std::string(wanted);
  const std::string base = node->name;
  while (node_names_.contains(node->name))
    node->name = fmt::format("{}_{}", base, next_suffix_["n:" + base]++);
  node->op = std::move(op);
  node->inputs = std::move(inputs);
  node->outputs = std::move(outputs);
  for (Tensor* input : node->inputs)
    if (input) input->consumers.push_back(node.get());
  for (Tensor* output : node->outputs) {
    if (!output) continue;
    ASSAY_INVARIANT(!output->producer && !output->constant,
                    "tensor '" + output->name + "' is produced twice");
    output->producer = node.get();
  }
  node_names_[node->name] = node.get();
  nodes_.push_back(std::move(node));
  return nodes_.back().get();
}

Tensor* Graph::add(std::unique_ptr<Op> op, std::vector<Tensor*> inputs,
                   std::string_view output_name) {
  Tensor* output =
      add_tensor(output_name.empty() ? std::string(op->type()) + "_out" : std::string(output_name));
  add_node(std::move(op), std::move(inputs), {output});
  return output;
}

Tensor* Graph::find_tensor(std::string_view wanted) const {
  const auto it = tensor_names_.find(std::string(wanted));
  return it == tensor_names_.end() ? nullptr : it->second;
}

Node* Graph::find_node(std::string_view wanted) const {
  const auto it = node_names_.find(std::string(wanted));
  return it == node_names_.end() ? nullptr : it->second;
}

bool Graph::is_input(const Tensor* tensor) const {
  return std::ranges::find(inputs_, tensor) != inputs_.end();
}
bool Graph::is_output(const Tensor* tensor) const {
  return std::ranges::find(outputs_, tensor) != outputs_.end();
}

void Graph::set_input(Node* node, std::size_t index, Tensor* tensor) {
  drop_use(node->inputs.at(index), node);
  node->inputs[index] = tensor;
  if (tensor) tensor->consumers.push_back(node);
}

void Graph::append_input(Node* node, Tensor* tensor) {
  node->inputs.push_back(tensor);
  if (tensor) tensor->consumers.push_back(node);
}

void Graph::remove_inputs_from(Node* node, std::size_t first) {
  while (node->inputs.size() > first) {
    drop_use(node->inputs.back(), node);
    node->inputs.pop_back();
  }
}

void Graph::replace_uses(Tensor* from, Tensor* to) {
  if (from == to) return;
  const std::vector<Node*> users = from->consumers;
  for (Node* user : users)
    for (std::size_t i = 0; i < user->inputs.size(); ++i)
      if (user->inputs[i] == from) set_input(user, i, to);
  std::ranges::replace(outputs_, from, to);
  for (Checkpoint& checkpoint : checkpoints_)
    if (checkpoint.tensor == from) checkpoint.tensor = to;
}

void Graph::move_producer(Tensor* from, Tensor* to) {
  ASSAY_INVARIANT(from->producer && !to->producer,
                  "move_producer needs one producer and one free tensor");
  std::ranges::replace(from->producer->outputs, from, to);
  to->producer = std::exchange(from->producer, nullptr);
}

void Graph::erase(Node* node) {
  for (Tensor* input : node->inputs) drop_use(input, node);
  for (Tensor* output : node->outputs)
    if (output) output->producer = nullptr;
  node_names_.erase(node->name);
  std::erase_if(nodes_, [&](const auto& n) { return n.get() == node; });
}

void Graph::erase(Tensor* tensor) {
  const bool watched =
      std::ranges::find(checkpoints_, tensor, &Checkpoint::tensor) != checkpoints_.end();
  ASSAY_INVARIANT(tensor->consumers.empty() && !tensor->producer && !is_output(tensor) && !watched,
                  "tensor '" + tensor->name + "' is in use");
  std::erase(inputs_, tensor);
  tensor_names_.erase(tensor->name);
  std::erase_if(tensors_, [&](const auto& t) { return t.get() == tensor; });
}

std::size_t Graph::remove_dead() {
  std::unordered_set<const Tensor*> roots(outputs_.begin(), outputs_.end());
  roots.insert(inputs_.begin(), inputs_.end());
  for (const Checkpoint& checkpoint : checkpoints_) roots.insert(checkpoint.tensor);
  const std::size_t before = nodes_.size() + tensors_.size();

  std::vector<Node*> order = topological_order();
  std::unordered_set<const Node*> dead;
  for (auto it = order.rbegin(); it != order.rend();
       ++it) {  // consumers first, so chains die in one sweep
    Node* node = *it;
    const bool used = std::ranges::any_of(node->outputs, [&](const Tensor* t) {
      return t && (!t->consumers.empty() || roots.contains(t));
    });
    if (used) continue;
    for (Tensor* input : node->inputs) drop_use(input, node);
    for (Tensor* output : node->outputs)
      if (output) output->producer = nullptr;
    node_names_.erase(node->name);
    dead.insert(node);
  }
  std::erase_if(nodes_, [&](const auto& n) { return dead.contains(n.get()); });

  const auto unused = [&](const std::unique_ptr<Tensor>& t) {
    return t->consumers.empty() && !t->producer && !roots.contains(t.get());
  };
  for (const auto& tensor : tensors_)
    if (unused(tensor)) tensor_names_.erase(tensor->name);
  std::erase_if(tensors_, unused);
  return before - nodes_.size() - tensors_.size();
}

void Graph::rename(Tensor* tensor, std::string_view wanted) {
  if (tensor->name == wanted) return;
  ASSAY_INVARIANT(!find_tensor(wanted), "tensor name '" + std::string(wanted) + "' is taken");
  tensor_names_.erase(tensor->name);
  tensor->name = wanted;
  tensor_names_[tensor->name] = tensor;
}

void Graph::rename(Node* node, std::string_view wanted) {
  if (node->name == wanted) return;
  ASSAY_INVARIANT(!find_node(wanted), "node name '" + std::string(wanted) + "' is taken");
  node_names_.erase(node->name);
  node->name = wanted;
  node_names_[node->name] = node;
}

std::vector<Node*> Graph::topological_order() const {
  std::unordered_map<const Node*, std::size_t> position;
  for (std::size_t i = 0; i < nodes_.size(); ++i) position[nodes_[i].get()] = i;
  std::vector<std::size_t> waiting(nodes_.size(), 0);
  std::priority_queue<std::size_t, std::vector<std::size_t>, std::greater<>> ready;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    for (const Tensor* input : nodes_[i]->inputs)
      if (input && input->producer) ++waiting[i];
    if (waiting[i] == 0) ready.push(i);
  }
  std::vector<Node*> order;
  while (!ready.empty()) {
    Node* node = nodes_[ready.top()].get();
    ready.pop();
    order.push_back(node);
    for (const Tensor* output : node->outputs) {
      if (!output) continue;
      for (const Node* user : output->consumers)
        if (--waiting[position.at(user)] == 0) ready.push(position.at(user));
    }
  }
  if (order.size() != nodes_.size()) {
    // A node that still waits has a producer that waits; going back often enough ends on a cycle.
    const auto waits = [&](const Node* n) { return waiting[position.at(n)] > 0; };
    const Node* node =
        std::ranges::find_if(nodes_, [&](const auto& n) { return waits(n.get()); })->get();
    for (std::size_t i = 0; i < nodes_.size(); ++i)
      node = (*std::ranges::find_if(node->inputs, [&](const Tensor* t) {
               return t && t->producer && waits(t->producer);
             }))->producer;
    user_error("{} is on a cycle; a network must be acyclic", node->label());
  }
  return order;
}

void Graph::sort() {
  const std::vector<Node*> order = topological_order();
  std::unordered_map<const Node*, std::size_t> rank;
  for (std::size_t i = 0; i < order.size(); ++i) rank[order[i]] = i;
  std::ranges::sort(nodes_, {}, [&](const auto& node) { return rank.at(node.get()); });
}

const Shape& known_shape(const Tensor& tensor) {
  if (!tensor.shape)
    user_error("the shape of tensor '{}' is not recorded; infer shapes first",
               printable(tensor.name));
  return *tensor.shape;
}

}  // namespace assay
