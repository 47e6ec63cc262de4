// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "compile/netlist/netlist.h"

namespace assay::netlist {

/// Whose cells a netlist is made of.
enum class Family : std::uint8_t { kIce40, kEcp5, kXilinx };
std::string_view family_name(Family family);  ///< "ice40", "ecp5", "xilinx"

/// A netlist as Yosys' `write_json` has it, hierarchical or flattened, with module `top` as the design;
/// also what is left before mapping ($_AND_, $_DFF_P_, ...). Undefined bits ("x") are zeros. `names`
/// are those of the source that Yosys kept, instances in front ("u_MVAU_0.acc"). UserError naming the
/// file, and the cell where its type has no model, or its pins or parameters are not exactly the
/// model's (LUT4 of ECP5 and of Xilinx differ).
Netlist read_yosys_json(const std::string& text, std::string_view top, Family family,
                        std::string_view file);

}  // namespace assay::netlist
