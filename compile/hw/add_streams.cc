// SPDX-License-Identifier: Apache-2.0
#include "compile/hw/element.h"

namespace assay::hw {
namespace add_streams {

std::vector<FoldingRule> rules(const Node& node) {
  return {{"PE", node.as<AddStreams>()->pe, channels(node.inputs[0]), "channels"}};
}

void set_folding(Node& node, std::string_view, std::int64_t value) {
  node.as<AddStreams>()->pe = value;
}

Layer build(const Node& node, bool) {
  const std::int64_t pe = node.as<AddStreams>()->pe;
  Layer layer;
  layer.module = "assay_add_streams";
  for (const Tensor* input : node.inputs) layer.inputs.push_back(stream(node, input, pe));
  layer.outputs = {stream(node, node.outputs[0], pe)};
  check_no_bipolar(node, layer.outputs[0]);
  layer.cycles = layer.outputs[0].beats;
  layer.timing = PhasesTiming{{{.needs = 3, .takes = 3}}};
  layer.parameters = {{"Lanes", pe}};
  for (std::size_t i = 0; i < layer.inputs.size(); ++i)
    for (Parameter& p : element_parameters("In" + std::to_string(i), layer.inputs[i].dtype))
      layer.parameters.push_back(std::move(p));
  layer.parameters.push_back({"OutBits", layer.outputs[0].dtype.bits});
  return layer;
}

Ports ports(const Node&) { return {.inputs = {"in0", "in1"}}; }

}  // namespace add_streams

const LayerKind kAddStreams = {"AddStreams",       "add_streams",
                               add_streams::rules, add_streams::set_folding,
                               add_streams::build, add_streams::ports};

}  // namespace assay::hw
