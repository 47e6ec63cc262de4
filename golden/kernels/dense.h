// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include "golden/kernels/impl.h"
#include "golden/kernels/padded.h"
#include "golden/kernels/tile.h"

namespace assay {

inline constexpr std::int64_t kNoLimit = std::numeric_limits<std::int64_t>::max();

/// How a family of tile functions wants its operands, and what its narrow sums can hold.
struct Recipe {
  const char* name;
  const TileFunctions* functions;
  /// The padded image as the tiles read it: a step is `step_elements` channels in `step_bytes`
  /// bytes.
  const std::byte* (*image)(const ConvShape&, const void* in, Storage, const Padding&);
  std::int64_t step_elements, step_bytes;
  /// Writes the `weight_bytes` bytes of one output and one step.
  std::function<void(std::span<const std::int16_t> step, std::byte* to)> encode;
  std::int64_t weight_bytes;
  std::int64_t offset = 0;         // subtracted from every input
  std::int64_t bias_per_step = 0;  // added to every output
  std::int64_t pair_limit =
      kNoLimit;  // of the sums over every second pair of elements, up to a flush
  std::int64_t steps_limit = kNoLimit;  // of steps up to a flush
  std::vector<std::byte> table{};
};

/// Null when the limits force more flushes than the recipe is worth. The weights fit 16 bits.
std::unique_ptr<const ConvImpl> make_dense(const ConvProblem& problem, Recipe recipe);

}  // namespace assay
