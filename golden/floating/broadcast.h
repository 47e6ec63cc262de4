// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "compile/graph/constant.h"

namespace assay {

/// Which element of a tensor of shape `from` meets each element of the shape `to` that it
/// broadcasts to.
class BroadcastIndex {
 public:
  BroadcastIndex() = default;  ///< a scalar
  BroadcastIndex(const Shape& from, const Shape& to);
  /// A vector along `axis` of `to`, or a single element: QuantizeLinear's scales and biases of
  /// channels.
  static BroadcastIndex along_axis(std::int64_t size, std::size_t axis, const Shape& to);

  std::int64_t operator()(std::int64_t i) const {
    return table_.empty() ? i / inner_ % period_ : table_[static_cast<std::size_t>(i)];
  }

  /// Calls body(i, source of i) for i = 0 .. count-1, without a division per element.
  template <typename Body>
  void for_each(std::int64_t count, Body body) const {
    if (!table_.empty()) {
      for (std::int64_t i = 0; i < count; ++i) body(i, table_[static_cast<std::size_t>(i)]);
    } else if (period_ == 1) {
      for (std::int64_t i = 0; i < count; ++i) body(i, std::int64_t{0});
    } else if (inner_ == 1 && period_ == count) {
      for (std::int64_t i = 0; i < count; ++i) body(i, i);
    } else {
      for (std::int64_t i = 0; i < count;)
        for (std::int64_t source = 0; source < period_; ++source)
          for (std::int64_t j = 0; j < inner_; ++j, ++i) body(i, source);
    }
  }

 private:
  // Element i meets i / inner_ % period_, unless the stretched axes alternate with others.
  std::int64_t inner_ = 1, period_ = 1;
  std::vector<std::int64_t> table_;
};

}  // namespace assay
