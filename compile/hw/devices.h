// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "compile/hw/resources.h"

namespace assay::hw {

/// A part, with all that it has.
struct Device {
  std::string_view name;  ///< "xc7z020"
  Family family;
  Resources has;                ///< block RAMs in the family's unit
  std::int64_t block_bits = 0;  ///< of one block RAM

  std::int64_t ram_bits() const { return has.bram * block_bits; }
};

const std::vector<Device>& devices();
/// By its own name, or by that of a board that it is on (boards.h). UserError listing the known ones.
const Device& find_device(std::string_view name);

/// All of them, and the boards, for people: "xc7z020, ...; or the board Pynq-Z1, ...".
std::string device_names();

/// An estimate for a layer on the device.
Resources estimate_resources(const Layer& layer, const Device& device);

}  // namespace assay::hw
