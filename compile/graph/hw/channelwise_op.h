// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>

#include "compile/graph/hw_op.h"

namespace assay::hw {

/// X [.., C], P [C or 1]: X + P ("add"), X * P ("mul"), max(X, P) or min(X, P), per channel, in the
/// output's data type.
struct ChannelwiseOp final : HwOpOf<ChannelwiseOp> {
  static constexpr std::string_view kType = "ChannelwiseOp";
  static constexpr int kMinInputs = 2, kMaxInputs = 2;
  std::string function = "add";
  std::int64_t pe = 1;
  void fields(FieldVisitor& v) override {
    HwOp::fields(v);
    v.visit("function", function, true);
    v.visit("PE", pe);
  }
  void infer(InferContext& c) const override {
    const Shape& x = vectors(c);
    const Shape& p = c.shape(1);
    if (p.size() != 1 || (p[0] != 1 && p[0] != x.back()))
      c.fail(fmt::format("parameters {} do not fit an input of shape {}", shape_text(p),
                         shape_text(x)));
    if (function != "add" && function != "mul" && function != "max" && function != "min")
      c.fail("function must be add, mul, max or min");
    keep_shape(c);
  }
};

namespace stems {
using channelwise_op = ChannelwiseOp;
}

}  // namespace assay::hw
