// SPDX-License-Identifier: Apache-2.0
// Quantisers: reals become integers, decided from their definition.
#include <algorithm>
#include <array>
#include <cmath>

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <atomic>

#include "compile/graph/ops.h"
#include "golden/exact/formula.h"

namespace assay::exact {
namespace {

constexpr std::int64_t kSplit = 1 << 15;  ///< elements of one parallel task

/// Rounds a double whose value is the exact number.
double round_double(double t, RoundingMode mode) {
  const double half = std::floor(std::abs(t) + 0.5);  // exact: |t| < 2^52
  switch (mode) {
    case RoundingMode::kHalfEven:
      return std::nearbyint(t);
    case RoundingMode::kHalfUp:
      return std::copysign(half, t);
    case RoundingMode::kHalfDown:
      return std::copysign(std::ceil(std::abs(t) - 0.5), t);
    case RoundingMode::kCeil:
      return std::ceil(t);
    case RoundingMode::kFloor:
      return std::floor(t);
    case RoundingMode::kUp:
      return std::copysign(std::ceil(std::abs(t)), t);
    case RoundingMode::kDown:
      return std::trunc(t);
  }
  return t;
}

bool rounds_to_nearest(RoundingMode mode) {
  return mode == RoundingMode::kHalfEven || mode == RoundingMode::kHalfUp ||
         mode == RoundingMode::kHalfDown;
}

/// Rounds t[] to nearest even in place, clamped to [lo - 1, hi + 1] first. Returns whether some
/// element is closer to a tie than its error.
inline __attribute__((always_inline)) bool round_block(double* t, const double* error,
                                                       std::int64_t count, double lo, double hi) {
  constexpr double kMagic = 0x1.8p52;  // adding it rounds to an integer, ties to even
  int open = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    double x = t[i];
    x = x < lo ? lo : x;
    x = x > hi ? hi : x;
    const double r = (x + kMagic) - kMagic;
    open |= std::abs(x - r) > 0.5 - error[i] ? 1 : 0;
    t[i] = r;
  }
  return open != 0;
}

template <typename T>
inline __attribute__((always_inline)) void narrow_block(const double* t, std::int64_t count,
                                                        double lo, double hi, T* out) {
  for (std::int64_t i = 0; i < count; ++i) {
    double x = t[i];
    x = x < lo ? lo : x;
    x = x > hi ? hi : x;
    if constexpr (sizeof(T) <= 4)
      out[i] = static_cast<T>(static_cast<std::int32_t>(x));
    else
      out[i] = static_cast<T>(x);
  }
}
#if defined(__x86_64__)
__attribute__((target("avx2"))) bool round_avx2(double* t, const double* error, std::int64_t count,
                                                double lo, double hi) {
  return round_block(t, error, count, lo, hi);
}
template <typename T>
__attribute__((target("avx2"))) void narrow_avx2(const double* t, std::int64_t count, double lo,
                                                 double hi, T* out) {
  narrow_block(t, count, lo, hi, out);
}
#endif

bool round_pieces(double* t, const double* error, std::int64_t count, double lo, double hi) {
#if defined(__x86_64__)
  if (has_avx2()) return round_avx2(t, error, count, lo, hi);
#endif
  return round_block(t, error, count, lo, hi);
}

template <typename T>
void narrow_pieces(const double* t, std::int64_t count, double lo, double hi, T* out) {
#if defined(__x86_64__)
  if (has_avx2()) return narrow_avx2(t, count, lo, hi, out);
#endif
  narrow_block(t, count, lo, hi, out);
}

class DecisionStep final : public Step {
 public:
  DecisionStep(Sum sum, const Decision& decision, SlotId out, Storage storage)
      : sum_(std::move(sum)), decision_(decision), out_(out), storage_(storage) {
    // Beyond 2^50 the magic-number rounding has no fraction bits left, and beyond 2^53 a double
    // does not hold every integer. Only roundings are wide: a sign is -1, 0 or 1.
    wide_ = std::max(std::abs(static_cast<double>(decision.lo)),
                     std::abs(static_cast<double>(decision.hi))) > 0x1p50;
  }

  void run(Buffers& buffers) const override {
    void* out = buffers.data(out_);
    std::atomic<std::int64_t> open{0};
    const std::int64_t period = sum_.period(), blocks = (sum_.size() + period - 1) / period;
    const auto body = [&](std::int64_t first, std::int64_t last) {
      std::int64_t mine = 0;
      for (std::int64_t block = first; block < last; ++block)
        mine +=
            run_block(buffers, block * period, std::min(period, sum_.size() - block * period), out);
      if (mine > 0) open += mine;
    };
    const std::int64_t grain = std::max<std::int64_t>(1, kSplit / period);
    if (buffers.parallel && blocks > grain)
      tbb::this_task_arena::isolate([&] {
        tbb::parallel_for(
            tbb::blocked_range<std::int64_t>(0, blocks, static_cast<std::size_t>(grain)),
            [&](const auto& part) { body(part.begin(), part.end()); });
      });
    else
      body(0, blocks);
    buffers.exact_decisions += open;
  }
  std::string kernel() const override {
    return sum_.always_exact() ? "quantise-exact" : "quantise-bounded";
  }

 private:
  std::int64_t run_block(const Buffers& buffers, std::int64_t begin, std::int64_t count,
                         void* out) const {
    // A period may be as long as the widest layer; work through it in pieces of a fixed size.
    std::int64_t open = 0;
    for (std::int64_t done = 0; done < count; done += kPiece)
      open += run_piece(buffers, begin, done, std::min(kPiece, count - done), out);
    return open;
  }

  std::int64_t run_piece(const Buffers& buffers, std::int64_t base, std::int64_t offset,
                         std::int64_t count, void* out) const {
    alignas(64) std::array<double, kPiece> t;  // NOLINT: written before it is read
    sum_.approximate(buffers, base, offset, count, t.data());
    alignas(64) std::array<double, kPiece> scratch;  // NOLINT
    const double* error = sum_.errors(base, offset, count, scratch.data());
    const std::int64_t begin = base + offset;
    if (wide_) return run_wide(buffers, begin, count, t.data(), error, out);
    alignas(64) std::array<double, kPiece> rounded;  // NOLINT
    std::int64_t open = 0;
    const bool fast =
        decision_.kind == Decision::Kind::kRound && decision_.mode == RoundingMode::kHalfEven;
    bool each = !fast;
    if (fast) {
      std::copy_n(t.data(), count, rounded.data());
      const double lo = static_cast<double>(decision_.lo - decision_.post) - 1;
      const double hi = static_cast<double>(decision_.hi - decision_.post) + 1;
      each = round_pieces(rounded.data(), error, count, lo, hi);
    }
    if (each) open = decide_each(buffers, begin, count, t.data(), error, rounded.data());
    write(rounded.data(), begin, count, out);
    return open;
  }

  void write(double* rounded, std::int64_t begin, std::int64_t count, void* out) const {
    if (decision_.post != 0)
      for (std::int64_t i = 0; i < count; ++i) rounded[i] += static_cast<double>(decision_.post);
    const auto lo = static_cast<double>(decision_.lo), hi = static_cast<double>(decision_.hi);
    with_type(storage_, out, [&](auto* q) { narrow_pieces(rounded, count, lo, hi, q + begin); });
  }

  /// Results that a double may not hold: integers throughout. Returns how many needed exact
  /// arithmetic.
  std::int64_t run_wide(const Buffers& buffers, std::int64_t begin, std::int64_t count,
                        const double* t, const double* errors, void* out) const {
    std::int64_t open = 0;
    for (std::int64_t i = 0; i < count; ++i) {
      const bool small = std::abs(t[i]) < 0x1p50 && certain(t[i], errors[i]);
      const std::int64_t level = small
                                     ? static_cast<std::int64_t>(round_double(t[i], decision_.mode))
                                     : decide_exactly(sum_.exact(buffers, begin + i));
      open += small ? 0 : 1;
      store(storage_, out, begin + i,
            std::clamp(level + decision_.post, decision_.lo, decision_.hi));
    }
    return open;
  }

  /// Decides every element of a piece one by one; returns how many needed exact arithmetic.
  std::int64_t decide_each(const Buffers& buffers, std::int64_t begin, std::int64_t count,
                           const double* t, const double* errors, double* out) const {
    std::int64_t open = 0;
    for (std::int64_t i = 0; i < count; ++i) {
      if (certain(t[i], errors[i])) {
        out[i] = decide(t[i]);
      } else {
        out[i] = static_cast<double>(decide_exactly(sum_.exact(buffers, begin + i)));
        ++open;
      }
    }
    return open;
  }

  bool certain(double t, double error) const {
    if (error == 0) return true;
    if (decision_.kind != Decision::Kind::kRound) return std::abs(t) > error;
    const auto lo = static_cast<double>(decision_.lo - decision_.post),
               hi = static_cast<double>(decision_.hi - decision_.post);
    if (t + error < lo - 1 || t - error > hi + 1) return true;
    if (std::abs(t) > 0x1p50) return false;
    const double distance = std::abs(t - std::nearbyint(t));
    return rounds_to_nearest(decision_.mode) ? distance < 0.5 - error : distance > error;
  }

  double decide(double t) const {
    switch (decision_.kind) {
      case Decision::Kind::kSign:
        return t >= 0 ? 1 : -1;
      case Decision::Kind::kTernarySign:
        return t > 0 ? 1 : t < 0 ? -1 : 0;
      case Decision::Kind::kRound:
        break;
    }
    const auto lo = static_cast<double>(decision_.lo - decision_.post) - 1,
               hi = static_cast<double>(decision_.hi - decision_.post) + 1;
    return round_double(std::clamp(t, lo, hi), decision_.mode);
  }

  std::int64_t decide_exactly(const Real& value) const {
    const int sign = value.sign();
    if (decision_.kind == Decision::Kind::kSign) return sign >= 0 ? 1 : -1;
    if (decision_.kind == Decision::Kind::kTernarySign) return sign;
    const mpz_class lo = static_cast<long>(decision_.lo - decision_.post),
                    hi = static_cast<long>(decision_.hi - decision_.post);
    const mpz_class rounded = round_exactly(value, decision_.mode);
    return mpz_class(std::min(std::max(rounded, lo), hi)).get_si();
  }

  static constexpr std::int64_t kPiece = 512;
  Sum sum_;
  Decision decision_;
  SlotId out_;
  Storage storage_;
  bool wide_ = false;
};

struct Bounds {
  std::int64_t lo, hi;
};

/// QONNX's clamp bounds of a bit width.
Bounds quant_bounds(Planner& planner, std::int64_t bits, bool is_signed, bool narrow) {
  if (bits < 1 || bits > 32)
    planner.fail(fmt::format("a bit width of {} is outside [1, 32]", bits));
  if (is_signed)
    return {-(std::int64_t{1} << (bits - 1)) + (narrow ? 1 : 0),
            (std::int64_t{1} << (bits - 1)) - 1};
  return {0, (std::int64_t{1} << bits) - 1 - (narrow ? 1 : 0)};
}

std::int64_t integer_parameter(Planner& planner, const RealArray& array, std::string_view what) {
  if (!array.is_scalar() || !array.values[0].is_rational() ||
      array.values[0].rational().get_den() != 1 ||
      !array.values[0].rational().get_num().fits_slong_p())
    planner.fail(fmt::format("{} must be one integer; give all channels the same", what));
  return array.values[0].rational().get_num().get_si();
}

void require_positive(Planner& planner, const RealArray& scale) {
  if (!std::ranges::all_of(scale.values, [](const Real& s) { return s.sign() > 0; }))
    planner.fail("the scale must be positive");
}

RealArray inverse(const RealArray& array) {
  return transform(array, [](const Real& x) { return x.inverse(); });
}

/// What a quantiser takes: a formula, or a sum with a pending relu left in place.
Value quantised_input(Planner& planner) {
  const Value x = planner.any_value(0);
  return x.formula ? ordered_formula(planner, x, false) : planner.raw_input(0);
}

/// terms / scale.
std::vector<Value::Term> divided(const Value& value, const RealArray& inverse_scale) {
  std::vector<Value::Term> terms = value.terms;
  for (Value::Term& term : terms) term.scale = multiply(term.scale, inverse_scale);
  return terms;
}

/// The quantiser's answer to 0, for a relu in front of it: max(x, 0) quantises to max(Q(x), Q(0)).
/// Needs one zero point.
std::int64_t level_of_zero(Planner& planner, const RealArray& zero_point,
                           const Decision& decision) {
  const mpz_class level =
      round_exactly(Real(integer_parameter(planner, zero_point, "the zero point")), decision.mode);
  return std::clamp<std::int64_t>(level.get_si(), decision.lo, decision.hi);
}

void plan_quant(Planner& planner, const ops::Quant& quant) {
  Value x = quantised_input(planner);
  const RealArray scale = planner.parameter(1), zero = planner.parameter(2);
  const std::int64_t bits = integer_parameter(planner, planner.parameter(3), "the bit width");
  require_positive(planner, scale);
  const Bounds bounds = quant_bounds(planner, bits, quant.is_signed, quant.narrow);
  Decision decision{.mode = quant.rounding_mode, .lo = bounds.lo, .hi = bounds.hi};
  const bool two_valued = bits == 1 && quant.is_signed;
  if (two_valued) decision = {.kind = Decision::Kind::kSign, .lo = -1, .hi = 1};
  if (x.relu) {
    if (two_valued || !zero.is_scalar())
      x = planner.apply_relu(x);
    else
      decision.lo = level_of_zero(planner, zero, decision);
  }
  const RealArray per_scale = inverse(scale);
  const SlotId out = emit_decision(planner, x, per_scale, zero, decision);
  planner.set_output({x.shape, {{scale, out}}, transform(multiply(scale, zero), [](const Real& v) {
                        return -v;
                      })});
}

void plan_bipolar(Planner& planner) {
  Value x = quantised_input(planner);
  if (x.relu) x = planner.apply_relu(x);
  const RealArray scale = planner.parameter(1);
  require_positive(planner, scale);
  const SlotId out = emit_decision(planner, x, RealArray(Real(1)), RealArray(),
                                   {.kind = Decision::Kind::kSign, .lo = -1, .hi = 1});
  planner.set_output({x.shape, {{scale, out}}, {}});
}

/// A parameter of QuantizeLinear or DequantizeLinear, one value or one per entry of `axis` of x.
RealArray axis_parameter(Planner& planner, std::size_t index, std::int64_t axis, const Shape& x) {
  RealArray array = planner.parameter(index);
  return array.is_scalar()
             ? array
             : along_axis(array.values, ops::normalise_axis(axis, x.size()), x.size());
}

void plan_quantize_linear(Planner& planner, const ops::QuantizeLinear& op, const Node& node) {
  const Value x = quantised_input(planner);
  const RealArray scale = axis_parameter(planner, 1, op.axis, x.shape);
  require_positive(planner, scale);
  const DataType type = container_type(node.outputs[0]->container);
  const std::int64_t zero =
      planner.has_input(2)
          ? integer_parameter(planner, axis_parameter(planner, 2, op.axis, x.shape),
                              "the zero point of an activation")
          : 0;
  const RealArray per_scale = inverse(scale);
  // max(x, 0) quantises to max(Q(x), Q(0)), and Q(0) is the zero point.
  const std::int64_t lo = x.relu ? std::clamp(zero, type.min(), type.max()) : type.min();
  const SlotId out =
      emit_decision(planner, x, per_scale, RealArray(), {.lo = lo, .hi = type.max(), .post = zero});
  planner.set_output({x.shape, {{RealArray(Real(1)), out}}, {}});
}

void plan_dequantize_linear(Planner& planner, const ops::DequantizeLinear& op) {
  Value x = planner.input(0);
  const RealArray scale = axis_parameter(planner, 1, op.axis, x.shape);
  if (planner.has_input(2))
    x.offset = subtract(x.offset, axis_parameter(planner, 2, op.axis, x.shape));
  for (Value::Term& term : x.terms) term.scale = multiply(term.scale, scale);
  x.offset = multiply(x.offset, scale);
  planner.set_output(std::move(x));
}

/// 2^n as an exact number.
Real power_of_two_exactly(std::int64_t n) {
  mpq_class value(1);
  if (n >= 0)
    value <<= static_cast<mp_bitcnt_t>(n);
  else
    value >>= static_cast<mp_bitcnt_t>(-n);
  return Real(value);
}

/// round_half_even(log2(ratio)) for a positive rational: the k with 2^(k-1/2) < ratio < 2^(k+1/2).
/// No rational is a tie.
std::int64_t nearest_log2(const Real& ratio) {
  const mpq_class square = ratio.rational() * ratio.rational();
  // From below, by more than a double is off.
  auto k = static_cast<std::int64_t>(std::log2(ratio.to_double())) - 2;
  while (Real(square) > power_of_two_exactly(2 * k + 1)) ++k;
  return k;
}

/// What Trunc makes of whole numbers in units of its scale.
struct Truncation {
  std::int64_t shift = 0;  ///< by so many bits
  Decision decision;
  RealArray scale, zero;  ///< of the output
};

/// The factor that shifts to the right by `shift` bits.
RealArray shift_factor(std::int64_t shift) { return RealArray(power_of_two_exactly(-shift)); }

void require_shift(Planner& planner, std::int64_t shift) {
  if (std::abs(shift) > 62) planner.fail("the bit widths differ by more than 62");
}

/// Version 1: bits that the widths say; nothing is clamped.
Truncation truncation_1(Planner& planner, const Shape& shape, SlotId whole) {
  Truncation out;
  out.shift = integer_parameter(planner, planner.parameter(3), "the input bit width") -
              integer_parameter(planner, planner.parameter(4), "the output bit width");
  require_shift(planner, out.shift);
  const IntRange range = out.shift < 0
                             ? value_bounds(planner, shape, {{shift_factor(out.shift), whole}}, {})
                             : planner.range(whole);
  out.decision = {.lo = range.min, .hi = range.max};
  out.scale = planner.parameter(1);
  out.zero = planner.parameter(2);
  return out;
}

/// Version 2: bits that the scales say, then a clamp.
Truncation truncation_2(Planner& planner, const ops::Trunc& trunc) {
  Truncation out;
  const RealArray scale = planner.parameter(1);
  out.scale = planner.parameter(4);
  if (!scale.is_scalar() || !out.scale.is_scalar())
    planner.fail("version 2 needs one scale and one output scale");
  require_positive(planner, out.scale);
  out.shift = nearest_log2(out.scale.values[0] * scale.values[0].inverse());
  const Bounds bounds = quant_bounds(
      planner, integer_parameter(planner, planner.parameter(5), "the output bit width"),
      trunc.is_signed, trunc.narrow);
  require_shift(planner, out.shift);
  out.decision = {.lo = bounds.lo, .hi = bounds.hi};
  out.zero = multiply(planner.parameter(2), shift_factor(out.shift));
  return out;
}

void plan_trunc(Planner& planner, const ops::Trunc& trunc) {
  const Value x = planner.input(0);
  const RealArray scale = planner.parameter(1), zero = planner.parameter(2);
  require_positive(planner, scale);
  const RealArray per_scale = inverse(scale);
  const auto terms = divided(x, per_scale);
  const RealArray offset = add(multiply(x.offset, per_scale), zero);
  const IntRange wide = value_bounds(planner, x.shape, terms, offset);
  const SlotId whole =
      emit_decision(planner, x.shape, terms, offset, {.lo = wide.min, .hi = wide.max});
  Truncation to =
      trunc.version == 1 ? truncation_1(planner, x.shape, whole) : truncation_2(planner, trunc);
  to.decision.mode = trunc.rounding_mode;
  const SlotId out =
      emit_decision(planner, x.shape, {{shift_factor(to.shift), whole}}, {}, to.decision);
  planner.set_output({x.shape,
                      {{to.scale, out}},
                      transform(multiply(to.scale, to.zero), [](const Real& v) { return -v; })});
}

}  // namespace

SlotId emit_decision(Planner& planner, const Shape& shape, const std::vector<Value::Term>& terms,
                     const RealArray& b, const Decision& decision, bool last) {
  const SlotId out = planner.add_slot(shape, {decision.lo, decision.hi});
  std::vector<SlotId> reads;
  for (const Value::Term& term : terms) reads.push_back(term.slot);
  planner.emit(std::make_unique<DecisionStep>(Sum(planner, shape, terms, b, last), decision, out,
                                              planner.slot(out).storage),
               reads, {out});
  return out;
}

SlotId emit_decision(Planner& planner, const Value& x, const RealArray& factor, const RealArray& b,
                     const Decision& decision) {
  if (x.formula) return emit_formula_decision(planner, x, factor, b, decision);
  return emit_decision(planner, x.shape, divided(x, factor), add(multiply(x.offset, factor), b),
                       decision, x.last);
}

bool plan_quantiser(Planner& planner, const Node& node) {
  if (const auto* quant = node.as<ops::Quant>()) {
    plan_quant(planner, *quant);
  } else if (node.as<ops::BipolarQuant>()) {
    plan_bipolar(planner);
  } else if (const auto* trunc = node.as<ops::Trunc>()) {
    plan_trunc(planner, *trunc);
  } else if (const auto* quantize = node.as<ops::QuantizeLinear>()) {
    plan_quantize_linear(planner, *quantize, node);
  } else if (const auto* dequantize = node.as<ops::DequantizeLinear>()) {
    plan_dequantize_linear(planner, *dequantize);
  } else if (node.as<ops::Sign>()) {
    const Value x = planner.input(0);
    const SlotId out = emit_decision(planner, x.shape, x.terms, x.offset,
                                     {.kind = Decision::Kind::kTernarySign, .lo = -1, .hi = 1});
    planner.set_output({x.shape, {{RealArray(Real(1)), out}}, {}});
  } else {
    return false;
  }
  return true;
}

}  // namespace assay::exact
