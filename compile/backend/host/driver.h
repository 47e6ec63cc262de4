// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compile/backend/host/stream_layout.h"
#include "compile/backend/verilog/node_rtl.h"
#include "compile/passes/cleanup/host_tail.h"

/// What a host needs to run an accelerator behind data movers, generated from what the streams are.
namespace assay::host {

struct DriverRegister {
  std::string name;  ///< "address_low"
  int offset = 0;    ///< in bytes, of the mover's window
};

/// A bit of the movers' register "error".
struct DriverError {
  int bit = 0;
  std::string text;  ///< "the memory answered with SLVERR"
};

struct DriverStream {
  StreamLayout layout;
  std::string mover;         ///< its instance in the block design: "idma0"
  std::int64_t address = 0;  ///< of its registers
  int memory_bits = 64;
};

struct DriverSpec {
  std::string network;       ///< its name
  std::string content_hash;  ///< 64 hexadecimal digits, as the movers tell it
  std::string bitfile;       ///< "accelerator.bit"
  double clock_mhz = 100;
  bool sets_clock = true;  ///< the processing system makes it, and the driver sets it
  std::vector<DriverRegister> registers;
  std::vector<DriverError> errors;
  std::vector<DriverStream> inputs, outputs;
  HostTail tail;  ///< what the host computes of the outputs
};

/// accelerator.json, driver.py, host_steps.py, validate.py and accelerator.ipynb: a package for PYNQ.
/// UserError naming the node where the tail has one that host_steps.py does not compute.
std::vector<NodeRtl::File> pynq_driver(const DriverSpec& spec);

}  // namespace assay::host
