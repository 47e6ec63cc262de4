// SPDX-License-Identifier: Apache-2.0
// Estimates of resources against Yosys.
#include "compile/hw/resources.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "compile/base/file.h"
#include "hw/library_cases.h"
#include "hw/netlist.h"
#include "hw/synthesis.h"

namespace assay::hw::test {
namespace resources_test {

constexpr auto kUInt = &DataType::uint, kInt = &DataType::sint;

struct Product {
  DataType x, w;
  std::int64_t inputs = 1, outputs = 1, pe = 1, simd = 1;
  std::string mem_mode = "embedded", style = "auto", ram_style = "auto";
  std::int64_t steps = 0;
};

Tensor* weights(NodeGraph& g, const Shape& shape, const DataType& dtype) {
  return g.constant(shape, random_values(element_count(shape), dtype, 7), dtype);
}

/// Rows of rising thresholds, each somewhere else.
Tensor* thresholds(NodeGraph& g, std::int64_t rows, std::int64_t steps, std::int64_t distance) {
  Ints values;
  for (std::int64_t row = 0; row < rows; ++row)
    for (std::int64_t k = 0; k < steps; ++k)
      values.push_back((k - steps / 2) * distance + row * 37 % distance);
  return g.constant({rows, steps}, std::move(values), kInt(24));
}

DataType level_type(std::int64_t steps) { return DataType::smallest_for(0, steps); }

template <typename T>
LayerCase product(std::string name, T op, const Product& p, std::int64_t x_channels) {
  NodeGraph g;
  Tensor* x = g.input({1, 2, 2, x_channels}, p.x);
  Tensor* w = weights(g, {p.inputs, p.outputs}, p.w);
  const std::int64_t most =
      p.inputs * std::max(p.x.max(), -p.x.min()) * std::max(p.w.max(), -p.w.min());
  op.acc_dtype = DataType::smallest_for(-most, most);
  op.pe = p.pe;
  op.simd = p.simd;
  op.mem_mode = p.mem_mode;
  op.preferred_impl_style = p.style;
  op.ram_style = p.ram_style;
  op.levels.out_dtype = p.steps > 0 ? level_type(p.steps) : op.acc_dtype;
  Tensor* t = p.steps > 0 ? thresholds(g, p.outputs, p.steps, std::max<std::int64_t>(most / 40, 2))
                          : nullptr;
  const DataType out = op.levels.out_dtype;
  return {std::move(name), g.node(std::move(op), {x, w, t}, {out})};
}

LayerCase mvau(std::string name, const Product& p) { return product(name, MVAU(), p, p.inputs); }
LayerCase vvau(std::string name, const Product& p) {
  return product(name, VVAU(), p, p.inputs * p.outputs);
}

LayerCase windows(std::string name, std::int64_t size, std::int64_t channels, std::int64_t bits,
                  std::int64_t simd, bool depthwise, bool parallel, std::string ram_style) {
  NodeGraph g;
  ConvolutionInputGenerator op;
  op.kernel = {3, 3};
  op.simd = simd;
  op.depthwise = depthwise;
  op.parallel_window = parallel;
  op.ram_style = std::move(ram_style);
  const DataType dtype = kUInt(static_cast<int>(bits));
  return {name, g.node(op, {g.input({1, size, size, channels}, dtype)}, {dtype})};
}

LayerCase thresholding(std::string name, std::int64_t steps, std::int64_t pe, std::string style,
                       std::string ram_style) {
  NodeGraph g;
  Thresholding op;
  op.pe = pe;
  op.preferred_impl_style = std::move(style);
  op.ram_style = std::move(ram_style);
  op.levels.out_dtype = level_type(steps);
  Tensor* x = g.input({1, 4, 4, 32}, kInt(14));
  return {name, g.node(op, {x, thresholds(g, 32, steps, 500)}, {op.levels.out_dtype})};
}

/// A residual sum as a 4-bit network has it: 16 channels, 20 fraction bits.
LayerCase join(std::string name, std::int64_t pe) {
  NodeGraph g;
  Tensor* x0 = g.input({1, 4, 4, 16}, kInt(12));
  Tensor* x1 = g.input({1, 4, 4, 16}, kUInt(4));
  const DataType type = kInt(20);
  Tensor* m = g.constant({1, 1, 1, 16, 2}, random_values(32, type, 3), type);
  Ints values;
  for (std::int64_t row = 0; row < 16; ++row)
    for (std::int64_t k = 0; k < 15; ++k) values.push_back((k << 24) + row * 1234567);
  Tensor* t = g.constant({1, 1, 1, 16, 15}, std::move(values), kInt(32));
  JoinThreshold op;
  op.pe = pe;
  op.levels.out_dtype = kUInt(4);
  return {name, g.node(op, {t, m, x0, x1}, {kUInt(4)})};
}

template <typename T>
LayerCase same(std::string name, T op, Shape shape, DataType dtype) {
  NodeGraph g;
  return {name, g.node(std::move(op), {g.input(std::move(shape), dtype)}, {dtype})};
}

LayerCase fifo(std::string name, std::int64_t depth, std::int64_t lanes, std::string ram_style) {
  StreamingFIFO op;
  op.depth = depth;
  op.lanes = lanes;
  op.ram_style = std::move(ram_style);
  return same(name, op, {1, 64 * lanes}, kUInt(4));
}

LayerCase converter(std::string name, std::int64_t in_lanes, std::int64_t out_lanes) {
  StreamingDataWidthConverter op;
  op.in_lanes = in_lanes;
  op.out_lanes = out_lanes;
  return same(name, op, {1, in_lanes * out_lanes * 4}, kUInt(4));
}

LayerCase max_pool(std::string name, std::int64_t pe) {
  NodeGraph g;
  Pool op;
  op.taps = 4;
  op.pe = pe;
  return {name, g.node(op, {g.input({1, 4, 4, 64}, kUInt(4))}, {kUInt(4)})};
}

LayerCase padding(std::string name, std::int64_t simd) {
  FMPadding op;
  op.pads = {1, 1, 1, 1};
  op.simd = simd;
  NodeGraph g;
  return {name, g.node(op, {g.input({1, 32, 32, 16}, kUInt(4))}, {kUInt(4)})};
}

/// Layers of the sizes that networks have, beside the small ones of library_cases().
std::vector<LayerCase> cases() {
  const DataType binary = kUInt(1);
  std::vector<LayerCase> c = library_cases();
  c.push_back(mvau("MvauLut4x4", {.x = kUInt(4),
                                  .w = kInt(4),
                                  .inputs = 72,
                                  .outputs = 16,
                                  .pe = 2,
                                  .simd = 9,
                                  .style = "lut",
                                  .steps = 15}));
  c.push_back(mvau("MvauLutBlock", {.x = kUInt(4),
                                    .w = kInt(4),
                                    .inputs = 288,
                                    .outputs = 32,
                                    .pe = 4,
                                    .simd = 8,
                                    .mem_mode = "decoupled",
                                    .style = "lut",
                                    .ram_style = "block"}));
  c.push_back(mvau("MvauDsp8x8", {.x = kUInt(8),
                                  .w = kInt(8),
                                  .inputs = 64,
                                  .outputs = 16,
                                  .pe = 2,
                                  .simd = 4,
                                  .mem_mode = "decoupled",
                                  .style = "dsp",
                                  .ram_style = "distributed",
                                  .steps = 15}));
  for (const std::int64_t bits : {4, 8})
    c.push_back(mvau(fmt::format("MvauPacked{0}x{0}", bits), {.x = kUInt(static_cast<int>(bits)),
                                                              .w = kInt(static_cast<int>(bits)),
                                                              .inputs = 144,
                                                              .outputs = 16,
                                                              .pe = 32 / bits,
                                                              .simd = 2 * (12 - bits),
                                                              .mem_mode = "decoupled",
                                                              .style = "packed",
                                                              .ram_style = "distributed"}));
  c.push_back(mvau("MvauPopcount2x2", {.x = kUInt(2),
                                       .w = kInt(2),
                                       .inputs = 144,
                                       .outputs = 16,
                                       .pe = 4,
                                       .simd = 12,
                                       .style = "popcount",
                                       .steps = 3}));
  c.push_back(mvau("MvauPopcountUnfolded", {.x = kUInt(2),
                                            .w = kInt(2),
                                            .inputs = 64,
                                            .outputs = 10,
                                            .pe = 10,
                                            .simd = 64,
                                            .style = "popcount"}));
  c.push_back(mvau("MvauBinaryWide", {.x = binary,
                                      .w = DataType::bipolar(),
                                      .inputs = 256,
                                      .outputs = 32,
                                      .pe = 4,
                                      .simd = 64,
                                      .mem_mode = "decoupled",
                                      .ram_style = "distributed",
                                      .steps = 1}));
  c.push_back(mvau("MvauPlain", {.x = kUInt(4),
                                 .w = kInt(4),
                                 .inputs = 64,
                                 .outputs = 10,
                                 .pe = 1,
                                 .simd = 1,
                                 .style = "lut"}));
  c.push_back(vvau("Vvau4x4", {.x = kUInt(4),
                               .w = kInt(4),
                               .inputs = 9,
                               .outputs = 32,
                               .pe = 4,
                               .simd = 3,
                               .style = "lut",
                               .steps = 15}));
  c.push_back(windows("WindowsFolded", 18, 16, 4, 4, false, false, "distributed"));
  c.push_back(windows("WindowsWideBlock", 34, 16, 4, 16, false, false, "block"));
  c.push_back(windows("WindowsGrouped", 18, 16, 4, 4, true, false, "distributed"));
  c.push_back(windows("WindowsParallelWide", 18, 8, 4, 8, false, true, "distributed"));
  c.push_back(thresholding("Thresholding15", 15, 4, "search", "distributed"));
  c.push_back(thresholding("Thresholding255Block", 255, 2, "search", "block"));
  c.push_back(thresholding("Thresholding3", 3, 8, "comparators", "distributed"));
  c.push_back(join("Join20", 2));
  c.push_back(fifo("Fifo32", 32, 8, "distributed"));
  c.push_back(fifo("Fifo200", 200, 8, "distributed"));
  c.push_back(fifo("Fifo1024Block", 1024, 16, "block"));
  c.push_back(converter("Converter4To16", 4, 16));
  c.push_back(converter("Converter16To4", 16, 4));
  c.push_back(converter("Converter9To4", 9, 4));
  c.push_back(max_pool("PoolWide", 16));
  c.push_back(padding("Padding32", 8));
  return c;
}

std::vector<std::string> case_names() {
  std::vector<std::string> names;
  for (const LayerCase& c : cases()) names.push_back(c.name);
  return names;
}

class ResourcesNightly : public ::testing::TestWithParam<std::string> {};

std::string row(const std::string& name, Family family, const Resources& e, const Resources& y) {
  const auto pair = [](std::int64_t a, std::int64_t b) {
    return b == 0 ? fmt::format("{} / {} |", a, b)
                  : fmt::format("{} / {} ({:.2f}) |", a, b,
                                static_cast<double>(a) / static_cast<double>(b));
  };
  return fmt::format("| {} | {} | {} {} {} {}\n", name, family_name(family), pair(e.lut, y.lut),
                     pair(e.ff, y.ff), pair(e.bram, y.bram), pair(e.dsp, y.dsp));
}

/// Within a factor of three, and of 20 LUTs or flip-flops or two blocks where there are few.
void expect_near(std::int64_t estimate, std::int64_t measured, const char* what) {
  const std::int64_t slack = std::string_view(what) == "block RAMs" ? 2 : 20;
  EXPECT_LE(estimate, 3 * measured + slack) << what;
  EXPECT_LE(measured, 3 * estimate + slack) << what;
}

/// The ring of memories that a host writes as ports: of one that is tied off synthesis leaves nothing.
void open_ring(NodeRtl& rtl) {
  if (rtl.layer.stores.empty()) return;
  std::string& text = rtl.files.back().text;
  for (const auto& [tied, open] :
       {std::pair<std::string, std::string>{
            "  input  logic rst_ni",
            "  input  logic rst_ni,\n  input  logic [65:0] ring_i,\n  output logic [65:0] ring_o"},
        {"  logic [65:0] unused_ring;\n", ""},
        {".ring_i({66{1'b0}})", ".ring_i(ring_i)"},
        {".ring_o(unused_ring)", ".ring_o(ring_o)"}}) {
    const std::size_t at = text.find(tied);
    ASSERT_NE(at, std::string::npos) << tied;
    text.replace(at, tied.size(), open);
  }
}

TEST_P(ResourcesNightly, EstimatesAreNearYosys) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  const auto all = cases();
  const auto c = std::ranges::find(all, GetParam(), &LayerCase::name);
  for (const Family family : {Family::kXilinx, Family::kIce40, Family::kEcp5}) {
    const Scratch scratch;
    Prepared p{node_rtl(node_of(c->graph), "layer"), {}, {}, scratch.path()};
    open_ring(p.rtl);
    for (const MemoryImage& image : p.rtl.layer.images)
      write_file(p.data / image.name(), image.hex());
    const Resources measured = synthesised(p, family);
    // Yosys leaves products of few bits to LUTs even where they ask for DSP blocks.
    const Resources estimate = estimate_resources(p.rtl.layer, family, measured.dsp > 0);
    fmt::print("{}", row(c->name, family, estimate, measured));
    expect_near(estimate.lut, measured.lut, "LUTs");
    expect_near(estimate.ff, measured.ff, "flip-flops");
    expect_near(estimate.bram, measured.bram, "block RAMs");
  }
}

INSTANTIATE_TEST_SUITE_P(Library, ResourcesNightly, ::testing::ValuesIn(case_names()),
                         [](const auto& info) { return info.param; });

}  // namespace resources_test
}  // namespace assay::hw::test
