// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/report/bits.h"
#include "harness/report/build.h"
#include "harness/report/rtl.h"
#include "harness/run/saved_run.h"

namespace assay {

/// What a report of a run is about, by its path: "build", "netlist", "bitstream" or "vivado" of a target,
/// or "system"; empty: neither built nor behind data movers.
std::string_view built_kind(std::string_view path);
/// "reports/build-icebreaker.json"
std::string build_report_file(std::string_view target);
/// "reports/vivado-Pynq-Z1.json"
std::string vivado_report_file(std::string_view board);

/// What a simulation behind data movers says.
struct SystemLevel {
  std::string level;  ///< "system", of a part's netlist "system-xc7z020"
  report::RtlHead head;
  std::string reason;
};

/// What was built of a run's last stage, and what verification says of it.
struct BuiltReports {
  std::vector<report::Build> builds;  ///< reports/build-TARGET.json
  std::vector<report::Bits> bits;    ///< reports/netlist-TARGET.json, reports/bitstream-TARGET.json
  std::vector<SystemLevel> systems;  ///< reports/system.json, reports/system-TARGET.json
  /// Reports that are about another stage, or another file than lies there.
  std::vector<std::string> faults;
};

/// By the names of the files, in their order. Damaged reports are left out: the ledger names them.
BuiltReports built_reports(const SavedRun& run);

/// "bitstream of icebreaker"
std::string level_of(const report::Bits& bits);

}  // namespace assay
