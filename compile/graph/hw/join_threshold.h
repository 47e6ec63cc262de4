// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <cstdint>

#include "compile/graph/hw_op.h"

namespace assay::hw {

/// T, M?, X0, X1..: the quantiser of a sum of streams, as ops::JoinThreshold with at least two X.
/// The leading axes of T and M have size 1, the last of them (channels) 1 or C.
struct JoinThreshold final : HwOpOf<JoinThreshold> {
  static constexpr std::string_view kType = "JoinThreshold";
  static constexpr int kMinInputs = 4, kMaxInputs = 64;
  static constexpr std::size_t kFirstX = 2;
  Levels levels;
  std::int64_t table_min = 0, pe = 1;
  bool runtime_writeable_weights = false;  ///< of thresholds and multipliers, see MultiplyOp
  void fields(FieldVisitor& v) override {
    HwOp::fields(v);
    levels.visit(v);
    v.visit("table_min", table_min);
    v.visit("PE", pe);
    v.visit("runtime_writeable_weights", runtime_writeable_weights);
  }
  void infer(InferContext& c) const override {
    check_equal(c, kFirstX);
    const Shape& x = c.shape(kFirstX);
    const std::size_t count = c.input_count() - kFirstX;
    const bool line = c.has(1);
    if (count < 2 || (!line && count > 2))
      c.fail("a sum of streams needs two of them, or multipliers for more");
    const auto check = [&](std::size_t index, std::size_t extra) {
      const Shape& p = c.shape(index);
      bool fits = p.size() == x.size() + extra;
      for (std::size_t i = 0; fits && i < x.size(); ++i)
        fits = p[i] == 1 || (i + 1 == x.size() && p[i] == x[i]);
      if (!fits)
        c.fail(fmt::format("parameters of shape {} do not fit the channels of {}", shape_text(p),
                           shape_text(x)));
    };
    check(0, line ? 1 : 2);
    if (element_count(c.shape(0)) == 0) c.fail("its thresholds have no steps");
    if (line) check(1, 1);
    if (line && c.shape(1).back() != static_cast<std::int64_t>(count))
      c.fail(fmt::format("{} multipliers for {} inputs", c.shape(1).back(), count));
    c.outputs[0].shape = x;
  }
};

namespace stems {
using join_threshold = JoinThreshold;
}

}  // namespace assay::hw
