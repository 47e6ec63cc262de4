// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/ecp5/place_route.h"

namespace assay::ecp5 {

fpga::PlaceRouteResult place_route_ecp5(const fpga::PlaceRouteJob& job,
                                        const std::filesystem::path& folder,
                                        const fpga::PlaceRouteTools& tools) {
  return fpga::place_route(job, {"--lpf", "design.lpf", "--textcfg", "design.config", "design.bit"},
                           folder, tools);
}

}  // namespace assay::ecp5
