// SPDX-License-Identifier: Apache-2.0
// How many cycles transfers take where nobody keeps a mover waiting.
#include <gmock/gmock.h>

#include "movers/rig.h"

namespace assay::movers::test {
namespace {

struct Speed {
  int memory_bits;
  std::int64_t beat_bytes, frame_beats, frames;
  int max_burst, outstanding, latency;
};

/// Beats, or words where a beat takes several: what moves in a cycle at most.
std::int64_t steps(const DataMover& m, std::int64_t frames) {
  const std::int64_t word = m.choice.memory_bits / 8;
  return frames * m.frame_beats * std::max<std::int64_t>(1, m.slot_bytes() / word);
}

void expect_full_speed(const Speed& s, bool reads) {
  const DataMover mover =
      mover_of(reads, s.memory_bits, s.beat_bytes, s.frame_beats, s.max_burst, s.outstanding);
  sim::ModelSpec spec;
  spec.sources = mover_sources();
  add_mover(spec, mover);
  sim::AxiSession session(model_cache().get(spec), 0, {axi_mover(mover)}, "/");
  const Driver driver{session};
  driver.interrupt_when_done();
  std::mt19937_64 random(1);
  const std::string beats = random_bytes(random, s.frames * mover.frame_beats * mover.beat_bytes);
  const auto bytes = static_cast<std::uint64_t>(mover.transfer_bytes(s.frames));
  session.map({0x1000, bytes}, reads, !reads);
  session.pace({.latency = s.latency});
  if (reads)
    session.put(0x1000, mover.to_memory(beats));
  else
    session.feed(0, with_last(mover, beats));
  driver.start(0x1000, static_cast<std::uint32_t>(s.frames));
  ASSERT_TRUE(driver.wait());
  const sim::AxiCounts counts = session.counts(0);
  const std::int64_t least = steps(mover, s.frames),
                     took = static_cast<std::int64_t>(driver.cycles()),
                     words = counts.last - counts.first + 1;
  const std::string text = fmt::format(
      "{} {} bits, {} x {} beats of {} bytes, bursts {}, outstanding {}, latency {}: {} cycles for "
      "{} steps, {} bursts; {} words in {} cycles",
      mover.name, s.memory_bits, s.frames, s.frame_beats, s.beat_bytes, s.max_burst, s.outstanding,
      s.latency, took, least, counts.bursts, counts.words, words);
  std::cout << text << '\n';
  // What comes before the first word and behind the last one: not a cycle between two bursts. A reader adds
  // up the frames of its first burst, one a cycle; a writer waits for its last burst.
  const std::int64_t slots = std::max<std::int64_t>(1, s.memory_bits / 8 / mover.slot_bytes()),
                     first = reads ? s.max_burst * slots / s.frame_beats : s.max_burst;
  EXPECT_LE(took, least + s.latency + 24 + (reads ? std::min(first, s.frames) : first)) << text;
  EXPECT_EQ(violations_text(session), "");
}

const std::vector<Speed> kSpeeds = {
    {64, 1, 3072, 4, 16, 4, 0},    // eight beats a word
    {64, 8, 100, 20, 16, 4, 30},   // one beat a word
    {64, 49, 64, 10, 16, 4, 30},   // seven words a beat
    {64, 8, 1000, 3, 256, 2, 60},  // long bursts
    {512, 64, 300, 6, 16, 4, 30},  // a word of 64 bytes a cycle
    {512, 3, 1, 2000, 64, 2, 0},   // a frame a beat
};

TEST(MoverBandwidth, AWordOrABeatACycleIn) {
  for (const Speed& s : kSpeeds) expect_full_speed(s, true);
}

TEST(MoverBandwidth, AWordOrABeatACycleOut) {
  for (const Speed& s : kSpeeds) expect_full_speed(s, false);
}

}  // namespace
}  // namespace assay::movers::test
