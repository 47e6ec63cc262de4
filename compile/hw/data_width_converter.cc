// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <numeric>

#include "compile/hw/element.h"
#include "compile/hw/resource_model.h"

namespace assay::hw {
namespace data_width_converter {

using Converter = StreamingDataWidthConverter;

std::vector<FoldingRule> rules(const Node& node) {
  const auto& op = *node.as<Converter>();
  const std::int64_t count = elements(node.inputs[0]);
  return {{"in_lanes", op.in_lanes, count, "elements"},
          {"out_lanes", op.out_lanes, count, "elements"}};
}

void set_folding(Node& node, std::string_view field, std::int64_t value) {
  auto& op = *node.as<Converter>();
  (field == "in_lanes" ? op.in_lanes : op.out_lanes) = value;
}

Layer build(const Node& node, bool) {
  const auto& op = *node.as<Converter>();
  Layer layer;
  layer.module = "assay_data_width_converter";
  layer.inputs = {stream(node, node.inputs[0], op.in_lanes)};
  layer.outputs = {stream(node, node.outputs[0], op.out_lanes)};
  check_same_type(node, layer.inputs[0], layer.outputs[0]);
  layer.cycles = std::max(layer.inputs[0].beats, layer.outputs[0].beats);
  const std::int64_t common = std::gcd(op.in_lanes, op.out_lanes);
  const std::int64_t in = op.in_lanes / common, out = op.out_lanes / common;
  if (in == 1)
    layer.timing = PhasesTiming{{{.steps = out - 1, .gives = false}, {.steps = 1}}, true};
  else
    layer.timing = ConverterTiming{in, out};
  layer.parameters = {
      {"Bits", layer.inputs[0].dtype.bits}, {"InLanes", op.in_lanes}, {"OutLanes", op.out_lanes}};
  return layer;
}

Ports ports(const Node&) { return {}; }

void estimate(ResourceModel& m, const ModuleParameters& p) {
  const std::int64_t bits = p("Bits"), common = std::gcd(p("InLanes"), p("OutLanes"));
  const std::int64_t in = p("InLanes") / common, out = p("OutLanes") / common, unit = common * bits;
  if (in == 1) {  // collects behind a queue of its input
    m.counter(out);
    m.luts(out > 1 ? 2 : 0);
    m.registers((out - 1) * unit);
    return m.skid(unit);
  }
  const std::int64_t room = in + out - 1;
  m.registers(room * unit);
  if (out == 1) {  // takes the input or moves what is held
    m.counter(in);
    m.registers(1);
    m.luts(2 + (in - 1) * unit);
  } else {  // moves what is held, and the input by what is
    m.counter(room + 1);
    m.luts(bits_for(room));
    m.shifter(room * unit);
  }
  m.skid(out * unit);
}

}  // namespace data_width_converter

const LayerHardware hardware::data_width_converter = {
    data_width_converter::rules, data_width_converter::set_folding, data_width_converter::build,
    data_width_converter::ports, data_width_converter::estimate};

}  // namespace assay::hw
