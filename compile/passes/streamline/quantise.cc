// SPDX-License-Identifier: Apache-2.0
// Quantisers become thresholds.
#include <fmt/format.h>

#include <fmt/ranges.h>
#include <tbb/parallel_for.h>

#include <algorithm>

#include "compile/passes/rewrite/rewrite.h"
#include "compile/passes/streamline/outputs.h"
#include "compile/passes/streamline/quantise.h"
#include "compile/passes/streamline/rows.h"
#include "compile/passes/streamline/terms.h"

namespace assay::streamline {
namespace {

Layout channels_first(std::size_t rank) {
  return rank == 2 ? Layout::kNC : rank == 3 ? Layout::kNCW : Layout::kNCHW;
}

std::vector<std::string> distinct(std::vector<std::string> names) {
  std::ranges::sort(names);
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

/// Levels that no row ever leaves, at both ends, keep no threshold; one stays.
struct Trimmed {
  std::int64_t first = 0, count = 0;
};

Trimmed trimmed(const std::vector<ThresholdRow>& solved, const Rows& rows, bool keep_all) {
  Trimmed out{0, rows.levels()};
  if (keep_all) return out;
  const auto everywhere = [&](std::int64_t k, bool always) {
    for (std::size_t r = 0; r < rows.count(); ++r) {
      const std::int64_t t = solved[r].thresholds[static_cast<std::size_t>(k)];
      if (always ? t > rows.ranges[0].lo[r] : t <= rows.ranges[0].hi[r]) return false;
    }
    return true;
  };
  while (out.count > 1 && everywhere(out.first + out.count - 1, false)) --out.count;
  while (out.count > 1 && everywhere(out.first, true)) {
    ++out.first;
    --out.count;
  }
  return out;
}

/// What the levels of integer thresholds reach from an input within bounds.
Bounds reached_levels(const StepFunction& f, const Bounds& input, const Shape& shape) {
  Bounds out;
  out.shape.assign(f.thresholds.shape.begin(), f.thresholds.shape.end() - 1);
  const Bounds rows = hull_over(input, shape, out.shape);
  const auto steps = static_cast<std::ptrdiff_t>(f.thresholds.shape.back());
  const auto level = [&](std::size_t row, std::int64_t at) {
    const auto first = f.thresholds.values.begin() + static_cast<std::ptrdiff_t>(row) * steps;
    return f.t_scale * (std::upper_bound(first, first + steps, Real(at)) - first) + f.t_bias;
  };
  out.lo.clear();
  out.hi.clear();
  for (std::size_t row = 0; row < rows.lo.size(); ++row) {
    out.lo.push_back(level(row, rows.lo[row]));
    out.hi.push_back(level(row, rows.hi[row]));
  }
  return out;
}

/// The activation that a quantiser computes: its output, or what scales turn that into (behind
/// QuantizeLinear, and behind quantisers that an earlier pass has left for later).
std::string checkpoint_behind(const Graph& graph, const Node& quantiser) {
  const Tensor* out = quantiser.outputs[0];
  while (true) {
    for (const Checkpoint& checkpoint : graph.checkpoints())
      if (checkpoint.tensor == out && checkpoint.kind == Checkpoint::Kind::kActivation)
        return checkpoint.name;
    if (out->consumers.size() != 1) return "";
    const Node& next = *out->consumers[0];
    const bool scales = next.as<ops::Mul>() || next.as<ops::Add>() || next.as<ops::Clip>() ||
                        next.as<ops::Cast>() || next.as<ops::DequantizeLinear>();
    if (!scales) return "";
    out = next.outputs[0];
  }
}

bool copy_thresholds(Planner& planner, const Value& value, const StepFunction& f) {
  const auto* op = planner.node().as<ops::MultiThreshold>();
  const bool integer = op && value.terms.size() == 1 && !value.is_clamped() &&
                       value.pools.empty() && is_constant_array(value.terms[0].scale, Real(1)) &&
                       all_zero(value.offset) && is_constant_array(f.out_scale, Real(1)) &&
                       all_zero(f.out_offset) && all_integral(f.thresholds) &&
                       planner.node().inputs[1]->dtype.is_integer();
  if (!integer) return false;
  Tensor* x = value.terms[0].tensor;
  Tensor* y =
      planner.to.add_node(op->clone(), {x, planner.copy_constant(*planner.node().inputs[1])},
                          value.shape, reached_levels(f, planner.to.bounds(x), value.shape));
  y->dtype = f.natural;
  planner.set_output(Value::integers(y));
  return true;
}

/// The integers behind QuantizeLinear within the levels, in the container of all other tensors.
Tensor* integers_as_reals(Planner& planner, Tensor* y, const StepFunction& f) {
  const Container container = planner.node().outputs[0]->container;
  y->container = container;
  y->dtype = container_type(container);
  const auto bound = [&](std::int64_t value) {
    Tensor* t =
        planner.to.graph.add_constant("bound", Constant(Shape{}, std::vector<std::int64_t>{value}));
    t->container = container;
    t->dtype = container_type(container);
    return t;
  };
  if (f.natural != y->dtype) {
    y = planner.to.add_real(std::make_unique<ops::Clip>(), {y, bound(f.lo), bound(f.hi)},
                            *y->shape);
    y->container = container;
    y->dtype = f.natural;
  }
  return planner.to.add_real(std::make_unique<ops::Cast>(), {y}, *y->shape);
}

/// A quantiser of a sum with several scales stays as it is; its result becomes integer.
void quantise_later(Planner& planner, const Value& value, const StepFunction& f) {
  if (!f.bounded)
    planner.fail("a truncation without bounds of a sum with several scales",
                 "use version 2 of Trunc, or a quantiser");
  const std::vector<std::string> folded = distinct(value.folded);
  planner.report.remarks.push_back(
      {planner.node().name,
       fmt::format("a sum of {} scales, left for the residual sums{}{}", value.terms.size(),
                   folded.empty() ? "" : "; in its scales: ", fmt::join(folded, ", "))});
  Tensor* x = materialise(planner, value);
  std::vector<Tensor*> inputs{x};
  for (std::size_t i = 1; i < planner.node().inputs.size(); ++i)
    inputs.push_back(planner.node().inputs[i] ? planner.copy_constant(*planner.node().inputs[i])
                                              : nullptr);
  const Shape& shape = known_shape(*planner.node().outputs[0]);
  Tensor* y = planner.to.add_real(planner.node().op->clone(), std::move(inputs), shape);
  if (planner.node().as<ops::QuantizeLinear>()) y = integers_as_reals(planner, y, f);
  Value result;
  result.shape = shape;
  result.offset = f.out_offset;
  if (!is_constant_array(f.out_scale, Real(1)) || !all_zero(f.out_offset)) {
    const RealArray inverse = inverse_of(f.out_scale);
    y = planner.to.add_real(std::make_unique<ops::Mul>(),
                            {y, planner.to.reals("levels_per_real", inverse)}, shape);
    if (!all_zero(f.out_offset))
      y = planner.to.add_real(std::make_unique<ops::Add>(),
                              {y, planner.to.reals("levels", -(f.out_offset * inverse))}, shape);
  }
  y->dtype = f.natural;
  planner.to.set_bounds(y, Bounds::of(f.t_scale * f.lo + f.t_bias, f.t_scale * f.hi + f.t_bias));
  result.terms.push_back({compressed(f.out_scale), y, false});
  planner.set_output(std::move(result));
}

/// The thresholds of every row, clamps included.
std::vector<ThresholdRow> solve_rows(const Rows& rows) {
  std::vector<ThresholdRow> solved(rows.count());
  tbb::parallel_for(std::size_t{0}, rows.count(), [&](std::size_t r) {
    const std::int64_t min = rows.ranges[0].lo[r], max = rows.ranges[0].hi[r];
    const AffineStep step(rows.slopes[0][r], rows.shifts[r]);
    ThresholdRow row = solve_row(step, rows.steps[r].decided, min, max);
    row.thresholds.insert(row.thresholds.begin(), static_cast<std::size_t>(rows.steps[r].always),
                          min);
    row.thresholds.resize(static_cast<std::size_t>(rows.levels()), max + 1);
    solved[r] = std::move(row);
  });
  return solved;
}

void quantise_plain(Planner& planner, Value value, const StepFunction& f) {
  make_positive(planner, value.terms[0], *value.terms[0].tensor->shape);
  Tensor* x = value.terms[0].tensor;
  Value flat = value;
  flat.shape = *x->shape;  // in front of the pools
  const Rows rows = quantiser_rows(planner.node(), flat, f, {planner.to.bounds(x)});
  check_pools(planner, value, f);
  emit_rows(planner, value, f, rows, solve_rows(rows));
}

void quantise(Planner& planner, Value value, const StepFunction& f);

/// A quantiser rises: it takes the largest to the largest of its levels, the smallest to the smallest.
void quantise_each(Planner& planner, const Value& value, const StepFunction& f) {
  std::optional<Value> result;
  for (const Value& one : value.among) {
    quantise(planner, one, f);
    Value levels = planner.value_of(planner.node().outputs[0]);
    Tensor*& tensor = levels.terms[0].tensor;
    if (result) tensor = planner.to.extreme(result->terms[0].tensor, tensor, value.largest);
    result = std::move(levels);
  }
  planner.set_output(*std::move(result));
}

void quantise(Planner& planner, Value value, const StepFunction& f) {
  if (!value.among.empty()) return quantise_each(planner, value, f);
  if (value.curve) return quantise_curve(planner, std::move(value), f);
  if (copy_thresholds(planner, value, f)) return;
  if (value.terms.size() > 1) {
    take_equal_ratios(planner, value);
    if (value.terms.size() > 1 && planner.depth == Depth::kScales)
      return quantise_later(planner, value, f);
  }
  if (value.terms.size() > 1) return quantise_join(planner, std::move(value), f);
  quantise_plain(planner, std::move(value), f);
}

}  // namespace

/// A quantiser commutes with max pools in front of it where it is one rising function of the value
/// at all positions of a window. What the value is made of may differ by position.
void check_pools(Planner& planner, const Value& value, const StepFunction& f) {
  if (value.pools.empty()) return;
  const std::size_t rank = value.shape.size();
  bool flat = true;
  for (std::size_t axis = 2; axis < rank; ++axis) {
    for (const RealArray* array : {&f.inverse_scale, &f.zero})
      flat = flat && !varies_along(*array, axis, rank);
    if (f.kind == StepFunction::Kind::kThresholds && f.thresholds.shape.size() == rank + 1)
      flat = flat && f.thresholds.shape[axis] == 1;
  }
  if (!flat)
    planner.fail(
        "its scale, zero point or thresholds depend on the position, and a max pool is in front of "
        "it",
        "quantise in front of the pool");
}

QuantiserReport report_for(const Planner& planner, const Value& value, const Rows& rows) {
  QuantiserReport report;
  report.node = planner.node().name;
  report.checkpoint = checkpoint_behind(planner.from, planner.node());
  report.channels = static_cast<std::int64_t>(rows.count());
  report.min = rows.ranges[0].min();
  report.max = rows.ranges[0].max();
  report.bits = DataType::smallest_for(report.min, report.max).bits;
  report.folded = distinct(value.folded);
  // Nodes that an earlier step left for this quantiser are not the model's.
  std::erase_if(report.folded, [&](const std::string& name) {
    return name.starts_with(planner.node().name + "_") && planner.depth != Depth::kScales;
  });
  return report;
}

/// The value that stands for the quantiser: pools behind it, then its meaning.
void set_levels(Planner& planner, Tensor* levels, const Value& value, const StepFunction& f) {
  Value result;
  result.shape = value.pools.empty() ? value.shape : value.pools.back().shape;
  Value pools;
  pools.shape = value.shape;
  pools.pools = value.pools;
  const DataType type = levels->dtype;
  Tensor* pooled = apply_pools(planner, levels, pools);
  pooled->dtype = type;
  result.terms.push_back({compressed(f.out_scale), pooled, false});
  result.offset = compressed(f.out_offset);
  planner.set_output(std::move(result));
}

namespace {

/// What is kept of the rows: thresholds one row after the other, and the outputs' range.
struct Kept {
  std::vector<std::int64_t> thresholds;
  Bounds outputs;
};

Kept keep_levels(const Rows& rows, const std::vector<ThresholdRow>& solved, const Trimmed& keep,
                 std::int64_t scale, std::int64_t bias, QuantiserReport& report) {
  Kept out;
  out.outputs = {rows.shape, {}, {}};
  for (std::size_t r = 0; r < rows.count(); ++r) {
    const auto first = solved[r].thresholds.begin() + keep.first, last = first + keep.count;
    out.thresholds.insert(out.thresholds.end(), first, last);
    const std::int64_t least = std::upper_bound(first, last, rows.ranges[0].lo[r]) - first;
    const std::int64_t most = std::upper_bound(first, last, rows.ranges[0].hi[r]) - first;
    out.outputs.lo.push_back(bias + scale * least);
    out.outputs.hi.push_back(bias + scale * most);
    report.constant_channels += least == most ? 1 : 0;
    report.unreachable += keep.count - most;
    report.ties += solved[r].ties;
    const double margin = solved[r].margin;
    if (margin >= 0) report.margin = report.margin < 0 ? margin : std::min(report.margin, margin);
  }
  report.steps = keep.count;
  report.form =
      is_positional(rows.shape) ? QuantiserReport::Form::kPosition : QuantiserReport::Form::kPlain;
  return out;
}

}  // namespace

Tensor* emit_thresholds(Planner& planner, Tensor* x, const Rows& rows, std::int64_t steps,
                        std::vector<std::int64_t> thresholds, const Levels& levels) {
  const Shape& shape = *x->shape;
  const std::string name = planner.node().name + "_thresholds";
  // MultiThreshold keeps its bias as a float32, which does not hold every integer.
  const bool exact_bias = static_cast<std::int64_t>(static_cast<float>(levels.bias)) == levels.bias;
  if (is_positional(rows.shape) || shape.size() < 2 || !exact_bias) {
    auto op = std::make_unique<ops::JoinThreshold>();
    op->out_dtype = levels.type;
    op->out_scale = levels.scale;
    op->out_bias = levels.bias;
    Shape t = rows.shape;
    t.push_back(steps);
    return planner.to.add_node(std::move(op),
                               {planner.to.integers(name, t, std::move(thresholds)), nullptr, x},
                               shape, levels.range);
  }
  auto op = std::make_unique<ops::MultiThreshold>();
  op->out_dtype = levels.type;
  op->out_scale = static_cast<float>(levels.scale);
  op->out_bias = static_cast<float>(levels.bias);
  op->data_layout = channels_first(shape.size());
  Tensor* t = planner.to.integers(name, {static_cast<std::int64_t>(rows.count()), steps},
                                  std::move(thresholds));
  return planner.to.add_node(std::move(op), {x, t}, shape, levels.range);
}

void emit_rows(Planner& planner, const Value& value, const StepFunction& f, const Rows& rows,
               const std::vector<ThresholdRow>& solved) {
  Tensor* x = value.terms[0].tensor;
  const Trimmed keep = trimmed(solved, rows, f.t_scale != 1);
  Levels levels;
  levels.scale = f.t_scale;
  levels.bias = f.t_scale * (rows.lo + keep.first) + f.t_bias;
  const bool bipolar = f.t_scale == 2 && levels.bias == -1 && keep.count == 1;
  levels.type = bipolar ? DataType::bipolar()
                        : DataType::smallest_for(levels.bias, levels.bias + f.t_scale * keep.count);
  QuantiserReport report = report_for(planner, value, rows);
  Kept kept = keep_levels(rows, solved, keep, levels.scale, levels.bias, report);
  levels.range = std::move(kept.outputs);
  Tensor* y = emit_thresholds(planner, x, rows, keep.count, std::move(kept.thresholds), levels);
  y->dtype = levels.type;
  report.result = y->producer->name;
  planner.report.quantisers.push_back(std::move(report));
  set_levels(planner, y, value, f);
}

namespace {

/// A Clip of the integers behind QuantizeLinear belongs to the quantiser.
void take_clip(const Planner& planner, StepFunction& f) {
  const Tensor* out = planner.node().outputs[0];
  if (planner.node().as<ops::QuantizeLinear>() && out->consumers.size() == 1 &&
      !planner.from.is_output(out))
    if (const Node* clip = out->consumers[0]; clip->as<ops::Clip>()) {
      const auto bound = [&](std::size_t i, std::int64_t fallback) {
        const Constant* c = constant_input(*clip, i);
        return c && c->is_int() ? c->ints()[0] : fallback;
      };
      f.lo = std::max(f.lo, bound(1, f.lo));
      f.hi = std::max(f.lo + 1, std::min(f.hi, bound(2, f.hi)));
      f.natural = DataType::smallest_for(f.lo, f.hi);
    }
}

}  // namespace

bool plan_quantiser(Planner& planner) {
  std::optional<StepFunction> f = step_function(planner.node());
  if (!f) return false;
  take_clip(planner, *f);
  quantise(planner, planner.input(0), *f);
  return true;
}

}  // namespace assay::streamline
