// SPDX-License-Identifier: Apache-2.0
#include "compile/hw/mvau.h"

#include <algorithm>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "compile/hw/adder_graph.h"
#include "compile/hw/constants.h"
#include "compile/hw/dsp_packing.h"
#include "compile/hw/threshold_unit.h"

namespace assay::hw {
namespace {

constexpr int kMaxAccBits = 64;
constexpr std::int64_t kSumLevels = 3;  ///< of adders in a row: SumLevels of rtl/assay_mvu.sv
constexpr std::int64_t kNineBits = 4;   ///< of a count of nine: rtl/assay_popcount.sv

bool is_xnor(const Node& node) { return node.as<MVAU>() && node.as<MVAU>()->xnor; }
bool is_bipolar(const DataType& type) { return type.kind == DataType::Kind::kBipolar; }
/// Two's complement: BIPOLAR, whose one bit is 0 for -1, is not.
bool is_twos_complement(const DataType& type) { return type.is_signed() && !is_bipolar(type); }

struct Shapes {
  std::int64_t columns, rows, vectors, row_folds, column_folds;
};

Shapes shapes_of(const Node& node) {
  const auto& op = *node.as<MultiplyOp>();
  const Shape& w = node.inputs[1]->shape.value();
  const std::int64_t vectors = elements(node.inputs[0]) / channels(node.inputs[0]);
  return {w[0], w[1], vectors, w[1] / op.pe, w[0] / op.simd};
}

void check_packed(const Node& node, const DataType& x, const DataType& w) {
  if (node.as<VVAU>())
    layer_error(node,
                "its channels share no activations, so no two products can share a DSP block; set "
                "preferred_impl_style to dsp");
  if (dsp_packing(x, w, kDspWideBits).lanes == 1)
    layer_error(node, fmt::format("no two products of {} by {} fit a DSP block; set "
                                  "preferred_impl_style to dsp",
                                  x.name(), w.name()));
}

bool is_unfolded(const Node& node) {
  const Shapes s = shapes_of(node);
  return s.row_folds * s.column_folds == 1;
}

/// The sums of an adder graph, and what is on the way to them, are numbers of 64 bits.
bool has_small_sums(const Node& node) {
  constexpr __int128 kLimit = static_cast<__int128>(1) << 61;
  const DataType& x = node.inputs[0]->dtype;
  const __int128 most = std::max(static_cast<__int128>(x.max()), -static_cast<__int128>(x.min()));
  const Shapes s = shapes_of(node);
  // A digit more than the weight needs, or one that others take off again: less than its double.
  const __int128 weight = static_cast<__int128>(2) << node.inputs[1]->dtype.bits;
  return most * weight < kLimit && most * weight * s.columns < kLimit;
}

void check_adder_graph(const Node& node) {
  const auto& op = *node.as<MultiplyOp>();
  if (node.as<VVAU>())
    layer_error(
        node,
        "its channels share no activations, so there is nothing for an adder_graph to share; "
        "set preferred_impl_style to lut");
  if (op.mem_mode != "embedded")
    layer_error(node, fmt::format("its weights are {}, an adder_graph is made of constants; set "
                                  "mem_mode to embedded or preferred_impl_style to lut",
                                  printable(op.mem_mode)));
  const Shapes s = shapes_of(node);
  if (!is_unfolded(node))
    layer_error(node,
                fmt::format("an adder_graph is the whole matrix at once; set PE to {} and SIMD "
                            "to {}, or preferred_impl_style to lut",
                            s.rows, s.columns));
  if (!has_small_sums(node))
    layer_error(node,
                "the sums of its adder_graph may exceed 61 bits; set preferred_impl_style to lut");
}

void check_style(const Node& node, const std::string& style) {
  const auto& op = *node.as<MultiplyOp>();
  const DataType &x = node.inputs[0]->dtype, &w = node.inputs[1]->dtype;
  if (!w.is_integer())
    layer_error(
        node, fmt::format("its weights have the data type {}; hardware needs integers", w.name()));
  if (x.bits > kMaxFactorBits || w.bits > kMaxFactorBits)
    layer_error(node, fmt::format("it multiplies {} by {}, more than {} bits; quantise what is "
                                  "wider to fewer bits",
                                  x.name(), w.name(), kMaxFactorBits));
  if (!op.acc_dtype.is_integer() || is_bipolar(op.acc_dtype) || op.acc_dtype.bits > kMaxAccBits)
    layer_error(node, fmt::format("acc_dtype is {}; it must be an integer type that holds its sums",
                                  op.acc_dtype.name()));
  if (style != "popcount" && style != "lut" && style != "dsp" && style != "packed" &&
      style != "adder_graph")
    layer_error(node, fmt::format("preferred_impl_style is '{}'; choose auto, popcount, lut, dsp, "
                                  "packed or adder_graph",
                                  printable(style)));
  if (style == "packed") check_packed(node, x, w);
  if (op.runtime_writeable_weights && op.mem_mode == "embedded")
    layer_error(node,
                "embedded weights are constants in logic, which nobody writes at run time; set "
                "mem_mode to decoupled");
  if (op.mem_mode != "embedded" && op.mem_mode != "decoupled" && op.mem_mode != "external")
    layer_error(node, fmt::format("mem_mode is '{}'; choose embedded, decoupled or external",
                                  printable(op.mem_mode)));
  if (style == "adder_graph" && !is_xnor(node)) check_adder_graph(node);
  if (!is_xnor(node)) return;
  if (style != "popcount") layer_error(node, "xnor is made by popcount only");
  if (x != DataType::uint(1) || w != DataType::uint(1))
    layer_error(node, "xnor takes BINARY inputs and weights");
}

MemoryImage weight_image(const Node& node, bool planes) {
  const auto& op = *node.as<MultiplyOp>();
  const Shapes s = shapes_of(node);
  const DataType& type = node.inputs[1]->dtype;
  std::vector<std::int64_t> w = integer_constant(node, 1);
  if (is_bipolar(type))
    for (std::int64_t& value : w) value = value > 0 ? 1 : 0;
  MemoryImage image("weights.hex", static_cast<int>(op.pe * op.simd) * type.bits);
  const auto at = [&](std::int64_t column, std::int64_t row) {
    return w[static_cast<std::size_t>(column * s.rows + row)];
  };
  for (std::int64_t row = 0; row < s.rows; row += op.pe)
    for (std::int64_t column = 0; column < s.columns; column += op.simd)
      for (std::int64_t pe = 0; pe < op.pe; ++pe)
        for (int plane = 0; plane < (planes ? type.bits : 1); ++plane)
          for (std::int64_t i = 0; i < op.simd; ++i)
            image.append(at(column + i, row + pe) >> plane, planes ? 1 : type.bits);
  return image;
}

void add_memory(Layer& layer, const Node& node, bool planes, bool with_images) {
  const auto& op = *node.as<MultiplyOp>();
  const Shapes s = shapes_of(node);
  const DataType& type = node.inputs[1]->dtype;
  const std::int64_t words = s.row_folds * s.column_folds, bits = op.pe * op.simd * type.bits;
  const std::string style = op.mem_mode == "external"   ? "external"
                            : op.mem_mode == "embedded" ? "distributed"
                                                        : memory_style(op.ram_style, words, bits);
  layer.memories.push_back({"weights", style, words, static_cast<int>(bits)});
  if (style == "external") {
    layer.module = "assay_mvu_layer";
    layer.inputs.push_back({node.inputs[1], type, op.pe * op.simd, s.vectors * words});
    if (op.runtime_writeable_weights) layer.parameters.push_back({"Writable", std::int64_t{1}});
  } else {
    layer.module = "assay_mvau";
    layer.parameters.insert(layer.parameters.end(),
                            {{"RegisteredWeights", std::int64_t{op.mem_mode == "decoupled"}},
                             {"BlockWeights", std::int64_t{style == "block"}},
                             {"WeightFile", std::string("weights.hex")}});
    if (op.runtime_writeable_weights) {
      layer.parameters.push_back({"WritableWeights", std::int64_t{1}});
      layer.stores.push_back({"weights.hex", 1, bits, words});
    }
  }
  if (with_images) layer.images.push_back(weight_image(node, planes));
}

/// Returns the stages behind the products.
std::int64_t add_levels(Layer& layer, const Node& node, bool with_images) {
  const auto& op = *node.as<MultiplyOp>();
  const DataType& output = node.outputs[0]->dtype;
  if (node.inputs.size() < 3 || !node.inputs[2]) {
    if (output != op.acc_dtype)
      layer_error(node, fmt::format("its output is {}, without thresholds it is acc_dtype {}",
                                    output.name(), op.acc_dtype.name()));
    layer.parameters.push_back({"Steps", std::int64_t{0}});
    layer.parameters.push_back({"OutBits", std::int64_t{output.bits}});
    return 0;
  }
  const Shape& t = node.inputs[2]->shape.value();
  const bool shared = t[0] == 1;
  return add_thresholds(layer, node,
                        {.input = op.acc_dtype,
                         .output = output,
                         .levels = op.levels,
                         .lanes = op.pe,
                         .rows = shared ? 1 : t[0] / op.pe,
                         .shared = shared,
                         .steps = t[1],
                         .values = integer_constant(node, 2),
                         .writable = op.runtime_writeable_weights},
                        with_images);
}

/// The least and the largest sum of a row.
std::pair<std::int64_t, std::int64_t> row_bounds(const std::vector<std::int64_t>& w,
                                                 std::int64_t rows, std::int64_t row,
                                                 const DataType& x) {
  std::int64_t low = 0, high = 0;
  for (std::size_t i = static_cast<std::size_t>(row); i < w.size();
       i += static_cast<std::size_t>(rows)) {
    low += std::min(w[i] * x.min(), w[i] * x.max());
    high += std::max(w[i] * x.min(), w[i] * x.max());
  }
  return {low, high};
}

/// The lines that the thresholds of all rows are; nothing where one is none, or counts to no full bits.
std::vector<ThresholdLine> threshold_lines(const Node& node) {
  if (node.inputs.size() < 3 || !node.inputs[2]) return {};
  const Shape& t = node.inputs[2]->shape.value();
  const std::int64_t steps = t[1], rows = node.inputs[1]->shape.value()[1];
  if (steps < 1 || (steps & (steps + 1)) != 0) return {};
  const std::vector<std::int64_t> values = integer_constant(node, 2), w = integer_constant(node, 1);
  std::vector<ThresholdLine> lines;
  for (std::int64_t row = 0; row < rows; ++row) {
    const auto from = values.begin() + (t[0] == 1 ? 0 : row * steps);
    const auto [low, high] = row_bounds(w, rows, row, node.inputs[0]->dtype);
    const auto line = threshold_line({from, from + steps}, low, high);
    if (!line) return {};
    lines.push_back(*line);
  }
  return lines;
}

/// The whole matrix as adders: a module of its own. Where thresholds are lines they are adders of an
/// offset, and a clamp.
void add_adder_graph(Layer& layer, const Node& node, bool with_images) {
  const auto& op = *node.as<MultiplyOp>();
  const auto lines = threshold_lines(node);
  layer.adders =
      adder_graph(integer_constant(node, 1), shapes_of(node).rows, node.inputs[0]->dtype, lines);
  layer.module = layer.adders->module();
  layer.parameters = {{"Pe", op.pe}};
  std::int64_t stages = 0;
  if (lines.empty()) {
    layer.parameters.insert(layer.parameters.end(),
                            {{"AccBits", std::int64_t{op.acc_dtype.bits}},
                             {"AccSigned", std::int64_t{op.acc_dtype.is_signed()}}});
    stages = add_levels(layer, node, with_images);
  } else {
    Layer levels;  // says what the thresholds are, and refuses them
    add_levels(levels, node, false);
    const ModuleParameters p(levels);
    layer.parameters.insert(layer.parameters.end(), {{"AccBits", p("OutBits")},
                                                     {"CountBits", bits_for(p("Steps") + 1)},
                                                     {"OutBits", p("OutBits")},
                                                     {"OutBias", p("OutBias")}});
  }
  layer.timing = PipelineTiming{.sum_stages = layer.adders->stages, .stages = stages};
}

void replay_buffer(ResourceModel& m, std::int64_t bits, std::int64_t length, std::int64_t repeats) {
  if (repeats == 1) return m.registers(bits + 1);
  m.counter(2 * length);
  m.counter(2 * length);
  m.counter(repeats);
  m.luts(2 * bits_for(2 * length) + 8);  // where banks begin and end
  m.registers(5);
  m.buffer(2 * length, bits);
}

/// Whether the weights are never others: a single word in LUTs.
bool constant_weights(const ModuleParameters& p) {
  return p("RowFolds") * p("ColumnFolds") == 1 && !p("RegisteredWeights") &&
         !p.text("WeightFile").empty();
}

/// What the adder tree of a lane adds, products or counts of nine bits; 1: DSP blocks add otherwise.
std::int64_t tree_terms(const ModuleParameters& p) {
  if (p("Popcount")) return (p("Simd") + 8) / 9;
  return !p("Dsp") || p("DspLanes") > 1 ? p("Simd") : 1;
}

/// Registers between a tree's levels that a product goes through: SumRegisters of rtl/assay_mvu.sv.
std::int64_t sum_registers(const ModuleParameters& p) {
  return std::max<std::int64_t>(bits_for(tree_terms(p)) - 1, 0) / kSumLevels;
}

/// The flip-flops of those of one tree, whose terms have `bits`.
std::int64_t sum_register_bits(const ModuleParameters& p, std::int64_t bits) {
  std::int64_t sum = 0;
  for (std::int64_t r = 1; r <= sum_registers(p); ++r) {
    const std::int64_t level = r * kSumLevels, width = std::min(bits + level, p("AccBits"));
    sum += ((tree_terms(p) - 1) >> level) * width + width;
  }
  return sum;
}

void popcount_dot(ResourceModel& m, const ModuleParameters& p) {
  const std::int64_t simd = p("Simd"), in = p("InBits"), weight = p("WeightBits"),
                     sum = p("AccBits"), count = bits_for(simd + 1);
  const bool bipolar = p("InBipolar") != p("WeightBipolar");
  m.popcount(simd, in * weight, constant_weights(p));
  m.registers(in * weight * (count + sum_register_bits(p, kNineBits)) + sum);
  if (p("InBipolar") && bipolar) {
    m.popcount(simd, weight);
    m.registers(weight * (count + sum_register_bits(p, kNineBits)));
  }
  // Counts of higher planes are added further up; bipolar ones take a constant or a count off.
  const std::int64_t terms = in * weight + (p("InBipolar") || p("WeightBipolar") ? 1 : 0);
  m.adders(terms, std::min(sum, count + in + weight));
}

void product_dot(ResourceModel& m, const ModuleParameters& p) {
  const std::int64_t a = p("InBits") + (p("InSigned") ? 0 : 1),
                     b = p("WeightBits") + (p("WeightSigned") ? 0 : 1), simd = p("Simd");
  m.multipliers(constant_weights(p) ? (simd + 1) / 2 : simd, a, b,
                p("Dsp") != 0 && !constant_weights(p));
  m.registers(p("AccBits"));
  if (p("Dsp"))
    m.dsp_adders(simd - 1, std::min(p("AccBits"), a + b + bits_for(simd) / 2));
  else
    m.tree(simd, a + b - 1);
  m.registers(sum_register_bits(p, a + b - 1));
}

/// Rows that share DSP blocks, as rtl/assay_packed_lanes.sv has them.
void packed_lanes(ResourceModel& m, const ModuleParameters& p, std::int64_t lanes) {
  const std::int64_t in = p("InBits"), weight = p("WeightBits"), simd = p("Simd"),
                     spacing = p("DspSpacing"), sign = p("WeightSigned") ? 0 : 1,
                     field = in + weight - (p("InSigned") ? 1 : 0), top = in + weight + sign;
  m.multipliers(simd, spacing * (lanes - 1) + weight + sign, in + (p("InSigned") ? 0 : 1), true);
  m.dsp_adders(simd, spacing * (lanes - 1) + top);
  if (spacing < field) {
    m.luts((lanes - 1) * simd);
    m.registers(lanes * simd);
  }
  for (std::int64_t lane = 0; lane < lanes; ++lane) {
    const std::int64_t bits = lane + 1 < lanes ? field : top;
    m.tree(simd, bits);
    m.registers(std::min(bits + bits_for(simd), p("AccBits")) + sum_register_bits(p, bits));
  }
}

/// Behind the sums: thresholds, or a queue.
void levels(ResourceModel& m, const ModuleParameters& p) {
  if (!p("Steps")) return m.skid(p("Pe") * p("OutBits"));
  m.counter(p("ThresholdRows"));
  estimate_threshold_unit(m, p, p("AccBits"), false);
}

void estimate_adder_graph(ResourceModel& m, const ModuleParameters& p) {
  const AdderGraph& graph = *p.adders();
  m.graph_adders(graph.adder_bits(), std::ssize(graph.adders));
  m.registers(graph.register_bits() + graph.stages);
  m.luts(2);
  // A bit takes what is above it and below it; what is above, a few tables.
  if (p("CountBits")) m.luts(p("Pe") * (p("CountBits") + 1 + (p("OutBias") ? p("OutBits") : 0)));
  for (std::size_t r = 0; r < graph.lines.size(); ++r)
    if (graph.lines[r].capped) m.comparators(1, graph.outputs[r].offset_range().bits());
  levels(m, p);
}

void weight_memory(ResourceModel& m, const ModuleParameters& p) {
  const std::int64_t words = p("RowFolds") * p("ColumnFolds"),
                     bits = p("Pe") * p("Simd") * p("WeightBits");
  m.counter(words);
  if (p("WritableWeights")) return m.store(words, bits, 1, p("BlockWeights") != 0);
  m.rom(words, bits, 1, p("BlockWeights") != 0, p("RegisteredWeights") != 0);
}

}  // namespace

std::string product_style(const Node& node) {
  const auto& op = *node.as<MultiplyOp>();
  if (op.preferred_impl_style != "auto") return op.preferred_impl_style;
  const int x = node.inputs[0]->dtype.bits, w = node.inputs[1]->dtype.bits;
  if (is_xnor(node) || x * w <= 4) return "popcount";
  return x >= 4 && w >= 4 ? "dsp" : "lut";
}

void add_products(Layer& layer, const Node& node, bool with_images) {
  const auto& op = *node.as<MultiplyOp>();
  const std::string style = product_style(node);
  check_style(node, style);
  const Shapes s = shapes_of(node);
  const DataType &x = node.inputs[0]->dtype, &w = node.inputs[1]->dtype;
  layer.outputs = {stream(node, node.outputs[0], op.pe)};
  layer.cycles = s.vectors * s.row_folds * s.column_folds;
  if (style == "adder_graph") return add_adder_graph(layer, node, with_images);
  layer.parameters.insert(layer.parameters.end(),
                          {{"Pe", op.pe},
                           {"Simd", op.simd},
                           {"RowFolds", s.row_folds},
                           {"ColumnFolds", s.column_folds},
                           {"Depthwise", std::int64_t{node.as<VVAU>() != nullptr}},
                           {"InBits", std::int64_t{x.bits}},
                           {"InSigned", std::int64_t{is_twos_complement(x)}},
                           {"InBipolar", std::int64_t{is_bipolar(x)}},
                           {"WeightBits", std::int64_t{w.bits}},
                           {"WeightSigned", std::int64_t{is_twos_complement(w)}},
                           {"WeightBipolar", std::int64_t{is_bipolar(w)}},
                           {"Xnor", std::int64_t{is_xnor(node)}},
                           {"Popcount", std::int64_t{style == "popcount"}},
                           {"Dsp", std::int64_t{style == "dsp" || style == "packed"}},
                           {"AccBits", std::int64_t{op.acc_dtype.bits}},
                           {"AccSigned", std::int64_t{op.acc_dtype.is_signed()}}});
  // Products of constants are logic, and share nothing.
  const bool constant = op.mem_mode == "embedded" && s.row_folds * s.column_folds == 1;
  const DspPacking packing =
      style == "packed" && !constant ? dsp_packing(x, w, op.pe) : DspPacking();
  if (packing.lanes > 1)
    layer.parameters.insert(layer.parameters.end(),
                            {{"DspLanes", packing.lanes}, {"DspSpacing", packing.spacing}});
  add_memory(layer, node, style == "popcount", with_images);
  const std::int64_t stages = add_levels(layer, node, with_images);
  // Depthwise beats are products at once: no vector is played again.
  ProductTiming timing{s.column_folds, node.as<VVAU>() ? 1 : s.row_folds, stages};
  timing.sum_stages += sum_registers(ModuleParameters(layer));
  layer.timing = timing;
}

FoldingRule pe_rule(const Node& node) {
  return {"PE", node.as<MultiplyOp>()->pe, node.inputs[1]->shape.value()[1], "output channels"};
}

FoldingRule simd_rule(const Node& node) {
  return {"SIMD", node.as<MultiplyOp>()->simd, node.inputs[1]->shape.value()[0],
          node.as<VVAU>() ? "taps" : "inputs"};
}

void set_product_folding(Node& node, std::string_view field, std::int64_t value) {
  (field == "PE" ? node.as<MultiplyOp>()->pe : node.as<MultiplyOp>()->simd) = value;
}

Ports product_ports(const Node& node) {
  if (product_style(node) == "adder_graph") return {};
  if (node.as<MultiplyOp>()->mem_mode != "external") return {.ring = true};
  return {.inputs = {"in", "weights"}, .ring = true};
}

void estimate_products(ResourceModel& m, const ModuleParameters& p) {
  if (p.adders()) return estimate_adder_graph(m, p);
  if (p.module() == "assay_mvau") weight_memory(m, p);  // else the weights are a stream
  const bool depthwise = p("Depthwise") != 0;
  const std::int64_t pe = p("Pe"), vectors = depthwise ? pe : 1, acc = p("AccBits");
  replay_buffer(m, p("Simd") * vectors * p("InBits"), p("ColumnFolds"),
                depthwise ? 1 : p("RowFolds"));
  m.counter(p("ColumnFolds"));
  m.registers(7 + 3 * sum_registers(p));
  m.luts(6);
  if (p("Popcount") && p("WeightBipolar") && !p("InBipolar")) {
    m.popcount(p("Simd"), vectors * p("InBits"));
    m.registers(vectors * p("InBits") *
                (bits_for(p("Simd") + 1) + sum_register_bits(p, kNineBits)));
  }
  const std::int64_t sharing = std::max<std::int64_t>(p("DspLanes"), 1);
  for (std::int64_t lane = 0; lane < pe; lane += sharing) {
    if (sharing > 1)
      packed_lanes(m, p, std::min(sharing, pe - lane));
    else
      p("Popcount") ? popcount_dot(m, p) : product_dot(m, p);
  }
  for (std::int64_t lane = 0; lane < pe; ++lane) m.accumulator(acc);
  levels(m, p);
}

namespace mvau {

std::vector<FoldingRule> rules(const Node& node) { return {pe_rule(node), simd_rule(node)}; }

Layer build(const Node& node, bool with_images) {
  Layer layer;
  layer.inputs = {stream(node, node.inputs[0], node.as<MVAU>()->simd)};
  add_products(layer, node, with_images);
  return layer;
}

}  // namespace mvau

const LayerHardware hardware::mvau = {mvau::rules, set_product_folding, mvau::build, product_ports,
                                      estimate_products};

}  // namespace assay::hw
