// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>

#include "compile/graph/hw_op.h"

namespace assay::hw {

/// Windows [N,OH,OW,C*K], grouped at PE -> [N,OH,OW,C]: the maximum ("max") over the K taps, or
/// ("sum") their sum shifted right arithmetically by `shift`. FINN's Pool.
struct Pool final : HwOpOf<Pool> {
  static constexpr std::string_view kType = "Pool";
  std::string function = "max";
  std::int64_t taps = 1, shift = 0, pe = 1;
  void fields(FieldVisitor& v) override {
    HwOp::fields(v);
    v.visit("function", function, true);
    v.visit("taps", taps, true);
    v.visit("shift", shift);
    v.visit("PE", pe);
  }
  void infer(InferContext& c) const override {
    Shape shape = image_shape(c);
    if (taps < 1 || shape[3] % taps != 0)
      c.fail(fmt::format("{} taps do not divide {} elements", taps, shape[3]));
    if (function != "max" && function != "sum") c.fail("function must be max or sum");
    if (shift < 0 || shift > 62) c.fail("shift must be between 0 and 62");
    shape[3] /= taps;
    c.outputs[0].shape = shape;
  }
};

namespace stems {
using pool = Pool;
}

}  // namespace assay::hw
