// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>

#include "compile/graph/hw_op.h"

namespace assay::hw {

/// X [.., C], T [C or 1, steps], or, where thresholds depend on the position, T of X's rank + 1
/// whose leading axes broadcast to X's: out = levels of X. Rows are sorted upwards.
struct Thresholding final : HwOpOf<Thresholding> {
  static constexpr std::string_view kType = "Thresholding";
  static constexpr int kMinInputs = 2, kMaxInputs = 2;
  Levels levels;
  std::int64_t pe = 1;
  /// "auto" (not decided yet), "comparators" (all steps at once) or "search" (binary search).
  std::string preferred_impl_style = "auto";
  bool runtime_writeable_weights = false;  ///< of the thresholds, see MultiplyOp
  void fields(FieldVisitor& v) override {
    HwOp::fields(v);
    levels.visit(v);
    v.visit("PE", pe);
    v.visit("preferred_impl_style", preferred_impl_style);
    v.visit("runtime_writeable_weights", runtime_writeable_weights);
  }
  void infer(InferContext& c) const override {
    const Shape& x = vectors(c);
    const Shape& t = c.shape(1);
    bool fits = t.size() == 2 && (t[0] == 1 || t[0] == x.back());
    if (t.size() == x.size() + 1 && !fits) {
      fits = true;
      for (std::size_t i = 0; i < x.size(); ++i) fits = fits && (t[i] == 1 || t[i] == x[i]);
    }
    if (!fits)
      c.fail(fmt::format("thresholds {} do not fit an input of shape {}", shape_text(t),
                         shape_text(x)));
    keep_shape(c);
  }
};

namespace stems {
using thresholding = Thresholding;
}

}  // namespace assay::hw
