// SPDX-License-Identifier: Apache-2.0
#include "harness/bits/bits_report.h"

#include <fmt/format.h>

#include <vector>

#include "harness/bits/bits_table.h"
#include "harness/bits/prove_bits.h"
#include "harness/bits/prove_layers.h"
#include "harness/report/build.h"
#include "harness/report/optional_report.h"
#include "harness/run/identity.h"
#include "harness/run/ledger.h"
#include "sim/proof/proof.h"

namespace assay {

std::string bits_report_file(BitsLevel level, const std::string& target) {
  return fmt::format("reports/{}-{}.json", bits_level_name(level), target);
}

report::Bits bits_head(const RtlSession& session, const BuiltDesign& built,
                       const VerifyBitsOptions& options) {
  report::Bits report;
  report.assay = assay_identity();
  report.stage = session.stage().id;
  report.stage_sha256 = session.stage().sha256;
  report.level = bits_level_name(options.level);
  report.target = built.build.target.name;
  report.file = built.file;
  report.data = data_identity(session.images);
  report.images = session.image_count;
  report.seed = options.seed;
  const netlist::Netlist& n = built.design;
  report.cells = {std::ssize(n.luts), std::ssize(n.flip_flops), std::ssize(n.memories)};
  for (const netlist::ClockMaker& maker : n.clock_makers)
    report.clock = netlist::clock_maker_text(maker);
  return report;
}

namespace {

void note_time(const BitsWork& work, const report::Bits& report) {
  const std::string file = fmt::format("build/{}/{}", report.target, report::kBuildTiming);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - work.began;
  const RunDir& dir = work.session.dir;
  auto timing = optional_report<report::Timing>(dir.file(file)).value_or(report::Timing());
  auto& steps = timing.steps.emplace(timing.steps.value_or(std::vector<report::Timing::Stage>()));
  std::erase_if(steps, [&](const auto& step) { return step.stage == report.level; });
  steps.push_back({report.level, false, seconds.count()});
  dir.write_report(file, timing);
}

/// What verification said of the netlist that bits are held against.
std::string netlist_verdict(const BitsWork& work, const report::File& netlist) {
  const std::string file = bits_report_file(BitsLevel::kNetlist, work.built.build.target.name);
  const auto report = optional_report<report::Bits>(work.session.dir.file(file));
  return report && report->file.sha256 == netlist.sha256
             ? std::string(verdict_name(report->verdict))
             : "";
}

/// The bits are what the netlist is, so that what its streams show inside holds for them.
void note_netlist(report::Proof& proof, Judgement& judgement, const BitsWork& work) {
  proof.origin_verdict = netlist_verdict(work, proof.origin);
  if (!proof.origin_verdict->empty() && *proof.origin_verdict != verdict_name(Verdict::kEquivalent))
    judgement.note(Verdict::kInconclusive,
                   fmt::format("'{}', which it is held against, is {} at level netlist",
                               proof.origin.file, *proof.origin_verdict));
}

/// Of what was verified, against what it was made from.
void prove(report::Bits& report, Judgement& judgement, const BitsWork& work) {
  const RunDir& dir = work.session.dir;
  report.proof = prove_bits(work.built, dir, work.options.seed, work.console);
  if (work.options.level == BitsLevel::kBitstream) note_netlist(*report.proof, judgement, work);
  if (work.options.prove_layers)
    report.layers = prove_layers(layer_yosys(work.built.build),
                                 built_source(dir.path(), work.options.target, work.built.build),
                                 work.built.build, work.options.seed, work.console);
  // A netlist stands on its simulation where its proof comes to no end; one that fails is a fault.
  const std::string& proved = report.proof->verdict;
  if (proved != kProved &&
      (work.options.level == BitsLevel::kBitstream || report.proof->reason != sim::kTimeIsOver))
    judgement.note(proved == kRefuted ? Verdict::kDifferent : Verdict::kInconclusive,
                   fmt::format("the {} is not proved equal to '{}', which it was made from: {}",
                               report.level, report.proof->origin.file, report.proof->reason));
}

}  // namespace

VerifyBitsResult finish_bits(report::Bits report, Judgement judgement, const BitsWork& work) {
  const RunDir& dir = work.session.dir;
  if (!work.built.origin_file.file.empty()) prove(report, judgement, work);
  report.verdict = judgement.verdict;
  report.reason = judgement.reason;
  const std::string file = bits_report_file(work.options.level, report.target);
  dir.write_report(file, report);
  register_files(dir, {file});
  note_time(work, report);
  if (work.options.finished) work.options.finished(dir);
  return {report, bits_table(report)};
}

}  // namespace assay
