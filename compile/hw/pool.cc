// SPDX-License-Identifier: Apache-2.0
#include "compile/hw/resource_model.h"

namespace assay::hw {
namespace pool {

std::vector<FoldingRule> rules(const Node& node) {
  const Pool& op = *node.as<Pool>();
  return {{"PE", op.pe, channels(node.inputs[0]) / op.taps, "channels"}};
}

void set_folding(Node& node, std::string_view, std::int64_t value) { node.as<Pool>()->pe = value; }

Layer build(const Node& node, bool) {
  const Pool& op = *node.as<Pool>();
  Layer layer;
  layer.module = "assay_pool";
  layer.inputs = {stream(node, node.inputs[0], op.pe)};
  layer.outputs = {stream(node, node.outputs[0], op.pe)};
  const DataType in = layer.inputs[0].dtype, out = layer.outputs[0].dtype;
  layer.parameters = {{"Lanes", op.pe},
                      {"Taps", op.taps},
                      {"InBits", in.bits},
                      {"InSigned", in.is_signed()},
                      {"InBipolar", in.kind == DataType::Kind::kBipolar},
                      {"OutBits", out.bits},
                      {"OutBipolar", out.kind == DataType::Kind::kBipolar},
                      {"Sum", op.function == "sum"},
                      {"Shift", op.function == "sum" ? op.shift : 0}};
  layer.cycles = layer.inputs[0].beats;
  layer.timing = PhasesTiming{{{.steps = op.taps - 1, .gives = false}, {.steps = 1}}};
  return layer;
}

Ports ports(const Node&) { return {}; }

void estimate(ResourceModel& m, const ModuleParameters& p) {
  const std::int64_t lanes = p("Lanes"),
                     acc = p("InBits") + 1 + (p("Sum") ? bits_for(p("Taps")) : 0);
  m.counter(p("Taps") + 1);
  m.registers(lanes * (p("Sum") || p("InSigned") ? acc : p("InBits")));
  m.arithmetic(lanes * acc);
  m.luts(lanes * acc);
  m.skid(lanes * p("OutBits"));
}

}  // namespace pool

const LayerHardware hardware::pool = {pool::rules, pool::set_folding, pool::build, pool::ports,
                                      pool::estimate};

}  // namespace assay::hw
