// SPDX-License-Identifier: Apache-2.0
#include "golden/exact/integers.h"

#include <array>
#include <limits>

namespace assay::exact {
namespace {

constexpr std::int64_t kPiece = 512;
/// Shorter periods are repeated, so that the vector loops are long.
constexpr std::int64_t kShortestPeriod = 256;

/// Integers that repeat after a period, in memory order.
struct Coefficients {
  std::vector<std::vector<std::int64_t>> factors;  ///< per term
  std::vector<std::int64_t> offset;
  std::int64_t period() const { return std::ssize(offset); }
};

/// out[e] = sum_k a_k[e] * q_k[e] + b[e] in T, which holds every partial sum.
template <typename T>
class IntegerSumStep final : public Step {
 public:
  struct Term {
    SlotId slot;
    Storage storage;
    std::vector<T> factor;
  };
  IntegerSumStep(std::vector<Term> terms, std::vector<T> offset, std::int64_t size, SlotId out,
                 Storage storage)
      : terms_(std::move(terms)),
        offset_(std::move(offset)),
        size_(size),
        out_(out),
        storage_(storage) {}

  void run(Buffers& buffers) const override {
    const std::int64_t period = std::ssize(offset_);
    void* out = buffers.data(out_);
    in_pieces(size_, kPiece, buffers.parallel, [&](std::int64_t begin, std::int64_t count) {
      for (const std::int64_t end = begin + count; begin < end;) {
        const std::int64_t at = begin % period, n = std::min(end - begin, period - at);
        run_piece(buffers, begin, at, n, out);
        begin += n;
      }
    });
  }
  std::string kernel() const override { return "integer-sum"; }

 private:
  void run_piece(const Buffers& buffers, std::int64_t begin, std::int64_t at, std::int64_t count,
                 void* out) const {
    alignas(64) std::array<T, kPiece> sums;  // NOLINT: written before it is read
    T* sum = sums.data();
    std::copy_n(offset_.data() + at, count, sum);
    for (const Term& term : terms_)
      with_type(term.storage, buffers.read(term.slot), [&](const auto* q) {
        const T* factor = term.factor.data() + at;
        for (std::int64_t i = 0; i < count; ++i) sum[i] += factor[i] * static_cast<T>(q[begin + i]);
      });
    with_type(storage_, out, [&](auto* to) {
      for (std::int64_t i = 0; i < count; ++i)
        to[begin + i] = static_cast<std::remove_pointer_t<decltype(to)>>(sum[i]);
    });
  }

  std::vector<Term> terms_;
  std::vector<T> offset_;
  std::int64_t size_;
  SlotId out_;
  Storage storage_;
};

std::optional<std::int64_t> integer(const Real& value) {
  if (!value.is_rational()) return {};
  const mpq_class q = value.rational();
  if (q.get_den() != 1 || !q.get_num().fits_slong_p()) return {};
  return q.get_num().get_si();
}

bool all_integers(const Value& value) {
  const auto integers = [](const RealArray& array) {
    return std::ranges::all_of(array.values, [](const Real& v) { return integer(v).has_value(); });
  };
  return integers(value.offset) && std::ranges::all_of(value.terms, [&](const Value::Term& term) {
           return integers(term.scale);
         });
}

bool along_lanes(const RealArray& array, const Value& value) {
  const std::size_t lead = value.shape.size() - std::min(array.shape.size(), value.shape.size());
  for (std::size_t i = 0; i < array.shape.size() && !array.is_scalar(); ++i)
    if (array.shape[i] != 1 && lead + i != lane_axis(value.shape, value.last)) return false;
  return true;
}

/// The array's integers over `period` elements: the lanes, repeated, or the whole tensor.
std::vector<std::int64_t> laid_out(const RealArray& array, const Value& value, bool lanes,
                                   std::int64_t period) {
  std::vector<std::int64_t> out(static_cast<std::size_t>(period));
  if (lanes) {
    std::vector<std::int64_t> entries;
    for (const Real& v : array.values) entries.push_back(*integer(v));
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = entries[i % entries.size()];
    return out;
  }
  const auto elements = expand(array, value.shape);
  for (std::size_t i = 0; i < elements.size(); ++i)
    out[static_cast<std::size_t>(physical_index(value.shape, static_cast<std::int64_t>(i),
                                                value.last))] = *integer(*elements[i]);
  return out;
}

Coefficients coefficients_of(const Value& value) {
  const bool lanes = along_lanes(value.offset, value) &&
                     std::ranges::all_of(value.terms, [&](const Value::Term& term) {
                       return along_lanes(term.scale, value);
                     });
  const std::int64_t size = element_count(value.shape),
                     count = std::max<std::int64_t>(lane_count(value.shape, value.last), 1);
  const std::int64_t period =
      lanes ? std::max<std::int64_t>(1, kShortestPeriod / count) * count : size;
  Coefficients out{{}, laid_out(value.offset, value, lanes, period)};
  for (const Value::Term& term : value.terms)
    out.factors.push_back(laid_out(term.scale, value, lanes, period));
  return out;
}

/// Bounds of the sum, and on the magnitude of every partial sum.
struct SumBounds {
  IntRange range;
  std::int64_t most = 0;
};

SumBounds bounds_of(const Planner& planner, const Value& value, const Coefficients& coefficients) {
  using Wide = __int128;
  Wide low = 0, high = 0, most = 0;
  for (std::size_t i = 0; i < coefficients.offset.size(); ++i) {
    const Wide b = coefficients.offset[i];
    Wide l = b, h = b, m = b < 0 ? -b : b;
    for (std::size_t k = 0; k < value.terms.size(); ++k) {
      const IntRange range = planner.range(value.terms[k].slot);
      const Wide a = coefficients.factors[k][i], x = a * range.min, y = a * range.max;
      l += std::min(x, y);
      h += std::max(x, y);
      m += std::max(std::max(x, -x), std::max(y, -y));
      m = std::max(m, std::max(a, -a));
    }
    low = i == 0 ? l : std::min(low, l);
    high = i == 0 ? h : std::max(high, h);
    most = std::max(most, m);
  }
  if (most >= Wide{1} << 62)
    planner.fail("a sum of its integers could exceed 62 bits; quantise its inputs to fewer bits");
  return {{static_cast<std::int64_t>(low), static_cast<std::int64_t>(high)},
          static_cast<std::int64_t>(most)};
}

template <typename T>
std::unique_ptr<Step> sum_step(const Planner& planner, const Value& value,
                               const Coefficients& coefficients, SlotId out) {
  std::vector<typename IntegerSumStep<T>::Term> terms;
  for (std::size_t k = 0; k < value.terms.size(); ++k) {
    const SlotId slot = value.terms[k].slot;
    terms.push_back({slot,
                     planner.slot(slot).storage,
                     {coefficients.factors[k].begin(), coefficients.factors[k].end()}});
  }
  return std::make_unique<IntegerSumStep<T>>(
      std::move(terms), std::vector<T>(coefficients.offset.begin(), coefficients.offset.end()),
      planner.slot(out).size, out, planner.slot(out).storage);
}

}  // namespace

std::optional<SlotId> integer_slot(Planner& planner, const Value& value) {
  if (!all_integers(value)) return {};
  if (value.terms.size() == 1 && value.terms[0].scale.is_scalar() &&
      value.terms[0].scale.values[0] == Real(1) && is_zero(value.offset))
    return value.terms[0].slot;
  const Coefficients coefficients = coefficients_of(value);
  const SumBounds bounds = bounds_of(planner, value, coefficients);
  const SlotId out = planner.add_slot(value.shape, bounds.range);
  std::vector<SlotId> reads;
  for (const Value::Term& term : value.terms) reads.push_back(term.slot);
  const bool narrow = bounds.most < std::numeric_limits<std::int32_t>::max();
  planner.emit(narrow ? sum_step<std::int32_t>(planner, value, coefficients, out)
                      : sum_step<std::int64_t>(planner, value, coefficients, out),
               reads, {out});
  return out;
}

}  // namespace assay::exact
