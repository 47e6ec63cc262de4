// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "harness/report/console.h"
#include "harness/report/regress.h"

namespace assay {

struct RegressOptions {
  std::filesystem::path suite, out;
  std::filesystem::path baseline;  ///< database; empty: baseline.db in `out`
  std::filesystem::path cache;     ///< of built models; empty: the user's own
  std::filesystem::path junit;     ///< XML file for CI systems; empty: none
  bool update = false;             ///< what is EQUIVALENT becomes the baseline
};

struct RegressResult {
  /// 1 a regression; else 4 a tool failed; else 2 a case could not be run; else 3 something has no
  /// baseline; else 0. What is accepted no longer counts.
  int exit_code = 0;
  report::Regress report;  ///< reports/regress.json
  std::string table;
};

/// Runs every case of a suite in its own folder below `out`/cases, compares what it measures with
/// the baselines, records it, and writes reports. UserError for a bad suite or database, before
/// anything runs; ToolError when results cannot be written.
RegressResult regress(const RegressOptions& options, const Console& console);

/// The report as JUnit's XML.
std::string junit_xml(const report::Regress& report);

}  // namespace assay
