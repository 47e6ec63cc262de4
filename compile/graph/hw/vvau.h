// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compile/graph/hw_op.h"

namespace assay::hw {

/// Depthwise. X [.., C*K] grouped at PE, (c / PE, k, c % PE), W [K, C], T? [C or 1, steps]:
/// acc[c] = sum_k X[k, c] * W[k, c]; [.., C]. A beat of X carries SIMD taps of PE channels.
struct VVAU final : MultiplyOp {
  static constexpr std::string_view kType = "VVAU", kDomain = kHwDomain;
  static constexpr int kMinInputs = 2, kMaxInputs = 3, kOutputs = 1;
  std::string_view type() const override { return kType; }
  std::string_view domain() const override { return kDomain; }
  std::unique_ptr<Op> clone() const override { return std::make_unique<VVAU>(*this); }
  void infer(InferContext& c) const override { infer_product(c, element_count(c.shape(1))); }
};

namespace stems {
using vvau = VVAU;
}

}  // namespace assay::hw
