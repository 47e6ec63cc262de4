// SPDX-License-Identifier: Apache-2.0
#include "harness/bits/verify_board.h"

#include <fmt/format.h>

#include <chrono>

#include "harness/bits/bits_report.h"
#include "harness/bits/board_fleet.h"
#include "harness/bits/serial_netlist.h"

namespace assay {
namespace {

/// The design's own session: the folder is one command's at a time.
report::Host over_the_line(const VerifyBitsOptions& options, const Console& console,
                           report::File& simulated) {
  HostOptions line;
  line.dir = options.dir;
  line.images = options.images;
  line.cache = options.cache;
  line.patience = kBuiltPatience;
  line.simulated = bits_level_name(options.level);
  line.simulator = simulate_fleet(options.target, options.level, options.seed, simulated);
  return host(line, console).report;
}

}  // namespace

VerifyBitsResult verify_board(const VerifyBitsOptions& options, const Console& console) {
  const auto began = std::chrono::steady_clock::now();
  const std::string file = bits_report_file(options.level, options.target);
  RtlSession(options.dir, options.images, options.cache).dir.remove(file);
  report::File simulated;
  const report::Host line = over_the_line(options, console, simulated);
  const RtlSession session(options.dir, options.images, options.cache);
  const BuiltDesign built = read_built(session, options.target, options.level);
  report::Bits report = bits_head(session, built, options);
  report.predicted = line.predicted;
  report.compared = line.compared;
  report.differing = line.differing;
  report.canaries = line.canaries;
  report.first_mismatch = line.first_difference.value_or("");
  report.streams = {{"serial line", true, line.predicted, line.compared, line.differing}};
  Judgement judgement{line.verdict, line.reason};
  if (line.stage_sha256 != report.stage_sha256 || line.content_hash != built.build.rtl_sha256 ||
      line.images != report.images || simulated.sha256 != built.file.sha256)
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
