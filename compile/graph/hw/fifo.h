// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "compile/graph/hw_op.h"

namespace assay::hw {

/// X -> the same tensor, through a queue of `depth` beats. ram_style "auto": by depth.
struct StreamingFIFO final : HwOpOf<StreamingFIFO> {
  static constexpr std::string_view kType = "StreamingFIFO";
  std::int64_t depth = 2, lanes = 1;
  bool copies() const override { return true; }
  void fields(FieldVisitor& v) override {
    HwOp::fields(v);
    v.visit("depth", depth);
    v.visit("lanes", lanes);
  }
  void infer(InferContext& c) const override { keep_shape(c); }
};

namespace stems {
using fifo = StreamingFIFO;
}

}  // namespace assay::hw
