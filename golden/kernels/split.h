// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tbb/blocked_range2d.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <cstdint>

namespace assay {

/// Below this, starting tasks costs more than they save.
inline constexpr std::int64_t kMacsWorthSplitting = 4'000'000;

/// Calls body(row_begin, row_end, column_begin, column_end) for disjoint parts that cover
/// rows x columns: one part in the calling thread, or several at once.
template <typename Body>
void split_work(std::int64_t rows, std::int64_t columns, std::int64_t column_grain, bool parallel,
                const Body& body) {
  if (!parallel) return body(std::int64_t{0}, rows, std::int64_t{0}, columns);
  using Range = tbb::blocked_range2d<std::int64_t>;
  // Isolated, because a thread that waits here must not start another image in its padded buffer.
  tbb::this_task_arena::isolate([&] {
    tbb::parallel_for(Range(0, rows, 1, 0, columns, column_grain), [&](const Range& part) {
      body(part.rows().begin(), part.rows().end(), part.cols().begin(), part.cols().end());
    });
  });
}

}  // namespace assay
