// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "compile/backend/fpga/nextpnr.h"

namespace assay::ice40 {

/// fpga::place_route() with nextpnr-ice40 and icepack; design.pcf, .asc and .bin stay in `folder`.
fpga::PlaceRouteResult place_route_ice40(const fpga::PlaceRouteJob& job,
                                         const std::filesystem::path& folder,
                                         const fpga::PlaceRouteTools& tools);

}  // namespace assay::ice40
