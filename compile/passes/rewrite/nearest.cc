// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/rewrite/nearest.h"

#include <algorithm>
#include <string>

namespace assay {
namespace {

/// A fraction with a positive denominator.
struct Fraction {
  __int128 over, under;
};

std::int64_t floor_of(Fraction f) {
  return static_cast<std::int64_t>(f.over / f.under - (f.over % f.under < 0 ? 1 : 0));
}
std::int64_t ceil_of(Fraction f) { return -floor_of({-f.over, f.under}); }

/// Where output position `i` of `out` lies in the input of `in` elements.
std::optional<Fraction> coordinate(const std::string& mode, __int128 i, __int128 in, __int128 out) {
  if (mode == "asymmetric") return Fraction{i * in, out};
  if (mode == "pytorch_half_pixel" && out == 1) return Fraction{0, 1};
  if (mode == "half_pixel" || mode == "pytorch_half_pixel" || mode == "half_pixel_symmetric")
    return Fraction{(2 * i + 1) * in - out, 2 * out};
  if (mode == "tf_half_pixel_for_nn") return Fraction{(2 * i + 1) * in, 2 * out};
  if (mode == "align_corners") return out == 1 ? Fraction{0, 1} : Fraction{i * (in - 1), out - 1};
  return {};
}

std::optional<std::int64_t> nearest(const std::string& mode, Fraction f) {
  const Fraction less{2 * f.over - f.under, 2 * f.under}, more{2 * f.over + f.under, 2 * f.under};
  if (mode == "round_prefer_floor") return ceil_of(less);
  if (mode == "round_prefer_ceil") return floor_of(more);
  if (mode == "floor") return floor_of(f);
  if (mode == "ceil") return ceil_of(f);
  return {};
}

}  // namespace

std::optional<std::vector<std::int64_t>> nearest_positions(const ops::Resize& op, std::int64_t in,
                                                           std::int64_t out) {
  std::vector<std::int64_t> positions;
  for (std::int64_t i = 0; i < out; ++i) {
    const auto at = coordinate(op.coordinate_transformation_mode, i, in, out);
    const auto index = at ? nearest(op.nearest_mode, *at) : std::nullopt;
    if (!index) return {};
    positions.push_back(std::clamp<std::int64_t>(*index, 0, in - 1));
  }
  return positions;
}

}  // namespace assay
