// SPDX-License-Identifier: Apache-2.0
#include "golden/hw/layer_planner.h"

namespace assay::exact::layers {
namespace {

Ints windows(const hw::ConvolutionInputGenerator& op, const Shape& x) {
  const std::int64_t height = x.at(1), width = x.at(2), channels = x.at(3);
  const std::int64_t rows = (height - (op.dilation[0] * (op.kernel[0] - 1) + 1)) / op.stride[0] + 1,
                     columns =
                         (width - (op.dilation[1] * (op.kernel[1] - 1) + 1)) / op.stride[1] + 1;
  // Grouped order takes a group of channels through all taps before the next.
  const std::int64_t group = op.depthwise ? op.simd : channels;
  Ints source;
  source.reserve(static_cast<std::size_t>(rows * columns * op.kernel[0] * op.kernel[1] * channels));
  for (std::int64_t r = 0; r < rows; ++r)
    for (std::int64_t c = 0; c < columns; ++c)
      for (std::int64_t first = 0; first < channels; first += group)
        for (std::int64_t i = 0; i < op.kernel[0]; ++i)
          for (std::int64_t j = 0; j < op.kernel[1]; ++j) {
            const std::int64_t h = r * op.stride[0] + i * op.dilation[0],
                               w = c * op.stride[1] + j * op.dilation[1];
            for (std::int64_t k = 0; k < group; ++k)
              source.push_back((h * width + w) * channels + first + k);
          }
  return source;
}

}  // namespace

void plan(const LayerPlanner& layer, const hw::ConvolutionInputGenerator& op) {
  layer.move(windows(op, layer.shape()));
}

}  // namespace assay::exact::layers
