// SPDX-License-Identifier: Apache-2.0
// The rules that an AXI memory watches: each is broken once by a master that is scripted cycle by cycle.
#include "sim/bench/axi_memory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/bench/axi_control.h"

namespace assay::sim {
namespace {

constexpr int kBits = 64;
constexpr std::uint64_t kAt = 0x2000;
constexpr AxiLimits kLimits{kBits, 4, 2};

/// Pins that a test sets and reads.
struct Wires {
  explicit Wires(int width) : data(static_cast<std::size_t>(width + 7) / 8), bits(width) {}
  PortPins pins() { return {&valid, &ready, data.data(), bits}; }
  std::uint8_t valid = 0, ready = 0;
  std::vector<std::uint8_t> data;
  int bits;
};

void set_address(Wires& wires, std::uint64_t address, int words, int size = 3, int burst = 1) {
  set_bits(wires.data.data(), 0, 64, address);
  set_bits(wires.data.data(), 64, 8, static_cast<std::uint64_t>(words - 1));
  set_bits(wires.data.data(), 72, 3, static_cast<std::uint64_t>(size));
  set_bits(wires.data.data(), 75, 2, static_cast<std::uint64_t>(burst));
}

/// A master and a memory of two pages; ok() says that nothing was broken.
struct Bus {
  Bus() {
    store.map({kAt, 0x2000}, true, true);
    for (AxiPort* port : {static_cast<AxiPort*>(&reader), static_cast<AxiPort*>(&writer)}) {
      port->pace({});
      port->restart();
    }
    r.ready = b.ready = 1;
  }
  void cycle() {
    reader.drive(now);
    writer.drive(now);
    if (stall_ar) ar.ready = 0;
    if (stall_aw) aw.ready = 0;
    if (stall_w) w.ready = 0;
    if (r.valid != 0) read_back.push_back(r.data[0]);
    if (b.valid != 0) answers.push_back(b.data[0]);
    reader.observe(now);
    writer.observe(now);
    ++now;
  }
  void ask_read(std::uint64_t address, int words, int size = 3, int burst = 1) {
    set_address(ar, address, words, size, burst);
    ar.valid = 1;
    cycle();
    ar.valid = 0;
  }
  void ask_write(std::uint64_t address, int words, int size = 3, int burst = 1) {
    set_address(aw, address, words, size, burst);
    aw.valid = 1;
    cycle();
    aw.valid = 0;
  }
  void write_word(std::uint8_t value, bool last, unsigned strobes = 0xff) {
    w.valid = 1;
    w.data[0] = value;
    set_bits(w.data.data(), kBits, 8, strobes);
    set_bits(w.data.data(), kBits + 8, 1, last ? 1 : 0);
    cycle();
    w.valid = 0;
  }
  void idle(int cycles = 10) {
    for (int i = 0; i < cycles; ++i) cycle();
  }
  std::vector<std::string> broken() const {
    std::vector<std::string> all;
    for (const Violation& v : rules.violations()) all.push_back(v.rule + " " + v.stream);
    return all;
  }

  AxiStore store;
  AxiRules rules;
  Wires ar{kAxiAddressBits}, r{axi_read_bits(kBits)}, aw{kAxiAddressBits}, w{axi_write_bits(kBits)},
      b{kAxiAnswerBits};
  AxiReadPort reader{ar.pins(), r.pins(), store, kLimits, "m", rules};
  AxiWritePort writer{aw.pins(), w.pins(), b.pins(), store, kLimits, "m", rules};
  bool stall_ar = false, stall_aw = false, stall_w = false;
  std::vector<int> read_back, answers;
  std::int64_t now = 0;
};

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(AxiMemory, ReadsAndWritesWhatLiesThere) {
  Bus bus;
  bus.store.put(kAt, std::string("abcdefghijklmnop"));
  bus.ask_read(kAt, 2);
  bus.idle();
  EXPECT_THAT(bus.read_back, ElementsAre('a', 'i'));
  bus.ask_write(kAt, 2);
  bus.write_word('X', false, 0x01);
  bus.write_word('Y', true, 0x00);
  bus.idle();
  EXPECT_EQ(bus.store.get(kAt, 9), "Xbcdefghi");
  EXPECT_THAT(bus.answers, ElementsAre(0));
  EXPECT_THAT(bus.broken(), IsEmpty());
  EXPECT_EQ(bus.reader.counts().words, 2);
  EXPECT_EQ(bus.writer.counts().bursts, 1);
}

TEST(AxiMemory, DataMayComeWithTheirAddressOrAfterIt) {
  Bus bus;
  bus.stall_aw = true;
  set_address(bus.aw, kAt, 1);
  bus.aw.valid = 1;
  bus.write_word('Z', true);  // offered, not taken
  bus.idle(3);
  EXPECT_THAT(bus.answers, IsEmpty());
  bus.stall_aw = false;
  bus.cycle();
  bus.aw.valid = 0;
  bus.idle();
  EXPECT_THAT(bus.answers, ElementsAre(0));
  EXPECT_THAT(bus.broken(), IsEmpty());
}

TEST(AxiMemory, OrdersWhatWaitsForWhat) {
  using Order = AxiTiming::Order;
  Bus bus;
  bus.writer.pace({.order = Order::kAddressFirst});
  set_address(bus.aw, kAt, 1);
  bus.stall_aw = true;
  bus.aw.valid = bus.w.valid = 1;
  set_bits(bus.w.data.data(), kBits, 9, 0x1ff);
  bus.idle(3);
  EXPECT_EQ(bus.w.ready, 0);
  bus.stall_aw = false;
  bus.cycle();
  bus.aw.valid = 0;
  bus.cycle();
  EXPECT_EQ(bus.w.ready, 1);

  Bus other;
  other.writer.pace({.order = Order::kDataFirst});
  set_address(other.aw, kAt, 1);
  other.aw.valid = 1;
  other.idle(3);
  EXPECT_EQ(other.aw.ready, 0);
  other.write_word(1, true);
  other.cycle();
  EXPECT_EQ(other.aw.ready, 1);
}

TEST(AxiMemory, AnswersErrorsWhereItIsTold) {
  Bus bus;
  bus.store.fail({kAt + 8, 1}, AxiAnswer::kSlaveError);
  bus.store.fail({kAt + 0x100, 8}, AxiAnswer::kDecodeError);
  for (const std::uint64_t at : {kAt, kAt + 0x100, kAt + 0x108}) {
    bus.ask_write(at, 2);
    bus.write_word(1, false);
    bus.write_word(2, true);
    bus.idle();
  }
  EXPECT_THAT(bus.answers, ElementsAre(2, 3, 0));
  bus.ask_read(kAt + 8, 1);
  bus.cycle();
  EXPECT_EQ(get_bits(bus.r.data.data(), kBits, 3), 0b110U);
}

TEST(AxiMemory, WaitsAsLongAsItIsTold) {
  Bus bus;
  bus.reader.pace({.latency = 5});
  bus.writer.pace({.latency = 7});
  bus.ask_read(kAt, 1);
  bus.idle(5);
  EXPECT_THAT(bus.read_back, IsEmpty());
  bus.cycle();
  EXPECT_EQ(bus.read_back.size(), 1U);
  bus.ask_write(kAt, 1);
  bus.write_word(1, true);
  bus.idle(7);
  EXPECT_THAT(bus.answers, IsEmpty());
  bus.cycle();
  EXPECT_EQ(bus.answers.size(), 1U);
}

// ---- Each rule ----

TEST(AxiRule, BurstsStayWithin4K) {
  Bus bus;
  bus.ask_read(kAt + 0x1000 - 8, 2);
  bus.ask_write(kAt + 0x1000 - 16, 3);
  EXPECT_THAT(bus.broken(), ElementsAre("burst-crosses-4k m.ar", "burst-crosses-4k m.aw"));
  Bus good;
  good.ask_read(kAt + 0x1000 - 16, 2);
  EXPECT_THAT(good.broken(), IsEmpty());
}

TEST(AxiRule, BurstsAreNotTooLong) {
  Bus bus;
  bus.ask_read(kAt, 4);
  EXPECT_THAT(bus.broken(), IsEmpty());
  bus.ask_read(kAt, 5);
  EXPECT_THAT(bus.broken(), ElementsAre("burst-too-long m.ar"));
}

TEST(AxiRule, BurstsAreWholeWordsThatFollowEachOther) {
  Bus narrow, fixed, odd;
  narrow.ask_read(kAt, 1, 2);
  EXPECT_THAT(narrow.broken(), ElementsAre("burst-is-no-incr m.ar"));
  fixed.ask_write(kAt, 1, 3, 0);
  EXPECT_THAT(fixed.broken(), ElementsAre("burst-is-no-incr m.aw"));
  odd.ask_read(kAt + 4, 1);
  EXPECT_THAT(odd.broken(), ElementsAre("burst-not-aligned m.ar"));
}

TEST(AxiRule, BurstsUnderWayAreCounted) {
  Bus bus;
  bus.reader.pace({.latency = 50});
  bus.ask_read(kAt, 1);
  bus.ask_read(kAt, 1);
  EXPECT_THAT(bus.broken(), IsEmpty());
  bus.ask_read(kAt, 1);
  EXPECT_THAT(bus.broken(), ElementsAre("too-many-bursts m.ar"));
  Bus writes;
  for (int i = 0; i < 3; ++i) writes.ask_write(kAt, 1);
  EXPECT_THAT(writes.broken(), ElementsAre("too-many-bursts m.aw"));
}

TEST(AxiRule, ReadsStayInTheirBuffers) {
  for (const std::uint64_t at : {kAt - 8, kAt + 0x2000}) {
    Bus bus;
    bus.ask_read(at, 1);
    EXPECT_THAT(bus.broken(), ElementsAre("reads-outside m.ar"));
  }
  Bus bus;
  bus.store.clear();
  bus.store.map({kAt, 9}, true, false);  // its last word lies partly outside
  bus.ask_read(kAt, 2);
  EXPECT_THAT(bus.broken(), IsEmpty());
  bus.ask_read(kAt + 16, 1);
  EXPECT_THAT(bus.broken(), ElementsAre("reads-outside m.ar"));
  Bus closed;
  closed.store.clear();
  closed.store.map({kAt, 64}, false, true);
  closed.ask_read(kAt, 1);
  EXPECT_THAT(closed.broken(), ElementsAre("reads-outside m.ar"));
}

TEST(AxiRule, WritesStayInTheirBuffers) {
  Bus bus;
  bus.store.clear();
  bus.store.map({kAt, 9}, false, true);
  bus.ask_write(kAt, 2);
  bus.write_word(1, false);
  bus.write_word(2, true, 0x01);
  EXPECT_THAT(bus.broken(), IsEmpty());
  bus.ask_write(kAt + 8, 1);
  bus.write_word(2, true, 0x03);
  EXPECT_THAT(bus.broken(), ElementsAre("writes-outside m.w"));
  Bus closed;
  closed.store.clear();
  closed.store.map({kAt, 64}, true, false);
  closed.ask_write(kAt, 1);
  closed.write_word(1, true);
  EXPECT_THAT(closed.broken(), ElementsAre("writes-outside m.w"));
}

TEST(AxiRule, LastIsAtTheEnd) {
  Bus early, late;
  early.ask_write(kAt, 2);
  early.write_word(1, true);
  EXPECT_THAT(early.broken(), ElementsAre("last-misplaced m.w"));
  late.ask_write(kAt, 1);
  late.write_word(1, false);
  EXPECT_THAT(late.broken(), ElementsAre("last-misplaced m.w"));
}

TEST(AxiRule, DataBelongToABurst) {
  Bus bus;
  bus.write_word(1, true);
  EXPECT_THAT(bus.broken(), ElementsAre("data-unasked m.w"));
  Bus more;
  more.ask_write(kAt, 1);
  more.write_word(1, true);
  more.write_word(2, true);
  EXPECT_THAT(more.broken(), ElementsAre("data-unasked m.w"));
}

TEST(AxiRule, DataDoNotWaitWithinABurst) {
  Bus bus;
  bus.ask_write(kAt, 2);
  bus.write_word(1, false);
  bus.cycle();
  bus.write_word(2, true);
  EXPECT_THAT(bus.broken(), ElementsAre("data-waits m.w"));
}

TEST(AxiRule, DataThatAreReadAreTakenAtOnce) {
  Bus bus;
  bus.r.ready = 0;
  bus.ask_read(kAt, 1);
  bus.cycle();
  EXPECT_THAT(bus.broken(), ElementsAre("blocks-the-bus m.ar"));
}

TEST(AxiRule, WhatIsOfferedStays) {
  Bus bus;
  bus.stall_ar = bus.stall_w = true;
  bus.ask_read(kAt, 1);
  bus.cycle();
  EXPECT_THAT(bus.broken(), ElementsAre("valid-withdrawn m.ar"));
  Bus other;
  other.stall_ar = true;
  other.ask_read(kAt, 1);
  other.ask_read(kAt + 8, 1);
  EXPECT_THAT(other.broken(), ElementsAre("data-changed m.ar"));
  Bus words;
  words.stall_w = true;
  words.ask_write(kAt, 1);
  words.write_word(1, true);
  words.write_word(2, true);
  EXPECT_THAT(words.broken(), ElementsAre("data-changed m.w"));
}

// ---- Registers ----

struct Lite {
  Lite() {
    control.restart();
    aw.ready = w.ready = ar.ready = 1;
  }
  void cycle() {
    control.drive();
    control.observe(now++);
  }
  AxiRules rules;
  Wires aw{kLiteAddressBits}, w{kLiteWriteBits}, b{kAxiAnswerBits}, ar{kLiteAddressBits},
      r{kLiteReadBits};
  AxiControl control{{aw.pins(), w.pins(), b.pins(), ar.pins(), r.pins()}, "c", rules};
  std::int64_t now = 0;
};

TEST(AxiControl, WritesAndReadsOneAtATime) {
  Lite bus;
  bus.control.begin_write(0x1c, 0xdeadbeef, 0x5);
  bus.cycle();
  EXPECT_EQ(get_bits(bus.aw.data.data(), 0, 7), 0x1cU);
  EXPECT_EQ(get_bits(bus.w.data.data(), 0, 36), 0x5deadbeefU);
  bus.cycle();
  EXPECT_EQ(bus.aw.valid, 0);
  EXPECT_TRUE(bus.control.busy());
  bus.b.valid = 1;
  bus.cycle();
  EXPECT_FALSE(bus.control.busy());
  bus.b.valid = 0;
  bus.control.begin_read(0x24);
  bus.cycle();
  set_bits(bus.r.data.data(), 0, 34, 0x012345678U);
  bus.r.valid = 1;
  bus.cycle();
  EXPECT_EQ(bus.control.value(), 0x12345678U);
  EXPECT_FALSE(bus.control.refused());
  EXPECT_THAT(bus.rules.violations(), IsEmpty());
}

TEST(AxiControl, NoticesARefusal) {
  Lite bus;
  bus.control.begin_write(0, 0, 0xf);
  bus.cycle();
  bus.b.valid = 1;
  bus.b.data[0] = 2;
  bus.cycle();
  EXPECT_TRUE(bus.control.refused());
}

TEST(AxiControl, NoticesAnswersToNothing) {
  Lite bus;
  bus.b.valid = bus.r.valid = 1;
  bus.cycle();
  ASSERT_EQ(bus.rules.violations().size(), 2U);
  EXPECT_EQ(bus.rules.violations()[0].rule, "answer-unasked");
  EXPECT_EQ(bus.rules.violations()[1].stream, "c.r");
}

}  // namespace
}  // namespace assay::sim
