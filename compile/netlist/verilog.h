// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "compile/netlist/netlist.h"

/// A netlist as other simulators read it.
namespace assay::netlist {

struct VerilogText {
  struct File {
    std::string name, text;
  };
  std::string text;            ///< one module with the netlist's name and ports
  std::vector<File> memories;  ///< what they hold, read by $readmemh: "accelerator_m0.hex"
};

/// Of a verified netlist; its simulation is NetlistSimulator's, but that what is unknown at first is X.
/// Of Netlist::names the module has those of `names` that there are as wires.
VerilogText to_verilog(const Netlist& netlist, const std::vector<std::string>& names);

}  // namespace assay::netlist
