// SPDX-License-Identifier: Apache-2.0
// The end of the network: logits with their meaning, labels by integers of the same order.
#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "compile/passes/rewrite/rewrite.h"
#include "compile/passes/streamline/common_unit.h"
#include "compile/passes/streamline/outputs.h"
#include "compile/passes/streamline/terms.h"
#include "compile/passes/thresholds/order_solver.h"

namespace assay::streamline {
namespace {

bool fits(const std::vector<mpz_class>& numbers) {
  return std::ranges::all_of(
      numbers, [](const mpz_class& n) { return mpz_sizeinbase(n.get_mpz_t(), 2) <= 61; });
}

/// An array of integers as reals.
RealArray integer_array(const Shape& shape, const std::vector<mpz_class>& values) {
  RealArray out;
  out.shape = shape;
  out.values.clear();
  for (const mpz_class& value : values) out.values.emplace_back(mpq_class(value));
  return compressed(out);
}

}  // namespace

/// One integer tensor for a real output: several terms over a common unit per element.
Value integer_output(Planner& planner, const Value& real, const std::string& name) {
  Value value = settle(planner, real);
  if (value.terms.size() == 1) return value;
  take_equal_ratios(planner, value);
  if (value.terms.size() == 1) return value;
  Shape rows(value.shape.size(), 1);
  for (const Term& term : value.terms) rows = broadcast_shape(rows, term.scale.shape);
  std::vector<std::vector<std::int64_t>> index;
  for (const Term& term : value.terms) index.push_back(broadcast_index(term.scale.shape, rows));
  std::vector<std::vector<mpz_class>> factors(value.terms.size());
  RealArray unit;
  unit.shape = rows;
  unit.values.clear();
  for (std::size_t r = 0; r < index[0].size(); ++r) {
    std::vector<Real> scales;
    for (std::size_t k = 0; k < value.terms.size(); ++k)
      scales.push_back(value.terms[k].scale.values[static_cast<std::size_t>(index[k][r])]);
    const auto common = common_unit(scales);
    if (!common || !fits(common->multiples))
      planner.fail(
          fmt::format("output '{}' sums tensors whose scales have no common unit of 62 bits",
                      printable(name)),
          "quantise the output or the branches in front of the sum");
    unit.values.push_back(common->unit);
    for (std::size_t k = 0; k < scales.size(); ++k) factors[k].push_back(common->multiples[k]);
  }
  Tensor* total = nullptr;
  for (std::size_t k = 0; k < value.terms.size(); ++k) {
    Tensor* part = planner.to.times(value.terms[k].tensor, integer_array(rows, factors[k]));
    total = total ? planner.to.sum(total, part) : part;
  }
  planner.report.remarks.push_back(
      {planner.node().name, fmt::format("output '{}': {} scales over a common unit",
                                        printable(name), value.terms.size())});
  value.terms = {{compressed(unit), total, false}};
  return value;
}

namespace {

/// Where the factor is 0 the integers become 0 instead, and the factor that of another place.
void drop_unscaled(Planner& planner, Term& term) {
  const auto is_zero = [](const Real& s) { return s.is_zero(); };
  const std::vector<Real>& scales = term.scale.values;
  if (std::ranges::none_of(scales, is_zero)) return;
  const auto other = std::ranges::find_if_not(scales, is_zero);
  const Real factor = other == scales.end() ? Real(1) : *other;
  const RealArray kept =
      map_array(term.scale, [&](const Real& s) { return Real(is_zero(s) ? 0 : 1); });
  term = {map_array(term.scale, [&](const Real& s) { return is_zero(s) ? factor : s; }),
          planner.to.times(term.tensor, kept), false};
}

}  // namespace

Value ordered_output(Planner& planner, const Value& real, const std::string& name) {
  Value value = integer_output(planner, real, name);
  drop_unscaled(planner, value.terms[0]);
  make_positive(planner, value.terms[0], value.shape);
  return value;
}

namespace {

/// Irrational ratios have no common unit: integers that are shown to keep the order.
Tensor* ranked_by_search(Planner& planner, Tensor* x, const Shape& rows,
                         const std::vector<Real>& scales, const std::vector<Real>& offsets) {
  const Bounds range = hull_over(planner.to.bounds(x), *x->shape, rows);
  std::vector<RankedClass> classes;
  for (std::size_t c = 0; c < scales.size(); ++c)
    classes.push_back({scales[c], offsets[c], range.lo[c], range.hi[c]});
  constexpr int kBudget = 48;
  const auto form = solve_order(classes, kBudget);
  if (!form)
    planner.fail(
        "the scales of the classes have no common unit, and no integers of 60 bits keep their "
        "order",
        "use one weight scale for the last layer, or end the network at its logits");
  planner.report.remarks.push_back(
      {planner.node().name,
       fmt::format("{} classes ranked by integers with {} fraction bits; every pair of classes was "
                   "checked for every accumulator",
                   classes.size(), form->fraction_bits)});
  const auto array = [&](const std::vector<std::int64_t>& values) {
    return compressed(RealArray(rows, {values.begin(), values.end()}));
  };
  return planner.to.plus(planner.to.times(x, array(form->factors)), array(form->addends));
}

/// Integers in the same order as the reals, for every value that the integers can take: with scales
/// M_c * u over a common unit u, real_c / u = M_c * T_c + I_c + r_c with integers I_c and fractions
/// r_c in [0, 1). The order of two classes is that of the integer parts and, where those are equal,
/// of the fractions: so ranks of the fractions may stand for them.
Tensor* ranked(Planner& planner, const Value& value, const Shape& rows) {
  const Term& term = value.terms[0];
  std::vector<Real> scales, offsets;
  for (const std::int64_t i : broadcast_index(term.scale.shape, rows))
    scales.push_back(term.scale.values[static_cast<std::size_t>(i)]);
  for (const std::int64_t i : broadcast_index(value.offset.shape, rows))
    offsets.push_back(value.offset.values[static_cast<std::size_t>(i)]);
  const auto common = common_unit(scales);
  if (!common || !common->unit.has_inverse() || !fits(common->multiples))
    return ranked_by_search(planner, term.tensor, rows, scales, offsets);
  const Real per_unit = common->unit.inverse();
  std::vector<mpz_class> whole;
  std::vector<Real> fractions;
  for (const Real& offset : offsets) {
    const Real ratio = offset * per_unit;
    whole.push_back(ratio.floor());
    fractions.push_back(ratio - Real(mpq_class(whole.back())));
  }
  std::vector<Real> order = fractions;
  std::ranges::sort(order, [](const Real& a, const Real& b) { return a < b; });
  const auto last = std::unique(order.begin(), order.end());
  order.erase(last, order.end());
  const int bits = std::bit_width(order.size() - 1);
  const mpz_class least = *std::min_element(whole.begin(), whole.end());
  std::vector<mpz_class> factors = common->multiples, addends;
  for (std::size_t c = 0; c < whole.size(); ++c) {
    const auto rank = std::ranges::find(order, fractions[c]) - order.begin();
    factors[c] <<= static_cast<mp_bitcnt_t>(bits);
    addends.push_back(((whole[c] - least) << static_cast<mp_bitcnt_t>(bits)) +
                      static_cast<long>(rank));
  }
  if (!fits(factors) || !fits(addends))
    planner.fail("the scales and offsets of the classes need more than 62 bits over a common unit",
                 "use one weight scale for the last layer");
  planner.report.remarks.push_back(
      {planner.node().name,
       fmt::format("{} classes ranked by integers: {} distinct offsets, {} fraction "
                   "bits; the order is that of the reals for every accumulator",
                   whole.size(), order.size(), bits)});
  return planner.to.plus(planner.to.times(term.tensor, integer_array(rows, factors)),
                         integer_array(rows, addends));
}

void plan_labels(Planner& planner, const Node& node) {
  const Tensor* old = node.inputs[0];
  for (std::size_t i = 2; i < node.outputs.size(); ++i)
    ASSAY_INVARIANT(!node.outputs[i], "TopK has two outputs");
  const Tensor* values = node.outputs[0];
  if (values && (!values->consumers.empty() || planner.from.is_output(values)))
    planner.fail("the values of TopK are used", "use its indices only");
  if (!node.outputs[1]) return;
  Tensor* x = nullptr;
  if (planner.depth != Depth::kTail) {
    x = real_tensor(planner, old);
  } else {
    Value value = integer_output(planner, planner.value_of(old), old->name);
    const Shape rows = [&] {
      Shape shape(value.shape.size(), 1);
      for (const RealArray* a : {&value.terms[0].scale, &value.offset})
        shape = broadcast_shape(shape, a->shape);
      return shape;
    }();
    x = ranked(planner, value, rows);
    planner.set(old, std::move(value));
  }
  Tensor* largest = planner.to.graph.add_tensor(values ? values->name : node.name + "_values");
  Tensor* indices = planner.to.graph.add_tensor(node.outputs[1]->name);
  planner.to.graph.add_node(node.op->clone(), {x, planner.copy_constant(*node.inputs[1])},
                            {largest, indices}, node.name);
  largest->dtype = x->dtype;
  largest->shape = node.outputs[1]->shape;
  indices->container = Container::kInt64;
  indices->dtype = node.outputs[1]->dtype;
  indices->shape = node.outputs[1]->shape;
  planner.set_copy(node.outputs[1], indices);
}

}  // namespace

bool plan_top_k(Planner& planner, const Node& node) {
  if (!node.as<ops::TopK>()) return false;
  plan_labels(planner, node);
  return true;
}

}  // namespace assay::streamline
