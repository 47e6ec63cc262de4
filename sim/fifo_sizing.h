// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "compile/passes/dataflow_streams.h"
#include "sim/token_model.h"

/// Sizes the FIFOs between the layers of a partition on the token model.
namespace assay::sim {

struct SizingOptions {
  /// The interval in cycles per frame that the accelerator must keep; 0: the slowest layer's.
  Cycle interval = 0;
  /// Depths that are given, by the stream's index in Dataflow::streams; 0: no FIFO.
  std::map<std::size_t, std::int64_t> given;
};

struct SizedFifo {
  std::size_t stream = 0;  ///< in Dataflow::streams
  std::int64_t depth = 0;  ///< 0: none
  bool given = false;
  /// What if: the interval with the next smaller depth (0: without a FIFO); nothing: it stops.
  std::int64_t smaller = 0;
  std::optional<Cycle> interval;
};

struct Sizing {
  Cycle slowest_layer = 0;  ///< no interval is below
  Cycle wanted = 0;
  std::optional<Cycle> interval;  ///< proved to go on for ever; nothing: it stops
  Cycle first_frame = 0;          ///< the cycle in which frame 0's last beat leaves
  std::int64_t frames = 0;        ///< that the proof took
  std::vector<SizedFifo> fifos;   ///< of streams between layers, in their order
  std::vector<TokenWait> circle;  ///< who waits for whom, when it stops
  std::int64_t runs = 0;          ///< of the token model
};

/// The smallest depths that keep the interval: none can be smaller while the others are what they
/// are. Sources always offer, sinks always take. Where given depths stop the accelerator or keep it
/// from the interval, `interval` and `circle` say so.
Sizing size_fifos(const Dataflow& flow, const SizingOptions& options = {});

}  // namespace assay::sim
