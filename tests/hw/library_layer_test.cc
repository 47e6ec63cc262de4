// SPDX-License-Identifier: Apache-2.0
// What all layers share: memory images, refusals, wrappers.
#include "compile/hw/layer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <sstream>

#include "compile/backend/verilog/node_rtl.h"
#include "compile/backend/verilog/rtl_library.h"
#include "compile/base/error.h"
#include "compile/base/file.h"
#include "hw/layer_test.h"

namespace assay::hw::test {
namespace library_layer_test {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

std::string refusal(const Graph& graph) {
  try {
    build_layer(node_of(graph));
  } catch (const UserError& error) {
    return error.what();
  }
  return "(accepted)";
}

Graph adder(std::int64_t channels, std::int64_t pe, std::string ram_style = "auto") {
  NodeGraph g;
  Tensor* a = g.input({1, channels}, DataType::uint(32));
  Tensor* b = g.input({1, channels}, DataType::uint(32));
  AddStreams op;
  op.pe = pe;
  op.ram_style = std::move(ram_style);
  return g.node(op, {a, b}, {DataType::uint(33)});
}

TEST(FifoDepths, AreOnePerStream) {
  const auto with = [](std::vector<std::int64_t> in, std::vector<std::int64_t> out) {
    Graph graph = adder(4, 2);
    auto& op = *graph.nodes().front()->as<AddStreams>();
    op.in_fifo_depths = std::move(in);
    op.out_fifo_depths = std::move(out);
    return refusal(graph);
  };
  EXPECT_EQ(with({}, {}), "(accepted)");
  EXPECT_EQ(with({0, kMaxFifoDepth}, {1}), "(accepted)");
  EXPECT_THAT(with({2}, {}), HasSubstr("inFIFODepths has 1 depths; it needs one per stream, which "
                                       "are 2"));
  EXPECT_THAT(with({}, {2, 2}), HasSubstr("outFIFODepths has 2 depths"));
  EXPECT_THAT(with({2, -1}, {}), HasSubstr("inFIFODepths holds -1; a depth is between 0 and"));
  EXPECT_THAT(with({}, {kMaxFifoDepth + 1}), HasSubstr("outFIFODepths holds 16777217"));
}

TEST(MemoryImage, PacksTheFirstFieldIntoTheLowBits) {
  MemoryImage image("m.hex", 12);
  for (const std::int64_t v : {0x1, 0x2, 0x3, -1, 5, 0}) image.append(v, 4);
  EXPECT_EQ(image.words(), 2);
  EXPECT_EQ(image.hex(), "321\n05f\n");
  EXPECT_TRUE(image.bit(1, 3));
  EXPECT_FALSE(image.bit(1, 7));
}

TEST(MemoryImage, CarriesWideValuesWithTheirSign) {
  MemoryImage image("m.hex", 70);
  image.append(-2, 70);
  EXPECT_EQ(image.hex(), "3ffffffffffffffffe\n");
}

TEST(MemoryImage, ReadsItsOwnTextBack) {
  MemoryImage image("m.hex", 67);
  for (int i = 0; i < 67 * 5; ++i) image.append(i % 3 == 0 ? 1 : 0, 1);
  EXPECT_EQ(MemoryImage::parse("m.hex", 67, 5, image.hex()), image);
}

TEST(MemoryImage, RefusesTextOfAnotherShape) {
  for (const char* text :
       {"", "12\n", "123\n4\n", "123\n456\n789\n", "123\n4g6\n", "123\n456", "923\n456\n"})
    EXPECT_THROW(MemoryImage::parse("m.hex", 11, 2, text), UserError) << text;
  EXPECT_EQ(MemoryImage::parse("m.hex", 11, 2, "123\n456\n").words(), 2);
}

TEST(BuildLayer, SaysWhichFoldingsWouldDo) {
  EXPECT_THAT(refusal(adder(12, 5)),
              AllOf(HasSubstr("node 'layer'"), HasSubstr("PE = 5 does not divide its 12"),
                    HasSubstr("1, 2, 3, 4, 6, 12")));
  EXPECT_THAT(refusal(adder(12, 0)), HasSubstr("PE = 0"));
  EXPECT_THAT(refusal(adder(12, -4)), HasSubstr("PE = -4"));
}

TEST(BuildLayer, RefusesStreamsThatAreTooWide) {
  EXPECT_EQ(refusal(adder(1024, 1024)), "(accepted)");
  EXPECT_THAT(refusal(adder(4096, 4096)),
              AllOf(HasSubstr("bits wide, more than 65536"), HasSubstr("fold more")));
  const auto queue = [](std::int64_t lanes) {
    NodeGraph g;
    StreamingFIFO op;
    op.depth = 2;
    op.lanes = lanes;
    return refusal(g.node(op, {g.input({1, lanes}, DataType::uint(8))}, {DataType::uint(8)}));
  };
  EXPECT_EQ(queue(kMaxStreamBits / 8), "(accepted)");
  EXPECT_THAT(queue(kMaxStreamBits / 8 + 1), HasSubstr("65544 bits wide"));
}

TEST(BuildLayer, RefusesUnknownMemoryStyles) {
  EXPECT_THAT(refusal(adder(4, 1, "ultra")),
              HasSubstr("ram_style is 'ultra'; choose auto, distributed or block"));
}

TEST(BuildLayer, RefusesRealStreams) {
  NodeGraph g;
  Tensor* x = g.input({1, 4}, DataType::uint(4));
  const Graph graph = g.node(StreamingFIFO{}, {x}, {DataType::uint(4)});
  x->dtype = DataType::float32();
  EXPECT_THAT(refusal(graph), HasSubstr("FLOAT32; hardware needs integers"));
}

TEST(Wrapper, GivesEveryStreamPortsOfItsOwn) {
  const Graph graph = adder(4, 2);
  const NodeRtl rtl = node_rtl(node_of(graph), "my_node");
  const std::string& text = rtl.files.back().text;
  EXPECT_EQ(rtl.files.back().name, "my_node.sv");
  for (const char* part :
       {"module my_node (", "input  logic [63:0] in0_data_i", "input  logic [63:0] in1_data_i",
        "output logic [65:0] out0_data_o", "assay_add_streams #("})
    EXPECT_THAT(text, HasSubstr(part));
}

TEST(RtlLibrary, GivesAModuleWithAllThatItInstantiates) {
  std::vector<std::string> names;
  for (const RtlFile& file : rtl_sources("assay_add_streams")) names.emplace_back(file.name);
  EXPECT_EQ(names.front(), "assay_add_streams.sv");
  EXPECT_THAT(names, ::testing::Contains("assay_skid.sv"));
  EXPECT_THAT(names, ::testing::Not(::testing::Contains("assay_mvau.sv")));
}

const fs::path kSource = ASSAY_SOURCE_DIR;

bool has_row(const std::string& table, const LayerKind& kind) {
  std::istringstream lines(table);
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("| ") && line.find(kind.type) != std::string::npos) return true;
  return false;
}

TEST(Layers, EachHasItsFilesAndItsRowInTheDocs) {
  const std::string table = read_file(kSource / "docs/hardware.md");
  for (const LayerKind& kind : layer_kinds()) {
    const std::string stem(kind.stem);
    // The depthwise products are a parameter of the others.
    const std::string module = stem == "vvau" ? "mvau" : stem;
    for (const std::string& file : {"compile/graph/hw/" + stem + ".h", "compile/hw/" + stem + ".cc",
                                    "golden/hw/" + stem + ".cc", "rtl/assay_" + module + ".sv"})
      EXPECT_TRUE(fs::exists(kSource / file)) << file;
    EXPECT_TRUE(has_row(table, kind)) << kind.type;
  }
}

/// The files of the product that name a layer.
std::set<std::string> files_that_name(const LayerKind& kind) {
  std::set<std::string> files;
  for (const char* top : {"compile", "golden", "harness", "sim", "rtl", "cmake"})
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(kSource / top)) {
      if (!entry.is_regular_file()) continue;
      const std::string text = read_file(entry.path());
      if (text.find(kind.type) != std::string::npos || text.find(kind.stem) != std::string::npos)
        files.insert(fs::relative(entry.path(), kSource));
    }
  return files;
}

TEST(Layers, ANewOneIsFourFiles) {
  const auto kinds = layer_kinds();
  EXPECT_THAT(files_that_name(*std::ranges::find(kinds, "eltwise_mul", &LayerKind::stem)),
              ::testing::ElementsAre("compile/graph/hw/eltwise_mul.h", "compile/hw/eltwise_mul.cc",
                                     "golden/hw/eltwise_mul.cc", "rtl/assay_eltwise_mul.sv"));
}

}  // namespace library_layer_test
}  // namespace assay::hw::test
