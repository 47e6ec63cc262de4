// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "compile/graph/hw_op.h"

namespace assay::hw {

/// X0 [.., C0], X1 [.., C1]..: concatenated along the last axis. PE divides every Ci.
struct StreamingConcat final : HwOpOf<StreamingConcat> {
  static constexpr std::string_view kType = "StreamingConcat";
  static constexpr int kMinInputs = 1, kMaxInputs = 64;
  std::int64_t pe = 1;
  void fields(FieldVisitor& v) override {
    HwOp::fields(v);
    v.visit("PE", pe);
  }
  void infer(InferContext& c) const override {
    Shape shape = vectors(c);
    for (std::size_t i = 1; i < c.input_count(); ++i) {
      const Shape& x = c.shape(i);
      if (x.size() != shape.size() || !std::equal(x.begin(), x.end() - 1, shape.begin()))
        c.fail(fmt::format("its inputs have the shapes {} and {}", shape_text(c.shape(0)),
                           shape_text(x)));
      shape.back() += x.back();
    }
    c.outputs[0].shape = shape;
  }
};

namespace stems {
using streaming_concat = StreamingConcat;
}

}  // namespace assay::hw
