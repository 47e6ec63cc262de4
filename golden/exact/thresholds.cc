// SPDX-License-Identifier: Apache-2.0
// Integers compared with integer thresholds.
#include "golden/exact/thresholds.h"

#include <array>
#include <cmath>
#include <memory>

#include "compile/graph/ops.h"
#include "golden/exact/integers.h"
#include "golden/exact/threshold_rows.h"

namespace assay::exact {
namespace {

IntRange range_of(Levels levels, std::int64_t steps) {
  const std::int64_t last = levels.factor * steps + levels.bias;
  return {std::min(levels.bias, last), std::max(levels.bias, last)};
}

void write_levels(const std::int32_t* counts, std::int64_t begin, std::int64_t count, Levels levels,
                  Storage storage, void* out) {
  with_type(storage, out, [&](auto* to) {
    using T = std::remove_pointer_t<decltype(to)>;
    // The low bits of a level depend on nothing but low bits, and T holds every level.
    using U = std::conditional_t<sizeof(T) <= 4, std::uint32_t, std::uint64_t>;
    const U factor = static_cast<U>(levels.factor), bias = static_cast<U>(levels.bias);
    T* first = to + begin;
    for (std::int64_t i = 0; i < count; ++i)
      first[i] = static_cast<T>(factor * static_cast<U>(counts[i]) + bias);
  });
}

class CountStep final : public Step {
 public:
  CountStep(ThresholdRows rows, Levels levels, SlotId in, Slot in_slot, SlotId out, Storage storage)
      : rows_(std::move(rows)),
        levels_(levels),
        in_(in),
        out_(out),
        size_(in_slot.size),
        in_storage_(in_slot.storage),
        storage_(storage) {}
  void run(Buffers& buffers) const override {
    void* out = buffers.data(out_);
    with_type(in_storage_, buffers.read(in_), [&](const auto* x) {
      in_pieces(size_, ThresholdRows::kPiece, buffers.parallel,
                [&](std::int64_t begin, std::int64_t count) {
                  alignas(64) std::array<std::int32_t, ThresholdRows::kPiece> counts;  // NOLINT
                  rows_.count(x + begin, begin, count, counts.data());
                  write_levels(counts.data(), begin, count, levels_, storage_, out);
                });
    });
  }
  std::string kernel() const override { return "integer-thresholds"; }

 private:
  ThresholdRows rows_;
  Levels levels_;
  SlotId in_, out_;
  std::int64_t size_;
  Storage in_storage_, storage_;
};

/// The table form: the second operand chooses among the entries of an element's row.
class TableStep final : public Step {
 public:
  struct Operand {
    SlotId slot;
    Storage storage;
  };
  TableStep(std::string node, ThresholdRows::Rows rows, std::int64_t entries,
            std::int64_t table_min, Levels levels, Operand x, Operand entry, Operand out)
      : node_(std::move(node)),
        rows_(std::move(rows)),
        entries_(entries),
        table_min_(table_min),
        levels_(levels),
        x_(x),
        entry_(entry),
        out_(out) {}
  void run(Buffers& buffers) const override {
    void* out = buffers.data(out_.slot);
    const void *x = buffers.read(x_.slot), *entry = buffers.read(entry_.slot);
    in_pieces(std::ssize(rows_.row_of), kPiece, buffers.parallel,
              [&](std::int64_t begin, std::int64_t count) {
                for (std::int64_t e = begin; e < begin + count; ++e)
                  store(out_.storage, out, e,
                        level(e, load(x_.storage, x, e), load(entry_.storage, entry, e)));
              });
  }
  std::string kernel() const override { return "threshold-table"; }

 private:
  static constexpr std::int64_t kPiece = 512;
  std::int64_t level(std::int64_t e, std::int64_t x, std::int64_t entry) const {
    // The proved range of X1 may be wider than what it really takes.
    if (entry < table_min_ || entry - table_min_ >= entries_)
      user_error("{}: X1 is {} at element {}, where its table has no entry", node_, entry, e);
    const std::int64_t row = rows_.row_of[static_cast<std::size_t>(e)];
    const auto first =
        rows_.thresholds.begin() + (row * entries_ + entry - table_min_) * rows_.steps;
    return levels_.factor * (std::upper_bound(first, first + rows_.steps, x) - first) +
           levels_.bias;
  }

  std::string node_;
  ThresholdRows::Rows rows_;
  std::int64_t entries_, table_min_;
  Levels levels_;
  Operand x_, entry_, out_;
};

/// A constant's integers; with `up`, the least integers that are not below its values.
std::vector<std::int64_t> integers_of(Planner& planner, std::size_t index, bool up,
                                      std::string_view what) {
  constexpr std::int64_t kMost = std::int64_t{1} << 62;
  const Constant& constant = planner.constant(index);
  std::vector<std::int64_t> out;
  out.reserve(static_cast<std::size_t>(constant.size()));
  for (std::int64_t i = 0; i < constant.size(); ++i) {
    if (constant.is_int()) {
      out.push_back(std::clamp(constant.ints()[static_cast<std::size_t>(i)], -kMost, kMost));
      continue;
    }
    if (constant.is_float()) {
      const double value = std::ceil(constant.floats()[static_cast<std::size_t>(i)]);
      if (std::isfinite(value) && std::abs(value) < 0x1p62 &&
          (up || value == constant.floats()[static_cast<std::size_t>(i)])) {
        out.push_back(static_cast<std::int64_t>(value));
        continue;
      }
    }
    if (!constant.all_finite()) planner.fail(fmt::format("{} hold NaN or infinity", what));
    const mpz_class ceiling = -(-constant.real(i)).floor();
    if (!up && !(constant.real(i) == Real(mpq_class(ceiling))))
      planner.fail(
          fmt::format("{} must be integers, element {} is {}", what, i, constant.real(i).str()));
    const mpz_class most(static_cast<long>(kMost));
    out.push_back(mpz_class(std::clamp(ceiling, mpz_class(-most), most)).get_si());
  }
  return out;
}

/// For every element of x, in memory order, its row in an array of rows whose leading axes `lead`
/// broadcast to x.
std::vector<std::int32_t> rows_of(const Shape& lead, const Value& x) {
  const auto steps = broadcast_strides(lead, x.shape);
  std::vector<std::int32_t> out(static_cast<std::size_t>(element_count(x.shape)));
  for (std::int64_t e = 0; e < std::ssize(out); ++e) {
    std::int64_t rest = e, row = 0;
    for (std::size_t axis = x.shape.size(); axis-- > 0; rest /= x.shape[axis])
      row += rest % x.shape[axis] * steps[axis];
    out[static_cast<std::size_t>(physical_index(x.shape, e, x.last))] =
        static_cast<std::int32_t>(row);
  }
  return out;
}

Value emit_count(Planner& planner, const Value& x, SlotId in, ThresholdRows::Rows rows,
                 Levels levels) {
  const IntRange range = planner.range(in);
  const SlotId out = planner.add_slot(x.shape, range_of(levels, rows.steps));
  planner.emit(
      std::make_unique<CountStep>(ThresholdRows(std::move(rows), range.min, range.max), levels, in,
                                  planner.slot(in), out, planner.slot(out).storage),
      {in}, {out});
  Value value{x.shape, {{RealArray(Real(1)), out}}, {}};
  value.last = x.last;
  return value;
}

/// The operands X0, X1... in one order.
std::vector<Value> joined_operands(Planner& planner, const Node& node) {
  std::vector<Value> out;
  for (std::size_t i = ops::JoinThreshold::kFirstX; i < node.inputs.size(); ++i)
    out.push_back(planner.ordered(planner.any_input(i),
                                  out.empty() ? planner.any_input(i).last : out.front().last));
  return out;
}

SlotId integer_operand(Planner& planner, const Value& value, std::size_t index) {
  const auto slot = integer_slot(planner, value);
  if (!slot)
    planner.fail(fmt::format("operand X{} does not hold integers; absorb its scale first", index));
  return *slot;
}

/// sum_i M[.., i] * Xi.
Value weighted_sum(Planner& planner, const std::vector<Value>& x) {
  const Constant& m = planner.constant(1);
  const std::vector<std::int64_t> multipliers = integers_of(planner, 1, false, "multipliers");
  const Shape lead(m.shape().begin(), m.shape().end() - 1);
  Value sum{x[0].shape, {}, {}};
  sum.last = x[0].last;
  for (std::size_t i = 0; i < x.size(); ++i) {
    std::vector<Real> factors;
    for (std::size_t e = i; e < multipliers.size(); e += x.size())
      factors.emplace_back(multipliers[e]);
    RealArray scale = factors.size() == 1 ? RealArray(factors[0]) : RealArray(lead, factors);
    sum.terms.push_back({std::move(scale), integer_operand(planner, x[i], i)});
  }
  return sum;
}

void plan_table(Planner& planner, const Node& node, const ops::JoinThreshold& op,
                const std::vector<Value>& x, ThresholdRows::Rows rows, Levels levels) {
  const std::int64_t entries = *(planner.constant(0).shape().end() - 2);
  const SlotId value = integer_operand(planner, x[0], 0), entry = integer_operand(planner, x[1], 1);
  const IntRange range = planner.range(entry);
  if (range.max < op.table_min || range.min - op.table_min >= entries)
    planner.fail(fmt::format(
        "X1 may be {} to {}, its table has entries for {} to {}", range.min, range.max,
        op.table_min,
        mpz_class(mpz_class(static_cast<long>(op.table_min)) + static_cast<long>(entries) - 1)
            .get_str()));
  for (std::int64_t at = 0; at < std::ssize(rows.thresholds) && rows.steps > 0; at += rows.steps)
    std::sort(rows.thresholds.begin() + at, rows.thresholds.begin() + at + rows.steps);
  const SlotId out = planner.add_slot(x[0].shape, range_of(levels, rows.steps));
  planner.emit(
      std::make_unique<TableStep>(node.label(), std::move(rows), entries, op.table_min, levels,
                                  TableStep::Operand{value, planner.slot(value).storage},
                                  TableStep::Operand{entry, planner.slot(entry).storage},
                                  TableStep::Operand{out, planner.slot(out).storage}),
      {value, entry}, {out});
  Value result{x[0].shape, {{RealArray(Real(1)), out}}, {}};
  result.last = x[0].last;
  planner.set_output(std::move(result));
}

/// An integer field of a threshold operator that is stored as a float.
std::optional<std::int64_t> as_small_integer(float value) {
  if (value != std::nearbyint(value) || std::abs(value) > 0x1p30F) return {};
  return static_cast<std::int64_t>(value);
}

}  // namespace

void plan_join(Planner& planner, const ops::JoinThreshold& op, const Node& node) {
  const std::vector<Value> x = joined_operands(planner, node);
  const bool line = planner.has_input(1), table = !line && x.size() == 2;
  const Shape& t = planner.constant(0).shape();
  const Levels levels{op.out_scale, op.out_bias};
  constexpr std::int64_t kMost = std::int64_t{1} << 30;  // times the steps, far from 63 bits
  if (op.out_scale < -kMost || op.out_scale > kMost || op.out_bias < -kMost || op.out_bias > kMost)
    planner.fail("out_scale or out_bias exceeds 30 bits");
  ThresholdRows::Rows rows{integers_of(planner, 0, false, "thresholds"), t.back(),
                           rows_of({t.begin(), t.end() - (table ? 2 : 1)}, x[0])};
  if (table) return plan_table(planner, node, op, x, std::move(rows), levels);
  const SlotId in =
      line ? *integer_slot(planner, weighted_sum(planner, x)) : integer_operand(planner, x[0], 0);
  planner.set_output(emit_count(planner, x[0], in, std::move(rows), levels));
}

bool plan_integer_thresholds(Planner& planner, const ops::MultiThreshold& op, const Value& x) {
  const auto factor = as_small_integer(op.out_scale), bias = as_small_integer(op.out_bias);
  if (!factor || !bias) return false;
  const auto in = integer_slot(planner, x);
  if (!in) return false;
  const Shape& t = planner.constant(1).shape();
  Shape lead(x.shape.size(), 1);
  lead[layout_name(op.data_layout).ends_with('C') ? x.shape.size() - 1 : 1] = t[0];
  planner.set_output(count_thresholds(planner, x, *in, 1, lead, {*factor, *bias}));
  return true;
}

Value count_thresholds(Planner& planner, const Value& x, SlotId in, std::size_t index,
                       const Shape& lead, Levels levels) {
  // An integer reaches a threshold exactly when it reaches the next integer from it on.
  return emit_count(planner, x, in,
                    {integers_of(planner, index, true, "thresholds"),
                     planner.constant(index).shape().back(), rows_of(lead, x)},
                    levels);
}

}  // namespace assay::exact
