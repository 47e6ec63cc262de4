// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/verilog/adder_text.h"

#include <algorithm>

#include <fmt/format.h>

#include "compile/hw/adder_graph.h"

namespace assay {
namespace {

using hw::Adder;
using hw::AdderGraph;
using hw::AdderOutput;
using hw::AdderRange;

constexpr std::string_view kHead = R"(// SPDX-License-Identifier: Apache-2.0
// A constant matrix as adders: x are the inputs, n the adders, _1 what is behind a register.
module {0} #(
  parameter int unsigned Pe               = {1},
  parameter int unsigned AccBits          = 16,
  parameter bit          AccSigned        = 1'b1,
  parameter int unsigned CountBits        = 1,
  parameter int unsigned Steps            = 0,
  parameter bit          Search           = 1'b0,
  parameter int unsigned ThresholdRows    = 1,
  parameter bit          SharedThresholds = 1'b1,
  parameter bit          BlockThresholds  = 1'b0,
  parameter int unsigned OutBits          = 16,
  parameter int          OutBias          = 0,
  parameter              ThresholdFile    = ""
) (
  input  logic                  clk_i,
  input  logic                  rst_ni,  // synchronous

  input  logic                  in_valid_i,
  output logic                  in_ready_o,
  input  logic [{2}:0] in_data_i,

  output logic                  out_valid_o,
  input  logic                  out_ready_i,
  output logic [Pe*OutBits-1:0] out_data_o
);
  if (Pe != {1}) begin : g_bad_pe
    $error("{0}: Pe must be {1}");
  end

  logic                  advance;
  logic [Pe*AccBits-1:0] acc;

  assay_adder_layer #(
    .Pe              (Pe),
    .Stages          ({3}),
    .AccBits         (AccBits),
    .AccSigned       (AccSigned),
    .Steps           (Steps),
    .Search          (Search),
    .ThresholdRows   (ThresholdRows),
    .SharedThresholds(SharedThresholds),
    .BlockThresholds (BlockThresholds),
    .OutBits         (OutBits),
    .OutBias         (OutBias),
    .ThresholdFile   (ThresholdFile)
  ) layer (
    .clk_i      (clk_i),
    .rst_ni     (rst_ni),
    .in_valid_i (in_valid_i),
    .in_ready_o (in_ready_o),
    .advance_o  (advance),
    .acc_i      (acc),
    .out_valid_o(out_valid_o),
    .out_ready_i(out_ready_i),
    .out_data_o (out_data_o)
  );

  logic unused_signals;
  assign unused_signals = ^{{in_data_i, advance, CountBits[0]}};

)";

/// What is written of a graph.
class Text {
 public:
  explicit Text(const AdderGraph& graph) : graph_(graph), delays_(graph.delays()) {}

  std::string all() const {
    const std::int64_t bits = graph_.inputs * graph_.dtype.bits;
    std::string text =
        fmt::format(kHead, graph_.module(), graph_.outputs.size(), bits - 1, graph_.stages);
    for (std::int64_t i = 0; i < graph_.inputs; ++i) text += input(i);
    for (std::size_t n = 0; n < graph_.adders.size(); ++n)
      text += adder(graph_.adders[n], graph_.inputs + static_cast<std::int64_t>(n));
    for (std::size_t r = 0; r < graph_.outputs.size(); ++r)
      text += row(graph_.outputs[r], r) + lane(graph_.outputs[r], r);
    return text + "endmodule\n";
  }

 private:
  /// An operand behind all registers up to a stage.
  std::string name(std::int64_t operand, int stage) const {
    const int later = stage - graph_.stage(operand);
    const bool is_input = operand < graph_.inputs;
    return fmt::format("{}{}{}", is_input ? "x" : "n", is_input ? operand : operand - graph_.inputs,
                       later > 0 ? fmt::format("_{}", later) : "");
  }

  int bits(std::int64_t operand) const { return graph_.range(operand).bits(); }
  int is_signed(std::int64_t operand) const { return graph_.range(operand).is_signed() ? 1 : 0; }

  std::string declaration(const std::string& name, std::int64_t operand) const {
    return fmt::format("  logic [{}:0] {};\n", bits(operand) - 1, name);
  }

  std::string registers(std::int64_t operand) const {
    std::string text;
    const int first = graph_.stage(operand);
    for (int later = 1; later <= delays_[static_cast<std::size_t>(operand)]; ++later) {
      const std::string here = name(operand, first + later);
      text += declaration(here, operand) +
              fmt::format("  always_ff @(posedge clk_i) if (advance) {} <= {};\n", here,
                          name(operand, first + later - 1));
    }
    return text;
  }

  /// As its range has it; BIPOLAR comes as one bit.
  std::string input(std::int64_t i) const {
    if (delays_[static_cast<std::size_t>(i)] < 0) return "";
    const int width = graph_.dtype.bits;
    const std::string value = graph_.dtype.kind == DataType::Kind::kBipolar
                                  ? fmt::format("{{!in_data_i[{}], 1'b1}}", i)
                                  : fmt::format("in_data_i[{}:{}]", (i + 1) * width - 1, i * width);
    const std::string here = name(i, 0);
    return declaration(here, i) + fmt::format("  assign {} = {};\n", here, value) + registers(i);
  }

  std::string adder(const Adder& adder, std::int64_t operand) const {
    const std::string here = name(operand, adder.stage);
    return declaration(here, operand) +
           instance(adder, fmt::format("add{}", operand - graph_.inputs), bits(operand), here) +
           registers(operand);
  }

  std::string instance(const Adder& adder, const std::string& called, int width,
                       const std::string& sum) const {
    return fmt::format(
        "  assay_shift_adder #(.ABits({}), .ASigned({}), .BBits({}), .BSigned({}), .Shift({}), "
        ".Subtract({}), .Reverse({}), .OutBits({})) {} (.a_i({}), .b_i({}), .sum_o({}));\n",
        bits(adder.a), is_signed(adder.a), bits(adder.b), is_signed(adder.b), adder.shift,
        adder.kind == Adder::Kind::kSubtract ? 1 : 0, adder.kind == Adder::Kind::kReverse ? 1 : 0,
        width, called, name(adder.a, adder.stage), name(adder.b, adder.stage), sum);
  }

  /// A row's sum with its offset, as its range has it.
  std::string row(const AdderOutput& output, std::size_t r) const {
    const std::string here = fmt::format("row{}", r);
    const AdderRange range = output.offset_range();
    std::string text = fmt::format("  logic [{}:0] {};\n", range.bits() - 1, here);
    if (output.operand < 0)
      return text + fmt::format("  assign {} = {};\n", here, constant(output.offset, range.bits()));
    const std::string value = name(output.operand, graph_.stages);
    const std::string shifted =
        output.shift > 0 ? fmt::format("{{{}, {}'b0}}", value, output.shift) : value;
    const int width = bits(output.operand) + output.shift, sign = is_signed(output.operand);
    if (!output.has_adder())
      return text + fmt::format(
                        "  assay_extend #(.InBits({}), .InSigned({}), .InBipolar(0), .OutBits({})) "
                        "extend{} (.in_i({}), .out_o({}));\n",
                        width, sign, range.bits(), r, shifted, here);
    const AdderRange offset = {output.offset, output.offset};
    return text + fmt::format(
                      "  assay_shift_adder #(.ABits({}), .ASigned({}), .BBits({}), .BSigned({}), "
                      ".Reverse({}), .OutBits({})) offset{} (.a_i({}), .b_i({}), .sum_o({}));\n",
                      width, sign, offset.bits(), offset.is_signed() ? 1 : 0,
                      output.negative ? 1 : 0, range.bits(), r, shifted,
                      constant(output.offset, offset.bits()), here);
  }

  static std::string constant(std::int64_t value, int bits) {
    const std::uint64_t mask = ~std::uint64_t{0} >> (64 - bits);
    return fmt::format("{}'h{:x}", bits, static_cast<std::uint64_t>(value) & mask);
  }

  /// What of a row leaves the graph: its sum, or the levels of its line.
  std::string lane(const AdderOutput& output, std::size_t r) const {
    const AdderRange range = output.offset_range();
    const int sign = range.is_signed() ? 1 : 0;
    if (graph_.lines.empty())
      return fmt::format(
          "  assay_extend #(.InBits({}), .InSigned({}), .InBipolar(0), .OutBits(AccBits)) lane{} "
          "(.in_i(row{}), .out_o(acc[{}*AccBits +: AccBits]));\n",
          range.bits(), sign, r, r, r);
    const hw::ThresholdLine& line = graph_.lines[r];
    return fmt::format(
        "  assay_line_levels #(.InBits({}), .InSigned({}), .Shift({}), .Capped({}), "
        ".CountBits(CountBits), .OutBits(AccBits), .OutBias(OutBias)) lane{} (.in_i(row{}), "
        ".cap_i({}), .out_o(acc[{}*AccBits +: AccBits]));\n",
        range.bits(), sign, line.shift, line.capped ? 1 : 0, r, r,
        constant(line.capped ? line.cap + line.offset : 0, range.bits()), r);
  }

  const AdderGraph& graph_;
  std::vector<int> delays_;
};

}  // namespace

std::string adder_text(const hw::AdderGraph& graph) { return Text(graph).all(); }

std::vector<LayerSource> layer_sources(const hw::Layer& layer) {
  std::vector<LayerSource> sources;
  const auto add = [&](std::string_view module) {
    for (const RtlFile& file : rtl_sources(module)) {
      const std::string name(file.name);
      if (std::ranges::find(sources, name, &LayerSource::name) == sources.end())
        sources.push_back({name, std::string(file.text)});
    }
  };
  if (!layer.adders) {
    add(layer.module);
    return sources;
  }
  sources.push_back({layer.module + ".sv", adder_text(*layer.adders)});
  for (const char* module :
       {"assay_adder_layer", "assay_shift_adder", "assay_extend", "assay_line_levels"})
    add(module);
  return sources;
}

}  // namespace assay
