// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "golden/kernels/conv.h"

namespace assay {

/// What a kernel is built from. Both ranges hold 0; `output` bounds every partial sum.
struct ConvProblem {
  ConvShape shape;
  std::span<const std::int64_t> weights;
  IntRange input, weight, output;
};

class ConvImpl {
 public:
  virtual ~ConvImpl() = default;
  virtual void run(const void* in, Storage storage, void* out, bool parallel) const = 0;
  virtual std::string_view name() const = 0;
};

template <typename T>
bool fits(IntRange range) {
  return range.min >= std::numeric_limits<T>::min() && range.max <= std::numeric_limits<T>::max();
}

/// What to subtract from inputs of `range` so that they fit the 8- or 16-bit T, if anything does
/// it.
template <typename T>
std::optional<std::int64_t> offset_into(IntRange range) {
  if (fits<T>(range)) return 0;
  if (!fits<std::int32_t>(range)) return std::nullopt;
  const std::int64_t offset = range.min - std::numeric_limits<T>::min();
  if (!fits<T>({range.min - offset, range.max - offset})) return std::nullopt;
  return offset;
}

/// sum of w * x = sum of w * (x - offset) + offset * sum of w: the second term of each output
/// channel, modulo 2^32. Padding is an x of 0 and so becomes -offset.
inline std::vector<std::int32_t> offset_bias(const ConvProblem& problem, std::int64_t offset) {
  const std::size_t fan_in = problem.weights.size() / problem.shape.out_channels;
  std::vector<std::int32_t> bias;
  for (std::int64_t o = 0; o < problem.shape.out_channels; ++o) {
    std::uint32_t sum = 0;
    for (const std::int64_t w : problem.weights.subspan(o * fan_in, fan_in))
      sum += static_cast<std::uint32_t>(w);
    bias.push_back(static_cast<std::int32_t>(sum * static_cast<std::uint32_t>(offset)));
  }
  return bias;
}

/// Each factory returns null when its kernel cannot promise an exact result for the problem.

/// Two-byte lanes over channels, for groups == in_channels. Needs AVX2.
std::unique_ptr<const ConvImpl> make_depthwise_avx2(const ConvProblem& problem);
/// Looks up the products of two or four channels at once: inputs of up to 2 bits, up to four
/// different weights.
std::unique_ptr<const ConvImpl> make_lookup_avx2(const ConvProblem& problem);
/// Unsigned bytes times signed bytes, summed in 16 bits as far as the weights allow.
std::unique_ptr<const ConvImpl> make_bytes_avx2(const ConvProblem& problem);
/// Operands of up to 16 bits, summed in 32.
std::unique_ptr<const ConvImpl> make_words_avx2(const ConvProblem& problem);
/// Unsigned bytes times signed bytes, summed in 32 bits by vpdpbusd.
std::unique_ptr<const ConvImpl> make_bytes_vnni(const ConvProblem& problem);
/// Everything, in 32 or 64 bits; never null.
std::unique_ptr<const ConvImpl> make_portable(const ConvProblem& problem);

}  // namespace assay
