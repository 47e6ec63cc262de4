// SPDX-License-Identifier: Apache-2.0
#include "harness/rtl/rtl_level.h"

#include <fmt/format.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "harness/rtl/canaries.h"

namespace assay {
namespace {

/// " --data D --images I" as the user gave them.
std::string image_arguments(const ImageChoice& images) {
  return (images.data.empty() ? "" : " --data " + images.data) +
         (images.images.empty() ? "" : " --images " + images.images);
}

}  // namespace

RtlLevel::RtlLevel(std::string_view name, const SimulationOptions& level_options,
                   const Console& level_console)
    : name_(name),
      options(level_options),
      console(level_console),
      session(options.dir, options.images, options.cache) {}

void RtlLevel::begin() const { session.dir.remove(report_file()); }

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
    s.model = session.cache.get(subject.spec);
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
  for (const Design& design : designs) {
    runs_ += std::ssize(design.simulations->runs);
    kept_ += std::ranges::count_if(design.simulations->runs, &SimRun::kept);
  }
}

void RtlLevel::write_wave(const SimSubject& subject, const SimRun& run, const std::string& what,
                          const sim::WaveWindow& otherwise) const {
  sim::WaveWindow window = otherwise;
  if (run.result.first)
    window = {std::max<std::int64_t>(0, run.result.first->cycle - 1), kWaveCycles};
  session.runner.trace(subject, run, options.wave, window);
  console.remark(fmt::format("wrote {}: {} under profile {} from cycle {} on",
                             options.wave.string(), what, sim::profile_name(run.profile),
                             window.from));
}

std::string RtlLevel::replay_command(const SimRun& run, const std::string& choice,
                                     const std::string& wave) const {
  return fmt::format("assay verify {} --level {}{} --profiles {} --seed {}{} --wave {}.vcd",
                     options.dir.string(), name_, choice, sim::profile_name(run.profile),
                     options.seed, image_arguments(options.images), wave);
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
      "before\n",
      verdict_name(head.verdict), what, head.images, grouped(head.compared),
      grouped(head.predicted), grouped(head.differing), kept_, runs_);
}

void RtlLevel::finish(Verdict verdict, const AnyRecord& report) const {
  session.dir.write_report(report_file(), report);
  if (options.finished) options.finished(session.dir);
  session.dir.log(name_, {{"verdict", verdict_name(verdict)}});
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
