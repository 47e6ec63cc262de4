// SPDX-License-Identifier: Apache-2.0
#include "golden/exact/plan.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <new>
#include <numeric>

#include "compile/base/printable.h"
#include "compile/graph/ops.h"
#include "golden/exact/checkpoint.h"

namespace assay::exact {
namespace {

/// Constants up to this size are kept as exact numbers, larger ones as integers with power-of-two
/// scales.
constexpr std::int64_t kSmallConstant = 4096;

/// Whether all elements in a block of `block` lanes are one number.
bool uniform_in_blocks(const std::vector<const Real*>& elements, const Value& value,
                       std::int64_t block) {
  const std::int64_t lanes = lane_count(value.shape, value.last);
  std::vector<const Real*> per_block(static_cast<std::size_t>(lanes / block), nullptr);
  for (std::size_t i = 0; i < elements.size(); ++i) {
    const auto lane = physical_index(value.shape, static_cast<std::int64_t>(i), value.last) % lanes;
    const Real*& first = per_block[static_cast<std::size_t>(lane / block)];
    if (!first) first = elements[i];
    if (first != elements[i] && !identical(*first, *elements[i])) return false;
  }
  return true;
}

}  // namespace

std::vector<std::int64_t> memory_strides(const Shape& shape, bool last) {
  std::vector<std::int64_t> strides(shape.size(), 1);
  const std::size_t lane = lane_axis(shape, last);
  std::int64_t step = lane_count(shape, last);
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    if (axis == lane) continue;
    strides[axis] = step;
    step *= shape[axis];
  }
  return strides;
}

Storage storage_for(IntRange range) {
  const auto within = [&](auto zero) {
    using T = decltype(zero);
    return range.min >= std::numeric_limits<T>::min() && range.max <= std::numeric_limits<T>::max();
  };
  if (within(std::uint8_t{})) return Storage::kU8;
  if (within(std::int8_t{})) return Storage::kI8;
  if (within(std::int16_t{})) return Storage::kI16;
  return within(std::int32_t{}) ? Storage::kI32 : Storage::kI64;
}

std::int64_t load(Storage storage, const void* data, std::int64_t index) {
  return with_type(storage, data,
                   [&](const auto* q) { return static_cast<std::int64_t>(q[index]); });
}

void store(Storage storage, void* data, std::int64_t index, std::int64_t value) {
  with_type(storage, data,
            [&](auto* q) { q[index] = static_cast<std::remove_pointer_t<decltype(q)>>(value); });
}

void Buffers::allocate(SlotId id, std::size_t bytes) {
  const auto i = static_cast<std::size_t>(id);
  if (own_.size() <= i) own_.resize(i + 1);
  own_[i].reset(new std::byte[std::max<std::size_t>(
      bytes, 1)]);  // not zeroed: every step writes its whole output
}

Planner::Planner(const Graph& graph, const std::vector<ExactInput>& inputs)
    : graph_(graph), inputs_(inputs) {}

void Planner::fail(const std::string& message) const {
  user_error("{}: {}", node_ ? node_->label() : "graph", message);
}

SlotId Planner::add_slot(const Shape& shape, IntRange range) {
  slots.push_back({shape, storage_for(range), range, false, element_count(shape)});
  if (slots.back().size > std::numeric_limits<std::int32_t>::max())
    fail("a tensor has more than 2^31 elements");
  return static_cast<SlotId>(slots.size()) - 1;
}

void Planner::emit(std::unique_ptr<Step> step, const std::vector<SlotId>& reads,
                   const std::vector<SlotId>& writes) {
  const bool fixed = std::ranges::all_of(reads, [&](SlotId id) { return slot(id).constant; });
  if (fixed) {
    for (const SlotId id : writes) {
      constants.allocate(id,
                         static_cast<std::size_t>(slot(id).size) * storage_bytes(slot(id).storage));
      slots[static_cast<std::size_t>(id)].constant = true;
    }
    step->run(constants);
    return;
  }
  steps.push_back(std::move(step));
  step_nodes.push_back(node_->name);
  step_outputs.push_back(writes.front());
}

SlotId Planner::constant_slot(const Shape& shape, const std::vector<std::int64_t>& constant) {
  const auto [lo, hi] = std::ranges::minmax_element(constant);
  const SlotId id = add_slot(shape, constant.empty() ? IntRange{0, 0} : IntRange{*lo, *hi});
  constants.allocate(id, constant.size() * storage_bytes(slot(id).storage));
  slots[static_cast<std::size_t>(id)].constant = true;
  write_row_major(*this, {shape, {}, {}}, id, constant, constants);
  return id;
}

std::vector<std::int64_t> Planner::constant_values(const Value& value, SlotId id) const {
  return read_row_major(*this, value, id, constants);
}

bool Planner::is_constant(const Value& value) const {
  return std::ranges::all_of(value.terms,
                             [&](const Value::Term& t) { return slot(t.slot).constant; });
}

Value Planner::constant_value(const Constant& constant) {
  Value value;
  value.shape = constant.shape();
  if (constant.is_int()) {
    value.terms.push_back(
        {RealArray(Real(1)),
         constant_slot(value.shape, {constant.ints().begin(), constant.ints().end()})});
    return value;
  }
  if (constant.is_real() || constant.size() <= kSmallConstant) {
    value.offset = real_array(constant);
    return value;
  }
  const FloatImages images = exact_images(constant.floats(), constant.shape());
  for (std::size_t k = 0; k < images.input.terms.size(); ++k)
    value.terms.push_back(
        {images.input.terms[k].scale, constant_slot(value.shape, images.images[0][k])});
  return value;
}

bool Planner::is_read(const Tensor& tensor) const {
  return !tensor.consumers.empty() || graph_.is_output(&tensor);
}

bool Planner::has_input(std::size_t index) const {
  return index < node_->inputs.size() && node_->inputs[index];
}

Value Planner::any_value(std::size_t index) {
  if (!has_input(index)) fail(fmt::format("input {} is missing", index));
  const Tensor* tensor = node_->inputs[index];
  auto it = values.find(tensor);
  if (it == values.end()) {
    if (!tensor->constant) fail(fmt::format("input '{}' has no value", printable(tensor->name)));
    if (!tensor->constant->all_finite())
      fail(fmt::format("constant '{}' holds NaN or infinity", printable(tensor->name)));
    it = values.emplace(tensor, constant_value(*tensor->constant)).first;
  }
  return it->second;
}

Value Planner::raw_any_input(std::size_t index) {
  Value value = any_value(index);
  if (value.formula)
    fail(fmt::format(
        "input '{}' is the real result of a function (exp, tanh, ...) that no quantiser "
        "has taken; quantise it in front",
        printable(node_->inputs[index]->name)));
  return value;
}

Value Planner::any_input(std::size_t index) {
  const Value value = raw_any_input(index);
  if (!value.relu) return value;
  Value applied = apply_relu(value);
  values[node_->inputs[index]] = applied;
  return applied;
}

void Planner::fail_computed(std::size_t index) const {
  fail(
      fmt::format("input {} must be a constant; run it with the float reference, or end the "
                  "network in front of it",
                  index));
}

const Constant& Planner::constant(std::size_t index) {
  if (!has_input(index) || !node_->inputs[index]->constant) fail_computed(index);
  return *node_->inputs[index]->constant;
}

RealArray Planner::parameter(std::size_t index) {
  const Value value = input(index);
  if (!is_constant(value)) fail_computed(index);
  RealArray out = value.offset;
  for (const Value::Term& term : value.terms) {
    std::vector<Real> integers;
    for (const std::int64_t q : constant_values(value, term.slot)) integers.emplace_back(q);
    const RealArray q =
        integers.size() == 1 ? RealArray(integers[0]) : RealArray(value.shape, std::move(integers));
    out = add(out, multiply(term.scale, q));
  }
  return out;
}

void Planner::set_output(Value value, std::size_t index) {
  ASSAY_INVARIANT(value.shape == output_shape(index),
                  node_->label() + " planned another shape than was inferred");
  if (index < node_->outputs.size() && node_->outputs[index])
    values[node_->outputs[index]] = std::move(value);
}

const Shape& Planner::output_shape(std::size_t index) const {
  const Tensor* output = node_->outputs.at(index);
  if (!output || !output->shape) fail("the output's shape is not known");
  return *output->shape;
}

std::vector<Value::Term> Planner::uniform_terms(const Value& value, std::int64_t block) {
  std::vector<Value::Term> out;
  for (const Value::Term& term : value.terms) {
    if (term.scale.is_scalar()) {
      out.push_back(term);
      continue;
    }
    const auto elements = expand(term.scale, value.shape);
    if (block > 0 && uniform_in_blocks(elements, value, block)) {
      out.push_back(term);
      continue;
    }
    const auto classes = classes_of(elements);
    if (!classes) fail("the input has too many different scales for an exact sum");
    Value single{value.shape, {{RealArray(Real(1)), term.slot}}, {}};
    single.last = value.last;
    for (std::size_t c = 0; c < classes->values.size(); ++c) {
      std::vector<std::int64_t> source(elements.size(), -1);
      for (std::size_t i = 0; i < source.size(); ++i)
        if (classes->of[i] == c) source[i] = static_cast<std::int64_t>(i);
      out.push_back({RealArray(*classes->values[c]),
                     gather({single}, source, value.shape, Real(), value.last).terms[0].slot});
    }
  }
  return out;
}

void Planner::plan() {
  for (std::size_t i = 0; i < graph_.inputs().size(); ++i) {
    const Tensor* tensor = graph_.inputs()[i];
    if (!tensor->shape) user_error("the shape of input '{}' is not known", printable(tensor->name));
    Value value;
    value.shape = *tensor->shape;
    value.last = wants_last(tensor->layout, false) && value.shape.size() >= 3;
    value.offset = inputs_[i].offset;
    input_slots.emplace_back();
    for (const ExactInput::Term& term : inputs_[i].terms) {
      input_slots.back().push_back(add_slot(value.shape, {term.min, term.max}));
      value.terms.push_back({term.scale, input_slots.back().back()});
    }
    values[tensor] = std::move(value);
  }
  for (const Node* node : graph_.topological_order()) {
    node_ = node;
    try {
      plan_node(*node);
    } catch (const UserError& error) {
      const std::string message = error.what();
      if (message.starts_with(node->label())) throw;
      user_error("{}: {}", node->label(), message);
    } catch (const std::bad_alloc&) {
      fail("there is not enough memory for its tensors; export the network for smaller images");
    }
  }
  for (const Tensor* output : graph_.outputs())
    if (output->constant) values.emplace(output, constant_value(*output->constant));
  // Nothing that follows takes in a relu that is still pending at an output.
  const auto settle = [&](const Tensor* tensor) {
    const auto it = values.find(tensor);
    if (it == values.end()) return;
    node_ = tensor->producer;
    if (it->second.formula)
      fail(
          "its result is the real number of a function (exp, tanh, ...) that no quantiser takes; "
          "quantise it, or end the network in front of the function");
    if (!it->second.relu) return;
    Value applied = apply_relu(it->second);
    values[tensor] = std::move(applied);
  };
  for (const Tensor* output : graph_.outputs()) settle(output);
  for (const Checkpoint& checkpoint : graph_.checkpoints()) settle(checkpoint.tensor);
}

void Planner::plan_node(const Node& node) {
  if (plan_function(*this, node) || plan_quantiser(*this, node) || plan_linear(*this, node) ||
      plan_format(*this, node) || plan_selection(*this, node) || plan_elementwise(*this, node) ||
      plan_hardware(*this, node))
    return;
  if (plan_move(node)) return;
  fail(
      fmt::format("{} has no exact value as a sum of scaled integers; run it with the float "
                  "reference, or cut the graph in front of it",
                  node.op->type()));
}

}  // namespace assay::exact
