// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compile/backend/verilog/movers.h"
#include "harness/report/console.h"
#include "harness/rtl/rtl_session.h"

namespace assay {

/// Where a driver finds what it drives.
struct DriverPlace {
  std::vector<DataMover> movers;        ///< as data_movers() of the accelerator
  std::vector<std::int64_t> addresses;  ///< of their registers, in the order of the movers
  std::string bitfile = "accelerator.bit";
  double clock_mhz = 100;
  bool sets_clock = true;  ///< the processing system makes it
  bool by_xrt = false;     ///< of a card: only hosts in C and C++, by XRT
};

struct DriverPackages {
  std::vector<NodeRtl::File> pynq;  ///< of the folder driver; of a card the arrays alone
  std::vector<NodeRtl::File> c;     ///< of the folder host (compile/backend/host/c_host.h)
};

/// The package for PYNQ (compile/backend/host/driver.h) of a run's accelerator, with the images of the session
/// as input_0.npy, .. and what golden has at every output as golden_0.npy, .., integers in the network's order
/// of axes; and the hosts in C and C++, which read the same images. UserError for several accelerators, where a
/// driver cannot have what is at an edge, and where the run's model is gone.
DriverPackages driver_packages(const RtlSession& session, const DriverPlace& place,
                               const Console& console);

}  // namespace assay
