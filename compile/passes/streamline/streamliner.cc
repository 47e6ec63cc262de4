// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/streamline/streamliner.h"

#include <algorithm>

#include "compile/base/printable.h"
#include "compile/passes/rewrite/rewrite.h"
#include "compile/passes/streamline/unquantised.h"
#include "compile/passes/thresholds/threshold_solver.h"

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

}  // namespace

bool is_integral(const Real& value) {
  return value.is_rational() && value.rational().get_den() == 1 &&
         value.rational().get_num().fits_slong_p();
}

std::int64_t Bounds::min() const { return *std::ranges::min_element(lo); }
std::int64_t Bounds::max() const { return *std::ranges::max_element(hi); }

Bounds hull_over(const Bounds& bounds, const Shape& tensor, const Shape& to) {
  if (bounds.shape == to) return bounds;
  // The common refinement of both shapes, so that an array that varies along other axes counts.
  const Shape fine = broadcast_shape(bounds.shape, to);
  const auto source = broadcast_index(bounds.shape, fine), target = broadcast_index(to, fine);
  Bounds out;
  out.shape = to;
  const auto count = static_cast<std::size_t>(element_count(to));
  out.lo.assign(count, INT64_MAX);
  out.hi.assign(count, INT64_MIN);
  ASSAY_INVARIANT(fine.size() <= tensor.size(), "bounds have more axes than their tensor");
  for (std::size_t i = 0; i < source.size(); ++i) {
    const auto s = static_cast<std::size_t>(source[i]), t = static_cast<std::size_t>(target[i]);
    out.lo[t] = std::min(out.lo[t], bounds.lo[s]);
    out.hi[t] = std::max(out.hi[t], bounds.hi[s]);
  }
  return out;
}

Graph Streamliner::run() {
  to_.name = from_.name;
  for (const Tensor* input : from_.inputs()) {
    if (!input->dtype.is_integer())
      user_error(
          "input '{}' has the data type {}; only integer inputs can be streamlined: merge the "
          "pre-processing in front, or annotate the input",
          printable(input->name), input->dtype.name());
    Tensor* copy = to_.add_input(input->name, known_shape(*input));
    copy->container = input->container;
    copy->dtype = input->dtype;
    copy->layout = input->layout;
    bounds_[copy] = Bounds::of(input->dtype.min(), input->dtype.max());
    Value value;
    value.shape = known_shape(*input);
    value.terms.push_back({RealArray(Real(1)), copy, false});
    set(input, std::move(value));
  }
  for (const Node* node : from_.topological_order())
    if (std::ranges::any_of(node->inputs, [&](const Tensor* t) {
          return t && (depends_on_input(*t) || copies_.contains(t));
        }))
      plan_or_refuse(*node);
  node_ = nullptr;
  finish_outputs();
  for (const Checkpoint& checkpoint : from_.checkpoints()) carry_checkpoint(checkpoint);
  to_.remove_dead();
  to_.sort();
  infer_shapes(to_);
  return std::move(to_);
}

void Streamliner::plan(const Node& node) {
  node_ = &node;
  main_planned_ = false;
  helpers_ = 0;
  if (auto f = step_function(node)) return plan_quantiser(std::move(*f));
  plan_operator(node);
}

void Streamliner::plan_or_refuse(const Node& node) {
  try {
    plan(node);
  } catch (const UserError& error) {
    const bool blamed = blames_layers_;
    const Refusal refusal = diagnosed(node, error.what());
    if (!refusals_) user_error("{}: {}", refusal.where, refusal.why);
    if (refusal.where == node.label() || !blamed) refusals_->push_back(refusal);
    if (blames_layers_ && !blamed) refuse_unquantised();
    for (const Tensor* output : node.outputs)
      if (output) set(output, fresh_integers(*output));
  }
}

/// Where one layer lacks a quantiser, all others do as well.
void Streamliner::refuse_unquantised() {
  for (const Unquantised& layer : unquantised_layers(from_))
    if (std::ranges::find(*refusals_, layer.layer->label(), &Refusal::where) == refusals_->end())
      refusals_->push_back(
          {layer.layer->label(), fmt::format("{}; {}", layer.problem(), layer.remedy())});
}

Refusal Streamliner::diagnosed(const Node& node, std::string_view message) {
  Refusal refusal = Refusal::of(node.label(), message);
  if (!has_real_weights(node) && !is_planned_from_integers(node)) return refusal;
  const std::vector<Unquantised> layers = unquantised_layers(from_, &node);
  if (!layers.empty()) {
    const Unquantised& first = layers[0];
    blames_layers_ = true;
    return {first.layer->label(), fmt::format("{} ({}{}); {}", first.problem(),
                                              first.layer == &node ? "" : refusal.where + ": ",
                                              refusal.why, first.remedy())};
  }
  if (takes_normalised_input(from_, node))
    refusal.why += fmt::format(
        "; the network's input '{}' reaches it normalised and not quantised: --input-bits N, or a "
        "QuantIdentity behind the normalisation in Brevitas, may be all that it needs",
        printable(from_.inputs()[0]->name));
  return refusal;
}

/// Whether the node is refused for what reaches it alone.
bool Streamliner::is_planned_from_integers(const Node& node) {
  const std::unordered_map<const Tensor*, Value> values = values_;
  for (const Tensor* input : node.inputs)
    if (input && depends_on_input(*input)) set(input, fresh_integers(*input));
  bool planned = true;
  try {
    plan(node);
  } catch (const UserError&) {
    planned = false;
  }
  values_ = values;
  return planned;
}

Value Streamliner::fresh_integers(const Tensor& old) {
  constexpr std::int64_t kMost = 127;
  Tensor* tensor = to_.add_input(old.name, known_shape(old));
  tensor->dtype = DataType::smallest_for(-kMost - 1, kMost);
  tensor->layout = old.layout;
  bounds_[tensor] = Bounds::of(-kMost - 1, kMost);
  Value value;
  value.shape = known_shape(old);
  value.terms.push_back({RealArray(Real(1)), tensor, false});
  return value;
}

void Streamliner::plan_operator(const Node& node) {
  if (plan_elementwise(node) || plan_linear(node) || plan_pool(node) || plan_move(node)) return;
  if (const auto* op = node.as<ops::TopK>()) return plan_top_k(*op);
  fail("this operator has no integer form",
       "replace it in the model, or end the network in front of it");
}

void Streamliner::fail(const std::string& problem, const std::string& remedy) const {
  user_error("{}: {}; {}", node_ ? node_->label() : "the graph", problem, remedy);
}

Value Streamliner::input(std::size_t index) const {
  const Tensor* tensor = node_->inputs.at(index);
  const auto it = values_.find(tensor);
  if (it == values_.end())
    fail(fmt::format("input {} ('{}') does not depend on the network's input", index,
                     printable(tensor ? tensor->name : "")),
         "fold constants first");
  Value value = it->second;
  const bool shared = tensor->consumers.size() > 1 || from_.is_output(tensor) ||
                      std::ranges::find(from_.checkpoints(), tensor, &Checkpoint::tensor) !=
                          from_.checkpoints().end();
  if (shared)
    for (Term& term : value.terms) term.exclusive = false;
  return value;
}

Value Streamliner::settled(std::size_t index) { return settle(input(index)); }

Value Streamliner::settle(Value value) {
  if (!value.pools.empty())
    fail("a max pool of a sum with several scales reaches it without a quantiser in between",
         "quantise the sum or the pool's output");
  if (value.curve)
    fail("a function of one variable reaches it without a quantiser in between",
         "quantise the function's output");
  if (!value.is_clamped()) return value;
  if (value.terms.size() > 1)
    fail("a Relu or Clip of a sum with several scales reaches it without a quantiser in between",
         "use a quantised activation (QuantReLU) there");
  make_positive(value.terms[0], value.shape);
  Value out;
  out.shape = value.shape;
  out.folded = value.folded;
  // Where the factor is 0 the value is one number: that is clamped here, and the ramps add nothing.
  const RealArray flat =
      map_array(value.terms[0].scale, [](const Real& s) { return Real(s.is_zero() ? 1 : 0); });
  const auto raise = [&](const RealArray& bound, int sign) {
    const RealArray gap = combine_arrays(bound, value.offset, [&](const Real& b, const Real& o) {
      const Real d = b - o;
      return d.sign() == sign ? d : Real();
    });
    value.offset = value.offset + gap * flat;
  };
  if (value.lower) raise(*value.lower, 1);
  if (value.upper) raise(*value.upper, -1);
  if (value.lower) {
    const RealArray sloped = map_array(flat, [](const Real& f) { return Real(1) - f; });
    out.offset = compressed(*value.lower * sloped + value.offset * flat);
    add_ramp(out, value, *value.lower, RealArray(Real(1)));
  } else {
    out.terms = value.terms;
    out.offset = value.offset;
  }
  if (value.upper) add_ramp(out, value, *value.upper, RealArray(Real(-1)));
  combine(out);
  return out;
}

void Streamliner::add_ramp(Value& out, const Value& value, const RealArray& at,
                           const RealArray& sign) {
  const Term& term = value.terms[0];
  Shape shape = broadcast_shape(broadcast_shape(term.scale.shape, value.offset.shape), at.shape);
  const Bounds range = hull_over(bounds(term.tensor), value.shape, shape);
  const auto is = broadcast_index(term.scale.shape, shape),
             io = broadcast_index(value.offset.shape, shape), ia = broadcast_index(at.shape, shape);
  // last[i]: the largest n with scale * n + offset <= at.
  RealArray last, jump;
  last.shape = jump.shape = shape;
  last.values.clear();
  jump.values.clear();
  for (std::size_t i = 0; i < is.size(); ++i) {
    const Real& slope = term.scale.values[static_cast<std::size_t>(is[i])];
    const Real& offset = value.offset.values[static_cast<std::size_t>(io[i])];
    const Real& limit = at.values[static_cast<std::size_t>(ia[i])];
    if (slope.is_zero()) {
      last.values.emplace_back(range.hi[i]);
      jump.values.emplace_back();
      continue;
    }
    const AffineStep step(slope, offset);
    const std::int64_t first =
        step.smallest({limit, limit.to_double(), false, true}, range.lo[i], range.hi[i]);
    last.values.emplace_back(first - 1);
    jump.values.push_back(slope * Real(first - 1) + offset - limit);
  }
  Tensor* source = term.tensor;
  Tensor* above = plus(term.tensor, -last);
  const Bounds& b = bounds(above);
  Bounds positive = b;
  for (auto* side : {&positive.lo, &positive.hi})
    for (std::int64_t& v : *side) v = std::max<std::int64_t>(v, 0);
  above = add_node(std::make_unique<ops::Relu>(), {above}, value.shape, positive);
  out.terms.push_back({term.scale * sign, above, false});
  if (all_zero(jump)) return;
  const RealArray first = map_array(last, [](const Real& v) { return v + Real(1); });
  out.terms.push_back({jump * sign, indicator(source, compressed(first)), false});
}

Tensor* Streamliner::add_real(std::unique_ptr<Op> op, std::vector<Tensor*> inputs,
                              const Shape& shape) {
  const Tensor* named = nullptr;
  if (node_) named = *std::ranges::find_if(node_->outputs, [](const Tensor* t) { return t; });
  const std::string name = named ? named->name : "out";
  Tensor* out = to_.add_tensor(name);
  // The node that does what the old one did keeps its name; helpers are numbered.
  const bool main =
      node_ && !main_planned_ && (op->type() == node_->op->type() || stands_for(*op, *node_->op));
  main_planned_ = main_planned_ || main;
  const std::string label = !node_ ? name
                            : main ? node_->name
                                   : fmt::format("{}_{}", node_->name, ++helpers_);
  to_.add_node(std::move(op), std::move(inputs), {out}, label);
  out->shape = shape;
  return out;
}

Tensor* Streamliner::add_node(std::unique_ptr<Op> op, std::vector<Tensor*> inputs,
                              const Shape& shape, const Bounds& bounds) {
  Tensor* out = add_real(std::move(op), std::move(inputs), shape);
  out->dtype = DataType::smallest_for(bounds.min(), bounds.max());
  bounds_[out] = bounds;
  return out;
}

Tensor* Streamliner::integers(std::string_view name, Shape shape,
                              const std::vector<std::int64_t>& values) {
  const auto [lo, hi] = std::ranges::minmax_element(values);
  const DataType type = DataType::smallest_for(*lo, *hi);
  constexpr std::int64_t kExactFloat = 1 << 24;
  const bool floats = *lo >= -kExactFloat && *hi <= kExactFloat;
  Tensor* tensor = to_.add_constant(
      name, floats ? Constant(std::move(shape), std::vector<float>(values.begin(), values.end()))
                   : Constant(std::move(shape), values));
  tensor->container = Container::kFloat32;
  tensor->dtype = type;
  return tensor;
}

Tensor* Streamliner::reals(std::string_view name, const RealArray& array) {
  return to_.add_constant(name, Constant(array.shape, array.values));
}

Tensor* Streamliner::copy_constant(const Tensor& old) {
  Tensor*& copy = copies_[&old];
  if (!copy) {
    copy = to_.add_constant(old.name, *old.constant);
    copy->container = old.container;
    copy->dtype = old.dtype;
    copy->layout = old.layout;
  }
  return copy;
}

namespace {

std::vector<std::int64_t> integer_values(const RealArray& array) {
  std::vector<std::int64_t> out;
  for (const Real& value : array.values) out.push_back(integer(value));
  return out;
}

/// f(bounds, element of array) over the common shape.
template <typename F>
Bounds mapped_bounds(const Bounds& bounds, const RealArray& array, F f) {
  Bounds out;
  out.shape = broadcast_shape(bounds.shape, array.shape);
  const auto ib = broadcast_index(bounds.shape, out.shape),
             ia = broadcast_index(array.shape, out.shape);
  out.lo.clear();
  out.hi.clear();
  for (std::size_t i = 0; i < ib.size(); ++i) {
    const auto b = static_cast<std::size_t>(ib[i]);
    const auto [lo, hi] =
        f(bounds.lo[b], bounds.hi[b], integer(array.values[static_cast<std::size_t>(ia[i])]));
    out.lo.push_back(lo);
    out.hi.push_back(hi);
  }
  return out;
}

using Pair = std::pair<std::int64_t, std::int64_t>;

/// f(bounds of a, bounds of b) over the common shape.
template <typename F>
Bounds joined_bounds(const Bounds& a, const Bounds& b, F f) {
  Bounds out;
  out.shape = broadcast_shape(a.shape, b.shape);
  const auto ia = broadcast_index(a.shape, out.shape), ib = broadcast_index(b.shape, out.shape);
  out.lo.clear();
  out.hi.clear();
  for (std::size_t i = 0; i < ia.size(); ++i) {
    const auto p = static_cast<std::size_t>(ia[i]), q = static_cast<std::size_t>(ib[i]);
    const auto [lo, hi] = f(Pair(a.lo[p], a.hi[p]), Pair(b.lo[q], b.hi[q]));
    out.lo.push_back(lo);
    out.hi.push_back(hi);
  }
  return out;
}

}  // namespace

Tensor* Streamliner::times(Tensor* tensor, const RealArray& factor) {
  if (is_constant_array(factor, Real(1))) return tensor;
  const Bounds range =
      mapped_bounds(bounds(tensor), factor, [&](std::int64_t lo, std::int64_t hi, std::int64_t m) {
        const __int128 a = static_cast<__int128>(lo) * m, b = static_cast<__int128>(hi) * m;
        return std::pair(checked(std::min(a, b), node_), checked(std::max(a, b), node_));
      });
  Tensor* constant = integers(node_->name + "_factor", factor.shape, integer_values(factor));
  return add_node(std::make_unique<ops::Mul>(), {tensor, constant}, *tensor->shape, range);
}

Tensor* Streamliner::plus(Tensor* tensor, const RealArray& addend) {
  if (all_zero(addend)) return tensor;
  const Bounds range =
      mapped_bounds(bounds(tensor), addend, [&](std::int64_t lo, std::int64_t hi, std::int64_t b) {
        return std::pair(checked(static_cast<__int128>(lo) + b, node_),
                         checked(static_cast<__int128>(hi) + b, node_));
      });
  Tensor* constant = integers(node_->name + "_addend", addend.shape, integer_values(addend));
  return add_node(std::make_unique<ops::Add>(), {tensor, constant}, *tensor->shape, range);
}

Tensor* Streamliner::sum(Tensor* a, Tensor* b) {
  const Bounds range = joined_bounds(bounds(a), bounds(b), [&](const Pair& x, const Pair& y) {
    return std::pair(checked(static_cast<__int128>(x.first) + y.first, node_),
                     checked(static_cast<__int128>(x.second) + y.second, node_));
  });
  return add_node(std::make_unique<ops::Add>(), {a, b}, *a->shape, range);
}

Tensor* Streamliner::product(Tensor* a, Tensor* b) {
  const Bounds range = joined_bounds(bounds(a), bounds(b), [&](const Pair& x, const Pair& y) {
    const auto times = [](std::int64_t p, std::int64_t q) { return static_cast<__int128>(p) * q; };
    const auto [lo, hi] = std::minmax({times(x.first, y.first), times(x.first, y.second),
                                       times(x.second, y.first), times(x.second, y.second)});
    return std::pair(checked(lo, node_), checked(hi, node_));
  });
  return add_node(std::make_unique<ops::Mul>(), {a, b}, broadcast_shape(*a->shape, *b->shape),
                  range);
}

Tensor* Streamliner::indicator(Tensor* tensor, const RealArray& t) {
  auto op = std::make_unique<ops::JoinThreshold>();
  op->out_dtype = DataType::uint(1);
  RealArray rows = with_rank(t, tensor->shape->size());
  rows.shape.push_back(1);
  Tensor* thresholds = integers(node_->name + "_thresholds", rows.shape, integer_values(rows));
  return add_node(std::move(op), {thresholds, nullptr, tensor}, *tensor->shape, Bounds::of(0, 1));
}

Tensor* Streamliner::as_integer(const Value& value) {
  if (!value.is_plain()) return nullptr;
  const auto integral = [](const RealArray& array) {
    return std::ranges::all_of(array.values, is_integral);
  };
  if (!integral(value.offset) ||
      !std::ranges::all_of(value.terms, [&](const Term& t) { return integral(t.scale); }))
    return nullptr;
  Tensor* total = nullptr;
  for (const Term& term : value.terms) {
    Tensor* part = times(term.tensor, term.scale);
    total = total ? sum(total, part) : part;
  }
  return plus(total, value.offset);
}

Tensor* Streamliner::real_clamp(Tensor* x, const Value& value) {
  const auto relu_above = [&](Tensor* t, const RealArray& at) {  // max(t, at)
    const bool zero = all_zero(at);
    if (!zero)
      t = add_real(std::make_unique<ops::Add>(), {t, reals("bound", -at)},
                   *value.terms[0].tensor->shape);
    t = add_real(std::make_unique<ops::Relu>(), {t}, *value.terms[0].tensor->shape);
    return zero ? t
                : add_real(std::make_unique<ops::Add>(), {t, reals("bound", at)},
                           *value.terms[0].tensor->shape);
  };
  const auto negated = [&](Tensor* t) {
    return add_real(std::make_unique<ops::Mul>(), {t, reals("minus", RealArray(Real(-1)))},
                    *value.terms[0].tensor->shape);
  };
  if (value.lower) x = relu_above(x, *value.lower);
  if (value.upper) x = negated(relu_above(negated(x), -*value.upper));
  return x;
}

Tensor* Streamliner::materialise(const Value& value) {
  if (value.curve)
    fail("a function of one variable is an output, or a sum of several scales, as it is",
         "quantise the function's output");
  Tensor* out = nullptr;
  for (const Term& term : value.terms) {
    Tensor* x = term.tensor;
    if (!is_constant_array(term.scale, Real(1)))
      x = add_real(std::make_unique<ops::Mul>(), {x, reals("scale", term.scale)},
                   *value.terms[0].tensor->shape);
    out = out ? add_real(std::make_unique<ops::Add>(), {out, x}, *value.terms[0].tensor->shape) : x;
  }
  if (!all_zero(value.offset))
    out = add_real(std::make_unique<ops::Add>(), {out, reals("offset", value.offset)},
                   *value.terms[0].tensor->shape);
  out = real_clamp(out, value);
  // Everything so far had the shape in front of the pools.
  for (const Value::Pool& pool : value.pools) out = add_real(pool.op->clone(), {out}, pool.shape);
  return out;
}

Tensor* Streamliner::real_tensor(const Tensor* old) {
  Tensor*& copy = copies_[old];
  if (!copy) copy = materialise(values_.at(old));
  return copy;
}

Tensor* Streamliner::apply_pools(Tensor* tensor, const Value& value) {
  for (const Value::Pool& pool : value.pools) {
    // A pool mixes positions, not channels.
    Shape to(pool.shape.size(), 1);
    to[1] = pool.shape[1];
    tensor = add_node(pool.op->clone(), {tensor}, pool.shape,
                      hull_over(bounds(tensor), *tensor->shape, to));
  }
  return tensor;
}

void Streamliner::note_constant(const Tensor& tensor, const Tensor& output) {
  const Bounds& range = bounds(&tensor);
  if (range.lo == range.hi) report_.constant_outputs.push_back(output.name);
}

void Streamliner::finish_outputs() {
  for (const Tensor* output : from_.outputs()) {
    if (!depends_on_input(*output)) {
      const auto label = copies_.find(output);
      if (label == copies_.end())
        user_error("output '{}' does not depend on the network's input; remove it",
                   printable(output->name));
      to_.add_output(label->second);
      continue;
    }
    // Later messages name these nodes: they keep the model's names.
    node_ = output->producer;
    main_planned_ = false;
    helpers_ = 0;
    if (depth_ != Depth::kTail) {
      to_.add_output(real_tensor(output));
      continue;
    }
    Value value = integer_output(values_.at(output), output->name);
    note_constant(*value.terms[0].tensor, *output);
    to_.add_output(value.terms[0].tensor);
    set(output, std::move(value));
  }
}

void Streamliner::carry_checkpoint(const Checkpoint& old) {
  Checkpoint checkpoint = old;
  const auto label = copies_.find(old.tensor);
  const auto value = values_.find(old.tensor);
  if (value == values_.end()) {
    ASSAY_INVARIANT(label != copies_.end(), "a checkpoint was lost: " + old.name);
    checkpoint.tensor = label->second;
  } else if (depth_ != Depth::kTail && from_.is_output(old.tensor)) {
    checkpoint.tensor = real_tensor(old.tensor);  // what finish_outputs() puts out
  } else if (value->second.terms.size() != 1 || !value->second.is_plain()) {
    if (depth_ == Depth::kTail) {
      node_ = old.tensor->producer;
      value->second = integer_output(value->second, old.name);
      return carry_checkpoint(old);
    }
    checkpoint.tensor = real_tensor(old.tensor);
  } else {
    const Value& v = value->second;
    checkpoint.tensor = v.terms[0].tensor;
    checkpoint.unit = compressed(old.unit * v.terms[0].scale);
    checkpoint.shift = compressed(old.unit * v.offset + old.shift);
  }
  to_.checkpoints().push_back(std::move(checkpoint));
}

}  // namespace assay::streamline
