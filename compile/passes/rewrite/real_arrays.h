// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "compile/graph/graph.h"

/// Arithmetic on exact numbers that broadcast to a tensor.
namespace assay {

RealArray real_array_of(const Constant& constant);
/// f of every element; the shape stays.
template <typename F>
RealArray map_array(const RealArray& a, F f) {
  RealArray out = a;
  for (Real& value : out.values) value = f(value);
  return out;
}
/// Elementwise with broadcasting.
RealArray combine_arrays(const RealArray& a, const RealArray& b,
                         const std::function<Real(const Real&, const Real&)>& f);
RealArray operator+(const RealArray& a, const RealArray& b);
RealArray operator*(const RealArray& a, const RealArray& b);
RealArray operator-(const RealArray& a);
/// 1/a. Precondition: every element has an inverse.
RealArray inverse_of(const RealArray& a);

bool all_zero(const RealArray& a);
/// Whether every element equals `value`.
bool is_constant_array(const RealArray& a, const Real& value);
/// Indices into an array of shape `from` for every element of `to` in row-major order.
std::vector<std::int64_t> broadcast_index(const Shape& from, const Shape& to);
/// `a` with the axes along which it does not vary reduced to size 1; a scalar has shape [].
RealArray compressed(const RealArray& a);
/// The array of shape `shape` whose element i is element sources[i] of `a` expanded to `from`, or
/// `fill` where that is -1; compressed.
RealArray moved_array(const RealArray& a, const Shape& from, const Shape& shape,
                      const std::vector<std::int64_t>& sources, const Real& fill);
/// Whether the array varies along `axis` of a tensor of rank `rank`.
bool varies_along(const RealArray& a, std::size_t axis, std::size_t rank);
/// One number, or one per entry of `axis` (negative: from the end) of a tensor of rank `rank`, as
/// (De)QuantizeLinear states its parameters: as an array that broadcasts to the tensor.
RealArray along_axis(const RealArray& parameter, std::int64_t axis, std::size_t rank);
/// The same array with leading axes of size 1 up to `rank`.
RealArray with_rank(const RealArray& a, std::size_t rank);

}  // namespace assay
