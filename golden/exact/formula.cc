// SPDX-License-Identifier: Apache-2.0
// Functions of reals (exp, erf, tanh ...) and what is computed with their results.
#include "golden/exact/formula.h"

#include <mpfr.h>

#include <algorithm>
#include <functional>
#include <mutex>
#include <shared_mutex>
#include <string>

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include "golden/exact/function.h"

namespace assay::exact {
namespace {

using Ptr = Formula::Ptr;

// ---- Building

Value value_of(const Shape& shape, bool last, Formula formula) {
  Value out;
  out.shape = shape;
  out.last = last;
  out.formula = std::make_shared<const Formula>(std::move(formula));
  return out;
}

Ptr clipped(Ptr x, std::optional<Real> lo, std::optional<Real> hi) {
  Formula clip{
      .kind = Formula::Kind::kClip, .leaf = {}, .parts = {std::move(x)}, .lo = {}, .hi = {}};
  clip.lo = std::move(lo);
  clip.hi = std::move(hi);
  return std::make_shared<const Formula>(std::move(clip));
}

/// Any value as a formula.
Ptr formula_of(const Value& value) {
  if (value.formula) return value.formula;
  Formula leaf;
  leaf.leaf = value;
  leaf.leaf.relu = false;
  Ptr out = std::make_shared<const Formula>(std::move(leaf));
  return value.relu ? clipped(std::move(out), Real(0), {}) : out;
}

Ptr with_leaves(const Ptr& formula, const std::function<Value(const Value&)>& change) {
  Formula out = *formula;
  if (out.kind == Formula::Kind::kLeaf) out.leaf = change(out.leaf);
  for (Ptr& part : out.parts) part = with_leaves(part, change);
  return std::make_shared<const Formula>(std::move(out));
}

Ptr both(Formula::Kind kind, Ptr a, Ptr b) {
  Formula out;
  out.kind = kind;
  out.parts = {std::move(a), std::move(b)};
  return std::make_shared<const Formula>(std::move(out));
}

Ptr constant_formula(const Value& like, const RealArray& array) {
  Formula leaf;
  leaf.leaf.shape = like.shape;
  leaf.leaf.last = like.last;
  leaf.leaf.offset = array;
  return std::make_shared<const Formula>(std::move(leaf));
}

/// A value in the shape of the node's output, in the given order.
Ptr stretched(Planner& planner, const Value& value, const Shape& shape, bool last) {
  return with_leaves(formula_of(value), [&](const Value& leaf) {
    return planner.broadcast(leaf, shape, last && shape.size() >= 3);
  });
}

// ---- Evaluating

/// A pair of numbers around a real one.
struct Range {
  mpfr_t below, above;
  explicit Range(mpfr_prec_t bits) { mpfr_inits2(bits, below, above, mpfr_ptr(nullptr)); }
  ~Range() { mpfr_clears(below, above, mpfr_ptr(nullptr)); }
  Range(const Range&) = delete;
  Range& operator=(const Range&) = delete;
};

/// Either an exact number, or a range.
struct Known {
  std::optional<Real> exact;
  std::unique_ptr<Range> range;
};

std::unique_ptr<Range> bracket_of(const Real& value, mpfr_prec_t bits) {
  auto out = std::make_unique<Range>(bits);
  if (value.is_rational()) {
    const mpq_class q = value.rational();
    mpfr_set_q(out->below, q.get_mpq_t(), MPFR_RNDD);
    mpfr_set_q(out->above, q.get_mpq_t(), MPFR_RNDU);
    return out;
  }
  // floor(value * 2^k) / 2^k and the next one.
  mpz_class power(1);
  power <<= static_cast<mp_bitcnt_t>(bits);
  const mpz_class floor = (value * Real(mpq_class(power))).floor();
  const mpq_class lo(floor, power), hi(floor + 1, power);
  mpq_class lo_q = lo, hi_q = hi;
  lo_q.canonicalize();
  hi_q.canonicalize();
  mpfr_set_q(out->below, lo_q.get_mpq_t(), MPFR_RNDD);
  mpfr_set_q(out->above, hi_q.get_mpq_t(), MPFR_RNDU);
  return out;
}

/// The range of either form.
const Range& ranged(Known& known, mpfr_prec_t bits) {
  if (!known.range) known.range = bracket_of(*known.exact, bits);
  return *known.range;
}

void add_ranges(Range& out, const Range& a, const Range& b) {
  mpfr_add(out.below, a.below, b.below, MPFR_RNDD);
  mpfr_add(out.above, a.above, b.above, MPFR_RNDU);
}

void multiply_ranges(Range& out, const Range& a, const Range& b, mpfr_prec_t bits) {
  Range corner(bits);
  mpfr_set_inf(out.below, 1);
  mpfr_set_inf(out.above, -1);
  for (const auto* x : {&a.below, &a.above})
    for (const auto* y : {&b.below, &b.above}) {
      mpfr_mul(corner.below, *x, *y, MPFR_RNDD);
      mpfr_mul(corner.above, *x, *y, MPFR_RNDU);
      mpfr_min(out.below, out.below, corner.below, MPFR_RNDD);
      mpfr_max(out.above, out.above, corner.above, MPFR_RNDU);
    }
}

/// The value of a formula over the exact values of its leaves, taken in the order in which a walk
/// meets them.
class Evaluator {
 public:
  Evaluator(const std::vector<Real>& leaves, mpfr_prec_t bits) : leaves_(leaves), bits_(bits) {}
  Known operator()(const Formula& formula) {
    switch (formula.kind) {
      case Formula::Kind::kLeaf:
        return {leaves_[next_++], nullptr};
      case Formula::Kind::kClip:
        return clip(formula);
      case Formula::Kind::kFunction:
        return function(formula);
      case Formula::Kind::kSum:
      case Formula::Kind::kProduct:
        break;
    }
    return arithmetic(formula);
  }

 private:
  Known arithmetic(const Formula& formula) {
    Known a = (*this)(*formula.parts[0]), b = (*this)(*formula.parts[1]);
    const bool sum = formula.kind == Formula::Kind::kSum;
    if (a.exact && b.exact) return {sum ? *a.exact + *b.exact : *a.exact * *b.exact, nullptr};
    for (const Known* side : {&a, &b})
      if (!sum && side->exact && side->exact->is_zero()) return {Real(), nullptr};
    auto out = std::make_unique<Range>(bits_);
    if (sum)
      add_ranges(*out, ranged(a, bits_), ranged(b, bits_));
    else
      multiply_ranges(*out, ranged(a, bits_), ranged(b, bits_), bits_);
    return {{}, std::move(out)};
  }

  Known function(const Formula& formula) {
    Known x = (*this)(*formula.parts[0]);
    if (x.exact)
      if (auto value = algebraic_value(formula.function, *x.exact))
        return {std::move(value), nullptr};
    const Range& in = ranged(x, bits_);
    auto out = std::make_unique<Range>(bits_);
    apply_function(formula.function, out->below, in.below, MPFR_RNDD);
    apply_function(formula.function, out->above, in.above, MPFR_RNDU);
    if (!mpfr_number_p(out->below) || !mpfr_number_p(out->above))
      user_error("a root or a logarithm of a number for which it is not defined");
    return {{}, std::move(out)};
  }

  Known clip(const Formula& formula) {
    Known x = (*this)(*formula.parts[0]);
    if (x.exact) {
      if (formula.lo && *x.exact < *formula.lo) x.exact = formula.lo;
      if (formula.hi && *formula.hi < *x.exact) x.exact = formula.hi;
      x.range.reset();
      return x;
    }
    if (formula.lo) {
      const auto lo = bracket_of(*formula.lo, bits_);
      if (mpfr_cmp(x.range->above, lo->below) < 0) return {formula.lo, nullptr};
      mpfr_max(x.range->below, x.range->below, lo->below, MPFR_RNDD);
      mpfr_max(x.range->above, x.range->above, lo->above, MPFR_RNDU);
    }
    if (formula.hi) {
      const auto hi = bracket_of(*formula.hi, bits_);
      if (mpfr_cmp(x.range->below, hi->above) > 0) return {formula.hi, nullptr};
      mpfr_min(x.range->below, x.range->below, hi->below, MPFR_RNDD);
      mpfr_min(x.range->above, x.range->above, hi->above, MPFR_RNDU);
    }
    return x;
  }

  const std::vector<Real>& leaves_;
  mpfr_prec_t bits_;
  std::size_t next_ = 0;
};

Real real_of(const mpfr_t value) {
  mpq_class q;
  mpfr_get_q(q.get_mpq_t(), value);
  return Real(q);
}

std::int64_t decide_real(const Real& u, const Decision& decision) {
  if (decision.kind == Decision::Kind::kSign) return u.sign() >= 0 ? 1 : -1;
  if (decision.kind == Decision::Kind::kTernarySign) return u.sign();
  const mpz_class lo = static_cast<long>(decision.lo), hi = static_cast<long>(decision.hi);
  const mpz_class level = round_exactly(u, decision.mode) + static_cast<long>(decision.post);
  return mpz_class(std::min(std::max(level, lo), hi)).get_si();
}

/// Decides a formula element by element. What is decided once is kept: the same integers in front of
/// the same parameters give the same level.
class FormulaStep final : public Step {
 public:
  FormulaStep(const Planner& planner, Ptr formula, const Decision& decision, SlotId out,
              const Value& like)
      : node_(planner.node().label()),
        formula_(std::move(formula)),
        decision_(decision),
        out_(out),
        storage_(planner.slot(out).storage),
        size_(element_count(like.shape)) {
    collect(planner, *formula_);
  }

  void run(Buffers& buffers) const override {
    const auto body = [&](std::int64_t first, std::int64_t last) {
      for (std::int64_t e = first; e < last; ++e)
        store(storage_, buffers.data(out_), e, decided(buffers, e));
    };
    constexpr std::size_t kGrain = 1024;
    if (buffers.parallel)
      tbb::this_task_arena::isolate([&] {
        tbb::parallel_for(tbb::blocked_range<std::int64_t>(0, size_, kGrain),
                          [&](const auto& part) { body(part.begin(), part.end()); });
      });
    else
      body(0, size_);
  }
  std::string kernel() const override { return "function"; }

 private:
  struct Leaf {
    Sum sum;
    std::vector<std::pair<SlotId, Storage>> slots;
    /// Elements so far apart have the same scales and offset: 1 where all have, the number of lanes
    /// where they vary from lane to lane, else the number of elements.
    std::int64_t period = 1;
  };

  void collect(const Planner& planner, const Formula& formula) {
    for (const Ptr& part : formula.parts) collect(planner, *part);
    if (formula.kind != Formula::Kind::kLeaf) return;
    const Value& v = formula.leaf;
    Leaf leaf{Sum(planner, v.shape, v.terms, v.offset, v.last), {}};
    const auto note = [&](const RealArray& array) {
      if (array.is_scalar()) return;
      const bool lanes = varies_only_along(array, v.shape, lane_axis(v.shape, v.last));
      leaf.period = std::max(leaf.period, lanes ? lane_count(v.shape, v.last) : size_);
    };
    note(v.offset);
    for (const Value::Term& term : v.terms) {
      note(term.scale);
      leaf.slots.emplace_back(term.slot, planner.slot(term.slot).storage);
    }
    leaves_.push_back(std::move(leaf));
  }

  std::int64_t decided(const Buffers& buffers, std::int64_t e) const {
    std::string key;
    const auto note = [&](std::int64_t number) {
      key.append(reinterpret_cast<const char*>(&number), sizeof(number));
    };
    for (const Leaf& leaf : leaves_) {
      note(e % leaf.period);
      for (const auto& [slot, storage] : leaf.slots) note(load(storage, buffers.read(slot), e));
    }
    {
      const std::shared_lock lock(mutex_);
      if (const auto it = known_.find(key); it != known_.end()) return it->second;
    }
    std::vector<Real> values;
    for (const Leaf& leaf : leaves_) values.push_back(leaf.sum.exact(buffers, e));
    const std::int64_t level = decide(values);
    const std::unique_lock lock(mutex_);
    if (known_.size() < kMostKnown) known_.emplace(std::move(key), level);
    return level;
  }

  std::int64_t decide(const std::vector<Real>& values) const {
    constexpr mpfr_prec_t kFirst = 96, kLast = 1 << 13;
    for (mpfr_prec_t bits = kFirst; bits <= kLast; bits *= 2) {
      const Known u = Evaluator(values, bits)(*formula_);
      if (u.exact) return decide_real(*u.exact, decision_);
      const std::int64_t below = decide_real(real_of(u.range->below), decision_),
                         above = decide_real(real_of(u.range->above), decision_);
      if (below == above) return below;
    }
    user_error("{}: its rounding stays open with {} bits; change the quantiser's scale", node_,
               kLast);
  }

  static constexpr std::size_t kMostKnown = 1 << 20;
  std::string node_;
  Ptr formula_;
  Decision decision_;
  SlotId out_;
  Storage storage_;
  std::int64_t size_;
  std::vector<Leaf> leaves_;
  mutable std::shared_mutex mutex_;
  mutable std::unordered_map<std::string, std::int64_t> known_;
};

// ---- Planning

void reads_of(const Formula& formula, std::vector<SlotId>& reads) {
  for (const Value::Term& term : formula.leaf.terms) reads.push_back(term.slot);
  for (const Ptr& part : formula.parts) reads_of(*part, reads);
}

void plan_binary(Planner& planner, Formula::Kind kind, bool negated) {
  const Value a = planner.any_value(0), b = planner.any_value(1);
  const Shape& shape = planner.output_shape();
  const bool last = a.formula ? a.last : b.last;
  Ptr second = stretched(planner, b, shape, last);
  if (negated) {
    Value like;
    like.shape = shape;
    like.last = last;
    second = both(Formula::Kind::kProduct, std::move(second),
                  constant_formula(like, RealArray(Real(-1))));
  }
  planner.set_output(
      value_of(shape, last, *both(kind, stretched(planner, a, shape, last), std::move(second))));
}

void plan_division(Planner& planner) {
  const Value x = planner.any_value(0);
  const RealArray factor = inverse_divisor(planner);
  const Shape& shape = planner.output_shape();
  Value like;
  like.shape = shape;
  like.last = x.last;
  planner.set_output(value_of(shape, x.last,
                              *both(Formula::Kind::kProduct, stretched(planner, x, shape, x.last),
                                    constant_formula(like, factor))));
}

/// Whether it is functions and clips, all of which rise, of one sum.
bool only_rises(const Formula& formula) {
  if (formula.kind == Formula::Kind::kLeaf) return true;
  const bool one = formula.kind == Formula::Kind::kFunction || formula.kind == Formula::Kind::kClip;
  return one && only_rises(*formula.parts[0]);
}

/// max(f(x)) = f(max(x)).
void plan_pooled_formula(Planner& planner, const ops::MaxPool& pool) {
  const Value x = planner.any_value(0);
  if (!only_rises(*x.formula))
    planner.fail("its input is a function that may fall; quantise it in front of the pool");
  const Shape& shape = planner.output_shape();
  planner.set_output(value_of(shape, false, *with_leaves(x.formula, [&](const Value& leaf) {
                                return max_pool(planner, planner.ordered(leaf, false), shape,
                                                pool.window);
                              })));
}

void plan_moved_formula(Planner& planner, const Node& node) {
  const auto map = index_map(node);
  if (!map || map->inputs.size() != 1 || node.as<ops::Pad>())
    planner.fail(
        "its input is the real result of a function (exp, tanh, ...) that no quantiser has taken; "
        "quantise it in front");
  const Value x = planner.any_value(0);
  const bool last = wants_last(node.outputs[0]->layout, x.last) && map->shape.size() >= 3;
  planner.set_output(value_of(map->shape, last, *with_leaves(x.formula, [&](const Value& leaf) {
                                return planner.gather({leaf}, map->source, map->shape, Real(),
                                                      last);
                              })));
}

}  // namespace

Value ordered_formula(Planner& planner, const Value& value, bool last) {
  return value_of(value.shape, last, *with_leaves(value.formula, [&](const Value& leaf) {
                    return planner.ordered(leaf, last);
                  }));
}

SlotId emit_formula_decision(Planner& planner, const Value& x, const RealArray& factor,
                             const RealArray& b, const Decision& decision) {
  const Ptr u = both(Formula::Kind::kSum,
                     both(Formula::Kind::kProduct, x.formula, constant_formula(x, factor)),
                     constant_formula(x, b));
  const SlotId out = planner.add_slot(x.shape, {decision.lo, decision.hi});
  std::vector<SlotId> reads;
  reads_of(*u, reads);
  planner.emit(std::make_unique<FormulaStep>(planner, u, decision, out, x), reads, {out});
  return out;
}

bool plan_function(Planner& planner, const Node& node) {
  const auto* function = node.as<ops::FunctionOp>();
  const auto is_formula = [&](std::size_t i) {
    return planner.has_input(i) && !node.inputs[i]->constant && planner.any_value(i).formula;
  };
  bool any = function != nullptr;
  for (std::size_t i = 0; i < node.inputs.size() && !any; ++i) any = is_formula(i);
  if (!any || node.as<ops::Quant>() || node.as<ops::BipolarQuant>() ||
      node.as<ops::QuantizeLinear>())
    return false;
  if (node.as<ops::Add>() || node.as<ops::Sub>()) {
    plan_binary(planner, Formula::Kind::kSum, node.as<ops::Sub>() != nullptr);
  } else if (node.as<ops::Mul>()) {
    plan_binary(planner, Formula::Kind::kProduct, false);
  } else if (node.as<ops::Div>() && !is_formula(1)) {
    plan_division(planner);
  } else if (function || node.as<ops::Relu>() || node.as<ops::Clip>()) {
    const Value x = planner.any_value(0);
    Formula out{
        .kind = Formula::Kind::kFunction, .leaf = {}, .parts = {formula_of(x)}, .lo = {}, .hi = {}};
    if (function) {
      out.function = function->function();
    } else {
      out.kind = Formula::Kind::kClip;
      out.lo = node.as<ops::Relu>() ? Real(0) : clip_bound(planner, 1);
      if (!node.as<ops::Relu>()) out.hi = clip_bound(planner, 2);
    }
    planner.set_output(value_of(x.shape, x.last, std::move(out)));
  } else if (const auto* pool = node.as<ops::MaxPool>()) {
    plan_pooled_formula(planner, *pool);
  } else {
    plan_moved_formula(planner, node);
  }
  return true;
}

}  // namespace assay::exact
