// SPDX-License-Identifier: Apache-2.0
#include "compile/hw/element.h"

namespace assay::hw {
namespace eltwise_mul {

std::vector<FoldingRule> rules(const Node& node) {
  return {{"PE", node.as<EltwiseMul>()->pe, channels(node.inputs[0]), "channels"}};
}

void set_folding(Node& node, std::string_view, std::int64_t value) {
  node.as<EltwiseMul>()->pe = value;
}

Layer build(const Node& node, bool) {
  const EltwiseMul& op = *node.as<EltwiseMul>();
  Layer layer;
  layer.module = "assay_eltwise_mul";
  for (const Tensor* input : node.inputs) layer.inputs.push_back(stream(node, input, op.pe));
  layer.outputs = {stream(node, node.outputs[0], op.pe)};
  check_no_bipolar(node, layer.outputs[0]);
  const std::int64_t words = layer.inputs[1].beats, beats = layer.outputs[0].beats;
  const std::int64_t repeats = beats / words;
  const int bits = layer.inputs[1].data_bits();
  const std::string style = memory_style(op.ram_style, words, bits);
  layer.cycles = beats;
  layer.timing = PhasesTiming{{{.steps = words, .needs = 3, .takes = 3}}};
  layer.parameters = {{"Lanes", op.pe},
                      {"Words", words},
                      {"Repeats", repeats},
                      {"Block", repeats > 1 && style == "block"}};
  for (std::size_t i = 0; i < layer.inputs.size(); ++i)
    for (Parameter& p : element_parameters("In" + std::to_string(i), layer.inputs[i].dtype))
      layer.parameters.push_back(std::move(p));
  layer.parameters.push_back({"OutBits", layer.outputs[0].dtype.bits});
  if (repeats == 1) return layer;
  // The other vectors of A meet the factors that are kept.
  std::get<PhasesTiming>(layer.timing).phases.push_back({.steps = beats - words});
  layer.memories = {{"factors", style, words, bits}};
  return layer;
}

Ports ports(const Node&) { return {.inputs = {"in0", "in1"}}; }

}  // namespace eltwise_mul

const LayerKind kEltwiseMul = {EltwiseMul::kType,        "eltwise_mul",      eltwise_mul::rules,
                               eltwise_mul::set_folding, eltwise_mul::build, eltwise_mul::ports};

}  // namespace assay::hw
