// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "compile/graph/graph.h"
#include "golden/exact/index_map.h"

namespace assay {

/// Elementwise arithmetic on exact numbers that broadcast. Results are compressed: axes along which
/// nothing changes have size 1, and a single value is a scalar.
RealArray add(const RealArray& a, const RealArray& b);
RealArray subtract(const RealArray& a, const RealArray& b);
RealArray multiply(const RealArray& a, const RealArray& b);
RealArray transform(const RealArray& a, const std::function<Real(const Real&)>& f);
RealArray combine(const RealArray& a, const RealArray& b,
                  const std::function<Real(const Real&, const Real&)>& f);

/// What a tensor with its axes in the order `perm` needs instead of `array`: axis i of the result
/// is axis perm[i].
RealArray permute(const RealArray& array, const std::vector<std::int64_t>& perm);

/// Which element of a tensor of shape `from` meets each of those of the shape `to` that it broadcasts to.
std::vector<std::int64_t> broadcast_places(const Shape& from, const Shape& to);

/// Every element of a tensor of `shape`, in row-major order. The pointers point into `array`.
std::vector<const Real*> expand(const RealArray& array, const Shape& shape);
/// The inverse: the smallest array that broadcasts to `shape` and has these elements; null elements
/// are free to be anything.
RealArray compress(const std::vector<const Real*>& elements, const Shape& shape);

/// A constant's values; UserError unless finite.
RealArray real_array(const Constant& constant);
/// One value per entry of axis `axis` of a tensor of rank `rank`.
RealArray along_axis(std::vector<Real> values, std::size_t axis, std::size_t rank);

bool is_zero(const RealArray& array);
/// Whether an array that broadcasts to `shape` changes along `axis` at most.
bool varies_only_along(const RealArray& array, const Shape& shape, std::size_t axis);
/// The element of a broadcast array at flat index `index` of a tensor of shape `shape`.
const Real& broadcast_element(const RealArray& array, const Shape& shape, std::int64_t index);

/// Structural equality: cheap, and exact for numbers that were computed alike.
bool identical(const Real& a, const Real& b);

/// Elements by their values.
struct Classes {
  std::vector<const Real*> values;  ///< all different
  std::vector<std::size_t> of;      ///< the class of each element
  static constexpr std::size_t kMost = 4096;
};
/// Nothing when there would be more than Classes::kMost.
std::optional<Classes> classes_of(const std::vector<const Real*>& elements);

}  // namespace assay
