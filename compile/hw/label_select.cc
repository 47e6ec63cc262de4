// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "compile/base/printable.h"
#include "compile/hw/element.h"
#include "compile/hw/resource_model.h"

namespace assay::hw {
namespace label_select {

std::vector<FoldingRule> rules(const Node& node) {
  return {{"PE", node.as<LabelSelect>()->pe, channels(node.inputs[0]), "classes"}};
}

void set_folding(Node& node, std::string_view, std::int64_t value) {
  node.as<LabelSelect>()->pe = value;
}

Layer build(const Node& node, bool) {
  const auto& op = *node.as<LabelSelect>();
  const std::int64_t classes = channels(node.inputs[0]);
  Layer layer;
  layer.module = "assay_label_select";
  layer.inputs = {stream(node, node.inputs[0], op.pe)};
  const Tensor* values = node.outputs[0];
  const Tensor* indices = node.outputs.size() > 1 ? node.outputs[1] : nullptr;
  if (!values && !indices) layer_error(node, "nobody reads its values or its indices; remove it");
  if (values) layer.outputs.push_back(stream(node, values, 1));
  if (values) check_same_type(node, layer.inputs[0], layer.outputs[0]);
  if (indices) layer.outputs.push_back(stream(node, indices, 1));
  const DataType index_type = indices ? indices->dtype : DataType::smallest_for(0, classes - 1);
  if (!index_type.allows(classes - 1))
    layer_error(node, fmt::format("{} cannot hold the index {}; give '{}' a wider data type",
                                  index_type.name(), classes - 1, printable(indices->name)));
  layer.cycles = std::max(layer.inputs[0].beats, op.k);
  layer.timing = SelectTiming{layer.inputs[0].beats, op.k};
  layer.parameters = {{"Lanes", op.pe}, {"Classes", classes}, {"K", op.k}, {"Largest", op.largest}};
  for (Parameter& p : element_parameters("In", layer.inputs[0].dtype))
    layer.parameters.push_back(std::move(p));
  layer.parameters.push_back({"IndexBits", index_type.bits});
  layer.parameters.push_back({"HasValues", values != nullptr});
  layer.parameters.push_back({"HasIndices", indices != nullptr});
  return layer;
}

Ports ports(const Node&) { return {.vector_outputs = true}; }

void estimate(ResourceModel& m, const ModuleParameters& p) {
  const std::int64_t k = p("K"), lanes = p("Lanes"), in = p("InBits"),
                     index = bits_for(p("Classes"));
  m.counter(p("Classes") / lanes);
  m.registers(index + 2 * k * (in + index) + k + bits_for(k + 1));
  m.luts(index + 4);
  m.comparators(lanes * k, in);
  m.luts(lanes * k * (in + index) + (k > 1 ? lanes * (k - 1) * (in + index) : 0));
  m.luts((k > 1 ? k - 1 : 0) * (in + index));
  if (p("HasValues")) m.skid(in);
  if (p("HasIndices")) m.skid(p("IndexBits"));
}

}  // namespace label_select

const LayerHardware hardware::label_select = {label_select::rules, label_select::set_folding,
                                              label_select::build, label_select::ports,
                                              label_select::estimate};

}  // namespace assay::hw
