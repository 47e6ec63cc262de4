// SPDX-License-Identifier: Apache-2.0
#include "compile/hw/constants.h"
#include "compile/hw/position_rows.h"
#include "compile/hw/resource_model.h"
#include "compile/hw/threshold_unit.h"

namespace assay::hw {
namespace thresholding {

bool is_twos_complement(const DataType& type) {
  return type.is_signed() && type.kind != DataType::Kind::kBipolar;
}

std::vector<FoldingRule> rules(const Node& node) {
  return {{"PE", node.as<Thresholding>()->pe, channels(node.inputs[0]), "channels"}};
}

void set_folding(Node& node, std::string_view, std::int64_t value) {
  node.as<Thresholding>()->pe = value;
}

/// Whether rows differ between pixels, not only between channels.
bool depends_on_position(const Shape& t) {
  return element_count({t.begin(), t.end() - 1}) != t[t.size() - 2];
}

/// The thresholds of every class of pixels, one after the other, each `repeats` times.
std::vector<std::int64_t> rows_of_pixels(const PositionRows& positions,
                                         const std::vector<std::int64_t>& values,
                                         std::int64_t block, std::int64_t repeats) {
  std::vector<std::int64_t> rows;
  for (const std::int64_t start : positions.pixels)
    for (std::int64_t i = 0; i < repeats; ++i)
      rows.insert(rows.end(), values.begin() + start, values.begin() + start + block);
  return rows;
}

Layer build(const Node& node, bool with_images) {
  const auto& op = *node.as<Thresholding>();
  const Tensor* x = node.inputs[0];
  const Shape& t = node.inputs[1]->shape.value();
  Layer layer;
  layer.module = "assay_thresholding";
  layer.inputs = {stream(node, x, op.pe)};
  layer.outputs = {stream(node, node.outputs[0], op.pe)};
  layer.cycles = layer.outputs[0].beats;
  layer.parameters = {{"Pe", op.pe},
                      {"InBits", std::int64_t{x->dtype.bits}},
                      {"InSigned", std::int64_t{is_twos_complement(x->dtype)}}};
  std::vector<std::int64_t> values = integer_constant(node, 1);
  const std::int64_t beats = channels(x) / op.pe;  // of a pixel
  const bool shared = t[t.size() - 2] == 1;
  std::int64_t rows = shared ? 1 : beats;
  if (op.runtime_writeable_weights) {
    if (depends_on_position(t))
      layer_error(
          node,
          "its thresholds depend on the position, and which pixels share them is fixed in its "
          "logic; leave runtime_writeable_weights out");
    layer.parameters.push_back({"Writable", std::int64_t{1}});
  }
  if (depends_on_position(t)) {
    const PositionRows positions = position_rows(x->shape.value(), t, values);
    add_position_rows(layer, positions, beats, with_images);
    // A row for every beat, so that one counter serves both: lanes may share them.
    values = rows_of_pixels(positions, values, t[t.size() - 2] * t.back(), shared ? beats : 1);
    rows = positions.count() * beats;
  }
  const std::int64_t stages = add_thresholds(layer, node,
                                             {.input = x->dtype,
                                              .output = node.outputs[0]->dtype,
                                              .levels = op.levels,
                                              .lanes = op.pe,
                                              .rows = rows,
                                              .shared = shared,
                                              .steps = t.back(),
                                              .values = std::move(values),
                                              .style = op.preferred_impl_style,
                                              .ram_style = op.ram_style,
                                              .writable = op.runtime_writeable_weights},
                                             with_images);
  layer.timing = PipelineTiming{.stages = stages};
  return layer;
}

Ports ports(const Node&) { return {.ring = true}; }

void estimate(ResourceModel& m, const ModuleParameters& p) {
  if (p("Height"))
    estimate_position_row(m, p);
  else
    m.counter(p("ThresholdRows"));
  estimate_threshold_unit(m, p, p("InBits"), false);
}

}  // namespace thresholding

const LayerHardware hardware::thresholding = {thresholding::rules, thresholding::set_folding,
                                              thresholding::build, thresholding::ports,
                                              thresholding::estimate};

}  // namespace assay::hw
