// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "golden/kernels/conv.h"

namespace assay {

/// The definition of ConvKernel as plain loops: in [h][w][c], weights [o][i][kh][kw], the result
/// [oh][ow][o]. Everything faster is compared with it. The caller sees to it that no sum leaves 64
/// bits.
inline std::vector<std::int64_t> naive_conv(const ConvShape& s,
                                            std::span<const std::int64_t> weights,
                                            std::span<const std::int64_t> in) {
  const std::int64_t fan_in = s.in_channels / s.groups, fan_out = s.out_channels / s.groups;
  std::vector<std::int64_t> out;
  for (std::int64_t oh = 0; oh < s.out_height(); ++oh)
    for (std::int64_t ow = 0; ow < s.out_width(); ++ow)
      for (std::int64_t o = 0; o < s.out_channels; ++o) {
        std::int64_t sum = 0;
        for (std::int64_t i = 0; i < fan_in; ++i)
          for (std::int64_t kh = 0; kh < s.kernel_height; ++kh)
            for (std::int64_t kw = 0; kw < s.kernel_width; ++kw) {
              const std::int64_t h = oh * s.stride_h + kh * s.dilation_h - s.pad_top;
              const std::int64_t w = ow * s.stride_w + kw * s.dilation_w - s.pad_left;
              if (h < 0 || h >= s.in_height || w < 0 || w >= s.in_width) continue;
              const std::int64_t c = o / fan_out * fan_in + i;
              sum += weights[((o * fan_in + i) * s.kernel_height + kh) * s.kernel_width + kw] *
                     in[(h * s.in_width + w) * s.in_channels + c];
            }
        out.push_back(sum);
      }
  return out;
}

}  // namespace assay
