// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "harness/report/console.h"
#include "harness/report/selftest.h"
#include "harness/selftest/fault_kinds.h"
#include "harness/selftest/repeat.h"

namespace assay {

struct SelftestOptions {
  std::filesystem::path dir;  ///< of a finished run
  std::int64_t faults = 100;
  std::uint64_t seed = 1;
  int jobs = 1;  ///< copies in which faults are planted side by side
  CommandRunner command;
  std::vector<FaultKind> kinds = fault_kinds();
};

struct SelftestResult {
  Verdict verdict = Verdict::kInconclusive;
  report::Selftest report;
  std::string table;  ///< for people
};

/// Plants faults into a private copy of a run, one at a time, and repeats a command that looks at
/// what was changed, as a user would who does not know of it. A fault is
///  - caught: the command ends with another exit code than 0;
///  - regenerated: it ends with 0, and every file is what it was before the fault, to the byte (a
///    program built anew in the cache may be another, but not the planted one);
///  - harmless: it ends with 0, and something is not as it was, but that is a network of which all
///    reports speak as it is now, and which gives the same results on all images of the run;
///  - missed: it ends with 0 and something else is not as it was;
///  - crashed: a signal ended it, or it did not end.
/// Exit code and files alone decide, but for the third. EQUIVALENT when as many faults
/// were planted as asked for and none was missed or crashed; DIFFERENT when one was; INCONCLUSIVE
/// when fewer were planted, or when a command is not content with the copy without a fault, before
/// the first or after the last, or changes it. The run's own folder, its model and its images are only read. UserError when the run
/// is not EQUIVALENT.
SelftestResult selftest(const SelftestOptions& options, const Console& console);

/// The table of a report, for people.
std::string selftest_table(const report::Selftest& report);

}  // namespace assay
