// SPDX-License-Identifier: Apache-2.0
#include "harness/rtl/verify_top.h"

#include <algorithm>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "harness/rtl/rtl_level.h"
#include "harness/rtl/top_report.h"
#include "harness/rtl/top_run.h"
#include "sim/token/fifo_sizing.h"

namespace assay {
namespace {

class TopVerification {
 public:
  TopVerification(const VerifyTopOptions& options, const Console& console)
      : level_("rtl-top", options, console), clock_mhz_(options.clock_mhz) {
    if (!options.wave.empty() && options.profiles.size() != 1)
      user_error("--wave shows one profile: give --profiles with one name");
    if (clock_mhz_ <= 0) user_error("--clock: {} is no frequency", clock_mhz_);
  }

  VerifyTopResult run() {
    level_.begin(true);
    for (PreparedTop& top : prepare_tops(level_.session, level_.rtl, level_.console))
      tops_.emplace_back().prepared = std::move(top);
    simulate();
    for (VerifiedTop& v : tops_) judge(v);
    if (!level_.options.wave.empty()) write_wave();
    VerifyTopResult result;
    result.report = top_report(level_, clock_mhz_, tops_);
    level_.finish(result.report.head, result.report);
    result.table = top_table(level_, clock_mhz_, result.report);
    return result;
  }

 private:
  void simulate() {
    std::vector<RtlLevel::Design> designs;
    for (VerifiedTop& v : tops_) {
      level_.plan_runs(v.prepared, v, v.prepared.rtl.module, level_.session.image_count);
      designs.push_back({&v.prepared, &v});
    }
    level_.simulate(designs);
  }

  /// Says which beat, which takes a second run, only where streams differ.
  TokenCheck token_check(const VerifiedTop& v, const SimRun& run) const {
    TokenCheck check = check_tokens(v.prepared, run);
    if (check.differing == 0) return check;
    const std::string beat =
        first_other_cycle(v.prepared, level_.session.runner.stamped(v.prepared, v.model, run));
    if (!beat.empty()) check.first = beat;  // empty: only the number of beats differs
    return check;
  }

  void judge(VerifiedTop& v) const {
    Judgement& j = v.judgement;
    j = {Verdict::kEquivalent, "every beat of every stream and every memory agrees"};
    for (std::size_t n = 0; n < v.prepared.memories.size(); ++n) {
      const std::string where =
          fmt::format("the memories of '{}'", printable(v.prepared.rtl.nodes[n].node->name));
      note_wrong_values(j, v.prepared.memories[n], where);
      note_missing_values(j, v.prepared.memories[n], where);
    }
    for (const SimRun& run : v.runs) {
      const Judgement judgement = judge_run(v.prepared, run);
      j.note(judgement.verdict, judgement.reason);
      if (judgement.verdict == Verdict::kEquivalent && run.profile == sim::Profile::kAlways)
        v.tokens = token_check(v, run);
    }
    if (v.tokens && v.tokens->differing > 0)
      j.note(Verdict::kDifferent,
             fmt::format("{} of {} streams move in other cycles than the token model says; {}",
                         v.tokens->differing, v.tokens->predicted, v.tokens->first));
    if (v.tokens && v.tokens->compared != v.tokens->predicted)
      j.note(Verdict::kInconclusive, "not every stream was held against the token model");
    if (v.tokens && v.tokens->differing == 0)
      v.steady_interval = sim::schedule(token_network(v.prepared.rtl)).interval;
    note_canaries(j, v.prepared, v.canaries);
  }

  void write_wave() const {
    const auto bad = std::ranges::find_if(
        tops_, [](const VerifiedTop& v) { return v.judgement.verdict != Verdict::kEquivalent; });
    const VerifiedTop& v = bad == tops_.end() ? tops_.front() : *bad;
    const SimRun& run = v.runs.front();
    // The end of a run that got stuck, or else the first frame.
    sim::WaveWindow window{0, kWaveCycles + 2 * v.prepared.slowest().layer.cycles};
    if (!run.result.stuck.empty())
      window = {
          std::max<std::int64_t>(0, run.result.total_cycles - v.prepared.patience - kWaveCycles),
          2 * kWaveCycles};
    level_.write_wave(v.prepared, run, v.prepared.rtl.module, window);
  }

  RtlLevel level_;
  const double clock_mhz_;
  std::vector<VerifiedTop> tops_;
};

}  // namespace

VerifyTopResult verify_top(const VerifyTopOptions& options, const Console& console) {
  return TopVerification(options, console).run();
}

}  // namespace assay
