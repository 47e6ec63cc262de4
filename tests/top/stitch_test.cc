// SPDX-License-Identifier: Apache-2.0
// The text of stitched designs.
#include "compile/backend/verilog/stitch.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <set>

#include "compile/backend/verilog/identifiers.h"
#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/process.h"
#include "top/rig.h"

namespace assay::top {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

StitchedRtl stitched(const Graph& graph) {
  const DataflowPartition partition = dataflow_partitions(graph).at(0);
  return stitch({"accelerator", partition.nodes, partition.inputs, partition.outputs});
}

/// Writes a design with its memories, and runs a tool on it.
ProcessResult check(const StitchedRtl& rtl, std::vector<std::string> command, bool list) {
  const TempDir dir;
  for (const NodeRtl::File& file : rtl.files) {
    dir.write(file.name, file.text);
    if (list) command.push_back(file.name);
  }
  for (const StitchedNode& node : rtl.nodes)
    for (const hw::MemoryImage& image : node.layer.images) dir.write(node.file(image), image.hex());
  command[0] = find_program(command[0], command[0]).string();
  return run_process(command, dir.path(), std::chrono::seconds(300));
}

void expect_clean(const StitchedRtl& rtl) {
  const ProcessResult lint =
      check(rtl, {"verilator", "--lint-only", "-Wall", "--top-module", rtl.module}, true);
  EXPECT_TRUE(lint.ok()) << lint.output;
  std::string script;
  for (const NodeRtl::File& file : rtl.files)
    script += fmt::format("read_verilog -sv {}; ", file.name);
  const ProcessResult yosys =
      check(rtl,
            {"yosys", "-q", "-p",
             fmt::format("{}hierarchy -check -top {}; proc; check -assert", script, rtl.module)},
            false);
  EXPECT_TRUE(yosys.ok()) << yosys.output;
}

TEST(Identifiers, AreLegalAndDistinct) {
  Identifiers names;
  EXPECT_EQ(names.make("Conv_0"), "Conv_0");
  EXPECT_EQ(names.make("conv_0"), "conv_0_2");
  EXPECT_EQ(names.make("Conv.0"), "Conv_0_3");
  EXPECT_EQ(names.make("143"), "n143");
  EXPECT_EQ(names.make(""), "n");
  EXPECT_EQ(names.make("a__b//c;"), "a_b_c");
  EXPECT_EQ(names.make("\xc3\xa4 end\n"), "end");
  EXPECT_LE(names.make(std::string(500, 'x')).size(), 64U);
  EXPECT_LE(names.make(std::string(500, 'x')).size(), 64U);
}

TEST(Stitch, NamesInstancesAfterNodesAndWiresAfterTensors) {
  const Graph graph = residual_graph(8);
  const StitchedRtl rtl = stitched(graph);
  const std::string& text = rtl.files.back().text;
  EXPECT_EQ(rtl.files.back().name, "accelerator.sv");
  for (const char* part :
       {"module accelerator (", "input  logic [7:0] s_axis_tdata", "input  logic s_axis_tlast",
        "output logic [15:0] m_axis_tdata", "output logic m_axis_tlast", ") u_conv (",
        ") u_bypass (", ".out_valid_o(conv_valid)", ".out_valid_o({copies_0_valid, copies_valid})",
        ".in1_valid_i(bypass_valid)", "Stream 'bypass' from 'bypass' to 'join'",
        "\"conv_weights.hex\"", "m_axis_tdata = {3'b0, m_axis_payload}"})
    EXPECT_THAT(text, HasSubstr(part));
  EXPECT_EQ(rtl.streams.size(), 8U);
  expect_clean(rtl);
}

TEST(Stitch, SurvivesHostileNames) {
  Graph graph = dense_graph();
  const std::vector<std::string> evil = {"endmodule", "a\"; $finish; //", "*/ \n`define x",
                                         "u_third",   "m_axis",           "A\"; $finish; //"};
  const std::vector<std::string> wires = {"u_endmodule", "verilator lint_off", "s_axis", "clk_i",
                                          "../../x",     "U_ENDMODULE"};
  std::size_t n = 0, w = 0;
  for (const auto& node : graph.nodes()) graph.rename(node.get(), evil.at(n++));
  for (const auto& tensor : graph.tensors())
    if (!tensor->is_constant()) graph.rename(tensor.get(), wires.at(w++));
  const StitchedRtl rtl = stitched(graph);
  std::set<std::string> files;
  for (const StitchedNode& node : rtl.nodes)
    for (const hw::MemoryImage& image : node.layer.images)
      EXPECT_TRUE(files.insert(node.file(image)).second);
  for (const std::string& file : files) EXPECT_EQ(safe_file_name(file), file);
  EXPECT_THAT(rtl.files.back().text,
              AllOf(Not(HasSubstr("$finish; //\n")), HasSubstr("u_endmodule")));
  expect_clean(rtl);
}

TEST(Stitch, StreamsExternalWeightsThroughPortsOfTheirOwn) {
  Graph graph = dense_graph();
  for (const auto& node : graph.nodes())
    if (auto* op = node->as<hw::MVAU>()) op->mem_mode = "external";
  const StitchedRtl rtl = stitched(graph);
  EXPECT_EQ(rtl.slaves.size(), 4U);
  EXPECT_THAT(rtl.files.back().text, AllOf(HasSubstr("s_axis_0_tdata"), HasSubstr("s_axis_3_tdata"),
                                           HasSubstr(".weights_valid_i(")));
  expect_clean(rtl);
}

std::string refusal(const Graph& graph) {
  return message_of<UserError>([&] { stitched(graph); });
}

TEST(Stitch, RefusesStreamsThatDoNotFit) {
  Graph graph = dense_graph();
  graph.find_node("second")->as<hw::MVAU>()->simd = 4;
  EXPECT_THAT(refusal(graph), AllOf(HasSubstr("node 'steps1'"), HasSubstr("1 UINT2 a beat"),
                                    HasSubstr("node 'second'"), HasSubstr("4 UINT2s a beat"),
                                    HasSubstr("StreamingDataWidthConverter")));
}

TEST(Stitch, RefusesTensorsWithSeveralReaders) {
  Builder b;
  Tensor* x = b.fifo("front", b.input("x", {1, 4}, DataType::uint(3)), 4);
  Tensor* y = b.fifo("left", x, 4);
  Tensor* z = b.fifo("right", x, 4);
  const Graph graph = b.finish({y, z});
  EXPECT_THAT(refusal(graph),
              AllOf(HasSubstr("'front' has several readers"), HasSubstr("node 'left'"),
                    HasSubstr("node 'right'"), HasSubstr("DuplicateStreams")));
}

TEST(Stitch, RunsWithExternalWeights) {
  Graph graph = dense_graph();
  for (const auto& node : graph.nodes())
    if (auto* op = node->as<hw::MVAU>()) op->mem_mode = "external";
  Rig rig(std::move(graph));
  for (const sim::Profile profile : {sim::Profile::kAlways, sim::Profile::kBursts}) {
    const SimRun run = rig.run(profile);
    const Judgement judgement = judge_run(rig.top, run);
    EXPECT_EQ(judgement.verdict, Verdict::kEquivalent) << judgement.reason;
  }
}

}  // namespace
}  // namespace assay::top
