// SPDX-License-Identifier: Apache-2.0
#include "harness/selftest/selftest.h"

#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <map>
#include <optional>
#include <utility>

#include "compile/base/error.h"
#include "compile/base/hash.h"
#include "compile/base/printable.h"
#include "harness/run/identity.h"
#include "harness/selftest/same_results.h"

namespace assay {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::seconds;

constexpr seconds kFirstLimit{6 * 3600};  ///< of a command whose time is not known yet
constexpr seconds kLeastLimit{1200};      ///< models may have to be built anew
constexpr int kPatience = 20;             ///< times the time without a fault
constexpr int kSignalled = 128;

/// Numbers of one fault: equal whatever is planted before it.
Draw draw_of(std::uint64_t seed, std::int64_t index, const std::string& kind) {
  constexpr int kDigits = 16, kHex = 16;
  const std::string digest = sha256(fmt::format("{}\n{}\n{}", seed, index, kind));
  return Draw(std::stoull(digest.substr(0, kDigits), nullptr, kHex));
}

/// The line of an output that says how it ended.
std::string last_word(const std::string& output) {
  std::string last, verdict;
  std::size_t at = 0;
  while (at < output.size()) {
    const std::size_t end = std::min(output.find('\n', at), output.size());
    const std::string line = output.substr(at, end - at);
    if (!line.empty()) last = line;
    for (const char* word : {"DIFFERENT:", "INCONCLUSIVE:", "EQUIVALENT:", "assay: "})
      if (line.starts_with(word)) verdict = line;
    at = end + 1;
  }
  return verdict.empty() ? last : verdict;
}

/// Whether an output names a file: its whole name, or the long one of a stage without its ending.
bool names_file(const std::string& output, const std::filesystem::path& file) {
  constexpr std::size_t kLong = 8;
  const auto named = [&](const std::string& name) {
    return output.find(printable(name, 4096)) != std::string::npos;
  };
  const std::string stem = file.stem().string();
  return named(file.filename().string()) || (stem.size() >= kLong && named(stem));
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
    console_.remark("copy the run, its model and its images");
    copy_run(run_, options_.dir, box_);
    repeats_ = repeats_of(run_, box_);
    std::optional<std::string> unfit = make_baseline();
    if (!unfit) {
      plant_all();
      unfit = shortfall();
    }
    // A full disk, say, would have caught every fault.
    if (!unfit && report_.counts.caught > 0) unfit = discontent_without_fault("at last");
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

  /// The command, with a line now and then while it takes its time.
  CommandOutcome call(const Repeat& repeat, seconds limit) const {
    constexpr seconds kQuiet{30};
    const auto start = Clock::now();
    auto running = std::async(std::launch::async, [&] {
      return options_.command(repeat.arguments, box_.path("cache"), limit);
    });
    while (running.wait_for(kQuiet) != std::future_status::ready)
      console_.remark(
          fmt::format("still at '{}': {} s", repeat.name,
                      std::chrono::duration_cast<seconds>(Clock::now() - start).count()));
    return running.get();
  }

  /// Every command once, to make what it makes, and once more. What keeps faults from being planted,
  /// or nothing.
  std::optional<std::string> make_baseline() {
    for (const Repeat& repeat : repeats_) {
      report_.commands.push_back({repeat.name, line_of(repeat), 0});
      console_.remark(fmt::format("without a fault: {}", repeat.name));
      const CommandOutcome outcome = call(repeat, kFirstLimit);
      if (outcome.exit_code != 0) return discontent(repeat, outcome);
    }
    box_.keep();
    return discontent_without_fault("again");
  }

  /// Every command on the copy as it was kept: it has to be content, and to change nothing.
  std::optional<std::string> discontent_without_fault(std::string_view when) {
    times_.clear();
    for (const Repeat& repeat : repeats_) {
      console_.remark(fmt::format("without a fault, {}: {}", when, repeat.name));
      const auto start = Clock::now();
      const CommandOutcome outcome = call(repeat, kFirstLimit);
      times_.push_back(Clock::now() - start);
      if (outcome.exit_code != 0) return discontent(repeat, outcome);
      if (const auto changed = box_.changes(); !changed.empty())
        return fmt::format("without any fault '{}' changes {}", repeat.name, changed.front());
    }
    return {};
  }

  static std::string discontent(const Repeat& repeat, const CommandOutcome& outcome) {
    return fmt::format("without any fault '{}' ends with exit code {}: {}", repeat.name,
                       outcome.exit_code, last_word(outcome.output));
  }

  /// Those of a kind's commands that the run has, by their place.
  std::vector<std::size_t> commands_of(const FaultKind& kind) const {
    std::vector<std::size_t> places;
    for (const std::string& name : kind.commands) {
      const auto it = std::ranges::find(repeats_, name, &Repeat::name);
      if (it != repeats_.end()) places.push_back(static_cast<std::size_t>(it - repeats_.begin()));
    }
    return places;
  }

  /// Why a kind cannot be planted into this run, or nothing.
  std::optional<std::string> missing(const FaultKind& kind) const {
    if (commands_of(kind).empty())
      return fmt::format("the run was not followed by '{}'", kind.commands.front());
    Draw draw = draw_of(options_.seed, -1, kind.name);
    const bool planted = kind.plant(box_, draw).has_value();
    box_.restore();
    if (!planted) return "the run has no such file";
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
    Clock::duration total{};
    for (const Planned& p : planned) total += times_[p.repeat];
    console_.remark(fmt::format(
        "{} faults of {} kinds: {} s by the commands' times without a fault", planned.size(),
        std::ranges::count_if(report_.kinds, [](const auto& kind) { return !kind.skipped; }),
        std::chrono::duration_cast<seconds>(total).count()));
    Progress progress(console_, "faults", std::ssize(planned));
    for (std::size_t i = 0; i < planned.size(); ++i) {
      plant(planned[i], static_cast<std::int64_t>(i));
      progress.tick();
    }
  }

  void plant(const Planned& planned, std::int64_t index) {
    const FaultKind& kind = options_.kinds[planned.kind];
    Draw draw = draw_of(options_.seed, index, kind.name);
    if (const std::optional<Fault> fault = kind.plant(box_, draw)) show(planned, *fault);
    box_.restore();
  }

  /// Shows a planted fault to its command.
  void show(const Planned& planned, const Fault& fault) {
    ASSAY_INVARIANT(!box_.changes().empty(), "a planted fault changes a file");
    const FaultKind& kind = options_.kinds[planned.kind];
    const Repeat& repeat = repeats_[planned.repeat];
    const std::string state = state_of(fault.file);
    const seconds limit =
        kLeastLimit + std::chrono::duration_cast<seconds>(kPatience * times_[planned.repeat]);
    const CommandOutcome outcome = call(repeat, limit);
    ++report_.commands[planned.repeat].repeated;
    report::Selftest::Fault entry;
    entry.kind = kind.name;
    entry.file = fault.file;
    entry.change = fault.change;
    entry.command = repeat.name;
    entry.exit_code = outcome.exit_code;
    entry.says = last_word(outcome.output);
    classify(entry, outcome, state);
    if (entry.outcome == "missed" && kind.by_results &&
        same_results(box_.kept(fault.file), box_.read(fault.file), run_, box_))
      entry.outcome = "harmless";
    const bool named = names_file(outcome.output, fault.file);
    count(report_.counts, entry, named);
    count(report_.kinds[planned.kind].counts, entry, named);
    if (entry.outcome == "missed" || entry.outcome == "crashed")
      console_.remark(
          fmt::format("{}: {}, {}: {}", entry.outcome, fault.file, fault.change, repeat.name));
    report_.faults.push_back(std::move(entry));
  }

  /// A file's content, or that it is not there.
  std::string state_of(const std::string& file) const {
    return box_.has(file) ? "+" + box_.read(file) : "-";
  }

  void classify(report::Selftest::Fault& entry, const CommandOutcome& outcome,
                const std::string& planted) const {
    if (outcome.timed_out || outcome.exit_code >= kSignalled) {
      entry.outcome = "crashed";
    } else if (outcome.exit_code != 0) {
      entry.outcome = "caught";
    } else {
      for (const std::string& name : box_.changes())
        if (!name.starts_with("cache/") || (name == entry.file && state_of(name) == planted))
          entry.stays.push_back(name);
      entry.outcome = entry.stays.empty()                      ? "regenerated"
                      : takes_back_aloud(entry.stays, outcome) ? "caught"
                                                               : "missed";
    }
  }

  /// Whether a command removed reports that it no longer trusts, and named each; run.json and the page
  /// go with them.
  bool takes_back_aloud(const std::vector<std::string>& changed,
                        const CommandOutcome& outcome) const {
    bool some = false;
    for (const std::string& name : changed) {
      const bool gone = name.starts_with("run/reports/rtl-") && !box_.has(name) &&
                        names_file(outcome.output, name);
      some = some || gone;
      if (!gone && name != "run/reports/run.json" && name != "run/reports/report.html")
        return false;
    }
    return some;
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
  Sandbox box_;
  std::vector<Repeat> repeats_;
  std::vector<Clock::duration> times_;  ///< of the repeats, without a fault
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
