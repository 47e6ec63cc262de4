// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compile/backend/fpga/parts.h"

namespace assay::fpga {

/// A pin of a package that a design may use.
struct Pin {
  std::string name;
  bool clock = false;  ///< it leads to the clock network without detours
};

/// What the databases of the open tools call a part with bitstreams: "chipdb-8k.txt", "LFE5U-85F".
std::string database_name(const Part& part);

/// All pins of the part's package, by the databases of the open tools (tools.h), in one order. ToolError
/// when the database is not there or does not know the package.
std::vector<Pin> package_pins(const Part& part);

/// A port of the top.
struct TopPort {
  std::string name;
  std::int64_t bits = 1;
  bool vector = false;  ///< declared as one, of however many bits
};

/// A place for every bit of every port, as nextpnr reads it: .pcf or .lpf. The clock goes to
/// a pin of the clock network; the others to the first pins that are free.
/// UserError with the numbers when the package has fewer pins than the ports have bits.
std::string constraints_text(const Part& part, const std::string& clock,
                             const std::vector<TopPort>& ports, double clock_mhz);

}  // namespace assay::fpga
