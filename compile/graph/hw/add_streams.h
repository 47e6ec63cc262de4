// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "compile/graph/hw_op.h"

namespace assay::hw {

/// X0 [.., C], X1: X0 + X1 in the output's data type.
struct AddStreams final : HwOpOf<AddStreams> {
  static constexpr std::string_view kType = "AddStreams";
  static constexpr int kMinInputs = 2, kMaxInputs = 2;
  std::int64_t pe = 1;
  void fields(FieldVisitor& v) override {
    HwOp::fields(v);
    v.visit("PE", pe);
  }
  void infer(InferContext& c) const override {
    check_equal(c, 0);
    keep_shape(c);
  }
};

namespace stems {
using add_streams = AddStreams;
}

}  // namespace assay::hw
