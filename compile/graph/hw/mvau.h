// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compile/graph/hw_op.h"

namespace assay::hw {

/// X [.., MW], W [MW, MH], T? [MH or 1, steps]: acc = X * W, or with `xnor` (X and W BINARY) the
/// count of equal bits; with thresholds out = levels of acc, row by row.
struct MVAU final : MultiplyOp {
  static constexpr std::string_view kType = "MVAU", kDomain = kHwDomain;
  static constexpr int kMinInputs = 2, kMaxInputs = 3, kOutputs = 1;
  bool xnor = false;
  std::string_view type() const override { return kType; }
  std::string_view domain() const override { return kDomain; }
  std::unique_ptr<Op> clone() const override { return std::make_unique<MVAU>(*this); }
  void fields(FieldVisitor& v) override {
    MultiplyOp::fields(v);
    v.visit("xnor", xnor);
  }
  void infer(InferContext& c) const override {
    infer_product(c, c.shape(1).empty() ? 0 : c.shape(1).front());
  }
};

namespace stems {
using mvau = MVAU;
}

}  // namespace assay::hw
