// SPDX-License-Identifier: Apache-2.0
#include "harness/selftest/selftest.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "compile/base/error.h"
#include "compile/base/hash.h"
#include "compile/base/printable.h"
#include "harness/run/identity.h"
#include "harness/selftest/trial.h"

namespace assay {
namespace {

using std::chrono::seconds;

/// Numbers of one fault: equal whatever is planted before it.
Draw draw_of(std::uint64_t seed, std::int64_t index, const std::string& kind) {
  constexpr int kDigits = 16, kHex = 16;
  const std::string digest = sha256(fmt::format("{}\n{}\n{}", seed, index, kind));
  return Draw(std::stoull(digest.substr(0, kDigits), nullptr, kHex));
}

std::string line_of(const Repeat& repeat) {
  std::string line = "assay";
  for (const std::string& argument : repeat.arguments) line += " " + argument;
  return line;
}

void count(report::Selftest::Counts& counts, const report::Selftest::Fault& fault, bool named) {
  ++counts.planted;
  if (fault.outcome == "caught") ++counts.caught;
  if (fault.outcome == "caught" && named) ++counts.named;
  if (fault.outcome == "regenerated") ++counts.regenerated;
  if (fault.outcome == "harmless") ++counts.harmless;
  if (fault.outcome == "missed") ++counts.missed;
  if (fault.outcome == "crashed") ++counts.crashed;
}

class Campaign {
 public:
  Campaign(const SelftestOptions& options, const Console& console)
      : options_(options), console_(console), run_(read_run(existing_run(options.dir))) {
    if (run_.report.verdict != Verdict::kEquivalent)
      user_error("'{}' is {}; faults can be planted into a run that is EQUIVALENT alone",
                 printable(options.dir.string(), 4096), verdict_name(run_.report.verdict));
    report_.assay = assay_identity();
    report_.run = options.dir.string();
    report_.model = run_.report.inputs.model;
    report_.seed = options.seed;
    report_.wanted = options.faults;
  }

  SelftestResult run() {
    copy_runs();
    for (const Repeat& repeat : repeats())
      report_.commands.push_back({repeat.name, line_of(repeat), 0});
    std::optional<std::string> unfit = first_of([](Trial& trial) { return trial.make_baseline(); });
    if (!unfit) {
      plant_all();
      unfit = shortfall();
    }
    // A full disk, say, would have caught every fault.
    if (!unfit && report_.counts.caught > 0)
      unfit = first_of([](Trial& trial) { return trial.discontent_without_fault("at last"); });
    judge(unfit);
    SelftestResult result;
    result.verdict = report_.verdict;
    result.table = selftest_table(report_);
    result.report = std::move(report_);
    return result;
  }

 private:
  struct Planned {
    std::size_t kind;
    std::size_t repeat;
  };

  void remark(const std::string& line) {
    const std::lock_guard lock(mutex_);
    console_.remark(line);
  }

  /// As many as there are faults, but no more than may work at a time; each command of several copies
  /// gets a thread.
  void copy_runs() {
    const std::int64_t copies = std::clamp<std::int64_t>(options_.jobs, 1, options_.faults + 1);
    remark(fmt::format("copy the run, its model and its images{}",
                       copies > 1 ? fmt::format(", {} times", copies) : ""));
    const std::vector<std::string> more =
        copies > 1 ? std::vector<std::string>{"--jobs", "1"} : std::vector<std::string>{};
    for (std::int64_t i = 0; i < copies; ++i)
      trials_.push_back(std::make_unique<Trial>(run_, options_.dir, options_.command, more,
                                                [this](const std::string& line) { remark(line); }));
  }

  const std::vector<Repeat>& repeats() const { return trials_.front()->repeats(); }

  /// Does the same in every copy at once.
  template <typename Work>
  void in_all(const Work& work) {
    std::vector<std::future<void>> running;
    for (const auto& trial : trials_)
      running.push_back(std::async(std::launch::async, [&work, &trial] { work(*trial); }));
    for (std::future<void>& one : running) one.wait();
    for (std::future<void>& one : running) one.get();
  }

  /// The first thing that one of the copies has to say, or nothing.
  template <typename Ask>
  std::optional<std::string> first_of(const Ask& ask) {
    std::optional<std::string> first;
    in_all([&](Trial& trial) {
      const std::optional<std::string> said = ask(trial);
      const std::lock_guard lock(mutex_);
      if (!first) first = said;
    });
    return first;
  }

  /// Those of a kind's commands that the run has, by their place.
  std::vector<std::size_t> commands_of(const FaultKind& kind) const {
    std::vector<std::size_t> places;
    for (const std::string& name : kind.commands) {
      const auto it = std::ranges::find(repeats(), name, &Repeat::name);
      if (it != repeats().end()) places.push_back(static_cast<std::size_t>(it - repeats().begin()));
    }
    return places;
  }

  /// Why a kind cannot be planted into this run, or nothing.
  std::optional<std::string> missing(const FaultKind& kind) const {
    if (commands_of(kind).empty())
      return fmt::format("the run was not followed by '{}'", kind.commands.front());
    if (!trials_.front()->can_plant(kind, draw_of(options_.seed, -1, kind.name)))
      return "the run has no such file";
    return {};
  }

  /// Rounds over all kinds, each in an order of its own, so that a few faults are a fair sample; from
  /// round to round a kind goes to the next of its commands.
  std::vector<Planned> plan() {
    std::vector<std::size_t> kinds;
    for (const FaultKind& kind : options_.kinds) {
      report_.kinds.push_back({kind.name, kind.changes, {}, missing(kind)});
      if (!report_.kinds.back().skipped) kinds.push_back(report_.kinds.size() - 1);
    }
    std::vector<Planned> planned;
    Draw draw = draw_of(options_.seed, -1, "");
    for (std::int64_t round = 0; !kinds.empty() && std::ssize(planned) < options_.faults; ++round) {
      std::ranges::shuffle(kinds, draw);
      for (const std::size_t k : kinds) {
        const FaultKind& kind = options_.kinds[k];
        if (round % kind.every != 0 || std::ssize(planned) == options_.faults) continue;
        const std::vector<std::size_t> commands = commands_of(kind);
        const auto turn = static_cast<std::size_t>(round / kind.every) + k;
        planned.push_back({k, commands[turn % commands.size()]});
      }
    }
    return planned;
  }

  void plant_all() {
    const std::vector<Planned> planned = plan();
    Trial::Clock::duration total{};
    for (const Planned& p : planned) total += trials_.front()->time_of(p.repeat);
    remark(fmt::format(
        "{} faults of {} kinds: {} s by the commands' times without a fault", planned.size(),
        std::ranges::count_if(report_.kinds, [](const auto& kind) { return !kind.skipped; }),
        std::chrono::duration_cast<seconds>(total / trials_.size()).count()));
    std::vector<std::optional<Trial::Shown>> shown(planned.size());
    std::atomic<std::size_t> next = 0;
    Progress progress(console_, "faults", std::ssize(planned));
    in_all([&](Trial& trial) {
      for (std::size_t i = next++; i < planned.size(); i = next++) {
        const FaultKind& kind = options_.kinds[planned[i].kind];
        shown[i] = trial.plant(kind, planned[i].repeat,
                               draw_of(options_.seed, static_cast<std::int64_t>(i), kind.name));
        progress.tick();
      }
    });
    for (std::size_t i = 0; i < planned.size(); ++i)
      if (shown[i]) take(planned[i], std::move(*shown[i]));
  }

  void take(const Planned& planned, Trial::Shown shown) {
    ++report_.commands[planned.repeat].repeated;
    count(report_.counts, shown.fault, shown.named);
    count(report_.kinds[planned.kind].counts, shown.fault, shown.named);
    report_.faults.push_back(std::move(shown.fault));
  }

  /// Whether all that was asked for was done.
  std::optional<std::string> shortfall() const {
    if (report_.counts.planted == report_.wanted && report_.wanted > 0) return {};
    return fmt::format("{} of {} faults could be planted", report_.counts.planted, report_.wanted);
  }

  void judge(const std::optional<std::string>& unfit) {
    Judgement judgement{Verdict::kEquivalent, "no planted fault was missed"};
    if (unfit) judgement.note(Verdict::kInconclusive, *unfit);
    const std::int64_t missed = report_.counts.missed, crashed = report_.counts.crashed;
    if (missed + crashed > 0)
      judgement.note(Verdict::kDifferent,
                     fmt::format("{} of {} faults were missed, {} ended in a crash", missed,
                                 report_.counts.planted, crashed));
    report_.verdict = judgement.verdict;
    report_.reason = judgement.reason;
  }

  const SelftestOptions& options_;
  const Console& console_;
  const SavedRun run_;
  std::vector<std::unique_ptr<Trial>> trials_;
  std::mutex mutex_;
  report::Selftest report_;
};

}  // namespace

SelftestResult selftest(const SelftestOptions& options, const Console& console) {
  return Campaign(options, console).run();
}

std::string selftest_table(const report::Selftest& report) {
  std::vector<std::vector<std::string>> rows = {
      {"artefact", "planted", "caught", "named", "regenerated", "harmless", "missed", "crashed"}};
  const auto add = [&](const std::string& name, const report::Selftest::Counts& c) {
    std::vector<std::string> row = {name};
    for (const std::int64_t n :
         {c.planted, c.caught, c.named, c.regenerated, c.harmless, c.missed, c.crashed})
      row.push_back(grouped(n));
    rows.push_back(std::move(row));
  };
  for (const report::Selftest::Kind& kind : report.kinds)
    if (kind.counts.planted > 0) add(kind.kind, kind.counts);
  add("all", report.counts);
  std::string text = table_text(rows) + "\n";
  for (const report::Selftest::Kind& kind : report.kinds)
    if (kind.skipped) text += fmt::format("not planted: {}: {}\n", kind.kind, *kind.skipped);
  for (const report::Selftest::Fault& fault : report.faults)
    if (fault.outcome == "missed" || fault.outcome == "crashed")
      text += fmt::format("{}: {} ({}): {}; '{}' ended with {}: {}\n", fault.outcome,
                          printable(fault.file, 4096), fault.kind, fault.change, fault.command,
                          fault.exit_code, printable(fault.says, 400));
  return text +
         fmt::format("\n{}: {}: {} planted, {} caught, {} regenerated, {} harmless, {} missed\n",
                     verdict_name(report.verdict), report.reason, grouped(report.counts.planted),
                     grouped(report.counts.caught), grouped(report.counts.regenerated),
                     grouped(report.counts.harmless), grouped(report.counts.missed));
}

}  // namespace assay
