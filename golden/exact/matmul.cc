// SPDX-License-Identifier: Apache-2.0
// Products of matrices of which no factor is one constant matrix: every pair of terms is multiplied in
// integers.
#include <algorithm>
#include <utility>

#include "golden/exact/linear.h"
#include "golden/exact/real_array.h"

namespace assay::exact {
namespace {

/// A stack of products [M,K] x [K,N] -> [M,N] of row-major integers, by numpy's rules.
struct Stack {
  std::int64_t m = 1, k = 1, n = 1;
  std::vector<std::int64_t> first, second;  ///< which matrix of each factor makes a product
};

Stack stack_of(Shape a, Shape b) {
  if (a.size() == 1) a.insert(a.begin(), 1);
  if (b.size() == 1) b.push_back(1);
  const Shape outer_a(a.begin(), a.end() - 2), outer_b(b.begin(), b.end() - 2);
  const Shape outer = broadcast_shape(outer_a, outer_b);
  return {a[a.size() - 2], a.back(), b.back(), broadcast_places(outer_a, outer),
          broadcast_places(outer_b, outer)};
}

/// An operand's integers, or the result's.
struct Operand {
  SlotId slot;
  Storage storage;
  std::int64_t size;
};

class StackStep final : public Step {
 public:
  StackStep(Stack stack, const Operand& a, const Operand& b, const Operand& out)
      : stack_(std::move(stack)), a_(a), b_(b), out_(out) {}
  void run(Buffers& buffers) const override {
    const std::vector<std::int64_t> a = loaded(buffers, a_), b = loaded(buffers, b_);
    const std::int64_t size = stack_.m * stack_.n;
    for (std::size_t i = 0; i < stack_.first.size(); ++i) {
      const std::vector<std::int64_t> product =
          multiplied(a.data() + stack_.first[i] * stack_.m * stack_.k,
                     b.data() + stack_.second[i] * stack_.k * stack_.n);
      for (std::int64_t e = 0; e < size; ++e)
        store(out_.storage, buffers.data(out_.slot), static_cast<std::int64_t>(i) * size + e,
              product[static_cast<std::size_t>(e)]);
    }
  }
  std::string kernel() const override { return "multiply matrices"; }

 private:
  static std::vector<std::int64_t> loaded(const Buffers& buffers, const Operand& operand) {
    std::vector<std::int64_t> out;
    out.reserve(static_cast<std::size_t>(operand.size));
    for (std::int64_t i = 0; i < operand.size; ++i)
      out.push_back(load(operand.storage, buffers.read(operand.slot), i));
    return out;
  }
  std::vector<std::int64_t> multiplied(const std::int64_t* a, const std::int64_t* b) const {
    std::vector<std::int64_t> out(static_cast<std::size_t>(stack_.m * stack_.n));
    for (std::int64_t i = 0; i < stack_.m; ++i)
      for (std::int64_t k = 0; k < stack_.k; ++k)
        for (std::int64_t j = 0; j < stack_.n; ++j)
          out[static_cast<std::size_t>(i * stack_.n + j)] +=
              a[i * stack_.k + k] * b[k * stack_.n + j];
    return out;
  }

  Stack stack_;
  Operand a_, b_, out_;
};

/// What a factor is the sum of, each with one scale in all; the offset times ones is one of them.
std::vector<Value::Term> uniform_factor(Planner& planner, Value value) {
  if (!is_zero(value.offset)) {
    const std::vector<std::int64_t> ones(static_cast<std::size_t>(element_count(value.shape)), 1);
    const SlotId slot = planner.constant_slot(value.shape, ones);
    value.terms.push_back({std::move(value.offset), slot});
  }
  return planner.uniform_terms(value, 0);
}

/// No partial sum leaves it either.
IntRange range_of_sums(const Planner& planner, std::int64_t k, IntRange a, IntRange b) {
  IntRange range{0, 0};
  for (const std::int64_t p : {a.min, a.max})
    for (const std::int64_t q : {b.min, b.max}) {
      std::int64_t sum = 0;
      if (__builtin_mul_overflow(p, q, &sum) || __builtin_mul_overflow(sum, k, &sum))
        planner.fail("the sums of its integers exceed 63 bits; quantise its factors");
      range = hull(range, {sum, sum});
    }
  return range;
}

}  // namespace

Value product_of_stacks(Planner& planner, const Value& a, const Value& b) {
  const Shape& shape = planner.output_shape();
  const Stack stack = stack_of(a.shape, b.shape);
  const auto operand = [&](SlotId id) {
    return Operand{id, planner.slot(id).storage, planner.slot(id).size};
  };
  Value out{shape, {}, RealArray()};
  out.last = shape.size() >= 3;
  const std::vector<Value::Term> firsts = uniform_factor(planner, a),
                                 seconds = uniform_factor(planner, b);
  for (const Value::Term& x : firsts)
    for (const Value::Term& y : seconds) {
      const SlotId id = planner.add_slot(
          shape, range_of_sums(planner, stack.k, planner.range(x.slot), planner.range(y.slot)));
      planner.emit(
          std::make_unique<StackStep>(stack, operand(x.slot), operand(y.slot), operand(id)),
          {x.slot, y.slot}, {id});
      out.terms.push_back({multiply(x.scale, y.scale), id});
    }
  return out;
}

}  // namespace assay::exact
