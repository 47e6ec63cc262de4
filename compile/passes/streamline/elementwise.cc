// SPDX-License-Identifier: Apache-2.0
// Factors, offsets, clamps and sums.
#include <algorithm>

#include "compile/passes/rewrite/rewrite.h"
#include "compile/passes/streamline/streamliner.h"

namespace assay::streamline {

void Streamliner::clamp(Value& value, const std::optional<RealArray>& lower,
                        const std::optional<RealArray>& upper) const {
  if (value.curve) {
    value.curve = Curve::clamp(value.curve, lower, upper);
    return;
  }
  const auto above = [](const Real& a, const Real& b) { return a < b ? b : a; };
  const auto below = [](const Real& a, const Real& b) { return b < a ? b : a; };
  // min(max(x, l), u) with another clamp behind it is a clamp whose bounds are clamped.
  const auto restrict_to = [&](std::optional<RealArray>& bound) {
    if (bound && lower) bound = combine_arrays(*bound, *lower, above);
    if (bound && upper) bound = combine_arrays(*bound, *upper, below);
  };
  restrict_to(value.lower);
  restrict_to(value.upper);
  if (!value.lower) value.lower = lower;
  if (!value.upper) value.upper = upper;
}

void Streamliner::shift_by(Value& value, const RealArray& addend) const {
  if (value.curve) {
    value.curve = Curve::sum(value.curve, Curve::constant(addend));
    return;
  }
  value.offset = compressed(value.offset + addend);
  if (value.lower) value.lower = *value.lower + addend;
  if (value.upper) value.upper = *value.upper + addend;
}

void Streamliner::scale_by(Value& value, const RealArray& factor) const {
  if (value.curve) {
    value.curve = Curve::product(value.curve, Curve::constant(factor));
    return;
  }
  for (Term& term : value.terms) term.scale = compressed(term.scale * factor);
  value.offset = compressed(value.offset * factor);
  if (value.lower) value.lower = *value.lower * factor;
  if (value.upper) value.upper = *value.upper * factor;
  if (std::ranges::all_of(factor.values, [](const Real& f) { return f.sign() <= 0; }))
    std::swap(value.lower, value.upper);
}

void Streamliner::combine(Value& value) {
  std::vector<Term> out;
  for (Term& term : value.terms) {
    const auto same = [&](const Term& t) {
      return t.tensor == term.tensor || compressed(t.scale) == compressed(term.scale);
    };
    const auto it = std::ranges::find_if(out, same);
    if (it == out.end()) {
      out.push_back(std::move(term));
      continue;
    }
    if (it->tensor == term.tensor)
      it->scale = compressed(it->scale + term.scale);
    else
      it->tensor = sum(it->tensor, term.tensor);
    it->exclusive = false;
  }
  // Nothing is worth keeping of a term without factor, as long as one term stays.
  for (std::size_t i = out.size(); i-- > 0 && out.size() > 1;)
    if (all_zero(out[i].scale)) out.erase(out.begin() + static_cast<std::ptrdiff_t>(i));
  value.terms = std::move(out);
}

void Streamliner::plan_add(bool subtract) {
  const bool left = depends_on_input(*node_->inputs[0]),
             right = depends_on_input(*node_->inputs[1]);
  const Shape& shape = known_shape(*node_->outputs[0]);
  if (!left || !right) {
    Value value = input(left ? 0 : 1);
    if (value.shape != shape)
      fail("adding a constant stretches the tensor", "give the constant the tensor's shape");
    if (!value.pools.empty()) value = settle(std::move(value));
    const auto constant = exact_constant(*node_->inputs[left ? 1 : 0]);
    if (!constant)
      fail("one operand is neither constant nor an activation", "fold constants first");
    if (subtract && right) scale_by(value, RealArray(Real(-1)));
    shift_by(value, subtract && left ? -*constant : *constant);
    value.folded.push_back(node_->name);
    return set_output(std::move(value));
  }
  Value a = input(0), b = input(1);
  if (subtract) scale_by(b, RealArray(Real(-1)));
  if (auto value = one_variable(a, b, false)) return set_output(*std::move(value));
  a = settle(std::move(a));
  b = settle(std::move(b));
  if (a.shape != b.shape)
    fail(fmt::format("it adds activations of the shapes {} and {}", shape_text(a.shape),
                     shape_text(b.shape)),
         "bring them to one shape (Resize, Reshape) first");
  std::ranges::move(b.terms, std::back_inserter(a.terms));
  std::ranges::move(b.folded, std::back_inserter(a.folded));
  a.offset = compressed(a.offset + b.offset);
  combine(a);
  // What an earlier pass made a sum of integers, such as the levels of a function that falls, stays one.
  const auto carries = [&](const Checkpoint& checkpoint) {
    return checkpoint.tensor == node_->outputs[0] && checkpoint.has_map;
  };
  if (std::ranges::any_of(from_.checkpoints(), carries))
    if (Tensor* whole = as_integer(a)) {
      a.terms = {{RealArray(Real(1)), whole, false}};
      a.offset = RealArray();
    }
  set_output(std::move(a));
}

Value Streamliner::without_offset(Value value) {
  Term& term = value.terms[0];
  const auto has_inverse = [](const Real& s) { return s.has_inverse(); };
  if (all_zero(value.offset) || !std::ranges::all_of(term.scale.values, has_inverse)) return value;
  const RealArray addend = value.offset * inverse_of(term.scale);
  if (!std::ranges::all_of(addend.values, is_integral)) return value;
  term = {term.scale, plus(term.tensor, addend), false};
  value.offset = RealArray();
  return value;
}

void Streamliner::plan_activation_product() {
  if (auto value = one_variable(input(0), input(1), true)) return set_output(*std::move(value));
  Value a = settled(0), b = settled(1);
  const Shape& shape = known_shape(*node_->outputs[0]);
  if (a.terms.size() > 1 || b.terms.size() > 1)
    fail("it multiplies a sum with several scales", "quantise its factors");
  if (a.shape.size() != b.shape.size() || (a.shape != shape && b.shape != shape))
    fail(fmt::format("it multiplies activations of the shapes {} and {}", shape_text(a.shape),
                     shape_text(b.shape)),
         "give one of them the output's shape and the other its rank");
  a = without_offset(std::move(a));
  b = without_offset(std::move(b));
  // (s A + o)(t B + p) = s t A B + s p A + t o B + o p.
  const Term &ta = a.terms[0], &tb = b.terms[0];
  Value out;
  out.shape = shape;
  out.terms.push_back({compressed(ta.scale * tb.scale), product(ta.tensor, tb.tensor), false});
  const auto add = [&](const Value& x, const RealArray& factor) {
    if (all_zero(factor)) return;
    if (x.shape != shape)
      fail("the factor that it stretches meets an offset that is no multiple of a scale",
           "quantise the other factor with a zero point");
    out.terms.push_back({compressed(x.terms[0].scale * factor), x.terms[0].tensor, false});
  };
  add(a, b.offset);
  add(b, a.offset);
  out.offset = compressed(a.offset * b.offset);
  out.folded = std::move(a.folded);
  std::ranges::move(b.folded, std::back_inserter(out.folded));
  combine(out);
  set_output(std::move(out));
}

void Streamliner::plan_scale() {
  const bool left = depends_on_input(*node_->inputs[0]),
             right = depends_on_input(*node_->inputs[1]);
  if (left && right) {
    if (node_->as<ops::Div>())
      fail("it divides two activations", "only their sums and products have an integer form");
    return plan_activation_product();
  }
  Value value = input(left ? 0 : 1);
  if (value.shape != known_shape(*node_->outputs[0]))
    fail("a constant factor stretches the tensor", "give the constant the tensor's shape");
  std::optional<RealArray> factor = exact_constant(*node_->inputs[left ? 1 : 0]);
  if (!factor) fail("one operand is neither constant nor an activation", "fold constants first");
  if (node_->as<ops::Div>()) {
    const bool invertible =
        left && std::ranges::all_of(factor->values, [](const Real& f) { return f.has_inverse(); });
    if (!invertible) fail("it divides by an activation or by 0", "multiply by a constant instead");
    factor = inverse_of(*factor);
  }
  const auto sign = [](const Real& f) { return f.sign(); };
  const auto [least, most] = std::ranges::minmax(factor->values, {}, sign);
  // A clamp keeps its direction or turns round, for all channels at once.
  if (!value.pools.empty() || (value.is_clamped() && least.sign() < 0 && most.sign() > 0))
    value = settle(std::move(value));
  scale_by(value, *factor);
  value.folded.push_back(node_->name);
  set_output(std::move(value));
}

namespace {

std::optional<RealArray> optional_bound(const Node& node, std::size_t index) {
  if (index >= node.inputs.size() || !node.inputs[index]) return {};
  return exact_constant(*node.inputs[index]);
}

}  // namespace

void Streamliner::plan_relu() {
  Value value = input(0);
  const bool positive =
      value.terms.size() == 1 && value.is_plain() && all_zero(value.offset) &&
      bounds(value.terms[0].tensor).min() >= 0 &&
      std::ranges::all_of(value.terms[0].scale.values, [](const Real& s) { return s.sign() >= 0; });
  if (!positive) clamp(value, RealArray(Real(0)), {});
  value.folded.push_back(node_->name);
  set_output(std::move(value));
}

void Streamliner::plan_clip() {
  Value value = input(0);
  auto lower = optional_bound(*node_, 1), upper = optional_bound(*node_, 2);
  // Integers that are within the bounds stay integers.
  if (value.terms.size() == 1 && value.is_plain() &&
      is_constant_array(value.terms[0].scale, Real(1)) && all_zero(value.offset)) {
    const Bounds& b = bounds(value.terms[0].tensor);
    if (lower && lower->values[0] <= Real(b.min())) lower.reset();
    if (upper && upper->values[0] >= Real(b.max())) upper.reset();
  }
  if (lower || upper) clamp(value, lower, upper);
  value.folded.push_back(node_->name);
  set_output(std::move(value));
}

void Streamliner::plan_dequantize(const ops::DequantizeLinear& op) {
  Value value = input(0);
  const auto along = [&](std::size_t index) {
    return along_axis(*exact_constant(*node_->inputs[index]), op.axis, value.shape.size());
  };
  if (node_->inputs.size() > 2 && node_->inputs[2]) shift_by(value, -along(2));
  scale_by(value, along(1));
  value.folded.push_back(node_->name);
  set_output(std::move(value));
}

bool Streamliner::plan_elementwise(const Node& node) {
  if (node.as<ops::Add>() || node.as<ops::Sub>()) {
    plan_add(node.as<ops::Sub>() != nullptr);
  } else if (node.as<ops::Mul>() || node.as<ops::Div>()) {
    plan_scale();
  } else if (node.as<ops::Identity>() || node.as<ops::DebugMarker>()) {
    set_output(input(0));
  } else if (node.as<ops::Relu>()) {
    plan_relu();
  } else if (node.as<ops::Clip>()) {
    plan_clip();
  } else if (const auto* function = node.as<ops::FunctionOp>()) {
    plan_function(*function);
  } else if (const auto* dequantize = node.as<ops::DequantizeLinear>()) {
    plan_dequantize(*dequantize);
  } else if (node.as<ops::Cast>()) {
    if (node.outputs[0]->container != Container::kFloat32 && !as_integer(input(0)))
      fail("it casts real numbers to integers", "quantise instead");
    set_output(input(0));
  } else {
    return false;
  }
  return true;
}

}  // namespace assay::streamline
