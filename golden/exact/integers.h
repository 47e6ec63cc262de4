// SPDX-License-Identifier: Apache-2.0
// Internal to the exact executor: values that are integers, as one integer tensor.
#pragma once

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <cstdint>
#include <optional>

#include "golden/exact/plan.h"

namespace assay::exact {

/// Calls body(begin, count) for pieces of at most `piece` elements that make up [0, size); in
/// several threads when allowed and worth it.
template <typename Body>
void in_pieces(std::int64_t size, std::int64_t piece, bool parallel, const Body& body) {
  constexpr std::int64_t kSplit = 1 << 15;
  const auto range = [&](std::int64_t begin, std::int64_t end) {
    for (; begin < end; begin += piece) body(begin, std::min(piece, end - begin));
  };
  if (!parallel || size <= kSplit) return range(0, size);
  // Isolated, because a thread that waits here must not start another image.
  tbb::this_task_arena::isolate([&] {
    tbb::parallel_for(tbb::blocked_range<std::int64_t>(0, size, kSplit),
                      [&](const auto& part) { range(part.begin(), part.end()); });
  });
}

/// A slot that holds the value itself, in the value's order: the only term's where its scale is 1
/// and nothing is added, else a sum that is computed once. Nothing when a scale or the offset is no
/// integer. UserError when the sum could exceed 62 bits.
std::optional<SlotId> integer_slot(Planner& planner, const Value& value);

}  // namespace assay::exact
