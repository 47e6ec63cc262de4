// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "compile/graph/hw_op.h"

namespace assay::hw {

/// X -> the same tensor, on every output.
struct DuplicateStreams final : HwOpOf<DuplicateStreams> {
  static constexpr std::string_view kType = "DuplicateStreams";
  static constexpr int kOutputs = 64;
  std::int64_t pe = 1;
  bool copies() const override { return true; }
  void fields(FieldVisitor& v) override {
    HwOp::fields(v);
    v.visit("PE", pe);
  }
  void infer(InferContext& c) const override {
    for (InferOutput& output : c.outputs) output.shape = c.shape(0);
  }
};

namespace stems {
using duplicate_streams = DuplicateStreams;
}

}  // namespace assay::hw
