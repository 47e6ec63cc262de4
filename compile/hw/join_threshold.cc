// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>

#include "compile/base/error.h"
#include "compile/hw/constants.h"
#include "compile/hw/resource_model.h"
#include "compile/hw/threshold_unit.h"

namespace assay::hw {
namespace join_threshold {

using Ints = std::vector<std::int64_t>;
using Wide = __int128;

constexpr std::size_t kFirstX = JoinThreshold::kFirstX;
constexpr std::int64_t kSumStages = 3;  // assay_weighted_sum.sv
constexpr std::int64_t kMaxStreams = 8, kMaxTableBits = 12, kMaxSumBits = 63;

bool is_bipolar(const DataType& type) { return type.kind == DataType::Kind::kBipolar; }
bool is_line(const Node& node) { return node.inputs[1] != nullptr; }
std::int64_t stream_count(const Node& node) { return std::ssize(node.inputs) - kFirstX; }
const DataType& type_of(const Node& node, std::int64_t x) {
  return node.inputs[kFirstX + static_cast<std::size_t>(x)]->dtype;
}

std::vector<FoldingRule> rules(const Node& node) {
  return {{"PE", node.as<JoinThreshold>()->pe, channels(node.inputs[kFirstX]), "channels"}};
}

void set_folding(Node& node, std::string_view, std::int64_t value) {
  node.as<JoinThreshold>()->pe = value;
}

// ---- Table form: the second stream chooses the row of thresholds
// ---------------------------------

/// The value that a bit pattern of a stream means.
std::int64_t value_of(const DataType& type, std::int64_t pattern) {
  if (is_bipolar(type)) return 2 * pattern - 1;
  const std::int64_t size = std::int64_t{1} << type.bits;
  return type.is_signed() && pattern >= size / 2 ? pattern - size : pattern;
}

/// One row per pattern of X1, so that its bits are the address; patterns outside of the table are
/// never seen and reach no threshold.
ThresholdUnit table_unit(const Node& node) {
  const auto& op = *node.as<JoinThreshold>();
  const DataType& chooser = type_of(node, 1);
  if (chooser.bits > kMaxTableBits)
    layer_error(node, fmt::format("its table is indexed by {}; at most {} bits are possible",
                                  chooser.name(), kMaxTableBits));
  const Shape& t = node.inputs[0]->shape.value();
  const std::int64_t steps = t.back(), entries = t[t.size() - 2], rows = t[t.size() - 3];
  const std::int64_t patterns = std::int64_t{1} << chooser.bits;
  const bool shared = rows == 1;
  const std::int64_t lanes = shared ? 1 : op.pe, folds = rows / lanes;
  const Ints values = integer_constant(node, 0);
  ThresholdUnit unit;
  unit.input = type_of(node, 0);
  unit.output = node.outputs[0]->dtype;
  unit.levels = op.levels;
  unit.lanes = op.pe;
  unit.rows = folds * patterns;
  unit.shared = shared;
  unit.steps = steps;
  for (std::int64_t fold = 0; fold < folds; ++fold)
    for (std::int64_t pattern = 0; pattern < patterns; ++pattern)
      for (std::int64_t lane = 0; lane < lanes; ++lane) {
        const std::int64_t entry = value_of(chooser, pattern) - op.table_min;
        const auto at = static_cast<std::size_t>(((fold * lanes + lane) * entries + entry) * steps);
        for (std::size_t k = 0; k < static_cast<std::size_t>(steps); ++k)
          unit.values.push_back(entry >= 0 && entry < entries
                                    ? values[at + k]
                                    : std::numeric_limits<std::int64_t>::max());
      }
  return unit;
}

// ---- Line form: thresholds of a weighted sum
// -----------------------------------------------------

struct Line {
  Ints multipliers;  ///< [rows][streams]
  std::int64_t rows = 1, bits = 1, sum_bits = 1;
};

/// Widths for all multipliers of their data type, which a host may write.
void any_multipliers(const Node& node, Line& line) {
  const DataType& type = node.inputs[1]->dtype;
  line.bits = signed_bits(type.min(), type.max());
  const Wide high = (Wide{1} << (line.bits - 1)) - 1, low = -high - 1;
  Wide min = 0, max = 0;
  for (std::int64_t x = 0; x < stream_count(node); ++x) {
    const DataType& type_x = type_of(node, x);
    const auto [least, most] = std::minmax(
        {low * type_x.min(), low * type_x.max(), high * type_x.min(), high * type_x.max()});
    min += least;
    max += most;
  }
  line.sum_bits = signed_bits(min, max);
}

Line line_of(const Node& node) {
  const std::int64_t n = stream_count(node);
  Line line{.multipliers = integer_constant(node, 1)};
  line.rows = std::ssize(line.multipliers) / n;
  if (node.as<JoinThreshold>()->runtime_writeable_weights) {
    any_multipliers(node, line);
    return line;
  }
  const auto [low, high] = std::ranges::minmax(line.multipliers);
  line.bits = signed_bits(low, high);
  Wide min = 0, max = 0;
  for (std::int64_t row = 0; row < line.rows; ++row) {
    Wide row_min = 0, row_max = 0;
    for (std::int64_t x = 0; x < n; ++x) {
      const Wide m = line.multipliers[static_cast<std::size_t>(row * n + x)];
      const Wide a = m * type_of(node, x).min(), b = m * type_of(node, x).max();
      row_min += std::min(a, b);
      row_max += std::max(a, b);
    }
    min = std::min(min, row_min);
    max = std::max(max, row_max);
  }
  line.sum_bits = signed_bits(min, max);
  return line;
}

ThresholdUnit line_unit(const Node& node, const Line& line) {
  const auto& op = *node.as<JoinThreshold>();
  const Shape& t = node.inputs[0]->shape.value();
  const std::int64_t rows = t[t.size() - 2];
  ThresholdUnit unit;
  unit.input = DataType::sint(static_cast<int>(line.sum_bits));
  unit.output = node.outputs[0]->dtype;
  unit.levels = op.levels;
  unit.lanes = op.pe;
  unit.shared = rows == 1;
  unit.rows = unit.shared ? 1 : rows / op.pe;
  unit.steps = t.back();
  unit.values = integer_constant(node, 0);
  return unit;
}

void add_multipliers(Layer& layer, const Node& node, const Line& line, bool with_images) {
  const std::int64_t lanes = line.rows == 1 ? 1 : node.as<JoinThreshold>()->pe;
  const auto bits = static_cast<int>(lanes * stream_count(node) * line.bits);
  layer.memories.push_back({"multipliers", "distributed", line.rows / lanes, bits});
  layer.parameters.insert(layer.parameters.end(),
                          {{"MultiplierBits", line.bits},
                           {"MultiplierRows", line.rows / lanes},
                           {"SharedMultipliers", std::int64_t{line.rows == 1}},
                           {"SumBits", line.sum_bits},
                           {"MultiplierFile", std::string("multipliers.hex")}});
  if (node.as<JoinThreshold>()->runtime_writeable_weights)
    layer.stores.push_back({"multipliers.hex", 1, bits, line.rows / lanes});
  if (!with_images) return;
  MemoryImage image("multipliers.hex", bits);  // one word per channel fold: [lane][stream]
  for (const std::int64_t m : line.multipliers) image.append(m, static_cast<int>(line.bits));
  layer.images.push_back(std::move(image));
}

// ---- Both
// ----------------------------------------------------------------------------------------

/// Streams as parameters: 7 bits of width each, four to a parameter, and one bit for each sort.
void add_streams(Layer& layer, const Node& node) {
  std::int64_t widths[2] = {0, 0}, is_signed = 0, bipolar = 0;
  for (std::int64_t x = 0; x < stream_count(node); ++x) {
    const DataType& type = type_of(node, x);
    widths[x / 4] |= std::int64_t{type.bits} << (7 * (x % 4));
    is_signed |= std::int64_t{type.is_signed() && !is_bipolar(type)} << x;
    bipolar |= std::int64_t{is_bipolar(type)} << x;
  }
  layer.parameters.insert(layer.parameters.end(), {{"Streams", stream_count(node)},
                                                   {"WidthsLow", widths[0]},
                                                   {"WidthsHigh", widths[1]},
                                                   {"SignedStreams", is_signed},
                                                   {"BipolarStreams", bipolar}});
}

void check(const Node& node) {
  if (stream_count(node) > kMaxStreams)
    layer_error(node, fmt::format("it joins {} streams, more than {}; join them in two steps",
                                  stream_count(node), kMaxStreams));
  for (std::int64_t x = 0; x < stream_count(node); ++x)
    if (type_of(node, x).bits > kMaxSumBits)
      layer_error(node, fmt::format("it joins a stream of {}, more than {} bits",
                                    type_of(node, x).name(), kMaxSumBits));
}

Layer build(const Node& node, bool with_images) {
  const auto& op = *node.as<JoinThreshold>();
  Layer layer;
  layer.module = "assay_join_threshold";
  for (std::size_t i = kFirstX; i < node.inputs.size(); ++i)
    layer.inputs.push_back(stream(node, node.inputs[i], op.pe));
  layer.outputs = {stream(node, node.outputs[0], op.pe)};
  layer.cycles = layer.outputs[0].beats;
  check(node);
  layer.parameters = {{"Pe", op.pe},
                      {"ChannelFolds", channels(node.outputs[0]) / op.pe},
                      {"Line", std::int64_t{is_line(node)}}};
  add_streams(layer, node);
  ThresholdUnit unit;
  if (is_line(node)) {
    const Line line = line_of(node);
    if (line.sum_bits > kMaxSumBits)
      layer_error(node,
                  fmt::format("its sum needs {} bits, more than {}; scale its multipliers down",
                              line.sum_bits, kMaxSumBits));
    add_multipliers(layer, node, line, with_images);
    unit = line_unit(node, line);
  } else {
    unit = table_unit(node);
  }
  unit.ram_style = op.ram_style;
  unit.lane_rows = !is_line(node);
  unit.writable = op.runtime_writeable_weights;
  if (unit.writable) layer.parameters.push_back({"Writable", std::int64_t{1}});
  const std::int64_t stages = add_thresholds(layer, node, std::move(unit), with_images);
  layer.timing = PipelineTiming{is_line(node) ? kSumStages : 0, stages};
  return layer;
}

Ports ports(const Node&) { return {.vector_inputs = true, .ring = true}; }

void estimate(ResourceModel& m, const ModuleParameters& p) {
  const std::int64_t pe = p("Pe"), streams = p("Streams"), folds = p("ChannelFolds");
  m.counter(folds);
  m.luts(2);
  const auto width = [&](std::int64_t s) {
    return p(s < 4 ? "WidthsLow" : "WidthsHigh") >> (7 * (s % 4)) & 127;
  };
  if (!p("Line")) return estimate_threshold_unit(m, p, width(0), true);
  const std::int64_t bits = p("MultiplierBits"), sum = p("SumBits");
  const std::int64_t word = (p("SharedMultipliers") ? 1 : pe) * streams * bits;
  p("Writable") ? m.store(p("MultiplierRows"), word, 1, false)
                : m.rom(p("MultiplierRows"), word, 1, false, true);
  m.registers(3 * bits_for(folds) + 3);
  for (std::int64_t s = 0; s < streams; ++s) {
    const std::int64_t a = width(s) + ((p("SignedStreams") >> s & 1) ? 0 : 1);
    m.registers(pe * width(s));
    m.multipliers(pe, a, bits, width(s) >= 4 && bits >= 4);
  }
  for (std::int64_t lane = 0; lane < pe; ++lane) m.adders(streams, sum);
  m.registers(pe * sum);
  estimate_threshold_unit(m, p, sum, false);
}

}  // namespace join_threshold

const LayerHardware hardware::join_threshold = {join_threshold::rules, join_threshold::set_folding,
                                                join_threshold::build, join_threshold::ports,
                                                join_threshold::estimate};

}  // namespace assay::hw
