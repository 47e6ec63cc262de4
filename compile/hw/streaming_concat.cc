// SPDX-License-Identifier: Apache-2.0
#include <numeric>

#include "compile/base/printable.h"
#include "compile/hw/element.h"
#include "compile/hw/resource_model.h"

namespace assay::hw {
namespace streaming_concat {

std::vector<FoldingRule> rules(const Node& node) {
  std::int64_t common = 0;
  for (const Tensor* input : node.inputs) common = std::gcd(common, channels(input));
  return {{"PE", node.as<StreamingConcat>()->pe, common, "channels that all inputs divide into"}};
}

void set_folding(Node& node, std::string_view, std::int64_t value) {
  node.as<StreamingConcat>()->pe = value;
}

bool is_bipolar(const Stream& stream) { return stream.dtype.kind == DataType::Kind::kBipolar; }

/// How the RTL extends the elements of an input: "u" with zeros, "s" with the sign, "b" from
/// BIPOLAR.
std::string kind(const Stream& input, const Stream& output) {
  if (is_bipolar(output)) return "u";  // one bit stays one bit
  if (is_bipolar(input)) return "b";
  return input.dtype.is_signed() ? "s" : "u";
}

void check_types(const Node& node, const Layer& layer) {
  const Stream& out = layer.outputs[0];
  for (const Stream& in : layer.inputs) {
    const bool fits = is_bipolar(out)
                          ? is_bipolar(in)
                          : out.dtype.min() <= in.dtype.min() && in.dtype.max() <= out.dtype.max();
    if (!fits)
      layer_error(node, fmt::format("{} cannot hold the {} of '{}'; give '{}' a wider data type",
                                    out.dtype.name(), in.dtype.name(), printable(in.tensor->name),
                                    printable(out.tensor->name)));
  }
}

Layer build(const Node& node, bool) {
  const std::int64_t pe = node.as<StreamingConcat>()->pe;
  Layer layer;
  layer.module = "assay_streaming_concat";
  std::string beats, bits, kinds;
  layer.outputs = {stream(node, node.outputs[0], pe)};
  std::int64_t data_bits = 0;
  PhasesTiming timing;
  for (const Tensor* input : node.inputs) {
    layer.inputs.push_back(stream(node, input, pe));
    beats += fmt::format("{:08}", channels(input) / pe);
    bits += fmt::format("{:02}", layer.inputs.back().dtype.bits);
    data_bits += layer.inputs.back().data_bits();
    const std::uint64_t turn = std::uint64_t{1} << (layer.inputs.size() - 1);
    timing.phases.push_back({channels(input) / pe, turn, turn});
    kinds += kind(layer.inputs.back(), layer.outputs[0]);
  }
  check_types(node, layer);
  layer.timing = std::move(timing);
  layer.cycles = layer.outputs[0].beats;
  layer.parameters = {{"Lanes", pe},
                      {"Inputs", static_cast<std::int64_t>(layer.inputs.size())},
                      {"DataBits", data_bits},
                      {"Beats", beats},
                      {"InBits", bits},
                      {"InKinds", kinds},
                      {"OutBits", layer.outputs[0].dtype.bits}};
  return layer;
}

Ports ports(const Node&) { return {.vector_inputs = true}; }

void estimate(ResourceModel& m, const ModuleParameters& p) {
  const std::int64_t bits = p("Lanes") * p("OutBits");
  m.turns(p("Inputs"), p.largest_beats());
  m.luts((p("Inputs") - 1) * bits / 2);
  m.skid(bits);
}

}  // namespace streaming_concat

const LayerHardware hardware::streaming_concat = {
    streaming_concat::rules, streaming_concat::set_folding, streaming_concat::build,
    streaming_concat::ports, streaming_concat::estimate};

}  // namespace assay::hw
