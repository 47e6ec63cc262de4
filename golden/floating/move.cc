// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <numeric>

#include "compile/base/error.h"
#include "compile/graph/ops.h"
#include "golden/exact/index_map.h"
#include "golden/floating/kernels.h"

namespace assay {
namespace {

FloatKernel copy_kernel(IndexMap map) {
  const float padding = map.padding.to_float();
  return [map = std::move(map), padding](const FloatInputs& in, std::vector<FloatTensor>& out) {
    std::vector<float> joined;
    const std::vector<float>* from = &in.at(map.inputs[0])->data;
    if (map.inputs.size() > 1) {
      for (const std::size_t i : map.inputs)
        joined.insert(joined.end(), in.at(i)->data.begin(), in.at(i)->data.end());
      from = &joined;
    }
    std::ranges::transform(map.source, out[0].data.begin(), [&](std::int64_t source) {
      return source < 0 ? padding : (*from)[static_cast<std::size_t>(source)];
    });
  };
}

/// One lane of TopK: the k first of `size` elements, `stride` apart. Ties go to the lower index.
void select_top(const float* x, std::int64_t size, std::int64_t stride, bool largest,
                std::vector<std::int64_t>& order) {
  order.resize(static_cast<std::size_t>(size));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  std::ranges::stable_sort(order, [&](std::int64_t a, std::int64_t b) {
    return largest ? x[a * stride] > x[b * stride] : x[a * stride] < x[b * stride];
  });
}

FloatKernel top_k_kernel(const Node& node, const ops::TopK& op) {
  const Shape& in_shape = float_shape(node, node.inputs.at(0));
  const std::size_t axis = ops::normalise_axis(op.axis, in_shape.size());
  const Tensor* shaped = node.outputs.at(0) ? node.outputs[0] : node.outputs.at(1);
  const std::int64_t size = in_shape[axis], k = float_shape(node, shaped).at(axis);
  const std::int64_t stride =
      std::accumulate(in_shape.begin() + static_cast<std::ptrdiff_t>(axis) + 1, in_shape.end(),
                      std::int64_t{1}, std::multiplies<>());
  return [=, largest = op.largest](const FloatInputs& in, std::vector<FloatTensor>& out) {
    const auto lanes =
        static_cast<std::int64_t>(in[0]->data.size()) / std::max<std::int64_t>(size, 1);
    std::vector<std::int64_t> order;
    for (std::int64_t lane = 0; lane < lanes; ++lane) {
      const std::int64_t outer = lane / stride, inner = lane % stride;
      const float* x = in[0]->data.data() + outer * size * stride + inner;
      select_top(x, size, stride, largest, order);
      for (std::int64_t i = 0; i < k; ++i) {
        const auto to = static_cast<std::size_t>((outer * k + i) * stride + inner);
        out[0].data[to] = x[order[static_cast<std::size_t>(i)] * stride];
        if (out.size() > 1)
          out[1].data[to] = static_cast<float>(order[static_cast<std::size_t>(i)]);
      }
    }
  };
}

}  // namespace

FloatKernel float_move_kernel(const Node& node, const FloatInputs&) {
  if (const auto* op = node.as<ops::TopK>()) return top_k_kernel(node, *op);
  if (node.as<ops::Shape>()) {
    return [](const FloatInputs& in, std::vector<FloatTensor>& out) {
      std::ranges::transform(in[0]->shape, out[0].data.begin(),
                             [](std::int64_t d) { return static_cast<float>(d); });
    };
  }
  if (auto map = index_map(node)) return copy_kernel(std::move(*map));
  return {};
}

}  // namespace assay
