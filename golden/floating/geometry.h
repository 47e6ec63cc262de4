// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "compile/graph/graph.h"
#include "golden/floating/broadcast.h"

namespace assay {

/// One spatial axis of a sliding window.
struct WindowAxis {
  std::int64_t in = 1, out = 1, kernel = 1, stride = 1, dilation = 1, pad_begin = 0, pad_end = 0;
};

/// A pool on [N, C, H, W] or [N, H, W, C]; one spatial axis counts as W.
struct PoolGeometry {
  std::int64_t batch = 1, channels = 1;
  WindowAxis h, w;
  bool channels_last = false;
  bool count_padding = false;

  /// Calls body(output element, input elements of its window, area) for every window. The area
  /// counts the elements inside the image, and padding (but nothing beyond it) if count_padding.
  template <typename Body>
  void for_each_window(Body body) const {
    std::vector<std::int64_t> from;
    for (std::int64_t n = 0; n < batch; ++n)
      for (std::int64_t c = 0; c < channels; ++c)
        for (std::int64_t oh = 0; oh < h.out; ++oh)
          for (std::int64_t ow = 0; ow < w.out; ++ow) {
            const std::int64_t area = collect(n, c, oh, ow, from);
            body(flat(n, c, oh, ow, h.out, w.out), from, area);
          }
  }

 private:
  std::int64_t flat(std::int64_t n, std::int64_t c, std::int64_t y, std::int64_t x,
                    std::int64_t height, std::int64_t width) const {
    return channels_last ? ((n * height + y) * width + x) * channels + c
                         : ((n * channels + c) * height + y) * width + x;
  }
  std::int64_t collect(std::int64_t n, std::int64_t c, std::int64_t oh, std::int64_t ow,
                       std::vector<std::int64_t>& from) const;
};

/// Of MaxPool, MaxPoolNHWC, AveragePool and QuantAvgPool2d.
PoolGeometry pool_geometry(const Node& node);

/// A convolution or transposed convolution on [N, C, H, W]; one spatial axis counts as W. For a
/// transposed one `h` and `w` describe the convolution that it transposes: `in` is the larger,
/// output side.
struct ConvGeometry {
  std::int64_t batch = 1, in_channels = 1, out_channels = 1, groups = 1;
  WindowAxis h, w;

  std::int64_t taps() const { return h.kernel * w.kernel; }
  std::int64_t out_pixels() const { return h.out * w.out; }
  std::int64_t in_pixels() const { return h.in * w.in; }
};

ConvGeometry conv_geometry(const Node& node);            ///< of Conv
ConvGeometry conv_transpose_geometry(const Node& node);  ///< of ConvTranspose

/// A stack of matrix products [M,K] x [K,N] -> [M,N].
struct MatmulGeometry {
  std::int64_t m = 1, k = 1, n = 1, count = 1;
  BroadcastIndex first, second;  ///< which matrix of each operand makes product i
  /// Element steps within a matrix of either operand.
  std::int64_t first_row = 1, first_column = 1, second_row = 1, second_column = 1;
};

MatmulGeometry matmul_geometry(const Node& node);  ///< of MatMul, Gemm and XnorPopcountMatMul

}  // namespace assay
