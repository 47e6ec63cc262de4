// SPDX-License-Identifier: Apache-2.0
#include "harness/rtl/canaries.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace assay {
namespace {

/// FNV-1a, 64 bits.
class Digest {
 public:
  void add(std::uint8_t byte) { value_ = (value_ ^ byte) * 1099511628211U; }
  void add_place(std::int64_t place) {
    auto rest = static_cast<std::uint64_t>(place);
    for (int i = 0; i < 8; ++i, rest /= 256) add(static_cast<std::uint8_t>(rest % 256));
  }
  std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 14695981039346656037U;
};

using Streams = std::vector<sim::Tokens>;
using Counts = std::vector<sim::StreamCounts>;

std::int64_t proved(const Streams& streams, const Counts& counts, std::int64_t frames) {
  std::int64_t beats = 0;
  for (std::size_t i = 0; i < std::min(streams.size(), counts.size()); ++i)
    beats += proved_beats(streams[i], counts[i], frames);
  return beats;
}

/// Whether a stream's counts are those of a run that compared it in full.
bool is_complete(const sim::Tokens& tokens, const sim::StreamCounts& c, std::int64_t frames) {
  const std::int64_t beats = tokens.beats * frames;
  return c.predicted == beats && c.compared == beats && c.digest == beat_digest(tokens, frames);
}

std::string doubtful_stream(std::string_view name, const Streams& streams, const Counts& counts,
                            std::int64_t frames) {
  if (counts.size() != streams.size())
    return fmt::format("{} of {} {} were watched", counts.size(), streams.size(), name);
  for (std::size_t i = 0; i < streams.size(); ++i)
    if (counts[i].differing != 0 || !is_complete(streams[i], counts[i], frames))
      return fmt::format(
          "what was compared on {} {} is not what golden says, though no beat is said to differ",
          name, i);
  return "";
}

/// The times of a run's frames and its outputs' beats.
std::string doubtful_times(const SimRun& run) {
  const sim::Result& r = run.result;
  std::int64_t first = -1, last = -1;
  for (const sim::StreamCounts& c : r.outputs) {
    first = first < 0 ? c.first : std::min(first, c.first);
    last = std::max(last, c.last);
  }
  const bool rising = std::ranges::is_sorted(r.frame_ends, std::less_equal());
  if (std::ssize(r.frame_ends) != run.frames || !rising || r.frame_ends.back() != last ||
      r.first_beat != first || r.cycles != last + 1 || r.total_cycles < r.cycles)
    return "the times of frames and beats contradict each other";
  return "";
}

using Rules = std::set<std::pair<std::string, std::string>>;

/// The rules that plant_faults() breaks.
Rules broken_rules(const SimSubject& subject) {
  Rules rules;
  const auto add = [&](const std::string& prefix, std::size_t streams,
                       std::initializer_list<const char*> names) {
    for (std::size_t i = 0; i < streams; ++i)
      for (const char* name : names) rules.emplace(prefix + std::to_string(i), name);
  };
  add("out", subject.outputs.size(),
      {"valid-withdrawn", "data-changed", "extra-beat", "valid-waits-for-ready"});
  add("mon", subject.monitors.size(), {"valid-withdrawn", "data-changed", "extra-beat"});
  return rules;
}

report::Canaries rules_caught(const SimSubject& subject, const SimRun& run) {
  const Rules planted = broken_rules(subject);
  Rules seen;
  for (const sim::Violation& v : run.result.violations) seen.emplace(v.stream, v.rule);
  report::Canaries canaries{std::ssize(planted), 0};
  if (run.result.differing != 0 || !doubtful(subject, run).empty() ||
      !std::ranges::includes(planted, seen))
    return canaries;
  canaries.caught = std::ssize(seen);
  return canaries;
}

using Places = std::map<std::pair<bool, std::size_t>, std::vector<std::int64_t>>;

/// Where faults are planted, stream by stream.
Places places_of(const std::vector<PlantedFault>& faults) {
  Places places;
  for (const PlantedFault& f : faults) places[{f.monitor, f.stream}].push_back(f.beat);
  for (auto& [stream, beats] : places) std::ranges::sort(beats);
  return places;
}

/// Whether the first mismatch is one of those planted.
bool first_is_planted(const SimSubject& subject, const SimRun& run, const Places& places) {
  if (!run.result.first) return false;
  const sim::Mismatch& m = *run.result.first;
  const auto stream = std::pair(m.monitor, static_cast<std::size_t>(m.output));
  const auto it = places.find(stream);
  if (it == places.end()) return false;
  const sim::Tokens& tokens = (m.monitor ? subject.monitors : subject.outputs)[stream.second];
  return std::ranges::find(it->second, m.frame * tokens.beats + m.beat) != it->second.end() &&
         m.expected != m.got;
}

report::Canaries values_caught(const SimSubject& subject, const SimRun& run) {
  const Places places = places_of(run.planted);
  report::Canaries canaries{std::ssize(run.planted), 0};
  if (!first_is_planted(subject, run, places) || !run.result.violations.empty()) return canaries;
  const auto look = [&](bool monitor, const Streams& streams, const Counts& counts) {
    for (std::size_t i = 0; i < std::min(streams.size(), counts.size()); ++i) {
      const auto it = places.find({monitor, i});
      const std::vector<std::int64_t> none, &beats = it == places.end() ? none : it->second;
      if (is_complete(streams[i], counts[i], run.frames) &&
          counts[i].differing == std::ssize(beats) &&
          counts[i].differing_digest == place_digest(beats))
        canaries.caught += std::ssize(beats);
    }
  };
  look(false, subject.outputs, run.result.outputs);
  look(true, subject.monitors, run.result.monitors);
  return canaries;
}

}  // namespace

std::uint64_t beat_digest(const sim::Tokens& tokens, std::int64_t frames) {
  Digest digest;
  const std::size_t stride = tokens.stride(), stored = tokens.bytes.size() / stride;
  for (std::int64_t place = 0; place < tokens.beats * frames; ++place) {
    digest.add_place(place);
    const std::size_t at = static_cast<std::size_t>(place) % stored * stride;
    for (std::size_t i = 0; i < stride; ++i) digest.add(tokens.bytes[at + i]);
  }
  return digest.value();
}

std::uint64_t place_digest(std::span<const std::int64_t> places) {
  Digest digest;
  for (const std::int64_t place : places) digest.add_place(place);
  return digest.value();
}

std::int64_t proved_beats(const sim::Tokens& tokens, const sim::StreamCounts& counts,
                          std::int64_t frames) {
  if (counts.differing > 0) return counts.compared;
  return is_complete(tokens, counts, frames) ? counts.compared : 0;
}

std::int64_t proved_outputs(const SimSubject& subject, const SimRun& run) {
  return proved(subject.outputs, run.result.outputs, run.frames);
}

std::int64_t proved_monitors(const SimSubject& subject, const SimRun& run) {
  return proved(subject.monitors, run.result.monitors, run.frames);
}

std::string doubtful(const SimSubject& subject, const SimRun& run) {
  std::string text = doubtful_stream("output", subject.outputs, run.result.outputs, run.frames);
  if (text.empty())
    text = doubtful_stream("stream", subject.monitors, run.result.monitors, run.frames);
  return text.empty() ? doubtful_times(run) : text;
}

std::vector<PlantedFault> draw_faults(const SimSubject& subject, std::int64_t frames,
                                      std::uint64_t seed) {
  std::vector<PlantedFault> faults;
  const auto add = [&](bool monitor, const Streams& streams) {
    for (std::size_t s = 0; s < streams.size(); ++s) {
      const std::int64_t beats = streams[s].beats;
      std::map<std::int64_t, int> bits = {{frames * beats - 1, streams[s].bits - 1}};
      bits.emplace(0, 0);
      for (const std::int64_t frame : {std::int64_t{0}, frames / 2, frames - 1}) {
        const PlantedFault f = draw_fault(subject, ++seed * 0x9e3779b97f4a7c15U, 1, monitor, s);
        bits.emplace(frame * beats + f.beat, f.bit);
      }
      for (const auto& [beat, bit] : bits) faults.push_back({monitor, s, beat, bit});
    }
  };
  add(false, subject.outputs);
  add(true, subject.monitors);
  return faults;
}

report::Canaries canaries_of(const SimSubject& subject, const SimRun& run) {
  return run.breaks_rules ? rules_caught(subject, run) : values_caught(subject, run);
}

report::Canaries canaries_of(const SimSubject& subject, const std::vector<SimRun>& runs) {
  report::Canaries sum;
  for (const SimRun& run : runs) {
    const report::Canaries c = canaries_of(subject, run);
    sum = {sum.planted + c.planted, sum.caught + c.caught};
  }
  return sum;
}

}  // namespace assay
