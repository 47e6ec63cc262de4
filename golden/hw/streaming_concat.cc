// SPDX-License-Identifier: Apache-2.0
#include "golden/hw/layer_planner.h"

namespace assay::exact::layers {
namespace {

Ints joined(const std::vector<Shape>& x) {
  Ints source, starts;
  std::int64_t total = 0;
  for (const Shape& part : x) {
    starts.push_back(total);
    total += element_count(part);
  }
  const std::int64_t vectors = element_count(x.at(0)) / x.at(0).back();
  source.reserve(static_cast<std::size_t>(total));
  for (std::int64_t v = 0; v < vectors; ++v)
    for (std::size_t i = 0; i < x.size(); ++i)
      for (std::int64_t c = 0; c < x[i].back(); ++c)
        source.push_back(starts[i] + v * x[i].back() + c);
  return source;
}

}  // namespace

void plan(const LayerPlanner& layer, const hw::StreamingConcat&) {
  std::vector<Value> parts;
  std::vector<Shape> shapes;
  for (std::size_t i = 0; i < layer.node.inputs.size(); ++i) {
    parts.push_back(layer.integers(i));
    shapes.push_back(parts.back().shape);
  }
  layer.move(parts, joined(shapes));
}

}  // namespace assay::exact::layers
