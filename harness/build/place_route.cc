// SPDX-License-Identifier: Apache-2.0
#include "harness/build/place_route.h"

#include "compile/backend/ice40/place_route.h"
#include "compile/base/error.h"

namespace assay {

using netlist::Family;

PlaceRouteTools place_route_tools(Family family) {
  switch (family) {
    case Family::kIce40:
      return {fpga::find_tool("nextpnr-ice40"), fpga::find_tool("icepack")};
    case Family::kEcp5:
      return {fpga::find_tool("nextpnr-ecp5"), fpga::find_tool("ecppack")};
    case Family::kXilinx:
      break;
  }
  ASSAY_INVARIANT(false, "no target is of a family without open tools");
}

fpga::PlaceRouteResult place_route(const fpga::PlaceRouteJob& job,
                                   const std::filesystem::path& folder,
                                   const PlaceRouteTools& tools) {
  return ice40::place_route_ice40(job, folder, {tools.place_route, tools.packer});
}

BuildFiles build_files(Family family) {
  return family == Family::kIce40 ? BuildFiles{"constraints.pcf", "routed.asc", "bitstream.bin"}
                                  : BuildFiles{"constraints.lpf", "routed.config", "bitstream.bit"};
}

}  // namespace assay
