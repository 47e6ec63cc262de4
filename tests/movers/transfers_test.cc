// SPDX-License-Identifier: Apache-2.0
// Data movers alone between a memory and a stream: every width of memory with every kind of beat.
#include <gmock/gmock.h>

#include <algorithm>

#include "base/temp_dir.h"
#include "compile/base/file.h"
#include "compile/base/process.h"

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
  Transfers(const sim::Model& model, const Case& c, std::uint64_t seed)
      : mover_(c.mover),
        session_(model, c.design, {axi_mover(c.mover)}, "/", seed),
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
      Transfers t(bank.model, c, seed);
      for (int i = 0; i < transfers && !::testing::Test::HasFailure(); ++i) t.run();
      EXPECT_GT(t.moved(), 0);
    }
}

TEST_P(MoverTransfers, AreExact) { expect_exact(GetParam(), 2, 6); }
TEST_P(MoverTransfersNightly, AreExact) { expect_exact(GetParam(), 40, 20); }

/// What Yosys makes of a mover, in the place of its RTL: lint does not see what synthesis silently drops.
TEST(MoverNetlistNightly, MovesAsItsRtlDoes) {
  if (!has_program("yosys")) GTEST_SKIP() << "needs yosys; install the Debian package yosys";
  for (const bool reads : {true, false})
    for (const DataMover& mover :
         {mover_of(reads, 64, 3, 7, 5, 2), mover_of(reads, 64, 13, 3, 16, 4),
          mover_of(reads, 128, 1, 50, 16, 3)}) {
      SCOPED_TRACE(fmt::format("{} {} {}", mover.name, mover.choice.memory_bits, mover.beat_bytes));
      const TempDir dir;
      for (const sim::SourceFile& source : mover_sources()) dir.write(source.name, source.text);
      sim::ModelSpec spec;
      Case c{mover, add_mover(spec, mover)};
      // The view as it is, synthesised whole.
      dir.write("view0.sv", spec.sources.back().text);
      const ProcessResult yosys = run_process(
          {find_program("yosys", "yosys").string(), "-q", "-p",
           "read_verilog -sv *.sv; synth -flatten -top view0 -run begin:fine; opt -fast -full; "
           "techmap; opt; abc -fast; opt_clean; write_verilog -noattr view0.v"},
          dir.path(), std::chrono::seconds(300));
      ASSERT_TRUE(yosys.ok()) << yosys.output;
      spec.sources = {{"view0.v", read_file(dir.path() / "view0.v")}};
      spec.netlist = true;
      const sim::Model model = model_cache().get(spec);
      Transfers t(model, c, 11);
      for (int i = 0; i < 8 && !HasFailure(); ++i) t.run();
      EXPECT_GT(t.moved(), 0);
    }
}

/// Frames through a mover with a fault: what is seen of it.
std::string seen_of(const DataMover& mover, const Fault& fault) {
  sim::ModelSpec spec;
  spec.sources = mover_sources();
  for (sim::SourceFile& source : spec.sources)
    if (source.name == fault.file) {
      EXPECT_TRUE(plant(source.text, fault));
    }
  add_mover(spec, mover);
  spec.lint = false;
  sim::AxiSession session(model_cache().get(spec), 0, {axi_mover(mover)}, "/");
  const Driver driver{session};
  std::mt19937_64 random(5);
  const std::string beats = random_bytes(random, 9 * mover.frame_beats * mover.beat_bytes);
  const auto bytes = static_cast<std::uint64_t>(mover.transfer_bytes(9));
  session.map({0x3fe0, bytes}, mover.reads, !mover.reads);
  session.pace({.profile = sim::Profile::kBernoulli, .seed = 3});
  if (mover.reads)
    session.put(0x3fe0, mover.to_memory(beats));
  else
    session.feed(0, with_last(mover, beats));
  driver.start(0x3fe0, 9);
  session.step(4000);
  std::string seen = violations_text(session);
  if (driver.control() == 0) seen += "it hangs\n";
  seen += mover.reads ? difference(with_last(mover, beats), session.taken(0))
                      : difference(mover.to_memory(beats), session.get(0x3fe0, bytes));
  return seen;
}

TEST(MoverFaults, AreSeen) {
  using ::testing::HasSubstr;
  const DataMover in = mover_of(true, 64, 3, 5, 3), out = mover_of(false, 64, 3, 5, 3);
  EXPECT_EQ(seen_of(in, {}), "");
  EXPECT_EQ(seen_of(out, {}), "");
  const std::string reader = "assay_iodma_in.sv", writer = "assay_iodma_out.sv",
                    bursts = "assay_iodma_bursts.sv";
  EXPECT_THAT(seen_of(in, {"assay_iodma_unpack.sv", "32'(index)*SlotBits", "32'(0)*SlotBits"}),
              HasSubstr("differs"));
  EXPECT_THAT(seen_of(in, {bursts, "32'(page) < LongWords ? 9'(page) : Long", "Long"}),
              HasSubstr("burst-crosses-4k mover0.ar"));
  EXPECT_THAT(seen_of(in, {reader, "(!m_axi_gmem_arvalid || m_axi_gmem_arready)", "1'b1"}),
              HasSubstr("data-changed mover0.ar"));
  EXPECT_THAT(seen_of(in, {reader, "- UnderBits'(read && m_axi_gmem_rlast)", ""}),
              HasSubstr("it hangs"));
  EXPECT_THAT(seen_of(out, {writer, "32'(tail) * SlotBytes", "32'd0"}),
              HasSubstr("writes-outside mover0.w"));
  EXPECT_THAT(seen_of(out, {writer, "= sent == length;", "= sent >= 8'd1;"}),
              HasSubstr("last-misplaced mover0.w"));
  EXPECT_THAT(seen_of(out, {writer, "burst_valid && whole &&", "burst_valid &&"}),
              HasSubstr("data-waits mover0.w"));
  EXPECT_THAT(seen_of(out, {writer, "word_valid && length_valid;",
                            "word_valid && length_valid && m_axi_gmem_wready;"}),
              HasSubstr("valid-waits-for-ready mover0.w"));
}

INSTANTIATE_TEST_SUITE_P(Widths, MoverTransfers, ::testing::Values(64, 512), bits_name);
INSTANTIATE_TEST_SUITE_P(Widths, MoverTransfersNightly, ::testing::Values(64, 128, 256, 512),
                         bits_name);

}  // namespace
}  // namespace assay::movers::test
