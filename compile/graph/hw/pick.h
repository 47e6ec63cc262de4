// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include "compile/graph/hw_op.h"

namespace assay::hw {

/// X [N,H,W,C] -> [N,R,S,C]: pixel (r, s) is pixel (rows[r], columns[s]) of X, for R rows and S
/// columns in any order, as often as wanted: Slice, a Pad that reflects, repeats its edge or wraps, a
/// nearest Resize, and channels that change places as columns of N pixels.
struct Pick final : HwOpOf<Pick> {
  static constexpr std::string_view kType = "Pick";
  std::vector<std::int64_t> rows = {0}, columns = {0};
  std::int64_t simd = 1;
  void fields(FieldVisitor& v) override {
    HwOp::fields(v);
    v.visit("rows", rows);
    v.visit("columns", columns);
    v.visit("SIMD", simd);
  }
  void infer(InferContext& c) const override {
    const Shape& x = image_shape(c);
    check_picks(c, rows, x[1], "rows");
    check_picks(c, columns, x[2], "columns");
    c.outputs[0].shape = {x[0], std::ssize(rows), std::ssize(columns), x[3]};
  }

 private:
  static void check_picks(const InferContext& c, const std::vector<std::int64_t>& picks,
                          std::int64_t size, std::string_view name) {
    if (picks.empty() || std::ssize(picks) > kMaxField ||
        std::ranges::any_of(picks, [&](std::int64_t p) { return p < 0 || p >= size; }))
      c.fail(fmt::format("{} needs 1 to {} numbers from 0 to {}", name, kMaxField, size - 1));
  }
};

namespace stems {
using pick = Pick;
}

}  // namespace assay::hw
