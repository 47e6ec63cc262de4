// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compile/backend/host/driver.h"
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
  /// Where a host writes run-time weights; none: it does not reach them.
  struct Weights {
    std::string cell;  ///< the accelerator in the block design
    std::int64_t address = 0, range = 0;
  };
  std::optional<Weights> weights;
};

/// Joins what is left to a host to the streams that it reads: `left` is the network without it, whose outputs the
/// streams carry in their order. They get the names that the tail has for them; where the run puts out labels in
/// place of what the tail reads, nothing is left to it. UserError where there are other streams than outputs.
void join_tail(const Graph& left, HostTail& tail, std::vector<host::StreamLayout>& outputs);

/// Frames of many images as hosts read them: input_0.npy, .. and what golden has at every output as golden_0.npy,
/// .., integers in the network's order of axes. Weights that come as a stream have a frame.
class HostArrays {
 public:
  /// Of streams of `rtl`, which must outlive it.
  HostArrays(const StitchedRtl& rtl, std::vector<host::StreamLayout> inputs,
             std::vector<host::StreamLayout> outputs);
  /// The next image, by golden's values of the tensors that flow through the streams.
  void add(const ExactRun& run);
  std::vector<NodeRtl::File> files() const;

 private:
  struct Array {
    host::StreamLayout layout;
    const Tensor* tensor = nullptr;
    Shape shape;                       ///< of one, without the batch; axes in the network's order
    std::vector<std::int64_t> values;  ///< of weights that come as a stream those of one frame
    void add(const std::vector<std::int64_t>& frame);
    std::string npy(std::int64_t images) const;
  };
  std::vector<Array> inputs_, outputs_;
  std::int64_t images_ = 0;
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
