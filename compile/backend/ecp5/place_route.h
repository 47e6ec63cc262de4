// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <filesystem>

#include "compile/backend/fpga/nextpnr.h"

namespace assay::ecp5 {

struct PlaceRouteTools {
  fpga::Tool nextpnr, ecppack;                         ///< "nextpnr-ecp5", "ecppack"
  std::chrono::seconds limit = std::chrono::hours(4);  ///< for each
};

/// Runs nextpnr-ecp5 and ecppack in `folder`, where design.json, .lpf, .config, .bit and the log
/// nextpnr.log stay. The same job and tools give the same bytes. Errors as fpga::run_nextpnr().
fpga::PlaceRouteResult place_route_ecp5(const fpga::PlaceRouteJob& job,
                                        const std::filesystem::path& folder,
                                        const PlaceRouteTools& tools);

}  // namespace assay::ecp5
