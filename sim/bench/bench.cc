// SPDX-License-Identifier: Apache-2.0
#include "sim/bench/bench.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "sim/bench/pace.h"
#include "sim/bench/watch.h"

namespace assay::sim {
namespace {

constexpr std::array<std::string_view, kProfiles> kNames = {
    "always", "bernoulli", "bursts", "ready-after-valid", "ready-pulse", "starved"};

struct Source {
  PortPins pins;
  const Tokens* tokens;
  Pace pace;
  std::int64_t total, sent = 0;
  bool offering = false;
  std::vector<Stamp> stamps = {};
};

class Bench {
 public:
  Bench(Dut& dut, const Job& job, WaveWindow wave)
      : dut_(dut), job_(job), wave_(wave), random_(job.seed) {
    for (std::size_t i = 0; i < job.inputs.size(); ++i)
      sources_.push_back({dut.inputs[i], &job.inputs[i], Pace(job.profile, true, random_.next()),
                          job.inputs[i].beats * job.frames});
    for (std::size_t i = 0; i < job.outputs.size(); ++i) {
      sinks_.emplace_back(dut.outputs[i], job.outputs[i], job.frames, "out" + std::to_string(i),
                          job.stamps);
      paces_.emplace_back(job.profile, false, random_.next());
      result_.predicted += sinks_.back().total();
    }
    for (std::size_t i = 0; i < job.monitors.size(); ++i)
      monitors_.emplace_back(dut.monitors[i], job.monitors[i], job.frames,
                             "mon" + std::to_string(i), job.stamps);
  }

  Result run() {
    // What got stuck stays as it is, to be looked at.
    for (int i = 0; i < job_.resets && result_.stuck.empty(); ++i) {
      reset();
      // Somewhere between the first and the last beat that goes in.
      const std::int64_t stop = 1 + random_.below(std::max<std::int64_t>(1, sources_[0].total - 1));
      while (sources_[0].sent < stop && result_.stuck.empty() && !done()) cycle();
      for (const StreamWatch& s : sinks_) result_.compared_before_reset += s.moved();
    }
    if (result_.stuck.empty()) reset();
    while (!done() && result_.stuck.empty()) cycle();
    result_.cycles = end_;
    note_counts();
    if (result_.stuck.empty()) drain();
    finish();
    return std::move(result_);
  }

 private:
  static bool all_complete(const std::vector<StreamWatch>& watches) {
    return std::ranges::all_of(watches, &StreamWatch::complete);
  }
  bool done() const { return all_complete(sinks_) && all_complete(monitors_); }

  void clock_edge() {
    *dut_.clk = 1;
    dut_.eval();
    wave(1);
    ++time_;
  }
  void settle() {
    *dut_.clk = 0;
    dut_.eval();
  }
  void wave(std::uint64_t phase) {
    if (time_ >= wave_.from && time_ < wave_.from + wave_.cycles)
      dut_.dump(2 * static_cast<std::uint64_t>(time_) + phase);
  }

  void reset() {
    constexpr std::array<int, 3> kLengths = {1, 2, 16};
    *dut_.rst_n = 0;
    for (Source& s : sources_) {
      *s.pins.valid = 0;
      s.offering = false;
      s.sent = 0;
      s.stamps.clear();
    }
    for (StreamWatch& s : sinks_) {
      *s.pins().ready = static_cast<std::uint8_t>(random_.next() & 1U);
      s.restart();
    }
    for (StreamWatch& m : monitors_) m.restart();
    for (int i = kLengths[static_cast<std::size_t>(random_.below(3))]; i > 0; --i) {
      settle();
      wave(0);
      clock_edge();
    }
    *dut_.rst_n = 1;
    cycle_ = idle_ = end_ = 0;
    result_.first_beat = -1;
    result_.collected.assign(job_.collect ? sinks_.size() : 0, {});
    result_.frame_ends.assign(static_cast<std::size_t>(job_.frames), -1);
    result_.high_water.assign(job_.gauges.size(), 0);
  }

  void cycle() {
    for (Source& s : sources_) offer(s);
    for (std::size_t i = 0; i < sinks_.size(); ++i)
      *sinks_[i].pins().ready = paces_[i].willing(sinks_[i].waiting()) ? 1 : 0;
    settle();
    if (time_ % kPathCheck == 0) check_paths();
    wave(0);
    const bool running = !all_complete(sinks_);
    bool moved = false;
    for (Source& s : sources_) moved |= take(s);
    for (StreamWatch& m : monitors_) moved |= m.observe(cycle_, time_, running);
    for (std::size_t i = 0; i < sinks_.size(); ++i) moved |= receive(i);
    read_gauges();
    clock_edge();
    ++cycle_;
    if (running) end_ = cycle_;
    idle_ = moved ? 0 : idle_ + 1;
    if (idle_ >= job_.patience) result_.stuck = who_waits();
  }

  void offer(Source& s) {
    if (!s.offering && s.sent < s.total && s.pace.willing(false)) {
      s.offering = true;
      std::memcpy(s.pins.data, s.tokens->beat(s.sent), s.pins.bytes());
      if (job_.stamps) s.stamps.push_back({cycle_, -1});
    }
    *s.pins.valid = s.offering ? 1 : 0;
  }

  bool take(Source& s) const {
    if (!s.offering || *s.pins.ready == 0) return false;
    if (job_.stamps) s.stamps.back().taken = cycle_;
    s.offering = false;
    ++s.sent;
    return true;
  }

  bool receive(std::size_t index) {
    StreamWatch& s = sinks_[index];
    if (!s.observe(cycle_, time_, true)) return false;
    if (result_.first_beat < 0) result_.first_beat = cycle_;
    if (job_.collect) {
      auto& bytes = result_.collected[index];
      bytes.insert(bytes.end(), s.pins().data, s.pins().data + s.pins().bytes());
    }
    if (s.frame_ended()) {
      auto& end = result_.frame_ends[static_cast<std::size_t>(s.frame() - 1)];
      end = std::max(end, cycle_);
    }
    return true;
  }

  void read_gauges() {
    for (std::size_t i = 0; i < job_.gauges.size(); ++i) {
      const Gauge& g = job_.gauges[i];
      result_.high_water[i] =
          std::max(result_.high_water[i], monitors_[g.in].moved() - monitors_[g.out].moved());
    }
  }

  /// Neither valid nor data of an output may depend on its ready.
  void check_paths() {
    for (StreamWatch& s : sinks_) {
      const PortPins& pins = s.pins();
      const std::uint8_t valid = *pins.valid;
      scratch_.assign(pins.data, pins.data + pins.bytes());
      *pins.ready ^= 1U;
      dut_.eval();
      if (*pins.valid != valid ||
          (valid != 0 && std::memcmp(scratch_.data(), pins.data, pins.bytes()) != 0))
        s.violate("valid-waits-for-ready", time_);
      *pins.ready ^= 1U;
      dut_.eval();
    }
  }

  /// Nothing may come behind the last frame.
  void drain() {
    const std::int64_t latency = std::max<std::int64_t>(result_.first_beat, 0);
    const std::int64_t cycles =
        std::max<std::int64_t>(1000, 4 * std::min<std::int64_t>(latency, 10000));
    for (Source& s : sources_) {
      *s.pins.valid = 0;
      s.total = s.sent;
    }
    for (std::int64_t i = 0; i < cycles; ++i) cycle();
    result_.stuck.clear();
  }

  /// Before drain(), which shows nothing but what must not come.
  void note_counts() {
    for (const StreamWatch& s : sinks_) result_.outputs.push_back(s.counts());
    for (const StreamWatch& m : monitors_) result_.monitors.push_back(m.counts());
  }

  void finish() {
    const auto add = [&](StreamWatch& s, std::size_t index, bool monitor) {
      s.settle_trail();
      if (s.first() && (!result_.first || s.first()->cycle < result_.first->cycle)) {
        result_.first = s.first();
        result_.first->output = static_cast<int>(index);
        result_.first->monitor = monitor;
      }
      result_.violations.insert(result_.violations.end(), s.violations().begin(),
                                s.violations().end());
    };
    for (std::size_t i = 0; i < monitors_.size(); ++i) add(monitors_[i], i, true);
    for (std::size_t i = 0; i < sinks_.size(); ++i) {
      add(sinks_[i], i, false);
      result_.compared += sinks_[i].moved();
      result_.differing += sinks_[i].counts().differing;
    }
    std::ranges::stable_sort(result_.violations, {}, &Violation::cycle);
    result_.total_cycles = time_;
    if (!job_.stamps) return;
    for (Source& s : sources_) result_.input_stamps.push_back(std::move(s.stamps));
    for (StreamWatch& s : sinks_) result_.output_stamps.push_back(std::move(s.stamps()));
    for (StreamWatch& m : monitors_) result_.monitor_stamps.push_back(std::move(m.stamps()));
  }

  std::string who_waits() const {
    std::string text = "no beat moves for " + std::to_string(job_.patience) + " cycles:";
    const auto add = [&](const std::string& what) {
      text += (text.back() == ':' ? " " : "; ") + what;
    };
    for (std::size_t i = 0; i < sources_.size(); ++i) {
      const Source& s = sources_[i];
      const std::string name = "in" + std::to_string(i) + " (" + std::to_string(s.sent) + " of " +
                               std::to_string(s.total) + " beats)";
      add(s.sent == s.total ? name + " is finished" : name + " offers a beat that is not taken");
    }
    for (std::size_t i = 0; i < sinks_.size(); ++i) {
      const StreamWatch& s = sinks_[i];
      const std::string name = "out" + std::to_string(i) + " (" + std::to_string(s.moved()) +
                               " of " + std::to_string(s.total()) + " beats)";
      if (s.complete())
        add(name + " is finished");
      else
        add(s.waiting() ? name + " offers a beat that the sink does not take"
                        : name + " gives no beat");
    }
    return text;
  }

  static constexpr std::int64_t kPathCheck = 13;
  Dut& dut_;
  const Job& job_;
  WaveWindow wave_;
  Random random_;
  std::vector<Source> sources_;
  std::vector<StreamWatch> sinks_;
  std::vector<Pace> paces_;  ///< of the sinks
  std::vector<StreamWatch> monitors_;
  std::vector<std::uint8_t> scratch_;
  Result result_;
  /// Since the reset; without a beat; behind the last beat of the outputs; since the start.
  std::int64_t cycle_ = 0, idle_ = 0, end_ = 0, time_ = 0;
};

}  // namespace

std::string_view profile_name(Profile profile) { return kNames[static_cast<std::size_t>(profile)]; }

std::optional<Profile> parse_profile(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i)
    if (kNames[i] == name) return static_cast<Profile>(i);
  return {};
}

const std::uint8_t* Tokens::beat(std::int64_t index) const {
  const auto count = static_cast<std::int64_t>(bytes.size() / stride());
  return bytes.data() + static_cast<std::size_t>(index % count) * stride();
}

Result run_bench(Dut& dut, const Job& job, WaveWindow wave) { return Bench(dut, job, wave).run(); }

}  // namespace assay::sim
