// SPDX-License-Identifier: Apache-2.0
#include "compile/hw/element.h"
#include "compile/hw/resource_model.h"

namespace assay::hw {
namespace tlast_marker {

std::vector<FoldingRule> rules(const Node& node) {
  return {{"lanes", node.as<TLastMarker>()->lanes, elements(node.inputs[0]), "elements"}};
}

void set_folding(Node& node, std::string_view, std::int64_t value) {
  node.as<TLastMarker>()->lanes = value;
}

Layer build(const Node& node, bool) {
  const std::int64_t lanes = node.as<TLastMarker>()->lanes;
  Layer layer;
  layer.module = "assay_tlast_marker";
  layer.inputs = {stream(node, node.inputs[0], lanes)};
  layer.outputs = {stream(node, node.outputs[0], lanes)};
  layer.outputs[0].last = true;
  check_same_type(node, layer.inputs[0], layer.outputs[0]);
  layer.cycles = layer.inputs[0].beats;
  layer.timing = PhasesTiming{{{}}};
  layer.parameters = {{"Bits", layer.inputs[0].data_bits()}, {"Beats", layer.inputs[0].beats}};
  return layer;
}

Ports ports(const Node&) { return {}; }

void estimate(ResourceModel& m, const ModuleParameters& p) {
  m.counter(p("Beats"));
  m.skid(p("Bits") + 1);
}

}  // namespace tlast_marker

const LayerHardware hardware::tlast_marker = {tlast_marker::rules, tlast_marker::set_folding,
                                              tlast_marker::build, tlast_marker::ports,
                                              tlast_marker::estimate};

}  // namespace assay::hw
