// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "compile/graph/hw_op.h"

namespace assay::hw {

/// X -> the same tensor, `in_lanes` elements a beat becoming `out_lanes`; any ratio. Both divide
/// the number of elements.
struct StreamingDataWidthConverter final : HwOpOf<StreamingDataWidthConverter> {
  static constexpr std::string_view kType = "StreamingDataWidthConverter";
  std::int64_t in_lanes = 1, out_lanes = 1;
  bool copies() const override { return true; }
  void fields(FieldVisitor& v) override {
    HwOp::fields(v);
    v.visit("in_lanes", in_lanes);
    v.visit("out_lanes", out_lanes);
  }
  void infer(InferContext& c) const override { keep_shape(c); }
};

namespace stems {
using data_width_converter = StreamingDataWidthConverter;
}

}  // namespace assay::hw
