// SPDX-License-Identifier: Apache-2.0
#include "harness/rtl/node_run.h"

#include <fmt/format.h>

#include "harness/rtl/canaries.h"

namespace assay {

Judgement judge_run(const PreparedNode& node, const SimRun& run) {
  const sim::Result& r = run.result;
  const std::string under = under_text(run);
  if (!run.impossible.empty())
    return {
        Verdict::kInconclusive,
        fmt::format("the simulation gave a result that cannot be {}: {}", under, run.impossible)};
  if (r.differing > 0)
    return {Verdict::kDifferent, fmt::format("{} of {} beats differ {}", r.differing,
                                             r.compared + r.compared_before_reset, under)};
  if (!r.violations.empty())
    return {Verdict::kDifferent, fmt::format("{} on {} at cycle {} {}", r.violations[0].rule,
                                             r.violations[0].stream, r.violations[0].cycle, under)};
  if (!r.stuck.empty()) return {Verdict::kDifferent, fmt::format("stuck {}: {}", under, r.stuck)};
  if (run.predicted == 0 || r.predicted != run.predicted || r.compared != run.predicted)
    return {Verdict::kInconclusive, fmt::format("{} of {} predicted beats were compared {}",
                                                r.compared, run.predicted, under)};
  if (const std::string doubt = doubtful(node, run); !doubt.empty())
    return {Verdict::kInconclusive, doubt + " " + under};
  const auto cycles = measured_cycles(run);
  if (cycles && *cycles != node.rtl.layer.cycles)
    return {Verdict::kDifferent, fmt::format("{} cycles per frame measured, the formula says {}",
                                             *cycles, node.rtl.layer.cycles)};
  if (run.profile == sim::Profile::kAlways && !cycles)
    return {Verdict::kInconclusive, "too few frames to measure cycles"};
  return {Verdict::kEquivalent, fmt::format("{} beats equal {}", r.compared, under)};
}

std::string beat_text(const sim::Packing& packing, const sim::Mismatch& m) {
  const auto expected = sim::unpack(m.expected, packing), got = sim::unpack(m.got, packing);
  std::size_t lane = 0;
  while (lane + 1 < expected.size() && expected[lane] == got[lane]) ++lane;
  const std::string values = expected == got
                                 ? "TLAST or padding differs"
                                 : fmt::format("expected {}, got {}", expected[lane], got[lane]);
  return fmt::format("beat {}, lane {}, cycle {}: {} ({})", m.beat, lane, m.cycle, values,
                     m.fault == "value" ? "wrong value" : m.fault);
}

std::string mismatch_text(const PreparedNode& node, const sim::Mismatch& m,
                          std::int64_t first_image, std::int64_t images) {
  const hw::Stream& stream = node.rtl.layer.outputs.at(static_cast<std::size_t>(m.output));
  const std::int64_t frame = m.frame % (images + node.directed);
  return fmt::format("{}, {}{}",
                     frame < images ? fmt::format("image {}", first_image + frame)
                                    : fmt::format("directed frame {}", frame - images),
                     node.rtl.layer.outputs.size() > 1 ? fmt::format("out{}, ", m.output) : "",
                     beat_text(packing(stream), m));
}

}  // namespace assay
