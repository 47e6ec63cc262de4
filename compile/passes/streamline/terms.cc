// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/streamline/terms.h"

#include <fmt/format.h>

#include <algorithm>

#include "compile/base/error.h"
#include "compile/passes/rewrite/rewrite.h"
#include "compile/passes/thresholds/threshold_solver.h"

namespace assay::streamline {
namespace {

constexpr std::size_t kMaxClasses = 64;  ///< different scales that one product takes apart

constexpr long kMaxRatio = 1 << 10;

}  // namespace

void combine(Planner& planner, Value& value) {
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
      it->tensor = planner.to.sum(it->tensor, term.tensor);
    it->exclusive = false;
  }
  // Nothing is worth keeping of a term without factor, as long as one term stays.
  for (std::size_t i = out.size(); i-- > 0 && out.size() > 1;)
    if (all_zero(out[i].scale)) out.erase(out.begin() + static_cast<std::ptrdiff_t>(i));
  value.terms = std::move(out);
}

Tensor* as_integer(Planner& planner, const Value& value) {
  if (!value.is_plain()) return nullptr;
  if (!all_integral(value.offset) ||
      !std::ranges::all_of(value.terms, [](const Term& t) { return all_integral(t.scale); }))
    return nullptr;
  Tensor* total = nullptr;
  for (const Term& term : value.terms) {
    Tensor* part = planner.to.times(term.tensor, term.scale);
    total = total ? planner.to.sum(total, part) : part;
  }
  return planner.to.plus(total, value.offset);
}

namespace {

void add_ramp(Planner& planner, Value& out, const Value& value, const RealArray& at,
              const RealArray& sign) {
  const Term& term = value.terms[0];
  Shape shape = broadcast_shape(broadcast_shape(term.scale.shape, value.offset.shape), at.shape);
  const Bounds range = hull_over(planner.to.bounds(term.tensor), value.shape, shape);
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
  Tensor* above = planner.to.plus(term.tensor, -last);
  const Bounds& b = planner.to.bounds(above);
  Bounds positive = b;
  for (auto* side : {&positive.lo, &positive.hi})
    for (std::int64_t& v : *side) v = std::max<std::int64_t>(v, 0);
  above = planner.to.add_node(std::make_unique<ops::Relu>(), {above}, value.shape, positive);
  out.terms.push_back({term.scale * sign, above, false});
  if (all_zero(jump)) return;
  const RealArray first = map_array(last, [](const Real& v) { return v + Real(1); });
  out.terms.push_back({jump * sign, planner.to.indicator(source, compressed(first)), false});
}

}  // namespace

Value settle(Planner& planner, Value value) {
  if (!value.pools.empty())
    planner.fail(
        "a max pool of a sum with several scales reaches it without a quantiser in between",
        "quantise the sum or the pool's output");
  if (value.curve)
    planner.fail("a function of one variable reaches it without a quantiser in between",
                 "quantise the function's output");
  if (!value.among.empty())
    planner.fail(
        "a Max or Min of activations with different scales, or a sum that holds a Relu of several, "
        "reaches it without a quantiser in between",
        "quantise the result of the Max, Min or sum, or give their operands one scale, or scales "
        "with a small ratio");
  if (!value.is_clamped()) return value;
  if (value.terms.size() > 1) take_equal_ratios(planner, value);
  if (value.terms.size() > 1)
    planner.fail(
        "a Relu or Clip of a sum with several scales reaches it without a quantiser in between",
        "use a quantised activation (QuantReLU) there");
  make_positive(planner, value.terms[0], value.shape);
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
    add_ramp(planner, out, value, *value.lower, RealArray(Real(1)));
  } else {
    out.terms = value.terms;
    out.offset = value.offset;
  }
  if (value.upper) add_ramp(planner, out, value, *value.upper, RealArray(Real(-1)));
  combine(planner, out);
  return out;
}

Value sum_of(Planner& planner, Value a, Value b) {
  const Shape shape = broadcast_shape(a.shape, b.shape);
  a = stretched(planner, std::move(a), shape);
  b = stretched(planner, std::move(b), shape);
  std::ranges::move(b.terms, std::back_inserter(a.terms));
  std::ranges::move(b.folded, std::back_inserter(a.folded));
  a.offset = compressed(a.offset + b.offset);
  combine(planner, a);
  return a;
}

Value stretched(Planner& planner, Value value, const Shape& shape) {
  if (value.shape == shape) return value;
  for (Value& one : value.among) one = stretched(planner, std::move(one), shape);
  if (!value.pools.empty()) value = settle(planner, std::move(value));
  // Scales, offsets and bounds broadcast as they are.
  for (Term& term : value.terms)
    term = {term.scale, planner.to.stretched(term.tensor, shape), false};
  value.shape = shape;
  return value;
}

Tensor* apply_pools(Planner& planner, Tensor* tensor, const Value& value) {
  for (const Value::Pool& pool : value.pools) {
    // A pool mixes positions, not channels.
    Shape to(pool.shape.size(), 1);
    to[1] = pool.shape[1];
    tensor = planner.to.add_node(pool.op->clone(), {tensor}, pool.shape,
                                 hull_over(planner.to.bounds(tensor), *tensor->shape, to));
  }
  return tensor;
}

namespace {

bool negate_weights(Planner& planner, Tensor* product, const RealArray& sign) {
  Node* node = product->producer;
  if (!node) return false;
  const Shape& shape = *product->shape;
  const bool matrix = node->as<ops::MatMul>() != nullptr;
  if (!matrix && !node->as<ops::Conv>()) return false;
  const std::size_t axis = matrix ? shape.size() - 1 : 1;
  for (std::size_t i = 0; i < shape.size(); ++i)
    if (i != axis && varies_along(sign, i, shape.size())) return false;
  const Tensor* old = node->inputs[1];
  const Constant& weights = *old->constant;
  std::vector<std::int64_t> signs;
  Shape channels(shape.size(), 1);
  channels[axis] = shape[axis];
  for (const std::int64_t i : broadcast_index(sign.shape, channels))
    signs.push_back(sign.values[static_cast<std::size_t>(i)].sign());
  const std::int64_t inner =
      matrix ? 1 : weights.size() / std::max<std::int64_t>(weights.shape()[0], 1);
  std::vector<std::int64_t> values;
  values.reserve(static_cast<std::size_t>(weights.size()));
  for (std::int64_t i = 0; i < weights.size(); ++i) {
    const std::int64_t w =
        weights.is_int() ? weights.ints()[static_cast<std::size_t>(i)]
                         : static_cast<std::int64_t>(weights.floats()[static_cast<std::size_t>(i)]);
    values.push_back(w * signs[static_cast<std::size_t>(i / inner % shape[axis])]);
  }
  Tensor* negated = planner.to.integers(old->name, weights.shape(), values);
  if (planner.limits.declared_weights &&
      std::ranges::all_of(values, [&](std::int64_t v) { return old->dtype.allows(v); }))
    negated->dtype = old->dtype;
  planner.to.graph.set_input(node, 1, negated);
  const Bounds before = hull_over(planner.to.bounds(product), shape, channels);
  Bounds range = before;
  for (std::size_t c = 0; c < signs.size(); ++c)
    if (signs[c] < 0) {
      range.lo[c] = -before.hi[c];
      range.hi[c] = -before.lo[c];
    }
  product->dtype = DataType::smallest_for(range.min(), range.max());
  planner.to.set_bounds(product, std::move(range));
  return true;
}

}  // namespace

void make_positive(Planner& planner, Term& term, const Shape& shape) {
  const RealArray sign =
      compressed(map_array(term.scale, [](const Real& s) { return Real(s.sign() < 0 ? -1 : 1); }));
  if (is_constant_array(sign, Real(1))) return;
  ASSAY_INVARIANT(*term.tensor->shape == shape, "a term has another shape than its value");
  if (!term.exclusive || !negate_weights(planner, term.tensor, sign)) {
    term.tensor = planner.to.times(term.tensor, sign);
    term.exclusive = false;
  }
  term.scale = term.scale * sign;
}

/// Terms whose scales are small multiples of one another become one integer sum.
void take_equal_ratios(Planner& planner, Value& value) {
  const auto small = [](const Real& r) {
    return r.is_rational() && abs(r.rational().get_num()) <= kMaxRatio &&
           r.rational().get_den() <= kMaxRatio;
  };
  for (std::size_t i = 0; i < value.terms.size(); ++i) {
    if (!std::ranges::all_of(value.terms[i].scale.values,
                             [](const Real& s) { return s.has_inverse(); }))
      continue;
    for (std::size_t j = value.terms.size(); j-- > i + 1;) {
      const RealArray ratio = compressed(value.terms[j].scale * inverse_of(value.terms[i].scale));
      if (!std::ranges::all_of(ratio.values, small)) continue;
      const RealArray down = map_array(ratio, [](const Real& r) {
        return Real(mpq_class(r.is_zero() ? mpz_class(1) : mpz_class(r.rational().get_den())));
      });
      const RealArray up = compressed(ratio * down);
      Term& kept = value.terms[i];
      kept.tensor = planner.to.sum(planner.to.times(kept.tensor, compressed(down)),
                                   planner.to.times(value.terms[j].tensor, up));
      kept.scale = compressed(kept.scale * inverse_of(down));
      kept.exclusive = false;
      value.terms.erase(value.terms.begin() + static_cast<std::ptrdiff_t>(j));
    }
  }
}

/// A term for each different scale: the integers that have it, the others 0. At least one term.
std::vector<Term> masked_terms(Planner& planner, const Term& term) {
  std::vector<Real> classes;
  for (const Real& scale : term.scale.values) {
    if (std::ranges::find(classes, scale) == classes.end()) classes.push_back(scale);
    if (classes.size() > kMaxClasses)
      planner.fail(fmt::format("its input has more than {} different scales", kMaxClasses),
                   "quantise its input with one scale");
  }
  const RealArray scales = with_rank(term.scale, term.tensor->shape->size());
  std::vector<Term> out;
  for (const Real& scale : classes) {
    if (scale.is_zero()) continue;
    const RealArray mask =
        map_array(scales, [&](const Real& s) { return Real(s == scale ? 1 : 0); });
    out.push_back({RealArray(scale), planner.to.times(term.tensor, mask), false});
  }
  if (out.empty()) out.push_back({RealArray(Real(0)), term.tensor, false});
  return out;
}

}  // namespace assay::streamline
