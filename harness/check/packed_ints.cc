// SPDX-License-Identifier: Apache-2.0
#include "harness/check/packed_ints.h"

#include <algorithm>
#include <limits>

namespace assay {
namespace {

template <typename T>
bool fits(std::int64_t min, std::int64_t max) {
  return min >= std::numeric_limits<T>::min() && max <= std::numeric_limits<T>::max();
}

template <typename T>
std::vector<T> narrowed(std::span<const std::int64_t> values) {
  std::vector<T> out(values.size());
  std::ranges::transform(values, out.begin(), [](std::int64_t v) { return static_cast<T>(v); });
  return out;
}

}  // namespace

PackedInts::PackedInts(std::span<const std::int64_t> values) {
  std::int64_t min = 0, max = 0;
  for (const std::int64_t v : values) {
    min = std::min(min, v);
    max = std::max(max, v);
  }
  if (fits<std::int8_t>(min, max)) {
    values_ = narrowed<std::int8_t>(values);
  } else if (fits<std::int16_t>(min, max)) {
    values_ = narrowed<std::int16_t>(values);
  } else if (fits<std::int32_t>(min, max)) {
    values_ = narrowed<std::int32_t>(values);
  } else {
    values_ = narrowed<std::int64_t>(values);
  }
}

std::size_t PackedInts::size() const {
  return std::visit([](const auto& v) { return v.size(); }, values_);
}

std::int64_t PackedInts::operator[](std::size_t index) const {
  return std::visit([&](const auto& v) { return static_cast<std::int64_t>(v[index]); }, values_);
}

std::size_t PackedInts::bytes() const {
  return std::visit([](const auto& v) { return v.size() * sizeof(v[0]); }, values_);
}

std::vector<std::int64_t> PackedInts::unpacked() const {
  return std::visit([](const auto& v) { return std::vector<std::int64_t>(v.begin(), v.end()); },
                    values_);
}

}  // namespace assay
