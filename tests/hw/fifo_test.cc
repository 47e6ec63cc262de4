// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compile/backend/verilog/rtl_library.h"
#include "compile/base/error.h"
#include "compile/base/file.h"
#include "hw/layer_runs.h"
#include "hw/layer_test.h"

namespace assay::hw::test {
namespace fifo_test {

namespace fs = std::filesystem;

Graph queue(std::int64_t beats, DataType dtype, std::int64_t lanes, std::int64_t depth,
            std::string style) {
  NodeGraph g;
  Tensor* x = g.input({1, beats, lanes}, dtype);
  StreamingFIFO op;
  op.depth = depth;
  op.lanes = lanes;
  op.ram_style = std::move(style);
  return g.node(op, {x}, {dtype});
}

constexpr auto kUInt = &DataType::uint, kInt = &DataType::sint;

TEST(Fifo, PassesTheElementsOn) {
  for (const std::string style : {"distributed", "block"}) {
    const Graph graph = queue(4, kInt(4), 2, 4, style);
    const Ints input = {-8, 7, 0, -1, 5, 3, 2, 1};
    EXPECT_EQ(golden_outputs(graph, {input}), std::vector<Ints>{input});
    EXPECT_EQ(rtl_outputs(graph, {input}), std::vector<Ints>{input});
  }
}

TEST(Fifo, EqualsGoldenForAllDepthsAndStyles) {
  std::vector<LayerCase> cases;
  for (const std::int64_t depth : {2, 3, 4, 5, 7, 8, 9, 16, 33, 100})
    for (const std::string style : {"distributed", "block"})
      if (style == "distributed" || depth >= 4)
        cases.push_back(
            {style + " " + std::to_string(depth), queue(150, kUInt(9), 1, depth, style)});
  cases.push_back({"wide", queue(40, kInt(33), 5, 6, "distributed")});
  cases.push_back({"wide block", queue(40, kInt(33), 5, 6, "block")});
  cases.push_back({"one bit", queue(100, DataType::bipolar(), 1, 6, "distributed")});
  expect_equal_to_golden(std::move(cases));
}

/// A sink that opens only when the queue has refused beats for 20 cycles, and then gives the number
/// of beats that the queue had taken.
std::string capacity_module(int depth, bool block) {
  return fmt::format(R"(module capacity_{0}_{1} (
  input  logic        clk_i,
  input  logic        rst_ni,
  input  logic        in0_valid_i,
  output logic        in0_ready_o,
  input  logic [7:0]  in0_data_i,
  output logic        out0_valid_o,
  input  logic        out0_ready_i,
  output logic [15:0] out0_data_o
);
  logic [4:0] refused;
  logic       opened, told, valid;
  logic [7:0] data;
  assay_fifo #(.Bits(8), .Depth({0}), .Block({1})) fifo (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .in_valid_i(in0_valid_i), .in_ready_o(in0_ready_o), .in_data_i(in0_data_i),
    .out_valid_o(valid), .out_ready_i(opened), .out_data_o(data)
  );
  logic unused_data;
  assign unused_data = ^{{valid, data}};
  assign out0_valid_o = opened && !told;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      refused <= '0;
      opened <= 1'b0;
      told <= 1'b0;
      out0_data_o <= '0;
    end else begin
      if (!opened && in0_valid_i && in0_ready_o) out0_data_o <= out0_data_o + 1'b1;
      if (in0_valid_i && !in0_ready_o) refused <= refused + 1'b1;
      if (refused == 5'd20) opened <= 1'b1;
      if (out0_valid_o && out0_ready_i) told <= 1'b1;
    end
  end
endmodule
)",
                     depth, block ? 1 : 0);
}

struct Capacity {
  int depth;
  bool block;
};

TEST(Fifo, HoldsExactlyItsDepth) {
  const Scratch scratch;
  const fs::path& folder = scratch.path();
  std::vector<Capacity> cases;
  for (const int depth : {2, 3, 4, 5, 8, 13, 32, 65}) {
    cases.push_back({depth, false});
    if (depth >= 4) cases.push_back({depth, true});
  }
  sim::ModelSpec spec;
  for (const RtlFile& file : rtl_sources("assay_fifo"))
    spec.sources.push_back({std::string(file.name), std::string(file.text)});
  for (const Capacity& c : cases) {
    const std::string module = fmt::format("capacity_{}_{}", c.depth, c.block ? 1 : 0);
    spec.sources.push_back({module + ".sv", capacity_module(c.depth, c.block)});
    spec.designs.push_back({module, {8}, {16}});
  }
  const sim::Model model = model_cache().get(spec);
  for (std::size_t i = 0; i < cases.size(); ++i) {
    SCOPED_TRACE(spec.designs[i].module);
    const std::int64_t beats = cases[i].depth + 10;
    write_file(folder / "in", std::string(static_cast<std::size_t>(beats), 'x'));
    write_file(folder / "out", std::string{static_cast<char>(cases[i].depth), '\0'});
    sim::JobFile job;
    job.dut = static_cast<int>(i);
    const sim::Result r = sim::run_model(
        model, job, {{{(folder / "in").string(), 8, beats}}, {{(folder / "out").string(), 16, 1}}},
        folder, folder, "run");
    EXPECT_EQ(r.compared, 1);
    EXPECT_EQ(r.differing, 0) << "it took " << (r.first ? int{r.first->got[0]} : -1);
    EXPECT_EQ(r.stuck, "");
  }
}

void expect_refused(const Graph& graph, const std::string& message) {
  try {
    build_layer(node_of(graph));
    FAIL() << message;
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr(message));
  }
}

TEST(Fifo, RefusesDepthsThatTheHardwareCannotHave) {
  expect_refused(queue(4, kInt(4), 1, 1, "distributed"), "depth = 1 is not between 2 and");
  expect_refused(queue(4, kInt(4), 1, 3, "block"), "too small for a block RAM");
}

TEST(Fifo, ChoosesBlockRamForDeepQueues) {
  const auto style = [](const Graph& graph) {
    return build_layer(node_of(graph)).memories.at(0).style;
  };
  EXPECT_EQ(style(queue(4, kInt(8), 1, 32, "auto")), "distributed");
  EXPECT_EQ(style(queue(4, kInt(8), 1, 1024, "auto")), "block");
}

}  // namespace fifo_test
}  // namespace assay::hw::test
