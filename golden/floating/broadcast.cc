// SPDX-License-Identifier: Apache-2.0
#include "golden/floating/broadcast.h"

#include <algorithm>

namespace assay {
namespace {

std::vector<std::int64_t> sources(const Shape& to, const std::vector<std::int64_t>& strides) {
  std::vector<std::int64_t> result = {0};
  for (std::size_t a = 0; a < to.size(); ++a) {
    std::vector<std::int64_t> next;
    next.reserve(result.size() * static_cast<std::size_t>(to[a]));
    for (const std::int64_t base : result)
      for (std::int64_t i = 0; i < to[a]; ++i) next.push_back(base + i * strides[a]);
    result = std::move(next);
  }
  return result;
}

}  // namespace

BroadcastIndex::BroadcastIndex(const Shape& from, const Shape& to) {
  const auto strides = broadcast_strides(from, to);
  std::vector<std::size_t> kept;  // axes along which the source moves
  for (std::size_t a = 0; a < to.size(); ++a)
    if (to[a] != 1 && strides[a] != 0) kept.push_back(a);
  if (kept.empty()) return;
  bool contiguous = true;
  for (std::size_t a = kept.front(); a <= kept.back(); ++a) {
    contiguous = contiguous && (to[a] == 1 || strides[a] != 0);
    period_ *= to[a];
  }
  for (std::size_t a = kept.back() + 1; a < to.size(); ++a) inner_ *= to[a];
  if (!contiguous) table_ = sources(to, strides);
}

BroadcastIndex BroadcastIndex::along_axis(std::int64_t size, std::size_t axis, const Shape& to) {
  if (size == 1) return {};
  Shape from(to.size(), 1);
  from.at(axis) = size;
  return {from, to};
}

}  // namespace assay
