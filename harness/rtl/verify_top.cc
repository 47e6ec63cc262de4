// SPDX-License-Identifier: Apache-2.0
#include "harness/rtl/verify_top.h"

#include <tbb/parallel_for.h>

#include <algorithm>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "harness/report/schema.h"
#include "harness/rtl/rtl_session.h"
#include "harness/rtl/top_report.h"
#include "harness/rtl/top_run.h"

namespace assay {
namespace {

constexpr std::int64_t kWaveCycles = 1000;
constexpr std::string_view kReport = "reports/rtl-top.json";

class Verification {
 public:
  Verification(const VerifyTopOptions& options, const Console& console)
      : options_(options), console_(console), session_(options.dir, options.images, options.cache) {
    if (!options.wave.empty() && options.profiles.size() != 1)
      user_error("--wave shows one profile: give --profiles with one name");
    if (options.clock_mhz <= 0) user_error("--clock: {} is no frequency", options.clock_mhz);
  }

  VerifyTopResult run() {
    session_.dir.remove(kReport);  // until the end there is no verdict
    for (PreparedTop& top : prepare_tops(session_, console_))
      tops_.emplace_back().prepared = std::move(top);
    simulate();
    for (VerifiedTop& v : tops_) judge(v);
    if (!options_.wave.empty()) write_wave();
    const TopReportInput input{tops_, options_, session_};
    VerifyTopResult result;
    result.verdict = overall_verdict(tops_);
    result.report = top_report(input);
    session_.dir.write_report(kReport, result.report);
    if (options_.finished) options_.finished(session_.dir);
    session_.dir.log("rtl-top", {{"verdict", verdict_name(result.verdict)}});
    result.table = top_table(input);
    return result;
  }

 private:
  void plan_runs(VerifiedTop& v) const {
    std::int64_t beats = 0;
    for (const StitchedPort& p : v.prepared.rtl.masters)
      beats += v.prepared.rtl.streams[p.stream].stream.beats;
    for (const sim::Profile profile : options_.profiles) {
      SimRun& run = v.runs.emplace_back();
      run.profile = profile;
      run.seed = run_seed(options_.seed, v.prepared.rtl.module, sim::profile_name(profile));
      run.frames = std::max(session_.image_count, kLeastFrames);
      run.predicted = run.frames * beats;
    }
    v.canary.seed = run_seed(options_.seed, v.prepared.rtl.module, "canary");
    v.canary.predicted = beats;
    v.canary.canary = draw_fault(v.prepared, v.canary.seed, 1, true,
                                 v.canary.seed % v.prepared.rtl.streams.size());
  }

  void simulate() {
    for (VerifiedTop& v : tops_) plan_runs(v);
    std::int64_t steps = 0;
    for (const VerifiedTop& v : tops_) steps += 2 + std::ssize(v.runs);
    Progress progress(console_, "simulate", steps);
    tbb::parallel_for(
        std::size_t{0}, tops_.size(),
        [&](std::size_t i) {
          VerifiedTop& v = tops_[i];
          v.model = session_.cache.get(v.prepared.spec);
          progress.tick();
          tbb::parallel_for(
              std::size_t{0}, v.runs.size() + 1,
              [&](std::size_t r) {
                session_.runner.run(v.prepared, v.model, r == 0 ? v.canary : v.runs[r - 1]);
                progress.tick();
              },
              tbb::simple_partitioner());
        },
        tbb::simple_partitioner());
  }

  /// Says which beat, which takes a second run, only where streams differ.
  TokenCheck token_check(const VerifiedTop& v, const SimRun& run) const {
    TokenCheck check = check_tokens(v.prepared, run);
    if (check.differing == 0) return check;
    const std::string beat =
        first_other_cycle(v.prepared, session_.runner.stamped(v.prepared, v.model, run));
    if (!beat.empty()) check.first = beat;  // empty: only the number of beats differs
    return check;
  }

  void judge(VerifiedTop& v) const {
    Judgement& j = v.judgement;
    j = {Verdict::kEquivalent, "every beat of every stream and every memory agrees"};
    for (std::size_t n = 0; n < v.prepared.memories.size(); ++n) {
      const MemoryCheck& m = v.prepared.memories[n];
      const std::string name = printable(v.prepared.rtl.nodes[n].node->name);
      if (m.differing > 0)
        j.note(Verdict::kDifferent,
               fmt::format("{} of {} values in the memories of '{}' are wrong; {}", m.differing,
                           m.compared, name, m.first));
      if (m.compared != m.predicted)
        j.note(Verdict::kInconclusive,
               fmt::format("{} of {} values in the memories of '{}' were compared", m.compared,
                           m.predicted, name));
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
    if (!caught(v.prepared, v.canary))
      j.note(Verdict::kInconclusive, "a planted fault was not noticed where it was");
  }

  void write_wave() {
    const auto bad = std::ranges::find_if(
        tops_, [](const VerifiedTop& v) { return v.judgement.verdict != Verdict::kEquivalent; });
    const VerifiedTop& v = bad == tops_.end() ? tops_.front() : *bad;
    const SimRun& run = v.runs.front();
    // Around the first mismatch, at the end of a run that got stuck, or else the first frame.
    sim::WaveWindow window{0, kWaveCycles + 2 * v.prepared.slowest().layer.cycles};
    if (run.result.first)
      window = {std::max<std::int64_t>(0, run.result.first->cycle - 1), kWaveCycles};
    else if (!run.result.stuck.empty())
      window = {
          std::max<std::int64_t>(0, run.result.total_cycles - v.prepared.patience - kWaveCycles),
          2 * kWaveCycles};
    session_.runner.trace(v.prepared, run, options_.wave, window);
    console_.remark(fmt::format("wrote {}: {} under profile {} from cycle {} on",
                                options_.wave.string(), v.prepared.rtl.module,
                                sim::profile_name(run.profile), window.from));
  }

  const VerifyTopOptions& options_;
  const Console& console_;
  RtlSession session_;
  std::vector<VerifiedTop> tops_;
};

}  // namespace

VerifyTopResult verify_top(const VerifyTopOptions& options, const Console& console) {
  return Verification(options, console).run();
}

}  // namespace assay
