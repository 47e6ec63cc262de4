// SPDX-License-Identifier: Apache-2.0
// Functions of one variable in front of a quantiser: together they are steps of one integer.
#include <fmt/ranges.h>
#include <tbb/parallel_for.h>

#include <algorithm>

#include "compile/base/error.h"
#include "compile/passes/rewrite/rewrite.h"
#include "compile/passes/streamline/planner.h"
#include "compile/passes/streamline/quantise.h"
#include "compile/passes/streamline/rows.h"
#include "compile/passes/streamline/terms.h"
#include "compile/passes/thresholds/threshold_solver.h"

namespace assay::streamline {
namespace {

Value as_curve(Planner& planner, Value value) {
  if (value.curve) return value;
  if (!value.among.empty()) value = settle(planner, std::move(value));
  if (value.terms.size() > 1) take_equal_ratios(planner, value);
  if (value.terms.size() > 1)
    planner.fail("a function of a sum with several scales", "quantise the sum in front of it");
  if (!value.pools.empty())
    planner.fail("a max pool in front of a function, without a quantiser in between",
                 "quantise in front of the pool");
  Term& term = value.terms[0];
  value.curve = Curve::line(term.scale, value.offset);
  if (value.is_clamped()) value.curve = Curve::clamp(value.curve, value.lower, value.upper);
  value.lower.reset();
  value.upper.reset();
  value.offset = RealArray();
  term = {RealArray(Real(1)), term.tensor, false};
  return value;
}

}  // namespace

std::optional<Value> one_variable(Planner& planner, const Value& a, const Value& b, bool product) {
  const bool same = a.terms.size() == 1 && b.terms.size() == 1 &&
                    a.terms[0].tensor == b.terms[0].tensor && a.shape == b.shape &&
                    a.pools.empty() && b.pools.empty();
  if (!same || !(product || a.curve || b.curve || a.is_clamped() || b.is_clamped())) return {};
  Value x = as_curve(planner, a), y = as_curve(planner, b);
  x.curve = product ? Curve::product(x.curve, y.curve) : Curve::sum(x.curve, y.curve);
  std::ranges::move(y.folded, std::back_inserter(x.folded));
  return x;
}

bool plan_function(Planner& planner, const Node& node) {
  const auto* op = node.as<ops::FunctionOp>();
  if (!op) return false;
  Value value = as_curve(planner, planner.input(0));
  if (!value.pools.empty())
    planner.fail("a max pool between two functions", "quantise in front of the pool");
  value.curve = Curve::function(op->function(), value.curve);
  value.folded.push_back(node.name);
  planner.set_output(std::move(value));
  return true;
}

namespace {

/// A curve where its parameters are those of a row.
Curve::Ptr row_of(const Curve& curve, const Shape& rows, std::size_t row) {
  return curve.mapped([&](const RealArray& array) {
    const auto index = broadcast_index(array.shape, rows);
    return RealArray(array.values[static_cast<std::size_t>(index[row])]);
  });
}

/// One row of thresholds per row of steps; a row with fewer than the others ends in `max` + 1.
std::vector<ThresholdRow> as_thresholds(const std::vector<CurveSteps>& steps, const Rows& rows,
                                        bool ups, std::int64_t count) {
  std::vector<ThresholdRow> out(steps.size());
  for (std::size_t r = 0; r < steps.size(); ++r) {
    auto& row = out[r].thresholds;
    if (ups) row.assign(static_cast<std::size_t>(steps[r].first), rows.ranges[0].lo[r]);
    const auto& moves = ups ? steps[r].ups : steps[r].downs;
    row.insert(row.end(), moves.begin(), moves.end());
    row.resize(static_cast<std::size_t>(count), rows.ranges[0].hi[r] + 1);
  }
  return out;
}

/// Zeros of the shape in which a curve's parameters vary.
RealArray curve_rows(const Curve& curve, std::size_t rank) {
  RealArray out;
  out.shape = curve.shape(rank);
  out.values.assign(static_cast<std::size_t>(element_count(out.shape)), Real());
  return out;
}

std::vector<CurveSteps> solve_curve(Planner& planner, const Curve& curve, const Rows& rows) {
  std::vector<CurveSteps> out(rows.count());
  try {
    tbb::parallel_for(std::size_t{0}, rows.count(), [&](std::size_t r) {
      out[r] = steps_of(*row_of(curve, rows.shape, r), rows.steps[r].decided, rows.ranges[0].lo[r],
                        rows.ranges[0].hi[r]);
    });
  } catch (const UserError& error) {
    user_error("{}: {}", planner.node().label(), error.what());
  }
  return out;
}

/// level = #{ups reached} - #{downs reached}, each of them thresholds of its own.
void emit_rise_and_fall(Planner& planner, const Value& value, const StepFunction& f,
                        const Rows& rows, const std::vector<ThresholdRow>& ups,
                        const std::vector<ThresholdRow>& downs) {
  Tensor* x = value.terms[0].tensor;
  const auto side = [&](const std::vector<ThresholdRow>& from, std::int64_t bias) {
    const std::int64_t count = std::ssize(from[0].thresholds);
    Levels levels;
    levels.bias = bias;
    levels.type = DataType::smallest_for(bias, bias + count);
    levels.range = Bounds::of(bias, bias + count);
    std::vector<std::int64_t> thresholds;
    for (const ThresholdRow& row : from)
      thresholds.insert(thresholds.end(), row.thresholds.begin(), row.thresholds.end());
    Tensor* y = emit_thresholds(planner, x, rows, count, std::move(thresholds), levels);
    y->dtype = levels.type;
    return y;
  };
  Tensor* fallen = side(downs, 0);
  Tensor* y = planner.to.sum(side(ups, rows.lo), planner.to.times(fallen, RealArray(Real(-1))));
  y = planner.to.plus(planner.to.times(y, RealArray(Real(f.t_scale))), RealArray(Real(f.t_bias)));
  QuantiserReport report = report_for(planner, value, rows);
  report.steps = std::ssize(ups[0].thresholds) + std::ssize(downs[0].thresholds);
  report.form =
      is_positional(rows.shape) ? QuantiserReport::Form::kPosition : QuantiserReport::Form::kPlain;
  report.result = y->producer->name;
  planner.report.quantisers.push_back(std::move(report));
  set_levels(planner, y, value, f);
}

}  // namespace

void quantise_curve(Planner& planner, Value value, const StepFunction& f) {
  if (!f.bounded)
    planner.fail("a truncation without bounds of a function", "use a quantiser there");
  Tensor* x = value.terms[0].tensor;
  const Curve::Ptr curve = Curve::sum(Curve::product(value.curve, Curve::constant(f.inverse_scale)),
                                      Curve::constant(f.zero));
  Value flat;
  flat.shape = *x->shape;  // in front of the pools
  flat.terms.push_back({RealArray(Real(1)), x, false});
  flat.offset = curve_rows(*curve, flat.shape.size());
  // Its slopes are those of n itself; what the rows decide is the curve's.
  StepFunction unit = f;
  unit.inverse_scale = RealArray(Real(1));
  unit.zero = RealArray();
  const Rows rows = quantiser_rows(planner.node(), flat, unit, {planner.to.bounds(x)});
  check_pools(planner, value, f);
  const std::vector<CurveSteps> steps = solve_curve(planner, *curve, rows);
  std::int64_t falls = 0, rises = 0;
  for (const CurveSteps& s : steps) {
    rises = std::max(rises, s.first + std::ssize(s.ups));
    falls = std::max(falls, std::ssize(s.downs));
  }
  value.offset = RealArray();
  if (falls == 0)
    return emit_rows(planner, value, f, rows, as_thresholds(steps, rows, true, rows.levels()));
  if (!value.pools.empty())
    planner.fail("a max pool of a function that falls", "quantise in front of the pool");
  emit_rise_and_fall(planner, value, f, rows,
                     as_thresholds(steps, rows, true, std::max<std::int64_t>(rises, 1)),
                     as_thresholds(steps, rows, false, falls));
}

}  // namespace assay::streamline
