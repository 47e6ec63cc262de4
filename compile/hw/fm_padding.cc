// SPDX-License-Identifier: Apache-2.0
#include "compile/hw/element.h"
#include "compile/hw/resource_model.h"

namespace assay::hw {
namespace fm_padding {

std::vector<FoldingRule> rules(const Node& node) {
  return {{"SIMD", node.as<FMPadding>()->simd, channels(node.inputs[0]), "channels"}};
}

void set_folding(Node& node, std::string_view, std::int64_t value) {
  node.as<FMPadding>()->simd = value;
}

/// The padding as the RTL inserts it: the bits of one element.
std::int64_t pad_parameter(const Node& node, const FMPadding& op, DataType dtype) {
  if (!dtype.allows(op.pad_value))
    layer_error(node, fmt::format("the padding {} is no {}; choose a value of the stream's type",
                                  op.pad_value, dtype.name()));
  if (dtype.kind == DataType::Kind::kBipolar) return op.pad_value > 0 ? 1 : 0;
  return op.pad_value;
}

/// Runs of steps that are pixels or padding. The first step waits for the frame's first beat.
PhasesTiming timing_of(const FMPadding& op, const Shape& x) {
  const std::int64_t folds = x[3] / op.simd;
  PhasesTiming timing{.phases = {}, .in_front = true};
  bool first = true;
  const auto run = [&](std::int64_t pixels, bool taken) {
    for (std::int64_t steps = pixels * folds; steps > 0; first = false) {
      const std::int64_t now = first && !taken ? 1 : steps;
      auto& phases = timing.phases;
      if (!first && !taken && !phases.back().takes && !phases.back().needs)
        phases.back().steps += now;
      else
        phases.push_back({now, first || taken, taken});
      steps -= now;
    }
  };
  const std::int64_t rows = (x[1] - 1) * op.insert[0] + 1, width = (x[2] - 1) * op.insert[1] + 1;
  const std::int64_t row = op.pads[1] + width + op.pads[3];
  run(op.pads[0] * row, false);
  for (std::int64_t y = 0; y < rows; ++y) {
    if (y % op.insert[0] != 0) {
      run(row, false);
      continue;
    }
    run(op.pads[1], false);
    for (std::int64_t i = 0; i < width; ++i) run(1, i % op.insert[1] == 0);
    run(op.pads[3], false);
  }
  run(op.pads[2] * row, false);
  return timing;
}

Layer build(const Node& node, bool) {
  const FMPadding& op = *node.as<FMPadding>();
  Layer layer;
  layer.module = "assay_fm_padding";
  layer.inputs = {stream(node, node.inputs[0], op.simd)};
  layer.outputs = {stream(node, node.outputs[0], op.simd)};
  check_same_type(node, layer.inputs[0], layer.outputs[0]);
  const Shape& x = *node.inputs[0]->shape;
  layer.parameters = {{"Lanes", op.simd},        {"ElemBits", layer.inputs[0].dtype.bits},
                      {"Height", x[1]},          {"Width", x[2]},
                      {"Folds", x[3] / op.simd}, {"PadTop", op.pads[0]},
                      {"PadLeft", op.pads[1]},   {"PadBottom", op.pads[2]},
                      {"PadRight", op.pads[3]},  {"InsertH", op.insert[0]},
                      {"InsertW", op.insert[1]}};
  // Where nothing is inserted the padding may be any value.
  if (layer.outputs[0].beats > layer.inputs[0].beats) {
    const std::int64_t pad = pad_parameter(node, op, layer.inputs[0].dtype);
    layer.parameters.push_back({"PadValue", std::int64_t{static_cast<std::int32_t>(pad)}});
    layer.parameters.push_back({"PadHigh", pad >> 32});
  }
  layer.cycles = layer.outputs[0].beats;
  layer.timing = timing_of(op, x);
  return layer;
}

Ports ports(const Node&) { return {}; }

void estimate(ResourceModel& m, const ModuleParameters& p) {
  const std::int64_t bits = p("Lanes") * p("ElemBits");
  const std::int64_t rows = p("PadTop") + (p("Height") - 1) * p("InsertH") + 1 + p("PadBottom"),
                     columns = p("PadLeft") + (p("Width") - 1) * p("InsertW") + 1 + p("PadRight");
  for (const std::int64_t n : {rows, columns * p("Folds")}) m.counter(n);
  if (p("InsertH") > 1) m.counter(p("InsertH"));
  if (p("InsertW") > 1) m.counter(p("InsertW") * p("Folds"));
  m.luts(8);
  m.skid(bits);  // as many registers
}

}  // namespace fm_padding

const LayerHardware hardware::fm_padding = {fm_padding::rules, fm_padding::set_folding,
                                            fm_padding::build, fm_padding::ports,
                                            fm_padding::estimate};

}  // namespace assay::hw
