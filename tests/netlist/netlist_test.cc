// SPDX-License-Identifier: Apache-2.0
#include "compile/netlist/netlist.h"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "compile/base/error.h"
#include "compile/netlist/gates.h"
#include "netlist/plain_simulator.h"

namespace assay::netlist::test {
namespace {

template <typename Body>
std::string refusal(const Body& body) {
  try {
    body();
  } catch (const UserError& error) {
    return error.what();
  }
  return "none";
}

/// y = a & b, z = a ^ b, with q the last y.
Netlist small() {
  Netlist n;
  n.name = "small";
  const Net a = n.new_net(), b = n.new_net(), clock = n.new_net(), q = n.new_net();
  const Net y = n.lut(kAnd, {a, b}), z = n.lut(kXor, {a, b});
  n.flip_flops.push_back({.name = "last", .q = q, .d = y, .clock = clock});
  n.ports = {{"a", true, {a}},  {"b", true, {b}},  {"clk", true, {clock}},
             {"y", false, {y}}, {"z", false, {z}}, {"q", false, {q}}};
  return n;
}

TEST(Netlist, AHandWorkedOneRuns) {
  const Netlist netlist = small();
  verify(netlist);
  EXPECT_EQ(clock_of(netlist), netlist.port("clk")->bits[0]);
  EXPECT_EQ(evaluation_order(netlist).size(), 2U);
  PlainSimulator simulator(netlist);
  for (unsigned row = 0; row < 4; ++row) {
    simulator.set("a", row & 1U);
    simulator.set("b", row >> 1);
    simulator.settle();
    EXPECT_EQ(simulator.get("y"), row == 3 ? 1U : 0U);
    EXPECT_EQ(simulator.get("z"), row == 1 || row == 2 ? 1U : 0U);
    EXPECT_EQ(simulator.get("q"), 0U);
  }
  simulator.clock();
  EXPECT_EQ(simulator.get("q"), 1U);
}

TEST(Netlist, TwoDriversAreRefusedByName) {
  for (const int kind : {0, 1, 2}) {
    Netlist n = small();
    const Net y = n.port("y")->bits[0];
    if (kind == 0) n.luts.push_back({.out = y});
    if (kind == 1)
      n.flip_flops.push_back({.name = "second", .q = y, .clock = n.flip_flops[0].clock});
    if (kind == 2) n.ports.push_back({"c", true, {y}});
    EXPECT_THAT(refusal([&] { verify(n); }),
                ::testing::HasSubstr(fmt::format("net {} has two drivers", y)));
  }
  Netlist n = small();
  n.luts.push_back({.out = kOne});
  EXPECT_THAT(refusal([&] { verify(n); }), ::testing::HasSubstr("two drivers"));
}

TEST(Netlist, WhatIsOutOfBoundsIsRefused) {
  Netlist n = small();
  n.luts[0].inputs[1] = n.nets;
  EXPECT_THAT(refusal([&] { verify(n); }), ::testing::HasSubstr("is none"));
  n = small();
  n.luts[0].table = 0x10;
  EXPECT_THAT(refusal([&] { verify(n); }), ::testing::HasSubstr("larger than its inputs"));
  n = small();
  n.luts[0].size = 7;
  EXPECT_THAT(refusal([&] { verify(n); }), ::testing::HasSubstr("larger than its inputs"));
  n = small();
  n.memories.push_back({.name = "m", .unit_bits = 2, .units = {4}, .reads = {}, .writes = {}});
  EXPECT_THAT(refusal([&] { verify(n); }), ::testing::HasSubstr("'m' holds more than its units"));
}

TEST(Netlist, ASecondClockIsRefusedByName) {
  Netlist n = small();
  n.flip_flops.push_back({.name = "other", .q = n.new_net(), .clock = n.port("a")->bits[0]});
  EXPECT_THAT(refusal([&] { verify(n); }), ::testing::HasSubstr("'other' has a clock of its own"));
  n.flip_flops[1].clock = n.flip_flops[0].clock;
  n.flip_flops[1].falling = true;
  EXPECT_THAT(refusal([&] { verify(n); }), ::testing::HasSubstr("'other' has a clock of its own"));
  n.flip_flops[1].falling = false;
  n.flip_flops[1].clock = n.lut(kBuffer, {n.flip_flops[0].clock});
  verify(n);
}

TEST(Netlist, LoopsAreFoundAndFalseOnesAreNone) {
  Netlist n = small();
  n.name = "loop";
  const Net x = n.new_net();
  n.names["turns"] = {x};
  const Net y = n.lut(kAnd, {x, n.port("a")->bits[0]});
  n.luts.push_back({.out = x, .size = 2, .inputs = {y, n.port("b")->bits[0]}, .table = kOr});
  EXPECT_THAT(refusal([&] { evaluation_order(n); }),
              ::testing::AllOf(::testing::HasSubstr("combinational loop"),
                               ::testing::HasSubstr("netlist 'loop'")));
  n.luts.back().table = 0xc;  // b alone
  EXPECT_EQ(evaluation_order(n).size(), 4U);
  n.luts.back() = {.out = x, .size = 2, .inputs = {y, y}, .table = kXor};
  EXPECT_EQ(evaluation_order(n).size(), 4U);
}

TEST(Netlist, ARamInALoopIsOne) {
  Netlist n = small();
  const Net data = n.new_net();
  Memory memory{.name = "m", .unit_bits = 1, .units = {0, 1}, .reads = {}, .writes = {}};
  memory.reads.push_back({.address = {n.lut(kNot, {data})}, .data = {data}, .registered = false});
  n.memories.push_back(memory);
  EXPECT_NE(refusal([&] { evaluation_order(n); }), "none");
  n.memories[0].reads[0].registered = true;
  EXPECT_EQ(refusal([&] { evaluation_order(n); }), "none");
}

TEST(Simplify, ConstantsAndWiresGo) {
  Netlist n = small();
  const Net a = n.port("a")->bits[0];
  Net wire = a;
  for (int i = 0; i < 5; ++i) wire = n.lut(kBuffer, {wire});
  const Net nothing = n.new_net();  // that nothing drives: 0
  const Net same = n.lut(kXor, {wire, a}), off = n.lut(kAnd, {nothing, a});
  n.ports.push_back({"w", false, {wire, same, off, n.lut(kNot, {off})}});
  n.names = {
      {"wire", {wire}}, {"lost", {nothing}}, {"alone", {n.lut(kOr, {a, n.port("b")->bits[0]})}}};
  simplify(n);
  EXPECT_EQ(n.luts.size(), 2U);
  EXPECT_EQ(n.port("w")->bits, (std::vector<Net>{a, kZero, kZero, kOne}));
  ASSERT_EQ(n.names.size(), 1U);
  EXPECT_EQ(n.names.at("wire"), std::vector<Net>{a});
}

/// Tables, registers and a RAM at random; every tenth net is an output.
Netlist random_netlist(std::mt19937_64& random) {
  Netlist n;
  n.name = "random";
  std::vector<Net> nets{kZero, kOne, n.new_net()};
  const Net clock = n.new_net();
  n.ports.push_back({"clk", true, {clock}});
  Port in{"in", true, {}};
  for (int i = 0; i < 10; ++i) nets.push_back(in.bits.emplace_back(n.new_net()));
  n.ports.push_back(in);
  for (int i = 0; i < 8; ++i) {
    n.flip_flops.push_back({.name = fmt::format("f{}", i), .q = n.new_net(), .clock = clock});
    nets.push_back(n.flip_flops.back().q);
  }
  const auto any = [&] { return nets[random() % nets.size()]; };
  for (int i = 0; i < 60; ++i) {
    Lut lut{.out = n.new_net(), .size = static_cast<int>(random() % 7)};
    for (int k = 0; k < lut.size; ++k) lut.inputs[static_cast<std::size_t>(k)] = any();
    const std::uint64_t rows = std::uint64_t{1} << lut.size;
    lut.table =
        (random() & random()) & (rows == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << rows) - 1);
    if (lut.size == 1 && random() % 2 == 0) lut.table = kBuffer;
    n.luts.push_back(lut);
    nets.push_back(lut.out);
  }
  for (FlipFlop& cell : n.flip_flops)
    cell.d = any(), cell.enable = any(), cell.reset = any(), cell.reset_value = random() % 2 != 0;
  Memory memory{
      .name = "ram", .unit_bits = 2, .units = {0, 1, 2, 3, 3, 2}, .reads = {}, .writes = {}};
  for (const bool registered : {false, true})
    memory.reads.push_back({.address = {any(), any()},
                            .data = {n.new_net(), n.new_net()},
                            .registered = registered,
                            .clock = clock,
                            .enable = any()});
  memory.writes.push_back({.address = {any(), any()},
                           .data = {any(), any(), any(), any()},
                           .enables = {any(), any(), any(), any()},
                           .clock = clock});
  Port out{"out", false, {}};
  for (const Memory::ReadPort& read : memory.reads)
    out.bits.insert(out.bits.end(), read.data.begin(), read.data.end());
  n.memories.push_back(std::move(memory));
  for (std::size_t i = 0; i < nets.size(); i += 10) out.bits.push_back(nets[i]);
  n.ports.push_back(out);
  for (std::size_t i = 0; i < nets.size(); i += 3) n.names[fmt::format("n{}", i)] = {nets[i]};
  return n;
}

TEST(Simplify, KeepsWhatIsSeen) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 300; ++round) {
    const Netlist before = random_netlist(random);
    verify(before);
    Netlist after = before;
    simplify(after);
    verify(after);
    EXPECT_LT(after.luts.size(), before.luts.size());
    PlainSimulator a(before), b(after);
    for (int cycle = 0; cycle < 40; ++cycle) {
      const std::uint64_t in = random();
      for (PlainSimulator* simulator : {&a, &b}) {
        simulator->set("in", in);
        simulator->settle();
      }
      ASSERT_EQ(a.get("out"), b.get("out")) << "round " << round << ", cycle " << cycle;
      for (const auto& [name, nets] : after.names)
        ASSERT_EQ(b.number(nets), a.number(before.names.at(name))) << name << " in round " << round;
      a.clock();
      b.clock();
    }
  }
}

}  // namespace
}  // namespace assay::netlist::test
