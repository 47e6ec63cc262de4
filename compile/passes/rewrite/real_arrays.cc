// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/rewrite/real_arrays.h"

#include <algorithm>

#include "compile/graph/ops.h"
#include "compile/passes/rewrite/constant_tools.h"

namespace assay {
namespace {

/// The array without axis `axis`'s repetitions, when it does not vary along it.
RealArray reduced_along(const RealArray& a, std::size_t axis) {
  const std::int64_t size = a.shape[axis];
  if (size <= 1) return a;
  const std::int64_t inner =
      element_count(Shape(a.shape.begin() + static_cast<std::ptrdiff_t>(axis) + 1, a.shape.end()));
  const auto at = [&](std::int64_t i) -> const Real& {
    return a.values[static_cast<std::size_t>(i)];
  };
  const auto count = static_cast<std::int64_t>(a.values.size());
  RealArray out;
  out.shape = a.shape;
  out.shape[axis] = 1;
  out.values.clear();
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t k = i / inner % size, first = i - k * inner;
    if (k == 0)
      out.values.push_back(at(i));
    else if (!(at(i) == at(first)))
      return a;
  }
  return out;
}

}  // namespace

RealArray real_array_of(const Constant& constant) {
  std::vector<Real> values;
  values.reserve(static_cast<std::size_t>(constant.size()));
  for (std::int64_t i = 0; i < constant.size(); ++i) values.push_back(constant.real(i));
  return compressed({constant.shape(), std::move(values)});
}

std::vector<std::int64_t> broadcast_index(const Shape& from, const Shape& to) {
  return strided_offsets(to, broadcast_strides(from, to));
}

RealArray combine_arrays(const RealArray& a, const RealArray& b,
                         const std::function<Real(const Real&, const Real&)>& f) {
  RealArray out;
  out.shape = broadcast_shape(a.shape, b.shape);
  const auto ia = broadcast_index(a.shape, out.shape), ib = broadcast_index(b.shape, out.shape);
  out.values.clear();
  out.values.reserve(ia.size());
  for (std::size_t i = 0; i < ia.size(); ++i)
    out.values.push_back(
        f(a.values[static_cast<std::size_t>(ia[i])], b.values[static_cast<std::size_t>(ib[i])]));
  return out;
}

RealArray operator+(const RealArray& a, const RealArray& b) {
  if (all_zero(b)) return a;
  if (all_zero(a)) return b;
  return combine_arrays(a, b, [](const Real& x, const Real& y) { return x + y; });
}
RealArray operator*(const RealArray& a, const RealArray& b) {
  if (b.is_scalar() && b.shape.empty() && b.values[0] == Real(1)) return a;
  return combine_arrays(a, b, [](const Real& x, const Real& y) { return x * y; });
}
RealArray operator-(const RealArray& a) {
  return map_array(a, [](const Real& x) { return -x; });
}
RealArray inverse_of(const RealArray& a) {
  return map_array(a, [](const Real& x) { return x.inverse(); });
}

bool all_zero(const RealArray& a) { return is_constant_array(a, Real()); }
bool is_constant_array(const RealArray& a, const Real& value) {
  return std::ranges::all_of(a.values, [&](const Real& x) { return x == value; });
}

RealArray compressed(const RealArray& a) {
  RealArray out = a;
  for (std::size_t axis = 0; axis < out.shape.size(); ++axis) out = reduced_along(out, axis);
  if (out.values.size() == 1) out.shape.clear();
  return out;
}

RealArray moved_array(const RealArray& a, const Shape& from, const Shape& shape,
                      const std::vector<std::int64_t>& sources, const Real& fill) {
  const auto index = broadcast_index(a.shape, from);
  RealArray out;
  out.shape = shape;
  out.values.clear();
  out.values.reserve(sources.size());
  for (const std::int64_t source : sources)
    out.values.push_back(
        source < 0 ? fill
                   : a.values[static_cast<std::size_t>(index[static_cast<std::size_t>(source)])]);
  return compressed(out);
}

bool varies_along(const RealArray& a, std::size_t axis, std::size_t rank) {
  const std::size_t missing = rank - a.shape.size();
  return axis >= missing && a.shape[axis - missing] > 1;
}

RealArray along_axis(const RealArray& parameter, std::int64_t axis, std::size_t rank) {
  if (parameter.is_scalar()) return parameter;
  Shape shape(rank, 1);
  shape[ops::normalise_axis(axis, rank)] = static_cast<std::int64_t>(parameter.values.size());
  return {shape, parameter.values};
}

RealArray with_rank(const RealArray& a, std::size_t rank) {
  RealArray out = a;
  out.shape.insert(out.shape.begin(), rank - out.shape.size(), 1);
  return out;
}

}  // namespace assay
