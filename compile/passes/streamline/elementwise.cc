// SPDX-License-Identifier: Apache-2.0
// Factors, offsets, clamps and sums.
#include <fmt/format.h>

#include <algorithm>

#include "compile/passes/rewrite/rewrite.h"
#include "compile/passes/streamline/integer_weights.h"
#include "compile/passes/streamline/planner.h"
#include "compile/passes/streamline/quantise.h"
#include "compile/passes/streamline/terms.h"

namespace assay::streamline {
namespace {

/// What an earlier pass made a sum of integers, such as the levels of a function that falls, stays one.
void set_sum(Planner& planner, Value value) {
  const auto carries = [&](const Checkpoint& checkpoint) {
    return checkpoint.tensor == planner.node().outputs[0] && checkpoint.has_map;
  };
  if (value.terms.size() > 1 && std::ranges::any_of(planner.from.checkpoints(), carries))
    if (Tensor* whole = as_integer(planner, value)) {
      value.terms = {{RealArray(Real(1)), whole, false}};
      value.offset = RealArray();
    }
  planner.set_output(std::move(value));
}

void plan_add(Planner& planner, bool subtract) {
  const bool left = planner.depends_on_input(*planner.node().inputs[0]),
             right = planner.depends_on_input(*planner.node().inputs[1]);
  const Shape& shape = known_shape(*planner.node().outputs[0]);
  if (!left || !right) {
    Value value = planner.input(left ? 0 : 1);
    if (!value.pools.empty()) value = settle(planner, std::move(value));
    value = stretched(planner, std::move(value), shape);
    const auto constant = exact_constant(*planner.node().inputs[left ? 1 : 0]);
    if (!constant)
      planner.fail("one operand is neither constant nor an activation", "fold constants first");
    if (subtract && right) scale_by(value, RealArray(Real(-1)));
    shift_by(value, subtract && left ? -*constant : *constant);
    value.folded.push_back(planner.node().name);
    return set_sum(planner, std::move(value));
  }
  Value a = planner.input(0), b = planner.input(1);
  if (subtract) scale_by(b, RealArray(Real(-1)));
  if (auto value = one_variable(planner, a, b, false)) return planner.set_output(*std::move(value));
  if (auto value = extreme_sum(planner, a, b)) return set_sum(planner, *std::move(value));
  a = settle(planner, std::move(a));
  b = settle(planner, std::move(b));
  set_sum(planner, sum_of(planner, std::move(a), std::move(b)));
}

Value without_offset(Planner& planner, Value value) {
  Term& term = value.terms[0];
  const auto has_inverse = [](const Real& s) { return s.has_inverse(); };
  if (all_zero(value.offset) || !std::ranges::all_of(term.scale.values, has_inverse)) return value;
  const RealArray addend = value.offset * inverse_of(term.scale);
  if (!all_integral(addend)) return value;
  term = {term.scale, planner.to.plus(term.tensor, addend), false};
  value.offset = RealArray();
  return value;
}

void plan_activation_product(Planner& planner) {
  if (auto value = one_variable(planner, planner.input(0), planner.input(1), true))
    return planner.set_output(*std::move(value));
  Value a = settled(planner, 0), b = settled(planner, 1);
  const Shape& shape = known_shape(*planner.node().outputs[0]);
  if (a.terms.size() > 1 || b.terms.size() > 1)
    planner.fail("it multiplies a sum with several scales", "quantise its factors");
  // The product itself stretches one factor of its rank.
  if (a.shape != shape && b.shape != shape) a = stretched(planner, std::move(a), shape);
  for (Value* x : {&a, &b}) {
    Shape ranked(shape.size() - x->shape.size(), 1);
    ranked.insert(ranked.end(), x->shape.begin(), x->shape.end());
    *x = stretched(planner, std::move(*x), ranked);
  }
  a = without_offset(planner, std::move(a));
  b = without_offset(planner, std::move(b));
  // (s A + o)(t B + p) = s t A B + s p A + t o B + o p.
  const Term &ta = a.terms[0], &tb = b.terms[0];
  Value out;
  out.shape = shape;
  out.terms.push_back(
      {compressed(ta.scale * tb.scale), planner.to.product(ta.tensor, tb.tensor), false});
  const auto add = [&](const Value& x, const RealArray& factor) {
    if (all_zero(factor)) return;
    const Term term = stretched(planner, x, shape).terms[0];
    out.terms.push_back({compressed(term.scale * factor), term.tensor, false});
  };
  add(a, b.offset);
  add(b, a.offset);
  out.offset = compressed(a.offset * b.offset);
  out.folded = std::move(a.folded);
  std::ranges::move(b.folded, std::back_inserter(out.folded));
  combine(planner, out);
  planner.set_output(std::move(out));
}

void plan_scale(Planner& planner) {
  const bool left = planner.depends_on_input(*planner.node().inputs[0]),
             right = planner.depends_on_input(*planner.node().inputs[1]);
  if (left && right) {
    if (planner.node().as<ops::Div>())
      planner.fail("it divides two activations",
                   "only their sums and products have an integer form");
    return plan_activation_product(planner);
  }
  Value value = planner.input(left ? 0 : 1);
  value = stretched(planner, std::move(value), known_shape(*planner.node().outputs[0]));
  std::optional<RealArray> factor = exact_constant(*planner.node().inputs[left ? 1 : 0]);
  if (!factor)
    planner.fail("one operand is neither constant nor an activation", "fold constants first");
  if (planner.node().as<ops::Div>()) {
    const bool invertible =
        left && std::ranges::all_of(factor->values, [](const Real& f) { return f.has_inverse(); });
    if (!invertible)
      planner.fail("it divides by an activation or by 0", "multiply by a constant instead");
    factor = inverse_of(*factor);
  }
  const auto sign = [](const Real& f) { return f.sign(); };
  const auto [least, most] = std::ranges::minmax(factor->values, {}, sign);
  // A bound keeps its direction or turns round, for all channels at once.
  const bool bounded = value.is_clamped() || !value.among.empty();
  if (!value.pools.empty() || (bounded && least.sign() < 0 && most.sign() > 0))
    value = settle(planner, std::move(value));
  scale_by(value, *factor);
  value.folded.push_back(planner.node().name);
  planner.set_output(std::move(value));
}

std::optional<RealArray> optional_bound(const Node& node, std::size_t index) {
  if (index >= node.inputs.size() || !node.inputs[index]) return {};
  return exact_constant(*node.inputs[index]);
}

void plan_relu(Planner& planner) {
  Value value = planner.input(0);
  const bool positive =
      value.terms.size() == 1 && value.is_plain() && all_zero(value.offset) &&
      planner.to.bounds(value.terms[0].tensor).min() >= 0 &&
      std::ranges::all_of(value.terms[0].scale.values, [](const Real& s) { return s.sign() >= 0; });
  if (!positive) clamp(value, RealArray(Real(0)), {});
  value.folded.push_back(planner.node().name);
  planner.set_output(std::move(value));
}

void plan_clip(Planner& planner) {
  Value value = planner.input(0);
  auto lower = optional_bound(planner.node(), 1), upper = optional_bound(planner.node(), 2);
  // Integers that are within the bounds stay integers.
  if (value.terms.size() == 1 && value.is_plain() &&
      is_constant_array(value.terms[0].scale, Real(1)) && all_zero(value.offset)) {
    const Bounds& b = planner.to.bounds(value.terms[0].tensor);
    if (lower && lower->values[0] <= Real(b.min())) lower.reset();
    if (upper && upper->values[0] >= Real(b.max())) upper.reset();
  }
  if (lower || upper) clamp(value, lower, upper);
  value.folded.push_back(planner.node().name);
  planner.set_output(std::move(value));
}

void plan_dequantize(Planner& planner, const ops::DequantizeLinear& op) {
  Value value = planner.input(0);
  const auto along = [&](std::size_t index) {
    return along_axis(*exact_constant(*planner.node().inputs[index]), op.axis, value.shape.size());
  };
  if (planner.node().inputs.size() > 2 && planner.node().inputs[2]) shift_by(value, -along(2));
  scale_by(value, along(1));
  value.folded.push_back(planner.node().name);
  planner.set_output(std::move(value));
}

}  // namespace

bool plan_elementwise(Planner& planner, const Node& node) {
  if (node.as<ops::Add>() || node.as<ops::Sub>()) {
    plan_add(planner, node.as<ops::Sub>() != nullptr);
  } else if (node.as<ops::Mul>() || node.as<ops::Div>()) {
    plan_scale(planner);
  } else if (node.as<ops::Identity>() || node.as<ops::DebugMarker>()) {
    planner.set_output(planner.input(0));
  } else if (node.as<ops::Relu>()) {
    plan_relu(planner);
  } else if (node.as<ops::Clip>()) {
    plan_clip(planner);
  } else if (const auto* dequantize = node.as<ops::DequantizeLinear>()) {
    plan_dequantize(planner, *dequantize);
  } else if (node.as<ops::Cast>()) {
    if (node.outputs[0]->container != Container::kFloat32 && !as_integer(planner, planner.input(0)))
      planner.fail("it casts real numbers to integers", "quantise instead");
    planner.set_output(planner.input(0));
  } else {
    return false;
  }
  return true;
}

}  // namespace assay::streamline
