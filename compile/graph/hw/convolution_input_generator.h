// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <vector>

#include "compile/graph/hw_op.h"

namespace assay::hw {

/// X [N,H,W,C] -> [N,OH,OW,KH*KW*C], the window at each output position, no padding. Innermost
/// order (kh, kw, c); `depthwise`: grouped, (c / SIMD, kh, kw, c % SIMD). A beat carries SIMD
/// elements; with `parallel_window` a whole window of SIMD channels (KH*KW*SIMD elements), for
/// which SIMD is C unless `depthwise`. With `least_ring` there is room for one window alone: a frame
/// waits for the one before to have left.
struct ConvolutionInputGenerator final : HwOpOf<ConvolutionInputGenerator> {
  static constexpr std::string_view kType = "ConvolutionInputGenerator";
  std::vector<std::int64_t> kernel = {1, 1}, stride = {1, 1}, dilation = {1, 1};
  std::int64_t simd = 1;
  bool depthwise = false, parallel_window = false, least_ring = false;
  void fields(FieldVisitor& v) override {
    HwOp::fields(v);
    v.visit("kernel", kernel, true);
    v.visit("stride", stride);
    v.visit("dilation", dilation);
    v.visit("SIMD", simd);
    v.visit("depthwise", depthwise);
    v.visit("parallel_window", parallel_window);
    v.visit("least_ring", least_ring);
  }
  void infer(InferContext& c) const override {
    const Shape& x = image_shape(c);
    check_pair(c, kernel, "kernel");
    check_pair(c, stride, "stride");
    check_pair(c, dilation, "dilation");
    Shape out = x;
    for (std::size_t i = 0; i < 2; ++i) {
      const std::int64_t reach = dilation[i] * (kernel[i] - 1) + 1;
      if (reach > x[1 + i])
        c.fail(fmt::format("a window of {} does not fit {} rows or columns", reach, x[1 + i]));
      out[1 + i] = (x[1 + i] - reach) / stride[i] + 1;
    }
    out[3] = element_count({kernel[0], kernel[1], x[3]});
    c.outputs[0].shape = out;
  }
};

namespace stems {
using convolution_input_generator = ConvolutionInputGenerator;
}

}  // namespace assay::hw
