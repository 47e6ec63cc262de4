// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/widths/range.h"

#include <algorithm>
#include <cmath>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "compile/passes/rewrite/rewrite.h"

namespace assay::widths {
namespace {

/// Bounds of a constant: per entry of the only axis along which it varies, or one pair.
Ranges constant_ranges(const Tensor& tensor, const Node& user) {
  const std::vector<std::int64_t> values = integers(tensor, user);
  Ranges out = Ranges::all(std::ranges::min(values), std::ranges::max(values));
  out.bipolar = std::ranges::all_of(values, [](std::int64_t v) { return v == 1 || v == -1; });
  const Shape& shape = known_shape(tensor);
  for (std::size_t axis = 0; values.size() > 1 && axis < shape.size(); ++axis) {
    if (shape[axis] != static_cast<std::int64_t>(values.size())) continue;
    out.axis = static_cast<int>(axis);
    out.bounds.clear();
    for (const std::int64_t value : values) out.bounds.push_back({value, value});
  }
  return out;
}

}  // namespace

Bounds hull(const Bounds& a, const Bounds& b) {
  return {std::min(a.lo, b.lo), std::max(a.hi, b.hi)};
}

Bounds Ranges::total() const {
  Bounds out = bounds[0];
  for (const Bounds& b : bounds) out = hull(out, b);
  return out;
}

DataType Ranges::type() const {
  const Bounds b = total();
  return bipolar ? DataType::bipolar() : DataType::smallest_for(b.lo, b.hi);
}

std::int64_t checked(__int128 value, const Node& node) {
  constexpr __int128 kLimit = static_cast<__int128>(1) << 62;
  if (value > kLimit || value < -kLimit)
    user_error("{}: its worst case exceeds 62 bits; narrow its inputs or weights", node.label());
  return static_cast<std::int64_t>(value);
}

std::vector<std::int64_t> integers(const Tensor& tensor, const Node& node) {
  const Constant& constant = *tensor.constant;
  if (constant.is_int()) return {constant.ints().begin(), constant.ints().end()};
  std::vector<std::int64_t> values;
  values.reserve(static_cast<std::size_t>(constant.size()));
  if (constant.is_float())
    for (const float value : constant.floats()) {
      if (value != std::nearbyint(value) || std::abs(value) > 0x1p62F) break;
      values.push_back(static_cast<std::int64_t>(value));
    }
  if (static_cast<std::int64_t>(values.size()) != constant.size())
    user_error("{}: constant '{}' holds numbers that are no integers; streamline the graph first",
               node.label(), printable(tensor.name));
  return values;
}

const Ranges& Analysis::of(const Tensor* tensor, const Node& user) {
  const auto it = ranges_.find(tensor);
  if (it != ranges_.end()) return it->second;
  if (!tensor->constant)
    user_error("{}: the range of '{}' is not known", user.label(), printable(tensor->name));
  return ranges_.emplace(tensor, constant_ranges(*tensor, user)).first->second;
}

}  // namespace assay::widths
