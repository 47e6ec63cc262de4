// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "compile/graph/constant.h"

/// Arithmetic and rearrangement of constants, exact.
namespace assay {

/// The offsets `base + sum index[i] * steps[i]` for every index of `shape` in row-major order.
std::vector<std::int64_t> strided_offsets(const Shape& shape,
                                          const std::vector<std::int64_t>& steps,
                                          std::int64_t base = 0);
/// Row-major element steps of `shape`.
std::vector<std::int64_t> row_major_steps(const Shape& shape);

/// Where the elements of a moved tensor come from, in row-major order; -1 is padding. For a Pad by
/// `pads` (all begins, then all ends) to `out`, a Gather of `indices` along `axis`, and a
/// Transpose.
std::vector<std::int64_t> pad_sources(const Shape& in, const Shape& out,
                                      std::span<const std::int64_t> pads);
std::vector<std::int64_t> gather_sources(const Shape& in, std::size_t axis,
                                         std::span<const std::int64_t> indices);
std::vector<std::int64_t> transpose_sources(const Shape& in, const std::vector<std::int64_t>& perm);

/// The constant of shape `shape` whose element i is element sources[i] of `from`; -1 stands for
/// `fill`, zero when there is none. Keeps the kind of `from`; it takes no arithmetic, so that large
/// weights are moved at memory speed.
Constant take(const Constant& from, Shape shape, const std::vector<std::int64_t>& sources,
              const Constant* fill = nullptr);
/// axis i of the result is axis perm[i] of `from`.
Constant transposed(const Constant& from, const std::vector<std::int64_t>& perm);

/// f of every element, as reals. Nothing when f gives nothing for some element.
template <typename F>
std::optional<Constant> map_reals(const Constant& x, F f) {
  std::vector<Real> values;
  values.reserve(static_cast<std::size_t>(x.size()));
  for (std::int64_t i = 0; i < x.size(); ++i) {
    std::optional<Real> value = f(x.real(i));
    if (!value) return {};
    values.push_back(std::move(*value));
  }
  return Constant(x.shape(), std::move(values));
}

/// -x, elementwise. Precondition: float or real.
Constant negated(const Constant& x);
/// 1/x, elementwise; nothing when an element is zero or a sum of several roots.
std::optional<Constant> reciprocal(const Constant& x);
/// Whether every element equals `value`.
bool all_equal(const Constant& x, const Real& value);

}  // namespace assay
