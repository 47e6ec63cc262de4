// SPDX-License-Identifier: Apache-2.0
#include "compile/hw/element.h"
#include "compile/hw/resource_model.h"

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

void estimate(ResourceModel& m, const ModuleParameters& p) {
  const std::int64_t lanes = p("Lanes"), words = p("Words"), factors = lanes * p("In1Bits");
  const auto wide = [&](const char* bits, const char* is_signed, const char* bipolar) {
    return p(bits) + (p(bipolar) || !p(is_signed) ? 1 : 0);
  };
  m.multipliers(lanes, wide("In0Bits", "In0Signed", "In0Bipolar"),
                wide("In1Bits", "In1Signed", "In1Bipolar"), false, false);
  m.luts(2);
  if (p("Repeats") > 1) {
    m.counter(p("Repeats"));
    m.counter(words);
    m.luts(factors);
    words > 1 ? m.ram(words, factors, p("Block") != 0) : m.registers(factors);
  }
  m.skid(lanes * p("OutBits"));
}

/// A Mul of two streams, of which one may be a single vector.
std::optional<Taken> takes(const Node& node) {
  if (!node.as<ops::Mul>() || !reads_streams(node)) return {};
  Tensor *a = node.inputs[0], *b = node.inputs[1];
  const Shape& out = node.outputs[0]->shape.value();
  if (a->shape.value() != out) std::swap(a, b);
  Shape vector(out.size(), 1);
  vector.back() = out.back();
  const Shape& factor = b->shape.value();
  if (a->shape.value() != out || (factor != out && factor != vector))
    return Taken{nullptr,
                 {},
                 fmt::format("it multiplies {} by {}; only factors of one shape, and one factor "
                             "per channel ({}), have a layer",
                             shape_text(a->shape.value()), shape_text(factor), shape_text(vector))};
  return Taken{std::make_unique<EltwiseMul>(), {a, b}, {}};
}

}  // namespace eltwise_mul

const LayerHardware hardware::eltwise_mul = {eltwise_mul::rules,    eltwise_mul::set_folding,
                                             eltwise_mul::build,    eltwise_mul::ports,
                                             eltwise_mul::estimate, eltwise_mul::takes};

}  // namespace assay::hw
