// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "compile/graph/hw_op.h"

namespace assay::hw {

/// X [N,H,W,C] -> [N,1,1,C]: the sum over all pixels, shifted right arithmetically by `shift`.
struct GlobalAccPool final : HwOpOf<GlobalAccPool> {
  static constexpr std::string_view kType = "GlobalAccPool";
  std::int64_t shift = 0, pe = 1;
  void fields(FieldVisitor& v) override {
    HwOp::fields(v);
    v.visit("shift", shift);
    v.visit("PE", pe);
  }
  void infer(InferContext& c) const override {
    const Shape& x = image_shape(c);
    if (shift < 0 || shift > 62) c.fail("shift must be between 0 and 62");
    c.outputs[0].shape = {x[0], 1, 1, x[3]};
  }
};

namespace stems {
using global_acc_pool = GlobalAccPool;
}

}  // namespace assay::hw
