// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/report/selftest.h"
#include "harness/run/saved_run.h"
#include "harness/selftest/fault_kinds.h"
#include "harness/selftest/repeat.h"

namespace assay {

/// A private copy of a run, in which its commands are repeated without a fault and with one.
class Trial {
 public:
  using Clock = std::chrono::steady_clock;
  /// A line for people.
  using Remark = std::function<void(const std::string&)>;
  struct Shown {
    report::Selftest::Fault fault;
    bool named = false;  ///< the output of the command has the file's name
  };

  /// Copies `run`, which lies in `dir` and must outlive this; `more` is said to every command.
  Trial(const SavedRun& run, const std::filesystem::path& dir, CommandRunner command,
        const std::vector<std::string>& more, Remark remark);

  const std::vector<Repeat>& repeats() const { return repeats_; }
  /// Of a repeat, without a fault.
  Clock::duration time_of(std::size_t repeat) const { return times_[repeat]; }

  /// Every command once, to make what it makes, and once more. What keeps faults from being planted,
  /// or nothing: a command that is not content, or that puts a stage or RTL right.
  std::optional<std::string> make_baseline();
  /// Every command on the copy as it was kept: it has to be content, and to change nothing.
  std::optional<std::string> discontent_without_fault(std::string_view when);

  /// Whether the copy has what a kind is about.
  bool can_plant(const FaultKind& kind, Draw draw) const;
  /// Plants a fault, shows it to a command and takes it away; nothing when the copy has no such
  /// artefact.
  std::optional<Shown> plant(const FaultKind& kind, std::size_t repeat, Draw draw) const;

 private:
  /// A stage or a file of RTL that is not what was copied; empty: there is none.
  std::string repaired() const;
  /// The command, with a line now and then while it takes its time.
  CommandOutcome call(const Repeat& repeat, std::chrono::seconds limit) const;
  Shown show(const FaultKind& kind, std::size_t place, const Fault& fault) const;
  /// A file's content, or that it is not there.
  std::string state_of(const std::string& file) const;
  void classify(report::Selftest::Fault& entry, const CommandOutcome& outcome,
                const std::string& planted) const;
  /// Whether a command removed reports that it no longer trusts, and named each; run.json and the
  /// page go with them.
  bool takes_back_aloud(const std::vector<std::string>& changed,
                        const CommandOutcome& outcome) const;

  const SavedRun& run_;
  CommandRunner command_;
  Remark remark_;
  Sandbox box_;
  std::vector<Repeat> repeats_;
  std::vector<Clock::duration> times_;  ///< of the repeats, without a fault
};

}  // namespace assay
