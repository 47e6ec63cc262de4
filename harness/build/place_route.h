// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "compile/backend/fpga/nextpnr.h"

/// What differs between the families behind synthesis.
namespace assay {

/// The programs that make a bitstream of a netlist; nothing for a part without has_bitstreams().
/// ToolError when one is missing.
std::optional<fpga::PlaceRouteTools> place_route_tools(const fpga::Part& part);

/// In an empty folder; as place_route_ice40() and place_route_ecp5().
fpga::PlaceRouteResult place_route(const fpga::PlaceRouteJob& job,
                                   const std::filesystem::path& folder,
                                   const fpga::PlaceRouteTools& tools);

/// Names of the files in DIR/build/TARGET.
struct BuildFiles {
  std::string netlist, gates, constraints, routed, bitstream;
};
BuildFiles build_files(netlist::Family family);

}  // namespace assay
