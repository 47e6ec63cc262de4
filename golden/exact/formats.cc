// SPDX-License-Identifier: Apache-2.0
// Quantisers with levels of their own: thresholds and floating-point formats.
#include <algorithm>
#include <cmath>
#include <limits>

#include "compile/graph/ops.h"
#include "golden/exact/thresholds.h"

namespace assay::exact {
namespace {

/// Counts the thresholds that a sum reaches.
class ThresholdStep final : public Step {
 public:
  ThresholdStep(Sum sum, std::vector<std::vector<Real>> thresholds,
                std::vector<std::int32_t> channel, SlotId out, Storage storage)
      : sum_(std::move(sum)),
        thresholds_(std::move(thresholds)),
        channel_(std::move(channel)),
        out_(out),
        storage_(storage) {
    for (auto& row : thresholds_) {
      std::ranges::sort(row);
      approximate_.emplace_back();
      for (const Real& t : row) approximate_.back().push_back(t.to_double());
    }
  }
  void run(Buffers& buffers) const override {
    const std::int64_t period = sum_.period();
    std::vector<double> t(static_cast<std::size_t>(period)),
        scratch(static_cast<std::size_t>(period));
    for (std::int64_t base = 0; base < sum_.size(); base += period) {
      const std::int64_t count = std::min(period, sum_.size() - base);
      sum_.approximate(buffers, base, 0, count, t.data());
      const double* errors = sum_.errors(base, 0, count, scratch.data());
      for (std::int64_t i = 0; i < count; ++i)
        store(storage_, buffers.data(out_), base + i,
              reached(buffers, base + i, t[static_cast<std::size_t>(i)], errors[i]));
    }
  }
  std::string kernel() const override { return "thresholds"; }

 private:
  std::int64_t reached(const Buffers& buffers, std::int64_t e, double value, double error) const {
    const auto row = static_cast<std::size_t>(channel_[static_cast<std::size_t>(e)]);
    const auto& steps = approximate_[row];
    // A threshold that is itself not a double adds its own rounding to the doubt.
    const double doubt = error + std::abs(value) * 0x1p-50 + std::numeric_limits<double>::min();
    const auto first = std::ranges::upper_bound(steps, value - doubt),
               last = std::ranges::upper_bound(steps, value + doubt);
    if (first == last) return last - steps.begin();
    const Real exact = sum_.exact(buffers, e);
    auto it = first - steps.begin();
    while (it != last - steps.begin() && thresholds_[row][static_cast<std::size_t>(it)] <= exact)
      ++it;
    return it;
  }

  Sum sum_;
  std::vector<std::vector<Real>> thresholds_;
  std::vector<std::vector<double>> approximate_;
  std::vector<std::int32_t> channel_;
  SlotId out_;
  Storage storage_;
};

void plan_thresholds(Planner& planner, const ops::MultiThreshold& op) {
  const bool channels_last = layout_name(op.data_layout).ends_with('C');
  const Value x = planner.ordered(planner.any_input(0), channels_last);
  if (plan_integer_thresholds(planner, op, x)) return;
  const Constant& t = planner.constant(1);
  const std::int64_t rows = t.shape()[0], steps = t.shape()[1];
  std::vector<std::vector<Real>> thresholds(static_cast<std::size_t>(rows));
  for (std::int64_t i = 0; i < t.size(); ++i)
    thresholds[static_cast<std::size_t>(i / steps)].push_back(t.real(i));
  const std::size_t axis = channels_last ? x.shape.size() - 1 : 1;
  std::int64_t inner = 1;
  for (std::size_t i = axis + 1; i < x.shape.size(); ++i) inner *= x.shape[i];
  const std::int64_t size = element_count(x.shape);
  std::vector<std::int32_t> channel(static_cast<std::size_t>(size), 0);
  if (rows > 1)
    for (std::int64_t e = 0; e < size; ++e)
      channel[static_cast<std::size_t>(physical_index(x.shape, e, x.last))] =
          static_cast<std::int32_t>(e / inner % x.shape[axis]);
  const SlotId id = planner.add_slot(x.shape, {0, steps});
  std::vector<SlotId> reads;
  for (const Value::Term& term : x.terms) reads.push_back(term.slot);
  planner.emit(std::make_unique<ThresholdStep>(Sum(planner, x.shape, x.terms, x.offset, x.last),
                                               std::move(thresholds), std::move(channel), id,
                                               planner.slot(id).storage),
               reads, {id});
  Value out{x.shape, {{RealArray(Real::of(op.out_scale)), id}}, RealArray(Real::of(op.out_bias))};
  out.last = x.last;
  planner.set_output(std::move(out));
}

/// A floating-point format's parameters, exactly.
struct FloatFormat {
  std::int64_t mantissa_bits = 0, smallest = 0;  ///< values are multiples of 2^smallest
  mpz_class most;                                ///< the clamp bound in those units
  RoundingMode mode = RoundingMode::kHalfEven;
};

mpq_class power(std::int64_t n) {
  mpq_class value(1);
  if (n >= 0)
    value <<= static_cast<mp_bitcnt_t>(n);
  else
    value >>= static_cast<mp_bitcnt_t>(-n);
  return value;
}

/// Rounds sums to a floating-point format, in units of its smallest step.
class FloatFormatStep final : public Step {
 public:
  FloatFormatStep(Sum sum, FloatFormat format, SlotId out, Storage storage)
      : sum_(std::move(sum)), format_(std::move(format)), out_(out), storage_(storage) {}
  void run(Buffers& buffers) const override {
    for (std::int64_t e = 0; e < sum_.size(); ++e)
      store(storage_, buffers.data(out_), e, quantised(sum_.exact(buffers, e)));
  }
  std::string kernel() const override { return "float-format"; }

 private:
  std::int64_t quantised(const Real& x) const {
    if (x.is_zero()) return 0;
    const Real magnitude = x.sign() < 0 ? -x : x;
    // floor(log2(|x|)): the double's exponent is right up to rounding across a power of two.
    auto exponent = static_cast<std::int64_t>(std::ilogb(magnitude.to_double()));
    while (magnitude < Real(power(exponent))) --exponent;
    while (Real(power(exponent + 1)) <= magnitude) ++exponent;
    const std::int64_t step = std::max(exponent - format_.mantissa_bits, format_.smallest);
    mpz_class q = round_exactly(x * Real(power(-step)), format_.mode);
    q <<= static_cast<mp_bitcnt_t>(step - format_.smallest);
    return mpz_class(std::min(std::max(q, mpz_class(-format_.most)), format_.most)).get_si();
  }

  Sum sum_;
  FloatFormat format_;
  SlotId out_;
  Storage storage_;
};

std::int64_t small_integer(Planner& planner, std::size_t index) {
  const RealArray array = planner.parameter(index);
  if (!array.is_scalar() || !array.values[0].is_rational() ||
      array.values[0].rational().get_den() != 1 || abs(array.values[0].rational().get_num()) > 256)
    planner.fail(fmt::format("input {} must be one small integer", index));
  return array.values[0].rational().get_num().get_si();
}

void plan_float_quant(Planner& planner, const ops::FloatQuant& op) {
  const Value x = planner.input(0);
  const RealArray scale = planner.parameter(1);
  if (!std::ranges::all_of(scale.values, [](const Real& s) { return s.sign() > 0; }))
    planner.fail("the scale must be positive");
  if (!op.saturation && (op.has_inf || op.has_nan))
    planner.fail("overflow to infinity or NaN has no exact value; use saturation");
  const std::int64_t exponent_bits = small_integer(planner, 2),
                     mantissa_bits = small_integer(planner, 3), bias = small_integer(planner, 4);
  if (exponent_bits < 1 || exponent_bits > 8 || mantissa_bits < 0 || mantissa_bits > 23)
    planner.fail("the format is out of range");
  FloatFormat format{mantissa_bits, 1 - bias - mantissa_bits, 0, op.rounding_mode};
  const Real largest(power(((std::int64_t{1} << exponent_bits) - 1 - bias)) *
                     (mpq_class(2) - power(-mantissa_bits)));
  const Real given = planner.parameter(5).values[0];
  const Real most = given < largest ? given : largest;
  const Real units = most * Real(power(-format.smallest));
  if (!units.is_rational() || units.rational().get_den() != 1)
    planner.fail("max_val is no value of the format");
  format.most = units.rational().get_num();
  if (mpz_sizeinbase(format.most.get_mpz_t(), 2) > 62)
    planner.fail("the format's range exceeds 62 bits");
  const RealArray per_scale = transform(scale, [](const Real& s) { return s.inverse(); });
  std::vector<Value::Term> terms = x.terms;
  std::vector<SlotId> reads;
  for (Value::Term& term : terms) {
    term.scale = multiply(term.scale, per_scale);
    reads.push_back(term.slot);
  }
  const std::int64_t bound = format.most.get_si();
  const SlotId id = planner.add_slot(x.shape, {-bound, bound});
  const Real unit(power(format.smallest));
  planner.emit(
      std::make_unique<FloatFormatStep>(Sum(planner, x.shape, terms, multiply(x.offset, per_scale)),
                                        std::move(format), id, planner.slot(id).storage),
      reads, {id});
  planner.set_output({x.shape, {{multiply(scale, RealArray(unit)), id}}, {}});
}

}  // namespace

bool plan_format(Planner& planner, const Node& node) {
  if (const auto* thresholds = node.as<ops::MultiThreshold>()) {
    plan_thresholds(planner, *thresholds);
  } else if (const auto* join = node.as<ops::JoinThreshold>()) {
    plan_join(planner, *join, node);
  } else if (const auto* format = node.as<ops::FloatQuant>()) {
    plan_float_quant(planner, *format);
  } else {
    return false;
  }
  return true;
}

}  // namespace assay::exact
