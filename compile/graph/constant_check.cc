// SPDX-License-Identifier: Apache-2.0
#include "compile/graph/constant_check.h"

#include <algorithm>

namespace assay {
namespace {

constexpr std::int64_t kLargest = 1 << 24;   ///< float32 holds all integers up to here
constexpr std::size_t kCheckedBlock = 1024;  ///< a fixed length, so that compilers vectorise

/// 0 when all values are integers of [lo, hi]. A NaN is clamped to lo and differs from it.
int count_outside(const float* values, std::size_t count, float lo, float hi) {
  int outside = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const float raised = values[i] > lo ? values[i] : lo;
    const float clamped = raised < hi ? raised : hi;
    const auto whole = static_cast<float>(static_cast<std::int32_t>(clamped));
    outside += static_cast<int>(whole != values[i]);
  }
  return outside;
}

}  // namespace

bool surely_within(const Constant& constant, const DataType& type) {
  using enum DataType::Kind;
  const bool interval = type.kind == kUInt || type.kind == kInt || type.kind == kTernary;
  if (!constant.is_float() || !interval) return false;
  const auto lo = static_cast<float>(std::max(type.min(), -kLargest)),
             hi = static_cast<float>(std::min(type.max(), kLargest));
  const auto values = constant.floats();
  std::size_t at = 0;
  for (; at + kCheckedBlock <= values.size(); at += kCheckedBlock)
    if (count_outside(values.data() + at, kCheckedBlock, lo, hi) != 0) return false;
  return count_outside(values.data() + at, values.size() - at, lo, hi) == 0;
}

}  // namespace assay
