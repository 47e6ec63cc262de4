// SPDX-License-Identifier: Apache-2.0
#include <bit>

#include "compile/hw/resource_model.h"

namespace assay::hw {
namespace global_acc_pool {

std::vector<FoldingRule> rules(const Node& node) {
  return {{"PE", node.as<GlobalAccPool>()->pe, channels(node.inputs[0]), "channels"}};
}

void set_folding(Node& node, std::string_view, std::int64_t value) {
  node.as<GlobalAccPool>()->pe = value;
}

Layer build(const Node& node, bool) {
  const GlobalAccPool& op = *node.as<GlobalAccPool>();
  Layer layer;
  layer.module = "assay_global_acc_pool";
  layer.inputs = {stream(node, node.inputs[0], op.pe)};
  layer.outputs = {stream(node, node.outputs[0], op.pe)};
  const DataType in = layer.inputs[0].dtype, out = layer.outputs[0].dtype;
  const Shape& x = *node.inputs[0]->shape;
  const std::int64_t pixels = x[1] * x[2], folds = x[3] / op.pe;
  // Any sum of `pixels` values fits: one bit more than the values for the sign, and the carries.
  const int acc_bits = in.bits + 1 + std::bit_width(static_cast<std::uint64_t>(pixels - 1));
  const std::string style = memory_style(op.ram_style, folds, op.pe * acc_bits);
  layer.parameters = {{"Lanes", op.pe},
                      {"Pixels", pixels},
                      {"Folds", folds},
                      {"InBits", in.bits},
                      {"InSigned", in.is_signed()},
                      {"InBipolar", in.kind == DataType::Kind::kBipolar},
                      {"OutBits", out.bits},
                      {"OutBipolar", out.kind == DataType::Kind::kBipolar},
                      {"Shift", op.shift},
                      {"Block", style == "block"}};
  layer.cycles = layer.inputs[0].beats;
  layer.timing = PhasesTiming{{{.steps = (pixels - 1) * folds, .gives = false}, {.steps = folds}}};
  layer.memories = {{"accumulators", style, folds, static_cast<int>(op.pe) * acc_bits}};
  return layer;
}

Ports ports(const Node&) { return {}; }

void estimate(ResourceModel& m, const ModuleParameters& p) {
  const std::int64_t lanes = p("Lanes"), acc = p("InBits") + bits_for(p("Pixels"));
  m.counter(p("Folds"));
  m.counter(p("Pixels") + 1);
  p("Folds") > 1 ? m.ram(p("Folds"), lanes * acc, p("Block") != 0) : m.registers(lanes * acc);
  m.arithmetic(lanes * acc);
  m.luts(lanes * acc);
  m.skid(lanes * p("OutBits"));
}

}  // namespace global_acc_pool

const LayerHardware hardware::global_acc_pool = {
    global_acc_pool::rules, global_acc_pool::set_folding, global_acc_pool::build,
    global_acc_pool::ports, global_acc_pool::estimate};

}  // namespace assay::hw
