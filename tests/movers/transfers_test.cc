// SPDX-License-Identifier: Apache-2.0
// Data movers alone between a memory and a stream: every width of memory with every kind of beat.
#include <gmock/gmock.h>

#include <algorithm>

#include "movers/rig.h"

namespace assay::movers::test {
namespace {

using sim::AxiTiming;

/// Beats of every kind: several to a word, exactly one, several words to one.
const std::vector<std::int64_t> kBeatBytes = {1, 3, 8, 13, 49, 64, 100, 130};

struct Case {
  DataMover mover;
  int design = 0;
};

/// The movers of a width, as one model.
struct Bank {
  sim::Model model;
  std::vector<Case> cases;
};

Bank bank_of(int memory_bits) {
  Bank bank;
  sim::ModelSpec spec;
  spec.sources = mover_sources();
  std::mt19937_64 random(static_cast<std::uint64_t>(memory_bits));
  for (const std::int64_t bytes : kBeatBytes)
    for (const bool reads : {true, false}) {
      const std::int64_t beats = 1 + static_cast<std::int64_t>(random() % 40);
      const int burst = std::vector<int>{1, 3, 16, 64, 256}[random() % 5];
      const int outstanding = std::vector<int>{1, 2, 4}[random() % 3];
      const DataMover mover = mover_of(reads, memory_bits, bytes, beats, burst, outstanding);
      bank.cases.push_back({mover, add_mover(spec, mover)});
    }
  bank.model = model_cache().get(spec);
  return bank;
}

AxiTiming timing_of(std::uint64_t draw) {
  std::mt19937_64 random(draw);
  AxiTiming timing;
  timing.profile = static_cast<sim::Profile>(random() % sim::kProfiles);
  timing.latency = random() % 2 == 0 ? 0 : static_cast<int>(random() % 60);
  timing.order = static_cast<AxiTiming::Order>(random() % 3);
  timing.seed = random();
  return timing;
}

/// Transfers one after the other on one mover, each somewhere else and of another length.
class Transfers {
 public:
  Transfers(const Bank& bank, const Case& c, std::uint64_t seed)
      : mover_(c.mover),
        session_(bank.model, c.design, {axi_mover(c.mover)}, "/", seed),
        driver_{session_},
        random_(seed) {
    driver_.interrupt_when_done();
  }

  void run() {
    const std::int64_t frames =
        static_cast<std::int64_t>(random_() % 6) * (random_() % 4 == 0 ? 20 : 1);
    const std::string beats =
        random_bytes(random_, frames * mover_.frame_beats * mover_.beat_bytes);
    session_.clear();
    session_.pace(timing_of(random_()));
    const auto word = static_cast<std::uint64_t>(mover_.choice.memory_bits) / 8;
    // Wherever a word may be, often just below 4 KiB and above 32 bits.
    std::uint64_t base = (random_() % 3 << 32) + 4096 * (1 + random_() % 5);
    base += random_() % 2 == 0 ? random_() % 4096 / word * word : 4096 - word * (random_() % 3);
    SCOPED_TRACE(fmt::format("{} frames at {:#x}", frames, base));
    if (mover_.reads)
      read(base, frames, beats);
    else
      write(base, frames, beats);
    EXPECT_EQ(driver_.control(), kDone | kIdle | kReady);
    EXPECT_EQ(driver_.control(), kIdle);
    EXPECT_EQ(driver_.error(), 0U);
    EXPECT_EQ(violations_text(session_), "");
    moved_ += std::ssize(beats);
  }
  std::int64_t moved() const { return moved_; }

 private:
  void go(std::uint64_t base, std::int64_t frames) {
    driver_.start(base, static_cast<std::uint32_t>(frames));
    ASSERT_TRUE(driver_.wait());
    EXPECT_LE(driver_.cycles(), static_cast<std::uint64_t>(session_.cycle()));
  }
  void read(std::uint64_t base, std::int64_t frames, const std::string& beats) {
    // Slots are noise above their beats.
    std::string bytes = random_bytes(random_, mover_.transfer_bytes(frames));
    const auto slot = static_cast<std::size_t>(mover_.slot_bytes()),
               beat = static_cast<std::size_t>(mover_.beat_bytes);
    for (std::size_t i = 0; i * beat < beats.size(); ++i)
      bytes.replace(i * slot, beat, beats.substr(i * beat, beat));
    session_.map({base, bytes.size()}, true, false);
    session_.put(base, bytes);
    go(base, frames);
    EXPECT_EQ(difference(with_last(mover_, beats), session_.taken(0)), "");
    session_.step(200);
    EXPECT_EQ(difference("", session_.taken(0)), "");
  }
  void write(std::uint64_t base, std::int64_t frames, const std::string& beats) {
    const std::int64_t bytes = mover_.transfer_bytes(frames);
    session_.map({base, static_cast<std::uint64_t>(bytes)}, false, true);
    session_.feed(0, with_last(mover_, beats));
    go(base, frames);
    EXPECT_EQ(
        difference(mover_.to_memory(beats), session_.get(base, static_cast<std::uint64_t>(bytes))),
        "");
  }

  const DataMover& mover_;
  sim::AxiSession session_;
  Driver driver_;
  std::mt19937_64 random_;
  std::int64_t moved_ = 0;
};

std::string bits_name(const ::testing::TestParamInfo<int>& info) {
  return fmt::format("Memory{}", info.param);
}

class MoverTransfers : public ::testing::TestWithParam<int> {};
class MoverTransfersNightly : public ::testing::TestWithParam<int> {};

void expect_exact(int memory_bits, std::uint64_t seeds, int transfers) {
  const Bank bank = bank_of(memory_bits);
  for (const Case& c : bank.cases)
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
      const MoverChoice& choice = c.mover.choice;
      SCOPED_TRACE(
          fmt::format("{}: memory {} bits, {} beats of {} bytes, bursts {}, outstanding {}, "
                      "seed {}",
                      c.mover.name, memory_bits, c.mover.frame_beats, c.mover.beat_bytes,
                      choice.max_burst, choice.outstanding, seed));
      Transfers t(bank, c, seed);
      for (int i = 0; i < transfers && !::testing::Test::HasFailure(); ++i) t.run();
      EXPECT_GT(t.moved(), 0);
    }
}

TEST_P(MoverTransfers, AreExact) { expect_exact(GetParam(), 2, 6); }
TEST_P(MoverTransfersNightly, AreExact) { expect_exact(GetParam(), 40, 20); }

INSTANTIATE_TEST_SUITE_P(Widths, MoverTransfers, ::testing::Values(64, 128, 512), bits_name);
INSTANTIATE_TEST_SUITE_P(Widths, MoverTransfersNightly, ::testing::Values(64, 128, 256, 512),
                         bits_name);

}  // namespace
}  // namespace assay::movers::test
