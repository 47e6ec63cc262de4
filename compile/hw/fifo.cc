// SPDX-License-Identifier: Apache-2.0
#include "compile/hw/element.h"
#include "compile/hw/resource_model.h"

namespace assay::hw {
namespace fifo {

std::vector<FoldingRule> rules(const Node& node) {
  return {{"lanes", node.as<StreamingFIFO>()->lanes, elements(node.inputs[0]), "elements"}};
}

void set_folding(Node& node, std::string_view, std::int64_t value) {
  node.as<StreamingFIFO>()->lanes = value;
}

Layer build(const Node& node, bool) {
  const auto& op = *node.as<StreamingFIFO>();
  if (op.depth < 2 || op.depth > kMaxFifoDepth)
    layer_error(node, fmt::format("depth = {} is not between 2 and {}", op.depth, kMaxFifoDepth));
  Layer layer;
  layer.module = "assay_fifo";
  layer.inputs = {stream(node, node.inputs[0], op.lanes)};
  layer.outputs = {stream(node, node.outputs[0], op.lanes)};
  check_same_type(node, layer.inputs[0], layer.outputs[0]);
  layer.cycles = layer.inputs[0].beats;
  const int bits = layer.inputs[0].data_bits();
  const std::string style = memory_style(op.ram_style, op.depth, bits);
  if (style == "block" && op.depth < 4)
    layer_error(node, fmt::format("depth = {} is too small for a block RAM, which needs 4; set "
                                  "ram_style to distributed",
                                  op.depth));
  layer.timing = FifoTiming{op.depth, style == "block"};
  layer.parameters = {{"Bits", bits}, {"Depth", op.depth}, {"Block", style == "block"}};
  layer.memories = {{"queue", style, op.depth, bits}};
  return layer;
}

Ports ports(const Node&) { return {}; }

void estimate(ResourceModel& m, const ModuleParameters& p) {
  const std::int64_t depth = p("Depth"), bits = p("Bits");
  const bool block = p("Block") != 0;
  for (int i = 0; i < 2; ++i) m.counter(block ? depth - 2 : depth);
  m.counter(depth + 1);
  m.luts(bits_for(depth + 1) + 3);
  if (!block) return m.async_ram(depth, bits);
  m.counter(depth + 1);
  m.luts(bits_for(depth + 1) + 3);
  m.registers(bits + 2);
  m.ram(depth - 2, bits, true);
}

}  // namespace fifo

const LayerHardware hardware::fifo = {fifo::rules, fifo::set_folding, fifo::build, fifo::ports,
                                      fifo::estimate};

}  // namespace assay::hw
