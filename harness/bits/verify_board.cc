// SPDX-License-Identifier: Apache-2.0
#include "harness/bits/verify_board.h"

#include <fmt/format.h>

#include <chrono>

#include "harness/bits/bits_report.h"
#include "harness/bits/board_fleet.h"
#include "harness/bits/serial_netlist.h"
#include "harness/run/ledger.h"

namespace assay {
namespace {

report::Host over_the_line(const RtlSession& session, const VerifyBitsOptions& options,
                           const Console& console, report::File& simulated) {
  HostOptions line;
  line.patience = kBuiltPatience;
  line.simulated = bits_level_name(options.level);
  line.simulator = simulate_fleet(options.target, options.level, options.seed, simulated);
  return host(session, line, console).report;
}

}  // namespace

VerifyBitsResult verify_board(const VerifyBitsOptions& options, const Console& console) {
  const auto began = std::chrono::steady_clock::now();
  const RtlSession session(options.dir, options.images, options.cache);
  forget_report(session.dir, bits_report_file(options.level, options.target));
  report::File simulated;
  const report::Host line = over_the_line(session, options, console, simulated);
  const BuiltDesign built = read_built(session, options.target, options.level);
  report::Bits report = bits_head(session, built, options);
  report.predicted = line.predicted;
  report.compared = line.compared;
  report.differing = line.differing;
  report.canaries = line.canaries;
  report.first_mismatch = line.first_difference.value_or("");
  report.streams = {{"serial line", true, line.predicted, line.compared, line.differing}};
  Judgement judgement{line.verdict, line.reason};
  if (line.content_hash != built.build.rtl_sha256 || simulated.sha256 != built.file.sha256)
    judgement.note(Verdict::kInconclusive, "the run was changed while its images were simulated");
  // The simulated line has no noise.
  if (const report::Host::Link& link = line.link; link.damaged + link.repeats + link.restarts > 0)
    judgement.note(Verdict::kDifferent,
                   fmt::format("the board garbles its own line: {} damaged packets, {} repeats, {} "
                               "sessions begun anew",
                               link.damaged, link.repeats, link.restarts));
  return finish_bits(std::move(report), std::move(judgement),
                     {session, built, options, console, began});
}

}  // namespace assay
