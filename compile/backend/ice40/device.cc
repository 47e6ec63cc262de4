// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/ice40/device.h"

namespace assay::ice40 {
namespace {

constexpr Geometry kDevices[] = {
    {Device::k1k, "1k", 14, 18, 9, {3, 10}, 18, 332},
    {Device::k8k, "8k", 34, 34, 17, {8, 25}, 18, 872},
    {Device::k5k, "5k", 26, 32, 21, {6, 19}, 54, 692},
};

}  // namespace

int Geometry::tile_width(int x) const {
  if (is_ram_column(x)) return 42;
  return x == 0 || x == columns - 1 ? side_width : 54;
}

const Geometry& geometry(Device device) { return kDevices[static_cast<std::size_t>(device)]; }

const Geometry* geometry_of_width(int bank_width) {
  for (const Geometry& geometry : kDevices)
    if (geometry.bank_width == bank_width) return &geometry;
  return nullptr;
}

}  // namespace assay::ice40
