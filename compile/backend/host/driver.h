// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compile/backend/host/stream_layout.h"
#include "compile/backend/verilog/movers.h"
#include "compile/backend/verilog/node_rtl.h"
#include "compile/backend/verilog/weight_map.h"
#include "compile/passes/cleanup/host_tail.h"

/// What a host needs to run an accelerator behind data movers, generated from what the streams are.
namespace assay::host {

struct DriverStream {
  StreamLayout layout;
  DataMover mover;           ///< its instance in the block design
  std::int64_t address = 0;  ///< of its registers
};

/// Run-time weights as a host finds them.
struct DriverWeights {
  std::string cell;  ///< the accelerator in the block design
  std::int64_t address = 0, range = 0;
  std::vector<WeightStore> stores;
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
  std::optional<DriverWeights> weights;
};

/// accelerator.json, driver.py, host_steps.py, runtime_weights.py, validate.py and accelerator.ipynb: a package for PYNQ.
/// UserError naming the node where the tail has one that host_steps.py does not compute.
std::vector<NodeRtl::File> pynq_driver(const DriverSpec& spec);

/// What of accelerator.json follows from a training and not from the hardware, as an object in JSON: of the
/// inputs and outputs "tensor", "unit" and "shift", and "host". UserError as pynq_driver().
std::string training_json(const std::vector<StreamLayout>& inputs,
                          const std::vector<StreamLayout>& outputs, const HostTail& tail);

}  // namespace assay::host
