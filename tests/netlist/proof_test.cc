// SPDX-License-Identifier: Apache-2.0
#include "sim/proof/proof.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <stdlib.h>

#include <algorithm>
#include <random>

#include "base/temp_dir.h"
#include "compile/base/error.h"
#include "compile/base/process.h"
#include "netlist/plain_simulator.h"
#include "netlist/proof_design.h"
#include "netlist/random_netlist.h"
#include "sim/proof/check.h"
#include "sim/proof/machine.h"

namespace assay::sim {
namespace {

using assay::testing::Design;
using netlist::Initial;
using netlist::kOne;
using netlist::kZero;
using netlist::Net;
using netlist::Netlist;
using ::testing::Contains;
using ::testing::HasSubstr;

ProofResult prove(const Netlist& a, const Netlist& b) {
  const TempDir folder;
  return prove_equal(a, b, {}, folder.path());
}

std::string functions_of(const ProofResult& result) {
  std::string all = result.reason;
  for (const ProofFailure& failure : result.failures) all += "\n" + failure.function;
  return all;
}

void expect_proved(const Netlist& a, const Netlist& b) {
  const ProofResult result = prove(a, b);
  EXPECT_EQ(result.verdict, ProofVerdict::kProved) << functions_of(result);
  EXPECT_GT(result.functions, 0);
  EXPECT_GE(result.obligations, result.functions);
  EXPECT_THAT(result.canary, HasSubstr("row "));
}

/// A counter whose wide compare with a constant is an output.
Netlist counting(std::size_t width, std::uint64_t shown) {
  Design design;
  const std::vector<Net> bits = design.counter("count", width, design.input("go"));
  std::vector<Net> match;
  for (std::size_t i = 0; i < width; ++i)
    match.push_back((shown >> i & 1U) != 0 ? bits[i] : design.invert(bits[i]));
  design.output("match", {design.all_of(match)});
  design.output("low", {bits[0]});
  return design.net;
}

TEST(Proof, ProvesANetlistEqualToItself) {
  const Netlist net = counting(8, 0x5A);
  const ProofResult result = prove(net, net);
  EXPECT_EQ(result.verdict, ProofVerdict::kProved) << result.reason;
  EXPECT_EQ(result.registers_a, 8);
  EXPECT_EQ(result.classes, 8);
  EXPECT_EQ(result.functions, 10);  // 8 registers, 2 outputs
  EXPECT_EQ(result.obligations, 10);
  EXPECT_EQ(result.unpaired_a + result.unpaired_b, 0);
}

TEST(Proof, FilesStayUnlessItIsProved) {
  const TempDir folder;
  prove_equal(counting(4, 3), counting(4, 3), {}, folder.path());
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "differences-0.blif"));
  // 1 in 2^24: no simulation sees it.
  prove_equal(counting(24, 0xFFFFFE), counting(24, 0xFFFFFF), {}, folder.path());
  EXPECT_TRUE(std::filesystem::exists(folder.path() / "differences-0.blif"));
}

TEST(Proof, LongCountersThatNoSimulationTellsApartArePairedByCounterexamples) {
  Design design;
  const Net go = design.input("go"), run = design.input("run");
  const std::vector<Net> first = design.counter("first", 40, go);
  const std::vector<Net> second = design.counter("second", 40, run);
  design.output("top", {first[39], second[39]});
  expect_proved(design.net, design.net);
  Netlist swapped = design.net;
  std::swap(swapped.ports.back().bits[0], swapped.ports.back().bits[1]);
  const ProofResult result = prove(swapped, design.net);
  EXPECT_EQ(result.verdict, ProofVerdict::kUnproved) << functions_of(result);
}

TEST(Proof, RegistersMayBeDoubledMergedAndRenamed) {
  Design one;
  const Net x = one.input("x");
  const Net r = one.reg_of("r", x);
  one.output("y", {one.xor2(r, x), one.and2(r, x)});
  Design two;
  const Net x2 = two.input("x");
  const Net p = two.reg_of("p", x2), q = two.reg_of("q", x2);
  two.output("y", {two.xor2(p, x2), two.and2(q, x2)});
  expect_proved(one.net, two.net);
  expect_proved(two.net, one.net);
  const ProofResult result = prove(two.net, one.net);
  EXPECT_EQ(result.classes, 1);
  EXPECT_EQ(result.registers_a, 2);
}

TEST(Proof, AConstantRegisterOfOneSide) {
  Design plain;
  const Net x = plain.input("x");
  plain.output("y", {plain.reg_of("r", x)});
  Design more;
  const Net x2 = more.input("x");
  const Net stuck = more.reg("stuck");
  more.cell(stuck).d = more.and2(stuck, x2);  // 0 for ever
  more.output("y", {more.reg_of("r", more.net.lut(0xE, {x2, stuck}))});
  expect_proved(more.net, plain.net);
  expect_proved(plain.net, more.net);
  more.cell(stuck).initial = Initial::kOne;  // now it stays 1 as long as x does
  EXPECT_NE(prove(more.net, plain.net).verdict, ProofVerdict::kProved);
}

TEST(Proof, AnInverterMovedAcrossARegisterIsNotFoundEqual) {
  // The machines are equal, but no register of one equals one of the other: said, not guessed.
  Design before, after;
  before.output("y", {before.reg_of("r", before.invert(before.input("x")), Initial::kOne)});
  after.output("y", {after.invert(after.reg_of("r", after.input("x"), Initial::kZero))});
  const ProofResult result = prove(after.net, before.net);
  EXPECT_EQ(result.verdict, ProofVerdict::kUnproved) << functions_of(result);
}

TEST(Proof, AWrongRowIsFoundWithAStateThatShowsIt) {
  const Netlist right = counting(6, 0x2A);
  Netlist wrong = right;
  wrong.luts[4].table ^= 1;  // in the counter's third bit
  const ProofResult result = prove(wrong, right);
  EXPECT_EQ(result.verdict, ProofVerdict::kRefuted);
  ASSERT_FALSE(result.failures.empty());
  EXPECT_EQ(result.failures[0].function, "the next value of register count[2]");
  EXPECT_EQ(result.failures[0].register_name, "count[2]");
  EXPECT_TRUE(result.failures[0].simulated);
  EXPECT_FALSE(result.failures[0].counterexample.empty());
}

TEST(Proof, AFunctionThatNoSimulationSeesToDifferIsRefutedByItsInputs) {
  Design wide, none;
  wide.output("y", {wide.all_of(wide.inputs("x", 40))});
  none.inputs("x", 40);
  none.output("y", {kZero});
  const ProofResult result = prove(wide.net, none.net);
  EXPECT_EQ(result.verdict, ProofVerdict::kRefuted);
  ASSERT_EQ(result.failures.size(), 1U);
  EXPECT_EQ(result.failures[0].function, "output y");
  EXPECT_TRUE(result.failures[0].simulated);
  ASSERT_EQ(result.failures[0].counterexample.size(), 40U);
  for (const auto& [name, value] : result.failures[0].counterexample) {
    EXPECT_THAT(name, HasSubstr("x["));
    EXPECT_TRUE(value) << name;
  }
}

TEST(Proof, ADifferenceInAStateThatNeverOccursIsUnproved) {
  // One of both is 1 at any time; the outputs differ where neither is.
  const auto ring = [](std::uint64_t table) {
    Design design;
    const Net p = design.reg("p", Initial::kOne), q = design.reg("q");
    const Net x = design.input("x");
    design.cell(p).d = design.net.lut(0xCA, {q, p, x});
    design.cell(q).d = design.net.lut(0xCA, {p, q, x});
    design.output("y", {design.net.lut(table, {p, q})});
    return design.net;
  };
  const ProofResult result = prove(ring(0x2), ring(0x3));
  EXPECT_EQ(result.verdict, ProofVerdict::kUnproved) << functions_of(result);
  EXPECT_THAT(functions_of(result), HasSubstr("output y"));
}

TEST(Proof, SwappedPinsOfATable) {
  const auto choose = [](bool swapped) {
    Design design;
    const std::vector<Net> x = design.inputs("x", 3);
    design.output("y", {design.reg_of("r", swapped ? design.net.lut(0xCA, {x[1], x[0], x[2]})
                                                   : design.net.lut(0xCA, {x[0], x[1], x[2]}))});
    return design.net;
  };
  const ProofResult result = prove(choose(true), choose(false));
  EXPECT_EQ(result.verdict, ProofVerdict::kRefuted);
  EXPECT_THAT(functions_of(result), HasSubstr("the next value of register r"));
}

TEST(Proof, AWrongInitialValueIsNamed) {
  const Netlist right = counting(6, 0x15);
  Netlist wrong = right;
  wrong.flip_flops[3].initial = Initial::kOne;
  const ProofResult result = prove(wrong, right);
  EXPECT_EQ(result.verdict, ProofVerdict::kRefuted);
  EXPECT_EQ(result.reason,
            "the initial value of register count[3]: 1 in the first netlist, 0 in the second");
}

TEST(Proof, ResetBeforeEnableIsNotEnableBeforeReset) {
  const auto make = [](bool waits) {
    Design design;
    const Net x = design.input("x"), go = design.input("go"), clear = design.input("clear");
    const Net r = design.reg_of("r", x);
    design.cell(r).enable = go;
    design.cell(r).reset = waits ? design.and2(clear, go) : clear;
    design.output("y", {r});
    return design.net;
  };
  expect_proved(make(true), make(true));
  const ProofResult result = prove(make(true), make(false));
  EXPECT_EQ(result.verdict, ProofVerdict::kRefuted);
  EXPECT_THAT(functions_of(result), HasSubstr("the next value of register r"));
}

TEST(Proof, ControlsOfARegisterMayBecomeTables) {
  Design cell, tables;
  for (Design* design : {&cell, &tables}) {
    const Net x = design->input("x"), go = design->input("go"), clear = design->input("clear");
    const Net r = design->reg("r");
    if (design == &cell) {
      design->cell(r).d = x, design->cell(r).enable = go, design->cell(r).reset = clear;
      design->cell(r).reset_value = true;
    } else {
      design->cell(r).d = design->net.lut(0xFFAC, {x, r, go, clear});
    }
    design->output("y", {r});
  }
  expect_proved(cell.net, tables.net);
}

// --- what wakes up unknown

Netlist two_unknown(Initial p_starts, Initial q_starts, bool merged) {
  Design design;
  const Net x = design.input("x");
  const Net p = design.reg("p", p_starts);
  design.cell(p).d = design.xor2(p, x);
  Net q = p;
  if (!merged) {
    q = design.reg("q", q_starts);
    design.cell(q).d = design.xor2(q, x);
  }
  design.output("y", {p, q});
  return design.net;
}

TEST(ProofUnknown, OfTheSecondIsChosenToMatch) {
  for (const Initial known : {Initial::kZero, Initial::kOne})
    expect_proved(two_unknown(known, known, false),
                  two_unknown(Initial::kUnknown, Initial::kUnknown, false));
  Netlist nameless = two_unknown(Initial::kZero, Initial::kZero, false);
  for (auto& cell : nameless.flip_flops) cell.name.clear();
  expect_proved(nameless, two_unknown(Initial::kUnknown, Initial::kUnknown, false));
}

TEST(ProofUnknown, OfTheFirstIsNoKnownValue) {
  const ProofResult result = prove(two_unknown(Initial::kUnknown, Initial::kZero, false),
                                   two_unknown(Initial::kZero, Initial::kZero, false));
  EXPECT_EQ(result.verdict, ProofVerdict::kRefuted);
  EXPECT_EQ(result.reason,
            "the initial value of register p: unknown in the first netlist, 0 in the second");
}

TEST(ProofUnknown, OfBothGoesInPairs) {
  const Netlist apart = two_unknown(Initial::kUnknown, Initial::kUnknown, false);
  const Netlist merged = two_unknown(Initial::kUnknown, Initial::kUnknown, true);
  expect_proved(merged, merged);
  // The second may choose both of its registers as the first has its one.
  expect_proved(merged, apart);
  // Two that wake up as they like are not one.
  EXPECT_NE(prove(apart, merged).verdict, ProofVerdict::kProved);
}

TEST(ProofUnknown, RegistersOfTheFirstThatWakeUpApartAreNotTakenForOne) {
  // Outputs show whether p and q agree: in the second they do from the start.
  const auto show = [](Initial initial) {
    Netlist net = two_unknown(initial, initial, false);
    auto& bits = net.ports.back().bits;
    const Net differ = net.lut(0x6, {bits[0], bits[1]});
    net.ports.back().bits = {differ};
    return net;
  };
  EXPECT_NE(prove(show(Initial::kUnknown), show(Initial::kZero)).verdict, ProofVerdict::kProved);
  expect_proved(show(Initial::kUnknown), show(Initial::kUnknown));
  expect_proved(show(Initial::kZero), show(Initial::kUnknown));
}

TEST(ProofUnknown, WhichOfTwoGoesWithWhichShowsInWhatTheyDo) {
  // Both read the same input; only what reads them tells them apart. Names and order say nothing.
  const auto make = [](bool turned) {
    Design design;
    const Net x = design.input("x"), z = design.input("z");
    const Net first = design.reg_of("", x, Initial::kUnknown);
    const Net second = design.reg_of("", x, Initial::kUnknown);
    const Net p = turned ? second : first, q = turned ? first : second;
    design.output("y", {design.and2(p, z), design.xor2(q, z)});
    return design.net;
  };
  expect_proved(make(true), make(false));
}

// --- memories

constexpr std::size_t kDepth = 32;

/// A ROM of `width` bits read at a counter's address; `order` says where each bit lies.
Netlist rom(const std::vector<std::size_t>& order, std::uint64_t change_at = kDepth,
            std::uint64_t change = 0) {
  Design design;
  const std::vector<Net> address = design.counter("at", 5, design.input("go"));
  std::vector<std::uint64_t> units;
  for (std::uint64_t i = 0; i < kDepth; ++i) {
    const std::uint64_t word = (i * 0x9E3779B97F4A7C15U) >> 32 ^ (i == change_at ? change : 0);
    std::uint64_t unit = 0;
    for (std::size_t b = 0; b < order.size(); ++b) unit |= (word >> order[b] & 1U) << b;
    units.push_back(unit);
  }
  design.memory("table", static_cast<int>(order.size()), units);
  const std::vector<Net> data = design.read(address, design.input("en"));
  std::vector<Net> shown(order.size());
  for (std::size_t b = 0; b < order.size(); ++b) shown[order[b]] = data[b];
  design.output("data", shown);
  return design.net;
}

TEST(ProofMemory, ContentsArePairedWhateverTheOrderOfBits) {
  const ProofResult result = prove(rom({0, 1, 2, 3, 4, 5}), rom({3, 1, 5, 0, 4, 2}));
  EXPECT_EQ(result.verdict, ProofVerdict::kProved) << functions_of(result);
  EXPECT_EQ(result.memory_columns, 6);
  EXPECT_EQ(result.memory_bits, 6 * 32);
  // The next address, what is read 6 times, 6 outputs; 5 address pins, shared by all columns.
  EXPECT_EQ(result.functions, 5 + 6 + 6 + 5);
}

TEST(ProofMemory, OneBitOfOneWordIsNamed) {
  const ProofResult result = prove(rom({0, 1, 2, 3}, 17, 4), rom({0, 1, 2, 3}));
  EXPECT_EQ(result.verdict, ProofVerdict::kRefuted);
  EXPECT_THAT(result.reason, HasSubstr("memory table, bit 2 of word 17: "));
  EXPECT_EQ(result.failures.size(), 1U) << functions_of(result);
}

TEST(ProofMemory, ABitThatNobodyReadsMayBeAnything) {
  Netlist a = rom({0, 1, 2, 3}, 9, 8), b = rom({0, 1, 2, 3});
  for (Netlist* net : {&a, &b}) net->ports.back().bits.pop_back();
  expect_proved(a, b);
}

TEST(ProofMemory, WeightsOfAnotherNetwork) {
  Netlist other = rom({0, 1, 2, 3});
  for (std::uint64_t& unit : other.memories[0].units) unit = (unit * 7 + 3) & 15;
  const ProofResult result = prove(other, rom({0, 1, 2, 3}));
  EXPECT_EQ(result.verdict, ProofVerdict::kRefuted);
  EXPECT_THAT(result.reason, HasSubstr("memory table"));
}

TEST(ProofMemory, ReadAtOnceIsNotReadAtTheEdge) {
  Netlist at_once = rom({0, 1, 2, 3});
  at_once.memories[0].reads[0].registered = false;
  at_once.memories[0].reads[0].enable = kOne;
  const ProofResult result = prove(at_once, rom({0, 1, 2, 3}));
  EXPECT_EQ(result.verdict, ProofVerdict::kRefuted) << functions_of(result);
}

TEST(ProofMemory, ARegisteredPortIsOneThatIsNotWithARegisterBehindIt) {
  Netlist outside = rom({0, 1, 2});
  auto& port = outside.memories[0].reads[0];
  for (Net& bit : port.data) {
    netlist::FlipFlop cell;
    cell.q = bit, cell.d = bit = outside.new_net();
    cell.clock = port.clock, cell.enable = port.enable, cell.initial = Initial::kZero;
    outside.flip_flops.push_back(cell);
  }
  port.registered = false;
  expect_proved(outside, rom({0, 1, 2}));
}

TEST(ProofMemory, EnableOfAReadPort) {
  Netlist always = rom({0, 1, 2});
  always.memories[0].reads[0].enable = kOne;
  const ProofResult result = prove(always, rom({0, 1, 2}));
  EXPECT_EQ(result.verdict, ProofVerdict::kRefuted);
  EXPECT_THAT(functions_of(result), HasSubstr("table read port 0 bit "));
}

/// A memory of 16 words of 4 bits that is written and read at addresses from outside.
Netlist scratch_ram(bool wrong_enable, bool swapped_address, bool registered = true) {
  Design design;
  const std::vector<Net> data = design.inputs("d", 4), to = design.inputs("to", 4);
  std::vector<Net> from = design.inputs("from", 4);
  const Net go = design.input("go");
  if (swapped_address) std::swap(from[1], from[2]);
  design.memory("ram", 4, std::vector<std::uint64_t>(16));
  const std::vector<Net> out = design.read(from);
  netlist::Memory& memory = design.net.memories[0];
  memory.reads[0].registered = registered;
  memory.writes.push_back({to, data, {go, go, wrong_enable ? kOne : go, go}, design.clock, false});
  design.output("q", out);
  return design.net;
}

TEST(ProofMemory, PinsOfAWrittenMemory) {
  expect_proved(scratch_ram(false, false), scratch_ram(false, false));
  expect_proved(scratch_ram(false, false, false), scratch_ram(false, false, false));
  for (const bool registered : {true, false}) {
    const ProofResult enable =
        prove(scratch_ram(true, false, registered), scratch_ram(false, false, registered));
    EXPECT_EQ(enable.verdict, ProofVerdict::kRefuted);
    EXPECT_THAT(functions_of(enable), HasSubstr("memory ram, bit 2"));
    EXPECT_EQ(
        prove(scratch_ram(false, true, registered), scratch_ram(false, false, registered)).verdict,
        ProofVerdict::kRefuted);
  }
}

TEST(ProofMemory, PortsOfDifferentWidth) {
  // Written two bits at a time, read four: a column is every second bit.
  const auto make = [](bool crossed) {
    Design design;
    const std::vector<Net> data = design.inputs("d", 2), to = design.inputs("to", 3);
    const std::vector<Net> from = design.inputs("from", 2);
    design.memory("mixed", 1, std::vector<std::uint64_t>(16));
    netlist::Memory& memory = design.net.memories[0];
    netlist::Memory::ReadPort read{from, {}, true, design.clock};
    for (int i = 0; i < 4; ++i) read.data.push_back(design.net.new_net());
    memory.reads.push_back(read);
    memory.writes.push_back({to, data, {kOne, kOne}, design.clock, false});
    std::vector<Net> shown = read.data;
    if (crossed) std::swap(shown[1], shown[3]);
    design.output("q", shown);
    return design.net;
  };
  expect_proved(make(false), make(false));
  EXPECT_EQ(prove(make(false), make(false)).memory_columns, 2);
  EXPECT_EQ(prove(make(true), make(false)).verdict, ProofVerdict::kRefuted);
}

TEST(ProofMemory, WhichOfTwoWritesStays) {
  const auto make = [](bool other) {
    Design design;
    const std::vector<Net> to = design.inputs("to", 2);
    const Net p = design.input("p"), q = design.input("q");
    design.memory("ram", 1, std::vector<std::uint64_t>(4));
    netlist::Memory& memory = design.net.memories[0];
    const std::vector<Net> out = design.read(to);
    memory.writes.push_back({to, {p}, {kOne}, design.clock, false});
    memory.writes.push_back({to, {q}, {kOne}, design.clock, false});
    if (other) std::swap(memory.writes[0], memory.writes[1]);
    design.output("y", out);
    return design.net;
  };
  expect_proved(make(true), make(true));
  EXPECT_EQ(prove(make(true), make(false)).verdict, ProofVerdict::kRefuted);
}

// --- interfaces

TEST(ProofPorts, MissingAndFurtherOnesAreNamed) {
  Netlist fewer = counting(4, 3);
  fewer.ports.pop_back();
  EXPECT_THAT(functions_of(prove(fewer, counting(4, 3))),
              HasSubstr("output low that only the second has"));
  EXPECT_EQ(prove(fewer, counting(4, 3)).verdict, ProofVerdict::kRefuted);
  Design more;
  more.net = counting(4, 3);
  more.inputs("extra", 2);
  EXPECT_THAT(functions_of(prove(more.net, counting(4, 3))),
              HasSubstr("input extra[1] that only the first has"));
}

TEST(ProofPorts, TheOtherEdgeOfTheClock) {
  Netlist falls = counting(4, 3);
  for (auto& cell : falls.flip_flops) cell.falling = true;
  const ProofResult result = prove(falls, counting(4, 3));
  EXPECT_EQ(result.verdict, ProofVerdict::kRefuted);
  EXPECT_EQ(
      result.reason,
      "the clock: the falling edge of clk in the first, the rising edge of clk in the second");
}

TEST(ProofPorts, WithoutStateTheClockMayBeMissing) {
  Design with, without;
  with.output("y", {with.invert(with.input("x"))});
  without.output("y", {without.invert(without.input("x"))});
  expect_proved(with.net, without.net);
  const Net stuck = with.reg("stuck");
  with.cell(stuck).d = stuck;
  with.net.ports.back().bits[0] = with.net.lut(0x6, {with.net.ports.back().bits[0], stuck});
  std::erase_if(without.net.ports, [](const auto& port) { return port.name == "clk"; });
  expect_proved(with.net, without.net);
  expect_proved(without.net, with.net);
}

TEST(ProofPorts, NothingToProveIsNoProof) {
  const ProofResult result = prove(Design().net, Design().net);
  EXPECT_EQ(result.verdict, ProofVerdict::kInconclusive);
  EXPECT_EQ(result.reason, "there is nothing to prove");
}

TEST(ProofPorts, AClockThatIsNoInputIsRefused) {
  // Gated by different inputs: a step of one is none of the other.
  const auto gated = [](bool first) {
    Design design;
    const Net x = design.input("x"), p = design.input("p"), q = design.input("q");
    const Net r = design.reg_of("r", x);
    design.cell(r).clock = design.and2(design.clock, first ? p : q);
    design.output("y", {r, design.and2(p, q)});
    return design.net;
  };
  EXPECT_THROW(prove(gated(true), gated(false)), UserError);
  Netlist free = gated(false);
  free.flip_flops[0].clock = free.port("clk")->bits[0];
  EXPECT_EQ(prove(gated(true), free).verdict, ProofVerdict::kRefuted);
}

TEST(ProofPorts, StateWhoseClockIsAConstantStaysAsItIs) {
  Design moves, stays;
  for (Design* design : {&moves, &stays}) {
    const Net x = design->input("x");
    design->output("y", {design->reg_of("r", x), design->reg_of("s", x)});
  }
  stays.net.flip_flops[1].clock = kZero;
  EXPECT_EQ(prove(stays.net, moves.net).verdict, ProofVerdict::kRefuted);
  EXPECT_EQ(prove(moves.net, stays.net).verdict, ProofVerdict::kRefuted);
  expect_proved(stays.net, stays.net);
  Netlist constant = stays.net;
  constant.ports.back().bits[1] = kZero;
  expect_proved(stays.net, constant);
  // Memories too.
  Netlist frozen = scratch_ram(false, false), running = scratch_ram(false, false);
  frozen.memories[0].writes[0].clock = kZero;
  EXPECT_EQ(prove(frozen, running).verdict, ProofVerdict::kRefuted);
  frozen = running;
  frozen.memories[0].reads[0].clock = kOne;
  EXPECT_EQ(prove(frozen, running).verdict, ProofVerdict::kRefuted);
}

TEST(ProofPorts, WhatNothingDrivesIsZero) {
  Design open, one;
  open.output("y", {open.invert(open.net.new_net()), open.input("x")});
  one.output("y", {kOne, one.input("x")});
  expect_proved(open.net, one.net);
}

// --- ABC

/// While it lives, `yosys-abc` is this shell script; $ABC in it is the real one.
class FakeAbc {
 public:
  explicit FakeAbc(const std::string& script) : before_(getenv("PATH")) {
    const std::string real = find_program("yosys-abc", "yosys").string();
    const auto file = folder_.write("yosys-abc", "#!/bin/sh\nABC=" + real + "\n" + script + "\n");
    std::filesystem::permissions(file, std::filesystem::perms::owner_all);
    setenv("PATH", (folder_.path().string() + ":" + before_).c_str(), 1);
  }
  ~FakeAbc() { setenv("PATH", before_.c_str(), 1); }
  FakeAbc(const FakeAbc&) = delete;
  FakeAbc& operator=(const FakeAbc&) = delete;

 private:
  TempDir folder_;
  std::string before_;
};

TEST(ProofAbc, OneThatAlwaysSaysEqualIsNoticed) {
  const FakeAbc fake(
      "$ABC \"$@\" | sed -e 's/NOT EQUIVALENT/equivalent/' -e '/^Verif/d' -e '/^Output/d' "
      "-e '/^Input/d'");
  const ProofResult result = prove(counting(6, 5), counting(6, 5));
  EXPECT_EQ(result.verdict, ProofVerdict::kInconclusive);
  EXPECT_THAT(result.reason, HasSubstr("was not noticed"));
  EXPECT_EQ(result.canary, "");
}

/// What it reads when it begins may give its commands other meanings, or start any program.
TEST(ProofAbc, FilesOfSettingsAreNotRead) {
  const TempDir home;
  home.write(".abc.rc", "alias print_stats version\n");
  const std::string before = getenv("HOME");
  setenv("HOME", home.path().c_str(), 1);
  const ProofResult result = prove(counting(6, 5), counting(6, 5));
  setenv("HOME", before.c_str(), 1);
  EXPECT_EQ(result.verdict, ProofVerdict::kProved) << result.reason;
}

TEST(ProofAbc, OneThatReadsNothingIsNoticed) {
  const FakeAbc fake("echo 'Networks are equivalent.  Time = 0.01 sec'");
  const ProofResult result = prove(counting(6, 5), counting(6, 5));
  EXPECT_EQ(result.verdict, ProofVerdict::kInconclusive);
  EXPECT_THAT(result.reason, HasSubstr("did not read the functions"));
}

TEST(ProofAbc, OneThatReadsAPartIsNoticed) {
  const FakeAbc fake("$ABC \"$@\" | sed -e 's|/ *[0-9]*  lat|/    3  lat|'");
  EXPECT_EQ(prove(counting(6, 5), counting(6, 5)).verdict, ProofVerdict::kInconclusive);
}

TEST(ProofAbc, AWrongCounterexampleIsNoticed) {
  const FakeAbc fake("$ABC \"$@\" | sed -e '/^Input/s/=1/=0/g'");
  Design wide, none;
  wide.output("y", {wide.all_of(wide.inputs("x", 40))});
  none.inputs("x", 40);
  none.output("y", {kZero});
  const ProofResult result = prove(wide.net, none.net);
  EXPECT_EQ(result.verdict, ProofVerdict::kInconclusive);
  EXPECT_EQ(result.reason, "ABC's counterexample shows no difference");
}

TEST(ProofAbc, ALiarCannotHideWhatSimulationSaw) {
  const FakeAbc fake(
      "$ABC \"$@\" | sed -e 's/NOT EQUIVALENT/equivalent/' -e '/^Verif/d' -e '/^Output/d' "
      "-e '/^Input/d'");
  EXPECT_EQ(prove(counting(6, 5), counting(6, 4)).verdict, ProofVerdict::kRefuted);
}

TEST(ProofAbc, OneThatFailsIsAToolError) {
  const FakeAbc fake("echo broken; exit 3");
  EXPECT_THROW(prove(counting(6, 5), counting(6, 5)), ToolError);
}

TEST(ProofAbc, TimeIsUp) {
  const FakeAbc fake("sleep 30");
  const TempDir folder;
  ProofOptions options;
  options.limit = std::chrono::seconds(2);
  const ProofResult result = prove_equal(counting(6, 5), counting(6, 5), options, folder.path());
  EXPECT_EQ(result.verdict, ProofVerdict::kInconclusive);
  EXPECT_EQ(result.reason, "time is over");
}

TEST(ProofAbc, ItsWordsAreTakenStrictly) {
  const std::string stats = "m : i/o =    4/    3  lat =    0\nm : i/o =    4/    3  lat =    0\n";
  const std::string equal = "Networks are equivalent.  Time =     0.01 sec\n";
  const std::string differ =
      "Networks are NOT EQUIVALENT.  Time = 0.0 sec\nVerification failed for at least 1 outputs:  "
      "f1\nOutput f1: Value in Network1 = 0. Value in Network2 = 1.\nInput pattern:  v0=1 v3=0\n";
  using Kind = Answer::Kind;
  EXPECT_EQ(understand(stats + equal, 3, 4).kind, Kind::kEqual);
  EXPECT_EQ(understand(stats + "Networks are equivalent after structural hashing.\n", 3, 4).kind,
            Kind::kEqual);
  EXPECT_EQ(understand(stats + equal, 4, 4).kind, Kind::kUnknown);
  EXPECT_EQ(understand(stats + equal, 3, 5).kind, Kind::kUnknown);
  EXPECT_EQ(understand(stats + equal + equal, 3, 4).kind, Kind::kUnknown);
  EXPECT_EQ(understand(stats + stats + equal, 3, 4).kind, Kind::kUnknown);
  EXPECT_EQ(understand(equal, 3, 4).kind, Kind::kUnknown);
  EXPECT_EQ(understand(stats, 3, 4).kind, Kind::kUnknown);
  EXPECT_EQ(understand(stats + "Networks are UNDECIDED.\n", 3, 4).kind, Kind::kUnknown);
  EXPECT_EQ(understand(stats + equal + differ, 3, 4).kind, Kind::kUnknown);
  const Answer answer = understand(stats + differ, 3, 4);
  EXPECT_EQ(answer.kind, Kind::kDifferent);
  EXPECT_EQ(answer.function, 1U);
  EXPECT_EQ(answer.pattern, (Pattern{{0, true}, {3, false}}));
  EXPECT_EQ(understand(stats + differ, 3, 3).kind, Kind::kUnknown);  // there is no v3
  EXPECT_EQ(understand(stats + "Networks are NOT EQUIVALENT.\n", 3, 4).kind, Kind::kUnknown);
}

// --- at random

TEST(ProofRandom, OtherWordsAreProved) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const Netlist net = testing::random_design(seed);
    const Netlist other = testing::rewritten(net, seed);
    ASSERT_TRUE(testing::same_by_search(other, net)) << seed;
    const ProofResult result = prove(seed % 2 != 0 ? other : net, seed % 2 != 0 ? net : other);
    EXPECT_EQ(result.verdict, ProofVerdict::kProved) << seed << ": " << functions_of(result);
  }
}

TEST(ProofRandom, FaultsAreFoundOrHarmless) {
  int harmless = 0, caught = 0, undecided = 0;
  for (std::uint64_t seed = 100; seed < 160; ++seed) {
    const Netlist net = testing::random_design(seed);
    Netlist faulty = net;
    testing::flip_bit(faulty, seed);
    const bool same = testing::same_by_search(faulty, net);
    const ProofVerdict verdict = prove(testing::rewritten(faulty, seed), net).verdict;
    // Sound: what is proved is so, what is refuted is not so.
    EXPECT_TRUE(same || verdict != ProofVerdict::kProved) << seed;
    EXPECT_TRUE(!same || verdict != ProofVerdict::kRefuted) << seed;
    EXPECT_NE(verdict, ProofVerdict::kInconclusive) << seed;
    // Complete, as far as it means to be: where no function differs in any state.
    EXPECT_TRUE(verdict == ProofVerdict::kProved || !testing::same_functions(faulty, net)) << seed;
    ++(!same ? caught : verdict == ProofVerdict::kProved ? harmless : undecided);
  }
  EXPECT_GT(harmless, 5);
  EXPECT_GT(caught, 20);
  EXPECT_LT(undecided, 6);
}

/// Every output of 64 runs against some of them one bit at a time.
void expect_runs_as_one_bit_at_a_time(const Netlist& netlist, std::uint64_t seed) {
  const Machine machine = make_machine(netlist);
  Run run(machine);
  std::mt19937_64 random(seed);
  constexpr std::array<unsigned, 3> kLanes = {0, 17, 63};
  std::vector plain(kLanes.size(), netlist::test::PlainSimulator(netlist));
  for (int cycle = 0; cycle < 12; ++cycle) {
    for (std::size_t i = 0; i < machine.inputs.size(); ++i) run.input(i) = random();
    run.settle();
    for (std::size_t k = 0; k < kLanes.size(); ++k) {
      for (const NamedNet& input : machine.inputs)
        plain[k].set(input.net, (*run.at(input.net) >> kLanes[k] & 1U) != 0);
      plain[k].settle();
      const std::vector<Net>& out = netlist.port("out")->bits;
      ASSERT_EQ(machine.outputs.size(), out.size());
      for (std::size_t i = 0; i < out.size(); ++i) {
        const std::string name = fmt::format("out[{}]", i);
        const auto at = std::ranges::find(machine.outputs, name, &NamedNet::name);
        ASSERT_NE(at, machine.outputs.end());
        ASSERT_EQ((*run.at(at->net) >> kLanes[k] & 1U) != 0, plain[k].get(out[i]))
            << "seed " << seed << ", cycle " << cycle << ", " << name;
      }
      plain[k].clock();
    }
    run.step();
  }
}

TEST(ProofMachine, RunsRandomNetlistsAsOneBitAtATime) {
  for (unsigned seed = 0; seed < 60; ++seed) {
    expect_runs_as_one_bit_at_a_time(netlist::test::RandomNetlist(seed).take(), seed);
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace assay::sim
