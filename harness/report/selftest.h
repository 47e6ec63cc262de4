// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/report/parts.h"

namespace assay::report {

/// `assay selftest`
struct Selftest {
  static constexpr std::string_view kSchema = "assay.selftest/1";
  static std::vector<std::string_view> outcomes() {
    return {"caught", "regenerated", "harmless", "missed", "crashed"};
  }
  /// Faults by what came of them.
  struct Counts {
    std::int64_t planted = 0, caught = 0, named = 0, regenerated = 0, harmless = 0, missed = 0,
                 crashed = 0;
    void fields(Fields& f);
  };
  struct Kind {
    std::string kind, changes;
    Counts counts;
    std::optional<std::string> skipped;  ///< why none was planted
    void fields(Fields& f);
  };
  /// A command that is repeated, first without any fault.
  struct Command {
    std::string command, line;
    std::int64_t repeated = 0;
    void fields(Fields& f);
  };
  struct Fault {
    std::string kind, file, change, command;
    std::string outcome;
    std::int64_t exit_code = 0;
    std::string says;                ///< the last line of the command
    std::vector<std::string> stays;  ///< files that are not as in the run, where it ended with 0
    void fields(Fields& f);
  };
  Program assay;
  std::string run;
  Model model;
  std::uint64_t seed = 0;
  Verdict verdict = Verdict::kInconclusive;
  std::string reason;
  std::int64_t wanted = 0;
  Counts counts;
  std::vector<Kind> kinds;
  std::vector<Command> commands;
  std::vector<Fault> faults;
  void fields(Fields& f);
};

}  // namespace assay::report
