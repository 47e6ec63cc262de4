// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <cstdint>

#include "compile/graph/hw_op.h"

namespace assay::hw {

/// A [.., C], B of A's shape, or one vector [1, .., 1, C] for all of A: A * B, element by element, in
/// the output's data type. FINN's ElementwiseMul.
struct EltwiseMul final : HwOpOf<EltwiseMul> {
  static constexpr std::string_view kType = "EltwiseMul";
  static constexpr int kMinInputs = 2, kMaxInputs = 2;
  std::int64_t pe = 1;
  void fields(FieldVisitor& v) override {
    HwOp::fields(v);
    v.visit("PE", pe);
  }
  void infer(InferContext& c) const override {
    const Shape& a = vectors(c);
    const Shape& b = c.shape(1);
    Shape vector(a.size(), 1);
    vector.back() = a.back();
    if (b != a && b != vector)
      c.fail(fmt::format("it multiplies {} by {}; it takes a factor of the same shape or of {}",
                         shape_text(a), shape_text(b), shape_text(vector)));
    keep_shape(c);
  }
};

namespace stems {
using eltwise_mul = EltwiseMul;
}

}  // namespace assay::hw
