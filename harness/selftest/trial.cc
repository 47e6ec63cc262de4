// SPDX-License-Identifier: Apache-2.0
#include "harness/selftest/trial.h"

#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <utility>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "harness/selftest/fault_kinds.h"
#include "harness/selftest/same_results.h"

namespace assay {
namespace {

using std::chrono::seconds;

constexpr seconds kFirstLimit{6 * 3600};  ///< of a command whose time is not known yet
constexpr seconds kLeastLimit{1200};      ///< models may have to be built anew
constexpr int kPatience = 20;             ///< times the time without a fault
constexpr int kSignalled = 128;

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

std::string discontent(const Repeat& repeat, const CommandOutcome& outcome) {
  return fmt::format("without any fault '{}' ends with exit code {}: {}", repeat.name,
                     outcome.exit_code, last_word(outcome.output));
}

}  // namespace

Trial::Trial(const SavedRun& run, const std::filesystem::path& dir, CommandRunner command,
             const std::vector<std::string>& more, Remark remark)
    : run_(run), command_(std::move(command)), remark_(std::move(remark)) {
  copy_run(run_, dir, box_);
  repeats_ = repeats_of(run_, box_);
  for (Repeat& repeat : repeats_)
    repeat.arguments.insert(repeat.arguments.end(), more.begin(), more.end());
}

CommandOutcome Trial::call(const Repeat& repeat, seconds limit) const {
  constexpr seconds kQuiet{30};
  const auto start = Clock::now();
  auto running = std::async(std::launch::async,
                            [&] { return command_(repeat.arguments, box_.path("cache"), limit); });
  while (running.wait_for(kQuiet) != std::future_status::ready)
    remark_(fmt::format("still at '{}': {} s", repeat.name,
                        std::chrono::duration_cast<seconds>(Clock::now() - start).count()));
  return running.get();
}

std::optional<std::string> Trial::make_baseline() {
  box_.keep();
  // What `run` would put right is looked at first.
  std::vector<Repeat> first = repeats_;
  std::stable_partition(first.begin(), first.end(),
                        [](const Repeat& r) { return r.name == kCheckCommand; });
  for (const Repeat& repeat : first) {
    remark_(fmt::format("without a fault: {}", repeat.name));
    const CommandOutcome outcome = call(repeat, kFirstLimit);
    if (outcome.exit_code != 0) return discontent(repeat, outcome);
  }
  if (const std::string changed = repaired(); !changed.empty())
    return fmt::format("the run is not what its commands make: they change {}", changed);
  box_.keep();
  return discontent_without_fault("again");
}

std::string Trial::repaired() const {
  for (const std::string& name : box_.changes())
    if (box_.was_kept(name) && name != "run/rtl/manifest.json" &&
        (name.starts_with("run/stages/") || name.starts_with("run/rtl/")))
      return name;
  return "";
}

std::optional<std::string> Trial::discontent_without_fault(std::string_view when) {
  times_.clear();
  for (const Repeat& repeat : repeats_) {
    remark_(fmt::format("without a fault, {}: {}", when, repeat.name));
    const auto start = Clock::now();
    const CommandOutcome outcome = call(repeat, kFirstLimit);
    times_.push_back(Clock::now() - start);
    if (outcome.exit_code != 0) return discontent(repeat, outcome);
    if (const auto changed = box_.changes(); !changed.empty())
      return fmt::format("without any fault '{}' changes {}", repeat.name, changed.front());
  }
  return {};
}

bool Trial::can_plant(const FaultKind& kind, Draw draw) const {
  const bool planted = kind.plant(box_, draw).has_value();
  box_.restore();
  return planted;
}

std::optional<Trial::Shown> Trial::plant(const FaultKind& kind, std::size_t repeat,
                                         Draw draw) const {
  // A place may offer nothing, such as two stages that are the same: then it is another one's turn.
  constexpr int kAttempts = 16;
  std::optional<Shown> shown;
  for (int i = 0; i < kAttempts && !shown; ++i) {
    if (const std::optional<Fault> fault = kind.plant(box_, draw))
      shown = show(kind, repeat, *fault);
    box_.restore();
  }
  return shown;
}

Trial::Shown Trial::show(const FaultKind& kind, std::size_t place, const Fault& fault) const {
  ASSAY_INVARIANT(!box_.changes().empty(), "a planted fault changes a file");
  const Repeat& repeat = repeats_[place];
  const std::string state = state_of(fault.file);
  const seconds limit =
      kLeastLimit + std::chrono::duration_cast<seconds>(kPatience * times_[place]);
  const CommandOutcome outcome = call(repeat, limit);
  Shown shown;
  report::Selftest::Fault& entry = shown.fault;
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
  shown.named = names_file(outcome.output, fault.file);
  if (entry.outcome == "missed" || entry.outcome == "crashed")
    remark_(fmt::format("{}: {}, {}: {}", entry.outcome, fault.file, fault.change, repeat.name));
  return shown;
}

std::string Trial::state_of(const std::string& file) const {
  return box_.has(file) ? "+" + box_.read(file) : "-";
}

void Trial::classify(report::Selftest::Fault& entry, const CommandOutcome& outcome,
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

bool Trial::takes_back_aloud(const std::vector<std::string>& changed,
                             const CommandOutcome& outcome) const {
  bool some = false;
  for (const std::string& name : changed) {
    const bool gone =
        name.starts_with("run/reports/rtl-") && !box_.has(name) && names_file(outcome.output, name);
    some = some || gone;
    if (!gone && name != "run/reports/run.json" && name != "run/reports/report.html") return false;
  }
  return some;
}

}  // namespace assay
