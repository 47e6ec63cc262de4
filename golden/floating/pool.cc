// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>

#include "compile/base/error.h"
#include "compile/graph/ops.h"
#include "golden/floating/geometry.h"
#include "golden/floating/kernels.h"

namespace assay {
namespace {

/// Calls body(output element, elements of one window) for each window.
template <typename Body>
FloatKernel windowed(PoolGeometry geometry, Body body) {
  return
      [geometry = std::move(geometry), body](const FloatInputs& in, std::vector<FloatTensor>& out) {
        std::vector<float> elements;
        geometry.for_each_window(
            [&](std::int64_t to, const std::vector<std::int64_t>& from, std::int64_t area) {
              elements.clear();
              for (const std::int64_t i : from)
                elements.push_back(in[0]->data[static_cast<std::size_t>(i)]);
              out[0].data[static_cast<std::size_t>(to)] = body(elements, area);
            });
      };
}

float largest(const std::vector<float>& x, std::int64_t) {
  return std::accumulate(x.begin(), x.end(), -std::numeric_limits<float>::infinity(),
                         [](float a, float b) { return a > b ? a : b; });
}

float sum(const std::vector<float>& x) { return std::accumulate(x.begin(), x.end(), 0.0F); }

FloatKernel global_average_kernel(const Node& node) {
  const Shape& shape = float_shape(node, node.inputs.at(0));
  const std::int64_t planes = shape.at(0) * shape.at(1);
  return [planes](const FloatInputs& in, std::vector<FloatTensor>& out) {
    const auto area =
        static_cast<std::int64_t>(in[0]->data.size()) / std::max<std::int64_t>(planes, 1);
    for (std::int64_t p = 0; p < planes; ++p) {
      const auto first = in[0]->data.begin() + p * area;
      out[0].data[static_cast<std::size_t>(p)] =
          std::accumulate(first, first + area, 0.0F) / static_cast<float>(area);
    }
  };
}

/// The sum is taken as an integer: QONNX's RNE(fl(average) * k * k) means the exact sum.
FloatKernel quant_average_kernel(const Node& node, const ops::QuantAvgPool2d& op) {
  const float divisor = std::exp2(static_cast<float>(op.shift()));
  return windowed(pool_geometry(node), [divisor](const std::vector<float>& x, std::int64_t) {
    const double total = std::accumulate(x.begin(), x.end(), 0.0);
    return static_cast<float>(std::floor(std::rint(total) / divisor));
  });
}

}  // namespace

FloatKernel float_pool_kernel(const Node& node, const FloatInputs&) {
  if (node.as<ops::MaxPool>() || node.as<ops::MaxPoolNHWC>())
    return windowed(pool_geometry(node), largest);
  if (node.as<ops::AveragePool>())
    return windowed(pool_geometry(node), [](const std::vector<float>& x, std::int64_t area) {
      return sum(x) / static_cast<float>(area);
    });
  if (node.as<ops::GlobalAveragePool>()) return global_average_kernel(node);
  if (const auto* op = node.as<ops::QuantAvgPool2d>()) return quant_average_kernel(node, *op);
  return {};
}

}  // namespace assay
