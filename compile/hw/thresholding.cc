// SPDX-License-Identifier: Apache-2.0
#include "compile/hw/constants.h"
#include "compile/hw/threshold_unit.h"

namespace assay::hw {
namespace {

bool is_twos_complement(const DataType& type) {
  return type.is_signed() && type.kind != DataType::Kind::kBipolar;
}

std::vector<FoldingRule> rules(const Node& node) {
  return {{"PE", node.as<Thresholding>()->pe, channels(node.inputs[0]), "channels"}};
}

void set_folding(Node& node, std::string_view, std::int64_t value) {
  node.as<Thresholding>()->pe = value;
}

/// A row for every element of X: T's leading axes stretched to X's shape.
std::vector<std::int64_t> rows_of_elements(const Shape& x, const Shape& t,
                                           const std::vector<std::int64_t>& values) {
  const std::int64_t steps = t.back();
  const auto strides = broadcast_strides({t.begin(), t.end() - 1}, x);
  std::vector<std::int64_t> rows;
  rows.reserve(static_cast<std::size_t>(element_count(x) * steps));
  for (std::int64_t i = 0; i < element_count(x); ++i) {
    std::int64_t row = 0, rest = i;
    for (std::size_t axis = x.size(); axis-- > 0; rest /= x[axis])
      row += rest % x[axis] * strides[axis];
    rows.insert(rows.end(), values.begin() + row * steps, values.begin() + (row + 1) * steps);
  }
  return rows;
}

Layer build(const Node& node, bool with_images) {
  const auto& op = *node.as<Thresholding>();
  const Tensor* x = node.inputs[0];
  const Shape &t = node.inputs[1]->shape.value(), &shape = x->shape.value();
  Layer layer;
  layer.module = "assay_thresholding";
  layer.inputs = {stream(node, x, op.pe)};
  layer.outputs = {stream(node, node.outputs[0], op.pe)};
  layer.cycles = layer.outputs[0].beats;
  layer.parameters = {{"Pe", op.pe},
                      {"InBits", std::int64_t{x->dtype.bits}},
                      {"InSigned", std::int64_t{is_twos_complement(x->dtype)}}};
  std::vector<std::int64_t> values = integer_constant(node, 1);
  std::int64_t rows = element_count({t.begin(), t.end() - 1});
  if (rows != 1 && rows != t[t.size() - 2]) {  // more than one axis of rows
    values = rows_of_elements(shape, t, values);
    rows = elements(x);
  }
  const std::int64_t stages = add_thresholds(layer, node,
                                             {.input = x->dtype,
                                              .output = node.outputs[0]->dtype,
                                              .levels = op.levels,
                                              .lanes = op.pe,
                                              .rows = rows == 1 ? 1 : rows / op.pe,
                                              .shared = rows == 1,
                                              .steps = t.back(),
                                              .values = std::move(values),
                                              .style = op.preferred_impl_style,
                                              .ram_style = op.ram_style},
                                             with_images);
  layer.timing = PipelineTiming{.stages = stages};
  return layer;
}

Ports ports(const Node&) { return {}; }

}  // namespace

const LayerKind kThresholding = {"Thresholding", "thresholding", rules, set_folding, build, ports};

}  // namespace assay::hw
