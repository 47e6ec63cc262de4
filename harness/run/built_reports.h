// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/report/bits.h"
#include "harness/report/build.h"
#include "harness/run/saved_run.h"

namespace assay {

/// What a report of a run is about, by its path: "build", "netlist" or "bitstream" of a target; empty:
/// nothing that was built.
std::string_view built_kind(std::string_view path);
/// "reports/build-icebreaker.json"
std::string build_report_file(std::string_view target);

/// What was built of a run's last stage, and what verification says of it.
struct BuiltReports {
  std::vector<report::Build> builds;  ///< reports/build-TARGET.json
  std::vector<report::Bits> bits;  ///< reports/netlist-TARGET.json, reports/bitstream-TARGET.json
  /// Reports that are about another stage, or another file than lies there.
  std::vector<std::string> faults;
};

/// By the names of the files, in their order. Damaged reports are left out: the ledger names them.
BuiltReports built_reports(const SavedRun& run);

/// "bitstream of icebreaker"
std::string level_of(const report::Bits& bits);

}  // namespace assay
