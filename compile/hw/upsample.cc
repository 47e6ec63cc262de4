// SPDX-License-Identifier: Apache-2.0
#include "compile/hw/element.h"
#include "compile/hw/resource_model.h"

namespace assay::hw {
namespace upsample {

std::vector<FoldingRule> rules(const Node& node) {
  return {
      {"SIMD", node.as<UpsampleNearestNeighbour>()->simd, channels(node.inputs[0]), "channels"}};
}

void set_folding(Node& node, std::string_view, std::int64_t value) {
  node.as<UpsampleNearestNeighbour>()->simd = value;
}

/// A word is taken where its first copy leaves.
PhasesTiming timing_of(const UpsampleNearestNeighbour& op, std::int64_t width, std::int64_t folds) {
  PhasesTiming timing;
  const auto copies = [&](std::int64_t steps) {
    if (steps > 0) timing.phases.push_back({steps, 0, 0});
  };
  for (std::int64_t x = 0; x < width; ++x) {
    timing.phases.push_back({folds, 1, 1});
    copies(folds * (op.scale[1] - 1));
  }
  copies(width * folds * op.scale[1] * (op.scale[0] - 1));
  return timing;
}

Layer build(const Node& node, bool) {
  const UpsampleNearestNeighbour& op = *node.as<UpsampleNearestNeighbour>();
  Layer layer;
  layer.module = "assay_upsample";
  layer.inputs = {stream(node, node.inputs[0], op.simd)};
  layer.outputs = {stream(node, node.outputs[0], op.simd)};
  check_same_type(node, layer.inputs[0], layer.outputs[0]);
  const Shape& x = *node.inputs[0]->shape;
  const std::int64_t folds = x[3] / op.simd;
  // Rows are repeated from a row, columns alone from a pixel.
  const std::int64_t words = op.scale[0] > 1 ? x[2] * folds : folds;
  const int bits = layer.inputs[0].data_bits();
  const std::string style = memory_style(op.ram_style, words, bits);
  layer.parameters = {{"Bits", bits},          {"Width", x[2]},
                      {"Folds", folds},        {"ScaleH", op.scale[0]},
                      {"ScaleW", op.scale[1]}, {"Block", style == "block"}};
  layer.cycles = layer.outputs[0].beats;
  layer.timing = timing_of(op, x[2], folds);
  if (layer.cycles > layer.inputs[0].beats) layer.memories = {{"row", style, words, bits}};
  return layer;
}

Ports ports(const Node&) { return {}; }

void estimate(ResourceModel& m, const ModuleParameters& p) {
  const std::int64_t words = (p("ScaleH") > 1 ? p("Width") : 1) * p("Folds"), bits = p("Bits");
  for (const std::int64_t n : {p("Folds") + 1, p("ScaleH") + 1, p("ScaleW") + 1, words})
    m.counter(n);
  m.registers(words > 1 ? bits_for(words) + 1 + bits : bits);
  m.luts(bits_for(words) + (words > 1 ? bits : 0) + 6);
  if (words > 1) m.ram(words, bits, p("Block") != 0);
  m.skid(bits);
}

}  // namespace upsample

const LayerHardware hardware::upsample = {upsample::rules, upsample::set_folding, upsample::build,
                                          upsample::ports, upsample::estimate};

}  // namespace assay::hw
