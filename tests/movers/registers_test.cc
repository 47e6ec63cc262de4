// SPDX-License-Identifier: Apache-2.0
// The registers of data movers against the one table of them, and what they do.
#include <gmock/gmock.h>

#include <set>

#include "movers/rig.h"

namespace assay::movers::test {
namespace {

using Access = MoverRegister::Access;
using sim::AxiAnswer;

constexpr std::uint64_t kBase = 0x10000;

/// Both kinds of movers, small, as one model: designs 0 and 1.
struct Pair {
  DataMover in = mover_of(true, 64, 3, 5), out = mover_of(false, 64, 3, 5);
  sim::Model model;
  Pair() {
    sim::ModelSpec spec;
    spec.sources = mover_sources();
    add_mover(spec, in);
    add_mover(spec, out);
    model = model_cache().get(spec);
  }
};

class MoverRegisters : public ::testing::TestWithParam<bool> {
 protected:
  static const Pair& both() {
    static const Pair pair;
    return pair;
  }
  bool reads() const { return GetParam(); }
  const DataMover& mover() const { return reads() ? both().in : both().out; }

  /// Gives a transfer its bytes, or its beats.
  void supply(std::int64_t frames) {
    const std::string beats =
        random_bytes(random_, frames * mover().frame_beats * mover().beat_bytes);
    session.clear();
    session.map({kBase, 0x10000}, reads(), !reads());
    if (reads())
      session.put(kBase, mover().to_memory(beats));
    else
      session.feed(0, with_last(mover(), beats));
    beats_ = beats;
  }
  std::string moved(std::int64_t frames) {
    if (reads()) return difference(with_last(mover(), beats_), session.taken(0));
    return difference(
        mover().to_memory(beats_),
        session.get(kBase, static_cast<std::uint64_t>(mover().transfer_bytes(frames))));
  }
  std::uint32_t read(unsigned offset) { return session.read(0, offset); }
  bool idle_soon(int polls = 500) {
    for (int i = 0; i < polls; ++i)
      if ((driver.control() & kIdle) != 0) return true;
    return false;
  }

  std::mt19937_64 random_{7};
  std::string beats_;
  sim::AxiSession session{both().model, GetParam() ? 0 : 1, {axi_mover(mover())}, "/", 3};
  Driver driver{session};
};

TEST(MoverRegisterTable, IsASpaceOfDistinctWords) {
  std::set<unsigned> offsets;
  std::set<std::string_view> names;
  for (const MoverRegister& r : kMoverRegisters) {
    EXPECT_EQ(r.offset % 4, 0U) << r.name;
    EXPECT_LT(r.offset, kMoverRegisterBytes) << r.name;
    EXPECT_TRUE(offsets.insert(r.offset).second) << r.name;
    EXPECT_TRUE(names.insert(r.name).second) << r.name;
  }
  for (const MoverBit& b : kMoverBits) EXPECT_TRUE(names.contains(b.reg)) << b.name;
}

TEST_P(MoverRegisters, HoldWhatTheMoverWasBuiltFor) {
  EXPECT_EQ(read(mover_offset("version")), kMoverVersion);
  EXPECT_EQ(read(mover_offset("beat_bytes")), 3U);
  EXPECT_EQ(read(mover_offset("frame_beats")), 5U);
  EXPECT_EQ(read(mover_offset("memory_bits")), 64U);
  std::string hash;
  for (unsigned i = 0; i < 8; ++i)
    hash += fmt::format("{:08x}", read(mover_offset("hash_0") + 4 * i));
  EXPECT_EQ(hash, kHash);
}

/// Every word of the space, under every profile: bits that can be written are those that the table says.
TEST_P(MoverRegisters, TakeWhatTheTableSays) {
  for (int profile = 0; profile < sim::kProfiles; ++profile) {
    session.reset();
    session.pace({.profile = static_cast<sim::Profile>(profile), .seed = 5});
    for (unsigned offset = 4; offset < kMoverRegisterBytes; offset += 4) {
      SCOPED_TRACE(fmt::format("offset {:#x}", offset));
      const auto r = std::ranges::find(kMoverRegisters, offset, &MoverRegister::offset);
      const std::uint32_t before = read(offset);
      if (r == kMoverRegisters.end()) {
        EXPECT_EQ(before, 0U);
      }
      session.write(0, offset, 0xa5a5a5a7);
      std::uint32_t mask = 0;
      if (r != kMoverRegisters.end() && r->access == Access::kReadWrite) {
        mask = 0xffffffff;
        if (std::ranges::count(kMoverBits, r->name, &MoverBit::reg) != 0) {
          mask = 0;
          for (const MoverBit& b : kMoverBits)
            if (b.reg == r->name) mask |= 1U << b.bit;
        }
      }
      EXPECT_EQ(read(offset), mask == 0 ? before : 0xa5a5a5a7 & mask);
      session.write(0, offset, 0);
    }
    EXPECT_EQ(driver.control(), kIdle);
  }
  EXPECT_EQ(violations_text(session), "");
}

TEST_P(MoverRegisters, TakeSingleBytes) {
  const unsigned at = mover_offset("base_low");
  session.write(0, at, 0x11223344);
  session.write(0, at, 0xaabbccdd, 0b0101);
  EXPECT_EQ(read(at), 0x11bb33ddU);
  session.write(0, mover_offset("control"), 1, 0b1110);
  EXPECT_EQ(driver.control(), kIdle);
}

TEST_P(MoverRegisters, NoFrameIsDoneAtOnce) {
  driver.start(kBase, 0);
  EXPECT_EQ(driver.control(), kDone | kIdle | kReady);
  EXPECT_EQ(driver.control(), kIdle);
  EXPECT_EQ(driver.error(), 0U);
  EXPECT_LE(driver.cycles(), 2U);
  EXPECT_EQ(session.counts(0).bursts, 0);
}

TEST_P(MoverRegisters, DoneIsClearedByTheNextStart) {
  supply(1);
  driver.start(kBase, 1);
  session.step(500);
  EXPECT_EQ(moved(1), "");
  if (!reads()) beats_.clear();
  driver.start(kBase, 1);  // of a writer, nothing comes
  session.step(reads() ? 500 : 50);
  EXPECT_EQ(driver.control(), reads() ? kDone | kIdle | kReady : 0U);
}

TEST_P(MoverRegisters, AStartWhileItRunsIsIgnored) {
  supply(3);
  session.pace({.latency = 300});
  driver.start(kBase, 3);
  driver.start(kBase + 0x100, 2);
  EXPECT_EQ(driver.control(), 0U);
  ASSERT_TRUE(idle_soon());
  session.step(2000);
  EXPECT_EQ(moved(3), "");
  EXPECT_EQ(read(mover_offset("frames")), 2U);
}

TEST_P(MoverRegisters, AnAddressThatIsNotAlignedMovesNothing) {
  for (const std::uint64_t base : {kBase + 1, kBase + 4}) {
    supply(2);
    driver.start(base, 2);
    EXPECT_EQ(driver.control(), kDone | kIdle | kReady);
    EXPECT_EQ(driver.error(), mover_bit("error", "bad_address"));
    session.step(300);
    EXPECT_EQ(session.counts(0).bursts, 0);
    if (reads()) {
      EXPECT_EQ(session.taken(0), "");
    }
    session.reset();
  }
  supply(2);
  driver.start(kBase, 2);
  ASSERT_TRUE(idle_soon());
  EXPECT_EQ(driver.error(), 0U);
  EXPECT_EQ(moved(2), "");
}

TEST_P(MoverRegisters, InterruptsWhereItIsEnabled) {
  const auto run = [&](std::uint64_t base) {
    supply(1);
    driver.start(base, 1);
    const bool came = session.wait(1, 500);
    EXPECT_TRUE(idle_soon());
    return came;
  };
  const unsigned global = mover_offset("global_interrupt_enable"),
                 enable = mover_offset("interrupt_enable"),
                 status = mover_offset("interrupt_status");
  const std::uint32_t done = mover_bit("interrupt_enable", "done"),
                      error = mover_bit("interrupt_enable", "error");
  EXPECT_FALSE(run(kBase));
  session.write(0, enable, done);
  EXPECT_FALSE(run(kBase));
  EXPECT_EQ(read(status), done);
  session.write(0, global, 1);
  EXPECT_TRUE(session.wait(1, 5));
  session.write(0, status, error);  // another one
  EXPECT_EQ(read(status), done);
  session.write(0, status, done);
  EXPECT_EQ(read(status), 0U);
  EXPECT_FALSE(session.wait(1, 5));
  EXPECT_TRUE(run(kBase));
  session.write(0, status, done);
  session.write(0, enable, error);
  EXPECT_FALSE(run(kBase));
  EXPECT_TRUE(run(kBase + 2));
  EXPECT_EQ(read(status), error);
}

/// A burst with an error is counted through, wherever it is, and the next transfer is as good as new.
TEST_P(MoverRegisters, ErrorsEndInAnErrorAndNothingHangs) {
  constexpr std::int64_t kFrames = 60;
  const std::int64_t bytes = mover().transfer_bytes(kFrames);
  for (const auto& [answer, bit] :
       {std::pair{AxiAnswer::kSlaveError, mover_bit("error", "slave_error")},
        {AxiAnswer::kDecodeError, mover_bit("error", "decode_error")}})
    for (const std::int64_t at : {std::int64_t{0}, bytes / 2, bytes - 8}) {
      SCOPED_TRACE(fmt::format("byte {} answers {}", at, static_cast<int>(answer)));
      supply(kFrames);
      session.fail({kBase + static_cast<std::uint64_t>(at), 1}, answer);
      session.pace({.profile = sim::Profile::kBernoulli, .latency = 9, .seed = 2});
      driver.start(kBase, kFrames);
      ASSERT_TRUE(idle_soon(20000));
      EXPECT_EQ(driver.error(), bit);
      EXPECT_EQ(moved(kFrames), "");
      supply(kFrames);
      driver.start(kBase, kFrames);
      ASSERT_TRUE(idle_soon(20000));
      EXPECT_EQ(driver.error(), 0U);
      EXPECT_EQ(moved(kFrames), "");
    }
  EXPECT_EQ(violations_text(session), "");
}

TEST_P(MoverRegisters, CyclesAreThoseFromStartToDone) {
  supply(3);
  session.pace({.latency = 20});
  driver.start(kBase, 3);
  const std::int64_t begun = session.cycle();
  while (driver.control() == 0) {
  }
  const auto seen = static_cast<std::uint64_t>(session.cycle() - begun), told = driver.cycles();
  EXPECT_GT(told, 20U);
  EXPECT_LT(told, seen + 10);
  EXPECT_GT(told + 20, seen);
  session.step(1000);
  EXPECT_EQ(driver.cycles(), told);
}

TEST_P(MoverRegisters, AResetInTheMiddleLeavesNothing) {
  for (int cycles = 3; cycles < 90; cycles += 7) {
    supply(30);
    session.pace({.profile = sim::Profile::kBernoulli, .seed = static_cast<std::uint64_t>(cycles)});
    driver.start(kBase, 30);
    session.step(cycles);
    session.reset();
    EXPECT_EQ(driver.control(), kIdle);
    supply(2);
    driver.start(kBase, 2);
    ASSERT_TRUE(idle_soon());
    EXPECT_EQ(moved(2), "");
  }
  EXPECT_EQ(violations_text(session), "");
}

INSTANTIATE_TEST_SUITE_P(Movers, MoverRegisters, ::testing::Bool(),
                         [](const auto& info) { return info.param ? "In" : "Out"; });

class MoverOut : public MoverRegisters {};

TEST_P(MoverOut, SaysWhereTlastIsNot) {
  for (const std::size_t wrong : {0U, 4U, 9U}) {
    supply(2);
    session.reset();
    std::string beats = with_last(mover(), beats_);
    beats[wrong * 4 + 3] = static_cast<char>(beats[wrong * 4 + 3] ^ 1);
    session.feed(0, beats);
    driver.start(kBase, 2);
    ASSERT_TRUE(idle_soon());
    EXPECT_EQ(driver.error(), mover_bit("error", "misplaced_last"));
    EXPECT_EQ(moved(2), "");
  }
}

TEST_P(MoverOut, TakesNoBeatBeyondItsFrames) {
  supply(3);
  driver.start(kBase, 2);
  ASSERT_TRUE(idle_soon());
  session.step(200);
  driver.start(kBase + 0x1000, 1);
  ASSERT_TRUE(idle_soon());
  EXPECT_EQ(difference(mover().to_memory(beats_),
                       session.get(kBase, static_cast<std::uint64_t>(mover().transfer_bytes(2))) +
                           session.get(kBase + 0x1000,
                                       static_cast<std::uint64_t>(mover().transfer_bytes(1)))),
            "");
  EXPECT_EQ(driver.error(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Movers, MoverOut, ::testing::Values(false),
                         [](const auto&) { return "Out"; });

}  // namespace
}  // namespace assay::movers::test
