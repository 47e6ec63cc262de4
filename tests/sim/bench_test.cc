// SPDX-License-Identifier: Apache-2.0
#include "sim/bench/bench.h"

#include <gmock/gmock.h>

#include <deque>
#include <functional>
#include <set>
#include <sstream>

#include "sim/bench/job.h"
#include "sim/bench/plant.h"

namespace assay::sim {
namespace {

using ::testing::HasSubstr;

/// A queue of two beats that hands bytes through, and what can be wrong with one.
struct Faults {
  std::int64_t drop = -1, duplicate = -1, swap = -1, flip_last = -1, extra_after = -1, wrong = -1;
  std::int64_t stop_after = -1;     ///< gives no more beats
  bool waits_for_ready = false;     ///< valid only where ready is seen
  std::int64_t withdraw_every = 0;  ///< takes valid back while it waits
  bool changes_data = false;        ///< while it waits
  bool keeps_over_reset = false;    ///< forgets to empty itself
};

class QueueDut final : public Dut {
 public:
  explicit QueueDut(Faults faults) : faults_(faults) {
    clk = &clk_;
    rst_n = &rst_n_;
    inputs = {{&in_valid_, &in_ready_, &in_data_, 8}};
    outputs = {{&out_valid_, &out_ready_, &out_data_, 8}};
    queue_ = {0x55};  // whatever a register holds before its reset
  }
  void eval() override {
    const bool edge = clk_ != 0 && last_clk_ == 0;
    last_clk_ = clk_;
    if (edge) tick();
    const bool offer = !queue_.empty() && !hidden_;
    out_valid_ = offer && (!faults_.waits_for_ready || out_ready_ != 0);
    out_data_ = queue_.empty()
                    ? 0
                    : static_cast<std::uint8_t>(queue_.front() + (faults_.changes_data ? age_ : 0));
    in_ready_ = queue_.size() < 2;
  }

 private:
  void tick() {
    if (rst_n_ == 0) {
      if (!faults_.keeps_over_reset) queue_.clear();
      taken_ = 0;
      hidden_ = false;
      spare_.reset();
      return;
    }
    const bool gives = out_valid_ != 0 && out_ready_ != 0, takes = in_valid_ != 0 && in_ready_ != 0;
    if (out_valid_ != 0 && !gives) ++age_;
    hidden_ = faults_.withdraw_every > 0 && out_valid_ != 0 && !gives &&
              age_ % faults_.withdraw_every == 0;
    if (gives) {
      queue_.pop_front();
      age_ = 0;
    }
    if (takes) push(in_data_);
  }
  void push(std::uint8_t beat) {
    const std::int64_t index = taken_++;
    if (faults_.stop_after >= 0 && index >= faults_.stop_after) return;
    if (index == faults_.drop) return;
    if (index == faults_.wrong) beat ^= 1U;
    if (index == faults_.flip_last) beat ^= 0x80U;
    if (index == faults_.swap) {
      spare_ = beat;
      return;
    }
    queue_.push_back(beat);
    if (spare_) {
      queue_.push_back(*spare_);
      spare_.reset();
    }
    if (index == faults_.duplicate || index == faults_.extra_after) queue_.push_back(beat);
  }

  Faults faults_;
  std::uint8_t clk_ = 0, last_clk_ = 0, rst_n_ = 1, in_valid_ = 0, in_ready_ = 0, in_data_ = 0,
               out_valid_ = 0, out_ready_ = 0, out_data_ = 0;
  std::deque<std::uint8_t> queue_;
  std::optional<std::uint8_t> spare_;
  std::int64_t taken_ = 0;
  std::uint8_t age_ = 0;
  bool hidden_ = false;
};

constexpr std::int64_t kBeats = 16, kFrames = 4;

/// Beats that all differ, the last of a frame marked in its top bit.
Job job(Profile profile, int resets = 0) {
  Tokens tokens{8, kBeats, {}, true};
  for (int i = 0; i < kBeats * kFrames; ++i)
    tokens.bytes.push_back(static_cast<std::uint8_t>(i | (i % kBeats == kBeats - 1 ? 0x80 : 0)));
  Job result;
  result.frames = kFrames;
  result.inputs = {tokens};
  result.outputs = {tokens};
  result.profile = profile;
  result.seed = 7;
  result.resets = resets;
  result.patience = 500;
  return result;
}

Result run(Faults faults, Profile profile = Profile::kAlways, int resets = 0) {
  QueueDut dut(faults);
  return run_bench(dut, job(profile, resets));
}

bool broke(const Result& r, std::string_view rule) {
  return std::any_of(r.violations.begin(), r.violations.end(),
                     [&](const Violation& v) { return v.rule == rule; });
}

TEST(Bench, PassesARightDesignUnderEveryProfileAndResets) {
  for (int p = 0; p < kProfiles; ++p) {
    const Result r = run({}, static_cast<Profile>(p), 2);
    SCOPED_TRACE(profile_name(static_cast<Profile>(p)));
    EXPECT_EQ(r.predicted, kBeats * kFrames);
    EXPECT_EQ(r.compared, r.predicted);
    EXPECT_GT(r.compared_before_reset, 0);
    EXPECT_EQ(r.differing, 0);
    EXPECT_TRUE(r.violations.empty());
    EXPECT_EQ(r.stuck, "");
  }
}

TEST(Bench, StampsTheEndOfEveryFrame) {
  const Result r = run({});
  ASSERT_EQ(r.frame_ends.size(), 4U);
  for (std::size_t f = 1; f < 4; ++f) EXPECT_EQ(r.frame_ends[f] - r.frame_ends[f - 1], kBeats);
  EXPECT_EQ(r.first_beat, 1);  // the queue's latency
}

Result run_stamped(Faults faults, Profile profile = Profile::kAlways, int resets = 0) {
  QueueDut dut(faults);
  Job stamped = job(profile, resets);
  stamped.stamps = true;
  return run_bench(dut, stamped);
}

TEST(Bench, StampsEveryBeatOfAFreeRun) {
  const Result r = run_stamped({});
  ASSERT_EQ(r.input_stamps.size(), 1U);
  ASSERT_EQ(r.output_stamps.size(), 1U);
  ASSERT_EQ(r.input_stamps[0].size(), 64U);
  ASSERT_EQ(r.output_stamps[0].size(), 64U);
  for (std::int64_t i = 0; i < 64; ++i) {
    EXPECT_EQ(r.input_stamps[0][static_cast<std::size_t>(i)], (Stamp{i, i})) << i;
    EXPECT_EQ(r.output_stamps[0][static_cast<std::size_t>(i)], (Stamp{i + 1, i + 1})) << i;
  }
  EXPECT_EQ(r.output_stamps[0][0].taken, r.first_beat);
  EXPECT_TRUE(run({}).output_stamps.empty());
}

/// A queue of two beats, from its definition: a beat shows one cycle after it was taken or when
/// the one before it has left; one is taken when at most one is inside.
TEST(Bench, StampsFollowTheQueueUnderEveryProfileAndResets) {
  for (int p = 0; p < kProfiles; ++p) {
    SCOPED_TRACE(profile_name(static_cast<Profile>(p)));
    const Result r = run_stamped({}, static_cast<Profile>(p), 2);
    const std::vector<Stamp>&in = r.input_stamps.at(0), &out = r.output_stamps.at(0);
    ASSERT_EQ(in.size(), 64U);
    ASSERT_EQ(out.size(), 64U);
    bool waited = false;
    for (std::size_t i = 0; i < 64; ++i) {
      const std::int64_t left = i < 1 ? -1 : out[i - 1].taken, room = i < 2 ? -1 : out[i - 2].taken;
      EXPECT_EQ(out[i].offered, std::max(in[i].taken, left) + 1) << i;
      EXPECT_EQ(in[i].taken, std::max(in[i].offered, room + 1)) << i;
      EXPECT_LE(out[i].offered, out[i].taken) << i;
      waited |= out[i].offered < out[i].taken || in[i].offered < in[i].taken;
    }
    EXPECT_EQ(out.back().taken, r.frame_ends.back());
    const auto profile = static_cast<Profile>(p);
    EXPECT_EQ(waited, profile != Profile::kAlways && profile != Profile::kStarved);
  }
}

TEST(Bench, StampsABeatThatIsNeverTaken) {
  const Result r = run_stamped({.stop_after = 3});
  EXPECT_EQ(r.output_stamps[0].size(), 3U);
  const Result full = run_stamped({.waits_for_ready = true}, Profile::kReadyAfterValid);
  EXPECT_TRUE(full.output_stamps[0].empty());
  ASSERT_EQ(full.input_stamps[0].size(), 3U);
  EXPECT_EQ(full.input_stamps[0].back(), (Stamp{2, -1}));
}

TEST(Bench, ProfilesDiffer) {
  std::vector<std::int64_t> cycles;
  for (int p = 0; p < kProfiles; ++p) cycles.push_back(run({}, static_cast<Profile>(p)).cycles);
  std::sort(cycles.begin(), cycles.end());
  EXPECT_EQ(std::unique(cycles.begin(), cycles.end()), cycles.end());
}

TEST(Bench, SeedDecidesEverything) {
  EXPECT_EQ(run({}, Profile::kBursts, 2).total_cycles, run({}, Profile::kBursts, 2).total_cycles);
}

TEST(Bench, NamesAWrongValue) {
  const Result r = run({.wrong = 21});
  ASSERT_TRUE(r.first);
  EXPECT_EQ(r.differing, 1);
  EXPECT_EQ(r.first->fault, "value");
  EXPECT_EQ(r.first->frame, 1);
  EXPECT_EQ(r.first->beat, 5);
  EXPECT_EQ(r.first->expected, std::vector<std::uint8_t>{21});
  EXPECT_EQ(r.first->got, std::vector<std::uint8_t>{20});
}

TEST(Bench, NamesADroppedBeatAndNoticesTheMissingOne) {
  const Result r = run({.drop = 21});
  ASSERT_TRUE(r.first);
  EXPECT_EQ(r.first->fault, "dropped");
  EXPECT_EQ(r.first->frame * kBeats + r.first->beat, 21);
  EXPECT_LT(r.compared, r.predicted);
  EXPECT_THAT(r.stuck, HasSubstr("out0 (63 of 64 beats) gives no beat"));
}

TEST(Bench, NamesADuplicatedBeat) {
  const Result r = run({.duplicate = 21});
  ASSERT_TRUE(r.first);
  EXPECT_EQ(r.first->fault, "duplicated");
  EXPECT_EQ(r.first->frame * kBeats + r.first->beat, 22);
  EXPECT_TRUE(broke(r, "extra-beat"));
}

TEST(Bench, NamesSwappedBeats) {
  const Result r = run({.swap = 21});
  ASSERT_TRUE(r.first);
  EXPECT_EQ(r.first->fault, "swapped");
  EXPECT_EQ(r.differing, 2);
}

TEST(Bench, NamesAnEarlyLast) {
  const Result r = run({.flip_last = 14});
  ASSERT_TRUE(r.first);
  EXPECT_EQ(r.first->fault, "early-last");
  EXPECT_EQ(r.first->beat, 14);
}

TEST(Bench, NoticesAnExtraBeatBehindTheEnd) {
  const Result r = run({.extra_after = 63});
  EXPECT_EQ(r.differing, 0);
  EXPECT_TRUE(broke(r, "extra-beat"));
}

TEST(Bench, NoticesValidTakenBack) {
  EXPECT_TRUE(broke(run({.withdraw_every = 2}, Profile::kBursts), "valid-withdrawn"));
}

TEST(Bench, NoticesDataThatChangesWhileItWaits) {
  EXPECT_TRUE(broke(run({.changes_data = true}, Profile::kBernoulli), "data-changed"));
}

TEST(Bench, NoticesValidThatWaitsForReady) {
  EXPECT_TRUE(broke(run({.waits_for_ready = true}, Profile::kBernoulli), "valid-waits-for-ready"));
  // A sink that waits for valid never sees any.
  EXPECT_NE(run({.waits_for_ready = true}, Profile::kReadyAfterValid).stuck, "");
}

TEST(Bench, NoticesWhatSurvivesAReset) {
  const Result r = run({.keeps_over_reset = true}, Profile::kBursts, 2);
  EXPECT_GT(r.differing, 0);
}

TEST(Bench, WatchdogNamesWhoWaits) {
  const Result r = run({.stop_after = 0});
  EXPECT_THAT(r.stuck, HasSubstr("no beat moves for 500 cycles"));
  EXPECT_THAT(r.stuck, HasSubstr("in0 (64 of 64 beats) is finished"));
  EXPECT_THAT(r.stuck, HasSubstr("out0 (0 of 64 beats) gives no beat"));
  EXPECT_EQ(r.compared, 0);
}

// ---- Monitors ---------------------------------------------------------------------------------

/// Two queues in a row. Monitored: the stream into the first, between them, and out of the second.
class TwoQueues final : public Dut {
 public:
  explicit TwoQueues(Faults first, Faults second = {}) : first_(first), second_(second) {
    clk = &clk_;
    rst_n = &rst_n_;
    inputs = first_.inputs;
    outputs = second_.outputs;
    monitors = {first_.inputs[0], first_.outputs[0], second_.outputs[0]};
  }
  void eval() override {
    for (QueueDut* queue : {&first_, &second_}) {
      *queue->clk = clk_;
      *queue->rst_n = rst_n_;
    }
    const PortPins &from = first_.outputs[0], &to = second_.inputs[0];
    first_.eval();  // an edge: each sees what held before it
    second_.eval();
    *from.ready = *to.ready;
    first_.eval();
    *to.valid = *from.valid;
    *to.data = *from.data;
    second_.eval();
  }

 private:
  QueueDut first_, second_;
  std::uint8_t clk_ = 0, rst_n_ = 1;
};

Result run_two(Faults first, Faults second = {}, Profile profile = Profile::kAlways,
               int resets = 0) {
  TwoQueues dut(first, second);
  Job watched = job(profile, resets);
  watched.monitors = {watched.inputs[0], watched.inputs[0], watched.inputs[0]};
  watched.gauges = {{0, 1}, {0, 2}};
  watched.stamps = true;
  return run_bench(dut, watched);
}

TEST(Monitors, CompareEveryBeatInside) {
  for (int p = 0; p < kProfiles; ++p) {
    SCOPED_TRACE(profile_name(static_cast<Profile>(p)));
    const Result r = run_two({}, {}, static_cast<Profile>(p), 2);
    ASSERT_EQ(r.monitors.size(), 3U);
    for (const StreamCounts& c : r.monitors) {
      EXPECT_EQ(c.predicted, 64);
      EXPECT_EQ(c.compared, 64);
      EXPECT_EQ(c.differing, 0);
    }
    EXPECT_TRUE(r.violations.empty());
    EXPECT_EQ(r.stuck, "");
    EXPECT_EQ(r.monitor_stamps.at(0), r.input_stamps.at(0));
    EXPECT_EQ(r.monitor_stamps.at(2), r.output_stamps.at(0));
    std::uint64_t hash = 0;
    for (const Stamp& stamp : r.monitor_stamps[1]) hash = hash_stamp(hash, stamp);
    EXPECT_EQ(hash, r.monitors[1].stamp_hash);
    EXPECT_NE(hash, r.monitors[0].stamp_hash);
  }
}

TEST(Monitors, CountWaitsAndFill) {
  const Result free = run_two({});
  EXPECT_EQ(free.monitors[0].stalls, 0);
  EXPECT_EQ(free.monitors[1].starves, 1);  // the latency
  EXPECT_EQ(free.monitors[2].starves, 2);
  EXPECT_EQ(free.monitors[1].first, 1);
  EXPECT_EQ(free.monitors[1].last, 64);
  EXPECT_EQ(free.high_water, (std::vector<std::int64_t>{1, 2}));
  const Result slow = run_two({}, {}, Profile::kReadyPulse);
  EXPECT_GT(slow.monitors[2].stalls, 50);
  EXPECT_EQ(slow.high_water, (std::vector<std::int64_t>{2, 4}));
  const Result starved = run_two({}, {}, Profile::kStarved);
  EXPECT_GT(starved.monitors[1].starves, 300);
  EXPECT_EQ(starved.monitors[1].stalls, 0);
}

TEST(Monitors, NameTheFirstStreamThatDiffers) {
  const Result r = run_two({.wrong = 21});
  ASSERT_TRUE(r.first);
  EXPECT_TRUE(r.first->monitor);
  EXPECT_EQ(r.first->output, 1);
  EXPECT_EQ(r.first->frame, 1);
  EXPECT_EQ(r.first->beat, 5);
  EXPECT_EQ(r.monitors[0].differing, 0);
  EXPECT_EQ(r.monitors[1].differing, 1);
  EXPECT_EQ(r.monitors[2].differing, 1);
  EXPECT_EQ(r.differing, 1);
  const Result later = run_two({}, {.drop = 21});
  ASSERT_TRUE(later.first);
  EXPECT_EQ(later.first->output, 2);
  EXPECT_EQ(later.first->fault, "dropped");
}

TEST(Monitors, CheckTheRulesInside) {
  const auto broken = [](const Result& r, std::string_view rule, std::string_view stream) {
    return std::any_of(r.violations.begin(), r.violations.end(),
                       [&](const Violation& v) { return v.rule == rule && v.stream == stream; });
  };
  EXPECT_TRUE(
      broken(run_two({.withdraw_every = 2}, {}, Profile::kReadyPulse), "valid-withdrawn", "mon1"));
  EXPECT_TRUE(
      broken(run_two({.changes_data = true}, {}, Profile::kReadyPulse), "data-changed", "mon1"));
  EXPECT_TRUE(broken(run_two({.extra_after = 63}), "extra-beat", "mon1"));
}

TEST(Monitors, ShowWhereARunStopped) {
  const Result r = run_two({.stop_after = 20});
  EXPECT_NE(r.stuck, "");
  EXPECT_EQ(r.monitors[0].compared, 64);
  EXPECT_EQ(r.monitors[1].compared, 20);
  EXPECT_FALSE(r.monitors[1].valid);
  EXPECT_TRUE(r.monitors[1].ready);
}

/// FNV-1a of 64 bits, over the first beats of the job and their places.
std::uint64_t digest(const Tokens& tokens, std::int64_t beats) {
  std::uint64_t value = 14695981039346656037U;
  const auto add = [&](std::uint64_t byte) { value = (value ^ byte) * 1099511628211U; };
  for (std::int64_t i = 0; i < beats; ++i) {
    add(static_cast<std::uint64_t>(i));
    for (int zero = 0; zero < 7; ++zero) add(0);
    add(*tokens.beat(i));
  }
  return value;
}

TEST(Bench, DigestsWhatItComparesAndWhereItDiffers) {
  for (const Profile profile : {Profile::kAlways, Profile::kBursts}) {
    const Result r = run_two({}, {}, profile, profile == Profile::kAlways ? 0 : 2);
    ASSERT_EQ(r.outputs.size(), 1U);
    EXPECT_EQ(r.outputs[0].digest, digest(job(profile).outputs[0], 64));
    EXPECT_EQ(r.monitors[1].digest, r.outputs[0].digest);
    EXPECT_EQ(r.outputs[0].differing_digest, kNoBeats);
  }
  const Result wrong = run_two({.wrong = 21});
  EXPECT_NE(wrong.outputs[0].digest, digest(job(Profile::kAlways).outputs[0], 64));
  EXPECT_EQ(wrong.outputs[0].differing_digest, digest_beat(kNoBeats, 21, nullptr, 0));
  const Result stopped = run_two({.stop_after = 20});
  EXPECT_EQ(stopped.outputs[0].digest, digest(job(Profile::kAlways).outputs[0], 20));
}

using Rules = std::multiset<std::pair<std::string, std::string>>;

TEST(Plant, BreaksEveryRuleOnEveryStreamAndNoValue) {
  for (const std::uint64_t seed : {1U, 2U, 3U, 4U, 5U}) {
    Job watched = job(Profile::kBernoulli);
    watched.monitors = {watched.inputs[0], watched.inputs[0], watched.inputs[0]};
    watched.seed = seed;
    const auto dut = plant_faults(std::make_unique<TwoQueues>(Faults{}, Faults{}), watched);
    const Result r = run_bench(*dut, watched);
    Rules expected, seen;
    for (const char* stream : {"out0", "mon0", "mon1", "mon2"})
      for (const char* rule : {"valid-withdrawn", "data-changed", "extra-beat"})
        expected.emplace(stream, rule);
    expected.emplace("out0", "valid-waits-for-ready");
    for (const Violation& v : r.violations) seen.emplace(v.stream, v.rule);
    EXPECT_EQ(seen, expected);
    EXPECT_EQ(r.compared, 64);
    EXPECT_EQ(r.differing, 0);
    for (const StreamCounts& c : r.monitors) EXPECT_EQ(c.compared - c.differing, 64);
    EXPECT_EQ(r.outputs[0].digest, digest(watched.outputs[0], 64));
  }
}

TEST(JobFile, MonitorsSurviveTheWay) {
  const Result r = run_two({.wrong = 21}, {}, Profile::kBursts);
  std::stringstream text;
  write_result(text, r);
  const Result back = read_result(text);
  EXPECT_EQ(back.monitors, r.monitors);
  EXPECT_EQ(back.outputs, r.outputs);
  EXPECT_EQ(back.high_water, r.high_water);
  ASSERT_TRUE(back.first);
  EXPECT_TRUE(back.first->monitor);
  std::stringstream stamps;
  write_stamps(stamps, r);
  Result stamped;
  read_stamps(stamps, 1, 1, 3, stamped);
  EXPECT_EQ(stamped.monitor_stamps, r.monitor_stamps);
}

TEST(JobFile, ResultsSurviveTheWay) {
  Result r = run({.extra_after = 63, .wrong = 21}, Profile::kBursts, 1);
  std::stringstream text;
  write_result(text, r);
  const Result back = read_result(text);
  EXPECT_EQ(back.compared, r.compared);
  EXPECT_EQ(back.differing, r.differing);
  EXPECT_EQ(back.frame_ends, r.frame_ends);
  ASSERT_TRUE(back.first);
  EXPECT_EQ(back.first->got, r.first->got);
  EXPECT_EQ(back.first->fault, r.first->fault);
  ASSERT_EQ(back.violations.size(), r.violations.size());
  EXPECT_EQ(back.violations[0].rule, r.violations[0].rule);
}

TEST(JobFile, StampsSurviveTheWay) {
  const Result r = run_stamped({}, Profile::kBursts);
  std::stringstream file;
  write_stamps(file, r);
  Result back;
  read_stamps(file, 1, 1, 0, back);
  EXPECT_EQ(back.input_stamps, r.input_stamps);
  EXPECT_EQ(back.output_stamps, r.output_stamps);
  EXPECT_EQ(back.output_stamps.at(0).size(), 64U);
}

TEST(JobFile, RefusesStampsThatAreCutOffOrOfOtherStreams) {
  std::stringstream file;
  write_stamps(file, run_stamped({}));
  const std::string whole = file.str();
  for (const std::size_t cut : {std::size_t{0}, std::size_t{9}, whole.size() / 2, whole.size() - 1})
    EXPECT_THROW(
        {
          std::istringstream half(whole.substr(0, cut));
          Result result;
          read_stamps(half, 1, 1, 0, result);
        },
        std::runtime_error)
        << cut;
  std::istringstream more(whole);
  Result result;
  EXPECT_THROW(read_stamps(more, 1, 0, 0, result), std::runtime_error);
}

TEST(JobFile, RefusesAResultThatIsCutOff) {
  std::stringstream text;
  write_result(text, run({}));
  const std::string whole = text.str();
  for (const std::size_t cut : {std::size_t{0}, whole.size() / 2, whole.size() - 4}) {
    std::istringstream half(whole.substr(0, cut));
    EXPECT_THROW(read_result(half), std::exception) << cut;
  }
}

}  // namespace
}  // namespace assay::sim
