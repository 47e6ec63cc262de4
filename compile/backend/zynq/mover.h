// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compile/backend/verilog/movers.h"
#include "compile/backend/zynq/ip.h"

namespace assay::zynq {

/// A data mover in its place.
struct Mover : DataMover {
  std::string tensor;             ///< what flows there, as the model calls it
  int memory_port = 0;            ///< of the processing system, or a bank
  std::string memory;             ///< what that one is called: "S_AXI_HP0", "HBM[0]"
  std::int64_t control_base = 0;  ///< where its registers are
};

/// The registers of every mover.
const std::vector<IpRegister>& mover_registers();

/// With the library's modules that it is made of.
Ip mover_ip(const Mover& mover);

}  // namespace assay::zynq
