// SPDX-License-Identifier: Apache-2.0
#include "harness/build/place_route.h"

#include <algorithm>
#include <vector>

#include "compile/backend/ecp5/place_route.h"
#include "compile/backend/ice40/place_route.h"
#include "compile/base/error.h"
#include "harness/build/build.h"

namespace assay {

using netlist::Family;

std::optional<fpga::PlaceRouteTools> place_route_tools(const fpga::Part& part) {
  if (!part.has_bitstreams()) return {};
  if (part.family == Family::kIce40)
    return fpga::PlaceRouteTools{fpga::find_tool("nextpnr-ice40"), fpga::find_tool("icepack"),
                                 std::chrono::hours(2)};
  return fpga::PlaceRouteTools{fpga::find_tool("nextpnr-ecp5"), fpga::find_tool("ecppack"),
                               std::chrono::hours(4)};
}

namespace {

/// By how much the most crowded kind of cell is too many; at least a little.
double times_too_large(const std::vector<fpga::Utilisation>& counts) {
  double times = 1;
  for (const fpga::Utilisation& count : counts)
    if (count.available > 0)
      times =
          std::max(times, static_cast<double>(count.used) / static_cast<double>(count.available));
  return times;
}

}  // namespace

fpga::PlaceRouteResult place_route(const fpga::PlaceRouteJob& job,
                                   const std::filesystem::path& folder,
                                   const fpga::PlaceRouteTools& tools) try {
  if (job.part->family == Family::kIce40) return ice40::place_route_ice40(job, folder, tools);
  return ecp5::place_route_ecp5(job, folder, tools);
} catch (const fpga::DoesNotFit& error) {
  throw DoesNotFitError(error.what(), times_too_large(error.utilisation));
}

BuildFiles build_files(Family family) {
  if (family == Family::kIce40)
    return {"netlist.json", "gates.json", "constraints.pcf", "routed.asc", "bitstream.bin"};
  return {"netlist.json", "gates.json", "constraints.lpf", "routed.config", "bitstream.bit"};
}

}  // namespace assay
