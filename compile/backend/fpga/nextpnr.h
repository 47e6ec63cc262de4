// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "compile/backend/fpga/part.h"
#include "compile/backend/fpga/tools.h"
#include "compile/base/error.h"

/// nextpnr, whatever the family.
namespace assay::fpga {

/// The design is too large for the part, or too full to be placed and routed there.
class DoesNotFit : public UserError {
 public:
  DoesNotFit(const std::string& what, std::vector<Utilisation> counts)
      : UserError(what), utilisation(std::move(counts)) {}
  std::vector<Utilisation> utilisation;
};

/// Runs nextpnr in `folder` with design.json, report.json, placed.json, nextpnr.log and what `family`
/// adds to that; a clock that is slower than asked for is no error. DoesNotFit; ToolError with the tool's
/// last words for anything else that fails.
void run_nextpnr(const PlaceRouteJob& job, const std::vector<std::string>& family,
                 const std::filesystem::path& folder, const Tool& nextpnr,
                 std::chrono::seconds limit);

/// What a report of nextpnr (--report) says: fmax is that of the slowest clock, 0 where no path leads from
/// a register to a register. ToolError when it is not what nextpnr writes; so below.
void read_report(const std::string& json, PlaceRouteResult& result);
/// Where its netlist (--write) says that cells are.
std::vector<PlaceRouteResult::Place> read_places(const std::string& json);
/// The table "Device utilisation" of a log.
std::vector<Utilisation> read_utilisation(const std::string& log);

}  // namespace assay::fpga
