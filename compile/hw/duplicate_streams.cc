// SPDX-License-Identifier: Apache-2.0
#include "compile/hw/element.h"
#include "compile/hw/resource_model.h"

namespace assay::hw {
namespace duplicate_streams {

std::vector<FoldingRule> rules(const Node& node) {
  return {{"PE", node.as<DuplicateStreams>()->pe, channels(node.inputs[0]), "channels"}};
}

void set_folding(Node& node, std::string_view, std::int64_t value) {
  node.as<DuplicateStreams>()->pe = value;
}

Layer build(const Node& node, bool) {
  const std::int64_t pe = node.as<DuplicateStreams>()->pe;
  Layer layer;
  layer.module = "assay_duplicate_streams";
  layer.inputs = {stream(node, node.inputs[0], pe)};
  for (const Tensor* output : node.outputs) {
    if (!output) continue;
    layer.outputs.push_back(stream(node, output, pe));
    check_same_type(node, layer.inputs[0], layer.outputs.back());
  }
  if (layer.outputs.empty()) layer_error(node, "nobody reads its outputs; remove it");
  layer.cycles = layer.inputs[0].beats;
  layer.timing = HandOutTiming{};
  layer.parameters = {{"Bits", layer.inputs[0].data_bits()},
                      {"Outputs", static_cast<std::int64_t>(layer.outputs.size())}};
  return layer;
}

Ports ports(const Node&) { return {.vector_outputs = true}; }

void estimate(ResourceModel& m, const ModuleParameters& p) {
  m.registers(p("Outputs"));
  m.luts(2 * p("Outputs"));
  m.skid(p("Bits"));
}

}  // namespace duplicate_streams

const LayerHardware hardware::duplicate_streams = {
    duplicate_streams::rules, duplicate_streams::set_folding, duplicate_streams::build,
    duplicate_streams::ports, duplicate_streams::estimate};

}  // namespace assay::hw
