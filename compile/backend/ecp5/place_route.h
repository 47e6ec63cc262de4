// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "compile/backend/fpga/nextpnr.h"

namespace assay::ecp5 {

/// fpga::place_route() with nextpnr-ecp5 and ecppack; design.lpf, .config and .bit stay in `folder`.
fpga::PlaceRouteResult place_route_ecp5(const fpga::PlaceRouteJob& job,
                                        const std::filesystem::path& folder,
                                        const fpga::PlaceRouteTools& tools);

}  // namespace assay::ecp5
