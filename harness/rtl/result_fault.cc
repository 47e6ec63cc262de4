// SPDX-License-Identifier: Apache-2.0
#include "harness/rtl/result_fault.h"

#include <fmt/format.h>

#include <algorithm>

namespace assay {
namespace {

/// A count and the most that it can be.
bool within(std::int64_t count, std::int64_t most) { return count >= 0 && count <= most; }

std::string output_fault(const SimSubject& subject, const SimRun& run, const sim::Result& r) {
  if (r.outputs.size() != subject.outputs.size())
    return fmt::format("it has {} outputs instead of {}", r.outputs.size(), subject.outputs.size());
  std::int64_t predicted = 0;
  for (const sim::Tokens& t : subject.outputs) predicted += t.beats * run.frames;
  if (r.predicted != predicted)
    return fmt::format("it predicts {} beats where there are {}", r.predicted, predicted);
  if (!within(r.compared, predicted) || !within(r.compared_before_reset, predicted) ||
      !within(r.differing, r.compared + r.compared_before_reset))
    return fmt::format("it compares {} and {} of {} beats, of which {} differ", r.compared,
                       r.compared_before_reset, predicted, r.differing);
  if (r.stuck.empty() && r.compared != predicted) return "it ended before all beats had come";
  return "";
}

std::string monitor_fault(const SimSubject& subject, const SimRun& run, const sim::Result& r) {
  if (r.monitors.size() != subject.monitors.size())
    return fmt::format("it has {} streams inside instead of {}", r.monitors.size(),
                       subject.monitors.size());
  for (std::size_t i = 0; i < r.monitors.size(); ++i) {
    const sim::StreamCounts& c = r.monitors[i];
    const std::int64_t predicted = subject.monitors[i].beats * run.frames;
    const bool counts = c.predicted == predicted && within(c.compared, predicted) &&
                        within(c.differing, 2 * predicted) && within(c.stalls, r.total_cycles) &&
                        within(c.starves, r.total_cycles);
    const bool cycles = c.compared == 0
                            ? c.first == -1 && c.last == -1
                            : c.first >= 0 && c.first <= c.last && c.last < r.total_cycles &&
                                  c.last - c.first + 1 >= c.compared;
    if (!counts || !cycles || (r.stuck.empty() && c.compared != predicted))
      return fmt::format("the counts of stream {} inside contradict each other", i);
  }
  if (r.high_water.size() != subject.gauges.size()) return "it has other FIFOs";
  for (std::size_t i = 0; i < r.high_water.size(); ++i)
    if (!within(r.high_water[i], subject.monitors[subject.gauges[i].in].beats * run.frames))
      return "a FIFO holds what never came";
  return "";
}

std::string time_fault(const SimRun& run, const sim::Result& r) {
  if (std::ssize(r.frame_ends) != run.frames) return "it has other frames";
  if (!within(r.cycles, r.total_cycles) || r.first_beat < -1 || r.first_beat > r.cycles)
    return "its cycles contradict each other";
  for (const std::int64_t end : r.frame_ends)
    if (end < -1 || end >= r.total_cycles) return "a frame ends in no cycle of it";
  if (!r.stuck.empty()) return "";
  if (!std::ranges::is_sorted(r.frame_ends, std::ranges::less_equal()) || r.frame_ends[0] < 0)
    return "its frames end in an order that cannot be";
  return r.frame_ends.back() + 1 == r.cycles ? "" : "its last beat is not in its last cycle";
}

std::string mismatch_fault(const SimSubject& subject, const SimRun& run, const sim::Result& r) {
  std::int64_t differing = r.differing;
  for (const sim::StreamCounts& c : r.monitors) differing += c.differing;
  if ((differing > 0) != r.first.has_value())
    return fmt::format("{} beats differ, and {} is the first", differing, r.first ? "one" : "none");
  if (!r.first) return "";
  const sim::Mismatch& m = *r.first;
  const std::size_t streams = (m.monitor ? subject.monitors : subject.outputs).size();
  if (m.output < 0 || static_cast<std::size_t>(m.output) >= streams)
    return "its first difference is on no stream";
  const sim::Tokens tokens =
      expected_tokens(subject, run, m.monitor, static_cast<std::size_t>(m.output));
  if (!within(m.frame, run.frames - 1) || !within(m.beat, tokens.beats - 1) ||
      !within(m.cycle, r.total_cycles))
    return "its first difference is at no place";
  const std::uint8_t* beat = tokens.beat(m.frame * tokens.beats + m.beat);
  if (m.expected != std::vector<std::uint8_t>(beat, beat + tokens.stride()) ||
      m.got.size() != tokens.stride() || m.got == m.expected)
    return "its first difference is none";
  return "";
}

/// "out0" or "mon7", as far as there are such.
bool names_stream(const SimSubject& subject, const std::string& name) {
  const auto is_one = [&](const char* prefix, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i)
      if (name == fmt::format("{}{}", prefix, i)) return true;
    return false;
  };
  return is_one("out", subject.outputs.size()) || is_one("mon", subject.monitors.size());
}

}  // namespace

std::string result_fault(const SimSubject& subject, const SimRun& run, const sim::Result& result) {
  for (const sim::Violation& violation : result.violations)
    if (!names_stream(subject, violation.stream) || !within(violation.cycle, result.total_cycles))
      return "it breaks a rule on no stream";
  if (run.breaks_rules) return "";  // beats too many and beats withdrawn are what it is for
  for (const std::string& fault : {output_fault(subject, run, result),
                                   monitor_fault(subject, run, result), time_fault(run, result)})
    if (!fault.empty()) return fault;
  return mismatch_fault(subject, run, result);
}

}  // namespace assay
