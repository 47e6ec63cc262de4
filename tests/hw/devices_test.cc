// SPDX-License-Identifier: Apache-2.0
#include "compile/hw/devices.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <set>
#include <string>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/hw/boards.h"
#include "hw/library_cases.h"

namespace assay::hw::test {
namespace devices_test {

TEST(Devices, HaveTheBlockRamOfTheirDataSheets) {
  // In Kbit as the data sheets sum it up.
  const std::map<std::string_view, std::int64_t> kilobits = {
      {"xc7z010", 2160},  {"xc7z020", 5040},   {"xc7z045", 19620},  {"xc7a35t", 1800},
      {"xc7a100t", 4860}, {"xc7a200t", 13140}, {"xc7k325t", 16020}, {"xczu3eg", 7776},
      {"xczu7ev", 11232}, {"xczu9eg", 32832},  {"xczu28dr", 38880}, {"xczu48dr", 38880},
      {"xck26", 5184},    {"xcu50", 48384},    {"xcu200", 77760},   {"xcu250", 96768},
      {"xcu280", 72576},  {"xcu55c", 72576},   {"ice40hx8k", 128},  {"up5k", 120},
      {"ecp5-25", 1008},  {"ecp5-45", 1944},   {"ecp5-85", 3744}};
  EXPECT_EQ(devices().size(), kilobits.size());
  for (const Device& device : devices()) {
    EXPECT_EQ(device.ram_bits(), kilobits.at(device.name) * 1024) << device.name;
    EXPECT_EQ(find_device(device.name).name, device.name);
    EXPECT_EQ(device.has.ff, device.has.lut * (device.family == Family::kXilinx ? 2 : 1));
  }
  EXPECT_EQ(find_device("XC7Z020").name, "xc7z020");
  EXPECT_THROW(find_device("xc7z02"), UserError);
}

TEST(Boards, HaveAPartOfTheTableAndAreDevices) {
  std::set<std::string_view> used;
  for (const Board& board : boards()) {
    EXPECT_EQ(find_board(board.name), &board);
    EXPECT_EQ(find_device(board.name).name, board.device) << board.name;
    EXPECT_EQ(find_device(board.name).family, Family::kXilinx) << board.name;
    EXPECT_TRUE(board.part.starts_with(board.device)) << board.name;
    EXPECT_EQ(board.platform.empty(), board.system != BoardSystem::kAlveo) << board.name;
    EXPECT_EQ(board.banks == 0, board.system != BoardSystem::kAlveo) << board.name;
    EXPECT_EQ(board.memory_mb == 0, board.system == BoardSystem::kAlveo) << board.name;
    used.insert(board.device);
  }
  // No board has the name of a part, and of AMD's only those are on none that are for the netlist alone.
  const std::set<std::string_view> bare = {"xc7a35t", "xc7a100t", "xc7a200t", "xc7k325t"};
  for (const Device& device : devices()) {
    EXPECT_EQ(used.contains(device.name),
              device.family == Family::kXilinx && !bare.contains(device.name))
        << device.name;
    EXPECT_EQ(find_board(device.name), nullptr);
  }
}

TEST(Boards, AreFoundWhateverTheCaseAndTheDashes) {
  for (const char* name : {"Pynq-Z1", "pynq_z1", "PYNQ-Z1", "pYnQ_z1"}) {
    ASSERT_TRUE(find_board(name)) << name;
    EXPECT_EQ(find_board(name)->part, "xc7z020clg400-1");
  }
  EXPECT_EQ(find_device("kv260-som").name, "xck26");
  for (const char* name : {"", "Pynq-Z", "Pynq-Z11", "PynqZ1", "Pynq Z1"})
    EXPECT_EQ(find_board(name), nullptr) << name;
}

TEST(Resources, AreEstimatedForEveryModuleAndFamily) {
  std::set<std::string> modules;
  for (const LayerCase& c : library_cases()) {
    const Layer layer = build_layer(node_of(c.graph), false);
    modules.insert(layer.module);
    for (const Family family : {Family::kXilinx, Family::kIce40, Family::kEcp5}) {
      const Resources r = estimate_resources(layer, family, true);
      EXPECT_GT(r.lut, 0) << c.name;
      EXPECT_GT(r.ff, 0) << c.name;
      EXPECT_EQ(estimate_resources(layer, family, false).dsp, 0) << c.name;
      EXPECT_EQ(r.bram > 0, c.name.ends_with("Block") && c.name != "ThresholdingBlock") << c.name;
    }
  }
  EXPECT_EQ(modules.size(), 24U);  // three of them are made of adder graphs
}

TEST(Resources, AreWhatTheyWere) {
  // Folding weighs layers by these numbers: none changes but on purpose.
  std::string now = "case\tfamily\tlut\tff\tbram\tdsp\n";
  const auto add = [&](const std::string& name, const Layer& layer) {
    for (const Family family : {Family::kXilinx, Family::kIce40, Family::kEcp5}) {
      const Resources r = estimate_resources(layer, family, true);
      now += fmt::format("{}\t{}\t{}\t{}\t{}\t{}\n", name, family_name(family), r.lut, r.ff, r.bram,
                         r.dsp);
    }
  };
  for (const LayerCase& c : library_cases()) add(c.name, build_layer(node_of(c.graph), false));
  // Where a counter takes one bit more.
  for (const std::int64_t depth : {63, 64, 1023, 1024}) {
    NodeGraph g;
    StreamingFIFO op;
    op.depth = depth;
    op.ram_style = depth >= 512 ? "block" : "distributed";
    const Graph graph = g.node(op, {g.input({1, 64}, DataType::uint(4))}, {DataType::uint(4)});
    add(fmt::format("Fifo{}", depth), build_layer(node_of(graph), false));
  }
  // Bipolar weights of numbers, which take a count of their own.
  NodeGraph g;
  MVAU op;
  op.pe = 2;
  op.simd = 3;
  op.acc_dtype = DataType::sint(12);
  op.levels.out_dtype = op.acc_dtype;
  Tensor* x = g.input({1, 2, 1, 6}, DataType::uint(2));
  Tensor* w = g.constant(
      {6, 4}, {1, -1, 1, 1, 1, -1, 1, 1, 1, -1, 1, 1, 1, -1, 1, 1, 1, -1, 1, 1, 1, -1, -1, 1},
      DataType::bipolar());
  const Graph graph = g.node(op, {x, w, nullptr}, {op.acc_dtype});
  add("MvauBipolarWeights", build_layer(node_of(graph), false));
  const std::filesystem::path stored = ASSAY_SOURCE_DIR "/tests/hw/resources.tsv";
  if (std::filesystem::exists(stored) && read_file(stored) == now) return;
  const auto here = std::filesystem::temp_directory_path() / "resources.tsv";
  write_file(here, now);
  ADD_FAILURE() << "Estimates are not those of " << stored << "; where that is meant: cp " << here
                << " " << stored;
}

TEST(Resources, MultipliersWithoutDspBlocksTakeLuts) {
  for (const LayerCase& c : library_cases()) {
    if (c.name != "MvauDsp") continue;
    const Layer layer = build_layer(node_of(c.graph), false);
    const Resources with = estimate_resources(layer, Family::kXilinx, true),
                    without = estimate_resources(layer, Family::kXilinx, false);
    EXPECT_EQ(with.dsp, 6);  // PE 2, SIMD 3
    EXPECT_GT(without.lut, with.lut);
    return;
  }
  FAIL();
}

TEST(Resources, GrowWithLanesAndDepth) {
  const auto fifo = [](std::int64_t depth, std::int64_t lanes, Family family) {
    NodeGraph g;
    StreamingFIFO op;
    op.depth = depth;
    op.lanes = lanes;
    op.ram_style = depth >= 512 ? "block" : "distributed";
    const Graph graph =
        g.node(op, {g.input({1, 64 * lanes}, DataType::uint(4))}, {DataType::uint(4)});
    return estimate_resources(build_layer(node_of(graph), false), family, true);
  };
  for (const Family family : {Family::kXilinx, Family::kIce40, Family::kEcp5}) {
    EXPECT_GT(fifo(64, 4, family).lut, fifo(16, 4, family).lut);
    EXPECT_GT(fifo(64, 8, family).lut, fifo(64, 4, family).lut);
    EXPECT_GT(fifo(4096, 16, family).bram, fifo(1024, 8, family).bram);
    EXPECT_EQ(fifo(64, 4, family).bram, 0);
  }
  // 1022 words of 36 bits: two RAMB18 side by side.
  EXPECT_EQ(fifo(1024, 9, Family::kXilinx).bram, 2);
}

}  // namespace devices_test
}  // namespace assay::hw::test
