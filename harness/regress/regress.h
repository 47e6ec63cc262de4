// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/report/console.h"
#include "harness/report/regress.h"

namespace assay {

struct RegressOptions {
  std::filesystem::path suite, out;
  std::filesystem::path baseline;  ///< database; empty: baseline.db in `out`
  std::filesystem::path cache;     ///< of built models; empty: the user's own
  std::filesystem::path junit;     ///< XML file for CI systems; empty: none
  /// What is EQUIVALENT becomes the baseline, and baselines without a case are forgotten.
  bool update = false;
};

struct RegressResult {
  /// 1 a regression; else 4 a tool failed; else 2 a case could not be run; else 3 something has no
  /// baseline; else 0. What is accepted no longer counts.
  int exit_code = 0;
  report::Regress report;  ///< reports/regress.json
  std::string table;
};

/// Runs every case of a suite in its own folder below `out`/cases, compares what it measures with
/// the baselines, records it, and writes reports. A baseline of this suite that no case is measured
/// for any more is a regression. UserError for a bad suite or database, before
/// anything runs; ToolError when results cannot be written.
RegressResult regress(const RegressOptions& options, const Console& console);

/// The report as JUnit's XML; `seconds` has how long each of its cases took.
std::string junit_xml(const report::Regress& report, const std::vector<double>& seconds);

}  // namespace assay
