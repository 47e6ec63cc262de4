// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "compile/hw/dataflow.h"
#include "sim/token/token_model.h"

namespace assay::sim {

/// A partition for the token model: node i is flow.nodes[i], stream i is flow.streams[i].
TokenNetwork token_network(const Dataflow& flow);

/// The FIFO that a stream of `bits` gets: none for a depth of 0, else in the memory that
/// insert_fifos() would choose.
std::optional<hw::FifoTiming> fifo_timing(std::int64_t depth, int bits);

/// The network with a FIFO in front of the readers of some streams, one entry per stream. Streams
/// keep their indices as their readers see them; the streams in front of FIFOs come behind.
TokenNetwork with_fifos(TokenNetwork network,
                        const std::vector<std::optional<hw::FifoTiming>>& fifos);

}  // namespace assay::sim
