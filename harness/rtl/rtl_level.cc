// SPDX-License-Identifier: Apache-2.0
#include "harness/rtl/rtl_level.h"

#include <fmt/format.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "harness/report/output_file.h"
#include "harness/rtl/canaries.h"
#include "harness/run/ledger.h"
#include "harness/run/rtl_manifest.h"

namespace assay {
namespace {

/// " --data D --images I" as the user gave them.
std::string image_arguments(const ImageChoice& images) {
  return (images.data.empty() ? "" : " --data " + images.data) +
         (images.images.empty() ? "" : " --images " + images.images);
}

/// What a verdict on RTL that was not generated is about; empty where it was.
std::string as_is_text(const report::RtlFiles& rtl) {
  if (!rtl.as_is) return "";
  std::string text = fmt::format("the RTL as it lies in the folder, SHA-256 {}; ", rtl.sha256);
  if (rtl.edited.empty()) return text + "it is as it was generated\n";
  text += "not as generated:";
  for (const std::string& path : rtl.edited) text += " " + printable(path, 4096);
  return text + "\n";
}

}  // namespace

RtlLevel::RtlLevel(std::string_view name, const SimulationOptions& level_options,
                   const Console& level_console)
    : name_(name),
      options(level_options),
      console(level_console),
      session(options.dir, options.images, options.cache),
      rtl(name_, session, options) {
  if (!options.wave.empty()) {
    check_output_file(options.wave, "--wave");
    trace_of(options.wave);
  }
  session.prove_stage(console);
}

void RtlLevel::begin(bool whole) {
  whole_ = whole;
  if (whole) session.dir.remove(report_file());
}

void RtlLevel::plan_runs(const SimSubject& design, Simulations& simulations,
                         const std::string& name, std::int64_t frames) const {
  std::int64_t beats = 0;
  for (const sim::Tokens& t : design.outputs) beats += t.beats;
  const auto plan = [&](std::vector<SimRun>& runs, sim::Profile profile, std::string_view what,
                        std::int64_t count) -> SimRun& {
    SimRun& run = runs.emplace_back();
    run.profile = profile;
    run.seed = run_seed(options.seed, name, what);
    run.frames = count;
    run.predicted = count * beats;
    return run;
  };
  frames = std::max(frames, kLeastFrames);
  for (const sim::Profile profile : options.profiles)
    plan(simulations.runs, profile, sim::profile_name(profile), frames);
  SimRun& values = plan(simulations.canaries, sim::Profile::kAlways, "canary", frames);
  values.planted = draw_faults(design, frames, values.seed);
  plan(simulations.canaries, sim::Profile::kBernoulli, "rules", 1).breaks_rules = true;
}

void RtlLevel::simulate(const std::vector<Design>& designs) {
  std::int64_t steps = 0;
  for (const Design& design : designs)
    steps += 1 + std::ssize(design.simulations->canaries) + std::ssize(design.simulations->runs);
  Progress progress(console, "simulate", steps);
  const auto simulate_design = [&](std::size_t i) {
    const SimSubject& subject = *designs[i].subject;
    Simulations& s = *designs[i].simulations;
    s.model = model_of(subject);
    progress.tick();
    const std::size_t canaries = s.canaries.size();
    tbb::parallel_for(
        std::size_t{0}, canaries + s.runs.size(),
        [&](std::size_t r) {
          session.runner.run(subject, s.model, r < canaries ? s.canaries[r] : s.runs[r - canaries]);
          progress.tick();
        },
        tbb::simple_partitioner());
  };
  tbb::parallel_for(std::size_t{0}, designs.size(), simulate_design, tbb::simple_partitioner());
  show_remarks(designs);
  for (const Design& design : designs) {
    runs_ += std::ssize(design.simulations->runs);
    kept_ += std::ranges::count_if(design.simulations->runs, &SimRun::kept);
  }
}

sim::Model RtlLevel::model_of(const SimSubject& subject) const {
  try {
    return session.cache.get(subject.spec);
  } catch (const ToolError& error) {
    if (!rtl.as_is()) throw;
    user_error(
        "the RTL in '{}' does not build as it is (streams inside are read by the names of the "
        "generated wires):\n{}",
        printable(session.dir.file(subject.folder).string(), 4096), error.what());
  }
}

/// What was kept from before and not used.
void RtlLevel::show_remarks(const std::vector<Design>& designs) const {
  for (const std::string& remark : session.cache.take_remarks()) console.remark(remark);
  for (const Design& design : designs) {
    std::vector<const SimRun*> runs;
    for (const auto* list : {&design.simulations->canaries, &design.simulations->runs})
      for (const SimRun& run : *list) runs.push_back(&run);
    for (const SimRun* run : runs)
      if (!run->discarded.empty())
        console.remark(fmt::format("a result kept for '{}' is simulated again: {}",
                                   printable(design.subject->folder, 4096), run->discarded));
  }
}

void RtlLevel::write_wave(const SimSubject& subject, const SimRun& run, const std::string& what,
                          const sim::WaveWindow& otherwise) const {
  sim::WaveWindow window = otherwise;
  if (run.result.first)
    window = {std::max<std::int64_t>(0, run.result.first->cycle - 1), kWaveCycles};
  session.runner.trace(subject, run, options.wave, window);
  show_remarks({});
  console.remark(fmt::format("wrote {}: {} under profile {} from cycle {} on",
                             options.wave.string(), what, sim::profile_name(run.profile),
                             window.from));
}

std::string RtlLevel::replay_command(const SimRun& run, const std::string& choice,
                                     const std::string& wave) const {
  return fmt::format("assay verify {} --level {}{}{} --profiles {} --seed {}{} --wave {}.vcd",
                     options.dir.string(), name_, rtl.as_is() ? " --as-is" : "", choice,
                     sim::profile_name(run.profile), options.seed, image_arguments(options.images),
                     wave);
}

report::RtlOutcome RtlLevel::outcome_report(const SimSubject& design, const SimRun& run,
                                            const Judgement& judgement) {
  report::RtlOutcome outcome;
  outcome.verdict = judgement.verdict;
  outcome.reason = judgement.reason;
  outcome.predicted = run.predicted;
  outcome.compared = proved_outputs(design, run);
  outcome.compared_before_reset = run.result.compared_before_reset;
  outcome.differing = run.result.differing;
  for (const sim::Violation& x : run.result.violations)
    outcome.violations.push_back({x.rule, x.stream, x.cycle});
  outcome.stuck = run.result.stuck;
  return outcome;
}

std::string RtlLevel::totals_text(const report::RtlHead& head, const std::string& what) const {
  return fmt::format(
      "\n{}: {}{} images, {} of {} predicted beats compared, {} differing; {} of {} runs kept from "
      "before\n{}",
      verdict_name(head.verdict), what, head.images, grouped(head.compared),
      grouped(head.predicted), grouped(head.differing), kept_, runs_, as_is_text(head.rtl));
}

report::RtlHead RtlLevel::report_head() const {
  report::RtlHead head = session.report_head(options.seed);
  head.rtl = rtl.identity();
  return head;
}

void RtlLevel::finish(const report::RtlHead& head, const AnyRecord& report) const {
  rtl.carry(head);
  std::vector<std::string> written = {kRtlManifest};
  if (whole_) {
    session.dir.write_report(report_file(), report);
    written.push_back(report_file());
  }
  register_files(session.dir, written);
  if (whole_ && options.finished) options.finished(session.dir);
  session.dir.log(name_, {{"verdict", verdict_name(head.verdict)}, {"all", whole_}});
}

void note_wrong_values(Judgement& judgement, const MemoryCheck& memories,
                       const std::string& where) {
  if (memories.differing > 0)
    judgement.note(Verdict::kDifferent,
                   fmt::format("{} of {} values in {} are wrong; {}", memories.differing,
                               memories.compared, where, memories.first));
}

void note_missing_values(Judgement& judgement, const MemoryCheck& memories,
                         const std::string& where) {
  if (memories.compared != memories.predicted)
    judgement.note(Verdict::kInconclusive,
                   fmt::format("{} of {} values in {} were compared", memories.compared,
                               memories.predicted, where));
}

void note_canaries(Judgement& judgement, const SimSubject& design,
                   const std::vector<SimRun>& runs) {
  const report::Canaries canaries = canaries_of(design, runs);
  if (canaries.planted == 0 || canaries.caught != canaries.planted)
    judgement.note(Verdict::kInconclusive, fmt::format("{} of {} planted faults were noticed",
                                                       canaries.caught, canaries.planted));
}

std::string mismatch_lines(const report::Mismatch& mismatch) {
  return fmt::format("  first: {}\n  replay: {}\n", mismatch.at, mismatch.replay);
}

}  // namespace assay
