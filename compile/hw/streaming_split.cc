// SPDX-License-Identifier: Apache-2.0
#include <numeric>

#include "compile/hw/element.h"
#include "compile/hw/resource_model.h"

namespace assay::hw {
namespace streaming_split {

std::vector<FoldingRule> rules(const Node& node) {
  const auto& op = *node.as<StreamingSplit>();
  std::int64_t common = 0;
  for (const std::int64_t part : op.channels) common = std::gcd(common, part);
  return {{"PE", op.pe, common, "channels that all outputs divide into"}};
}

void set_folding(Node& node, std::string_view, std::int64_t value) {
  node.as<StreamingSplit>()->pe = value;
}

Layer build(const Node& node, bool) {
  const auto& op = *node.as<StreamingSplit>();
  Layer layer;
  layer.module = "assay_streaming_split";
  layer.inputs = {stream(node, node.inputs[0], op.pe)};
  std::string beats;
  HandOutTiming timing;
  for (std::size_t i = 0; i < op.channels.size(); ++i) {
    if (i >= node.outputs.size() || !node.outputs[i])
      layer_error(node,
                  fmt::format("nobody reads its output {}; remove these channels before it", i));
    layer.outputs.push_back(stream(node, node.outputs[i], op.pe));
    check_same_type(node, layer.inputs[0], layer.outputs[i]);
    beats += fmt::format("{:08}", op.channels[i] / op.pe);
    timing.turns.push_back(op.channels[i] / op.pe);
  }
  layer.cycles = layer.inputs[0].beats;
  layer.timing = std::move(timing);
  layer.parameters = {{"Bits", layer.inputs[0].data_bits()},
                      {"Outputs", static_cast<std::int64_t>(op.channels.size())},
                      {"Beats", beats}};
  return layer;
}

Ports ports(const Node&) { return {.vector_outputs = true}; }

void estimate(ResourceModel& m, const ModuleParameters& p) {
  m.turns(p("Outputs"), p.largest_beats());
  m.skid(p("Bits"));
}

}  // namespace streaming_split

const LayerHardware hardware::streaming_split = {
    streaming_split::rules, streaming_split::set_folding, streaming_split::build,
    streaming_split::ports, streaming_split::estimate};

}  // namespace assay::hw
