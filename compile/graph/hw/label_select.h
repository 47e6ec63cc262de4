// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <cstdint>

#include "compile/graph/hw_op.h"

namespace assay::hw {

/// X [N,C] or [N,1,1,C] -> values? (X's type), indices, [..,k]: the k largest (`largest`, else
/// smallest), best first, ties to the lower index. The values are left out when nobody reads them.
struct LabelSelect final : HwOpOf<LabelSelect> {
  static constexpr std::string_view kType = "LabelSelect";
  static constexpr int kOutputs = 2;
  std::int64_t k = 1, pe = 1;
  bool largest = true;
  void fields(FieldVisitor& v) override {
    HwOp::fields(v);
    v.visit("k", k);
    v.visit("PE", pe);
    v.visit("largest", largest);
  }
  void infer(InferContext& c) const override {
    Shape shape = vectors(c);
    if (element_count(shape) != shape.back()) c.fail("it takes one vector of classes");
    if (k < 1 || k > shape.back())
      c.fail(fmt::format("k is {}, which is not between 1 and the {} classes", k, shape.back()));
    shape.back() = k;
    c.outputs[0].shape = c.outputs[1].shape = shape;
    c.outputs[1].container = Container::kInt64;
  }
};

namespace stems {
using label_select = LabelSelect;
}

}  // namespace assay::hw
