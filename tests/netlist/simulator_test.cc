// SPDX-License-Identifier: Apache-2.0
#include "sim/netlist/simulator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "compile/base/error.h"
#include "netlist/plain_simulator.h"
#include "netlist/random_netlist.h"
#include "sim/netlist/passes.h"

namespace assay::sim {
namespace {

using netlist::FlipFlop;
using netlist::Initial;
using netlist::kOne;
using netlist::kZero;
using netlist::Lut;
using netlist::Memory;
using netlist::Net;
using netlist::Netlist;
using netlist::test::add_output;
using netlist::test::add_port;
using netlist::test::Draft;
using netlist::test::memory_of;
using netlist::test::PlainSimulator;
using netlist::test::RandomNetlist;

std::vector<std::uint64_t> numbers(const NetlistSimulator& simulator,
                                   const std::vector<Net>& nets) {
  std::vector<std::uint64_t> result(static_cast<std::size_t>(simulator.lanes()));
  simulator.read(nets, result.data());
  return result;
}

std::vector<std::uint64_t> output(const NetlistSimulator& simulator, const char* name) {
  return numbers(simulator, simulator.netlist().port(name)->bits);
}

void drive(NetlistSimulator& simulator, const char* name,
           const std::function<std::uint64_t(int lane)>& value) {
  std::vector<std::uint64_t> lanes;
  for (int l = 0; l < simulator.lanes(); ++l) lanes.push_back(value(l));
  simulator.write(simulator.netlist().port(name)->bits, lanes.data());
}

std::vector<Instructions> paths() {
  std::vector<Instructions> result;
  for (const Instructions i : {Instructions::kPortable, Instructions::kAvx2, Instructions::kAvx512})
    if (runs_here(i)) result.push_back(i);
  return result;
}

/// Two bits that count where `enable` is set; `reset` wins.
Netlist counter() {
  Draft d;
  const Net enable = add_port(d.netlist, "enable", true, 1)[0];
  const Net reset = add_port(d.netlist, "reset", true, 1)[0];
  const Net low = d.netlist.new_net(), high = d.netlist.new_net();
  const Net not_low = d.netlist.lut(0b01, {low}), sum = d.netlist.lut(0b0110, {low, high});
  for (const auto& [q, next] : {std::pair{low, not_low}, std::pair{high, sum}})
    d.netlist.flip_flops.push_back(
        {.name = {}, .q = q, .d = next, .clock = d.clock, .enable = enable, .reset = reset});
  add_output(d.netlist, "count", {low, high});
  return d.netlist;
}

TEST(NetlistSimulator, CountsInEveryLaneOnItsOwn) {
  NetlistSimulator simulator(counter(), 64);
  drive(simulator, "reset", [](int) { return 1; });
  simulator.settle();
  simulator.clock();
  drive(simulator, "reset", [](int l) { return l == 5 ? 1 : 0; });
  drive(simulator, "enable", [](int l) { return l % 2; });
  for (int i = 0; i < 3; ++i) {
    simulator.settle();
    simulator.clock();
  }
  simulator.settle();
  const std::vector<std::uint64_t> count = output(simulator, "count");
  EXPECT_EQ(count[0], 0U);
  EXPECT_EQ(count[1], 3U);
  EXPECT_EQ(count[5], 0U);
  EXPECT_EQ(count[63], 3U);
  EXPECT_EQ(simulator.values(simulator.netlist().port("count")->bits[0])[0],
            0xaaaaaaaaaaaaaaaaU & ~(std::uint64_t{1} << 5));
}

TEST(NetlistSimulator, FlipFlopsReadOldValues) {
  Draft d;
  const Net in = add_port(d.netlist, "in", true, 1)[0];
  const Net a = d.flip_flop(in), b = d.flip_flop(a), c = d.flip_flop(b);
  const Net x = d.netlist.new_net(), y = d.flip_flop(x, Initial::kOne);
  d.netlist.flip_flops.push_back(
      {.name = {}, .q = x, .d = y, .clock = d.clock, .initial = Initial::kZero});
  add_output(d.netlist, "chain", {a, b, c});
  add_output(d.netlist, "swap", {x, y});
  NetlistSimulator simulator(d.netlist, 64);
  std::vector<std::uint64_t> chain, swap;
  for (const int bit : {1, 0, 1, 1}) {
    drive(simulator, "in", [&](int) { return bit; });
    simulator.settle();
    simulator.clock();
    simulator.settle();
    chain.push_back(output(simulator, "chain")[9]);
    swap.push_back(output(simulator, "swap")[9]);
  }
  EXPECT_THAT(chain, ::testing::ElementsAre(0b001, 0b010, 0b101, 0b011));
  EXPECT_THAT(swap, ::testing::ElementsAre(0b01, 0b10, 0b01, 0b10));
}

TEST(NetlistSimulator, ReadsARomPerLane) {
  for (const std::size_t units : {16, 300}) {  // rows, and numbers
    Draft d;
    const std::vector<Net> address = add_port(d.netlist, "address", true, 9);
    const Net enable = add_port(d.netlist, "enable", true, 1)[0];
    Memory memory = memory_of(12);
    for (std::size_t i = 0; i < units; ++i) memory.units.push_back(i * 7 % 4096);
    memory.reads = {d.read(address, 12, true), d.read(address, 12, false)};
    memory.reads[0].enable = enable;
    add_output(d.netlist, "later", memory.reads[0].data);
    add_output(d.netlist, "now", memory.reads[1].data);
    d.netlist.memories.push_back(memory);
    NetlistSimulator simulator(d.netlist, 512);
    drive(simulator, "address", [](int l) { return l; });
    drive(simulator, "enable", [](int l) { return l % 3 == 0 ? 0 : 1; });
    simulator.settle();
    simulator.clock();
    drive(simulator, "address", [](int l) { return 511 - l; });
    simulator.settle();
    const auto rom = [&](std::size_t at) { return at < units ? at * 7 % 4096 : 0; };
    const std::vector<std::uint64_t> later = output(simulator, "later"),
                                     now = output(simulator, "now");
    for (std::size_t l = 0; l < 512; ++l) {
      EXPECT_EQ(later[l], l % 3 == 0 ? 0 : rom(l)) << l;
      EXPECT_EQ(now[l], rom(511 - l)) << l;
    }
  }
}

/// A memory of `units` bytes that is written by two ports and read at once and at the edge.
Netlist ram_of(std::size_t units) {
  Draft d;
  const std::vector<Net> address = add_port(d.netlist, "address", true, 8);
  const std::vector<Net> data = add_port(d.netlist, "data", true, 8);
  const std::vector<Net> other = add_port(d.netlist, "other", true, 8);
  const Net enable = add_port(d.netlist, "enable", true, 1)[0];
  const Net enable_other = add_port(d.netlist, "enable_other", true, 1)[0];
  Memory memory = memory_of(8, std::vector<std::uint64_t>(units, 0x11));
  memory.reads = {d.read(address, 8, true), d.read(address, 8, false)};
  memory.writes = {
      {.address = address, .data = data, .enables = std::vector<Net>(8, enable), .clock = d.clock},
      {.address = address, .data = other, .enables = std::vector<Net>(8, kZero), .clock = d.clock}};
  for (std::size_t i = 4; i < 8; ++i) memory.writes[1].enables[i] = enable_other;
  add_output(d.netlist, "later", memory.reads[0].data);
  add_output(d.netlist, "now", memory.reads[1].data);
  d.netlist.memories.push_back(memory);
  return d.netlist;
}

TEST(NetlistSimulator, ReadsWhatWasThereBeforeAWrite) {
  for (const std::size_t units : {32, 200}) {
    NetlistSimulator simulator(ram_of(units), 128);
    drive(simulator, "address", [](int l) { return l; });
    drive(simulator, "data", [](int) { return 0x23; });
    drive(simulator, "other", [](int) { return 0x45; });
    drive(simulator, "enable", [](int l) { return l % 2; });
    drive(simulator, "enable_other", [](int l) { return l / 2 % 2; });
    simulator.settle();
    simulator.clock();
    simulator.settle();
    const std::vector<std::uint64_t> later = output(simulator, "later"),
                                     now = output(simulator, "now");
    for (std::size_t l = 0; l < 128; ++l) {
      // Of two writes to a bit the later in the list stays.
      constexpr std::array<std::uint64_t, 4> kWritten = {0x11, 0x23, 0x41, 0x43};
      EXPECT_EQ(later[l], l < units ? 0x11 : 0) << l;
      EXPECT_EQ(now[l], l < units ? kWritten[l % 4] : 0) << units << " " << l;
    }
    EXPECT_EQ(simulator.unit(0, 3, 3), 0x43U);
    EXPECT_EQ(simulator.unit(0, 3, 4), 0x11U);
    simulator.set_unit(0, 3, 4, 0x99);
    EXPECT_EQ(simulator.unit(0, 3, 4), 0x99U);
    EXPECT_EQ(simulator.unit(0, 3, 3), 0x43U);
    simulator.wake(1);
    EXPECT_EQ(simulator.unit(0, 3, 3), 0x11U);
  }
}

TEST(NetlistSimulator, KeepsAMemoryThatIsNeverWrittenOnceUntilALaneChangesIt) {
  Draft d;
  const std::vector<Net> address = add_port(d.netlist, "address", true, 7);
  Memory memory = memory_of(4, std::vector<std::uint64_t>(100, 5));
  memory.reads = {d.read(address, 8, false)};
  add_output(d.netlist, "now", memory.reads[0].data);
  d.netlist.memories.push_back(memory);
  NetlistSimulator simulator(d.netlist, 64);
  simulator.set_unit(0, 7, 33, 9);
  drive(simulator, "address", [](int) { return 3; });
  simulator.settle();
  EXPECT_EQ(output(simulator, "now")[32], 0x55U);
  EXPECT_EQ(output(simulator, "now")[33], 0x95U);
}

TEST(NetlistSimulator, DrawsWhatIsUnknownForEveryLane) {
  Draft d;
  std::vector<Net> bits;
  for (const Initial initial : {Initial::kZero, Initial::kOne, Initial::kUnknown})
    bits.push_back(d.flip_flop(kZero, initial));
  add_output(d.netlist, "out", bits);
  NetlistSimulator simulator(d.netlist, 512);
  simulator.wake(3);
  const std::vector<std::uint64_t> first = output(simulator, "out");
  EXPECT_THAT(first, ::testing::Each(::testing::AnyOf(0b010, 0b110)));
  const auto ones = std::ranges::count(first, 0b110U);
  EXPECT_GT(ones, 150);
  EXPECT_LT(ones, 350);
  simulator.settle();
  simulator.clock();
  simulator.wake(4);
  EXPECT_NE(output(simulator, "out"), first);
  simulator.wake(3);
  EXPECT_EQ(output(simulator, "out"), first);
}

/// Runs some lanes also one bit at a time, and compares every net that both have.
void compare_with_plain(const Netlist& design, int lanes, Instructions path, unsigned seed) {
  NetlistSimulator simulator(design, lanes, path);
  simulator.wake(seed);
  std::mt19937_64 random(seed);
  const Netlist& netlist = simulator.netlist();
  std::vector<std::pair<int, PlainSimulator>> plain;
  for (const int lane : {0, 63, lanes - 64 + static_cast<int>(random() % 64)})
    plain.emplace_back(lane, PlainSimulator(netlist));
  const auto of_lane = [&](Net net, int lane) {
    return (simulator.values(net)[static_cast<std::size_t>(lane) / 64] >> (lane % 64) & 1U) != 0;
  };
  for (auto& [lane, one] : plain) {
    for (const FlipFlop& cell : netlist.flip_flops) one.set(cell.q, of_lane(cell.q, lane));
    for (const Memory& memory : netlist.memories)
      for (const Memory::ReadPort& read : memory.reads)
        if (read.registered)
          for (const Net net : read.data) one.set(net, of_lane(net, lane));
  }
  for (int cycle = 0; cycle < 12; ++cycle) {
    std::vector<std::uint64_t> in(static_cast<std::size_t>(lanes));
    for (std::uint64_t& number : in) number = random() & 0xfff;
    simulator.write(netlist.port("in")->bits, in.data());
    simulator.settle();
    for (auto& [lane, one] : plain) {
      one.set("in", in[static_cast<std::size_t>(lane)]);
      one.settle();
      for (Net net = 2; net < netlist.nets; ++net)
        if (simulator.has(net)) {
          ASSERT_EQ(of_lane(net, lane), one.get(net)) << "net " << net << " lane " << lane;
        }
      one.clock();
    }
    simulator.clock();
  }
}

TEST(NetlistSimulator, AgreesWithOneBitAtATimeOnRandomNetlists) {
  constexpr std::array<int, 8> kLanes = {64, 128, 192, 256, 320, 384, 448, 512};
  for (unsigned seed = 0; seed < 160; ++seed) {
    const Netlist netlist = RandomNetlist(seed).take();
    for (const Instructions path : paths()) {
      compare_with_plain(netlist, kLanes[seed % 8], path, seed);
      if (HasFatalFailure()) FAIL() << "seed " << seed << " path " << static_cast<int>(path);
    }
  }
}

TEST(NetlistSimulator, EveryInstructionSetHasLoopsOfItsOwn) {
  EXPECT_NE(&passes(Instructions::kPortable), &passes(Instructions::kAvx2));
  EXPECT_NE(&passes(Instructions::kPortable), &passes(Instructions::kAvx512));
  EXPECT_NE(&passes(Instructions::kAvx2), &passes(Instructions::kAvx512));
}

/// Whether this processor has it or not, each path is named.
class NetlistPaths : public ::testing::TestWithParam<Instructions> {};

TEST_P(NetlistPaths, GivesWhatThePortableOneGives) {
  if (!runs_here(GetParam())) GTEST_SKIP() << "this processor has no such instructions";
  for (unsigned seed = 1000; seed < 1030; ++seed)
    for (const int lanes : {64, 256, 512}) {
      NetlistSimulator one(RandomNetlist(seed).take(), lanes, Instructions::kPortable);
      NetlistSimulator other(RandomNetlist(seed).take(), lanes, GetParam());
      std::mt19937_64 random(seed);
      one.wake(seed), other.wake(seed);
      for (int cycle = 0; cycle < 10; ++cycle) {
        const auto in = [&](int) { return random() & 0xfff; };
        drive(one, "in", in);
        for (const Net net : one.netlist().port("in")->bits)
          std::ranges::copy(one.values(net), other.values(net).begin());
        one.settle(), other.settle();
        for (Net net = 0; net < one.netlist().nets; ++net)
          if (one.has(net)) {
            ASSERT_TRUE(std::ranges::equal(one.values(net), other.values(net)))
                << "seed " << seed << " net " << net;
          }
        one.clock(), other.clock();
      }
    }
}

INSTANTIATE_TEST_SUITE_P(All, NetlistPaths,
                         ::testing::Values(Instructions::kAvx2, Instructions::kAvx512),
                         [](const auto& info) {
                           return info.param == Instructions::kAvx2 ? "Avx2" : "Avx512";
                         });

TEST(NetlistSimulator, AnInvertedTableInvertsItsNet) {
  const Netlist right = RandomNetlist(1).take();
  int seen = 0;
  for (std::size_t i = 0; i < right.luts.size(); ++i) {
    Netlist wrong = right;
    Lut& lut = wrong.luts[i];
    lut.table ^= ~std::uint64_t{0} >> (64 - (1U << lut.size));
    NetlistSimulator a(right, 64), b(wrong, 64);
    if (!a.has(lut.out) || !b.has(lut.out)) continue;
    for (NetlistSimulator* simulator : {&a, &b}) {
      simulator->wake(1);
      drive(*simulator, "in", [](int l) { return l * 31; });
      simulator->settle();
    }
    EXPECT_EQ(a.values(lut.out)[0], ~b.values(lut.out)[0]) << i;
    ++seen;
  }
  EXPECT_GT(seen, 30);
}

TEST(NetlistSimulator, RefusesWhatItCannotSimulate) {
  const auto message = [](const Netlist& netlist, int lanes = 64) {
    try {
      const NetlistSimulator simulator(netlist, lanes);
    } catch (const UserError& error) {
      return std::string(error.what());
    }
    return std::string("nothing");
  };
  EXPECT_THAT(message(counter(), 63), ::testing::HasSubstr("63 lanes"));
  EXPECT_THAT(message(counter(), 0), ::testing::HasSubstr("0 lanes"));
  EXPECT_THAT(message(counter(), 576), ::testing::HasSubstr("576 lanes"));
  {
    Netlist made = counter();
    const Net clock = made.lut(0b01, {made.ports[0].bits[0]});
    for (FlipFlop& cell : made.flip_flops) cell.clock = clock;
    EXPECT_THAT(message(made), ::testing::HasSubstr("a clock made inside"));
  }
  {
    Netlist read = counter();
    add_output(read, "gated", {read.lut(0b0110, {read.ports[0].bits[0], read.ports[1].bits[0]})});
    EXPECT_THAT(message(read), ::testing::HasSubstr("is also data"));
  }
  {
    Netlist loop = counter();
    const Net a = loop.new_net(), b = loop.lut(0b0110, {a, loop.ports[1].bits[0]});
    loop.luts.push_back({.out = a, .size = 2, .inputs = {b, loop.ports[2].bits[0]}, .table = 6});
    add_output(loop, "loop", {a});
    EXPECT_THAT(message(loop), ::testing::HasSubstr("combinational loop"));
  }
  {
    Netlist twice = counter();
    twice.luts.push_back({.out = twice.luts[0].out});
    EXPECT_THAT(message(twice), ::testing::HasSubstr("two drivers"));
  }
}

TEST(NetlistSimulator, StateOfAClockThatIsAConstantStays) {
  Draft d;
  const Net in = add_port(d.netlist, "in", true, 1)[0];
  const Net still = d.flip_flop(in, Initial::kOne), moves = d.flip_flop(in, Initial::kOne);
  d.netlist.flip_flops[0].clock = kZero;
  Memory memory = memory_of(1, {0, 0});
  memory.reads = {d.read({in}, 1, true), d.read({in}, 1, false)};
  memory.reads[0].clock = kOne;
  memory.reads[0].initial = Initial::kOne;
  memory.writes.resize(2);
  for (Memory::WritePort& write : memory.writes) {
    write.address = {in};
    write.data = {kOne};
    write.enables = {kOne};
  }
  memory.writes[1].clock = d.clock;
  memory.writes[1].enables = {kZero};
  add_output(d.netlist, "out", {still, moves, memory.reads[0].data[0], memory.reads[1].data[0]});
  d.netlist.memories.push_back(memory);
  NetlistSimulator simulator(d.netlist, 64);
  simulator.settle();
  simulator.clock();
  simulator.settle();
  EXPECT_THAT(output(simulator, "out"), ::testing::Each(0b0101));
}

TEST(NetlistSimulator, ANetThatNothingDrivesIsZero) {
  Draft d;
  const Net loose = d.netlist.new_net();
  add_output(d.netlist, "out", {d.netlist.lut(0b01, {loose}), loose});
  NetlistSimulator simulator(d.netlist, 64);
  simulator.settle();
  EXPECT_THAT(output(simulator, "out"), ::testing::Each(0b01));
}

}  // namespace
}  // namespace assay::sim
