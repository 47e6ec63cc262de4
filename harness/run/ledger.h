// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "harness/report/run.h"
#include "harness/run/run_dir.h"

/// reports/run.json ties a run's files together: it has the SHA-256 of every one that the run speaks
/// of, and a checksum of its own. The page, the times and the log are not among them.
namespace assay {

inline constexpr const char* kRunReport = "reports/run.json";
inline constexpr const char* kTopReport = "reports/rtl-top.json";

/// Writes reports/run.json with the hashes of the stages, of their reports and of `more`: paths
/// below the folder, as "folding.json".
void write_run(const RunDir& dir, report::Run run, const std::vector<std::string>& more);

/// Notes the hashes of files that were written into a finished run since, and forgets those that are
/// no longer there. With its report a level that the run was asked for is settled.
/// UserError where run.json is missing or damaged.
void register_files(const RunDir& dir, const std::vector<std::string>& relative);

/// Takes a report away before it is made anew, so that one that is interrupted leaves none, and a run that does
/// not speak of one. Errors as of register_files().
void forget_report(const RunDir& dir, const std::string& relative);

/// Notes why those levels that the run was asked for and that have no report came to no result.
void note_unreached_levels(const RunDir& dir, const std::string& why);

/// Reads run.json. UserError, naming it, when it is missing, damaged, of another version or was
/// edited.
report::Run read_sealed_run(const std::filesystem::path& dir);

struct LedgerCheck {
  std::int64_t checked = 0;         ///< files whose hashes were looked at
  std::vector<std::string> faults;  ///< "stages/02_cleanup.onnx: edited"
  std::vector<std::string> absent;  ///< absent_sources(), which is no fault
};
/// Holds a run's files against its run.json and its summaries against the reports of the stages:
/// edited and missing files, files that no run wrote, a verdict that does not follow.
LedgerCheck check_ledger(const std::filesystem::path& dir);
/// What check_ledger() finds.
std::vector<std::string> ledger_faults(const std::filesystem::path& dir);

}  // namespace assay
