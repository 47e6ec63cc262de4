// SPDX-License-Identifier: Apache-2.0
#include "harness/bits/second_opinion.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <set>
#include <utility>

#include "compile/base/hash.h"
#include "compile/netlist/verilog.h"
#include "harness/build/build_steps.h"
#include "harness/check/execute.h"
#include "harness/rtl/canaries.h"

namespace assay {
namespace {

/// The same on every machine; in rising order.
std::vector<std::int64_t> drawn_images(std::int64_t of, std::int64_t count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::set<std::int64_t> drawn;
  while (std::ssize(drawn) < std::min(count, of))
    drawn.insert(static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(of)));
  return {drawn.begin(), drawn.end()};
}

class Opinion {
 public:
  Opinion(const RtlSession& session, const BuiltDesign& built, const PreparedTop& empty,
          const LaneStreams& streams, const VerifyBitsOptions& options, const Console& console)
      : session_(session),
        built_(built),
        empty_(empty),
        watched_(watched(streams)),
        seed_(options.seed),
        console_(console) {
    report_.simulator = session.cache.tools().verilator_version;
    report_.images = drawn_images(session.image_count, *options.second_opinion, seed_);
  }

  report::SecondOpinion run() {
    describe_design();
    write_netlist();
    add_frames();
    hash_content(subject_);
    wait_aloud(console_, "second opinion: build a model",
               [&] { model_ = session_.cache.get(subject_.spec); });
    wait_aloud(console_, "second opinion: simulate", [&] { simulate(); });
    return std::move(report_);
  }

 private:
  void describe_design() {
    subject_.spec.netlist = true;
    sim::Design& design = subject_.spec.designs.emplace_back(empty_.spec.designs.front());
    design.monitors.clear();
    for (const std::size_t i : watched_)
      design.monitors.push_back(empty_.rtl.streams[i].stream.bits());
    subject_.patience = 4 * empty_.patience;
  }

  void write_netlist() {
    std::vector<std::string> names;
    for (const std::size_t i : watched_)
      for (const char* wire : {"_valid", "_ready", "_data"})
        names.push_back(empty_.rtl.streams[i].name + wire);
    const netlist::VerilogText verilog = netlist::to_verilog(built_.design, names);
    subject_.spec.sources = {
        {built_.design.name + ".v", verilog.text},
        {monitored_module(empty_.rtl) + ".sv", monitored_text(empty_.rtl, watched_)}};
    subject_.folder = fmt::format("build/{}/second_opinion", built_.build.target.name);
    session_.dir.make_folder(subject_.folder);
    for (const netlist::VerilogText::File& file : verilog.memories) {
      session_.dir.write(subject_.folder + "/" + file.name, file.text);
      subject_.content += sha256(file.text);
    }
  }

  void add_frames() {
    const ExactPixels golden(session_.graph, true);
    PreparedTop frames = empty_;
    for (const std::int64_t image : report_.images) {
      const ExactRun run = golden.run_all(session_.images.set.values(image));
      add_frame(frames, top_frame(frames, [&](const Tensor* tensor) {
                  return integers(run.values.at(tensor));
                }));
    }
    subject_.inputs = std::move(frames.inputs);
    subject_.outputs = std::move(frames.outputs);
    for (const std::size_t i : watched_) subject_.monitors.push_back(std::move(frames.monitors[i]));
  }

  SimRun planned(sim::Profile profile, std::string_view what) const {
    SimRun run;
    run.profile = profile;
    run.seed = run_seed(seed_, built_.design.name, what);
    run.frames = std::ssize(report_.images);
    for (const sim::Tokens& tokens : subject_.outputs) run.predicted += tokens.beats * run.frames;
    return run;
  }

  void simulate() {
    for (const sim::Profile profile : {sim::Profile::kAlways, sim::Profile::kBernoulli}) {
      SimRun run = planned(profile, sim::profile_name(profile));
      session_.runner.run(subject_, model_, run);
      take(run);
    }
    SimRun canary = planned(sim::Profile::kAlways, "canary");
    canary.planted = draw_faults(subject_, canary.frames, canary.seed);
    session_.runner.run(subject_, model_, canary);
    report_.canaries = canaries_of(subject_, canary);
    if (report_.canaries.planted == 0 || report_.canaries.caught != report_.canaries.planted)
      note(fmt::format("{} of {} planted faults were noticed", report_.canaries.caught,
                       report_.canaries.planted));
  }

  void take(const SimRun& run) {
    std::int64_t predicted = run.predicted, differing = run.result.differing;
    for (const sim::Tokens& tokens : subject_.monitors) predicted += tokens.beats * run.frames;
    for (const sim::StreamCounts& c : run.result.monitors) differing += c.differing;
    report_.predicted += predicted;
    report_.differing += differing;
    const std::int64_t compared = proved_outputs(subject_, run) + proved_monitors(subject_, run);
    report_.compared += compared;
    const std::string under = under_text(run);
    if (!run.impossible.empty()) return note(run.impossible + " " + under);
    if (differing > 0) return note(fmt::format("{} beats differ {}", differing, under));
    if (!run.result.violations.empty())
      return note(fmt::format("{} on {} {}", run.result.violations[0].rule,
                              run.result.violations[0].stream, under));
    if (!run.result.stuck.empty())
      return note(fmt::format("stuck {}: {}", under, run.result.stuck));
    if (const std::string doubt = doubtful(subject_, run); !doubt.empty())
      return note(doubt + " " + under);
    if (predicted == 0 || compared != predicted)
      note(fmt::format("{} of {} predicted beats were compared {}", compared, predicted, under));
  }

  void note(const std::string& fault) {
    if (report_.fault.empty()) report_.fault = fault;
  }

  const RtlSession& session_;
  const BuiltDesign& built_;
  const PreparedTop& empty_;
  const std::vector<std::size_t> watched_;
  const std::uint64_t seed_;
  const Console& console_;
  SimSubject subject_;
  sim::Model model_;
  report::SecondOpinion report_;
};

}  // namespace

report::SecondOpinion second_opinion(const RtlSession& session, const BuiltDesign& built,
                                     const PreparedTop& empty, const LaneStreams& streams,
                                     const VerifyBitsOptions& options, const Console& console) {
  return Opinion(session, built, empty, streams, options, console).run();
}

}  // namespace assay
