// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/ice40/place_route.h"

namespace assay::ice40 {

fpga::PlaceRouteResult place_route_ice40(const fpga::PlaceRouteJob& job,
                                         const std::filesystem::path& folder,
                                         const fpga::PlaceRouteTools& tools) {
  return fpga::place_route(job, {"--pcf", "design.pcf", "--asc", "design.asc", "design.bin"},
                           folder, tools);
}

}  // namespace assay::ice40
