// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "compile/hw/dataflow.h"
#include "sim/token/token_model.h"

/// Sizes the FIFOs between the layers of a partition on the token model.
namespace assay::sim {

struct SizingOptions {
  /// The interval in cycles per frame that the accelerator must keep; 0: the slowest layer's.
  Cycle interval = 0;
  /// Depths that are given, by the stream's index in Dataflow::streams; 0: no FIFO.
  std::map<std::size_t, std::int64_t> given;
};

struct Sizing {
  Cycle slowest_layer = 0;             ///< no interval is below
  Cycle wanted = 0;                    ///< per frame
  std::vector<std::int64_t> depths;    ///< by the index in Dataflow::streams; 0: no FIFO
  std::optional<Cycle> interval;       ///< proved to go on for ever; nothing: as Schedule
  bool stops = false;                  ///< as soon as it runs
  bool stalls_stop = false;            ///< when stalls outside come at the wrong time
  std::vector<TokenWait> circle;       ///< who waits for whom, when it stops; with_fifos' indices
  std::vector<std::size_t> too_small;  ///< streams with given depths that the circle is full of
  std::int64_t runs = 0;               ///< of the token model or of a part of it
};

/// The smallest depths that keep the interval while sources always offer and sinks always take, and
/// with which no stalls can stop the accelerator (stall_proof.h): none can be smaller while the
/// others are what they are, as far as trials say, which go by what seems settled. Where given
/// depths stop the accelerator or keep it from the interval, `interval` and `circle` say so, and
/// other depths may be larger than need be.
Sizing size_fifos(const Dataflow& flow, const SizingOptions& options = {});

/// The next smaller depth of a FIFO that there is; 0: none.
std::int64_t smaller_depth(std::int64_t depth);

/// How a network goes on for ever.
struct Schedule {
  bool stops = false;
  std::optional<Cycle> interval;    ///< proved; nothing: it stops, or frames take turns
  std::vector<Cycle> frame_ends;    ///< of the frames that the proof took
  std::vector<TokenWait> circle;    ///< who waits for whom, when it stops
  std::vector<std::int64_t> fifos;  ///< by node: what a FIFO held at most in these frames; else 0
};
Schedule schedule(const TokenNetwork& network);

/// What if a FIFO of the network, which carries `bits`, had the next smaller depth (0: none)?
struct SmallerFifo {
  std::int64_t depth = 0;
  bool stops = false;        ///< as soon as it runs
  bool stalls_stop = false;  ///< when stalls outside come at the wrong time; so where it stops
  Cycle interval = 0;  ///< where it does not stop; the mean, rounded up, where frames take turns
};
SmallerFifo with_smaller(const TokenNetwork& network, std::size_t node, int bits);

}  // namespace assay::sim
