// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "compile/graph/hw_op.h"

namespace assay::hw {

/// X -> the same tensor; the last beat of every frame carries TLAST.
struct TLastMarker final : HwOpOf<TLastMarker> {
  static constexpr std::string_view kType = "TLastMarker";
  std::int64_t lanes = 1;
  bool copies() const override { return true; }
  void fields(FieldVisitor& v) override {
    HwOp::fields(v);
    v.visit("lanes", lanes);
  }
  void infer(InferContext& c) const override { keep_shape(c); }
};

namespace stems {
using tlast_marker = TLastMarker;
}

}  // namespace assay::hw
