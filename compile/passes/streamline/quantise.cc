// SPDX-License-Identifier: Apache-2.0
// Quantisers become thresholds.
#include <fmt/ranges.h>
#include <tbb/parallel_for.h>

#include <algorithm>

#include "compile/passes/rewrite/rewrite.h"
#include "compile/passes/streamline/rows.h"
#include "compile/passes/streamline/streamliner.h"

namespace assay::streamline {
namespace {

bool all_integral(const RealArray& array) {
  return std::ranges::all_of(array.values, [](const Real& v) {
    return v.is_rational() && v.rational().get_den() == 1 && v.rational().get_num().fits_slong_p();
  });
}

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

}  // namespace

void Streamliner::plan_quantiser(StepFunction f) {
  Value value = input(0);
  // A Clip of the integers behind QuantizeLinear belongs to the quantiser.
  const Tensor* out = node_->outputs[0];
  if (node_->as<ops::QuantizeLinear>() && out->consumers.size() == 1 && !from_.is_output(out))
    if (const Node* clip = out->consumers[0]; clip->as<ops::Clip>()) {
      const auto bound = [&](std::size_t i, std::int64_t fallback) {
        const Constant* c = constant_input(*clip, i);
        return c && c->is_int() ? c->ints()[0] : fallback;
      };
      f.lo = std::max(f.lo, bound(1, f.lo));
      f.hi = std::max(f.lo + 1, std::min(f.hi, bound(2, f.hi)));
      f.natural = DataType::smallest_for(f.lo, f.hi);
    }
  if (value.curve) return quantise_curve(std::move(value), f);
  if (copy_thresholds(value, f)) return;
  if (value.terms.size() > 1) {
    take_equal_ratios(value);
    if (value.terms.size() > 1 && depth_ == Depth::kScales) return quantise_later(value, f);
  }
  if (value.terms.size() > 1) return quantise_join(std::move(value), f);
  quantise_plain(std::move(value), f);
}

bool Streamliner::copy_thresholds(const Value& value, const StepFunction& f) {
  const auto* op = node_->as<ops::MultiThreshold>();
  const bool integer = op && value.terms.size() == 1 && !value.is_clamped() &&
                       value.pools.empty() && is_constant_array(value.terms[0].scale, Real(1)) &&
                       all_zero(value.offset) && is_constant_array(f.out_scale, Real(1)) &&
                       all_zero(f.out_offset) && all_integral(f.thresholds) &&
                       node_->inputs[1]->dtype.is_integer();
  if (!integer) return false;
  Tensor* x = value.terms[0].tensor;
  Tensor* y = add_node(op->clone(), {x, copy_constant(*node_->inputs[1])}, value.shape,
                       reached_levels(f, bounds(x), value.shape));
  y->dtype = f.natural;
  Value result;
  result.shape = value.shape;
  result.terms.push_back({RealArray(Real(1)), y, false});
  set_output(std::move(result));
  return true;
}

bool Streamliner::negate_weights(Tensor* product, const RealArray& sign) {
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
  Shape along(weights.shape().size(), 1);
  along[matrix ? 1 : 0] = shape[axis];
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
  to_.set_input(node, 1, integers(old->name, weights.shape(), std::move(values)));
  const Bounds before = hull_over(bounds(product), shape, channels);
  Bounds range = before;
  for (std::size_t c = 0; c < signs.size(); ++c)
    if (signs[c] < 0) {
      range.lo[c] = -before.hi[c];
      range.hi[c] = -before.lo[c];
    }
  product->dtype = DataType::smallest_for(range.min(), range.max());
  bounds_[product] = std::move(range);
  return true;
}

void Streamliner::make_positive(Term& term, const Shape& shape) {
  const RealArray sign =
      compressed(map_array(term.scale, [](const Real& s) { return Real(s.sign() < 0 ? -1 : 1); }));
  if (is_constant_array(sign, Real(1))) return;
  ASSAY_INVARIANT(*term.tensor->shape == shape, "a term has another shape than its value");
  if (!term.exclusive || !negate_weights(term.tensor, sign)) {
    term.tensor = times(term.tensor, sign);
    term.exclusive = false;
  }
  term.scale = term.scale * sign;
}

/// A quantiser commutes with max pools in front of it where it is one rising function of the value
/// at all positions of a window. What the value is made of may differ by position.
void Streamliner::check_pools(const Value& value, const StepFunction& f) const {
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
    fail(
        "its scale, zero point or thresholds depend on the position, and a max pool is in front of "
        "it",
        "quantise in front of the pool");
}

QuantiserReport Streamliner::report_for(const Value& value, const Rows& rows) const {
  QuantiserReport report;
  report.node = node_->name;
  report.checkpoint = checkpoint_behind(from_, *node_);
  report.channels = static_cast<std::int64_t>(rows.count());
  report.min = rows.ranges[0].min();
  report.max = rows.ranges[0].max();
  report.bits = DataType::smallest_for(report.min, report.max).bits;
  report.folded = distinct(value.folded);
  // Nodes that an earlier step left for this quantiser are not the model's.
  std::erase_if(report.folded, [&](const std::string& name) {
    return name.starts_with(node_->name + "_") && depth_ != Depth::kScales;
  });
  return report;
}

/// The value that stands for the quantiser: pools behind it, then its meaning.
void Streamliner::set_levels(Tensor* levels, const Value& value, const StepFunction& f) {
  Value result;
  result.shape = value.pools.empty() ? value.shape : value.pools.back().shape;
  Value pools;
  pools.shape = value.shape;
  pools.pools = value.pools;
  const DataType type = levels->dtype;
  Tensor* pooled = apply_pools(levels, pools);
  pooled->dtype = type;
  result.terms.push_back({compressed(f.out_scale), pooled, false});
  result.offset = compressed(f.out_offset);
  set_output(std::move(result));
}

namespace {

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

Tensor* Streamliner::emit_thresholds(Tensor* x, const Rows& rows, std::int64_t steps,
                                     std::vector<std::int64_t> thresholds, const Levels& levels) {
  const Shape& shape = *x->shape;
  const std::string name = node_->name + "_thresholds";
  // MultiThreshold keeps its bias as a float32, which does not hold every integer.
  const bool exact_bias = static_cast<std::int64_t>(static_cast<float>(levels.bias)) == levels.bias;
  if (is_positional(rows.shape) || shape.size() < 2 || !exact_bias) {
    auto op = std::make_unique<ops::JoinThreshold>();
    op->out_dtype = levels.type;
    op->out_scale = levels.scale;
    op->out_bias = levels.bias;
    Shape t = rows.shape;
    t.push_back(steps);
    return add_node(std::move(op), {integers(name, t, std::move(thresholds)), nullptr, x}, shape,
                    levels.range);
  }
  auto op = std::make_unique<ops::MultiThreshold>();
  op->out_dtype = levels.type;
  op->out_scale = static_cast<float>(levels.scale);
  op->out_bias = static_cast<float>(levels.bias);
  op->data_layout = channels_first(shape.size());
  Tensor* t =
      integers(name, {static_cast<std::int64_t>(rows.count()), steps}, std::move(thresholds));
  return add_node(std::move(op), {x, t}, shape, levels.range);
}

void Streamliner::quantise_plain(Value value, const StepFunction& f) {
  make_positive(value.terms[0], *value.terms[0].tensor->shape);
  Tensor* x = value.terms[0].tensor;
  Value flat = value;
  flat.shape = *x->shape;  // in front of the pools
  const Rows rows = quantiser_rows(*node_, flat, f, {bounds(x)});
  check_pools(value, f);
  emit_rows(std::move(value), f, rows, solve_rows(rows));
}

void Streamliner::emit_rows(Value value, const StepFunction& f, const Rows& rows,
                            const std::vector<ThresholdRow>& solved) {
  Tensor* x = value.terms[0].tensor;
  const Trimmed keep = trimmed(solved, rows, f.t_scale != 1);
  Levels levels;
  levels.scale = f.t_scale;
  levels.bias = f.t_scale * (rows.lo + keep.first) + f.t_bias;
  const bool bipolar = f.t_scale == 2 && levels.bias == -1 && keep.count == 1;
  levels.type = bipolar ? DataType::bipolar()
                        : DataType::smallest_for(levels.bias, levels.bias + f.t_scale * keep.count);
  QuantiserReport report = report_for(value, rows);
  Kept kept = keep_levels(rows, solved, keep, levels.scale, levels.bias, report);
  levels.range = std::move(kept.outputs);
  Tensor* y = emit_thresholds(x, rows, keep.count, std::move(kept.thresholds), levels);
  y->dtype = levels.type;
  report.result = y->producer->name;
  report_.quantisers.push_back(std::move(report));
  set_levels(y, value, f);
}

/// The integers behind QuantizeLinear within the levels, in the container of all other tensors.
Tensor* Streamliner::integers_as_reals(Tensor* y, const StepFunction& f) {
  const Container container = node_->outputs[0]->container;
  y->container = container;
  y->dtype = container_type(container);
  const auto bound = [&](std::int64_t value) {
    Tensor* t = to_.add_constant("bound", Constant(Shape{}, std::vector<std::int64_t>{value}));
    t->container = container;
    t->dtype = container_type(container);
    return t;
  };
  if (f.natural != y->dtype) {
    y = add_real(std::make_unique<ops::Clip>(), {y, bound(f.lo), bound(f.hi)}, *y->shape);
    y->container = container;
    y->dtype = f.natural;
  }
  return add_real(std::make_unique<ops::Cast>(), {y}, *y->shape);
}

/// A quantiser of a sum with several scales stays as it is; its result becomes integer.
void Streamliner::quantise_later(const Value& value, const StepFunction& f) {
  if (!f.bounded)
    fail("a truncation without bounds of a sum with several scales",
         "use version 2 of Trunc, or a quantiser");
  const std::vector<std::string> folded = distinct(value.folded);
  report_.remarks.push_back(
      {node_->name,
       fmt::format("a sum of {} scales, left for the residual sums{}{}", value.terms.size(),
                   folded.empty() ? "" : "; in its scales: ", fmt::join(folded, ", "))});
  Tensor* x = materialise(value);
  std::vector<Tensor*> inputs{x};
  for (std::size_t i = 1; i < node_->inputs.size(); ++i)
    inputs.push_back(node_->inputs[i] ? copy_constant(*node_->inputs[i]) : nullptr);
  const Shape& shape = known_shape(*node_->outputs[0]);
  Tensor* y = add_real(node_->op->clone(), std::move(inputs), shape);
  if (node_->as<ops::QuantizeLinear>()) y = integers_as_reals(y, f);
  Value result;
  result.shape = shape;
  result.offset = f.out_offset;
  if (!is_constant_array(f.out_scale, Real(1)) || !all_zero(f.out_offset)) {
    const RealArray inverse = inverse_of(f.out_scale);
    y = add_real(std::make_unique<ops::Mul>(), {y, reals("levels_per_real", inverse)}, shape);
    if (!all_zero(f.out_offset))
      y = add_real(std::make_unique<ops::Add>(), {y, reals("levels", -(f.out_offset * inverse))},
                   shape);
  }
  y->dtype = f.natural;
  bounds_[y] = Bounds::of(f.t_scale * f.lo + f.t_bias, f.t_scale * f.hi + f.t_bias);
  result.terms.push_back({compressed(f.out_scale), y, false});
  set_output(std::move(result));
}

}  // namespace assay::streamline
