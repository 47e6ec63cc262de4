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

struct PlaceRouteTools {
  Tool nextpnr, packer;           ///< "nextpnr-ice40", "icepack"
  std::chrono::seconds limit{0};  ///< for each
};

/// How a family calls its files, and nextpnr's options for two of them.
struct FamilyFiles {
  std::string constraints_option, constraints;  ///< "--pcf", "design.pcf"
  std::string routed_option, routed;            ///< "--asc", "design.asc"
  std::string bitstream;                        ///< "design.bin"
};

/// Runs nextpnr and the packer in `folder`, where these files, design.json, report.json, placed.json and
/// the log nextpnr.log stay. The same job and tools give the same bytes. A clock that is slower than asked
/// for is no error. DoesNotFit; ToolError with the tool's last words for anything else that fails.
PlaceRouteResult place_route(const PlaceRouteJob& job, const FamilyFiles& files,
                             const std::filesystem::path& folder, const PlaceRouteTools& tools);

/// What a report of nextpnr (--report) says: fmax is that of the slowest clock, 0 where no path leads from
/// a register to a register. ToolError when it is not what nextpnr writes; so below.
void read_report(const std::string& json, PlaceRouteResult& result);
/// Where its netlist (--write) says that cells are.
std::vector<PlaceRouteResult::Place> read_places(const std::string& json);
/// The table "Device utilisation" of a log.
std::vector<Utilisation> read_utilisation(const std::string& log);

}  // namespace assay::fpga
