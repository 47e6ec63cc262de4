// SPDX-License-Identifier: Apache-2.0
#include "sim/netlist/lane_bench.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>
#include <random>
#include <set>

#include "compile/base/error.h"

namespace assay::sim {
namespace {

using netlist::Initial;
using netlist::kOne;
using netlist::Net;
using netlist::Netlist;

/// 17 nibbles: more than a word, and no whole number of bytes.
constexpr int kNibbles = 17, kBits = 4 * kNibbles;
constexpr std::int64_t kBeats = 5;
constexpr std::array<unsigned, 16> kBox = {12, 5, 6, 11, 9, 0, 10, 13, 3, 14, 15, 8, 4, 7, 1, 2};

enum class Fault : std::uint8_t {
  kNone,
  kTable,        ///< row 6 of a bit of nibble 16 of the second slice
  kDrop,         ///< beats whose first byte is 0x5a after the first slice
  kDuplicate,    ///< the same, once more
  kWithdraw,     ///< the second slice's valid, now and then
  kChange,       ///< a bit of the second slice's data, while it waits
  kNeedsReady,   ///< the second slice's valid waits for ready
  kNoReset,      ///< the first slice keeps its beat through a reset
  kNeverStarts,  ///< the first slice never is ready
  kBabbles,      ///< the same, and the second gives beats all the time
  kThirdFrame,   ///< a bit behind the first slice, from the third frame behind a reset on
};

/// Two register slices one behind the other, each of which puts nibbles through kBox.
class Pipeline {
 public:
  explicit Pipeline(Fault fault) : fault_(fault) {
    const auto port = [&](const char* name, int bits) {
      std::vector<Net> nets;
      for (int i = 0; i < bits; ++i) nets.push_back(n_.new_net());
      n_.ports.push_back({name, true, nets});
      return nets;
    };
    clock_ = port("clk", 1)[0];
    job_.reset_n = reset_n_ = port("rst_n", 1)[0];
    LaneStream in{"in", port("s_valid", 1)[0], n_.new_net(), port("s_data", kBits)};
    LaneStream out{"out", 0, port("m_ready", 1)[0], {}};
    ticks_ = counter();
    LaneStream middle{"middle", 0, n_.new_net(), {}};
    slice(in, middle, true);
    slice(middle, out, false);
    n_.ports.push_back({"s_ready", false, {in.ready}});
    n_.ports.push_back({"m_valid", false, {out.valid}});
    n_.ports.push_back({"m_data", false, out.data});
    job_.inputs = {in};
    job_.outputs = {out};
    job_.monitors = {middle};
  }
  Netlist netlist() const { return n_; }
  LaneJob job() const { return job_; }

 private:
  Net and_not(Net a, Net b) { return n_.lut(0b0010, {a, b}); }
  Net either(Net a, Net b) { return n_.lut(0b1110, {a, b}); }
  Net both(Net a, Net b) { return n_.lut(0b1000, {a, b}); }
  void flip_flop(Net q, Net d, Net enable, bool reset) {
    n_.flip_flops.push_back({.name = {},
                             .q = q,
                             .d = d,
                             .clock = clock_,
                             .enable = enable,
                             .reset = reset ? n_.lut(0b01, {reset_n_}) : netlist::kZero,
                             .initial = reset ? Initial::kUnknown : Initial::kZero});
  }
  /// 1 in one of eight cycles.
  Net counter() {
    std::array<Net, 3> q = {n_.new_net(), n_.new_net(), n_.new_net()};
    flip_flop(q[0], n_.lut(0b01, {q[0]}), kOne, true);
    flip_flop(q[1], n_.lut(0b0110, {q[0], q[1]}), kOne, true);
    flip_flop(q[2], n_.lut(0b01111000, {q[0], q[1], q[2]}), kOne, true);
    return n_.lut(0x80, {q[0], q[1], q[2]});
  }
  /// Whether the lowest byte is 0x5a.
  Net special(const std::vector<Net>& data) {
    const Net low = n_.lut(1U << 0xa, {data[0], data[1], data[2], data[3]});
    const Net high = n_.lut(1U << 0x5, {data[4], data[5], data[6], data[7]});
    return both(low, high);
  }

  /// ready = !full | next's ready; full and data at the edge. `in.ready` and, of the first slice,
  /// `out.ready` are nets that are still to be driven.
  void slice(const LaneStream& in, LaneStream& out, bool first) {
    const Net full = n_.new_net();
    out.valid = full;
    if (!first && fault_ == Fault::kWithdraw) out.valid = and_not(full, ticks_);
    if (!first && fault_ == Fault::kNeedsReady) out.valid = both(full, out.ready);
    if (!first && fault_ == Fault::kBabbles) out.valid = ticks_;
    const Net sent = both(out.valid, out.ready);
    n_.luts.push_back({.out = in.ready, .size = 2, .inputs = {full, sent}, .table = 0b1101});
    if (first && (fault_ == Fault::kNeverStarts || fault_ == Fault::kBabbles))
      n_.luts.back().table = 0;
    const Net taken = both(in.valid, in.ready);
    for (std::size_t nibble = 0; nibble < kNibbles; ++nibble) box(in, out, nibble, taken, first);
    Net arrives = taken, leaves = sent;
    if (first && fault_ == Fault::kDrop) arrives = and_not(taken, dropped(in.data));
    if (first && fault_ == Fault::kDuplicate) leaves = and_not(sent, first_time(out, sent));
    flip_flop(full, either(arrives, and_not(full, leaves)), kOne,
              !first || fault_ != Fault::kNoReset);
    if (fault_ == Fault::kDuplicate && first) n_.luts[ready_at(in)].inputs[1] = leaves;
    if (!first && fault_ == Fault::kChange) change(out);
    if (first && fault_ == Fault::kThirdFrame) wear(taken, out);
  }
  std::size_t ready_at(const LaneStream& in) const {
    return static_cast<std::size_t>(std::ranges::find(n_.luts, in.ready, &netlist::Lut::out) -
                                    n_.luts.begin());
  }

  void box(const LaneStream& in, LaneStream& out, std::size_t nibble, Net taken, bool first) {
    for (unsigned bit = 0; bit < 4; ++bit) {
      std::uint64_t table = 0;
      for (std::size_t row = 0; row < 16; ++row)
        table |= std::uint64_t{kBox[row] >> bit & 1U} << row;
      if (!first && fault_ == Fault::kTable && nibble == 16 && bit == 2) table ^= 1U << 6;
      const Net* x = &in.data[4 * nibble];
      const Net q = n_.new_net();
      flip_flop(q, n_.lut(table, {x[0], x[1], x[2], x[3]}), taken, false);
      out.data.push_back(q);
    }
  }
  /// Which beat in front of the first slice is 0x5a behind it.
  Net dropped(const std::vector<Net>& data) {
    const auto before = [](unsigned value) {
      return static_cast<unsigned>(std::ranges::find(kBox, value) - kBox.begin());
    };
    return both(n_.lut(1U << before(0xa), {data[0], data[1], data[2], data[3]}),
                n_.lut(1U << before(0x5), {data[4], data[5], data[6], data[7]}));
  }
  /// A special beat leaves for the first time.
  Net first_time(const LaneStream& out, Net sent) {
    const Net again = n_.new_net();
    const Net once = and_not(both(sent, special(out.data)), again);
    flip_flop(again, once, sent, true);
    return once;
  }
  void change(LaneStream& out) {
    const Net waited = n_.new_net();
    flip_flop(waited, and_not(out.valid, out.ready), kOne, true);
    out.data[0] = n_.lut(0b0110, {out.data[0], waited});
  }

  void wear(Net taken, LaneStream& out) {
    Net worn = kOne;
    for (std::int64_t beat = 0; beat <= 2 * kBeats; ++beat) {
      const Net next = n_.new_net();
      flip_flop(next, worn, taken, true);
      worn = next;
    }
    out.data[0] = n_.lut(0b0110, {out.data[0], worn});
  }

  Fault fault_;
  Netlist n_;
  LaneJob job_;
  Net clock_ = 0, reset_n_ = 0, ticks_ = 0;
};

unsigned nibble_of(const std::uint8_t* beat, std::size_t nibble) {
  return beat[nibble / 2] >> (nibble % 2 * 4) & 0xfU;
}

Tokens boxed(const Tokens& in) {
  Tokens out = in;
  for (std::size_t at = 0; at < out.bytes.size(); at += out.stride())
    for (std::size_t i = 0; i < kNibbles; ++i) {
      std::uint8_t& byte = out.bytes[at + i / 2];
      const int shift = static_cast<int>(i % 2 * 4);
      const unsigned now = kBox[byte >> shift & 0xfU] << shift;
      byte = static_cast<std::uint8_t>((byte & ~(0xfU << shift)) | now);
    }
  return out;
}

/// A job whose lanes have all profiles, every fifth of them a reset.
LaneJob job_of(const Pipeline& pipeline, std::int64_t frames) {
  LaneJob job = pipeline.job();
  Tokens in{kBits, kBeats, {}, false};
  std::mt19937_64 random(7);
  for (std::int64_t i = 0; i < frames * kBeats; ++i) {
    for (std::size_t b = 0; b < in.stride(); ++b)
      in.bytes.push_back(static_cast<std::uint8_t>(random()));
    in.bytes.back() &= 0xfU;
  }
  job.input_beats = {in};
  job.monitor_beats = {boxed(in)};
  job.output_beats = {boxed(job.monitor_beats[0])};
  job.frames = frames;
  job.profile = [](int lane) { return static_cast<Profile>(lane % kProfiles); };
  job.resets = [](int lane) { return lane % 5 == 0; };
  job.patience = 500;
  return job;
}

struct Rig {
  explicit Rig(Fault fault, std::int64_t frames = 2000)
      : netlist(Pipeline(fault).netlist()), job(job_of(Pipeline(fault), frames)) {}
  LaneResult run(int lanes = 128) const {
    NetlistSimulator simulator(netlist, lanes);
    LaneJob here = job;
    for (LaneStream& in : here.inputs)  // it may have become a constant
      in.ready = simulator.netlist().port("s_ready")->bits[0];
    return run_lanes(simulator, here);
  }
  Netlist netlist;
  LaneJob job;
};

std::vector<std::string> rules(const LaneResult& result) {
  std::vector<std::string> names;
  for (const Violation& v : result.violations) names.push_back(v.stream + " " + v.rule);
  return names;
}

void expect_equal(const LaneResult& result, const LaneJob& job) {
  EXPECT_EQ(result.stuck, "");
  EXPECT_FALSE(result.first) << result.first->stream << " frame " << result.first->frame << " beat "
                             << result.first->beat << " lane " << result.first->lane << " cycle "
                             << result.first->cycle;
  EXPECT_THAT(rules(result), ::testing::IsEmpty());
  const auto check = [&](const LaneStreamCounts& counts, const Tokens& tokens) {
    EXPECT_EQ(counts.predicted, job.frames * tokens.beats);
    EXPECT_EQ(counts.compared, counts.predicted);
    EXPECT_EQ(counts.differing, 0);
    EXPECT_EQ(counts.digest, expected_digest(tokens, job.frames));
    EXPECT_EQ(counts.differing_digest, 0U);
  };
  check(result.outputs.at(0), job.output_beats[0]);
  check(result.monitors.at(0), job.monitor_beats[0]);
}

/// Whether the first difference is told as it is.
void expect_located(const LaneResult& result, const LaneJob& job) {
  ASSERT_TRUE(result.first);
  const LaneMismatch& m = *result.first;
  EXPECT_EQ(m.stream, m.monitor ? "middle" : "out");
  const Tokens& tokens = m.monitor ? job.monitor_beats[0] : job.output_beats[0];
  const std::uint8_t* beat = tokens.beat(m.frame * kBeats + m.beat);
  EXPECT_EQ(m.expected, std::vector<std::uint8_t>(beat, beat + tokens.stride()));
  EXPECT_NE(m.got, m.expected);
  EXPECT_LT(m.frame, job.frames);
  EXPECT_LT(m.beat, kBeats);
  EXPECT_LT(m.cycle, result.cycles);
}

TEST(LaneBench, ComparesEveryBeatOfEveryFrame) {
  const Rig rig(Fault::kNone);
  for (const int lanes : {64, 256, 320}) {
    const LaneResult result = rig.run(lanes);
    expect_equal(result, rig.job);
    EXPECT_GT(result.resets, lanes / 10);
    EXPECT_LE(result.resets, (lanes + 4) / 5);
    EXPECT_GT(result.cycles, 1000);
    EXPECT_LE(result.lane_cycles, result.cycles * lanes);
  }
}

TEST(LaneBench, RunsEveryProfileAlone) {
  for (int profile = 0; profile < kProfiles; ++profile) {
    Rig rig(Fault::kNone, 200);
    rig.job.profile = [&](int) { return static_cast<Profile>(profile); };
    const LaneResult result = rig.run();
    expect_equal(result, rig.job);
    if (profile == 0) {
      EXPECT_LT(result.lane_cycles, 200 * (2 * kBeats + 30));
    }
  }
}

TEST(LaneBench, FewerFramesThanLanes) {
  const Rig rig(Fault::kNone, 3);
  expect_equal(rig.run(256), rig.job);
}

TEST(LaneBench, FramesInARowShowWhatTheThirdOneBreaks) {
  const auto differing = [](std::int64_t frames, std::int64_t in_a_row) {
    Rig rig(Fault::kThirdFrame, frames);
    rig.job.profile = [](int) { return Profile::kAlways; };
    rig.job.resets = [](int) { return false; };
    rig.job.in_a_row = in_a_row;
    const LaneResult result = rig.run(128);
    EXPECT_EQ(result.outputs[0].compared, frames * kBeats);
    return result.outputs[0].differing;
  };
  EXPECT_EQ(differing(128 + 64, 1), 0);  // 64 lanes have two
  EXPECT_EQ(differing(128 + 64, 3), 32 * kBeats);
  EXPECT_EQ(differing(128 + 65, 3), 32 * kBeats);  // and one has two
  EXPECT_EQ(differing(128 + 1, 3), 0);
  EXPECT_EQ(differing(3 * 128, 3), 128 * kBeats);
  EXPECT_EQ(differing(3 * 128 + 1, 3), 129 * kBeats);
}

TEST(LaneBench, ResetsComeWhereALaneHasFrames) {
  for (const std::int64_t frames : {130, 192, 400}) {
    Rig rig(Fault::kNone, frames);
    rig.job.in_a_row = 3;
    const LaneResult result = rig.run(128);
    expect_equal(result, rig.job);
    EXPECT_EQ(result.resets, 26) << frames;  // every fifth lane
  }
}

/// Where few lanes go on, they have all profiles.
TEST(LaneBench, FramesInARowMeetEveryProfile) {
  for (int profile = 0; profile < kProfiles; ++profile) {
    Rig rig(Fault::kThirdFrame, 192);
    rig.job.in_a_row = 3;
    rig.job.resets = [](int) { return false; };
    rig.job.profile = [&](int lane) {
      return static_cast<Profile>(lane % kProfiles == profile ? profile : 0);
    };
    EXPECT_EQ(rig.run(128).outputs[0].differing, 32 * kBeats) << profile;
  }
}

TEST(LaneBench, FramesInARowAreAllThere) {
  for (const std::int64_t frames : {3, 150, 500, 2000}) {
    Rig rig(Fault::kNone, frames);
    for (rig.job.in_a_row = 1; rig.job.in_a_row < 6; ++rig.job.in_a_row)
      expect_equal(rig.run(128), rig.job);
  }
}

TEST(LaneBench, FramesStartAgainWhereTokensEnd) {
  Rig rig(Fault::kNone, 500);
  for (Tokens* tokens :
       {&rig.job.input_beats[0], &rig.job.monitor_beats[0], &rig.job.output_beats[0]})
    tokens->bytes.resize(7 * tokens->stride());  // no whole frames
  expect_equal(rig.run(), rig.job);
}

TEST(LaneBench, FindsAWrongBitOfATable) {
  const Rig rig(Fault::kTable);
  const LaneResult result = rig.run();
  expect_located(result, rig.job);
  EXPECT_FALSE(result.first->monitor);
  // Just the beats in which that row is looked up; those before a reset count twice.
  std::int64_t wrong = 0;
  for (std::int64_t i = 0; i < rig.job.frames * kBeats; ++i)
    if (nibble_of(rig.job.monitor_beats[0].beat(i), 16) == 6) ++wrong;
  EXPECT_GE(result.outputs[0].differing, wrong);
  EXPECT_LE(result.outputs[0].differing, wrong + result.resets * 3 * kBeats);
  EXPECT_EQ(result.outputs[0].compared, result.outputs[0].predicted);
  EXPECT_EQ(result.monitors[0].differing, 0);
  EXPECT_NE(result.outputs[0].digest, expected_digest(rig.job.output_beats[0], rig.job.frames));
  EXPECT_EQ(result.first->got[8], result.first->expected[8] ^ 4U);
  EXPECT_THAT(rules(result), ::testing::IsEmpty());
}

TEST(LaneBench, CountsAndPlacesWithoutResetsAreExact) {
  Rig rig(Fault::kTable);
  rig.job.resets = [](int) { return false; };
  const LaneResult result = rig.run();
  std::int64_t wrong = 0;
  std::uint64_t places = 0;
  for (std::int64_t i = 0; i < rig.job.frames * kBeats; ++i)
    if (nibble_of(rig.job.monitor_beats[0].beat(i), 16) == 6) {
      ++wrong;
      places += digest_beat(kNoBeats, i, nullptr, 0);
    }
  EXPECT_GT(wrong, 500);
  EXPECT_EQ(result.outputs[0].differing, wrong);
  EXPECT_EQ(result.outputs[0].differing_digest, places);
}

TEST(LaneBench, FindsADroppedBeat) {
  const Rig rig(Fault::kDrop, 5000);
  const LaneResult result = rig.run();
  expect_located(result, rig.job);
  EXPECT_TRUE(result.first->monitor);
  EXPECT_EQ(result.first->expected[0], 0x5a);
  EXPECT_LT(result.monitors[0].compared, result.monitors[0].predicted);
  EXPECT_THAT(result.stuck, ::testing::HasSubstr("in ("));
  EXPECT_THAT(result.stuck, ::testing::HasSubstr("out ("));
  EXPECT_THAT(result.stuck, ::testing::HasSubstr("gives no beat"));
}

TEST(LaneBench, FindsADuplicatedBeat) {
  const Rig rig(Fault::kDuplicate, 5000);
  const LaneResult result = rig.run();
  expect_located(result, rig.job);
  EXPECT_TRUE(result.first->monitor);
  EXPECT_EQ(result.first->got[0], 0x5a);
  EXPECT_THAT(rules(result), ::testing::Contains("middle extra-beat"));
}

TEST(LaneBench, ADuplicateBehindTheLastBeatIsOneTooMany) {
  Rig rig(Fault::kDuplicate, 1);
  rig.job.resets = [](int) { return false; };
  for (Tokens* tokens :
       {&rig.job.input_beats[0], &rig.job.monitor_beats[0], &rig.job.output_beats[0]})
    tokens->bytes.assign(tokens->stride() * kBeats, 0);
  rig.job.input_beats[0].bytes[4 * rig.job.input_beats[0].stride()] = 0x16;
  rig.job.monitor_beats[0] = boxed(rig.job.input_beats[0]);
  rig.job.output_beats[0] = boxed(rig.job.monitor_beats[0]);
  const LaneResult result = rig.run();
  EXPECT_FALSE(result.first);
  EXPECT_EQ(result.outputs[0].compared, kBeats);
  EXPECT_THAT(rules(result),
              ::testing::UnorderedElementsAre("middle extra-beat", "out extra-beat"));
}

TEST(LaneBench, FindsBrokenRules) {
  EXPECT_THAT(rules(Rig(Fault::kWithdraw).run()), ::testing::ElementsAre("out valid-withdrawn"));
  EXPECT_THAT(rules(Rig(Fault::kChange).run()), ::testing::Contains("out data-changed"));
  EXPECT_THAT(rules(Rig(Fault::kNeedsReady).run()),
              ::testing::Contains("out valid-waits-for-ready"));
}

TEST(LaneBench, FindsAResetThatLeavesSomething) {
  Rig rig(Fault::kNoReset);
  rig.job.resets = [](int) { return false; };
  expect_equal(rig.run(), rig.job);  // it wakes up empty
  rig.job.resets = [](int) { return true; };
  const LaneResult result = rig.run();
  expect_located(result, rig.job);
}

TEST(LaneBench, TellsWhatIsStuck) {
  const Rig rig(Fault::kNeverStarts);
  const LaneResult result = rig.run();
  EXPECT_THAT(result.stuck, ::testing::HasSubstr("no beat moves for 500 cycles"));
  EXPECT_THAT(result.stuck, ::testing::HasSubstr("offers a beat that is not taken"));
  EXPECT_EQ(result.outputs[0].compared, 0);
  EXPECT_EQ(result.outputs[0].predicted, 2000 * kBeats);
}

TEST(LaneBench, BeatsThatNobodyWaitsForAreNoProgress) {
  Rig rig(Fault::kBabbles);
  rig.job.profile = [](int) { return Profile::kAlways; };
  const LaneResult result = rig.run();
  EXPECT_THAT(result.stuck, ::testing::HasSubstr("offers a beat that is not taken"));
  EXPECT_THAT(rules(result), ::testing::Contains("out extra-beat"));
  EXPECT_LT(result.cycles, 5000);
}

TEST(LaneBench, AnExpectationOfAnotherLengthIsNeverWhollyCompared) {
  Rig more(Fault::kNone, 300);
  more.job.output_beats[0].beats = kBeats + 1;
  const LaneResult waits = more.run();
  EXPECT_LT(waits.outputs[0].compared, waits.outputs[0].predicted);
  EXPECT_NE(waits.stuck, "");

  Rig fewer(Fault::kNone, 300);
  fewer.job.output_beats[0].beats = kBeats - 1;
  const LaneResult extra = fewer.run();
  EXPECT_THAT(rules(extra), ::testing::Contains("out extra-beat"));
  EXPECT_GT(extra.outputs[0].differing, 0);
}

TEST(LaneBench, OneByteOfTheExpectationIsSeen) {
  for (const bool monitor : {false, true}) {
    Rig rig(Fault::kNone, 400);
    rig.job.resets = [](int) { return false; };
    Tokens& tokens = (monitor ? rig.job.monitor_beats : rig.job.output_beats)[0];
    const std::int64_t place = 123 * kBeats + 4;
    tokens.bytes[static_cast<std::size_t>(place) * tokens.stride() + 8] ^= 8U;
    const LaneResult result = rig.run();
    expect_located(result, rig.job);
    EXPECT_EQ(result.first->monitor, monitor);
    EXPECT_EQ(result.first->frame, 123);
    EXPECT_EQ(result.first->beat, 4);
    const LaneStreamCounts& counts = (monitor ? result.monitors : result.outputs)[0];
    EXPECT_EQ(counts.differing, 1);
    EXPECT_EQ(counts.differing_digest, digest_beat(kNoBeats, place, nullptr, 0));
  }
}

TEST(LaneBench, PartsAddUpWhateverTheThreads) {
  const Rig rig(Fault::kTable, 1500);
  std::int64_t told = 0, calls = 0;
  const auto run = [&](int parts, int threads) {
    return run_lanes_parallel(rig.netlist, rig.job, {64, parts, threads},
                              [&](std::int64_t frames) { told = frames, ++calls; });
  };
  const LaneResult one = run(3, 1), two = run(3, 2), many = run(3, 7);
  EXPECT_EQ(told, 1500);
  EXPECT_GE(calls, 9);
  for (const LaneResult* other : {&two, &many}) {
    EXPECT_EQ(other->outputs, one.outputs);
    EXPECT_EQ(other->monitors, one.monitors);
    EXPECT_EQ(other->cycles, one.cycles);
    EXPECT_EQ(other->lane_cycles, one.lane_cycles);
    EXPECT_EQ(other->resets, one.resets);
    EXPECT_EQ(other->first->cycle, one.first->cycle);
    EXPECT_EQ(other->first->lane, one.first->lane);
    EXPECT_EQ(other->first->frame, one.first->frame);
  }
  expect_located(one, rig.job);

  const Rig right(Fault::kNone, 1500);
  for (const int parts : {1, 2, 5})
    expect_equal(run_lanes_parallel(right.netlist, right.job, {64, parts, 2}), right.job);
}

TEST(LaneBench, AnErrorInAPartIsTold) {
  Rig rig(Fault::kNone, 10);
  rig.job.output_beats[0].bits = 3;
  EXPECT_THROW(run_lanes_parallel(rig.netlist, rig.job, {64, 2, 2}), UserError);
  EXPECT_THROW(run_lanes_parallel(rig.netlist, rig.job, {64, 11, 2}), UserError);
  EXPECT_THROW(run_lanes_parallel(rig.netlist, rig.job, {64, 0, 2}), UserError);
}

TEST(LaneBench, FindsStreamsByPortsAndNames) {
  Netlist netlist = Pipeline(Fault::kNone).netlist();
  const LaneJob job = Pipeline(Fault::kNone).job();
  netlist.names["mid_valid"] = {job.monitors[0].valid};
  netlist.names["mid_data"] = job.monitors[0].data;
  const auto out = find_stream(netlist, "out", {"m_valid", "m_ready", "m_data", ""});
  ASSERT_TRUE(out);
  EXPECT_EQ(out->name, "out");
  EXPECT_EQ(out->valid, job.outputs[0].valid);
  EXPECT_EQ(out->ready, job.outputs[0].ready);
  EXPECT_EQ(out->data, job.outputs[0].data);
  const LaneStreamNames middle{"mid_valid", "mid_ready", "mid_data", "mid_last"};
  EXPECT_FALSE(find_stream(netlist, "middle", middle));
  netlist.names["mid_ready"] = {job.monitors[0].ready};
  EXPECT_FALSE(find_stream(netlist, "middle", middle));
  netlist.names["mid_last"] = {kOne};
  const auto found = find_stream(netlist, "middle", middle);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->data.size(), kBits + 1U);
  EXPECT_EQ(found->data.back(), kOne);
  netlist.names["mid_valid"].push_back(kOne);
  EXPECT_FALSE(find_stream(netlist, "middle", middle));
}

TEST(LaneBench, TakesABitAndABeatPerFrame) {
  Netlist wires;
  LaneJob job;
  const auto input = [&](const char* name) {
    const Net net = wires.new_net();
    wires.ports.push_back({name, true, {net}});
    return net;
  };
  input("clk");
  job.reset_n = input("rst_n");
  LaneStream in{"in", input("s_valid"), 0, {input("s_data")}};
  LaneStream out{"out", 0, input("m_ready"), {}};
  out.valid = wires.lut(0b1000, {in.valid, job.reset_n});
  out.data = {wires.lut(0b01, {in.data[0]})};
  in.ready = wires.lut(0b1000, {out.ready, job.reset_n});
  wires.ports.push_back({"m", false, {out.valid, out.data[0], in.ready}});
  job.inputs = {in}, job.outputs = {out};
  job.input_beats = {{1, 1, {0, 1, 1}, false}};
  job.output_beats = {{1, 1, {1, 0, 0}, false}};
  job.frames = 3;
  NetlistSimulator simulator(wires, 64);
  const LaneResult result = run_lanes(simulator, job);
  ASSERT_EQ(result.outputs.size(), 1U);
  EXPECT_EQ(result.outputs[0].compared, 3);
  EXPECT_EQ(result.outputs[0].differing, 0);
}

/// A stream whose beats are 31, and how many cycles the latest reset took once there was a second.
LaneJob reset_counter(Netlist& wires) {
  constexpr int kWide = 5;
  const auto input = [&](const char* name) {
    const Net net = wires.new_net();
    wires.ports.push_back({name, true, {net}});
    return net;
  };
  const Net clock = input("clk");
  LaneJob job;
  job.reset_n = input("rst_n");
  const auto keep = [&](Net q, Net d) {
    wires.flip_flops.push_back(
        {.name = "q", .q = q, .d = d, .clock = clock, .initial = Initial::kZero});
  };
  const Net before = wires.new_net(), twice = wires.new_net();
  keep(before, job.reset_n);
  keep(twice, wires.lut(0b1110, {twice, wires.lut(0b0010, {before, job.reset_n})}));
  LaneStream in{"in", input("s_valid"), 0, {input("s_data")}};
  LaneStream out{"out", 0, input("m_ready"), {}};
  out.valid = wires.lut(0b1000, {in.valid, job.reset_n});
  in.ready = wires.lut(0b1000, {out.ready, job.reset_n});
  netlist::Port ends{"m", false, {out.valid, in.ready}};
  Net carry = netlist::kOne;
  for (int i = 0; i < kWide; ++i) {
    const Net bit = wires.new_net(), sum = wires.lut(0b0110, {bit, carry});
    carry = wires.lut(0b1000, {bit, carry});
    // {bit, sum, before, rst_n}: kept outside of resets, 1 where one begins, one more in it.
    keep(bit, wires.lut(0xaa0cU | (i == 0 ? 0xf0U : 0U), {bit, sum, before, job.reset_n}));
    out.data.push_back(wires.lut(0b1101, {twice, bit}));
    ends.bits.push_back(out.data.back());
  }
  wires.ports.push_back(ends);
  job.inputs = {in}, job.outputs = {out};
  job.input_beats = {{1, 4, {0, 1, 1, 0}, false}};
  job.output_beats = {{kWide, 4, {31, 31, 31, 31}, false}};
  job.resets = [](int) { return true; };
  return job;
}

TEST(LaneBench, ResetsTakeOneTwoOrSixteenCycles) {
  Netlist wires;
  LaneJob job = reset_counter(wires);
  std::set<int> lengths;
  for (job.seed = 1; job.seed <= 40; ++job.seed) {
    NetlistSimulator simulator(wires, 64);
    const LaneResult result = run_lanes(simulator, job);
    if (result.first) lengths.insert(result.first->got.at(0));
  }
  EXPECT_THAT(lengths, ::testing::ElementsAre(1, 2, 16));
}

TEST(LaneBench, RefusesStreamsThatAreNone) {
  const auto message = [](const std::function<void(LaneJob&)>& spoil) {
    Rig rig(Fault::kNone, 2);
    spoil(rig.job);
    try {
      rig.run();
    } catch (const UserError& error) {
      return std::string(error.what());
    }
    return std::string("nothing");
  };
  using ::testing::HasSubstr;
  EXPECT_THAT(message([](LaneJob& j) { j.outputs[0].data.pop_back(); }),
              HasSubstr("'out' has 67 wires for beats of 68 bits"));
  EXPECT_THAT(message([](LaneJob& j) { j.output_beats[0].bytes.clear(); }),
              HasSubstr("'out' has no beats"));
  EXPECT_THAT(message([](LaneJob& j) { j.output_beats[0].bytes.pop_back(); }),
              HasSubstr("a part of one"));
  EXPECT_THAT(message([](LaneJob& j) { j.monitors[0].valid = 1U << 30; }),
              HasSubstr("'middle': net 1073741824 is not simulated"));
  EXPECT_THAT(message([](LaneJob& j) { j.outputs[0].ready = j.outputs[0].valid; }),
              HasSubstr("is to be driven"));
  EXPECT_THAT(message([](LaneJob& j) { j.reset_n = netlist::kOne; }), HasSubstr("'reset'"));
  EXPECT_THAT(message([](LaneJob& j) { j.monitors.clear(); }),
              HasSubstr("0 streams have beats for 1"));
  EXPECT_THAT(message([](LaneJob& j) { j.frames = 0; }), HasSubstr("needs frames"));
  EXPECT_THAT(message([](LaneJob& j) { j.inputs.clear(), j.input_beats.clear(); }),
              HasSubstr("an input and an output"));
}

}  // namespace
}  // namespace assay::sim
