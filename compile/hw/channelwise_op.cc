// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "compile/hw/constants.h"
#include "compile/hw/element.h"
#include "compile/hw/resource_model.h"

namespace assay::hw {
namespace channelwise_op {

std::vector<FoldingRule> rules(const Node& node) {
  return {{"PE", node.as<ChannelwiseOp>()->pe, channels(node.inputs[0]), "channels"}};
}

void set_folding(Node& node, std::string_view, std::int64_t value) {
  node.as<ChannelwiseOp>()->pe = value;
}

/// Bits that hold every value in two's complement.
int signed_bits(const std::vector<std::int64_t>& values) {
  const auto [min, max] = std::ranges::minmax(values);
  const DataType dtype = DataType::smallest_for(min, max);
  return dtype.bits + (dtype.is_signed() ? 0 : 1);
}

/// Word w holds the constants of channels w * pe and on; a constant for all channels is one word.
MemoryImage image(const std::vector<std::int64_t>& values, std::int64_t words, std::int64_t pe,
                  int bits) {
  MemoryImage image("parameters.hex", static_cast<int>(pe) * bits);
  for (std::int64_t i = 0; i < words * pe; ++i)
    image.append(values[values.size() == 1 ? 0 : static_cast<std::size_t>(i)], bits);
  return image;
}

Layer build(const Node& node, bool with_images) {
  const auto& op = *node.as<ChannelwiseOp>();
  const std::vector<std::int64_t> values = integer_constant(node, 1);
  const std::int64_t words = values.size() == 1 ? 1 : channels(node.inputs[0]) / op.pe;
  const int bits = signed_bits(values);
  Layer layer;
  layer.module = "assay_channelwise_op";
  layer.inputs = {stream(node, node.inputs[0], op.pe)};
  layer.outputs = {stream(node, node.outputs[0], op.pe)};
  check_no_bipolar(node, layer.outputs[0]);
  layer.cycles = layer.outputs[0].beats;
  layer.timing = PhasesTiming{{{}}};
  const std::string style = memory_style(op.ram_style, words, op.pe * bits);
  layer.parameters = {{"Lanes", op.pe}, {"Words", words}};
  for (Parameter& p : element_parameters("In", layer.inputs[0].dtype))
    layer.parameters.push_back(std::move(p));
  layer.parameters.push_back({"ParameterBits", bits});
  layer.parameters.push_back({"OutBits", layer.outputs[0].dtype.bits});
  layer.parameters.push_back({"Function", op.function});
  layer.parameters.push_back({"Block", style == "block"});
  layer.parameters.push_back({"File", std::string("parameters.hex")});
  layer.memories = {{"parameters", style, words, static_cast<int>(op.pe) * bits}};
  if (with_images) layer.images = {image(values, words, op.pe, bits)};
  return layer;
}

Ports ports(const Node&) { return {}; }

void estimate(ResourceModel& m, const ModuleParameters& p) {
  const std::int64_t lanes = p("Lanes"), a = p("InBits") + (p("InSigned") ? 0 : 1),
                     b = p("ParameterBits");
  const std::string function = p.text("Function");
  m.counter(p("Words"));
  m.rom(p("Words"), lanes * b, 1, p("Block") != 0, true);
  if (function == "mul")
    m.multipliers(lanes, a, b, false, false);
  else
    m.luts(lanes * (std::max(a, b) + 1) * (function == "add" ? 1 : 2));
  m.skid(lanes * p("OutBits"));
}

}  // namespace channelwise_op

const LayerHardware hardware::channelwise_op = {channelwise_op::rules, channelwise_op::set_folding,
                                                channelwise_op::build, channelwise_op::ports,
                                                channelwise_op::estimate};

}  // namespace assay::hw
