// SPDX-License-Identifier: Apache-2.0
#include "sim/bench.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace assay::sim {
namespace {

constexpr std::array<std::string_view, kProfiles> kNames = {
    "always", "bernoulli", "bursts", "ready-after-valid", "ready-pulse", "starved"};

/// splitmix64: small, seedable, and the same everywhere.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
  }
  std::int64_t below(std::int64_t n) {
    return static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(n));
  }

 private:
  std::uint64_t state_;
};

/// Decides in which cycles one side of a stream is willing.
class Pace {
 public:
  Pace(Profile profile, bool source, std::uint64_t seed)
      : profile_(profile), source_(source), random_(seed) {}
  /// `offered`: valid was seen in the cycle before and not taken.
  bool willing(bool offered) {
    switch (profile_) {
      case Profile::kAlways:
        return true;
      case Profile::kBernoulli:
        return (random_.next() & 1U) != 0;
      case Profile::kBursts:
        return burst();
      case Profile::kReadyAfterValid:
        return source_ || offered;
      case Profile::kReadyPulse:
        return source_ || pulse();
      case Profile::kStarved:
        return !source_ || random_.below(16) == 0;
    }
    return true;
  }

 private:
  bool burst() {
    if (left_ == 0) {
      on_ = !on_;
      left_ = 1 + random_.below(63);
    }
    --left_;
    return on_;
  }
  bool pulse() {
    if (left_ == 0) {
      left_ = 1 + random_.below(7);
      return true;
    }
    --left_;
    return false;
  }

  Profile profile_;
  bool source_, on_ = false;
  std::int64_t left_ = 0;
  Random random_;
};

struct Source {
  PortPins pins;
  const Tokens* tokens;
  Pace pace;
  std::int64_t total, sent = 0;
  bool offering = false;
};

struct Sink {
  PortPins pins;
  const Tokens* tokens;
  Pace pace;
  std::int64_t total, received = 0;
  bool waiting = false;                 ///< valid was seen and not taken
  std::vector<std::uint8_t> held = {};  ///< the data then
};

/// Beats that came around a mismatch, to say what kind of fault it is.
struct Trail {
  std::int64_t at = -1;  ///< index of the first beat that differs
  std::vector<std::vector<std::uint8_t>> got;
};
constexpr std::size_t kTrail = 6;

bool same(const std::uint8_t* a, const std::uint8_t* b, std::size_t bytes) {
  return std::memcmp(a, b, bytes) == 0;
}

/// Whether the beats behind index `from` of the trail are the expected ones shifted by `shift`.
bool follows(const Trail& trail, const Tokens& tokens, std::int64_t total, std::size_t from,
             std::int64_t shift) {
  std::size_t seen = 0;
  for (std::size_t i = from; i < trail.got.size(); ++i) {
    const std::int64_t index = trail.at + static_cast<std::int64_t>(i) + shift;
    if (index < 0 || index >= total) break;
    if (!same(trail.got[i].data(), tokens.beat(index), tokens.stride())) return false;
    ++seen;
  }
  return seen > 0;
}

std::string name_fault(const Trail& trail, const Tokens& tokens, std::int64_t total) {
  const std::size_t bytes = tokens.stride();
  const auto expected = [&](std::int64_t i) { return tokens.beat(i); };
  if (tokens.last) {
    // The topmost bit alone differs.
    std::vector<std::uint8_t> flipped(expected(trail.at), expected(trail.at) + bytes);
    flipped[bytes - 1] ^= static_cast<std::uint8_t>(1U << ((tokens.bits - 1) % 8));
    if (same(flipped.data(), trail.got[0].data(), bytes)) return "early-last";
  }
  const bool pair = trail.got.size() > 1 && trail.at + 1 < total;
  if (pair && same(trail.got[0].data(), expected(trail.at + 1), bytes) &&
      same(trail.got[1].data(), expected(trail.at), bytes) &&
      !same(expected(trail.at), expected(trail.at + 1), bytes))
    return "swapped";
  if (follows(trail, tokens, total, 0, 1)) return "dropped";
  if (trail.at > 0 && follows(trail, tokens, total, 0, -1)) return "duplicated";
  return "value";
}

class Bench {
 public:
  Bench(Dut& dut, const Job& job, WaveWindow wave)
      : dut_(dut), job_(job), wave_(wave), random_(job.seed) {
    for (std::size_t i = 0; i < job.inputs.size(); ++i)
      sources_.push_back({dut.inputs[i], &job.inputs[i], Pace(job.profile, true, random_.next()),
                          job.inputs[i].beats * job.frames});
    for (std::size_t i = 0; i < job.outputs.size(); ++i) {
      sinks_.push_back({dut.outputs[i], &job.outputs[i], Pace(job.profile, false, random_.next()),
                        job.outputs[i].beats * job.frames});
      result_.predicted += sinks_.back().total;
    }
    trails_.resize(sinks_.size());
  }

  Result run() {
    for (int i = 0; i < job_.resets; ++i) {
      reset();
      // Somewhere between the first and the last beat that goes in.
      const std::int64_t stop = 1 + random_.below(std::max<std::int64_t>(1, sources_[0].total - 1));
      while (sources_[0].sent < stop && result_.stuck.empty() && !done()) cycle();
      result_.compared_before_reset += std::exchange(result_.compared, 0);
      settle_trails();
    }
    reset();
    while (!done() && result_.stuck.empty()) cycle();
    result_.cycles = cycle_;
    if (result_.stuck.empty()) drain();
    settle_trails();
    result_.total_cycles = time_;
    return std::move(result_);
  }

 private:
  bool done() const {
    return std::ranges::all_of(sinks_, [](const Sink& s) { return s.received == s.total; });
  }

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
    }
    for (Sink& s : sinks_) {
      *s.pins.ready = static_cast<std::uint8_t>(random_.next() & 1U);
      s.waiting = false;
      s.received = 0;
    }
    for (int i = kLengths[static_cast<std::size_t>(random_.below(3))]; i > 0; --i) {
      settle();
      wave(0);
      clock_edge();
    }
    *dut_.rst_n = 1;
    cycle_ = idle_ = 0;
    result_.first_beat = -1;
    result_.input_stamps.assign(job_.stamps ? sources_.size() : 0, {});
    result_.output_stamps.assign(job_.stamps ? sinks_.size() : 0, {});
    result_.collected.assign(job_.collect ? sinks_.size() : 0, {});
    result_.frame_ends.assign(static_cast<std::size_t>(job_.frames), -1);
  }

  void cycle() {
    for (std::size_t i = 0; i < sources_.size(); ++i) offer(i);
    for (Sink& s : sinks_) *s.pins.ready = s.pace.willing(s.waiting) ? 1 : 0;
    settle();
    if (time_ % kPathCheck == 0) check_paths();
    wave(0);
    bool moved = false;
    for (std::size_t i = 0; i < sources_.size(); ++i) moved |= take(i);
    for (std::size_t i = 0; i < sinks_.size(); ++i) moved |= receive(i);
    clock_edge();
    ++cycle_;
    idle_ = moved ? 0 : idle_ + 1;
    if (idle_ >= job_.patience) result_.stuck = who_waits();
  }

  void offer(std::size_t index) {
    Source& s = sources_[index];
    if (!s.offering && s.sent < s.total && s.pace.willing(false)) {
      s.offering = true;
      std::memcpy(s.pins.data, s.tokens->beat(s.sent), s.pins.bytes());
      if (job_.stamps) result_.input_stamps[index].push_back({cycle_, -1});
    }
    *s.pins.valid = s.offering ? 1 : 0;
  }

  bool take(std::size_t index) {
    Source& s = sources_[index];
    if (!s.offering || *s.pins.ready == 0) return false;
    if (job_.stamps) result_.input_stamps[index].back().taken = cycle_;
    s.offering = false;
    ++s.sent;
    return true;
  }

  bool receive(std::size_t index) {
    Sink& s = sinks_[index];
    const bool valid = *s.pins.valid != 0;
    if (s.waiting && !valid) violate("valid-withdrawn", index);
    if (s.waiting && valid && !same(s.held.data(), s.pins.data, s.pins.bytes()))
      violate("data-changed", index);
    const bool fire = valid && *s.pins.ready != 0;
    if (job_.stamps && valid && s.received < s.total) stamp(result_.output_stamps[index], fire);
    s.waiting = valid && !fire;
    if (s.waiting) s.held.assign(s.pins.data, s.pins.data + s.pins.bytes());
    // What nobody waits for is no progress: a design may give such beats for ever.
    const bool wanted = s.received < s.total;
    if (fire) beat(index);
    return fire && wanted;
  }

  void stamp(std::vector<Stamp>& stamps, bool fire) const {
    if (stamps.empty() || stamps.back().taken >= 0) stamps.push_back({cycle_, -1});
    if (fire) stamps.back().taken = cycle_;
  }

  void beat(std::size_t index) {
    Sink& s = sinks_[index];
    if (s.received >= s.total) return violate("extra-beat", index);
    if (result_.first_beat < 0) result_.first_beat = cycle_;
    ++result_.compared;
    if (job_.collect) {
      auto& bytes = result_.collected[index];
      bytes.insert(bytes.end(), s.pins.data, s.pins.data + s.pins.bytes());
    }
    const bool equal = same(s.tokens->beat(s.received), s.pins.data, s.pins.bytes());
    if (!equal) ++result_.differing;
    Trail& trail = trails_[index];
    if (!equal && trail.at < 0 && !result_.first) start_trail(index);
    if (trail.at >= 0 && trail.got.size() < kTrail)
      trail.got.emplace_back(s.pins.data, s.pins.data + s.pins.bytes());
    ++s.received;
    if (s.received % s.tokens->beats == 0) {
      auto& end = result_.frame_ends[static_cast<std::size_t>(s.received / s.tokens->beats - 1)];
      end = std::max(end, cycle_);
    }
  }

  void start_trail(std::size_t index) {
    const Sink& s = sinks_[index];
    trails_[index].at = s.received;
    const std::uint8_t* expected = s.tokens->beat(s.received);
    result_.first = Mismatch{static_cast<int>(index),
                             s.received / s.tokens->beats,
                             s.received % s.tokens->beats,
                             time_,
                             {expected, expected + s.pins.bytes()},
                             {s.pins.data, s.pins.data + s.pins.bytes()},
                             {}};
  }

  void settle_trails() {
    for (std::size_t i = 0; i < trails_.size(); ++i) {
      if (trails_[i].at < 0 || !result_.first->fault.empty()) continue;
      result_.first->fault = name_fault(trails_[i], *sinks_[i].tokens, sinks_[i].total);
    }
  }

  /// Neither valid nor data of an output may depend on its ready.
  void check_paths() {
    for (std::size_t i = 0; i < sinks_.size(); ++i) {
      Sink& s = sinks_[i];
      const std::uint8_t valid = *s.pins.valid;
      scratch_.assign(s.pins.data, s.pins.data + s.pins.bytes());
      *s.pins.ready ^= 1U;
      dut_.eval();
      if (*s.pins.valid != valid ||
          (valid != 0 && !same(scratch_.data(), s.pins.data, s.pins.bytes())))
        violate("valid-waits-for-ready", i);
      *s.pins.ready ^= 1U;
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

  void violate(std::string_view rule, std::size_t output) {
    const std::string stream = "out" + std::to_string(output);
    const bool known = std::ranges::any_of(result_.violations, [&](const Violation& v) {
      return v.rule == rule && v.stream == stream;
    });
    if (!known) result_.violations.push_back({std::string(rule), stream, time_});
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
      const Sink& s = sinks_[i];
      const std::string name = "out" + std::to_string(i) + " (" + std::to_string(s.received) +
                               " of " + std::to_string(s.total) + " beats)";
      if (s.received == s.total)
        add(name + " is finished");
      else
        add(s.waiting ? name + " offers a beat that the sink does not take"
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
  std::vector<Sink> sinks_;
  std::vector<Trail> trails_;
  std::vector<std::uint8_t> scratch_;
  Result result_;
  std::int64_t cycle_ = 0, idle_ = 0, time_ = 0;
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
