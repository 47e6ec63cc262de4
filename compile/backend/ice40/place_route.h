// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <filesystem>
#include <vector>

#include "compile/backend/fpga/part.h"
#include "compile/backend/fpga/tools.h"
#include "compile/base/error.h"

namespace assay::ice40 {

/// The design is too large for the part, or too full to be placed and routed there.
class DoesNotFit : public UserError {
 public:
  DoesNotFit(const std::string& what, std::vector<fpga::Utilisation> counts)
      : UserError(what), utilisation(std::move(counts)) {}
  std::vector<fpga::Utilisation> utilisation;
};

struct PlaceRouteTools {
  fpga::Tool nextpnr, icepack;                         ///< "nextpnr-ice40", "icepack"
  std::chrono::seconds limit = std::chrono::hours(2);  ///< for each
};

/// Runs nextpnr-ice40 and icepack in `folder`, where design.json, .pcf, .asc, .bin and the log
/// nextpnr.log stay. The same job and tools give the same bytes. fmax is that of the slowest clock, 0
/// where no path leads from a register to a register; a clock that is slower than asked for is no error.
/// DoesNotFit; ToolError with the tool's last words for anything else that fails.
fpga::PlaceRouteResult place_route_ice40(const fpga::PlaceRouteJob& job,
                                         const std::filesystem::path& folder,
                                         const PlaceRouteTools& tools);

/// What a report of nextpnr (--report) says, and where its netlist (--write) says that cells are.
/// ToolError when it is not what nextpnr writes.
void read_report(const std::string& json, fpga::PlaceRouteResult& result);
std::vector<fpga::PlaceRouteResult::Place> read_places(const std::string& json);
/// The table "Device utilisation" of a log.
std::vector<fpga::Utilisation> read_utilisation(const std::string& log);

}  // namespace assay::ice40
