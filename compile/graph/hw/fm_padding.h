// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "compile/graph/hw_op.h"

namespace assay::hw {

/// X [N,H,W,C]. Puts insert[i] - 1 elements of pad_value between neighbours along axis 1 + i
/// (transposed convolutions), then pads [top, left, bottom, right] of them around:
/// [N, (H-1)*insert[0]+1+top+bottom, (W-1)*insert[1]+1+left+right, C].
struct FMPadding final : HwOpOf<FMPadding> {
  static constexpr std::string_view kType = "FMPadding";
  std::vector<std::int64_t> pads = {0, 0, 0, 0}, insert = {1, 1};
  std::int64_t pad_value = 0, simd = 1;
  void fields(FieldVisitor& v) override {
    HwOp::fields(v);
    v.visit("pads", pads);
    v.visit("insert", insert);
    v.visit("pad_value", pad_value);
    v.visit("SIMD", simd);
  }
  void infer(InferContext& c) const override {
    const Shape& x = image_shape(c);
    check_pair(c, insert, "insert");
    if (pads.size() != 4 ||
        std::ranges::any_of(pads, [](std::int64_t p) { return p < 0 || p > kMaxField; }))
      c.fail(fmt::format("pads needs [top, left, bottom, right], none negative or above {}",
                         kMaxField));
    c.outputs[0].shape = {x[0], (x[1] - 1) * insert[0] + 1 + pads[0] + pads[2],
                          (x[2] - 1) * insert[1] + 1 + pads[1] + pads[3], x[3]};
  }
};

namespace stems {
using fm_padding = FMPadding;
}

}  // namespace assay::hw
