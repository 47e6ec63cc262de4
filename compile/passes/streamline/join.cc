// SPDX-License-Identifier: Apache-2.0
// Quantisers of sums with several scales.
#include <fmt/format.h>

#include <tbb/parallel_for.h>

#include <algorithm>
#include <bit>

#include "compile/passes/streamline/quantise.h"
#include "compile/passes/streamline/rows.h"
#include "compile/passes/streamline/terms.h"
#include "compile/passes/thresholds/join_solver.h"

namespace assay::streamline {
namespace {

enum class Failure : std::uint8_t { kNone, kBudget, kRange };

/// What JoinThreshold gets: table or line.
struct Parameters {
  std::vector<std::int64_t> thresholds, multipliers;  ///< multipliers: line form only
  std::int64_t entries = 0, table_min = 0;            ///< table form only
};

/// A line form, or why there is none.
struct SolvedLine {
  LineForm line;
  Failure failure = Failure::kNone;
};

constexpr std::int64_t kMaxEnumerated = 1 << 22;  ///< combinations times steps of one channel

constexpr std::int64_t kMaxTable = 256;  ///< entries of a table

JoinRow join_row(const Rows& rows, std::size_t r) {
  JoinRow row;
  row.shift = rows.shifts[r];
  row.boundaries = rows.steps[r].decided;
  for (std::size_t k = 0; k < rows.slopes.size(); ++k) {
    row.slopes.push_back(rows.slopes[k][r]);
    row.min.push_back(rows.ranges[k].lo[r]);
    row.max.push_back(rows.ranges[k].hi[r]);
  }
  return row;
}

/// The input with a slope and the largest range; nothing when there is none.
std::optional<std::size_t> main_input(const JoinRow& row) {
  std::optional<std::size_t> best;
  for (std::size_t k = 0; k < row.slopes.size(); ++k) {
    if (row.slopes[k].is_zero()) continue;
    if (!best || row.max[k] - row.min[k] > row.max[*best] - row.min[*best]) best = k;
  }
  return best;
}

void negate_input(JoinRow& row, std::size_t k) {
  row.slopes[k] = -row.slopes[k];
  std::tie(row.min[k], row.max[k]) = std::pair(-row.max[k], -row.min[k]);
}

/// A row whose sum is one number.
LineForm constant_line(const JoinRow& row) {
  LineForm line;
  line.multipliers.assign(row.slopes.size(), 0);
  const AffineStep step(Real(), row.shift);
  for (const Boundary& boundary : row.boundaries)
    line.thresholds.push_back(step.meets(boundary, 0) ? 0 : 1);
  return line;
}

SolvedLine solve(JoinRow row, const JoinLimits& limits) {
  const auto main = main_input(row);
  if (!main) return {constant_line(row), Failure::kNone};
  const bool turned = row.slopes[*main].sign() < 0;
  if (turned) negate_input(row, *main);
  const auto steps = std::max<std::int64_t>(static_cast<std::int64_t>(row.boundaries.size()), 1);
  SolvedLine out;
  if (row.combinations(*main) <= kMaxEnumerated / steps) {
    out.line = limits.join_bits ? line_with(row, *main, *limits.join_bits)
                                : solve_line(row, *main, limits.budget);
    if (out.line.inseparable > 0 && !limits.join_bits) out.failure = Failure::kBudget;
  } else {
    out.failure = Failure::kRange;
  }
  if (out.failure == Failure::kRange)
    if (auto ratio = solve_ratio(row)) out = {std::move(*ratio), Failure::kNone};
  if (turned && !out.line.multipliers.empty())
    out.line.multipliers[*main] = -out.line.multipliers[*main];
  return out;
}

int bits_for(std::int64_t lo, std::int64_t hi) { return DataType::smallest_for(lo, hi).bits; }

/// Rough LUTs (six inputs): 64 bits of memory each; a multiplier of a by b bits takes a * b.
double table_cost(const Rows& rows, std::int64_t entries) {
  const int bits = bits_for(rows.ranges[0].min(), rows.ranges[0].max());
  return static_cast<double>(rows.count()) * static_cast<double>(entries * rows.levels()) * bits /
         64;
}

double line_cost(const Rows& rows, const std::vector<SolvedLine>& lines, int fraction_bits) {
  const int bits = bits_for(rows.ranges[0].min(), rows.ranges[0].max()) + fraction_bits;
  double cost = bits;
  std::int64_t widest = 0;
  for (const SolvedLine& line : lines)
    for (std::size_t k = 1; k < line.line.multipliers.size(); ++k)
      widest = std::max(widest, std::abs(line.line.multipliers[k]));
  const double multiplier = std::bit_width(static_cast<std::uint64_t>(widest)) + 1;
  for (std::size_t k = 1; k < rows.ranges.size(); ++k)
    cost += multiplier * bits_for(rows.ranges[k].min(), rows.ranges[k].max());
  cost += static_cast<double>(rows.count()) *
          (multiplier + static_cast<double>(rows.levels()) * bits) / 64;
  return cost + static_cast<double>(rows.levels()) * fraction_bits / 2;
}

/// Levels that clamps decide, around those of the solver.
void append_steps(std::vector<std::int64_t>& out, const std::vector<std::int64_t>& decided,
                  const Rows::Steps& steps, std::int64_t levels, std::int64_t always,
                  std::int64_t never) {
  out.insert(out.end(), static_cast<std::size_t>(steps.always), always);
  out.insert(out.end(), decided.begin(), decided.end());
  out.insert(out.end(), static_cast<std::size_t>(levels - steps.always) - decided.size(), never);
}

void note(double& margin, double other) {
  if (other >= 0) margin = margin < 0 ? other : std::min(margin, other);
}

/// The smallest and largest multipliers . X of a row; nothing beyond 62 bits.
std::optional<std::pair<std::int64_t, std::int64_t>> line_range(
    const Rows& rows, std::size_t r, const std::vector<std::int64_t>& m) {
  __int128 lo = 0, hi = 0;
  for (std::size_t k = 0; k < m.size(); ++k) {
    const __int128 a = static_cast<__int128>(m[k]) * rows.ranges[k].lo[r],
                   b = static_cast<__int128>(m[k]) * rows.ranges[k].hi[r];
    lo += std::min(a, b);
    hi += std::max(a, b);
  }
  constexpr __int128 kLimit = (__int128{1} << 62) - 1;
  if (lo < -kLimit || hi > kLimit) return {};
  return std::pair(static_cast<std::int64_t>(lo), static_cast<std::int64_t>(hi));
}

/// Whether a line form with more fraction bits still fits; thresholds are no larger than sums.
bool can_raise(const Rows& rows, std::size_t r, const LineForm& line, int fraction_bits) {
  const int shift = fraction_bits - line.fraction_bits;
  const auto range = line_range(rows, r, line.multipliers);
  if (!range || shift > 60) return false;
  const __int128 limit = (__int128{1} << 61) >> shift;
  return -static_cast<__int128>(range->first) < limit && range->second < limit;
}

std::vector<SolvedLine> solve_lines(const Rows& rows, const JoinLimits& limits) {
  std::vector<SolvedLine> lines(rows.count());
  tbb::parallel_for(std::size_t{0}, rows.count(),
                    [&](std::size_t r) { lines[r] = solve(join_row(rows, r), limits); });
  return lines;
}

int largest_fraction(const std::vector<SolvedLine>& lines) {
  int most = 0;
  for (const SolvedLine& line : lines) most = std::max(most, line.line.fraction_bits);
  return most;
}

Parameters table_parameters(const Rows& rows, std::int64_t first, std::int64_t last,
                            QuantiserReport& report) {
  Parameters out;
  out.table_min = first;
  out.entries = last - first + 1;
  std::vector<TableForm> tables(rows.count());
  tbb::parallel_for(std::size_t{0}, rows.count(), [&](std::size_t r) {
    JoinRow row = join_row(rows, r);
    row.min[1] = first;
    row.max[1] = last;
    tables[r] = solve_table(row);
  });
  for (std::size_t r = 0; r < rows.count(); ++r) {
    const auto decided = static_cast<std::ptrdiff_t>(rows.steps[r].decided.size());
    for (std::int64_t b = 0; b < out.entries; ++b) {
      const auto from = tables[r].thresholds.begin() + b * decided;
      append_steps(out.thresholds, {from, from + decided}, rows.steps[r], rows.levels(),
                   rows.ranges[0].lo[r], rows.ranges[0].hi[r] + 1);
    }
    note(report.margin, tables[r].margin);
    report.ties += tables[r].ties;
  }
  report.form = QuantiserReport::Form::kTable;
  report.pairs = out.entries * static_cast<std::int64_t>(rows.count());
  return out;
}

/// Nothing when a sum needs more than 62 bits.
std::optional<Parameters> line_parameters(const Rows& rows, std::vector<SolvedLine> lines,
                                          QuantiserReport& report) {
  Parameters out;
  report.form = QuantiserReport::Form::kLine;
  report.fraction_bits = largest_fraction(lines);
  report.min = INT64_MAX;
  report.max = INT64_MIN;
  for (std::size_t r = 0; r < rows.count(); ++r) {
    LineForm& line = lines[r].line;
    LineForm raised = line;
    // One shift for all channels where it fits: a fixed shift costs nothing.
    if (can_raise(rows, r, raised, report.fraction_bits)) {
      raise_fraction(raised, report.fraction_bits);
      line = std::move(raised);
    }
    const auto range = line_range(rows, r, line.multipliers);
    if (!range) return {};
    report.min = std::min(report.min, range->first);
    report.max = std::max(report.max, range->second);
    append_steps(out.thresholds, line.thresholds, rows.steps[r], rows.levels(), range->first,
                 range->second + 1);
    out.multipliers.insert(out.multipliers.end(), line.multipliers.begin(), line.multipliers.end());
    note(report.margin, line.margin);
    report.ties += line.ties;
    report.inseparable += line.inseparable;
    const JoinRow row = join_row(rows, r);
    report.pairs += row.combinations(main_input(row).value_or(0));
  }
  report.bits = bits_for(report.min, report.max);
  return out;
}

/// The widest input first: it is compared, the others are multiplied or look up a table.
void widest_first(Planner& planner, Value& value) {
  const auto width = [&](const Term& t) {
    return static_cast<__int128>(planner.to.bounds(t.tensor).max()) -
           planner.to.bounds(t.tensor).min();
  };
  std::ranges::stable_sort(value.terms,
                           [&](const Term& a, const Term& b) { return width(a) > width(b); });
  make_positive(planner, value.terms[0], *value.terms[0].tensor->shape);
}

void fail_join(Planner& planner, const SolvedLine& line, std::size_t channel, const JoinRow& row,
               std::int64_t first_step) {
  if (line.failure == Failure::kRange)
    planner.fail(
        fmt::format("it sums {} tensors with different scales whose combinations are too many to "
                    "enumerate ({} in channel {})",
                    row.slopes.size(), row.combinations(main_input(row).value_or(0)), channel),
        "quantise one of the branches in front of the sum");
  planner.fail(
      fmt::format("channel {}, step {}: with {} fraction bits {} pairs of the sum cannot be "
                  "separated",
                  channel, first_step + static_cast<std::int64_t>(line.line.worst_step),
                  planner.limits.joins.budget, line.line.inseparable),
      "raise --join-budget, or accept wrong decisions with --join-bits N");
}

void emit_join(Planner& planner, const Value& value, const StepFunction& f, const Rows& rows,
               const Parameters& parameters, QuantiserReport report) {
  auto op = std::make_unique<ops::JoinThreshold>();
  op->out_scale = f.t_scale;
  op->out_bias = f.t_scale * rows.lo + f.t_bias;
  const std::int64_t top = op->out_bias + f.t_scale * rows.levels();
  const bool bipolar = f.t_scale == 2 && op->out_bias == -1 && rows.levels() == 1;
  op->out_dtype = bipolar ? DataType::bipolar() : DataType::smallest_for(op->out_bias, top);
  op->table_min = parameters.table_min;
  const Bounds range = Bounds::of(op->out_bias, top);
  const DataType type = op->out_dtype;

  Shape t_shape = rows.shape, m_shape = rows.shape;
  if (parameters.entries > 0) t_shape.push_back(parameters.entries);
  t_shape.push_back(rows.levels());
  m_shape.push_back(static_cast<std::int64_t>(value.terms.size()));
  std::vector<Tensor*> inputs{
      planner.to.integers(planner.node().name + "_thresholds", t_shape, parameters.thresholds),
      parameters.entries > 0 ? nullptr
                             : planner.to.integers(planner.node().name + "_multipliers", m_shape,
                                                   parameters.multipliers)};
  for (const Term& term : value.terms) inputs.push_back(term.tensor);
  Tensor* y =
      planner.to.add_node(std::move(op), std::move(inputs), *value.terms[0].tensor->shape, range);
  y->dtype = type;
  report.result = y->producer->name;
  planner.report.quantisers.push_back(std::move(report));
  set_levels(planner, y, value, f);
}

}  // namespace

void quantise_join(Planner& planner, Value value, const StepFunction& f) {
  widest_first(planner, value);
  const Shape shape = *value.terms[0].tensor->shape;
  std::vector<Bounds> ranges;
  for (const Term& term : value.terms) ranges.push_back(planner.to.bounds(term.tensor));
  Value flat = value;
  flat.shape = shape;  // in front of the pools
  const Rows rows = quantiser_rows(planner.node(), flat, f, ranges);
  check_pools(planner, value, f);

  QuantiserReport report = report_for(planner, value, rows);
  report.steps = rows.levels();
  std::vector<SolvedLine> lines = solve_lines(rows, planner.limits.joins);
  const auto bad =
      std::ranges::find_if(lines, [](const SolvedLine& l) { return l.failure != Failure::kNone; });
  const std::int64_t entries = ranges.size() == 2 ? ranges[1].max() - ranges[1].min() + 1 : 0;
  const bool tabular = entries > 0 && entries <= kMaxTable && !planner.limits.joins.join_bits;
  std::optional<Parameters> parameters;
  if (tabular && (bad != lines.end() ||
                  table_cost(rows, entries) <= line_cost(rows, lines, largest_fraction(lines)))) {
    parameters = table_parameters(rows, ranges[1].min(), ranges[1].max(), report);
  } else if (bad != lines.end()) {
    const auto row = static_cast<std::size_t>(bad - lines.begin());
    fail_join(planner, *bad, row, join_row(rows, row), rows.lo + 1 + rows.steps[row].always);
  } else {
    parameters = line_parameters(rows, std::move(lines), report);
    if (!parameters)
      planner.fail("its sum over a common unit needs more than 62 bits",
                   "quantise one of the branches in front of the sum");
  }
  emit_join(planner, value, f, rows, *parameters, std::move(report));
}

}  // namespace assay::streamline
