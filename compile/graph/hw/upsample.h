// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "compile/graph/hw_op.h"

namespace assay::hw {

/// X [N,H,W,C] -> [N,H*scale[0],W*scale[1],C]: every pixel repeated.
struct UpsampleNearestNeighbour final : HwOpOf<UpsampleNearestNeighbour> {
  static constexpr std::string_view kType = "UpsampleNearestNeighbour";
  std::vector<std::int64_t> scale = {1, 1};
  std::int64_t simd = 1;
  void fields(FieldVisitor& v) override {
    HwOp::fields(v);
    v.visit("scale", scale);
    v.visit("SIMD", simd);
  }
  void infer(InferContext& c) const override {
    const Shape& x = image_shape(c);
    check_pair(c, scale, "scale");
    c.outputs[0].shape = {x[0], x[1] * scale[0], x[2] * scale[1], x[3]};
  }
};

namespace stems {
using upsample = UpsampleNearestNeighbour;
}

}  // namespace assay::hw
