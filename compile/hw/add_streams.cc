// SPDX-License-Identifier: Apache-2.0
#include "compile/hw/element.h"
#include "compile/hw/resource_model.h"

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

void estimate(ResourceModel& m, const ModuleParameters& p) {
  const std::int64_t bits = p("Lanes") * p("OutBits");
  m.luts(bits + 2);
  m.skid(bits);
}

/// An Add of two streams.
std::optional<Taken> takes(const Node& node) {
  if (!node.as<ops::Add>() || !reads_streams(node)) return {};
  const Shape& out = node.outputs[0]->shape.value();
  for (const Tensor* x : node.inputs)
    if (x->shape.value() != out)
      return Taken{nullptr,
                   {},
                   fmt::format("it stretches {} to {}; give its inputs one shape",
                               shape_text(x->shape.value()), shape_text(out))};
  return Taken{std::make_unique<AddStreams>(), node.inputs, {}};
}

}  // namespace add_streams

const LayerHardware hardware::add_streams = {add_streams::rules,    add_streams::set_folding,
                                             add_streams::build,    add_streams::ports,
                                             add_streams::estimate, add_streams::takes};

}  // namespace assay::hw
