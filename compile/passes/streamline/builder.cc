// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/streamline/builder.h"

#include <fmt/format.h>

#include <algorithm>

#include "compile/base/error.h"
#include "compile/passes/rewrite/rewrite.h"

namespace assay::streamline {

namespace {

constexpr std::int64_t kLimit = std::int64_t{1} << 62;

std::int64_t checked(__int128 value, const Node* node) {
  if (value > kLimit || value < -kLimit)
    user_error("{}: its integers need more than 62 bits; quantise its input", node->label());
  return static_cast<std::int64_t>(value);
}

/// Whether an operator of the integer graph does the work of one of the old graph.
bool stands_for(const Op& op, const Op& old) {
  if (op.type() == ops::SumPool::kType) return old.type().ends_with("AveragePool");
  return op.type() == ops::MultiThreshold::kType || op.type() == ops::JoinThreshold::kType;
}

std::int64_t integer(const Real& value) { return value.rational().get_num().get_si(); }

std::vector<std::int64_t> integer_values(const RealArray& array) {
  std::vector<std::int64_t> out;
  for (const Real& value : array.values) out.push_back(integer(value));
  return out;
}

using Range = std::pair<std::int64_t, std::int64_t>;
using WideRange = std::pair<__int128, __int128>;

WideRange sum_of(const Range& a, const Range& b) {
  return {static_cast<__int128>(a.first) + b.first, static_cast<__int128>(a.second) + b.second};
}

WideRange product_of(const Range& a, const Range& b) {
  const auto times = [](std::int64_t p, std::int64_t q) { return static_cast<__int128>(p) * q; };
  return std::minmax({times(a.first, b.first), times(a.first, b.second), times(a.second, b.first),
                      times(a.second, b.second)});
}

WideRange larger_of(const Range& a, const Range& b) {
  return {std::max(a.first, b.first), std::max(a.second, b.second)};
}

WideRange smaller_of(const Range& a, const Range& b) {
  return {std::min(a.first, b.first), std::min(a.second, b.second)};
}

/// f(bounds of a, bounds of b) over the common shape; UserError of `node` beyond 62 bits.
Bounds joined_bounds(const Bounds& a, const Bounds& b, WideRange (*f)(const Range&, const Range&),
                     const Node* node) {
  Bounds out;
  out.shape = broadcast_shape(a.shape, b.shape);
  const auto ia = broadcast_index(a.shape, out.shape), ib = broadcast_index(b.shape, out.shape);
  out.lo.clear();
  out.hi.clear();
  for (std::size_t i = 0; i < ia.size(); ++i) {
    const auto p = static_cast<std::size_t>(ia[i]), q = static_cast<std::size_t>(ib[i]);
    const auto [lo, hi] = f({a.lo[p], a.hi[p]}, {b.lo[q], b.hi[q]});
    out.lo.push_back(checked(lo, node));
    out.hi.push_back(checked(hi, node));
  }
  return out;
}

}  // namespace

void Builder::stand_for(const Node* node) {
  node_ = node;
  stands_ = false;
  helpers_ = 0;
}

Tensor* Builder::add_input(std::string_view name, const Shape& shape, const DataType& type) {
  Tensor* input = graph.add_input(name, shape);
  input->dtype = type;
  bounds_[input] = Bounds::of(type.min(), type.max());
  return input;
}

Tensor* Builder::add_real(std::unique_ptr<Op> op, std::vector<Tensor*> inputs, const Shape& shape) {
  const Tensor* named = nullptr;
  if (node_) named = *std::ranges::find_if(node_->outputs, [](const Tensor* t) { return t; });
  const std::string name = named ? named->name : "out";
  Tensor* out = graph.add_tensor(name);
  // The node that does what the old one did keeps its name; helpers are numbered.
  const bool main =
      node_ && !stands_ && (op->type() == node_->op->type() || stands_for(*op, *node_->op));
  stands_ = stands_ || main;
  const std::string label = !node_ ? name
                            : main ? node_->name
                                   : fmt::format("{}_{}", node_->name, ++helpers_);
  graph.add_node(std::move(op), std::move(inputs), {out}, label);
  out->shape = shape;
  return out;
}

Tensor* Builder::add_node(std::unique_ptr<Op> op, std::vector<Tensor*> inputs, const Shape& shape,
                          const Bounds& bounds) {
  Tensor* out = add_real(std::move(op), std::move(inputs), shape);
  out->dtype = DataType::smallest_for(bounds.min(), bounds.max());
  bounds_[out] = bounds;
  return out;
}

Tensor* Builder::integers(std::string_view name, Shape shape,
                          const std::vector<std::int64_t>& values) {
  const auto [lo, hi] = std::ranges::minmax_element(values);
  const DataType type = DataType::smallest_for(*lo, *hi);
  constexpr std::int64_t kExactFloat = 1 << 24;
  const bool floats = *lo >= -kExactFloat && *hi <= kExactFloat;
  Tensor* tensor = graph.add_constant(
      name, floats ? Constant(std::move(shape), std::vector<float>(values.begin(), values.end()))
                   : Constant(std::move(shape), values));
  tensor->container = Container::kFloat32;
  tensor->dtype = type;
  return tensor;
}

Tensor* Builder::reals(std::string_view name, const RealArray& array) {
  return graph.add_constant(name, Constant(array.shape, array.values));
}

Tensor* Builder::times(Tensor* tensor, const RealArray& factor) {
  if (is_constant_array(factor, Real(1))) return tensor;
  const std::vector<std::int64_t> values = integer_values(factor);
  const Bounds range =
      joined_bounds(bounds(tensor), {factor.shape, values, values}, product_of, node_);
  Tensor* constant = integers(node_->name + "_factor", factor.shape, values);
  return add_node(std::make_unique<ops::Mul>(), {tensor, constant}, *tensor->shape, range);
}

Tensor* Builder::plus(Tensor* tensor, const RealArray& addend) {
  if (all_zero(addend)) return tensor;
  const std::vector<std::int64_t> values = integer_values(addend);
  const Bounds range = joined_bounds(bounds(tensor), {addend.shape, values, values}, sum_of, node_);
  Tensor* constant = integers(node_->name + "_addend", addend.shape, values);
  return add_node(std::make_unique<ops::Add>(), {tensor, constant}, *tensor->shape, range);
}

Tensor* Builder::sum(Tensor* a, Tensor* b) {
  return add_node(std::make_unique<ops::Add>(), {a, b}, *a->shape,
                  joined_bounds(bounds(a), bounds(b), sum_of, node_));
}

Tensor* Builder::product(Tensor* a, Tensor* b) {
  return add_node(std::make_unique<ops::Mul>(), {a, b}, broadcast_shape(*a->shape, *b->shape),
                  joined_bounds(bounds(a), bounds(b), product_of, node_));
}

Tensor* Builder::extreme(Tensor* a, Tensor* b, bool largest) {
  const Bounds range = joined_bounds(bounds(a), bounds(b), largest ? larger_of : smaller_of, node_);
  const DataType type = a->dtype;
  const bool same = type == b->dtype;
  // b + max(a - b, 0), or a - max(a - b, 0)
  Tensor* apart = sum(a, times(b, RealArray(Real(-1))));
  Bounds positive = bounds(apart);
  for (auto* side : {&positive.lo, &positive.hi})
    for (std::int64_t& v : *side) v = std::max<std::int64_t>(v, 0);
  apart = add_node(std::make_unique<ops::Relu>(), {apart}, *apart->shape, positive);
  Tensor* y = largest ? sum(b, apart) : sum(a, times(apart, RealArray(Real(-1))));
  y->dtype = same ? type : DataType::smallest_for(range.min(), range.max());
  bounds_[y] = range;
  return y;
}

Tensor* Builder::stretched(Tensor* tensor, const Shape& shape) {
  Tensor*& known = stretched_[{tensor, shape}];
  if (known) return known;
  const Bounds range = bounds(tensor);
  const DataType type = tensor->dtype;
  const auto list = [&](std::string_view what, std::vector<std::int64_t> values) {
    const Shape size{std::ssize(values)};
    return graph.add_constant(fmt::format("{}_{}", node_->name, what),
                              Constant(size, std::move(values)));
  };
  Shape so_far = *tensor->shape;
  Tensor* x = tensor;
  const auto next = [&](std::unique_ptr<Op> op, Tensor* parameter) {
    x = add_node(std::move(op), {x, parameter}, so_far, range);
    x->dtype = type;  // +-1 stay +-1
  };
  if (so_far.size() < shape.size()) {
    so_far.insert(so_far.begin(), shape.size() - so_far.size(), 1);
    next(std::make_unique<ops::Reshape>(), list("shape", so_far));
  }
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    if (so_far[axis] == shape[axis]) continue;
    so_far[axis] = shape[axis];
    auto op = std::make_unique<ops::Gather>();
    op->axis = static_cast<std::int64_t>(axis);
    next(std::move(op), list("entries", Shape(static_cast<std::size_t>(shape[axis]), 0)));
  }
  return known = x;
}

Tensor* Builder::indicator(Tensor* tensor, const RealArray& t) {
  auto op = std::make_unique<ops::JoinThreshold>();
  op->out_dtype = DataType::uint(1);
  RealArray rows = with_rank(t, tensor->shape->size());
  rows.shape.push_back(1);
  Tensor* thresholds = integers(node_->name + "_thresholds", rows.shape, integer_values(rows));
  return add_node(std::move(op), {thresholds, nullptr, tensor}, *tensor->shape, Bounds::of(0, 1));
}

}  // namespace assay::streamline
