// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compile/backend/host/stream_layout.h"
#include "compile/backend/verilog/movers.h"
#include "compile/backend/verilog/node_rtl.h"
#include "compile/passes/cleanup/host_tail.h"

/// What a host needs to run an accelerator behind data movers, generated from what the streams are.
namespace assay::host {

struct DriverStream {
  StreamLayout layout;
  DataMover mover;           ///< its instance in the block design
  std::int64_t address = 0;  ///< of its registers
};

struct DriverSpec {
  std::string network;       ///< its name
  std::string content_hash;  ///< 64 hexadecimal digits, as the movers tell it
  std::string bitfile;       ///< "accelerator.bit"
  double clock_mhz = 100;
  bool sets_clock = true;  ///< the processing system makes it, and the driver sets it
  bool by_xrt = false;     ///< it is on a card behind XRT, not beside the host on a board
  std::vector<DriverStream> inputs, outputs;
  HostTail tail;  ///< what the host computes of the outputs
};

/// accelerator.json, driver.py, host_steps.py, validate.py and accelerator.ipynb: a package for PYNQ.
/// UserError naming the node where the tail has one that host_steps.py does not compute.
std::vector<NodeRtl::File> pynq_driver(const DriverSpec& spec);

}  // namespace assay::host
