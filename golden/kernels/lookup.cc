// SPDX-License-Identifier: Apache-2.0
#include "golden/kernels/impl.h"

#if defined(__x86_64__)
#include <algorithm>
#include <cstring>

#include "golden/kernels/dense.h"

namespace assay {
namespace {

constexpr std::int64_t kRow = 16;  // bytes that one shuffle can choose from
constexpr int kInputBits = 2;
constexpr std::int64_t kInputValues = 1 << kInputBits;

/// kTaps inputs of two bits select a row of the table; kTaps weights of 4 / kTaps bits, an entry of
/// the row.
template <int kTaps>
struct Code {
  using Inputs = std::conditional_t<kTaps == 2, std::uint16_t, std::uint32_t>;
  static constexpr int kWeightBits = 4 / kTaps;
  static constexpr std::int64_t kRows = 1 << (kInputBits * kTaps);
  static constexpr std::int64_t kLanes = 8;
  static_assert(kLanes * kTaps <= kReadAhead);

  /// Compresses bytes of 0..3 to row offsets. Whole vectors only: reads and writes past the end.
  static void rows(const std::uint8_t* in, std::uint16_t* out, std::int64_t count) {
    typedef Inputs From __attribute__((vector_size(kLanes * sizeof(Inputs))));
    typedef std::uint16_t To __attribute__((vector_size(kLanes * sizeof(std::uint16_t))));
    for (std::int64_t i = 0; i < count; i += kLanes) {
      From x;
      std::memcpy(&x, in + i * kTaps, sizeof(x));
      x |= x >> 6;
      if constexpr (kTaps == 4) x |= x >> 12;
      const To y = __builtin_convertvector((x & static_cast<Inputs>(kRows - 1)) * kRow, To);
      std::memcpy(out + i, &y, sizeof(y));
    }
  }

  static const std::byte* image(const ConvShape& s, const void* in, Storage storage,
                                const Padding& padding) {
    thread_local std::vector<std::uint16_t> buffer;
    const std::uint8_t* bytes = padded_image<std::uint8_t>(s, in, storage, padding);
    const std::int64_t height = s.pad_top + s.in_height + s.pad_bottom;
    const std::int64_t count = height * padded_width(s) * s.in_channels / kTaps;
    if (buffer.size() < static_cast<std::size_t>(count + kLanes)) buffer.resize(count + kLanes);
    rows(bytes, buffer.data(), count);
    return reinterpret_cast<const std::byte*>(buffer.data());
  }
};

/// The sums of products that one lookup gives, lifted by -low to be unsigned.
struct Table {
  std::vector<std::byte> bytes;
  std::int64_t low = 0, high = 0;
};

template <int kTaps>
Table make_table(const std::vector<std::int64_t>& values, std::int64_t input_max) {
  Table table;
  for (const std::int64_t w : values) {
    table.low = std::min(table.low, kTaps * input_max * w);
    table.high = std::max(table.high, kTaps * input_max * w);
  }
  for (std::int64_t row = 0; row < Code<kTaps>::kRows; ++row)
    for (std::int64_t entry = 0; entry < kRow; ++entry) {
      std::int64_t sum = -table.low;
      for (int tap = 0; tap < kTaps; ++tap) {
        const std::int64_t index =
            entry >> (tap * Code<kTaps>::kWeightBits) & ((1 << Code<kTaps>::kWeightBits) - 1);
        const std::int64_t w = index < std::ssize(values) ? values[index] : 0;
        sum += w * (row >> (tap * kInputBits) & (kInputValues - 1));
      }
      table.bytes.push_back(static_cast<std::byte>(sum));
    }
  return table;
}

template <int kTaps>
void encode(const std::vector<std::int64_t>& values, std::span<const std::int16_t> step,
            std::byte* to) {
  std::size_t code = 0;
  for (int tap = 0; tap < kTaps; ++tap) {
    const auto at = std::find(values.begin(), values.end(), step[tap]);
    code |= static_cast<std::size_t>(at - values.begin()) << (tap * Code<kTaps>::kWeightBits);
  }
  *to = static_cast<std::byte>(code);
}

template <int kTaps>
std::unique_ptr<const ConvImpl> make_lookup(const ConvProblem& problem,
                                            const std::vector<std::int64_t>& values) {
  const ConvShape& s = problem.shape;
  const std::int64_t input_max = problem.input.max - problem.input.min;
  const std::int64_t fan_in = s.in_channels / s.groups;
  if (std::ssize(values) > 1 << Code<kTaps>::kWeightBits || fan_in % kTaps != 0) return nullptr;
  // A byte of the table holds no more; this also keeps the products below small.
  if (problem.weight.min < -64 || problem.weight.max > 64) return nullptr;
  Table table = make_table<kTaps>(values, input_max);
  const std::int64_t span = table.high - table.low;
  const std::int64_t steps = fan_in / kTaps * s.kernel_height * s.kernel_width;
  if (span > 255 || span * steps > std::numeric_limits<std::uint16_t>::max()) return nullptr;
  return make_dense(
      problem, {.name = kTaps == 2 ? "AVX2 lookup of 2" : "AVX2 lookup of 4",
                .functions = &lookup_avx2(),
                .image = Code<kTaps>::image,
                .step_elements = kTaps,
                .step_bytes = sizeof(std::uint16_t),
                .encode = [values](auto step, std::byte* to) { encode<kTaps>(values, step, to); },
                .weight_bytes = 1,
                .offset = problem.input.min,
                .bias_per_step = table.low,
                .steps_limit = 255 / std::max<std::int64_t>(span, 1),
                .table = std::move(table.bytes)});
}

/// The different weights, or the first five of them.
std::vector<std::int64_t> weight_values(std::span<const std::int64_t> weights) {
  std::vector<std::int64_t> values;
  for (const std::int64_t w : weights) {
    if (std::find(values.begin(), values.end(), w) != values.end()) continue;
    values.push_back(w);
    if (values.size() > 4) break;
  }
  return values;
}

}  // namespace

std::unique_ptr<const ConvImpl> make_lookup_avx2(const ConvProblem& problem) {
  const ConvShape& s = problem.shape;
  const std::int64_t fan_out = s.out_channels / s.groups;
  const std::int64_t lanes = lookup_avx2().outputs_per_vector;
  // Where more than a third of the lanes would idle, products are as fast.
  const bool fills_lanes = 3 * fan_out >= 2 * ((fan_out + lanes - 1) / lanes * lanes);
  if (!fills_lanes || !fits<std::int32_t>(problem.output) || !fits<std::int32_t>(problem.input) ||
      problem.input.max - problem.input.min >= kInputValues)
    return nullptr;
  const std::vector<std::int64_t> values = weight_values(problem.weights);
  if (auto impl = make_lookup<4>(problem, values)) return impl;
  return make_lookup<2>(problem, values);
}

}  // namespace assay
#else
namespace assay {
std::unique_ptr<const ConvImpl> make_lookup_avx2(const ConvProblem&) { return nullptr; }
}  // namespace assay
#endif
